"""How it ends: drained, at once, or killed."""

import errno
import signal
import socket
import threading

import pytest

from support.client import Client, get
from support.client_hello import client_hello
from support.egressd import TUNNEL
from support.origin import Origin, answering, ok
from support.timing import WORK, seconds, wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_egressd_stops_at_once(start, number):
    egressd = start()
    with Client(egressd.address) as idle:
        log = egressd.stop(number)
        idle.read_closed()
    assert log.records[0]["event"] == "policy" and log.records[-1]["event"] == "stop"


def test_what_is_in_flight_is_finished(start):
    """SIGTERM while an answer is half through: the listener closes, the answer arrives whole, then it stops."""
    go_on = threading.Event()

    def handle(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        go_on.wait(WORK)
        connection.send(b"-last")
        connection.read_rest()

    with Origin(handle, port=80):
        egressd = start({"allow": ["origin.test"], "limits": {"drain_timeout": "10s"}})
        client = egressd.client(timeout=WORK)
        client.send(get("http://origin.test/"))
        client.read_until(b"first")
        egressd.process.send_signal(signal.SIGTERM)

        def closed():
            with socket.socket() as probe:
                probe.settimeout(seconds(1))
                return probe.connect_ex(egressd.address) == errno.ECONNREFUSED

        wait_until(closed, "the listener's end")
        go_on.set()
        assert client.read_exactly(5) == b"-last"
        client.read_closed()
        assert egressd.process.wait(WORK) == 0
        log = egressd.journal()
        assert log.one(host="origin.test").end["reason"] == "allowed" and log.records[-1]["event"] == "stop"


def test_an_open_tunnel_ends_with_the_drain(start):
    """drain_timeout bounds the stop, and the record says why the tunnel ended."""
    with Origin(
        lambda connection: (connection.wait_for_bytes(), connection.send(b"\x16"), connection.read_rest()), port=443
    ):
        egressd = start({"allow": [TUNNEL], "limits": {"drain_timeout": "300ms"}})
        client = egressd.client(timeout=WORK).connect("origin.test:443")
        client.send(client_hello())
        client.read_exactly(1)
        egressd.process.send_signal(signal.SIGTERM)
        client.read_closed()
        assert egressd.process.wait(WORK) == 0
        assert egressd.journal().one(host="origin.test").end["reason"] == "shutdown"


def test_killed_and_started_again_the_chain_goes_on(start, tmp_path, dns):
    """kill -9: every attempt that was let through is on record, and the next run continues seq and chain and begins with its policy."""
    with Origin(answering(ok()), port=80):
        egressd = start({"allow": ["origin.test"]})
        client = egressd.client()
        for number in range(20):
            assert client.request(get(f"http://origin.test/{number}")).status == 200
        egressd.kill()
        before = egressd.journal()  # verifies
        assert [record["path"] for record in before.of("attempt")] == [f"/{number}" for number in range(20)]
        again = egressd.start()
        assert again.client().request(get("http://origin.test/after")).status == 200
        log = again.stop()
        assert len(log.of("policy")) == 2
        after = [record for record in log.of("attempt") if record["path"] == "/after"]
        assert len(after) == 1 and after[0]["id"] == log.of("end")[-1]["id"]


def test_a_torn_last_line_is_cut_off(start, origin):
    egressd = start()
    torn = b'{"v":1,"seq":%d,"ts":"20' % (len(egressd.stop().lines) + 1)
    with open(egressd.audit_file, "ab") as file:
        file.write(torn)
    egressd.start()
    log = egressd.stop()
    assert log.of("policy")[-1]["recovered_bytes"] == len(torn)
