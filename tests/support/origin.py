"""An origin that writes down every byte it receives. What it answers is a function of the test's own; what it saw is the verdict of most
tests: a refused attempt is one of which no origin has heard."""

import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass

from .timing import WORK
from .tls_channel import TlsChannel

IPV6_FREEBIND = 78  # linux/in6.h; Python has no name for it
IP_FREEBIND = 15


@dataclass
class Request:
    head: bytes  # with the empty line
    body: bytes  # decoded from its framing

    @property
    def line(self):
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def header(self, name):
        """The values of a field, joined; None where it is absent."""
        values = [
            line.split(b":", 1)[1].strip()
            for line in self.head.split(b"\r\n")[1:]
            if line.lower().startswith(name.lower().encode() + b":")
        ]
        return b", ".join(values).decode("latin-1") if values else None


class Connection:
    """One accepted connection. `received` is all that came, also what no handler asked for."""

    def __init__(self, origin, stream, peer, local):
        self.origin, self._stream, self.peer, self.local = origin, stream, peer, local
        self.received = bytearray()
        self._taken = 0
        self.requests = []
        self.websocket = None  # once it is one (support/websocket.py)
        self.ended = False  # end of the peer's bytes was seen
        self.failed = False  # … by a reset

    def start_tls(self, context):
        self._stream = TlsChannel(self._stream, context, server_side=True).handshake()

    @property
    def tls(self):
        """The ssl.SSLObject behind start_tls()."""
        return self._stream.tls

    def _fill(self):
        try:
            data = self._stream.recv(65536)
        except OSError:
            data = b""
            self.failed = True
        with self.origin.changed:
            if data:
                self.received += data
            else:
                self.ended = True
            self.origin.changed.notify_all()
        return bool(data)

    def read_until(self, mark):
        while (at := self.received.find(mark, self._taken)) < 0:
            if not self._fill():
                return None
        end = at + len(mark)
        data, self._taken = bytes(self.received[self._taken : end]), end
        return data

    def read_exactly(self, size):
        while len(self.received) - self._taken < size:
            if not self._fill():
                return None
        data, self._taken = bytes(self.received[self._taken : self._taken + size]), self._taken + size
        return data

    def read_head(self):
        """A request's header; None at the end of the connection."""
        head = self.read_until(b"\r\n\r\n")
        return None if head is None else Request(head, b"")

    def read_body(self, request):
        if (request.header("transfer-encoding") or "").lower() == "chunked":
            return self._read_chunks()
        return self.read_exactly(int(request.header("content-length") or 0))

    def _read_chunks(self):
        pieces = []
        while (line := self.read_until(b"\r\n")) is not None:
            size = int(line.split(b";")[0], 16)
            if size == 0:
                while (line := self.read_until(b"\r\n")) not in (b"\r\n", None):
                    pass
                return b"".join(pieces)
            pieces.append(self.read_exactly(size) or b"")
            self.read_exactly(2)
        return None

    def read_request(self):
        request = self.read_head()
        if request is None:
            return None
        body = self.read_body(request)
        if body is None:
            return None
        request.body = body
        with self.origin.changed:
            self.requests.append(request)
            self.origin.changed.notify_all()
        return request

    def recv(self, size):
        """What has come and was not taken, as a socket gives it; b"" at the end. With sendall, all that another protocol needs."""
        if len(self.received) == self._taken and not self._fill():
            return b""
        data = bytes(self.received[self._taken : self._taken + size])
        self._taken += len(data)
        return data

    def read_rest(self):
        while self._fill():
            pass

    def take(self, size):
        """Pieces of the next `size` bytes, which are not kept; fewer at the end of the connection."""
        while size > 0 and (self._taken < len(self.received) or self._fill()):
            piece = bytes(self.received[self._taken : self._taken + size])
            del self.received[self._taken : self._taken + len(piece)]
            size -= len(piece)
            yield piece

    def send(self, data):
        try:
            self._stream.sendall(data)
        except ConnectionResetError:
            self.failed = True  # told once: who reads next sees an end like any other
        except OSError:
            pass  # the peer has gone; what it saw is the test's question, not ours

    sendall = send

    def peer_has_gone(self, within):
        """Waits so long for bytes or the end; true at the end."""
        try:
            self._stream.settimeout(within)
            return not self._stream.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            return True

    def wait_for_bytes(self):
        """Blocks until something more has come; false at the end."""
        return self._fill()

    def finish_sending(self):
        try:
            self._stream.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        """Of TLS: FIN without close_notify."""
        self._stream.cut()

    def reset(self):
        """RST, and no FIN before it."""
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._stream.close()

    def close(self):
        try:
            self._stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._stream.close()


def tls_context(leaf=None):
    """A server's side; `leaf` is (certificate, key)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if leaf:
        context.load_cert_chain(*leaf)
    return context


def ok(body=b"ok", *fields):
    """A complete 200 with `body`."""
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def answering(reply):
    """A handler that gives `reply` (bytes, or a function of the request) to every request."""

    def handle(connection):
        while (request := connection.read_request()) is not None:
            connection.send(reply(request) if callable(reply) else reply)

    return handle


def listen(address, port, *, backlog=128):
    """A listening socket on any address of the world: the namespace routes all of them here."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind((address, port))
    sock.listen(backlog)
    return sock


class Origin:
    """Listens from its construction until close(). `::` is every address of both families. `tls` is an ssl.SSLContext."""

    def __init__(self, handler=None, *, address="::", port=0, tls=None):
        self.handler = handler or answering(ok())
        self.changed = threading.Condition()
        self.connections = []
        self._tls = tls
        self._listener = listen(address, port)
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self):
        while True:
            try:
                stream, peer = self._listener.accept()
            except OSError:
                return
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.settimeout(WORK * 4)
            local = stream.getsockname()[0].removeprefix("::ffff:")
            connection = Connection(self, stream, peer, local)
            with self.changed:
                self.connections.append(connection)
                self.changed.notify_all()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self._tls:
                connection.start_tls(self._tls)
            self.handler(connection)
        except OSError:
            connection.failed = True
        finally:
            with self.changed:
                connection.ended = True
                self.changed.notify_all()
            connection.close()

    @property
    def requests(self):
        return [request for connection in self.connections for request in connection.requests]

    @property
    def received(self):
        return b"".join(bytes(connection.received) for connection in self.connections)

    def wait_for(self, condition, what, timeout=None):
        """Blocks until `condition(self)` is true of what was seen."""
        end = time.monotonic() + (timeout or WORK)
        with self.changed:
            while not condition(self):
                left = end - time.monotonic()
                assert left > 0, f"the origin never saw {what}; it has {self.received[-2000:]!r}"
                self.changed.wait(left)

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        except OSError:
            pass
        self._listener.close()
        self._acceptor.join(WORK)
        for connection in self.connections:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
