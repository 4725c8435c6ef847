"""WebSockets through plain HTTP: judged as a GET, relayed frame by frame. The verdict is what the recording origin has received."""

import hashlib
import signal
import threading

import pytest

from support.client import get
from support.egressd import assert_refused
from support.origin import Origin, answering, ok
from support.timing import PATIENCE, WORK
from support.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, WebSocket, accepting, connect, echo, encode, handshake

URL = "http://origin.test/chat"


@pytest.fixture
def chat():
    """ws://origin.test/, which echoes."""
    with Origin(accepting(), port=80) as server:
        yield server


def opened(egressd, *fields, url=URL):
    return connect(egressd.client(timeout=WORK), url, *fields)


def end_of(egressd):
    """The end record of the only WebSocket."""
    return egressd.wait_for_records(event="end", proto="ws")[0]


def test_messages_of_all_kinds_come_back(start, chat):
    egressd = start()
    websocket = opened(egressd, "Origin: http://origin.test")
    for opcode, payload in ((TEXT, "grüße".encode()), (BINARY, bytes(range(256))), (TEXT, b""), (BINARY, b"x" * 70000)):
        websocket.send(opcode, payload)
        assert websocket.read_message() == (opcode, payload)
    websocket.send(PING, b"are you there")
    assert (websocket.read().opcode, websocket.frames[-1].payload) == (PONG, b"are you there")
    websocket.send_close(1000, "bye")
    frame = websocket.read()
    assert frame.opcode == CLOSE and frame.payload == b"\x03\xe8bye"
    websocket.stream.read_closed()
    end = end_of(egressd)
    moved = len("grüße".encode()) + 256 + 70000 + 13 + 5
    assert (end["reason"], end["status"], end["bytes_up"], end["bytes_down"]) == ("allowed", 101, moved, moved)
    assert end["inspection"] == "complete" and "inspection_reason" not in end
    attempt = egressd.stop().one(proto="ws").attempt
    assert (attempt["method"], attempt["path"], attempt["host"], attempt["port"]) == ("GET", "/chat", "origin.test", 80)


def test_fragments_with_control_frames_between_them_are_the_same_message(start, chat):
    """It is held until it is whole; a ping does not wait for it."""
    egressd = start()
    websocket = opened(egressd)
    websocket.send(TEXT, b"one ", final=False)
    websocket.send(PING, b"p")
    websocket.send(CONTINUATION, b"", final=False)
    websocket.send(CONTINUATION, b"message")
    assert websocket.read_message() == (TEXT, b"one message")
    seen = [(frame.opcode, frame.payload, frame.final) for frame in chat.connections[0].websocket.frames]
    assert seen == [
        (PING, b"p", True),
        (TEXT, b"one message", True),
    ]


def test_a_frame_byte_by_byte(start, chat):
    egressd = start()
    websocket = opened(egressd)
    for byte in encode(TEXT, b"x" * 200, key=b"\x01\x02\x03\x04"):
        websocket.stream.send(bytes([byte]))
    assert websocket.read_message() == (TEXT, b"x" * 200)


def test_masking_keys_are_not_the_clients(start, chat):
    """A client that chose them would choose the bytes on the wire."""
    egressd = start()
    websocket = opened(egressd)
    for _ in range(8):
        websocket.send(TEXT, b"GET / HTTP/1.1", key=b"\0\0\0\0")
        websocket.read_message()
    seen = chat.connections[0].websocket
    assert len(seen.frames) == 8 and len(seen.keys) == 8 and b"\0\0\0\0" not in seen.keys
    assert b"GET / HTTP/1.1" not in bytes(chat.connections[0].received)


