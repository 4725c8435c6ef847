"""Inspection where all is well: what goes through, what is on record, and which connections are used again."""

import hashlib
import os

import pytest

from support.client import inner
from support.egressd import assert_refused
from support.origin import answering, ok


def test_what_is_asked_inside_arrives(start, serve_tls):
    """Method, path, fields and body of each request, and each answer, unchanged; two requests on one connection."""
    origin = serve_tls(answering(lambda request: ok(b"to " + request.line.encode(), b"X-Kept: kept")))
    egressd = start()
    client = egressd.inside()
    first = client.request(inner("GET", "/one?a=1", "X-Asked: kept"))
    second = client.request(inner("POST", "/two", body=b"\x00\xffbody"))
    assert first.status == 200 and first.body == b"to GET /one?a=1 HTTP/1.1" and first.header("x-kept") == "kept"
    assert second.body == b"to POST /two HTTP/1.1"
    assert [request.line for request in origin.requests] == ["GET /one?a=1 HTTP/1.1", "POST /two HTTP/1.1"]
    assert origin.requests[0].header("x-asked") == "kept" and origin.requests[0].header("host") == "origin.test"
    assert origin.requests[1].body == b"\x00\xffbody"
    assert origin.requests[0].header("via") is None, "origins leave compression out for whom they take for a proxy"


def test_what_is_on_record(start, tls_origin):
    """One attempt and one end for the CONNECT, and for each request inside."""
    egressd = start()
    client = egressd.inside()
    assert client.request(inner("GET", "/a?token=s3cr3tvalue")).body == b"ok"
    assert client.request(inner("POST", "/b", body=b"12345")).body == b"ok"
    version = client.tls.version()
    client.half_close()
    client.read_closed()
    log = egressd.stop()
    outer = log.one(proto="connect")
    assert len(log.attempts()) == 3 and len(log.inner()) == 2
    tls = {"mode": "inspect", "sni": "origin.test", "version": version, "alpn": "http/1.1"}
    assert (outer.attempt["host"], outer.attempt["port"]) == ("origin.test", 443)
    ending = {key: outer.end[key] for key in ("decision", "reason", "status", "bytes_up", "bytes_down", "tls")}
    assert ending == {
        "decision": "allow",
        "reason": "allowed",
        "status": 200,
        "bytes_up": 0,
        "bytes_down": 0,
        "tls": tls,
    }
    for pair, method, path, bytes_up in zip(log.inner(), ("GET", "POST"), ("/a", "/b"), (0, 5)):
        asked = {key: pair.attempt[key] for key in ("host", "port", "method", "path")}
        assert asked == {"host": "origin.test", "port": 443, "method": method, "path": path}
        assert (pair.end["reason"], pair.end["status"], pair.end["ip"]) == ("allowed", 200, "93.184.216.34")
        assert (pair.end["bytes_up"], pair.end["bytes_down"], pair.end["tls"]) == (bytes_up, 2, tls)
    for pair in log.attempts():
        assert pair.end["inspection"] == "complete" and "inspection_reason" not in pair.end, pair
    assert "s3cr3tvalue" not in b"\n".join(log.lines).decode() + egressd.process.output()


def test_socks5_is_inspected_too(start, tls_origin):
    egressd = start({"allow": [{"domain": "origin.test", "paths": ["/ok"]}]})
    client = egressd.client()
    client.send(b"\x05\x01\x00")
    assert client.read_exactly(2) == b"\x05\x00"
    client.send(b"\x05\x01\x00\x03\x0borigin.test\x01\xbb")
    assert client.read_exactly(10)[:2] == b"\x05\x00"
    client.start_tls("origin.test", egressd.ca_file)
    assert client.request(inner("GET", "/ok")).body == b"ok"
    assert_refused(client.request(inner("GET", "/other")), "path")
    assert [request.line for request in tls_origin.requests] == ["GET /ok HTTP/1.1"]
    log = egressd.stop()
    assert log.one(proto="socks5").end["tls"]["mode"] == "inspect" and len(log.inner()) == 2


def test_port_80_through_connect_is_plain_http(start, origin):
    """What is inside is judged as everywhere, and has no TLS."""
    egressd = start({"allow": [{"domain": "origin.test", "methods": "read-only"}]})
    client = egressd.client().connect("origin.test:80")
    assert client.request(inner("GET", "/plain")).body == b"ok"
    assert_refused(client.request(inner("POST", "/plain", body=b"x")), "method")
    assert [request.line for request in origin.requests] == ["GET /plain HTTP/1.1"]
    log = egressd.stop()
    assert log.reasons(proto="connect") == ["allowed"] and log.reasons(proto="http") == ["allowed", "method"]


def test_another_port_is_inspected_as_443(start, serve_tls):
    serve_tls(port=8443)
    egressd = start({"allow": [{"domain": "origin.test", "ports": [8443]}]})
    client = egressd.inside(port=8443)
    assert client.request(inner("GET", "/", host="origin.test:8443")).body == b"ok"
    assert_refused(client.request(inner("GET", "/")), "identity-mismatch")
    assert egressd.stop().inner(port=8443)


def test_one_origin_connection_serves_many_clients(start, tls_origin):
    """Pooled by name and port: CONNECT opens one where there is none, and no request pays for another handshake."""
    egressd = start()
    for number in range(6):
        with egressd.inside() as client:
            assert client.request(inner("GET", f"/{number}")).body == b"ok"
    assert len(tls_origin.requests) == 6
    assert len(tls_origin.connections) <= os.cpu_count()  # each worker has a pool of its own


