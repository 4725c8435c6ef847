"""A client's first bytes behind the 200 (RFC 8446 4.1.2): who is meant, in how many pieces, in which version. Whatever is refused there has
an alert, and the origin, which has been connected to already, gets no request."""

import ssl

import pytest

from support.client import ACCESS_DENIED, inner
from support.client_hello import client_hello
from support.timing import WORK

NO_APPLICATION_PROTOCOL = b"\x15\x03\x03\x00\x02\x02\x78"


def _after_hello(egressd, hello, *, name="origin.test", pieces=1):
    """All that the client is answered to `hello`."""
    client = egressd.client().connect(f"{name}:443")
    size = -(-len(hello) // pieces)
    for at in range(0, len(hello), size):
        client.send(hello[at : at + size])
    return client.read_to_end()


def _assert_refused(egressd, origin, answer, *reasons):
    """An alert or nothing to the client, no byte inside TLS to the origin, one record."""
    assert not answer or ACCESS_DENIED.fullmatch(answer), answer
    assert origin.received == b"" and origin.requests == []
    pair = egressd.stop().one(host="origin.test")
    assert pair.attempt["proto"] == "connect" and pair.end["reason"] in reasons, pair
    return pair


WRONG_NAMES = {
    "other": {"names": ["other.test"]},
    "unlisted": {"names": ["evil.test"]},
    "none": {"names": []},
    "empty": {"names": [""]},
    "two": {"names": ["origin.test", "evil.test"]},
    "two-reversed": {"names": ["evil.test", "origin.test"]},
    "same-twice": {"names": ["origin.test", "origin.test"]},
    "two-extensions": {"names": ["origin.test", "evil.test"], "twice": True},
    "address": {"names": ["93.184.216.34"]},
    "with-NUL": {"names": ["origin.test\0.evil.test"]},
    "below": {"names": ["www.origin.test"]},
    "another-type": {"names": ["origin.test"], "name_type": 1},
    "large": {"names": ["evil.test"], "padding": 17000},
    "small-records": {"names": ["evil.test"], "record": 3},
}


@pytest.mark.parametrize("case", WRONG_NAMES)
def test_a_hello_that_names_anybody_else(start, tls_origin, case):
    """No certificate of ours for it: a listed name does not open the way to another one, listed or not."""
    egressd = start({"allow": ["origin.test", "other.test"]})
    answer = _after_hello(egressd, client_hello(**WRONG_NAMES[case]))
    assert ACCESS_DENIED.fullmatch(answer), answer
    pair = _assert_refused(egressd, tls_origin, answer, "identity-mismatch", "request-malformed")
    assert pair.end["decision"] == "deny"


def test_ech_behind_a_cover(start, tls_origin):
    egressd = start()
    answer = _after_hello(egressd, client_hello(["cover.test"], ech=True))
    assert ACCESS_DENIED.fullmatch(answer)
    _assert_refused(egressd, tls_origin, answer, "ech")


def test_ech_grease_is_let_through_and_noted(start, tls_origin):
    egressd = start()
    client = egressd.client().connect("origin.test:443")
    client.send(client_hello(ech=True))
    assert client.read_exactly(6)[0] == 0x16, "a ServerHello"
    client.close()
    assert "encrypted_client_hello" in egressd.wait_for_records(host="origin.test")[0]["detail"]


@pytest.mark.parametrize(
    "how", [{"pieces": 40}, {"record": 5}, {"padding": 15000}, {"padding": 17000, "pieces": 7}, {"record": 100, "pieces": 50}]
)
def test_a_hello_in_any_form(start, tls_origin, how):
    """Read whole, judged, and answered by a ServerHello: segments, records, and more than a record holds."""
    how = dict(how)
    pieces = how.pop("pieces", 1)
    egressd = start()
    client = egressd.client().connect("origin.test:443")
    hello = client_hello(**how)
    size = -(-len(hello) // pieces)
    for at in range(0, len(hello), size):
        client.send(hello[at : at + size])
    head = client.read_exactly(6)
    assert head[0] == 0x16 and head[5] == 2, head


def test_a_hello_that_came_with_the_connect(start, tls_origin):
    """In one segment, before the 200: nothing of it is lost."""
    egressd = start()
    client = egressd.client()
    client.send(b"CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n" + client_hello())
    assert client.read_response("CONNECT").status == 200
    assert client.read_exactly(6)[5] == 2


@pytest.mark.parametrize("version", [0x0301, 0x0302])
@pytest.mark.parametrize("form", ["legacy", "extension"])
def test_old_tls_is_refused(start, tls_origin, version, form):
    how = {"versions": (), "legacy_version": version} if form == "legacy" else {"versions": (version,)}
    egressd = start()
    answer = _after_hello(egressd, client_hello(**how))
    _assert_refused(egressd, tls_origin, answer, "not-tls")


NOT_TLS = {
    "http": b"GET / HTTP/1.1\r\nHost: origin.test\r\n\r\n",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "connect": b"CONNECT evil.test:443 HTTP/1.1\r\n\r\n",
    "socks": b"\x05\x01\x00",
    "ssl2": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",
    "alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "data": b"\x17\x03\x03\x00\x05hello",
    "endless-record": b"\x16\x03\x01\xff\xff\x01\x00\x00\x01",
    "another-message": b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00",
    "endless-message": b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
}


@pytest.mark.parametrize("case", NOT_TLS)
def test_what_is_not_tls(start, tls_origin, case):
    egressd = start()
    answer = _after_hello(egressd, NOT_TLS[case])
    _assert_refused(egressd, tls_origin, answer, "not-tls", "request-malformed")


def test_tls_to_the_plain_port(start, origin):
    """Port 80 is HTTP without TLS; a hello there is no request."""
    egressd = start()
    client = egressd.client().connect("origin.test:80")
    client.send(client_hello())
    client.read_to_end()
    assert origin.received == b""
    assert "not-tls" in egressd.stop().reasons()


@pytest.mark.parametrize("said", [b"", b"\x16", client_hello()[:100]])
def test_silence(start, tls_origin, said):
    """The wait for a hello has an end."""
    egressd = start()
    client = egressd.client(timeout=WORK).connect("origin.test:443")
    client.send(said)
    answer = client.read_to_end()
    pair = _assert_refused(egressd, tls_origin, answer, "timeout")
    assert pair.end["inspection"] != "complete"


def test_a_client_that_speaks_http2_only(start, tls_origin):
    """It could not be inspected, and is told in its own terms: no_application_protocol (RFC 7301 3.2)."""
    egressd = start()
    answer = _after_hello(egressd, client_hello(alpn=["h2"]))
    assert answer[:1] + answer[3:] == NO_APPLICATION_PROTOCOL[:1] + NO_APPLICATION_PROTOCOL[3:], answer
    assert tls_origin.requests == []
    end = egressd.stop().one(host="origin.test").end
    assert end["reason"] == "inspection-impossible" and "tls: tunnel" in end["detail"]


@pytest.mark.parametrize("offered", [("h2", "http/1.1"), ("http/1.1",), ("http/1.0", "http/1.1", "h2"), ()])
def test_http_1_1_is_chosen(start, tls_origin, offered):
    egressd = start()
    client = egressd.inside(alpn=offered)
    assert client.tls.selected_alpn_protocol() == ("http/1.1" if offered else None)
    assert client.request(inner("GET", "/")).body == b"ok"


def _trusting(egressd, **attributes):
    context = ssl.create_default_context(cafile=str(egressd.ca_file))
    for name, value in attributes.items():
        setattr(context, name, value)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_of_one_version(start, tls_origin, version):
    egressd = start()
    client = egressd.inside(context=_trusting(egressd, minimum_version=version, maximum_version=version))
    assert client.request(inner("GET", "/")).body == b"ok"
    spoken = client.tls.version()
    assert egressd.stop().one(proto="connect").end["tls"]["version"] == spoken


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_for_its_own_name_only(start, tls_origin, dns, version):
    """A ticket of one name, shown with the SNI of another, is no way to skip the certificate for that one."""
    dns.set("second.test", "93.184.216.34")
    egressd = start({"workers": 1, "allow": ["origin.test", "second.test"]})  # each worker has ticket keys of its own
    context = _trusting(egressd, minimum_version=version, maximum_version=version)
    first = egressd.inside(context=context)
    assert first.request(inner("GET", "/")).body == b"ok"
    session = first.tls.session
    again = egressd.inside(context=context, session=session)
    assert again.request(inner("GET", "/")).body == b"ok" and again.tls.session_reused
    other = egressd.inside("second.test", context=context, session=session)
    assert not other.tls.session_reused
    assert ("DNS", "second.test") in other.tls.getpeercert()["subjectAltName"]
    assert other.request(inner("GET", "/", host="second.test")).body == b"ok"
