"""Inside TLS the CONNECT name is the only destination, request by request (RFC 9110 7.4), and only HTTP/1.1 requests for it go through."""

import pytest

from support.client import inner
from support.egressd import assert_refused
from support.origin import answering, ok
from support.timing import WORK

TWO = {"allow": ["origin.test", "second.test", "**.origin.test"]}


def _assert_nothing_arrived(origin):
    assert origin.received == b"" and origin.requests == []


OTHER_HOSTS = ["second.test", "evil.test", "www.origin.test", "origin.test:80", "origin.test:8443", "93.184.216.34"]


@pytest.mark.parametrize("host", OTHER_HOSTS)
def test_another_host_is_421(start, tls_origin, dns, host):
    """Listed or not: an origin that serves many names would answer for the one that was not judged (domain fronting)."""
    egressd = start(TWO)
    client = egressd.inside()
    assert_refused(client.request(inner("GET", "/", host=host)), "identity-mismatch")
    _assert_nothing_arrived(tls_origin)
    assert {query.name for query in dns.queries} == {"origin.test"}
    log = egressd.stop()
    assert log.reasons(proto="http") == ["identity-mismatch"] and log.reasons(proto="connect") == ["allowed"]
    assert log.inner()[0].end["decision"] == "deny"


@pytest.mark.parametrize("host", ["origin.test:443", "ORIGIN.test", "origin.test.", "Origin.Test.:443"])
def test_one_host_in_every_spelling(start, tls_origin, host):
    """Equal names pass, and the origin gets the plain form of what was judged."""
    assert start().inside().request(inner("GET", "/", host=host)).body == b"ok"
    assert tls_origin.requests[0].header("host") == "origin.test"


BAD_HOSTS = ["", "user@origin.test", "origin.test,second.test", "origin.test/", "origin.test:", "origin.test:0443", "[origin.test]"]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_malformed_host(start, tls_origin, host):
    egressd = start(TWO)
    response = egressd.inside().request(inner("GET", "/", host=host))
    assert response.status in (400, 421) and response.header("egressd-decision"), response.head
    _assert_nothing_arrived(tls_origin)