def test_megabytes_both_ways_at_once(start):
    up = [bytes([n % 251]) * (1 << 20) for n in range(25)] + [b"large" * (5 << 20)]
    down = [bytes([n % 241]) * (1 << 20) for n in range(25)] + [b"huge!" * (5 << 20)]
    hashes = {}

    def take(websocket, name):
        digest = hashlib.sha256()
        while (message := websocket.read_message()) is not None:
            digest.update(message[1])
            if websocket.frames[-1].payload == b"end":
                break
            websocket.frames.clear()
        hashes[name] = digest.hexdigest()

    def give(websocket, parts):
        for part in parts:
            websocket.send(BINARY, part)
        websocket.send(TEXT, b"end")

    def serve(websocket):
        giver = threading.Thread(target=give, args=(websocket, down))
        giver.start()
        take(websocket, "up")
        giver.join()
        websocket.send_close()

    with Origin(accepting(serve), port=80):
        # This is about the relay; 50 MB of scanning take a sanitizer's build minutes.
        egressd = start({"allow": [{"domain": "origin.test", "secrets": "off"}]})
        websocket = connect(egressd.client(timeout=WORK * 4), URL)
        giver = threading.Thread(target=give, args=(websocket, up))
        giver.start()
        take(websocket, "down")
        giver.join()
        assert websocket.read().opcode == CLOSE
        websocket.send_close()
        end = end_of(egressd)
    for name, parts in (("up", up), ("down", down)):
        assert hashes[name] == hashlib.sha256(b"".join(parts) + b"end").hexdigest(), name
        assert end["bytes_" + name] == sum(map(len, parts)) + 3 + 2
    assert end["reason"] == "allowed"


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
def test_close_codes_pass_from_the_origin(start, code):
    def serve(websocket):
        websocket.send_close(code, "because")
        websocket.read()

    with Origin(accepting(serve), port=80) as origin:
        egressd = start()
        websocket = opened(egressd)
        assert websocket.read().code == code
        websocket.send_close(code)
        websocket.stream.read_closed()
        assert end_of(egressd)["reason"] == "allowed"
        seen = origin.connections[0]
        origin.wait_for(lambda _: seen.ended, "the end of its connection")
        assert [frame.code for frame in seen.websocket.frames] == [code]


VIOLATIONS = {
    "unmasked": encode(TEXT, b"leak"),
    "compressed": encode(TEXT, b"leak", reserved=4, key=b"abcd"),
    "unknown opcode": encode(3, b"leak", key=b"abcd"),
    "continuation of nothing": encode(CONTINUATION, b"leak", key=b"abcd"),
    "fragmented ping": encode(PING, b"leak", final=False, key=b"abcd"),
    "long ping": encode(PING, b"leak" * 32, key=b"abcd"),
    "long length": b"\x81\xfe\x00\x04abcd" + b"leak",
    "bad close code": encode(CLOSE, b"\x03\xed" + b"leak", key=b"abcd"),
    "bad close reason": encode(CLOSE, b"\x03\xe8\xff" + b"leak", key=b"abcd"),
}


