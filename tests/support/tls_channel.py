"""TLS over a connected socket, with the ends of both layers in the test's hand: Python's own SSLSocket takes a cut connection for a finished
one, cannot half-close, and must not be read and written at once by two threads."""

import select
import socket
import ssl
import threading
import time

from .timing import WORK

PIECE = 65536


class Truncated(OSError):
    """The peer's bytes ended without its close_notify: whatever was due may be missing (RFC 8446 6.1)."""


class TlsChannel:
    """Looks like a socket to Client and Connection. One thread may read while another writes."""

    def __init__(self, sock, context, **how):
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # which Python sets: a cut would look like an end
        self._socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, **how)
        self._state, self._writing = threading.Lock(), threading.Lock()
        self._timeout = WORK * 4

    def settimeout(self, timeout):
        """Of reading only; writing has WORK * 4."""
        self._timeout = timeout

    def _flush(self, blocking=True):
        """Whoever holds `_writing` sends all that is there, so a reader need not wait for a writer whose peer is slow."""
        if not self._writing.acquire(blocking):
            return
        try:
            while data := self._take():
                self._socket.settimeout(WORK * 4)
                self._socket.sendall(data)
        finally:
            self._writing.release()

    def _take(self):
        with self._state:
            return self._outgoing.read(PIECE)

    def _feed(self, until):
        left = until - time.monotonic()
        if self._socket.fileno() < 0:
            raise OSError("closed by another thread")
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError("nothing came in time")
        data = self._socket.recv(PIECE)
        with self._state:
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def handshake(self):
        until = time.monotonic() + WORK
        while True:
            try:
                with self._state:
                    self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._feed(until)
            except ssl.SSLError:
                self._flush()  # the alert that says why
                raise
        self._flush()
        return self

    def recv(self, size):
        """b"" at the peer's close_notify."""
        until = time.monotonic() + self._timeout
        while True:
            try:
                with self._state:
                    return self.tls.read(size)
            except ssl.SSLWantReadError:
                self._flush(blocking=False)
                self._feed(until)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as failure:
                if not isinstance(failure, ssl.SSLEOFError) and failure.reason != "UNEXPECTED_EOF_WHILE_READING":
                    raise
                raise Truncated("ended without close_notify") from None

    def sendall(self, data):
        view = memoryview(data)
        for at in range(0, len(view), PIECE):
            with self._state:
                self.tls.write(view[at : at + PIECE])
            self._flush()

    def say_goodbye(self):
        """close_notify: the end of what is sent from here, while the other direction goes on."""
        try:
            with self._state:
                self.tls.unwrap()
        except ssl.SSLError:
            pass  # the peer's own has not come yet, and need not
        self._flush()

    def shutdown(self, how):
        if how in (socket.SHUT_WR, socket.SHUT_RDWR):
            self.say_goodbye()
        if how != socket.SHUT_WR:
            self._socket.shutdown(how)

    def cut(self):
        """FIN without close_notify, as an attacker on the path could make one."""
        self._socket.shutdown(socket.SHUT_WR)

    def setsockopt(self, *arguments):
        self._socket.setsockopt(*arguments)

    def getsockname(self):
        return self._socket.getsockname()

    def close(self):
        self._socket.close()
