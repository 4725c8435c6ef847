"""A client that says exactly the bytes that a test gives it, and reads replies by the rules of RFC 9112, strictly."""

import re
import socket
import ssl
import time
from dataclasses import dataclass

from .timing import REFUSAL
from .tls_channel import TlsChannel, Truncated

# What a client sees that sent a ClientHello and was refused after the 200: a plaintext record with fatal(2) access_denied(49), RFC 8446 6.
ACCESS_DENIED = re.compile(rb"\x15\x03[\x01\x03]\x00\x02\x02\x31")


@dataclass
class Response:
    status: int
    headers: list
    body: bytes
    head: bytes

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self):
        return self.body.decode("utf-8")


class Client:
    """One TCP connection to egressd. Every read has a bound and fails the test when it passes."""

    def __init__(self, address, *, timeout=REFUSAL):
        self._socket = socket.create_connection(address, timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timeout = timeout
        self._buffer = bytearray()
        self.truncated = False  # ended by a reset, or without the close_notify of TLS

    def send(self, data):
        """Sends what the other side still takes; a peer that has already refused and closed is not an error here."""
        self._socket.settimeout(30)
        try:
            self._socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    sendall = send

    def recv(self, size):
        """What has come, as a socket gives it; b"" at the end. With sendall, all that another protocol needs."""
        if not self._buffer:
            self._fill(self._until(None))
        return self._take(size)

    def half_close(self):
        self._socket.shutdown(socket.SHUT_WR)

    def _fill(self, until):
        left = until - time.monotonic()
        if left <= 0:
            raise AssertionError(f"no reply in time; so far {bytes(self._buffer[:2000])!r}")
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(65536)
        except socket.timeout:
            raise AssertionError(f"no reply in time; so far {bytes(self._buffer[:2000])!r}") from None
        except (ConnectionResetError, Truncated):
            data, self.truncated = b"", True
        self._buffer += data
        return bool(data)

    def _take(self, size):
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _until(self, timeout):
        return time.monotonic() + (timeout or self._timeout)

    def read_exactly(self, size, timeout=None):
        until = self._until(timeout)
        while len(self._buffer) < size:
            if not self._fill(until):
                raise AssertionError(f"closed after {bytes(self._buffer[:2000])!r}, {size} bytes were due")
        return self._take(size)

    def read_until(self, mark, timeout=None):
        until = self._until(timeout)
        while mark not in self._buffer:
            if not self._fill(until):
                raise AssertionError(f"closed after {bytes(self._buffer[:2000])!r}, without {mark!r}")
        return self._take(self._buffer.index(mark) + len(mark))

    def read_to_end(self, timeout=None):
        until = self._until(timeout)
        while self._fill(until):
            pass
        return self._take(len(self._buffer))

    def read_closed(self, timeout=None):
        """The other side ends, and has said nothing more."""
        rest = self.read_to_end(timeout)
        assert rest == b"", f"unexpected bytes before the end: {rest[:2000]!r}"

    def read_response(self, method="GET", timeout=None):
        head = self.read_until(b"\r\n\r\n", timeout)
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        status = re.fullmatch(r"HTTP/1\.1 (\d{3}) [ -~]*", first)
        assert status, f"not a status line: {first!r}"
        headers = []
        for line in lines:
            field = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", line)
            assert field, f"not a header field: {line!r}"
            headers.append((field[1], field[2]))
        response = Response(int(status[1]), headers, b"", head)
        response.body = self._read_body(response, method, timeout)
        return response

    def _read_body(self, response, method, timeout):
        if (
            method in ("HEAD", "CONNECT")
            and response.status < 300
            or method == "HEAD"
            or response.status in (204, 304)
            or response.status < 200
        ):
            return b""
        coding, length = response.header("transfer-encoding"), response.header("content-length")
        assert not (coding and length), f"two framings: {response.head!r}"
        if coding:
            assert coding == "chunked", response.head
            return self._read_chunks(timeout)
        if length is not None:
            return self.read_exactly(int(length), timeout)
        return self.read_to_end(timeout)

    def _read_chunks(self, timeout):
        pieces = []
        while (size := int(self.read_until(b"\r\n", timeout)[:-2], 16)) > 0:
            pieces.append(self.read_exactly(size, timeout))
            assert self.read_exactly(2, timeout) == b"\r\n"
        assert self.read_until(b"\r\n", timeout) == b"\r\n", "trailers were not due"
        return b"".join(pieces)

    def request(self, text, timeout=None):
        """Sends `text` and reads its reply."""
        self.send(text)
        return self.read_response(text.split(" ", 1)[0] if isinstance(text, str) else "GET", timeout)

    def connect(self, authority):
        """CONNECT, and the 200 that opens the tunnel."""
        response = self.request(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n")
        assert response.status == 200, response
        assert response.header("content-length") is None and response.header("transfer-encoding") is None, response.head
        return self

    def start_tls(self, name, authority_file, *, alpn=("http/1.1",), context=None, session=None):
        """Speaks TLS from here on; `name` is SNI and must be the certificate's. A `context` of the test's own trusts what it likes."""
        if context is None:
            context = ssl.create_default_context(cafile=str(authority_file))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        self._socket = TlsChannel(self._socket, context, server_hostname=name, session=session).handshake()
        return self

    @property
    def tls(self):
        """The ssl.SSLObject behind start_tls()."""
        return self._socket.tls

    def cut(self):
        """Ends the TCP direction without close_notify."""
        self._socket.cut()

    def port(self):
        return self._socket.getsockname()[1]

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def get(url, *fields):
    """An absolute-form GET as a well-behaved client writes it."""
    authority = url.split("/")[2]
    return "\r\n".join([f"GET {url} HTTP/1.1", f"Host: {authority}", *fields]) + "\r\n\r\n"


def inner(method, path, *fields, body=b"", host="origin.test"):
    """A request as a client sends it inside TLS."""
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *length, *fields, "", ""]).encode() + body
