"""The DNS server for agents: what it answers, what it refuses, and what it writes down. The verdict on every refusal is what the recording
name server behind it has received: nothing."""

import resource
import socket
import struct

import pytest

from support import dns_client
from support.dns_client import CHAOS, Stream, header, opt, question
from support.dns_server import Answer, encode_name
from support.timing import WORK, seconds, wait_until

ALLOW = ["origin.test", "*.wild.test", {"domain": "inside.test", "private": ["10.0.0.0/8"]}]


@pytest.fixture
def serve(start):
    def starter(config=None, **dns):
        base = {"allow": ALLOW, "listen": {"dns": "127.0.0.1:0"}, "dns": dns}
        return start({**base, **(config or {})})

    return starter


def test_addresses_of_a_listed_name(serve, dns):
    dns.set("origin.test", "93.184.216.34", "93.184.216.35", "2606:4700::1", ttl=120)
    egressd = serve({"workers": 1})  # each worker has a cache of its own
    reply = egressd.ask("origin.test")
    assert (reply.rcode, reply.addresses, reply.error) == ("NOERROR", ["93.184.216.34", "93.184.216.35"], None)
    assert all(0 < ttl <= 120 for ttl in reply.ttls)
    assert reply.flags == 0x8180  # a response, recursion desired and available, no authority
    assert egressd.ask("origin.test", "AAAA").addresses == ["2606:4700::1"]
    assert egressd.ask("Origin.TEST", tcp=True).addresses == ["93.184.216.34", "93.184.216.35"]
    assert [query.kind for query in dns.asked("origin.test")] == ["AAAA", "A"], "asked once, for both"
    log = egressd.stop()
    assert log.reasons(proto="dns", host="origin.test") == ["allowed"] * 3
    first = log.attempts(proto="dns")[0]
    assert first.attempt["qtype"] == "A" and first.attempt["rule"].startswith("allow.yaml:")
    assert first.end["rcode"] == "NOERROR" and first.end["ip"] == "93.184.216.34" and "port" not in first.attempt


def test_a_name_with_one_family_has_nothing_of_the_other(serve, dns):
    """AAAA is consistent with A: the name exists."""
    egressd = serve()
    assert egressd.ask("origin.test").addresses == ["93.184.216.34"]
    reply = egressd.ask("origin.test", "AAAA")
    assert (reply.rcode, reply.addresses) == ("NOERROR", [])


def test_a_name_that_is_not_listed_does_not_exist(serve, dns):
    egressd = serve()
    names = ("evil.test", "origin.test.evil.test", "notorigin.test", "wild.test", "Other.EVIL.test")
    for name in names:
        for kind in ("A", "AAAA", "HTTPS"):
            for tcp in (False, True):
                reply = egressd.ask(name, kind, tcp=tcp)
                assert (reply.rcode, reply.addresses, reply.error) == ("NXDOMAIN", [], 15)
                assert reply.reason == "not-listed"
    log = egressd.stop()
    for name in names:
        pairs = log.attempts(proto="dns", host=name.lower(), decision="deny", reason="not-listed")
        assert len(pairs) == 6 and {pair.end["rcode"] for pair in pairs} == {"NXDOMAIN"}
    assert pairs[-1].id == reply.decision
    assert dns.queries == []


def test_a_deny_rule_wins_and_says_so(serve, dns):
    egressd = serve({"deny": [{"domain": "secret.wild.test", "reason": "not this one"}]})
    assert egressd.ask("secret.wild.test").reason == "denied-by-rule"
    end = egressd.stop().one(host="secret.wild.test").end
    assert "not this one" in end["detail"] and dns.queries == []


