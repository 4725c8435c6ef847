"""A DNS server (UDP and TCP) that answers from a script and writes down every question: a denied name is one that it was never asked for."""

import ipaddress
import socket
import struct
import threading
from dataclasses import dataclass, field

A, CNAME, AAAA = 1, 5, 28
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
TYPES = {A: "A", CNAME: "CNAME", AAAA: "AAAA"}


@dataclass(frozen=True)
class Query:
    name: str
    kind: str
    transport: str
    packet: bytes = b""
    port: int = 0  # from which it came


@dataclass
class Answer:
    """What one question about a name is answered with."""

    addresses: tuple = ()
    ttl: int = 0
    cname: str = ""  # the addresses then belong to this name
    rcode: int = NOERROR
    silent: bool = False  # no reply at all
    truncated: bool = False  # over UDP only: "ask again over TCP"
    wrong_id: bool = False
    wrong_name: bool = False
    wrong_port: bool = False  # over UDP: sent from another port


@dataclass
class _Script:
    answers: list
    asked: dict = field(default_factory=dict)

    def next(self, kind):
        at = self.asked.get(kind, 0)
        self.asked[kind] = at + 1
        return self.answers[min(at, len(self.answers) - 1)]


def encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in name.split(".")) + b"\0"


def _decode_question(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    kind, _ = struct.unpack(">HH", packet[at + 1 : at + 5])
    return ".".join(labels), kind, packet[12 : at + 5]


def _record(owner, kind, ttl, data):
    return encode_name(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def _records(name, kind, answer):
    if not answer.cname:
        owner, head = name, []
    else:
        owner, head = answer.cname, [_record(name, CNAME, answer.ttl, encode_name(answer.cname))]
    parsed = [ipaddress.ip_address(address) for address in answer.addresses]
    wanted = [address.packed for address in parsed if (address.version == 4) == (kind == A) and kind in (A, AAAA)]
    return head + [_record(owner, kind, answer.ttl, packed) for packed in wanted]


class DnsServer:
    """Names without an answer do not exist (NXDOMAIN)."""

    def __init__(self, names=None, address="127.0.0.1"):
        self._lock = threading.Lock()
        self._scripts = {}
        self._queries = []
        self._tcp = socket.create_server((address, 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, self.port))
        self.address = f"{address}:{self.port}"
        for name, addresses in (names or {}).items():
            self.set(name, *([addresses] if isinstance(addresses, str) else addresses))
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    def set(self, name, *addresses, **how):
        self.script(name, Answer(tuple(addresses), **how))

    def script(self, name, *answers):
        """One answer for each further question of a type; the last one stays."""
        with self._lock:
            self._scripts[name] = _Script(list(answers))

    @property
    def queries(self):
        with self._lock:
            return list(self._queries)

    def asked(self, name):
        return [query for query in self.queries if query.name.lower() == name]

    def _reply(self, packet, transport, port):
        name, kind, question = _decode_question(packet)
        with self._lock:
            self._queries.append(Query(name, TYPES.get(kind, str(kind)), transport, packet, port))
            script = self._scripts.get(name.lower())
            answer = script.next(kind) if script else Answer(rcode=NXDOMAIN)
        if answer.silent:
            return None, answer
        cut = answer.truncated and transport == "udp"
        records = [] if cut else _records(name, kind, answer)
        identity = bytes([packet[0] ^ 0xFF, packet[1]]) if answer.wrong_id else packet[:2]
        if answer.wrong_name:
            question = encode_name("other.test") + question[-4:]
        flags = 0x8180 | answer.rcode | (0x0200 if cut else 0)
        head = identity + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
        return head + question + b"".join(records), answer

    def _serve_udp(self):
        while True:
            try:
                packet, peer = self._udp.recvfrom(4096)
                if not packet:
                    return
                reply, answer = self._reply(packet, "udp", peer[1])
                if reply is None:
                    continue
                if answer.wrong_port:
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                        other.sendto(reply, peer)
                else:
                    self._udp.sendto(reply, peer)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                stream, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_stream, args=(stream,), daemon=True).start()

    def _serve_stream(self, stream):
        port = stream.getpeername()[1]
        with stream, stream.makefile("rb") as source:
            while len(length := source.read(2)) == 2:
                reply, _ = self._reply(source.read(int.from_bytes(length, "big")), "tcp", port)
                if reply is not None:
                    stream.sendall(len(reply).to_bytes(2, "big") + reply)

    def close(self):
        for sock in (self._udp, self._tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
