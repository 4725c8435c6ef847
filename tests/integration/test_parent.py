"""A parent proxy: tinyproxy, with and without credentials, for plain requests and for tunnels."""

import pytest

from support.client import get, inner
from support.command import run
from support.egressd import assert_refused
from support.origin import Origin, answering
from support.servers import Tinyproxy, free_port

# tinyproxy resolves names itself; an address needs no resolver, so the origin stands under one.
ADDRESS = "93.184.216.34"


@pytest.fixture
def parent(tmp_path):
    with Tinyproxy(tmp_path, credentials="user s3cretword") as server:
        yield server


def _config(parent, **more):
    return {
        "allow": [{"domain": ADDRESS, "tls": "tunnel"}, "origin.test"],
        "upstream": {"proxy": f"http://127.0.0.1:{parent.port}", "proxy_credentials": "env:PARENT", **more},
    }


def test_absolute_form_and_connect_through_the_parent(start, origin, tls_origin, parent):
    egressd = start(_config(parent), env={"PARENT": "user:s3cretword"})
    assert run("curl", "-sS", f"http://{ADDRESS}/plain", proxy=egressd.url).stdout == b"ok"
    assert run("curl", "-sSk", f"https://{ADDRESS}/tunnel", proxy=egressd.url).stdout == b"ok"
    assert [request.line for request in origin.requests] == ["GET /plain HTTP/1.1"]
    assert [request.line for request in tls_origin.requests] == ["GET /tunnel HTTP/1.1"]
    assert b"proxy-authorization" not in origin.received.lower()
    log = egressd.stop()
    assert len(log.attempts(host=ADDRESS, decision="allow")) == 2
    everything = b"\n".join(log.lines).decode() + egressd.process.output()
    assert "s3cretword" not in everything and "czNjcmV0d29yZA" not in everything


def test_inspection_through_the_parent(start, serve_tls, authority, parent):
    """TLS with the origin goes through the parent's tunnel, and is verified as without one."""
    origin = serve_tls(certificate=authority.issue(ADDRESS))
    config = {**_config(parent), "allow": [{"domain": ADDRESS, "paths": ["/ok"]}, "origin.test"]}
    egressd = start(config, env={"PARENT": "user:s3cretword"})
    client = egressd.inside(ADDRESS)
    assert client.request(inner("GET", "/ok", host=ADDRESS)).body == b"ok"
    assert_refused(client.request(inner("GET", "/denied", host=ADDRESS)), "path")
    assert [request.line for request in origin.requests] == ["GET /ok HTTP/1.1"]
    assert b"proxy-authorization" not in origin.received.lower()


def test_a_bad_certificate_behind_the_parent(start, tls_origin, parent):
    egressd = start({**_config(parent), "allow": [ADDRESS]}, env={"PARENT": "user:s3cretword"})
    response = egressd.client().request(f"CONNECT {ADDRESS}:443 HTTP/1.1\r\nHost: {ADDRESS}:443\r\n\r\n")
    assert_refused(response, "tls-upstream-invalid", 502)
    assert tls_origin.requests == []


def test_wrong_credentials_are_the_parents_failure(start, origin, parent):
    egressd = start(_config(parent), env={"PARENT": "user:wrong"})
    assert_refused(
        egressd.client().request(f"CONNECT {ADDRESS}:443 HTTP/1.1\r\nHost: {ADDRESS}:443\r\n\r\n"),
        "upstream-failed",
        502,
    )
    assert origin.connections == []


def test_a_407_of_the_parent_is_not_passed_on(start):
    """The client would take it for ours, and answer with credentials."""
    demand = (
        b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
    )
    with Origin(answering(demand)) as parent:
        egressd = start({"allow": ["origin.test"], "upstream": {"proxy": f"http://127.0.0.1:{parent.port}"}})
        for request in (
            get("http://origin.test/"),
            "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n",
        ):
            response = egressd.client().request(request)
            assert_refused(response, "upstream-failed", 502)
            assert response.header("proxy-authenticate") is None


def test_a_dead_parent_is_502(start, origin):
    egressd = start({"allow": [ADDRESS], "upstream": {"proxy": f"http://127.0.0.1:{free_port()}"}})
    assert_refused(egressd.client().request(get(f"http://{ADDRESS}/")), "upstream-failed", 502)
    assert origin.connections == []


def test_no_proxy_goes_direct(start, origin, dns):
    egressd = start(
        {
            "allow": ["origin.test"],
            "upstream": {"proxy": f"http://127.0.0.1:{free_port()}", "no_proxy": ["origin.test"]},
        }
    )
    assert egressd.client().request(get("http://origin.test/")).status == 200
    assert dns.asked("origin.test")


def test_denials_never_reach_the_parent(start):
    with Origin() as parent:
        egressd = start({"allow": ["origin.test"], "upstream": {"proxy": f"http://127.0.0.1:{parent.port}"}})
        assert_refused(egressd.client().request(get("http://evil.test/")), "not-listed")
        assert_refused(
            egressd.client().request("CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n"), "not-listed"
        )
        egressd.stop()
        assert parent.connections == []


def test_what_the_parent_is_sent(start):
    """Absolute-form again, with the proxy's own credentials and none of the client's."""
    with Origin() as parent:
        egressd = start(
            {
                "allow": ["origin.test"],
                "upstream": {"proxy": f"http://127.0.0.1:{parent.port}", "proxy_credentials": "env:PARENT"},
            },
            env={"PARENT": "u:p"},
        )
        assert (
            egressd.client().request(get("http://origin.test/x", "Proxy-Authorization: Basic bGVhaw==")).status == 200
        )
        request = parent.requests[0]
        assert request.line == "GET http://origin.test/x HTTP/1.1"
        assert request.header("proxy-authorization") == "Basic dTpw"
        assert request.header("host") == "origin.test"
