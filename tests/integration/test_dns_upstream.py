"""What name servers hear of a question, and what is taken from them."""

import struct

import pytest

from support.dns_server import Answer
from support.timing import seconds

WILD = {"allow": ["origin.test", "*.wild.test"], "listen": {"dns": "127.0.0.1:0"}, "workers": 1}


@pytest.fixture
def egressd(start, dns):
    return start(WILD)


def test_nothing_of_the_client_goes_on(egressd, dns):
    """Neither its spelling nor its options nor its id: the question is written anew."""
    cookie = struct.pack(">HH", 10, 8) + b"SeCrEt42"
    subnet = struct.pack(">HHHBB", 8, 7, 1, 24, 0) + b"\xc0\0\2"
    reply = egressd.ask("OrIgIn.TeSt", options=cookie + subnet, size=4096, identity=0x4242)
    assert reply.rcode == "NOERROR" and b"OrIgIn" in reply.question
    assert dns.queries
    for query in dns.queries:
        assert query.name == "origin.test"
        assert b"SeCrEt42" not in query.packet and b"\xc0\0\2" not in query.packet
        assert query.packet[:2] != b"\x42\x42"
        assert query.packet[-2:] == b"\0\0", "an OPT record without options"
        assert not int.from_bytes(query.packet[2:4], "big") & 0x0010, "CD"


def test_ids_and_ports_are_not_to_be_guessed(egressd, dns):
    for number in range(12):
        dns.set(f"n{number}.wild.test", "93.184.216.34")
        egressd.ask(f"n{number}.wild.test")
    identities = [int.from_bytes(query.packet[:2], "big") for query in dns.queries]
    assert len(set(identities)) > 20 and len({b - a for a, b in zip(identities, identities[1:])}) > 10
    assert len({query.port for query in dns.queries}) >= 10, "a new port for each lookup"


@pytest.mark.parametrize("lie", ["wrong_id", "wrong_name", "wrong_port"])
def test_answers_to_another_question_are_not_taken(egressd, dns, lie):
    dns.script("origin.test", Answer(("93.184.216.66",), **{lie: True}))
    reply = egressd.ask("origin.test", timeout=seconds(5))
    assert (reply.rcode, reply.addresses) == ("SERVFAIL", [])


def test_a_cut_answer_is_asked_for_again_over_tcp(egressd, dns):
    dns.script("origin.test", Answer(("93.184.216.34",), truncated=True))
    assert egressd.ask("origin.test").addresses == ["93.184.216.34"]
    assert {query.transport for query in dns.queries} == {"udp", "tcp"}


def test_one_lookup_for_all_who_ask_at_once(egressd, dns):
    """Also between DNS and the proxy: they share a cache, and a lookup under way."""
    dns.set("origin.test", "93.184.216.34", ttl=60)
    for kind in ("A", "AAAA", "A"):
        egressd.ask("origin.test", kind)
    response = egressd.client().request("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n")
    assert response.status == 502  # nobody listens there
    assert len(dns.queries) == 2


def test_a_short_lifetime_is_passed_on(egressd, dns):
    dns.set("origin.test", "93.184.216.34", ttl=7)
    assert egressd.ask("origin.test").ttls == [7]
    dns.set("a.wild.test", "93.184.216.34", ttl=0)
    assert egressd.ask("a.wild.test").ttls == [0]
    dns.set("b.wild.test", "93.184.216.34", ttl=100_000)
    assert egressd.ask("b.wild.test").ttls == [100_000] or egressd.ask("b.wild.test").ttls[0] <= 300
