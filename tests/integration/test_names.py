"""Names, addresses and who is asked about them, beyond what a scenario file can show."""

import socket

import pytest

from support.client import get
from support.client_hello import client_hello
from support.dns_server import Answer
from support.egressd import TUNNEL, assert_refused
from support.origin import Origin, listen
from support.servers import Dnsmasq
from support.timing import seconds


def test_one_lookup_for_each_connection(start, origin, dns):
    """TTL 0 and a new answer for each question: each connection goes to the address of its own lookup, which was asked for once."""
    dns.script("origin.test", Answer(("93.184.216.1",)), Answer(("93.184.216.2",)), Answer(("10.0.0.1",)))
    egressd = start()
    for number in (1, 2):
        with egressd.client() as client:
            assert client.request(get("http://origin.test/", "Connection: close")).status == 200
        assert len([query for query in dns.asked("origin.test") if query.kind == "A"]) <= number
    dialled = [connection.local for connection in origin.connections]
    log = egressd.stop()
    assert [pair.end["ip"] for pair in log.attempts()][: len(dialled)] == dialled or set(dialled) == {"93.184.216.1"}
    assert "10.0.0.1" not in dialled


def test_the_checked_address_is_the_dialled_one(start, dns):
    """Many tunnels while the answer flips between a public and a forbidden address: never a byte or a connection to the forbidden one."""
    dns.script("origin.test", *[Answer(("93.184.216.34",) if number % 2 else ("127.0.0.1",)) for number in range(40)])
    with Origin(port=443) as origin:
        egressd = start({"allow": [TUNNEL]})
        statuses = []
        for _ in range(20):
            with egressd.client() as client:
                statuses.append(
                    client.request("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n").status
                )
        assert set(statuses) == {200, 403}
        origin.wait_for(lambda server: len(server.connections) == statuses.count(200), "one connection for each 200")
        assert {connection.local for connection in origin.connections} == {"93.184.216.34"}


def test_happy_eyeballs_refused_first_address(start, dns):
    """IPv6 comes first and refuses; IPv4 serves, and the log names the address that did."""
    dns.set("origin.test", "2606:4700::1", "93.184.216.34")
    with Origin(port=80, address="93.184.216.34") as origin:
        egressd = start()
        assert egressd.client().request(get("http://origin.test/")).status == 200
        assert len(origin.connections) == 1
        assert egressd.stop().one(host="origin.test").end["ip"] == "93.184.216.34"


def _full_listener(address, port):
    """A listener whose queue is full: a SYN to it gets no answer, as behind a firewall that drops."""
    listener = listen(address, port, backlog=0)
    waiting = []
    for _ in range(8):
        sock = socket.socket(listener.family)
        sock.setblocking(False)
        sock.connect_ex((address, port))
        waiting.append(sock)
    return [listener, *waiting]


def test_happy_eyeballs_silent_first_address(start, dns):
    """The first address drops what it gets; the second one is tried after the RFC 8305 delay, not after the connect timeout."""
    dns.set("origin.test", "93.184.216.33", "93.184.216.34")
    first, second = "93.184.216.33", "93.184.216.34"
    held = _full_listener(first, 80)
    try:
        with Origin(port=80, address=second) as origin:
            egressd = start({"allow": ["origin.test"], "limits": {"connect_timeout": "10s"}})
            assert egressd.client(timeout=seconds(2)).request(get("http://origin.test/")).status == 200
            assert len(origin.connections) == 1
    finally:
        for sock in held:
            sock.close()


def test_connect_timeout(start, dns):
    dns.set("origin.test", "93.184.216.33")
    held = _full_listener("93.184.216.33", 80)
    try:
        egressd = start({"allow": ["origin.test"], "limits": {"connect_timeout": "300ms"}})
        assert_refused(egressd.client(timeout=seconds(2)).request(get("http://origin.test/")), "timeout", 504)
        assert egressd.stop().one(host="origin.test").end["reason"] == "timeout"
    finally:
        for sock in held:
            sock.close()


