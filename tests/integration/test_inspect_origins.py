"""Whom egressd trusts as an origin. A client never sees a certificate of ours for an origin that has no valid one of its own: the CONNECT
is refused in plain text, with the check that failed."""

import ssl

import pytest

from support.bad_certificates import BAD, OLD_VERSIONS, lenient_context
from support.certificates import Authority
from support.client import inner
from support.egressd import assert_refused
from support.origin import Origin, ok, tls_context
from support.timing import WORK


def _connect(host="origin.test", port=443):
    return f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"


def _assert_no_leaf(egressd, words, *, host="origin.test", reason="tls-upstream-invalid"):
    """The refusal names the failed check, and no byte of TLS comes, whatever the client says next."""
    client = egressd.client()
    response = client.request(_connect(host), timeout=WORK)
    identity = assert_refused(response, reason, 502)
    assert any(word.lower() in response.text.lower() for word in words), response.text
    end = egressd.wait_for_records(id=identity)[0]
    assert (end["host"], end["reason"], end["status"], end["inspection"]) == (host, reason, 502, "none"), end


@pytest.mark.parametrize("name", BAD)
def test_a_bad_certificate(start, serve_tls, dns, authority, tmp_path, name):
    bad = BAD[name]
    dns.set(bad.host, "93.184.216.34")
    origin = serve_tls(context=lenient_context(*bad.make(authority, tmp_path / "bad")))
    egressd = start({"allow": [bad.host]})
    _assert_no_leaf(egressd, bad.words, host=bad.host)
    egressd.stop().one(host=bad.host)
    assert origin.received == b"" and origin.requests == []


def test_a_certificate_that_goes_bad_between_two_connections(start, serve_tls, authority):
    """Verified each time: nothing is remembered of the first success, not even as a session of TLS."""
    good = tls_context(authority.issue("origin.test"))

    def once(connection):
        if connection.read_request():
            connection.send(ok(b"ok", b"Connection: close"))

    origin = serve_tls(once, context=good)
    egressd = start()
    with egressd.inside() as client:
        assert client.request(inner("GET", "/")).body == b"ok"
    origin.wait_for(lambda server: all(connection.ended for connection in server.connections), "its end")
    origin.close()
    other = serve_tls(once, context=tls_context(authority.issue("other.test")))
    _assert_no_leaf(egressd, ("name",))
    assert other.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_second_connection_resumes_the_first_ones_session(start, serve_tls, leaf, version):
    """Where the origin allows it; a handshake with a certificate is what most of a new connection costs."""

    def once(connection):
        if connection.read_request():
            connection.send(ok(b"ok", b"Connection: close"))

    context = tls_context(leaf)
    context.minimum_version = context.maximum_version = version
    origin = serve_tls(once, context=context)
    client = start().inside()
    for _ in range(2):
        assert client.request(inner("GET", "/")).body == b"ok"
    assert [connection.tls.session_reused for connection in origin.connections] == [False, True]


def test_the_origins_authority_is_not_the_clients(start, serve_tls, authority, tmp_path):
    """egressd's own CA is no reason to trust an origin: whoever got hold of a leaf could play any host."""
    egressd = start()
    key = egressd.folder / "state" / "ca.key"
    own = Authority(tmp_path / "own")
    own.certificate, own._key = egressd.ca_file, key
    origin = serve_tls(context=tls_context(own.issue("origin.test")))
    _assert_no_leaf(egressd, ("issuer", "trust"))
    assert origin.requests == []


def test_without_upstream_ca_it_is_not_trusted(start, tls_origin):
    egressd = start(trusted=None)
    _assert_no_leaf(egressd, ("issuer", "trust"))
    assert tls_origin.requests == []


def test_a_whole_chain_is_trusted(start, serve_tls, authority, tmp_path):
    """An intermediate that the origin sends along."""
    intermediate = Authority(tmp_path / "intermediate", "intermediate", issuer=authority)
    serve_tls(certificate=intermediate.chain(intermediate.issue("origin.test")))
    assert start().inside().request(inner("GET", "/")).body == b"ok"


VALID = {"origin.test": ["ORIGIN.test"], "second.test": ["origin.test", "second.test"], "www.origin.test": ["*.origin.test"]}


@pytest.mark.parametrize("host", VALID)
def test_names_that_are_valid(start, serve_tls, dns, authority, host):
    """In another case, as one of several, by a wildcard for one label."""
    dns.set(host, "93.184.216.34")
    serve_tls(certificate=authority.issue(*VALID[host]))
    assert start({"allow": [host]}).inside(host).request(inner("GET", "/", host=host)).body == b"ok"


def test_rsa_origin(start, serve_tls, authority):
    serve_tls(certificate=authority.issue("origin.test", key=("rsa:2048",)))
    assert start().inside().request(inner("GET", "/")).body == b"ok"


