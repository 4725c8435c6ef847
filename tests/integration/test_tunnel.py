"""Tunnels: what they cost, how they end, and that bytes pass unchanged."""

import collections
import hashlib
import os
import threading

from support.client_hello import client_hello
from support.egressd import TUNNEL
from support.origin import Origin
from support.timing import WORK, wait_until

BLOCK = os.urandom(1 << 20)


def _open(egressd, **options):
    client = egressd.client(**options).connect("origin.test:443")
    client.send(client_hello())
    return client


def _kinds(egressd):
    return collections.Counter(name.split(":")[0] for name in egressd.descriptors())


def _echo_hello(connection):
    connection.wait_for_bytes()
    connection.send(b"\x16hello")
    connection.read_rest()


def test_real_tls_through_a_tunnel(start, tls_origin, authority):
    client = start({"allow": [TUNNEL]}).client().connect("origin.test:443").start_tls("origin.test", authority.certificate)
    client.send("GET /inside HTTP/1.1\r\nHost: origin.test\r\n\r\n")
    assert client.read_until(b"ok").startswith(b"HTTP/1.1 200")
    assert tls_origin.requests[0].line == "GET /inside HTTP/1.1"


def test_50_mb_each_way_at_once(start):
    """Both directions full at the same time, compared by hash."""

    def handle(connection):
        connection.read_exactly(len(client_hello()))
        sender = threading.Thread(target=lambda: [connection.send(BLOCK) for _ in range(50)], daemon=True)
        sender.start()
        total = hashlib.sha256()
        for _ in range(50):
            total.update(connection.read_exactly(len(BLOCK)))
        sender.join(WORK)
        connection.send(total.digest())
        connection.finish_sending()

    with Origin(handle, port=443):
        egressd = start({"allow": [TUNNEL]})
        client = _open(egressd, timeout=WORK * 2)
        sender = threading.Thread(target=lambda: [client.send(BLOCK) for _ in range(50)], daemon=True)
        sender.start()
        total = hashlib.sha256()
        for _ in range(50):
            total.update(client.read_exactly(len(BLOCK)))
        expected = hashlib.sha256(BLOCK * 50).digest()
        assert total.digest() == expected
        assert client.read_exactly(32) == expected
        sender.join(WORK)
        client.half_close()
        client.read_closed()
        end = egressd.stop().one(host="origin.test").end
        assert end["bytes_up"] == len(client_hello()) + 50 * len(BLOCK) and end["bytes_down"] == 50 * len(BLOCK) + 32


def test_half_close_travels_both_ways(start):
    """A client that has finished still gets what the origin has to say, and the other way round."""

    def handle(connection):
        connection.read_rest()
        connection.send(b"after your end")
        connection.finish_sending()

    with Origin(handle, port=443) as origin:
        client = _open(start({"allow": [TUNNEL]}))
        client.half_close()
        assert client.read_to_end() == b"after your end"
        assert origin.received == client_hello()


def test_origin_half_close_keeps_the_upload(start):
    def handle(connection):
        connection.wait_for_bytes()
        connection.send(b"first")
        connection.finish_sending()
        connection.read_rest()

    with Origin(handle, port=443) as origin:
        client = _open(start({"allow": [TUNNEL]}))
        assert client.read_to_end() == b"first"
        client.send(b"still talking")
        origin.wait_for(lambda server: server.received.endswith(b"still talking"), "the rest")


def test_a_reset_ends_the_tunnel_on_both_sides(start):
    with Origin(lambda connection: (connection.wait_for_bytes(), connection.reset()), port=443):
        egressd = start({"allow": [TUNNEL]})
        client = _open(egressd)
        client.read_to_end()
        assert egressd.wait_for_records(host="origin.test")


def test_an_idle_tunnel_holds_two_descriptors_and_no_pipe(start):
    """As many idle tunnels as descriptors allow: splice's pipes are borrowed only while bytes move."""
    with Origin(_echo_hello, port=443):
        egressd = start({"allow": [TUNNEL]})
        warm = _open(egressd)
        warm.read_exactly(6)
        wait_until(lambda: not any(kind.endswith(".crt") for kind in _kinds(egressd)), "the system's roots to be read")
        before = _kinds(egressd)
        for client in [_open(egressd) for _ in range(50)]:
            client.read_exactly(6)
        wait_until(
            lambda: _kinds(egressd)["pipe"] - before["pipe"] <= 16, "pipes to be given back"
        )  # each worker keeps a few
        after = _kinds(egressd)
        assert after["socket"] - before["socket"] == 100, after
        assert set(after) == set(before) and all(
            after[kind] == before[kind] for kind in after if kind not in ("socket", "pipe")
        ), after


def test_idle_timeout_closes_a_tunnel(start):
    with Origin(_echo_hello, port=443):
        egressd = start({"allow": [TUNNEL], "limits": {"idle_timeout": "1s"}})
        client = _open(egressd, timeout=WORK)
        client.read_exactly(6)
        client.read_closed()
        assert egressd.stop().one(host="origin.test").end["reason"] == "timeout"


def test_traffic_in_one_direction_keeps_a_tunnel_alive(start):
    """A long download without a byte the other way is not idle."""
    go = threading.Semaphore(0)

    def handle(connection):
        connection.wait_for_bytes()
        for _ in range(6):
            go.acquire(timeout=0.4)  # paced by the clock on purpose: the sum is longer than the idle timeout
            connection.send(b"tick")
        connection.finish_sending()

    with Origin(handle, port=443):
        egressd = start({"allow": [TUNNEL], "limits": {"idle_timeout": "1s"}})
        client = _open(egressd, timeout=WORK)
        assert client.read_exactly(24) == b"tick" * 6


def test_many_tunnels_at_once(start):
    with Origin(_echo_hello, port=443) as origin:
        egressd = start({"allow": [TUNNEL]})
        clients = [_open(egressd, timeout=WORK) for _ in range(200)]
        for client in clients:
            assert client.read_exactly(6) == b"\x16hello"
        assert len(origin.connections) == 200
        log = egressd.stop()
        assert len(log.attempts(host="origin.test", decision="allow")) == 200
