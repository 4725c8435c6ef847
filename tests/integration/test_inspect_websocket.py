"""WebSockets (wss) through inspection: the upgrade is judged like every request inside, and frames pass in both directions as they are sent.
What holds for their bytes is test_websocket.py's subject."""

import os

import pytest

from support.client import inner
from support.egressd import assert_refused
from support.origin import answering, ok
from support.timing import WORK
from support.websocket import BINARY, CLOSE, PING, PONG, TEXT, accepting, connect, handshake

URL = "https://origin.test/chat"


def _open(egressd, *fields):
    return connect(egressd.inside(timeout=WORK), URL, *fields, target="/chat")


def test_messages_come_back(start, serve_tls):
    origin = serve_tls(accepting())
    egressd = start()
    websocket = _open(egressd)
    for opcode, payload in ((TEXT, "grüße".encode()), (BINARY, os.urandom(300_000)), (TEXT, b"")):
        websocket.send(opcode, payload)
        assert websocket.read_message() == (opcode, payload)
    websocket.send(PING, b"are you there")
    assert (websocket.read().opcode, websocket.frames[-1].payload) == (PONG, b"are you there")
    websocket.send_close(1000, "bye")
    assert websocket.read().payload == b"\x03\xe8bye"
    websocket.stream.read_closed()
    assert not websocket.stream.truncated
    assert origin.connections[0].websocket.frames[-1].opcode == CLOSE
    log = egressd.stop()
    pair = log.one(proto="ws")
    assert (pair.attempt["host"], pair.attempt["port"], pair.attempt["path"]) == ("origin.test", 443, "/chat")
    assert (pair.end["reason"], pair.end["status"], pair.end["tls"]["mode"]) == ("allowed", 101, "inspect")
    assert log.reasons(proto="connect") == ["allowed"]


def test_an_origin_may_speak_first_and_at_any_time(start, serve_tls):
    """Each frame is at the client before the next one exists."""

    def serve(websocket):
        for number in range(10):
            websocket.send(TEXT, b"%d" % number)
            assert websocket.read().payload == b"seen %d" % number

    serve_tls(accepting(serve))
    websocket = _open(start())
    for number in range(10):
        assert websocket.read_message() == (TEXT, b"%d" % number)
        websocket.send(TEXT, b"seen %d" % number)


@pytest.mark.parametrize("case", ["path", "method", "identity-mismatch"])
def test_an_upgrade_is_judged_as_a_request(start, serve_tls, case):
    rule = {"path": {"paths": ["/other"]}, "method": {"methods": ["POST"]}, "identity-mismatch": {}}[case]
    origin = serve_tls(accepting())
    egressd = start({"allow": [{"domain": "origin.test", **rule}]})
    url = "https://second.test/chat" if case == "identity-mismatch" else URL
    request, _ = handshake(url, target="/chat")
    assert_refused(egressd.inside().request(request), case)
    assert origin.received == b""


def test_compression_is_not_agreed_on(start, serve_tls):
    """What is compressed would pass unread: it is not offered to the origin, and one that insists is refused."""
    origin = serve_tls(accepting())
    _open(start(), "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
    assert origin.requests[0].header("sec-websocket-extensions") is None
    origin.close()
    serve_tls(accepting(lambda _: None, "Sec-WebSocket-Extensions: permessage-deflate"))
    request, _ = handshake(URL, target="/chat")
    assert_refused(start().inside(timeout=WORK).request(request), "upstream-failed", 502)


def test_what_an_upgrade_leaves_is_not_a_request(start, serve_tls):
    """Bytes behind an upgrade that the origin has declined are read as requests again, and judged."""
    origin = serve_tls(answering(ok()))
    egressd = start({"allow": [{"domain": "origin.test", "paths": ["/chat"]}]})
    client = egressd.inside(timeout=WORK)
    request, _ = handshake(URL, target="/chat")
    assert client.request(request).body == b"ok"
    assert_refused(client.request(inner("GET", "/denied")), "path")
    assert [line.line for line in origin.requests] == ["GET /chat HTTP/1.1"]
