"""Forwarded HTTP: what arrives is what was sent, when it was sent, whatever its size, and connections are reused on both sides."""

import hashlib
import os
import threading

from support.client import get
from support.origin import Origin, answering, ok
from support.timing import WORK, seconds

BIG = 50 * 1024 * 1024


def test_one_origin_connection_serves_many_clients(start, origin, dns):
    """The pool: a connection that is idle is taken again, also for another client of the same task."""
    egressd = start()
    for number in range(5):
        with egressd.client() as client:
            assert client.request(get(f"http://origin.test/{number}")).body == b"ok"
    assert len(origin.requests) == 5
    workers = os.cpu_count()
    assert len(origin.connections) <= workers  # each worker has a pool of its own
    assert len(egressd.stop().attempts(host="origin.test", decision="allow")) == 5


def test_pool_keeps_names_apart(start, origin, dns):
    """Two names at one address never share a connection."""
    dns.set("second.test", "93.184.216.34")
    egressd = start({"allow": ["origin.test", "second.test"]})
    client = egressd.client()
    for name in ("origin.test", "second.test", "origin.test"):
        assert client.request(get(f"http://{name}/")).status == 200
    hosts = [{request.header("host") for request in connection.requests} for connection in origin.connections]
    assert hosts == [{"origin.test"}, {"second.test"}]


def test_pooled_connection_that_the_origin_closed_is_not_used(start):
    """The origin closes after each answer without saying so; every request still gets one answer and is sent once."""

    def once(connection):
        if connection.read_request():
            connection.send(ok())

    with Origin(once, port=80) as origin:
        egressd = start()
        client = egressd.client()
        for number in range(4):
            origin.wait_for(lambda server: all(connection.ended for connection in server.connections), "its own close")
            assert client.request(get(f"http://origin.test/{number}")).body == b"ok"
        assert [request.line for request in origin.requests] == [f"GET /{number} HTTP/1.1" for number in range(4)]


def _digest(pieces):
    total = hashlib.sha256()
    for piece in pieces:
        total.update(piece)
    return total.hexdigest()


def _upload(client, head, pieces):
    """Sends while somebody else reads: 50 MB do not fit into any buffer."""

    def send():
        client.send(head)
        for piece in pieces:
            client.send(piece)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def test_chunked_upload_of_50_mb_arrives_identical(start):
    block = os.urandom(1 << 20)
    with Origin(answering(lambda request: ok(hashlib.sha256(request.body).hexdigest().encode())), port=80) as origin:
        egressd = start()
        client = egressd.client(timeout=WORK * 2)
        pieces = [b"%x\r\n%s\r\n" % (len(block), block)] * 50 + [b"0\r\n\r\n"]
        sender = _upload(
            client,
            "POST http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nTransfer-Encoding: chunked\r\n\r\n",
            pieces,
        )
        assert client.read_response().text == _digest([block] * 50)
        sender.join(WORK)
        assert len(origin.requests) == 1
        assert egressd.stop().one(host="origin.test").end["bytes_up"] == BIG