def test_types_that_are_not_served(serve, dns):
    egressd = serve()
    for kind in ("TXT", "NULL", "SRV", "MX", "PTR", "NS", "SOA", "CNAME", "TYPE65280", "ANY", "AXFR", "IXFR"):
        reply = egressd.ask("origin.test", kind)
        assert (reply.rcode, reply.reason, reply.error) == ("REFUSED", "dns-type", 21), kind
    assert egressd.ask("version.bind", "TXT", cls=CHAOS).rcode == "REFUSED"
    assert egressd.ask("origin.test", "A", cls=CHAOS).rcode == "REFUSED"
    assert egressd.ask("34.216.184.93.in-addr.arpa", "PTR").rcode == "REFUSED"
    log = egressd.stop()
    assert log.reasons(proto="dns") == ["dns-type"] * 15 and dns.queries == []


def test_service_bindings_of_a_listed_name_are_empty(serve, dns):
    """So there is no key for an encrypted ClientHello, and no other way to the host."""
    egressd = serve()
    for kind in ("HTTPS", "SVCB"):
        reply = egressd.ask("origin.test", kind)
        assert (reply.rcode, reply.addresses, reply.error) == ("NOERROR", [], None)
    log = egressd.stop()
    assert [pair.end["rcode"] for pair in log.attempts(host="origin.test")] == ["NOERROR"] * 2
    assert dns.queries == []