def test_own_port_is_never_dialled(start, dns):
    """Not by a name, not by an address, not by a `private:` that covers it: a loop would eat every descriptor."""
    egressd = start({"allow": ["origin.test"]})
    port = egressd.address[1]
    egressd.stop()
    dns.set("self.test", "127.0.0.1")
    config = {
        "listen": {"proxy": f"127.0.0.1:{port}"},
        "allow": [
            {"domain": "self.test", "ports": [port], "private": ["127.0.0.0/8"]},
            {"domain": "127.0.0.1", "ports": [port], "private": ["127.0.0.0/8"]},
        ],
    }
    egressd = start(config)
    for host in ("self.test", "127.0.0.1"):
        assert_refused(egressd.client().request(get(f"http://{host}:{port}/")), "self-connection")
        assert_refused(
            egressd.client().request(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"),
            "self-connection",
        )
    assert [pair.end["reason"] for pair in egressd.stop().attempts()] == ["self-connection"] * 4


def test_a_loop_through_another_proxy_is_seen(start, dns):
    """Two egressds that are each other's parent: the request comes round once and is refused by its Via field."""
    first = start({"allow": ["origin.test"]})
    port = first.address[1]
    first.stop()
    dns.set("first.test", "127.0.0.1")
    second = start({"allow": ["origin.test"], "upstream": {"proxy": f"http://127.0.0.1:{port}"}})
    first = start(
        {"listen": {"proxy": f"127.0.0.1:{port}"}, "allow": ["origin.test"], "upstream": {"proxy": second.url}}
    )
    response = first.client(timeout=seconds(5)).request(get("http://origin.test/"))
    assert response.status in (403, 502), response
    reasons = [pair.end["reason"] for pair in first.stop().attempts()]
    assert "self-connection" in reasons and len(reasons) == 2
    second.stop()


SOCKS = b"\x05\x01\x00\x05\x01\x00\x03"


@pytest.mark.parametrize("name", ["evil.test", "c2VjcmV0LWRhdGE.evil.test", "origin.test.evil.test"])
def test_a_denied_name_is_never_asked_for(start, origin, dns, name):
    """By every way in at once, and while an allowed name is being asked for."""
    egressd = start({"allow": [TUNNEL]})
    requests = [
        get(f"http://{name}/").encode(),
        f"CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\n\r\n".encode(),
        f"GET http://origin.test/ HTTP/1.1\r\nHost: {name}\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode(),
        SOCKS + bytes([len(name)]) + name.encode() + b"\x01\xbb",
    ]
    for request in requests:
        with egressd.client() as client:
            client.send(request)
            client.half_close()
            assert client.read_to_end()
    with Origin(port=443) as tls, egressd.client() as client:
        client.connect("origin.test:443").send(client_hello([name]))
        client.read_to_end()
        assert tls.received == b""
    egressd.stop()
    assert {query.name.lower() for query in dns.queries} == {"origin.test"}
    assert origin.connections == []


def test_static_hosts_are_never_asked_for(start, origin, dns):
    """dns.hosts answers alone; its addresses are judged like any other."""
    egressd = start(
        {
            "allow": ["static.test", "inside.test"],
            "dns": {"hosts": {"static.test": ["93.184.216.77"], "inside.test": ["192.168.0.1"]}},
        }
    )
    client = egressd.client()
    assert client.request(get("http://static.test/")).status == 200
    assert_refused(client.request(get("http://inside.test/")), "address-forbidden")
    assert dns.queries == [] and [connection.local for connection in origin.connections] == ["93.184.216.77"]


def test_a_real_resolver(start, origin, tmp_path):
    """dnsmasq, with both families."""
    with Dnsmasq(tmp_path, {"origin.test": ["93.184.216.34", "2606:4700::1"]}) as resolver:
        egressd = start({"allow": ["origin.test", "missing.test"], "dns": {"upstream": [resolver.address]}})
        client = egressd.client()
        assert client.request(get("http://origin.test/")).status == 200
        assert client.request(get("http://missing.test/")).status == 502


def test_the_second_server_is_asked_when_the_first_is_dead(start, origin, dns):
    egressd = start(
        {
            "allow": ["origin.test"],
            "limits": {"resolve_timeout": "5s"},
            "dns": {"upstream": ["127.0.0.1:9", dns.address]},
        }
    )
    assert egressd.client(timeout=seconds(5)).request(get("http://origin.test/")).status == 200


def test_resolver_comes_back(start, origin, dns):
    """A failed lookup is not remembered."""
    dns.script("origin.test", Answer(rcode=2), Answer(rcode=2), Answer(rcode=2), Answer(("93.184.216.34",)))
    egressd = start()
    statuses = []
    for _ in range(6):
        statuses.append(egressd.client(timeout=seconds(3)).request(get("http://origin.test/")).status)
    assert statuses[0] == 502 and statuses[-1] == 200