@pytest.mark.parametrize("bytes_sent", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_client_that_breaks_the_protocol(start, chat, bytes_sent):
    egressd = start()
    websocket = opened(egressd)
    websocket.send(TEXT, b"fine")
    assert websocket.read_message() == (TEXT, b"fine")
    websocket.stream.send(bytes_sent)
    frame = websocket.read()
    assert frame.opcode == CLOSE and frame.code == 1002
    websocket.stream.read_closed()
    end = end_of(egressd)
    assert (end["reason"], end["decision"], end["bytes_up"]) == ("request-malformed", "deny", 4)
    assert "WebSocket protocol" in end["detail"] and frame.payload.endswith(end["id"].encode())
    origin = chat.connections[0]
    chat.wait_for(lambda _: origin.ended, "the end of its connection")
    assert [frame.payload for frame in origin.websocket.frames] == [b"fine"] and origin.failed


@pytest.mark.parametrize("bytes_sent", [encode(TEXT, b"hidden", reserved=4), encode(TEXT, b"hidden", key=b"abcd")])
def test_an_origin_that_breaks_the_protocol(start, bytes_sent):
    def serve(websocket):
        websocket.read()
        websocket.stream.send(bytes_sent)

    with Origin(accepting(serve), port=80):
        egressd = start()
        websocket = opened(egressd)
        websocket.send(TEXT, b"hello")
        assert websocket.read().code == 1011
        websocket.stream.read_closed()
        assert end_of(egressd)["reason"] == "upstream-failed"


def test_compression_is_negotiated_away(start, chat):
    egressd = start()
    websocket = opened(egressd, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
    websocket.send(TEXT, b"plain")
    assert websocket.read_message() == (TEXT, b"plain")
    head = chat.connections[0].requests[0].head.lower()
    assert b"extensions" not in head and b"deflate" not in head


def test_a_subprotocol_is_chosen(start):
    with Origin(accepting(echo, "Sec-WebSocket-Protocol: v2.chat"), port=80) as origin:
        egressd = start()
        opened(egressd, "Sec-WebSocket-Protocol: chat, v2.chat")
        assert origin.connections[0].requests[0].header("sec-websocket-protocol") == "chat, v2.chat"


WRONG_ANSWERS = {
    "extension": accepting(echo, "Sec-WebSocket-Extensions: permessage-deflate"),
    "wrong accept": accepting(echo, accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "two accepts": accepting(echo, "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "subprotocol": accepting(echo, "Sec-WebSocket-Protocol: other"),
    "other protocol": answering(b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nleak"),
    "no upgrade": answering(b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\nleak"),
}


@pytest.mark.parametrize("handler", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS.keys())
def test_an_origin_that_answers_wrongly(start, handler):
    with Origin(handler, port=80):
        egressd = start()
        request, _ = handshake(URL, "Sec-WebSocket-Protocol: chat")
        response = egressd.client().request(request)
        assert response.status == 502 and b"leak" not in response.body, response
        end = end_of(egressd)
        assert end["reason"] == "upstream-failed" and "WebSocket handshake" in end["detail"]


def test_an_origin_that_does_not_upgrade_is_relayed(start):
    with Origin(answering(ok(b"no chat here")), port=80) as origin:
        egressd = start()
        client = egressd.client()
        for _ in range(2):  # the connections can be used again
            response = client.request(handshake(URL)[0])
            assert (response.status, response.body) == (200, b"no chat here")
        assert client.request(get(URL)).status == 200
        assert len(origin.connections) == 1


def test_h2c_goes_nowhere(start, chat):
    egressd = start()
    response = egressd.client().request(get(URL, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"))
    assert_refused(response, "upgrade-refused")
    assert not chat.connections


@pytest.mark.parametrize(
    "entry, reason",
    [
        ({"domain": "origin.test", "paths": ["/other"]}, "path"),
        ({"domain": "origin.test", "methods": ["POST"]}, "method"),
        ({"domain": "second.test"}, "not-listed"),
    ],
)
def test_a_websocket_is_judged_as_a_get(start, chat, entry, reason):
    egressd = start({"allow": [entry]})
    assert_refused(egressd.client().request(handshake(URL)[0]), reason)
    assert not chat.connections
    attempt = egressd.stop().one(host="origin.test").attempt
    assert (attempt["proto"], attempt["method"], attempt["path"]) == ("ws", "GET", "/chat")


def test_a_reload_that_denies_it_closes_it(start, chat):
    egressd = start()
    websocket = opened(egressd)
    websocket.send(TEXT, b"before")
    websocket.read_message()
    egressd.write_config({"allow": []})
    egressd.reload()
    websocket.stream.read_closed(WORK)
    assert end_of(egressd)["reason"] == "policy-changed"
    chat.wait_for(lambda origin: origin.connections[0].ended, "the end of its connection")


def test_a_drain_ends_it(start, chat):
    egressd = start({"allow": ["origin.test"], "limits": {"drain_timeout": "300ms"}})
    websocket = opened(egressd)
    egressd.process.send_signal(signal.SIGTERM)
    websocket.send(TEXT, b"still open")
    assert websocket.read_message() == (TEXT, b"still open")
    websocket.stream.read_closed(WORK)
    assert egressd.process.wait(WORK) == 0
    assert egressd.journal().one(proto="ws").end["reason"] == "shutdown"


def test_an_idle_one_ends(start, chat):
    egressd = start({"allow": ["origin.test"], "limits": {"idle_timeout": f"{round(400 * PATIENCE)}ms"}})
    websocket = opened(egressd)
    assert websocket.read().code == 1001
    websocket.stream.read_closed(WORK)
    assert end_of(egressd)["reason"] == "timeout"


def test_a_client_that_vanishes(start, chat):
    egressd = start()
    websocket = opened(egressd)
    websocket.send(TEXT, b"hello")
    websocket.read_message()
    websocket.stream.close()
    assert end_of(egressd)["reason"] == "client-aborted"
    chat.wait_for(lambda origin: origin.connections[0].ended, "the end of its connection")


def test_an_origin_that_vanishes(start):
    def serve(websocket):
        websocket.send(TEXT, b"last words")
        websocket.stream.close()

    with Origin(accepting(serve), port=80):
        egressd = start()
        websocket = opened(egressd)
        assert websocket.read_message() == (TEXT, b"last words")
        websocket.stream.read_closed(WORK)
        assert end_of(egressd)["reason"] == "upstream-failed"


def test_frames_sent_before_the_answer_are_frames_too(start, chat):
    egressd = start()
    client = egressd.client(timeout=WORK)
    request, _ = handshake(URL)
    client.send(request.encode() + encode(TEXT, b"early", key=b"abcd"))
    assert client.read_response().status == 101
    assert WebSocket(client, is_client=True).read_message() == (TEXT, b"early")
