"""Bodies through inspection: of any size, in any pace, in both directions, with bounded memory and nothing held back."""

import contextlib
import hashlib
import os
import statistics
import threading

import pytest

from support.client import inner
from support.events import Events
from support.origin import ok
from support.timing import PATIENCE, WORK, seconds, wait_until

BLOCK = os.urandom(1 << 20)
BLOCKS = 100  # MiB
DIGEST = hashlib.sha256(BLOCK * BLOCKS).hexdigest().encode()
MAX_GROWTH = 16 * 1024  # KiB; more where a sanitizer keeps books about memory (PATIENCE is above 1 there), and always less than a body
# What AddressSanitizer holds back of freed memory would look like a body that is kept.
FREED_AT_ONCE = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
LONG = WORK * 4


def _pieces(chunked):
    piece = b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK
    for _ in range(BLOCKS):
        yield piece
    if chunked:
        yield b"0\r\n\r\n"


def _framing(chunked):
    return "Transfer-Encoding: chunked" if chunked else f"Content-Length: {BLOCKS * len(BLOCK)}"


def _in_background(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _hash(pieces):
    total = hashlib.sha256()
    for piece in pieces:
        total.update(piece)
    return total.hexdigest().encode()


def _upload_hash(connection, chunked):
    """The body's hash, without keeping it."""
    connection.read_head()
    if not chunked:
        return _hash(connection.take(BLOCKS * len(BLOCK)))
    total = hashlib.sha256()
    while (size := int(connection.read_until(b"\r\n"), 16)) > 0:
        for piece in connection.take(size):
            total.update(piece)
        connection.read_exactly(2)
    connection.read_exactly(2)
    return total.hexdigest().encode()


@pytest.mark.parametrize("chunked", [False, True])
def test_100_mib_up(start, serve_tls, chunked):
    """Byte-identical by hash; egressd holds none of it."""
    serve_tls(lambda connection: connection.send(ok(_upload_hash(connection, chunked))))
    egressd = start(env=FREED_AT_ONCE)
    client = egressd.inside(timeout=LONG)
    before = egressd.resident()
    client.send(f"POST / HTTP/1.1\r\nHost: origin.test\r\n{_framing(chunked)}\r\n\r\n")
    sender = _in_background(lambda: [client.send(piece) for piece in _pieces(chunked)])
    assert client.read_response().body == DIGEST
    sender.join(WORK)
    assert egressd.resident() - before < MAX_GROWTH * PATIENCE
    client.close()
    assert egressd.stop().inner()[0].end["bytes_up"] == BLOCKS * len(BLOCK)


@pytest.mark.parametrize("chunked", [False, True])
def test_100_mib_down(start, serve_tls, chunked):
    def handle(connection):
        connection.read_request()
        connection.send(f"HTTP/1.1 200 OK\r\n{_framing(chunked)}\r\n\r\n".encode())
        for piece in _pieces(chunked):
            connection.send(piece)

    serve_tls(handle)
    egressd = start(env=FREED_AT_ONCE)
    client = egressd.inside(timeout=LONG)
    before = egressd.resident()
    response = client.request(inner("GET", "/"))
    assert hashlib.sha256(response.body).hexdigest().encode() == DIGEST
    assert egressd.resident() - before < MAX_GROWTH * PATIENCE
    client.close()
    assert egressd.stop().inner()[0].end["bytes_down"] == BLOCKS * len(BLOCK)


def test_both_directions_at_once(start, serve_tls):
    """The origin answers each block as it comes: neither direction waits for the end of the other."""

    def handle(connection):
        connection.read_head()
        connection.send(f"HTTP/1.1 200 OK\r\n{_framing(False)}\r\n\r\n".encode())
        for piece in connection.take(BLOCKS * len(BLOCK)):
            connection.send(piece)

    serve_tls(handle)
    egressd = start()
    client = egressd.inside(timeout=LONG)
    client.send(f"POST / HTTP/1.1\r\nHost: origin.test\r\n{_framing(False)}\r\n\r\n")
    sender = _in_background(lambda: [client.send(piece) for piece in _pieces(False)])
    assert hashlib.sha256(client.read_response().body).hexdigest().encode() == DIGEST
    sender.join(WORK)


@pytest.mark.parametrize("chunked", [True, False])
def test_events_arrive_as_they_are_sent(start, serve_tls, chunked):
    """Each is at the client before the next one exists; on an idle machine egressd adds less than 10 ms."""
    events = Events(20, chunked=chunked)
    serve_tls(events)
    client = start().inside()
    client.send(inner("GET", "/", "Accept: text/event-stream"))
    assert b"text/event-stream" in client.read_until(b"\r\n\r\n")
    took = []
    for number in range(events.count):
        client.read_until(events.text(number))
        took.append(events.acknowledge())
    assert statistics.median(took) < seconds(0.010), took


# A body that is looked into is held until it is whole, or larger than secrets.hold.
UNHELD = {"allow": [{"domain": "origin.test", "secrets": "off"}]}


def test_a_trickling_upload_arrives_as_it_is_sent(start, serve_tls):
    origin = serve_tls()
    client = start(UNHELD).inside()
    client.send("POST / HTTP/1.1\r\nHost: origin.test\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(10):
        piece = b"piece-%d" % number
        client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        origin.wait_for(lambda server: piece in server.received, piece)
    client.send("0\r\n\r\n")
    assert client.read_response().body == b"ok"


def test_an_answer_while_the_body_is_still_coming(start, serve_tls):
    def handle(connection):
        request = connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n")
        connection.read_body(request)
        connection.send(b"4\r\nlate\r\n0\r\n\r\n")

    serve_tls(handle)
    client = start(UNHELD).inside()
    client.send("POST / HTTP/1.1\r\nHost: origin.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    client.read_until(b"early")
    client.send("0\r\n\r\n")
    client.read_until(b"late")


def test_a_client_that_does_not_read_stops_the_origin(start, serve_tls):
    """Back-pressure: what the origin can send is what the kernels' buffers hold, and egressd's memory does not grow."""
    sent = [0]
    total = 256

    def handle(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (total * len(BLOCK)))
        for _ in range(total):
            connection.send(BLOCK)
            sent[0] += 1

    serve_tls(handle)
    egressd = start(env=FREED_AT_ONCE)
    client = egressd.inside(timeout=LONG)
    before = egressd.resident()
    client.send(inner("GET", "/"))
    client.read_until(b"\r\n\r\n")
    _wait_for_standstill(lambda: sent[0])
    assert sent[0] < total / 2
    assert egressd.resident() - before < MAX_GROWTH * PATIENCE
    held = sent[0]
    for _ in range(held + 8):
        client.read_exactly(len(BLOCK))
    wait_until(lambda: sent[0] > held, "the origin to go on once the client reads")
    client.close()


def test_an_origin_that_does_not_read_stops_the_client(start, serve_tls):
    done = threading.Event()
    sent = [0]
    total = 256

    def handle(connection):
        connection.read_head()
        done.wait(LONG)

    def upload():
        with contextlib.suppress(OSError):  # the test ends before the body does
            for _ in range(total):
                client.send(BLOCK)
                sent[0] += 1

    serve_tls(handle)
    egressd = start(env=FREED_AT_ONCE)
    client = egressd.inside(timeout=LONG)
    before = egressd.resident()
    client.send(f"POST / HTTP/1.1\r\nHost: origin.test\r\nContent-Length: {total * len(BLOCK)}\r\n\r\n")
    _in_background(upload)
    _wait_for_standstill(lambda: sent[0])
    assert 0 < sent[0] < total / 2
    assert egressd.resident() - before < MAX_GROWTH * PATIENCE
    done.set()


def _wait_for_standstill(count):
    """Until nothing has moved for a while: the one thing that no event tells."""
    changed = threading.Event()
    last = -1
    while count() != last or last == 0:
        last = count()
        changed.wait(seconds(0.3))


def test_a_body_in_single_bytes(start, serve_tls):
    """One TLS record a byte, both ways."""

    def handle(connection):
        request = connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body))
        for at in range(len(request.body)):
            connection.send(request.body[at : at + 1])

    serve_tls(handle)
    client = start().inside(timeout=WORK)
    body = os.urandom(500)
    for byte in inner("POST", "/", body=body):
        client.send(bytes([byte]))
    assert client.read_response().body == body


def test_an_idle_body_ends_in_time(start, serve_tls):
    def stuck(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        connection.read_rest()

    serve_tls(stuck)
    egressd = start({"allow": ["origin.test"], "limits": {"idle_timeout": "1s"}})
    client = egressd.inside(timeout=WORK)
    client.send(inner("GET", "/"))
    assert client.read_to_end().endswith(b"abc") and client.truncated
    assert egressd.stop().inner()[0].end["reason"] == "timeout"