FORBIDDEN = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.100.100.200", "192.0.0.192", "224.0.0.1", "198.18.0.1"]
FORBIDDEN += ["::1", "fd00:ec2::254", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2001:db8::1"]


def test_a_listed_name_at_a_forbidden_address_does_not_exist(serve, dns):
    """Rebinding, in DNS: with an alert for the operator, and in the log."""
    egressd = serve()
    for number, address in enumerate(FORBIDDEN):
        name = f"f{number}.wild.test"
        dns.set(name, address)
        for kind in ("A", "AAAA"):
            reply = egressd.ask(name, kind)
            assert (reply.rcode, reply.addresses, reply.error) == ("NXDOMAIN", [], 15), address
            assert reply.reason == "address-forbidden"
        egressd.wait_for_log("address-forbidden", host=name)
    log = egressd.stop()
    assert {pair.end["decision"] for pair in log.attempts(proto="dns")} == {"deny"}
    assert log.reasons(proto="dns") == ["address-forbidden"] * 2 * len(FORBIDDEN)


def test_of_mixed_addresses_only_those_that_may_be_dialled(serve, dns):
    dns.set("origin.test", "10.0.0.1", "93.184.216.34", "::1")
    egressd = serve()
    assert egressd.ask("origin.test").addresses == ["93.184.216.34"]
    reply = egressd.ask("origin.test", "AAAA")
    assert (reply.rcode, reply.addresses) == ("NOERROR", [])


def test_private_opens_a_range_and_an_alias_opens_nothing(serve, dns):
    dns.set("inside.test", "10.0.0.7", "192.168.0.1")
    dns.set("origin.test", "127.0.0.1", cname="elsewhere.test")
    egressd = serve()
    assert egressd.ask("inside.test").addresses == ["10.0.0.7"]
    assert egressd.ask("origin.test").reason == "address-forbidden"


def test_static_answers_ask_nobody(serve, dns):
    egressd = serve(hosts={"origin.test": ["93.184.216.77", "2606:4700::7"]})
    assert egressd.ask("origin.test").addresses == ["93.184.216.77"]
    assert egressd.ask("origin.test", "AAAA").addresses == ["2606:4700::7"]
    assert dns.queries == []


def test_missing_and_failing_names(serve, dns):
    dns.script("broken.wild.test", Answer(rcode=2))
    dns.set("empty.wild.test")
    egressd = serve()
    reply = egressd.ask("missing.wild.test")
    assert (reply.rcode, reply.error) == ("NXDOMAIN", None)
    reply = egressd.ask("empty.wild.test")
    assert (reply.rcode, reply.error) == ("NOERROR", None)
    reply = egressd.ask("broken.wild.test", timeout=seconds(5))
    assert (reply.rcode, reply.error, reply.reason) == ("SERVFAIL", 22, "resolve-failed")
    log = egressd.stop()
    assert log.reasons(proto="dns") == ["resolve-failed"] * 3
    assert {pair.end["decision"] for pair in log.attempts(proto="dns")} == {"allow"}


def test_the_record_is_there_before_the_name_server_is_asked(serve, dns):
    """Silent name servers: the attempt stands in the log while nobody has answered."""
    dns.script("slow.wild.test", Answer(silent=True))
    egressd = serve()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(egressd.dns_address)
        sock.send(question("slow.wild.test"))
        wait_until(lambda: dns.asked("slow.wild.test"), "the question upstream")
        assert [record["host"] for record in egressd.journal().of("attempt")] == ["slow.wild.test"]
        assert egressd.journal().of("end") == []
        sock.settimeout(seconds(5))
        assert dns_client.parse(sock.recv(1232)).rcode == "SERVFAIL"


BODY = encode_name("origin.test") + struct.pack(">HH", 1, 1)
RECORD = encode_name("origin.test") + struct.pack(">HHIH", 1, 1, 60, 4) + bytes(4)
# What is no query, and the code that it gets; None: no reply is due.
MALFORMED = {
    "empty": (b"", None),
    "no header": (b"\x12\x34\x01\x00\0\1\0\0\0\0\0", None),
    "a response": (header(7, flags=0x8180) + BODY, None),
    "header alone": (header(7), "FORMERR"),
    "no question": (header(7, questions=0), "FORMERR"),
    "two questions": (header(7, questions=2) + BODY + BODY, "FORMERR"),
    "an answer in it": (header(7, answers=1) + BODY + RECORD, "FORMERR"),
    "an authority in it": (header(7, authorities=1) + BODY + RECORD, "FORMERR"),
    "a record that is no OPT": (header(7, additional=1) + BODY + RECORD, "FORMERR"),
    "two OPT": (header(7, additional=2) + BODY + opt() + opt(), "FORMERR"),
    "trailing octets": (header(7) + BODY + b"\0", "FORMERR"),
    "cut in the name": (header(7) + BODY[:5], "FORMERR"),
    "cut in the type": (header(7) + BODY[:-3], "FORMERR"),
    "a pointer": (header(7) + b"\xc0\x0c\0\1\0\1", "FORMERR"),
    "a pointer loop": (header(7) + b"\1a\xc0\x0c\0\1\0\1", "FORMERR"),
    "a label of 64": (header(7) + b"\x40" + b"a" * 64 + b"\0\0\1\0\1", "FORMERR"),
    "a name of 256": (header(7) + (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0\0\1\0\1", "FORMERR"),
    "options that are none": (header(7, additional=1) + BODY + opt(options=b"\0\x0a\0\xff"), "FORMERR"),
    "too long": (header(7, additional=1) + BODY + opt(options=struct.pack(">HH", 12, 4000) + bytes(4000)), "FORMERR"),
    "EDNS version 1": (header(7, additional=1) + BODY + opt(version=1), "BADVERS"),
    "IQUERY": (header(7, flags=0x0900) + BODY, "NOTIMP"),
    "STATUS": (header(7, flags=0x1100) + BODY, "NOTIMP"),
    "NOTIFY": (header(7, flags=0x2100) + BODY, "NOTIMP"),
    "UPDATE": (header(7, flags=0x2900) + BODY, "NOTIMP"),
}


def test_malformed_messages(serve, dns):
    """Each gets its code at once, or nothing where none is due; none asks anybody; each is in the log; the server goes on."""
    egressd = serve()
    silent = []
    for what, (packet, rcode) in MALFORMED.items():
        if rcode is None:
            silent.append(packet)
            continue
        octets = dns_client.send(egressd.dns_address, packet)
        assert octets is not None, what
        reply = dns_client.parse(octets)
        assert (reply.rcode, reply.identity) == (rcode, 7), what
        assert len(octets) <= 2 * len(packet), what
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(egressd.dns_address)
        for packet in silent:
            sock.send(packet)
        good = question("origin.test")
        sock.send(good)
        sock.settimeout(seconds(1))
        assert sock.recv(1232)[:2] == good[:2], "what is no query was answered"
    # Identical ones are counted after the first ten.
    log = egressd.stop()
    ends = [end for end in log.of("end") if end["reason"] == "request-malformed"]
    assert sum(end.get("repeated", 1) for end in ends) == len(MALFORMED)
    assert {end["proto"] for end in ends} == {"dns"} and all("host" not in end for end in ends)
    assert {query.name for query in dns.queries} == {"origin.test"}


def test_names_that_are_none(serve, dns):
    """Well-formed, but no host has such a name: dots and other octets inside a label, addresses."""
    egressd = serve({"allow": [*ALLOW, {"domain": "*", "public_suffix": True}]})
    names = [b"\3a.b\4test\0", b"\1\0\4test\0", b"\6origin\5test\0\0", b"\x0borigin.test\0", b"\2\xc3\xbc\4test\0", b"\0"]
    names += [encode_name("192.0.2.1"), encode_name("0x7f.1"), encode_name("-a.test"), encode_name("a b.test")]
    for name in names:
        packet = header(7, additional=1) + name + b"\0\1\0\1" + opt()
        reply = dns_client.parse(dns_client.send(egressd.dns_address, packet))
        assert (reply.rcode, reply.reason) == ("NXDOMAIN", "name-invalid"), name
    assert dns.queries == []


def test_a_refusal_is_never_longer_than_twice_its_question(serve, dns):
    egressd = serve()
    for name in ("a.bc", "evil.test", "a" * 63 + "." + "b" * 63 + ".evil.test"):
        for kind in ("A", "TXT"):
            for options in ({}, {"edns": False}, {"options": struct.pack(">HH", 10, 8) + b"12345678"}):
                packet = question(name, kind, **options)
                octets = dns_client.send(egressd.dns_address, packet)
                assert len(octets) <= 2 * len(packet)
                reply = dns_client.parse(octets)
                if "edns" in options:
                    assert reply.error is None, "an OPT record for who did not send one"
                else:
                    assert reply.reason in ("not-listed", "dns-type", ""), reply


def test_a_long_answer_is_cut_and_whole_over_tcp(serve, dns):
    many = [f"2606:4700::{number:x}" for number in range(1, 17)]
    name = "a" * 60 + ".wild.test"
    dns.set(name, *many)
    egressd = serve()
    reply = egressd.ask(name, "AAAA", edns=False)
    assert reply.truncated and reply.addresses == [] and reply.size <= 512
    assert egressd.ask(name, "AAAA", tcp=True, edns=False).addresses == many
    assert egressd.ask(name, "AAAA").addresses == many, "within what the client takes"


def test_tcp_pipelined_and_in_pieces(serve, dns):
    dns.set("a.wild.test", "93.184.216.1")
    dns.set("b.wild.test", "93.184.216.2")
    egressd = serve()
    packets = [question("a.wild.test"), question("evil.test"), question("b.wild.test"), question("a.wild.test")]
    with Stream(egressd.dns_address) as stream:
        stream.send(*packets)
        replies = [dns_client.parse(stream.receive()) for _ in packets]
        assert [reply.identity for reply in replies] == [int.from_bytes(packet[:2], "big") for packet in packets]
        assert [reply.addresses for reply in replies] == [["93.184.216.1"], [], ["93.184.216.2"], ["93.184.216.1"]]
        wire = b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets[:2])
        for octet in wire:
            stream.raw(bytes([octet]))
        assert [dns_client.parse(stream.receive()).rcode for _ in range(2)] == ["NOERROR", "NXDOMAIN"]
        stream.send(packets[0])
        stream.sock.shutdown(socket.SHUT_WR)
        assert dns_client.parse(stream.receive()).rcode == "NOERROR", "answered behind a half-close"
        assert stream.receive() is None


def test_tcp_lengths_that_lie(serve, dns):
    """The connection ends, at once and in order; the next one is served."""
    egressd = serve()
    for octets in (b"\xff\xff" + header(7) + bytes(100), b"\0\0", b"\0\5abcde"):
        with Stream(egressd.dns_address) as stream:
            stream.raw(octets)
            reply = stream.receive()
            assert reply is None or dns_client.parse(reply).rcode == "FORMERR"
            assert reply is None or stream.receive() is None
        assert egressd.ask("origin.test", tcp=True).rcode == "NOERROR"
    reasons = [end["reason"] for end in egressd.stop().of("end")]
    assert reasons == ["request-malformed", "allowed"] * 3


def test_tcp_idle_and_slow_clients_are_let_go(serve, dns):
    """One that sends nothing, one that never ends its message however often it sends a piece, and one that is idle behind a question."""
    egressd = serve({"limits": {"header_timeout": "300ms", "keep_alive_timeout": "400ms"}})
    with Stream(egressd.dns_address, timeout=seconds(3)) as silent, Stream(egressd.dns_address, timeout=seconds(3)) as idle:
        idle.send(question("origin.test"))
        assert dns_client.parse(idle.receive()).rcode == "NOERROR"
        assert silent.receive() is None
        assert idle.receive() is None
    with Stream(egressd.dns_address, timeout=seconds(3)) as slow:
        slow.raw(b"\0\x20")
        ended = False
        for _ in range(50):
            slow.sock.settimeout(seconds(0.05))
            try:
                slow.raw(b"a")
                ended = slow.sock.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        assert ended


def test_repeated_questions_are_counted_and_answered_with_that_record(serve, dns):
    """Thousands of the same, denied and let through: ten records each and one that counts; every id that was told is in the log."""
    egressd = serve(hosts={"origin.test": ["93.184.216.34"]})
    told = {egressd.ask("evil.test", tcp=True).decision for _ in range(300)}
    for _ in range(300):
        assert egressd.ask("origin.test").addresses == ["93.184.216.34"]
    log = egressd.stop()
    for host in ("evil.test", "origin.test"):
        pairs = log.attempts(host=host)
        assert len(pairs) == 11 and pairs[10].end["repeated"] == 290
    assert told == {pair.id for pair in log.attempts(host="evil.test")}


def test_a_reload_changes_what_is_answered_at_once(serve, dns):
    """Also what was counted, and so answered without a decision."""
    egressd = serve(hosts={"origin.test": ["93.184.216.34"]})
    for _ in range(20):
        assert egressd.ask("evil.test").rcode == "NXDOMAIN" and egressd.ask("origin.test").rcode == "NOERROR"
    hosts = {"evil.test": ["93.184.216.66"]}
    egressd.write_config({"allow": ["evil.test"], "listen": {"dns": "127.0.0.1:0"}, "dns": {"hosts": hosts}})
    egressd.wait_for_log("reloaded", start=egressd.reload())
    assert egressd.ask("evil.test").addresses == ["93.184.216.66"]
    assert egressd.ask("origin.test").reason == "not-listed"


def test_every_address_of_a_wildcard_answers_from_itself(serve, dns):
    """A client takes a reply only from the address that it asked."""
    for listen, addresses in (("0.0.0.0:0", ["127.0.0.1", "10.9.8.7"]), ("[::]:0", ["::1", "fd00::77"])):
        egressd = serve({"listen": {"dns": listen}})
        for address in addresses:
            server = (address, egressd.dns_address[1])
            assert dns_client.ask(server, "origin.test").addresses == ["93.184.216.34"]
            assert dns_client.ask(server, "evil.test", tcp=True).rcode == "NXDOMAIN"


def test_too_many_new_questions_are_refused_and_counted(serve, dns):
    egressd = serve({"workers": 1}, rate=50)
    reasons = [egressd.ask(f"n{number}.evil.test").reason for number in range(200)]
    assert "rate" in reasons and reasons[:20] == ["not-listed"] * 20
    # A question that was turned away is decided as soon as there is room, not when the counting record is closed.
    refused = [reply for reply in (egressd.ask("origin.test") for _ in range(30)) if reply.reason == "rate"]
    assert refused
    wait_until(lambda: egressd.ask("origin.test").rcode == "NOERROR", "an answer", seconds(3))
    log = egressd.stop()
    ends = [end for end in log.of("end") if end["reason"] == "rate"]
    assert sum(end.get("repeated", 1) for end in ends) >= reasons.count("rate") and len(ends) <= 2 * 11


def test_nothing_is_asked_or_answered_unrecorded(start, dns):
    """While the log cannot be written, names are refused, also those of which every answer is known; then it goes on by itself."""
    config = {"allow": ["*.wild.test", "static.test"], "listen": {"dns": "127.0.0.1:0"}, "workers": 1}
    config["dns"] = {"hosts": {"static.test": ["93.184.216.7"]}}
    egressd = start(config, wrapper=["prlimit", "--fsize=8192:unlimited"])
    dns.set("a.wild.test", "93.184.216.34", ttl=0)
    answered = 0
    while (reply := egressd.ask("a.wild.test", timeout=WORK)).rcode == "NOERROR":
        answered += 1
        assert answered < 100, "the log never got full"
    assert (reply.rcode, reply.reason) == ("REFUSED", "audit-failed")
    assert len([query for query in dns.queries if query.kind == "A"]) == answered
    assert egressd.ask("static.test").reason == "audit-failed"
    resource.prlimit(egressd.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: egressd.ask("static.test").addresses == ["93.184.216.7"], "recovery")
    assert len([query for query in dns.queries if query.kind == "A"]) == answered
    log = egressd.stop()
    assert len(log.attempts(host="a.wild.test")) == answered + 1


def test_its_port_is_never_dialled(serve, dns):
    egressd = serve()
    port = egressd.dns_address[1]
    dns.set("self.wild.test", "127.0.0.1")
    egressd.write_config(
        {
            "listen": {"dns": f"127.0.0.1:{port}", "proxy": f"127.0.0.1:{egressd.address[1]}"},
            "allow": [{"domain": "*.wild.test", "ports": [port], "private": ["127.0.0.0/8"], "tls": "raw"}],
        }
    )
    egressd.wait_for_log("reloaded", start=egressd.reload())
    client = egressd.client()
    response = client.request(f"CONNECT self.wild.test:{port} HTTP/1.1\r\nHost: self.wild.test:{port}\r\n\r\n")
    assert response.status == 403 and b"self-connection" in response.head


def test_a_port_that_is_taken_is_said(start, dns, tmp_path):
    from support.egressd import Egressd

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        folder = tmp_path / "second"
        folder.mkdir()
        egressd = Egressd(folder, {"listen": {"dns": f"127.0.0.1:{taken.getsockname()[1]}"}}, dns=dns)
        with pytest.raises(AssertionError, match="set listen.dns to another port"):
            egressd.start()


def test_stopping_answers_what_is_under_way(serve, dns):
    dns.script("slow.wild.test", Answer(("93.184.216.5",), silent=True))
    egressd = serve({"limits": {"resolve_timeout": "400ms"}})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(egressd.dns_address)
        sock.send(question("slow.wild.test"))
        wait_until(lambda: dns.asked("slow.wild.test"), "the question upstream")
        log = egressd.stop()
        sock.settimeout(seconds(1))
        assert dns_client.parse(sock.recv(1232)).rcode == "SERVFAIL"
    assert log.one(host="slow.wild.test").end["reason"] == "resolve-failed"
