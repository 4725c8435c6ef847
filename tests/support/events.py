"""Server-sent events that an origin sends one by one: the next one only when the client has acknowledged the last. So a test sees that each
arrives as it is sent, without a clock, and knows how long each was under way."""

import threading
import time

from .timing import WORK

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"


class Events:
    """An origin's handler. `chunked` or until the connection closes."""

    def __init__(self, count, *, chunked=True):
        self.count, self._chunked = count, chunked
        self._acknowledged = threading.Semaphore(0)
        self.sent_at = []

    @staticmethod
    def text(number):
        return b"id: %d\ndata: event %d\n\n" % (number, number)

    def __call__(self, connection):
        while connection.read_request() is not None:
            connection.send(HEAD + (b"Transfer-Encoding: chunked\r\n\r\n" if self._chunked else b"\r\n"))
            for number in range(self.count):
                event = self.text(number)
                self.sent_at.append(time.monotonic())
                connection.send(b"%x\r\n%s\r\n" % (len(event), event) if self._chunked else event)
                if not self._acknowledged.acquire(timeout=WORK):
                    return
            if not self._chunked:
                return
            connection.send(b"0\r\n\r\n")

    def acknowledge(self):
        """Lets the next one go; returns the seconds that the last one took."""
        took = time.monotonic() - self.sent_at[-1]
        self._acknowledged.release()
        return took
