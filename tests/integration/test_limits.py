"""Running out of something is a refusal with a reason, and passes."""

import socket
import subprocess
import threading

from support.client import get
from support.client_hello import client_hello
from support.egressd import BINARY, TUNNEL
from support.origin import Origin
from support.timing import WORK, seconds, wait_until


def _answer(connection):
    connection.wait_for_bytes()
    connection.send(b"\x16")
    connection.read_rest()


def test_descriptors_run_out_and_come_back(start, origin):
    """With 64 descriptors: tunnels until there are no more, refusals with a reason then, and service again when they end."""
    with Origin(_answer, port=443):
        egressd = start({"allow": [TUNNEL]}, wrapper=["prlimit", "--nofile=64:64"])
        opened, refused = [], []
        for _ in range(60):
            client = egressd.client(timeout=seconds(2))
            try:
                response = client.request("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n")
            except AssertionError:
                refused.append(None)  # not even accepted
                client.close()
                continue
            if response.status == 200:
                client.send(client_hello())
                opened.append(client)
            else:
                refused.append(response)
                client.close()
        assert opened and refused
        for response in filter(None, refused):
            assert response.status in (429, 502, 503) and response.header("proxy-status"), response
        assert any(refused), "nobody was told why"
        for client in opened:
            client.close()
        wait_until(
            lambda: egressd.client(timeout=WORK).request(get("http://origin.test/")).status == 200, "service again"
        )


def test_a_connection_limit_of_our_own(start):
    with Origin(_answer, port=443):
        egressd = start({"allow": [TUNNEL], "limits": {"connections": 4}})
        clients = [egressd.client().connect("origin.test:443") for _ in range(4)]
        refused = egressd.client(timeout=seconds(2))
        refused.send("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n")
        assert b" 200 " not in refused.read_to_end()
        for client in clients:
            client.close()
        wait_until(
            lambda: egressd.client().request("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n").status
            == 200,
            "service again",
        )


def test_slow_clients_do_not_hold_up_others(start, origin):
    """A hundred half-written headers and a served request beside them."""
    egressd = start({"allow": ["origin.test"], "limits": {"header_timeout": "10s"}})
    slow = [egressd.client() for _ in range(100)]
    for client in slow:
        client.send("GET http://origin.test/ HTTP/1.1\r\nHost: ")
    assert egressd.client().request(get("http://origin.test/")).status == 200


def test_connections_without_a_byte_leave_no_record(start):
    """Health checks and port scans are no attempts."""
    egressd = start()
    for _ in range(5):
        socket.create_connection(egressd.address).close()
    assert egressd.stop().attempts() == []


def test_garbage_of_every_first_byte(start):
    """Any first byte gets an answer or an end within a second, and never a crash."""
    egressd = start()
    for first in range(256):
        with egressd.client(timeout=WORK) as client:
            client.send(bytes([first]) + b"\x00\xffgarbage\r\n\r\n")
            client.half_close()
            client.read_to_end()
    assert egressd.process.running()


def test_memory_stays_bounded_under_a_body_nobody_reads(start):
    """A 200 MB upload to an origin that has stopped reading: the client is slowed down, egressd does not buffer it."""

    def stuck(connection):
        connection.read_head()
        done.wait(WORK * 2)

    done = threading.Event()
    with Origin(stuck, port=80):
        egressd = start()

        def resident():
            status = open(f"/proc/{egressd.process.pid}/status", encoding="ascii").read()
            return int(status.split("VmRSS:")[1].split()[0])

        before = resident()
        sock = socket.create_connection(egressd.address)
        sock.sendall(b"POST http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 200000000\r\n\r\n")
        sock.settimeout(seconds(0.5))
        sent = 0
        try:
            while sent < 200_000_000:
                sent += sock.send(bytes(1 << 20))
        except TimeoutError:
            pass  # nothing moves any more: everybody's buffer is full
        assert sent < 100_000_000
        assert resident() - before < 20_000
        sock.close()
        done.set()


def test_a_listener_without_an_address_is_refused(tmp_path):
    """A daemon that nobody can reach would look like one that allows nothing."""
    file = tmp_path / "allow.yaml"
    file.write_text(f"version: 1\nlisten: {{proxy: 'nonsense'}}\naudit: {{file: {tmp_path}/a.jsonl}}\n")
    done = subprocess.run([BINARY, "--config", file], capture_output=True, text=True, timeout=WORK, check=False)
    assert done.returncode == 2 and "allow.yaml:2" in done.stderr
