"""A DNS client that can say anything: well-formed questions and octets of a test's own, over UDP and TCP; and a reader of replies that takes
nothing for granted. It shares nothing with the server that it tests."""

import ipaddress
import itertools
import socket
import struct
from dataclasses import dataclass, field

from .dns_server import encode_name
from .timing import REFUSAL

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "NULL": 10, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
TYPES |= {"OPT": 41, "SVCB": 64, "HTTPS": 65, "IXFR": 251, "AXFR": 252, "ANY": 255, "TYPE65280": 65280}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 16: "BADVERS"}
IN, CHAOS = 1, 3

_ids = itertools.count(1)


def header(identity, *, flags=0x0100, questions=1, answers=0, authorities=0, additional=0):
    return struct.pack(">HHHHHH", identity, flags, questions, answers, authorities, additional)


def opt(*, size=1232, version=0, options=b""):
    return b"\0" + struct.pack(">HHBBHH", TYPES["OPT"], size, 0, version, 0x8000, len(options)) + options


def question(name, kind="A", *, cls=IN, edns=True, identity=None, **how):
    """The octets of a query."""
    identity = next(_ids) & 0xFFFF if identity is None else identity
    body = encode_name(name) + struct.pack(">HH", TYPES[kind], cls)
    return header(identity, additional=1 if edns else 0) + body + (opt(**how) if edns else b"")


@dataclass
class Reply:
    identity: int
    flags: int
    rcode: str
    question: bytes
    addresses: list = field(default_factory=list)
    ttls: list = field(default_factory=list)
    error: int | None = None  # of RFC 8914
    text: str = ""
    size: int = 0

    @property
    def truncated(self):
        return bool(self.flags & 0x0200)

    @property
    def reason(self):
        return self.text.split(" ")[0]

    @property
    def decision(self):
        return self.text.partition(" ")[2]


def _skip_name(packet, at):
    while packet[at]:
        if packet[at] & 0xC0:
            return at + 2
        at += 1 + packet[at]
    return at + 1


def _read_opt(reply, kind_class, ttl, data):
    reply.rcode = RCODES[(ttl >> 24) << 4 | reply.flags & 0xF]
    assert kind_class >= 512
    while data:
        code, length = struct.unpack(">HH", data[:4])
        assert code == 15, "an option that was not asked for"
        reply.error = int.from_bytes(data[4:6], "big")
        reply.text = data[6 : 4 + length].decode("ascii")
        data = data[4 + length :]


def parse(packet):
    identity, flags, questions, answers, authorities, additional = struct.unpack(">HHHHHH", packet[:12])
    assert flags & 0x8000, "not a response"
    assert authorities == 0 and questions <= 1
    at = 12
    if questions:
        at = _skip_name(packet, at) + 4
    reply = Reply(identity, flags, RCODES[flags & 0xF], packet[12:at], size=len(packet))
    for _ in range(answers + additional):
        at = _skip_name(packet, at)
        kind, cls, ttl, length = struct.unpack(">HHIH", packet[at : at + 10])
        data = packet[at + 10 : at + 10 + length]
        at += 10 + length
        if kind == TYPES["OPT"]:
            _read_opt(reply, cls, ttl, data)
        else:
            reply.addresses.append(str(ipaddress.ip_address(data)))
            reply.ttls.append(ttl)
    assert at == len(packet), "octets behind the last record"
    return reply


def send(address, packet, *, timeout=REFUSAL):
    """One datagram; its reply's octets, or None after `timeout`."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect(address)  # so that a reply from elsewhere is none
        sock.send(packet)
        try:
            return sock.recv(65535)
        except TimeoutError:
            return None


def ask(address, name, kind="A", *, tcp=False, timeout=REFUSAL, **options):
    """The parsed reply to a well-formed question, which it must repeat."""
    packet = question(name, kind, **options)
    if tcp:
        with Stream(address, timeout=timeout) as stream:
            stream.send(packet)
            octets = stream.receive()
    else:
        octets = send(address, packet, timeout=timeout)
    assert octets is not None, f"no reply about {name}"
    reply = parse(octets)
    assert reply.identity == int.from_bytes(packet[:2], "big")
    assert packet[12:].startswith(reply.question) and reply.question, "another question"
    return reply


class Stream:
    """A connection over TCP."""

    def __init__(self, address, *, timeout=REFUSAL):
        self.sock = socket.create_connection(address, timeout)
        self.sock.settimeout(timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *packets):
        self.raw(b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets))

    def raw(self, octets):
        self.sock.sendall(octets)

    def _exactly(self, size):
        octets = b""
        while len(octets) < size:
            piece = self.sock.recv(size - len(octets))
            if not piece:
                return None
            octets += piece
        return octets

    def receive(self):
        """The next reply's octets; None at the end of the stream."""
        length = self._exactly(2)
        return None if length is None else self._exactly(int.from_bytes(length, "big"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()