def test_the_pool_keeps_names_apart(start, tls_origin, dns):
    """Two names at one address and under one certificate never share a connection: it was verified for one of them."""
    dns.set("second.test", "93.184.216.34")
    egressd = start({"allow": ["origin.test", "second.test"]})
    for name in ("origin.test", "second.test", "origin.test", "second.test"):
        with egressd.inside(name) as client:
            assert client.request(inner("GET", "/", host=name)).status == 200
    hosts = [{request.header("host") for request in connection.requests} for connection in tls_origin.connections]
    assert len(hosts) >= 2 and all(len(names) <= 1 for names in hosts), hosts


def test_the_pool_keeps_tls_and_plain_apart(start, serve_tls):
    """Port 8443 asked for in plain text is not answered over the TLS connection that lies ready, nor the reverse."""
    origin = serve_tls(port=8443)
    egressd = start({"allow": [{"domain": "origin.test", "ports": [8443]}]})
    with egressd.inside(port=8443) as client:
        assert client.request(inner("GET", "/", host="origin.test:8443")).status == 200
    plain = egressd.client().request("GET http://origin.test:8443/ HTTP/1.1\r\nHost: origin.test:8443\r\n\r\n")
    assert plain.status in (400, 502)
    assert len(origin.requests) == 1


def test_rules_about_methods_and_paths_hold_inside(start, tls_origin):
    """A refusal there is a reply inside TLS, nothing of it is at the origin, and the connection goes on."""
    rule = {"domain": "origin.test", "methods": ["GET", "POST"], "paths": ["/repos/acme/**"]}
    egressd = start({"allow": [rule]})
    client = egressd.inside()
    refused = client.request(inner("DELETE", "/repos/acme/x"))
    identity = assert_refused(refused, "method")
    assert_refused(client.request(inner("GET", "/evil")), "path")
    assert client.request(inner("GET", "/repos/acme/x")).status == 200
    assert [request.line for request in tls_origin.requests] == ["GET /repos/acme/x HTTP/1.1"]
    assert b"DELETE" not in tls_origin.received and b"evil" not in tls_origin.received
    log = egressd.stop()
    assert log.reasons(proto="http") == ["method", "path", "allowed"] and log.reasons(proto="connect") == ["allowed"]
    assert log.inner()[0].id == identity


def test_what_is_judged_is_what_the_origin_gets(start, tls_origin):
    egressd = start({"allow": [{"domain": "origin.test", "paths": ["/repos/acme/**"]}]})
    client = egressd.inside()
    sent = ("/repos/./acme/a/../b", "/repos/%61cme/x?q=%2e%2e", "/repos/acme/@scope%2fname")
    for path in sent:
        assert client.request(inner("GET", path)).status == 200
    for path in ("/repos/acme/../evil", "/repos/acme/%2e%2e/evil", "/repos/acme/..%2fevil", "/repos/acme/%252e%252e/evil"):
        client = egressd.inside()
        assert client.request(inner("GET", path)).status in (400, 403)
    lines = ["/repos/acme/b", "/repos/acme/x?q=%2e%2e", "/repos/acme/@scope%2Fname"]
    assert [request.line for request in tls_origin.requests] == [f"GET {path} HTTP/1.1" for path in lines]


CERTAIN = {
    "not-listed": {"allow": ["other.test"]},
    "denied-by-rule": {"allow": ["origin.test"], "deny": ["origin.test"]},
    "port": {"allow": [{"domain": "origin.test", "ports": [80]}]},
}


@pytest.mark.parametrize("reason", CERTAIN)
def test_a_certain_refusal_is_a_plain_403(start, tls_origin, dns, reason):
    """At CONNECT, where every client understands it, before anything is asked or dialled."""
    egressd = start(CERTAIN[reason])
    response = egressd.client().request("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n")
    assert_refused(response, reason)
    assert dns.queries == [] and tls_origin.connections == []
    end = egressd.stop().one(host="origin.test").end
    assert (end["reason"], end["inspection"], end["inspection_reason"]) == (reason, "none", "not-scanned")


def test_a_forbidden_address_is_a_plain_403(start, tls_origin, dns):
    dns.set("origin.test", "169.254.169.254")
    egressd = start()
    response = egressd.client().request("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n")
    assert_refused(response, "address-forbidden")
    assert tls_origin.connections == []


def test_tunnel_and_raw_are_as_they_were(start, tls_origin, authority):
    """The client sees the origin's own certificate, and the record says that nobody looked."""
    for mode, described in (("tunnel", {"mode": "tunnel", "sni": "origin.test"}), ("raw", {"mode": "raw"})):
        egressd = start({"allow": [{"domain": "origin.test", "tls": mode}]})
        client = egressd.client().connect("origin.test:443").start_tls("origin.test", authority.certificate)
        assert client.request(inner("GET", "/")).body == b"ok"
        client.close()
        end = egressd.stop().one().end
        assert end["tls"] == described and (end["inspection"], end["inspection_reason"]) == ("none", mode)


def test_inspection_is_also_for_what_is_only_observed(start, tls_origin):
    """mode: observe looks inside unlisted hosts too, and says what it would have denied."""
    egressd = start({"mode": "observe"})
    with egressd.inside() as client:
        assert client.request(inner("GET", "/seen")).body == b"ok"
    log = egressd.stop()
    assert log.one(path="/seen").end["decision"] == "observe" and log.one(path="/seen").end["tls"]["mode"] == "inspect"


def test_ten_clients_at_once(start, serve_tls):
    """Each gets its own answer."""
    serve_tls(answering(lambda request: ok(hashlib.sha256(request.body).hexdigest().encode())))
    egressd = start()
    clients = [egressd.inside() for _ in range(10)]
    bodies = [os.urandom(20_000) for _ in clients]
    for client, body in zip(clients, bodies):
        client.send(inner("POST", "/", body=body))
    for client, body in zip(clients, bodies):
        assert client.read_response().text == hashlib.sha256(body).hexdigest()
