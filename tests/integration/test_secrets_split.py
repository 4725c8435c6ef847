"""Known secrets in pieces, over fields, requests and messages. The verdict is what the recording origin has received."""

import gzip
import json
import random
import secrets
import string

import pytest

from support.client import get
from support.egressd import assert_refused
from support.origin import Origin
from support.timing import WORK, wait_until
from support.websocket import CLOSE, TEXT, accepting, connect

RULES = """version: 1
rules:
  - id: test-token
    description: Token of a test
    pattern: "t[s]t_[0-9A-Za-z]{36}"
    home: [origin.test]
"""


@pytest.fixture
def value():
    """48 characters, each of another kind than the one before, so that all of them count."""
    return "".join(secrets.choice((string.ascii_lowercase, string.ascii_uppercase, string.digits)[i % 3]) for i in range(48))


@pytest.fixture
def pieces(value):
    return value[:16], value[16:32], value[32:]


@pytest.fixture
def start(start, tmp_path, value):
    """conftest's, with this rule, and `value` as the one that is known."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)

    def starter(config=None, known=value):
        config = {"allow": ["origin.test", "*.origin.test"], **(config or {})}
        config["secrets"] = {"rules": [str(rules)], "known": [{"env": ["DEPLOY"]}]}
        return start(config, env={"DEPLOY": known})

    return starter


def post(body, host="origin.test", *fields):
    lines = [f"POST http://{host}/ HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def ask(egressd, request):
    """Over a connection of its own, which any worker may get."""
    client = egressd.client(timeout=WORK)
    client.send(request)
    return client.read_response()


def assert_blocked(egressd, response, where, value):
    identity = assert_refused(response, "secret-found")
    secret = egressd.wait_for_records(event="secret", id=identity)[0]["secret"]
    assert (secret["rule"], secret["encoding"], secret["where"], secret["action"]) == ("known-secret", "split", where, "block")
    for text in (egressd.audit_file.read_bytes(), egressd.process.output().encode(), response.head + response.body):
        assert value.encode() not in text
    return secret


SAYING = {
    "body": lambda piece: post(json.dumps({"part": piece}).encode()),
    "header:x-part": lambda piece: get("http://origin.test/", f"X-Part: {piece}"),
    "query:part": lambda piece: get(f"http://origin.test/?part={piece}"),
    "path": lambda piece: get(f"http://origin.test/{piece}/"),
}


@pytest.mark.parametrize("where", SAYING)
def test_the_last_of_several_requests_is_refused_and_stays_so(start, origin, where, value, pieces):
    egressd = start()
    for piece in pieces[:2]:
        assert ask(egressd, SAYING[where](piece)).status == 200
    for _ in range(2):
        secret = assert_blocked(egressd, ask(egressd, SAYING[where](pieces[2])), where, value)
    assert len(secret["fingerprint"]) == 16
    assert pieces[0].encode() in origin.received and pieces[2].encode() not in origin.received
    assert ask(egressd, SAYING[where]("nothing")).status == 200, "what says nothing of it still passes"


def test_pieces_in_different_places_belong_together(start, origin, value, pieces):
    egressd = start()
    for request in (SAYING["query:part"](pieces[2]), SAYING["header:x-part"](pieces[0])):
        assert ask(egressd, request).status == 200
    assert_blocked(egressd, ask(egressd, SAYING["body"](pieces[1])), "body", value)
    assert pieces[1].encode() not in origin.received


def test_pieces_in_the_fields_of_one_body(start, origin, value, pieces):
    egressd = start()
    assert_blocked(egressd, ask(egressd, post(json.dumps(pieces).encode())), "body", value)
    assert origin.connections == []


def test_pieces_in_a_header_and_the_body(start, origin, value, pieces):
    egressd = start()
    response = ask(egressd, post(json.dumps(pieces[1:]).encode(), "origin.test", f"X-Part: {pieces[0]}"))
    assert_blocked(egressd, response, "body", value)
    assert origin.connections == []


def test_most_of_a_value_is_as_good_as_all_of_it(start, origin, value):
    egressd = start()
    assert_blocked(egressd, ask(egressd, SAYING["body"](value[:-1])), "body", value)
    assert origin.connections == []


def test_pieces_far_apart_in_a_large_upload(start, value, pieces):
    filler = random.Random(1)
    body = b"".join(filler.randbytes(300_000) + f'"{piece}"'.encode() for piece in pieces) + filler.randbytes(300_000)

    def drain(connection):
        if connection.read_head() is not None:
            connection.read_rest()

    with Origin(drain, port=80) as origin:
        egressd = start()
        secret = assert_blocked(egressd, ask(egressd, post(body)), "body", value)
        wait_until(lambda: origin.connections[0].ended, "the end of the upload")
        received = bytes(origin.connections[0].received)
    assert pieces[2].encode() not in received  # the reset may have taken some of the rest from the origin
    assert 600_000 < secret["forwarded"] < 910_000


def test_where_a_secret_belongs_its_pieces_pass_and_count_for_nothing(start, origin, dns):
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    token = "tst" "_" + "".join(secrets.choice(kinds[i % 3]) for i in range(36))
    pieces = token[:14], token[14:27], token[27:]
    dns.set("other.origin.test", "93.184.216.34")
    egressd = start(known=token)
    for piece in pieces * 2:
        assert ask(egressd, post(piece.encode())).status == 200
    assert not egressd.journal().of("secret")
    assert ask(egressd, post(pieces[0].encode(), "other.origin.test")).status == 200
    assert ask(egressd, post(pieces[1].encode(), "other.origin.test")).status == 200
    assert_blocked(egressd, ask(egressd, post(pieces[2].encode(), "other.origin.test")), "body", token)


def test_what_was_refused_as_a_whole_was_said_to_nobody(start, origin, value, pieces):
    egressd = start()
    for request in (SAYING["body"](value), SAYING["header:x-part"](value)):
        assert_refused(ask(egressd, request), "secret-found")
    assert {record["secret"].get("encoding", "") for record in egressd.wait_for_records(2, event="secret")} == {""}
    assert ask(egressd, SAYING["body"](pieces[0])).status == 200


def test_alert_lets_the_pieces_through_and_says_so_once(start, origin, value, pieces):
    egressd = start({"allow": [{"domain": "origin.test", "secrets": "alert"}]})
    for piece in pieces:
        assert ask(egressd, post(piece.encode() + b" " * 300_000 + piece.encode())).status == 200
    records = egressd.wait_for_records(event="secret")
    assert [(record["secret"]["encoding"], record["secret"]["action"]) for record in records] == [("split", "alert")]


def test_messages_of_a_websocket(start, value, pieces):
    with Origin(accepting(), port=80) as chat:
        egressd = start()
        websocket = connect(egressd.client(timeout=WORK), "http://origin.test/chat")
        for piece in pieces[:2]:
            said = json.dumps({"part": piece}).encode()
            websocket.send(TEXT, said)
            assert websocket.read_message() == (TEXT, said)
        websocket.send(TEXT, json.dumps({"part": pieces[2]}).encode())
        frame = websocket.read()
        assert (frame.opcode, frame.code) == (CLOSE, 1008)
        wait_until(lambda: chat.connections[0].ended, "the end of the connection")
        said = b"".join(frame.payload for frame in chat.connections[0].websocket.frames)
    assert pieces[1].encode() in said and pieces[2].encode() not in said
    secret = egressd.wait_for_records(event="secret", proto="ws")[0]["secret"]
    assert (secret["rule"], secret["encoding"], secret["where"]) == ("known-secret", "split", "ws")


def test_honest_traffic_has_no_pieces(start, origin):
    egressd = start()
    text = json.dumps([secrets.token_hex(20) for _ in range(20_000)]).encode()
    for body in (text, gzip.compress(text), secrets.token_bytes(1_000_000), secrets.token_urlsafe(500_000).encode()):
        assert ask(egressd, post(body)).status == 200
    assert not egressd.journal().of("secret")