@pytest.mark.parametrize("spelling", ["origin.test.", "ORIGIN.Test", "Origin.test."])
def test_one_name_in_every_spelling(start, serve_tls, leaf, spelling):
    """The origin is asked for the name in its plain form, and the client gets a certificate for that."""
    seen = []
    context = tls_context(leaf)
    context.sni_callback = lambda _, name, __: seen.append(name)
    origin = serve_tls(context=context)
    egressd = start()
    client = egressd.client().connect(f"{spelling}:443").start_tls("origin.test", egressd.ca_file)
    assert client.request(inner("GET", "/", host=spelling)).body == b"ok"
    assert set(seen) == {"origin.test"}
    assert origin.requests[0].header("host") == "origin.test"


def test_an_address_has_a_certificate_for_the_address(start, serve_tls, authority):
    """Listed as a literal; the origin's certificate and ours have it as an IP address, and no SNI is sent."""
    seen = []
    context = tls_context(authority.issue("93.184.216.34"))
    context.sni_callback = lambda _, name, __: seen.append(name)
    serve_tls(context=context)
    egressd = start({"allow": ["93.184.216.34"]})
    client = egressd.inside("93.184.216.34")
    assert client.request(inner("GET", "/", host="93.184.216.34")).body == b"ok"
    assert ("IP Address", "93.184.216.34") in client.tls.getpeercert()["subjectAltName"]
    assert seen == [None]
    log = egressd.stop()
    assert "sni" not in log.inner()[0].end["tls"]


def test_a_private_address_with_private(start, serve_tls, authority):
    """What a rule opens on purpose is inspected like all else."""
    serve_tls(certificate=authority.issue("10.1.2.3"))
    egressd = start({"allow": [{"domain": "10.1.2.3", "private": ["10.0.0.0/8"]}]})
    assert egressd.inside("10.1.2.3").request(inner("GET", "/", host="10.1.2.3")).body == b"ok"


def test_an_address_with_a_certificate_for_a_name(start, serve_tls, leaf):
    origin = serve_tls(certificate=leaf)
    egressd = start({"allow": ["93.184.216.34"]})
    _assert_no_leaf(egressd, ("name", "address"), host="93.184.216.34")
    assert origin.requests == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_an_origin_that_speaks_only_old_tls(start, serve_tls, leaf, version):
    origin = serve_tls(context=lenient_context(*leaf, **OLD_VERSIONS[version]))
    _assert_no_leaf(start(), ("tls", "version"))
    assert origin.requests == []


@pytest.mark.parametrize("bound", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_origin_that_speaks_one_version(start, serve_tls, leaf, bound):
    context = tls_context(leaf)
    context.minimum_version = context.maximum_version = bound
    serve_tls(context=context)
    assert start().inside().request(inner("GET", "/")).body == b"ok"


def test_an_origin_without_alpn_is_http(start, tls_origin):
    """Most HTTP/1.1 servers choose nothing."""
    assert start().inside().request(inner("GET", "/")).body == b"ok"
    assert tls_origin.connections[0].tls.selected_alpn_protocol() is None


def test_the_origin_is_offered_http_1_1_only(start, serve_tls, leaf):
    context = tls_context(leaf)
    context.set_alpn_protocols(["h2", "http/1.1"])
    origin = serve_tls(context=context)
    assert start().inside().request(inner("GET", "/")).body == b"ok"
    assert origin.connections[0].tls.selected_alpn_protocol() == "http/1.1"


NOT_TLS = {
    "plain-text": lambda connection: (connection.wait_for_bytes(), connection.send(ok()), connection.close()),
    "speaks-first": lambda connection: (connection.send(b"SSH-2.0-origin\r\n"), connection.read_rest()),
    "closes": lambda connection: (connection.wait_for_bytes(), connection.close()),
    "resets": lambda connection: (connection.wait_for_bytes(), connection.reset()),
    "alert": lambda connection: (connection.wait_for_bytes(), connection.send(b"\x15\x03\x03\x00\x02\x02\x28")),
}


@pytest.mark.parametrize("way", NOT_TLS)
def test_an_origin_that_does_not_finish_the_handshake(start, way):
    """A failure of the origin's, told in plain text."""
    with Origin(NOT_TLS[way], port=443) as origin:
        egressd = start()
        response = egressd.client().request(_connect(), timeout=WORK)
        assert response.status == 502 and "origin.test" in response.text, response
        reason = egressd.stop().one(host="origin.test").end["reason"]
        assert reason in ("upstream-failed", "tls-upstream-invalid")
        assert b"GET" not in origin.received


def test_an_origin_that_falls_silent_in_the_handshake(start):
    with Origin(lambda connection: connection.read_rest(), port=443):
        egressd = start({"allow": ["origin.test"], "limits": {"connect_timeout": "300ms"}})
        assert_refused(egressd.client(timeout=WORK).request(_connect()), "timeout", 504)
        assert egressd.stop().one(host="origin.test").end["reason"] == "timeout"


def test_a_handshake_that_fails_costs_nobody_else(start, serve_tls, dns, authority):
    """One name with a bad certificate beside a good one, at one address."""
    context = tls_context(authority.issue("origin.test"))
    serve_tls(context=context)
    dns.set("second.test", "93.184.216.34")
    egressd = start({"allow": ["origin.test", "second.test"]})
    good = egressd.inside()
    _assert_no_leaf(egressd, ("name",), host="second.test")
    assert good.request(inner("GET", "/")).body == b"ok"
