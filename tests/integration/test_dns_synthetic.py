"""Addresses that stand for names: `dns.answers: synthetic` and `dns.denied: sinkhole`. A connection to one is a request for its name, and
nobody is asked before there is one."""

import ipaddress

import pytest

from support.client import get
from support.client_hello import client_hello
from support.egressd import TUNNEL, assert_refused
from support.origin import Origin

ALLOW = [TUNNEL, {"domain": "*.wild.test", "tls": "raw", "ports": [80, 443]}]
NETWORKS = [ipaddress.ip_network("198.18.0.0/15"), ipaddress.ip_network("fd65:6772:6573:7364::/64")]


@pytest.fixture
def serve(start):
    def starter(config=None, answers="synthetic", denied="nxdomain", **dns):
        base = {"allow": ALLOW, "listen": {"dns": "127.0.0.1:0"}}
        return start({**base, "dns": {"answers": answers, "denied": denied, **dns}, **(config or {})})

    return starter


def authority(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def connect(egressd, address, port=443):
    target = authority(address, port)
    return egressd.client().request(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")


def socks(egressd, address, port=443):
    packed = ipaddress.ip_address(address).packed
    client = egressd.client()
    client.send(b"\x05\x01\x00\x05\x01\x00" + (b"\x01" if len(packed) == 4 else b"\x04") + packed + port.to_bytes(2, "big"))
    return client, client.read_exactly(2 + 4)[3]


def test_each_name_has_its_own_address_and_nobody_is_asked(serve, dns):
    egressd = serve()
    seen = set()
    for name in ("origin.test", "a.wild.test", "b.wild.test"):
        for kind, network in zip(("A", "AAAA"), NETWORKS):
            (address,) = egressd.ask(name, kind).addresses
            assert ipaddress.ip_address(address) in network
            assert egressd.ask(name.upper(), kind, tcp=True).addresses == [address], "the same each time"
            seen.add(address)
    assert len(seen) == 6 and dns.queries == []
    log = egressd.stop()
    assert log.attempts(host="origin.test")[0].end["ip"].startswith("198.18.")


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_a_connection_to_it_is_a_request_for_the_name(serve, dns, kind):
    with Origin(port=443) as origin:
        egressd = serve({"workers": 2})
        (address,) = egressd.ask("origin.test", kind).addresses
        assert connect(egressd, address).status == 200
        client, code = socks(egressd, address)
        assert code == 0
        client.send(client_hello(["other.test"]))
        client.read_to_end()  # its TLS must name that very host
        origin.wait_for(lambda server: len(server.connections) == 2, "both connections")
        assert {connection.local for connection in origin.connections} == {"93.184.216.34"} and origin.received == b""
    log = egressd.stop()
    assert log.one(proto="connect").attempt["host"] == "origin.test"
    assert log.one(proto="socks5").attempt["host"] == "origin.test"
    assert log.reasons(proto="socks5") == ["identity-mismatch"]
    assert {query.name for query in dns.queries} == {"origin.test"}


def test_the_port_is_judged_as_for_the_name(serve, dns):
    egressd = serve()
    (address,) = egressd.ask("origin.test").addresses
    assert_refused(connect(egressd, address, 22), "port")
    assert socks(egressd, address, 22)[1] == 2
    assert dns.queries == []


def test_addresses_that_were_given_to_nobody(serve, dns):
    """And a name of the range is never looked up, dialled, or taken for a listed address."""
    egressd = serve({"allow": [*ALLOW, {"domain": "198.18.0.9", "private": ["198.18.0.0/15"]}]})
    egressd.ask("origin.test")
    for address in ("198.18.0.9", "198.19.0.1", "fd65:6772:6573:7364::99", "fd65:6772:6573:7364:ffff::1"):
        assert_refused(connect(egressd, address), "address-forbidden")
        assert socks(egressd, address)[1] == 2
    assert dns.queries == []


def test_in_real_mode_the_range_is_like_any_other(serve, dns):
    with Origin(port=80) as origin:
        egressd = serve({"allow": [{"domain": "198.18.0.9", "private": ["198.18.0.0/15"]}]}, answers="real")
        assert egressd.client().request(get("http://198.18.0.9/")).status == 200
        assert_refused(connect(egressd, "198.18.0.1"), "not-listed")
        assert [connection.local for connection in origin.connections] == ["198.18.0.9"]


def test_a_name_that_was_denied_since_is_refused(serve, dns):
    egressd = serve()
    (address,) = egressd.ask("origin.test").addresses
    egressd.write_config({"allow": [], "listen": {"dns": "127.0.0.1:0"}, "dns": {"answers": "synthetic"}})
    egressd.wait_for_log("reloaded", start=egressd.reload())
    assert_refused(connect(egressd, address), "not-listed")
    assert egressd.stop().one(proto="connect").attempt["host"] == "origin.test" and dns.queries == []


@pytest.mark.parametrize("answers", ["synthetic", "real"])
def test_a_sinkhole_refuses_with_the_reason(serve, dns, answers):
    """A denied name gets an address, at which the connection is refused as one to that name."""
    egressd = serve(answers=answers, denied="sinkhole")
    told = {}
    for name in ("evil.test", "worse.test"):
        for kind in ("A", "AAAA"):
            reply = egressd.ask(name, kind)
            assert (reply.rcode, reply.error, reply.reason) == ("NOERROR", 15, "not-listed")
            told[reply.addresses[0]] = name
    assert len(told) == 4
    for address, name in told.items():
        response = connect(egressd, address)
        assert_refused(response, "not-listed")
        assert name.encode() in response.body
        assert socks(egressd, address)[1] == 2
    assert (egressd.ask("evil.test", "HTTPS").rcode, egressd.ask("evil.test", "TXT").rcode) == ("NOERROR", "REFUSED")
    log = egressd.stop()
    assert log.reasons(host="evil.test", proto="connect") == ["not-listed"] * 2
    assert {pair.attempt["decision"] for pair in log.attempts(host="evil.test")} == {"deny"}
    assert dns.queries == []