def test_download_of_50_mb_arrives_identical_in_both_framings(start):
    block = os.urandom(1 << 20)

    def handle(connection):
        while (request := connection.read_request()) is not None:
            chunked = request.line.startswith("GET /chunked")
            connection.send(
                b"HTTP/1.1 200 OK\r\n"
                + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % BIG)
                + b"\r\n\r\n"
            )
            for _ in range(50):
                connection.send(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
            if chunked:
                connection.send(b"0\r\n\r\n")

    with Origin(handle, port=80):
        egressd = start()
        client = egressd.client(timeout=WORK * 2)
        for path in ("/chunked", "/length"):
            response = client.request(get(f"http://origin.test{path}"))
            assert hashlib.sha256(response.body).hexdigest() == _digest([block] * 50)
        assert [pair.end["bytes_down"] for pair in egressd.stop().attempts(host="origin.test")] == [BIG, BIG]


def test_a_trickling_answer_arrives_as_it_is_sent(start):
    """Each event is at the client before the origin writes the next one: nothing waits for a buffer to fill."""
    step = threading.Semaphore(0)

    def handle(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            event = b"data: %d\n\n" % number
            connection.send(b"%x\r\n%s\r\n" % (len(event), event))
            if not step.acquire(timeout=WORK):
                return
        connection.send(b"0\r\n\r\n")

    with Origin(handle, port=80):
        client = start().client()
        client.send(get("http://origin.test/"))
        head = client.read_until(b"\r\n\r\n")
        assert b"text/event-stream" in head
        for number in range(5):
            client.read_until(b"data: %d\n\n" % number)
            step.release()
        assert client.read_until(b"0\r\n\r\n")


# A body that is looked into is held until it is whole, or larger than secrets.hold.
UNHELD = {"allow": [{"domain": "origin.test", "secrets": "off"}]}


def test_a_trickling_upload_arrives_as_it_is_sent(start):
    with Origin(port=80) as origin:
        client = start(UNHELD).client()
        client.send("POST http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            piece = b"piece-%d" % number
            client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            origin.wait_for(lambda server: piece in server.received, piece)
        client.send(b"0\r\n\r\n")
        assert client.read_response().status == 200


def test_an_answer_while_the_body_is_still_coming(start):
    """Full duplex: the client reads the answer's beginning before it has sent the end of its body."""

    def handle(connection):
        request = connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n")
        connection.read_body(request)
        connection.send(b"4\r\nlate\r\n0\r\n\r\n")

    with Origin(handle, port=80):
        client = start(UNHELD).client()
        client.send(
            "POST http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        )
        client.read_until(b"early")
        client.send("0\r\n\r\n")
        client.read_until(b"late")


def test_a_client_that_leaves_frees_the_origin(start):
    """The origin's connection ends when the client of a running answer has gone."""

    def endless(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not connection.peer_has_gone(within=seconds(0.02)):
            connection.send(b"4\r\ndata\r\n")

    with Origin(endless, port=80) as origin:
        egressd = start()
        client = egressd.client()
        client.send(get("http://origin.test/"))
        client.read_until(b"data")
        client.close()
        origin.wait_for(lambda server: server.connections[0].ended, "the end")
        assert egressd.wait_for_records(event="end", reason="client-aborted")


def test_idle_body_ends_in_time(start):
    """limits.idle_timeout holds for a body that stops in the middle."""

    def stuck(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        connection.read_rest()

    with Origin(stuck, port=80):
        egressd = start({"allow": ["origin.test"], "limits": {"idle_timeout": "1s"}})
        client = egressd.client(timeout=WORK)
        client.send(get("http://origin.test/"))
        assert client.read_to_end().endswith(b"abc")
        assert egressd.stop().one(host="origin.test").end["reason"] == "timeout"


def test_idle_keep_alive_ends_in_time(start, origin):
    egressd = start({"allow": ["origin.test"], "limits": {"keep_alive_timeout": "300ms"}})
    client = egressd.client(timeout=WORK)
    assert client.request(get("http://origin.test/")).status == 200
    client.read_closed()
    assert len(egressd.stop().attempts()) == 1


def test_an_answer_may_take_longer_than_the_request(start):
    """header_timeout is for the client's header: an origin that thinks for longer is waited for (limits.response_timeout)."""

    def handle(connection):
        connection.read_request()
        assert not connection.peer_has_gone(within=seconds(0.8))
        connection.send(ok(b"at last"))
        connection.read_rest()

    with Origin(handle, port=80):
        egressd = start({"allow": ["origin.test"], "limits": {"header_timeout": "200ms"}})
        response = egressd.client(timeout=WORK).request(get("http://origin.test/"))
        assert (response.status, response.body) == (200, b"at last")
