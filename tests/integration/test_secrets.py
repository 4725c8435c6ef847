"""Secrets in live traffic. The verdict is what the recording origin and the recording DNS server have received, what the client was told,
and what the log says of it; in none of them may the secret itself stand."""

import base64
import gzip
import hashlib
import json
import os
import random
import threading
import urllib.parse

import pytest

from support.client import get, inner
from support.egressd import assert_refused
from support.origin import Origin, answering, ok
from support.timing import WORK, wait_until
from support.tokens import github_token
from support.websocket import BINARY, CLOSE, CONTINUATION, PING, TEXT, accepting, connect

URL = "http://origin.test/upload"
# One kind of secret, so that nothing but it can be found, and a start takes no time.
RULES = """version: 1
rules:
  - id: github-pat
    description: GitHub personal access token
    pattern: "gh[p]_[0-9A-Za-z]{36}"
    check: github
    entropy: 3.0
    home: ["**.github.com"]
    example: "gh{oneof:p}_{b62:30}{crc32-b62}"
"""


@pytest.fixture
def start(start, tmp_path):
    """conftest's, with these rules."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)

    def starter(config=None):
        config = dict(config or {"allow": ["origin.test"]})
        config["secrets"] = {"rules": [str(rules)], **config.get("secrets", {})}
        return start(config)

    return starter


@pytest.fixture
def token():
    return github_token()


def with_secrets(value):
    return {"allow": [{"domain": "origin.test", "secrets": value}]}


def post(body, *fields, url=URL):
    head = [f"POST {url} HTTP/1.1", f"Host: {url.split('/')[2]}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(head).encode() + body


def post_chunked(pieces, *fields, url=URL):
    head = [f"POST {url} HTTP/1.1", f"Host: {url.split('/')[2]}", "Transfer-Encoding: chunked", *fields, "", ""]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return "\r\n".join(head).encode() + chunks + b"0\r\n\r\n"


def ask(egressd, request, method="POST"):
    client = egressd.client(timeout=WORK)
    client.send(request)
    return client.read_response(method)


def assert_blocked(egressd, response, token, where, *, action="block", reason="secret-found"):
    """Told, written down, and nowhere repeated."""
    identity = assert_refused(response, reason)
    secret = egressd.wait_for_records(event="secret", id=identity)[0]["secret"]
    assert (secret["rule"], secret["where"], secret["action"]) == ("github-pat", where, action)
    assert len(secret["fingerprint"]) == 16
    end = egressd.wait_for_records(event="end", id=identity)[0]
    assert (end["decision"], end["reason"]) == ("deny", reason)
    assert token.encode() not in response.head + response.body
    assert_never_written(egressd, token)
    return secret


def assert_never_written(egressd, token):
    assert token.encode() not in egressd.audit_file.read_bytes()
    assert token not in egressd.process.output()


# Heads


def _in_header(token):
    return get("http://origin.test/", f"Authorization: Bearer {token}")


HEADS = {
    "header:authorization": _in_header,
    "header:cookie": lambda token: get("http://origin.test/", f"Cookie: a=b; session={token}"),
    "header:x-note": lambda token: get("http://origin.test/", f"X-Note: {base64.b64encode(token.encode()).decode()}"),
    "query:key": lambda token: get(f"http://origin.test/?a=1&key={token}"),
    "query:part": lambda token: get(f"http://origin.test/?part={urllib.parse.quote(base64.b64encode(token.encode()).decode())}"),
    "method": lambda token: f"{token} http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n",
    "path": lambda token: get(f"http://origin.test/files/{token}/x"),
    "query": lambda token: get(f"http://origin.test/?{token}=1"),
    "header": lambda token: get("http://origin.test/", f"{token}: 1"),
}


@pytest.mark.parametrize("where", HEADS)
def test_a_head_away_from_home_is_refused_before_anybody_hears_of_it(start, origin, dns, token, where):
    egressd = start()
    response = ask(egressd, HEADS[where](token), "GET")
    assert_blocked(egressd, response, token, where)
    assert origin.connections == [] and dns.queries == []
    assert b"github-pat" in response.body


def test_basic_credentials(start, origin, token):
    egressd = start()
    value = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    response = ask(egressd, get("http://origin.test/", f"Authorization: Basic {value}"), "GET")
    assert assert_blocked(egressd, response, token, "header:authorization")["encoding"] == "base64"
    assert origin.connections == []


def test_a_token_cut_over_the_parameters_of_a_query(start, origin, token):
    egressd = start()
    response = ask(egressd, get(f"http://origin.test/?a={token[:20]}&b={token[20:]}"), "GET")
    assert_blocked(egressd, response, token, "query:a")
    assert origin.connections == []


def test_a_host_label_is_never_looked_up(start, origin, dns, token):
    code = token.encode().hex()
    name = f"{code[:60]}.{code[60:]}.origin.test"
    egressd = start({"allow": ["*.origin.test", "origin.test"]})
    response = ask(egressd, get(f"http://{name}/"), "GET")
    assert_blocked(egressd, response, token, "host")
    response = ask(egressd, f"CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\n\r\n", "CONNECT")
    assert_blocked(egressd, response, token, "host")
    assert dns.queries == [] and origin.connections == []


def test_what_is_not_forwarded_is_not_looked_at(start, origin, token):
    egressd = start()
    response = ask(egressd, get("http://origin.test/", f"Proxy-Authorization: Bearer {token}"), "GET")
    assert response.status == 200
    assert token.encode() not in origin.received


def test_the_user_name_of_socks(start, origin, dns, token):
    egressd = start()
    client = egressd.client(timeout=WORK)
    client.send(b"\x05\x01\x02")
    assert client.read_exactly(2) == b"\x05\x02"
    client.send(b"\x01" + bytes([len(token)]) + token.encode() + b"\x01x")
    assert client.read_exactly(2) == b"\x01\x00"
    client.send(b"\x05\x01\x00\x03\x0borigin.test\x01\xbb")
    assert client.read_exactly(2) == b"\x05\x02"
    secret = egressd.wait_for_records(event="secret", proto="socks5")[0]["secret"]
    assert (secret["rule"], secret["where"]) == ("github-pat", "socks")
    assert egressd.wait_for_records(event="end", proto="socks5")[0]["reason"] == "secret-found"
    assert dns.queries == []
    assert_never_written(egressd, token)


# Bodies


def _multipart(token):
    return (
        b"--b\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\nContent-Type: text/plain\r\n\r\n"
        + token.encode()
        + b"\r\n--b--\r\n"
    )


BODIES = {
    "json": lambda token: post(json.dumps({"note": {"text": token}}).encode(), "Content-Type: application/json"),
    "form": lambda token: post(urllib.parse.urlencode({"a": f"<{token}>"}).encode()),
    "multipart": lambda token: post(_multipart(token), "Content-Type: multipart/form-data; boundary=b"),
    "chunked": lambda token: post_chunked([b"x" * 100] + [bytes([byte]) for byte in token.encode()] + [b"y"]),
    "gzip": lambda token: post(gzip.compress(b"x" * 1000 + token.encode()), "Content-Encoding: gzip"),
    "gzip-twice": lambda token: post(gzip.compress(gzip.compress(token.encode())), "Content-Encoding: gzip, x-gzip"),
    "gzip-unlabelled": lambda token: post(gzip.compress(b"x" * 1000 + token.encode())),
    "base64": lambda token: post(base64.b64encode(b"padding " + token.encode())),
}


@pytest.mark.parametrize("form", BODIES)
def test_a_body_away_from_home_is_refused_before_the_origin_hears_of_it(start, origin, token, form):
    egressd = start()
    secret = assert_blocked(egressd, ask(egressd, BODIES[form](token)), token, "body")
    assert secret["forwarded"] == 0
    assert origin.connections == []


def test_a_body_inside_tls(start, tls_origin, token):
    egressd = start()
    client = egressd.inside(timeout=WORK)
    client.send(inner("POST", "/", body=token.encode()))
    assert_blocked(egressd, client.read_response(), token, "body")
    assert token.encode() not in tls_origin.received and tls_origin.requests == []


def test_a_header_inside_tls(start, tls_origin, token):
    egressd = start()
    client = egressd.inside(timeout=WORK)
    client.send(inner("GET", "/", f"X-Key: {token}"))
    assert_blocked(egressd, client.read_response(), token, "header:x-key")
    assert tls_origin.received == b""


def _drain(connection):
    """Takes a body as it comes, and answers at its end only."""
    if connection.read_head() is not None:
        connection.read_rest()


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_token_at_the_end_of_a_large_upload_never_arrives(start, token, framing):
    filler = random.Random(1).randbytes(5_000_000)
    body = filler + token.encode() + b"end"
    with Origin(_drain, port=80) as origin:
        egressd = start()
        pieces = [body[at : at + 60_000] for at in range(0, len(body), 60_000)]
        response = ask(egressd, post(body) if framing == "length" else post_chunked(pieces))
        secret = assert_blocked(egressd, response, token, "body")
        wait_until(lambda: origin.connections[0].ended, "the end of the upload")
        received = bytes(origin.connections[0].received)
    assert 4_000_000 < secret["forwarded"] < 5_000_000
    assert token[:8].encode() not in received[-20_000:] and b"\r\n0\r\n\r\n" not in received[-20:]
    assert len(received) < len(body)
    assert origin.connections[0].failed, "the upload must not look whole"


def test_a_token_cut_by_every_read(start, origin, token):
    egressd = start()
    client = egressd.client(timeout=WORK)
    body = b'{"key": "' + token.encode() + b'"}'
    request = post(body)
    client.send(request[: -len(body)])
    for byte in body:
        client.send(bytes([byte]))
    assert_blocked(egressd, client.read_response(), token, "body")
    assert origin.connections == []


def test_honest_uploads_arrive_byte_for_byte(start, origin):
    egressd = start()
    text = json.dumps([hashlib.sha256(b"%d" % i).hexdigest() for i in range(20_000)]).encode()
    for body, *fields in ((gzip.compress(text), "Content-Encoding: gzip"), (text,), (os.urandom(3_000_000),), (b"x",)):
        assert ask(egressd, post(body, *fields)).status == 200
        assert ask(egressd, post_chunked([body], *fields)).status == 200
        assert [request.body == body for request in origin.requests].count(True) == 2
    ends = egressd.wait_for_records(8)
    assert {end["inspection"] for end in ends} == {"complete"}
    assert "inspection_reason" not in ends[0]
    assert not egressd.journal().of("secret")


def test_a_body_larger_than_the_hold_streams(start):
    """Bytes beyond it leave before the body is whole."""
    moved = threading.Event()

    def handle(connection):
        connection.read_head()
        connection.read_exactly(100_000)
        moved.set()
        connection.read_exactly(50_000)
        connection.send(ok())

    body = random.Random(2).randbytes(150_000)
    with Origin(handle, port=80):
        egressd = start()
        client = egressd.client(timeout=WORK)
        request = post(body)
        client.send(request[:-40_000])
        assert moved.wait(WORK)
        client.send(request[-40_000:])
        assert client.read_response().status == 200


def test_expect_continue_is_answered_by_the_origin_and_the_body_still_held(start, token):
    def handle(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.read_rest()

    with Origin(handle, port=80) as origin:
        egressd = start()
        client = egressd.client(timeout=WORK)
        body = token.encode()
        request = post(body, "Expect: 100-continue")
        client.send(request[: -len(body)])
        assert client.read_response().status == 100
        client.send(body)
        assert_blocked(egressd, client.read_response(), token, "body")
        wait_until(lambda: origin.connections[0].ended, "the end of the upload")
        assert origin.received.endswith(b"\r\n\r\n")


def test_a_response_that_has_begun_is_cut_off(start, token):
    body = random.Random(3).randbytes(200_000) + token.encode()

    def handle(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
        connection.read_rest()

    with Origin(handle, port=80) as origin:
        egressd = start()
        client = egressd.client(timeout=WORK)
        request = post(body)
        client.send(request[:-20_000])
        client.read_until(b"begun")
        client.send(request[-20_000:])
        client.read_to_end()
        assert client.truncated
        end = egressd.wait_for_records(event="end")[0]
        assert (end["reason"], end["status"]) == ("secret-found", 200)
        assert token.encode() not in origin.received


UNDECODABLE = {
    "unknown": post(b"whatever", "Content-Encoding: rot13"),
    "too-many": post(b"whatever", "Content-Encoding: " + ", ".join(["gzip"] * 5)),
    "broken": post(gzip.compress(b"x" * 5000)[:20] + b"broken here" * 50, "Content-Encoding: gzip"),
    "cut-short": post(gzip.compress(os.urandom(5000))[:-20], "Content-Encoding: gzip"),
    "not-gzip": post(b"this is plain text", "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("case", UNDECODABLE)
def test_what_cannot_be_decoded_is_refused(start, origin, case):
    egressd = start()
    identity = assert_refused(ask(egressd, UNDECODABLE[case]), "inspection-impossible")
    assert origin.connections == []
    assert egressd.wait_for_records(event="end", id=identity)[0]["reason"] == "inspection-impossible"


@pytest.mark.parametrize("case", UNDECODABLE)
def test_what_cannot_be_decoded_passes_where_the_operator_says_so(start, origin, case):
    egressd = start({"allow": ["origin.test"], "secrets": {"undecodable": "alert"}})
    assert ask(egressd, UNDECODABLE[case]).status == 200
    end = egressd.wait_for_records(event="end")[0]
    assert (end["reason"], end["inspection"], end["inspection_reason"]) == ("allowed", "partial", "undecodable")
    assert len(origin.requests) == 1


# Where secrets belong, and modes


def test_a_token_at_home(start, origin, token):
    egressd = start(
        {"allow": ["origin.test"], "secrets": {"home": {"github-pat": ["origin.test"]}}},
    )
    response = ask(egressd, get("http://origin.test/", f"Authorization: Bearer {token}"), "GET")
    assert response.status == 200 and token.encode() in origin.received
    assert not egressd.wait_for_records(event="end") or not egressd.journal().of("secret")
    assert ask(egressd, post(token.encode())).status == 200, "at home in a body: recorded, let through"
    secret = egressd.wait_for_records(event="secret")[0]["secret"]
    assert (secret["where"], secret["action"]) == ("body", "alert")
    assert_never_written(egressd, token)


def test_alert_lets_through_and_says_so(start, origin, token):
    egressd = start(with_secrets("alert"))
    assert ask(egressd, post(token.encode(), f"X-Key: {token}")).status == 200
    assert origin.received.count(token.encode()) == 2
    records = egressd.wait_for_records(2, event="secret")
    assert [(record["secret"]["where"], record["secret"]["action"]) for record in records] == [
        ("header:x-key", "alert"),
        ("body", "alert"),
    ]
    end = egressd.wait_for_records(event="end")[0]
    assert (end["reason"], end["inspection"], end["secrets"]) == ("allowed", "complete", 2)


def test_off_looks_at_nothing(start, origin, token):
    egressd = start(with_secrets("off"))
    assert ask(egressd, post(token.encode(), f"X-Key: {token}", "Content-Encoding: rot13")).status == 200
    end = egressd.wait_for_records(event="end")[0]
    assert (end["inspection"], end["inspection_reason"]) == ("partial", "secrets-off")
    assert not egressd.journal().of("secret")


def test_observe_mode_lets_no_secret_through(start, origin, token):
    egressd = start({"mode": "observe", "allow": []})
    assert ask(egressd, get("http://origin.test/"), "GET").status == 200
    assert_blocked(egressd, ask(egressd, post(token.encode())), token, "body")
    assert_blocked(egressd, ask(egressd, _in_header(token), "GET"), token, "header:authorization")
    assert token.encode() not in origin.received


def test_a_foreign_credential_is_refused_and_the_pinned_one_passes(start, origin, token):
    digest = hashlib.sha256(token.encode()).hexdigest()
    egressd = start(
        {"allow": [{"domain": "origin.test", "credentials": [{"header": "authorization", "sha256": digest}]}]}
    )
    assert ask(egressd, _in_header(token), "GET").status == 200
    assert ask(egressd, get("http://origin.test/"), "GET").status == 200
    assert_refused(ask(egressd, _in_header("some other key"), "GET"), "secret-foreign")
    assert len(origin.requests) == 2


def test_more_than_twenty_are_counted(start, origin):
    egressd = start(with_secrets("alert"))
    body = "\n".join(github_token() for _ in range(30)).encode()
    assert ask(egressd, post(body)).status == 200
    end = egressd.wait_for_records(event="end")[0]
    assert end["secrets"] == 30
    assert len(egressd.journal().of("secret")) == 20


def test_a_denied_request_with_a_secret_is_recorded(start, dns, token):
    egressd = start()
    url = "http://elsewhere.test/"
    assert_refused(ask(egressd, get(url, f"X-Key: {token}"), "GET"), "not-listed")
    secret = egressd.wait_for_records(event="secret", host="elsewhere.test")[0]["secret"]
    assert (secret["where"], secret["action"]) == ("header:x-key", "block")
    assert dns.queries == []


# WebSockets


@pytest.fixture
def chat():
    with Origin(accepting(), port=80) as server:
        yield server


def _say(websocket, token, how):
    half = len(token) // 2
    if how == "whole":
        websocket.send(TEXT, b'{"text": "' + token.encode() + b'"}')
    elif how == "fragments":
        websocket.send(TEXT, token[:half].encode(), final=False)
        websocket.send(PING, b"")
        websocket.send(CONTINUATION, token[half:].encode())
    elif how == "messages":
        websocket.send(TEXT, token[:half].encode())
        websocket.send(TEXT, token[half:].encode())
    elif how == "base64":
        websocket.send(TEXT, base64.b64encode(token.encode()))
    elif how == "gzip":
        websocket.send(BINARY, gzip.compress(b"x" * 1000 + token.encode()))
    elif how == "ping":
        websocket.send(PING, token.encode())
    elif how == "close":
        websocket.send_close(1000, token)


@pytest.mark.parametrize("how", ["whole", "fragments", "messages", "base64", "gzip", "ping", "close"])
def test_a_token_in_a_websocket(start, chat, token, how):
    egressd = start()
    websocket = connect(egressd.client(timeout=WORK), "http://origin.test/chat")
    websocket.send(TEXT, b"hello")
    assert websocket.read_message() == (TEXT, b"hello")
    _say(websocket, token, how)
    while (frame := websocket.read()).opcode != CLOSE:
        pass
    assert frame.code == 1008 and b"secret-found" in frame.payload
    secret = egressd.wait_for_records(event="secret", proto="ws")[0]["secret"]
    assert (secret["rule"], secret["where"], secret["action"]) == ("github-pat", "ws", "block")
    assert egressd.wait_for_records(event="end", proto="ws")[0]["reason"] == "secret-found"
    wait_until(lambda: chat.connections[0].ended, "the end of the connection")
    said = b"".join(frame.payload for frame in chat.connections[0].websocket.frames)
    assert token.encode() not in said and base64.b64encode(token.encode()) not in said
    assert chat.connections[0].failed, "cut off, not closed"
    assert_never_written(egressd, token)


def _acknowledge(websocket):
    while (message := websocket.read_message()) is not None:
        websocket.send(TEXT, hashlib.sha256(message[1]).hexdigest().encode())


def test_a_websocket_message_larger_than_the_hold(start, token):
    honest = random.Random(4).randbytes(300_000)
    with Origin(accepting(_acknowledge), port=80) as chat:
        egressd = start()
        websocket = connect(egressd.client(timeout=WORK), "http://origin.test/chat")
        websocket.send(BINARY, honest)
        assert websocket.read_message() == (TEXT, hashlib.sha256(honest).hexdigest().encode())
        websocket.send(BINARY, honest + token.encode())
        frame = websocket.read()
        assert (frame.opcode, frame.code) == (CLOSE, 1008)
        wait_until(lambda: chat.connections[0].ended, "the end of the connection")
        assert token[:8].encode() not in chat.received
        said = b"".join(frame.payload for frame in chat.connections[0].websocket.frames)
    assert said[:300_000] == honest and token[:8].encode() not in said and len(said) < 600_000


def test_a_websocket_where_secrets_are_off(start, chat, token):
    egressd = start(with_secrets("off"))
    websocket = connect(egressd.client(timeout=WORK), "http://origin.test/chat")
    websocket.send(TEXT, token.encode())
    assert websocket.read_message() == (TEXT, token.encode())
    websocket.send_close()
    end = egressd.wait_for_records(event="end", proto="ws")[0]
    assert (end["inspection"], end["inspection_reason"]) == ("partial", "secrets-off")
