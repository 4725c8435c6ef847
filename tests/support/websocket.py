"""A WebSocket (RFC 6455) seen from either end, strictly: what the other side may not send fails the test. It speaks over anything that has
`recv` and `sendall`: a plain or a TLS socket, a Client of support/client.py, a Connection of support/origin.py."""

import base64
import hashlib
import os
import struct
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class ProtocolError(AssertionError):
    """The other side broke RFC 6455."""


@dataclass
class Frame:
    opcode: int
    payload: bytes
    final: bool = True

    @property
    def code(self):
        """Of a close frame; None where it has none."""
        return struct.unpack(">H", self.payload[:2])[0] if self.payload else None


def masked(payload, key):
    """XOR with the repeated key, as one big number: fast enough for megabytes."""
    size = len(payload)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


def encode(opcode, payload=b"", *, final=True, reserved=0, key=None):
    """The bytes of one frame; `reserved` are its RSV bits (4 is RSV1), `key` the masking key."""
    size, mask = len(payload), 0x80 if key else 0
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    if size < 126:
        head += bytes([mask | size])
    elif size < 65536:
        head += bytes([mask | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask | 127]) + struct.pack(">Q", size)
    return head + (key + masked(payload, key) if key else payload)


def accept_value(key):
    return base64.b64encode(hashlib.sha1(key.encode() + SALT).digest()).decode()


def new_key():
    return base64.b64encode(os.urandom(16)).decode()


class WebSocket:
    """One end of an open WebSocket. `is_client` masks what it sends, and expects the rest unmasked."""

    def __init__(self, stream, *, is_client):
        self.stream, self.is_client = stream, is_client
        self.frames = []  # all that were read, in order
        self.keys = set()  # of the frames that were read
        self._buffer = bytearray()

    def send(self, opcode, payload=b"", **how):
        """One frame, masked as this side must unless `key` says otherwise."""
        if self.is_client:
            how.setdefault("key", os.urandom(4))
        self.stream.sendall(encode(opcode, payload, **how))

    def send_close(self, code=1000, reason=""):
        self.send(CLOSE, struct.pack(">H", code) + reason.encode())

    def _read(self, size):
        """`size` bytes; None at the end of the stream."""
        while len(self._buffer) < size:
            data = self.stream.recv(1 << 18)
            if not data:
                return None
            self._buffer += data
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _read_length(self, length):
        if length < 126:
            return length
        size = 2 if length == 126 else 8
        value = int.from_bytes(self._read(size) or b"", "big")
        if value < (126 if size == 2 else 65536) or value >> 63:
            raise ProtocolError(f"a length of {value} in {size} bytes")
        return value

    def read(self):
        """The next frame; None at the end of the stream between two frames."""
        head = self._read(2)
        if head is None:
            return None
        first, second = head
        opcode, final, is_masked = first & 15, bool(first & 0x80), bool(second & 0x80)
        if first & 0x70 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise ProtocolError(f"a frame begins with {first:#x}")
        if is_masked == self.is_client:
            raise ProtocolError("masked from an origin" if is_masked else "unmasked from a client")
        if opcode >= CLOSE and (not final or second & 0x7F > 125):
            raise ProtocolError("a fragmented or long control frame")
        length = self._read_length(second & 0x7F)
        key = self._read(4) if is_masked else None
        payload = self._read(length)
        if payload is None:
            raise ProtocolError("the end, inside a frame")
        if key:
            self.keys.add(key)
            payload = masked(payload, key)
        frame = Frame(opcode, payload, final)
        self.frames.append(frame)
        return frame

    def read_message(self):
        """(opcode, payload) of the next message; control frames between its parts are left in `frames`."""
        opcode, parts = None, []
        while (frame := self.read()) is not None:
            if frame.opcode >= CLOSE:
                continue
            if (opcode is None) != (frame.opcode != CONTINUATION):
                raise ProtocolError("a message inside another, or the rest of none")
            opcode = frame.opcode if opcode is None else opcode
            parts.append(frame.payload)
            if frame.final:
                return opcode, b"".join(parts)
        return None


def handshake(url, *fields, key=None, target=None):
    """The request that opens a WebSocket; absolute-form, as for a forward proxy, unless `target` is given."""
    key = key or new_key()
    lines = [
        f"GET {target or url} HTTP/1.1",
        f"Host: {url.split('/')[2]}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *fields,
    ]
    return "\r\n".join(lines) + "\r\n\r\n", key


def connect(client, url, *fields, target=None):
    """Opens a WebSocket over a Client of support/client.py, and checks the answer as a strict client does."""
    request, key = handshake(url, *fields, target=target)
    response = client.request(request)
    assert response.status == 101, f"{response.head!r} {response.body!r}"
    assert response.header("upgrade").lower() == "websocket", response.head
    assert response.header("connection").lower() == "upgrade", response.head
    assert response.header("sec-websocket-accept") == accept_value(key), response.head
    assert response.header("sec-websocket-extensions") is None, response.head
    return WebSocket(client, is_client=True)


def echo(websocket):
    """Sends every frame back as it came; a ping gets its pong, a close frame is the end."""
    while (frame := websocket.read()) is not None:
        websocket.send(PONG if frame.opcode == PING else frame.opcode, frame.payload, final=frame.final)
        if frame.opcode == CLOSE:
            return


def accepting(serve=echo, *fields, accept=None):
    """A handler for Origin: answers a WebSocket's handshake (with `fields`, or with a wrong `accept`), then leaves the talk to `serve`. The
    open WebSocket is the connection's `websocket`."""

    def handle(connection):
        while (request := connection.read_request()) is not None:
            key = request.header("sec-websocket-key")
            if (request.header("upgrade") or "").lower() != "websocket" or key is None:
                connection.send(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n")
                continue
            head = [
                "HTTP/1.1 101 Switching Protocols",
                "Upgrade: websocket",
                "Connection: Upgrade",
                f"Sec-WebSocket-Accept: {accept or accept_value(key)}",
                *fields,
            ]
            connection.websocket = WebSocket(connection, is_client=False)
            connection.send("\r\n".join(head).encode() + b"\r\n\r\n")
            serve(connection.websocket)
            connection.finish_sending()
            connection.read_rest()
            return

    return handle