MALFORMED = {
    "absolute-form": "GET https://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n",
    "absolute-form-http": "GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n",
    "absolute-form-elsewhere": "GET https://evil.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n",
    "absolute-form-second": "GET http://second.test/ HTTP/1.1\r\nHost: second.test\r\n\r\n",
    "authority-form": "GET origin.test:443 HTTP/1.1\r\nHost: origin.test\r\n\r\n",
    "asterisk": "GET * HTTP/1.1\r\nHost: origin.test\r\n\r\n",
    "no-host": "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n",
    "two-hosts": "GET / HTTP/1.1\r\nHost: origin.test\r\nHost: second.test\r\n\r\n",
    "two-hosts-reversed": "GET / HTTP/1.1\r\nHost: second.test\r\nHost: origin.test\r\n\r\n",
    "same-host-twice": "GET / HTTP/1.1\r\nHost: origin.test\r\nHost: origin.test\r\n\r\n",
    "folded-host": "GET / HTTP/1.1\r\nHost:\r\n origin.test\r\n\r\n",
    "http2-preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http2-version": "GET / HTTP/2.0\r\nHost: origin.test\r\n\r\n",
    "two-lengths": "POST / HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare-LF": "GET / HTTP/1.1\nHost: origin.test\n\n",
    "NUL": "GET / HTTP/1.1\r\nHost: origin.test\r\nX: a\0b\r\n\r\n",
    "lower-case-method": "get / HTTP/1.1\r\nHost: origin.test\r\n\r\n",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_malformed_inside(start, tls_origin, case):
    """400 inside TLS, the end of the connection, and whatever hides behind it is never read."""
    egressd = start(TWO)
    client = egressd.inside()
    client.send(MALFORMED[case] + "GET /smuggled HTTP/1.1\r\nHost: origin.test\r\n\r\n")
    assert_refused(client.read_response(timeout=WORK), "request-malformed")
    client.read_closed()
    _assert_nothing_arrived(tls_origin)
    assert egressd.stop().reasons() == ["allowed", "request-malformed"]


def test_connect_inside(start, tls_origin, dns):
    """A tunnel in the tunnel would not be read."""
    egressd = start(TWO)
    client = egressd.inside()
    response = client.request("CONNECT second.test:443 HTTP/1.1\r\nHost: second.test:443\r\n\r\n")
    assert response.status in (400, 403, 405, 421) and response.header("egressd-decision"), response.head
    _assert_nothing_arrived(tls_origin)
    assert dns.asked("second.test") == []
    assert len(egressd.stop().attempts()) == 2


def test_trace_inside(start, tls_origin):
    assert_refused(start().inside().request(inner("TRACE", "/")), "method")
    _assert_nothing_arrived(tls_origin)


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.2", "h2c, websocket", "websocket, h2c", "anything"])
def test_no_other_protocol_is_switched_to(start, tls_origin, protocol):
    fields = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {protocol}", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    assert_refused(start().inside().request(inner("GET", "/", *fields)), "upgrade-refused")
    _assert_nothing_arrived(tls_origin)


def test_pipelined_requests_are_judged_one_by_one(start, tls_origin):
    egressd = start({"allow": ["second.test", {"domain": "origin.test", "paths": ["/ok/**"]}]})
    client = egressd.inside()
    client.send(
        inner("GET", "/ok/1")
        + inner("GET", "/denied")
        + inner("GET", "/ok/3")
        + inner("GET", "/ok/4", host="second.test")
    )
    assert client.read_response().status == 200
    assert_refused(client.read_response(), "path")
    assert client.read_response().status == 200
    assert_refused(client.read_response(), "identity-mismatch")
    assert [request.line for request in tls_origin.requests] == ["GET /ok/1 HTTP/1.1", "GET /ok/3 HTTP/1.1"]
    assert b"second" not in tls_origin.received and b"denied" not in tls_origin.received
    assert egressd.stop().reasons(proto="http") == ["allowed", "path", "allowed", "identity-mismatch"]


def test_the_body_of_a_refused_request_is_not_a_request(start, tls_origin):
    egressd = start({"allow": [{"domain": "origin.test", "methods": ["GET"]}]})
    client = egressd.inside()
    client.send(inner("POST", "/", body=inner("GET", "/smuggled")))
    assert_refused(client.read_response(), "method")
    client.half_close()
    client.read_closed()
    _assert_nothing_arrived(tls_origin)
    assert egressd.stop().reasons(proto="http") == ["method"]


def test_a_method_override_is_judged_as_that_method(start, tls_origin):
    egressd = start({"allow": [{"domain": "origin.test", "methods": ["GET", "POST"]}]})
    assert_refused(egressd.inside().request(inner("POST", "/", "X-HTTP-Method-Override: DELETE", body=b"x")), "method")
    _assert_nothing_arrived(tls_origin)


def test_a_refused_head_has_no_body_and_a_refused_expectation_no_100(start, tls_origin):
    egressd = start({"allow": [{"domain": "origin.test", "paths": ["/ok"]}]})
    client = egressd.inside()
    client.send(inner("HEAD", "/denied"))
    assert client.read_response("HEAD").status == 403
    assert client.request(inner("GET", "/ok")).body == b"ok"
    client.send("POST /denied HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert_refused(client.read_response(), "path")


def test_a_refusal_inside_repeats_nothing_and_can_be_json(start, tls_origin):
    """Agents read such text as instructions."""
    egressd = start({"allow": [{"domain": "origin.test", "methods": ["POST"]}]})
    client = egressd.inside()
    text = client.request(inner("GET", "/IGNORE-previous?IGNORE=1", "User-Agent: IGNORE", "X-IGNORE: IGNORE"))
    assert_refused(text, "method")
    assert b"ignore" not in (text.head + text.body).lower()
    told = client.request(inner("GET", "/denied", "Accept: application/json"))
    assert told.header("content-type") == "application/json" and '"reason":"method"' in told.text


DNS_TYPES = ["application/dns-message", "application/dns-json", "application/oblivious-dns-message"]


@pytest.mark.parametrize("kind", DNS_TYPES)
def test_dns_over_https_is_refused(start, serve_tls, kind):
    """By what is sent, by what is asked for, and by what comes back: names are a channel."""
    answer = ok(b"\0\0answer", b"Content-Type: " + kind.upper().encode() + b"; x=y")
    origin = serve_tls(answering(lambda request: answer if "plain" in request.line else ok()))
    egressd = start()
    body = b"\0\0\1\0query"
    refused = [
        inner("POST", "/dns-query", f"Content-Type: {kind}", body=body),
        inner("POST", "/dns-query", f"content-type: {kind.upper()} ; charset=x", body=body),
        inner("GET", "/dns-query?dns=AAABAAAB", f"Accept: {kind}"),
        inner("GET", "/dns-query?dns=AAABAAAB", f"Accept: text/html, {kind};q=0.5"),
        inner("GET", "/dns-query?dns=AAABAAAB", "Accept: text/html", f"Accept: {kind}"),
    ]
    for request in refused:
        assert_refused(egressd.inside().request(request), "dns-tunnel")
    _assert_nothing_arrived(origin)
    response = egressd.inside().request(inner("GET", "/plain?dns=AAABAAAB"))
    assert_refused(response, "dns-tunnel")
    assert b"answer" not in response.body
    assert egressd.stop().reasons(proto="http") == ["dns-tunnel"] * 6


def test_dns_over_plain_http_is_refused_too(start, origin):
    refused = start().client().request(
        "GET http://origin.test/dns-query HTTP/1.1\r\nHost: origin.test\r\nAccept: application/dns-message\r\n\r\n"
    )
    assert_refused(refused, "dns-tunnel")
    assert origin.requests == []


def test_alt_svc_is_stripped(start, serve_tls):
    """It would send the client to QUIC, which cannot be inspected."""
    serve_tls(answering(ok(b"ok", b'Alt-Svc: h3=":443"; ma=86400', b"ALT-SVC: h2", b"X-Kept: kept")))
    response = start().inside().request(inner("GET", "/"))
    assert response.header("alt-svc") is None and response.header("x-kept") == "kept"


@pytest.mark.parametrize("whole", [True, False])
def test_a_body_that_ends_with_its_connection(start, serve_tls, whole):
    """With the origin's close_notify it is whole, and the client gets one too; cut off, neither can tell what is missing, and the client
    must not take it for complete (RFC 9112 9.8)."""

    def handle(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nthis much")
        if whole:
            connection.finish_sending()
        else:
            connection.cut()
        connection.read_rest()

    serve_tls(handle)
    egressd = start()
    client = egressd.inside()
    client.send(inner("GET", "/", "Connection: close"))
    head, body = client.read_until(b"\r\n\r\n"), client.read_to_end()
    assert head.startswith(b"HTTP/1.1 200") and b"this much" in body
    complete = body.endswith(b"\r\n0\r\n\r\n") if b"chunked" in head.lower() else not client.truncated
    assert complete == whole, (head, body, client.truncated)
    reason = egressd.wait_for_records(proto="http")[0]["reason"]
    assert reason == ("allowed" if whole else "upstream-failed")


def test_an_answer_of_known_length_needs_no_goodbye(start, serve_tls):
    """Many servers just close; what was promised has come."""

    def handle(connection):
        connection.read_request()
        connection.send(ok(b"all of it", b"Connection: close"))
        connection.cut()

    serve_tls(handle)
    egressd = start()
    client = egressd.inside()
    assert client.request(inner("GET", "/")).body == b"all of it"
    assert egressd.wait_for_records(proto="http")[0]["reason"] == "allowed"
