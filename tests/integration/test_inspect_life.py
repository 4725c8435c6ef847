"""How an inspected connection ends: by a new policy, by a stop, by time, by either side; and what egressd needs before it starts at all."""

import os
import resource
import signal
import stat
import subprocess
import threading

import pytest
import yaml

from support.client import inner
from support.egressd import BINARY, assert_refused
from support.timing import WORK, seconds, wait_until


def _begin(connection):
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin")
    connection.read_rest()


def test_a_new_policy_ends_what_it_denies(start, serve_tls, dns):
    """A running answer, and a connection between two requests; another host's goes on."""
    dns.set("second.test", "93.184.216.35")
    serve_tls(lambda connection: _begin(connection))
    egressd = start({"allow": ["origin.test", "second.test"]})
    running, kept = egressd.inside(timeout=WORK), egressd.inside("second.test", timeout=WORK)
    running.send(inner("GET", "/running"))
    running.read_until(b"begin")
    kept.send(inner("GET", "/kept", host="second.test"))
    kept.read_until(b"begin")
    egressd.write_config({"allow": ["second.test"]})
    egressd.reload()
    running.read_to_end()
    assert running.truncated, "half an answer must not look whole"
    egressd.wait_for_records(host="origin.test", proto="http", reason="policy-changed")
    egressd.wait_for_records(host="origin.test", proto="connect", reason="policy-changed")
    assert not [record for record in egressd.journal().of("end") if record["host"] == "second.test"]


def test_a_new_policy_ends_an_idle_connection_that_it_denies(start, tls_origin):
    egressd = start()
    client = egressd.inside(timeout=WORK)
    assert client.request(inner("GET", "/")).status == 200
    egressd.write_config({"allow": []})
    egressd.reload()
    client.read_closed()
    egressd.wait_for_records(proto="connect", reason="policy-changed")


def test_a_new_rule_holds_for_the_next_request(start, tls_origin):
    """The host stays listed, so the connection stays open; its next request is judged by the new rule."""
    egressd = start({"allow": ["origin.test"], "workers": 1})
    client = egressd.inside(timeout=WORK)
    assert client.request(inner("GET", "/one")).status == 200
    egressd.write_config({"allow": [{"domain": "origin.test", "paths": ["/one"]}], "workers": 1})
    egressd.reload()

    def rule_is_in_force():
        """Asked by another client: a request under way that the new rule denies is cut off with its connection."""
        try:
            return egressd.inside(timeout=WORK).request(inner("GET", "/two")).status == 403
        except AssertionError:
            return False

    wait_until(rule_is_in_force, "the new rule")
    before = len(tls_origin.requests)
    assert_refused(client.request(inner("GET", "/two")), "path")
    assert client.request(inner("GET", "/one")).status == 200
    assert [request.line for request in tls_origin.requests[before:]] == ["GET /one HTTP/1.1"]


def test_a_stop_finishes_what_is_in_flight(start, serve_tls):
    """The answer arrives whole, with close_notify behind it."""
    go_on = threading.Event()

    def handle(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        go_on.wait(WORK)
        connection.send(b"-last")
        connection.read_rest()

    serve_tls(handle)
    egressd = start({"allow": ["origin.test"], "limits": {"drain_timeout": "10s"}})
    client = egressd.inside(timeout=WORK)
    client.send(inner("GET", "/"))
    client.read_until(b"first")
    start_line = egressd.log_length()
    egressd.process.send_signal(signal.SIGTERM)
    egressd.process.wait_for_line(lambda line: "stop" in line or "drain" in line, start=start_line)
    go_on.set()
    assert client.read_exactly(5) == b"-last"
    client.read_closed()
    assert not client.truncated
    assert egressd.process.wait(WORK) == 0
    log = egressd.journal()
    assert log.inner()[0].end["reason"] == "allowed" and log.records[-1]["event"] == "stop"


def test_a_stop_ends_what_does_not_finish(start, serve_tls):
    serve_tls(_begin)
    egressd = start({"allow": ["origin.test"], "limits": {"drain_timeout": "300ms"}})
    client = egressd.inside(timeout=WORK)
    client.send(inner("GET", "/"))
    client.read_until(b"begin")
    egressd.process.send_signal(signal.SIGTERM)
    client.read_to_end()
    assert client.truncated
    assert egressd.process.wait(WORK) == 0
    assert egressd.journal().inner()[0].end["reason"] == "shutdown"


def test_a_stop_does_not_wait_for_idle_connections(start, tls_origin):
    egressd = start({"allow": ["origin.test"], "limits": {"drain_timeout": "30s"}})
    client = egressd.inside(timeout=WORK)
    assert client.request(inner("GET", "/")).status == 200
    egressd.process.send_signal(signal.SIGTERM)
    client.read_closed()
    assert egressd.process.wait(WORK) == 0


def test_idle_keep_alive_ends_in_time(start, tls_origin):
    """With close_notify: the client knows that it has missed nothing."""
    egressd = start({"allow": ["origin.test"], "limits": {"keep_alive_timeout": "300ms"}})
    client = egressd.inside(timeout=WORK)
    assert client.request(inner("GET", "/")).status == 200
    client.read_closed()
    assert not client.truncated
    assert egressd.stop().reasons() == ["allowed", "allowed"]


def test_a_client_that_asks_nothing(start, tls_origin):
    """A handshake and then silence ends in time, and leaves the CONNECT's record alone."""
    egressd = start()
    client = egressd.inside(timeout=WORK)
    client.read_closed()
    log = egressd.stop()
    assert len(log.attempts()) == 1 and tls_origin.requests == []


@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("way", ["cut", "close", "half_close"])
def test_a_client_that_leaves_in_its_upload(start, serve_tls, framing, way):
    """By FIN without close_notify, by closing, by close_notify too early: the origin never sees the end of a body that did not end."""
    origin = serve_tls()
    egressd = start({"allow": [{"domain": "origin.test", "secrets": "off"}]})  # else the body is held, as in the next test
    client = egressd.inside()
    client.send(f"POST / HTTP/1.1\r\nHost: origin.test\r\n{framing}\r\n\r\n5\r\nab")
    origin.wait_for(lambda server: b"POST /" in server.received, "the request's head")
    getattr(client, way)()
    origin.wait_for(lambda server: server.connections[0].ended, "the end")
    assert origin.requests == [] and not origin.received.endswith(b"0\r\n\r\n")
    assert egressd.wait_for_records(proto="http")[0]["reason"] in ("client-aborted", "request-malformed")


@pytest.mark.parametrize("way", ["cut", "close", "half_close"])
def test_of_a_body_that_breaks_off_while_it_is_held_the_origin_hears_nothing(start, serve_tls, way):
    origin = serve_tls()
    egressd = start()
    client = egressd.inside()
    client.send("POST / HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 10\r\n\r\nab")
    egressd.wait_for_records(event="attempt", proto="http")
    getattr(client, way)()
    assert egressd.wait_for_records(event="end", proto="http")[0]["reason"] == "client-aborted"
    assert b"POST" not in origin.received


def test_a_client_that_leaves_in_its_download(start, serve_tls):
    """The origin's connection ends too, instead of sending on into nothing."""

    def endless(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not connection.peer_has_gone(within=seconds(0.02)):
            connection.send(b"4\r\ndata\r\n")

    origin = serve_tls(endless)
    egressd = start()
    client = egressd.inside()
    client.send(inner("GET", "/"))
    client.read_until(b"data")
    client.close()
    origin.wait_for(lambda server: server.connections[0].ended, "the end")
    assert egressd.wait_for_records(proto="http")[0]["reason"] == "client-aborted"


def test_an_unwritable_log_is_a_refusal_inside_tls(start, tls_origin):
    """What can't be recorded does not leave, and the client that is already inside is told so there."""
    egressd = start({"allow": ["origin.test"]}, wrapper=["prlimit", "--fsize=12288:unlimited"])
    client = egressd.inside(timeout=WORK)
    served = 0
    while (response := client.request(inner("GET", f"/{served}"))).status == 200:
        served += 1
        assert served < 200, "the log never got full"
    assert_refused(response, "audit-failed")
    wait_until(lambda: len(tls_origin.requests) >= served, "all that was let through")
    assert len(tls_origin.requests) == served
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(egressd.process.pid, resource.RLIMIT_FSIZE, unlimited)

    def recovered():
        with egressd.client(timeout=WORK) as probe:
            return probe.request("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n").status == 200

    wait_until(recovered, "recovery")


def test_the_key_is_for_egressd_alone(start):
    """Mode 0600 in a directory of mode 0700, whatever the umask; the certificate alone is for everybody."""
    egressd = start(wrapper=["sh", "-c", 'umask 0; exec "$@"', "sh"])
    state = egressd.folder / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "ca.key").stat().st_mode) == 0o600
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", egressd.ca_file], capture_output=True, text=True, check=True
    ).stdout
    assert "CA:TRUE" in text and "Certificate Sign" in text and "prime256v1" in text
    everything = egressd.process.output() + b"\n".join(egressd.stop().lines).decode()
    assert "PRIVATE KEY" not in everything and "PRIVATE KEY" not in egressd.ca_file.read_text()


def _start_error(folder, state):
    """Runs an egressd that must not start; what it said."""
    config = {"version": 1, "state": str(state), "listen": {"proxy": "127.0.0.1:0"}, "allow": ["origin.test"]}
    config["audit"] = {"file": str(folder / "audit.jsonl")}
    file = folder / "allow.yaml"
    file.write_text(yaml.safe_dump(config))
    done = subprocess.run([BINARY, "--config", file], capture_output=True, text=True, timeout=WORK, check=False)
    assert done.returncode == 2, done
    return done.stderr


@pytest.fixture
def made(start):
    """A state directory as egressd has made it."""
    egressd = start()
    egressd.stop()
    return egressd.folder / "state"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_key_that_others_can_read(made, tmp_path, mode):
    """Whoever could read it could play any host to every client that trusts it."""
    (made / "ca.key").chmod(mode)
    said = _start_error(tmp_path, made)
    assert "ca.key" in said and "chmod 600" in said, said


def test_a_state_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for state in (tmp_path / "file", tmp_path / "file" / "state", "/proc/state"):
        assert str(state) in _start_error(tmp_path, state)


@pytest.mark.parametrize("lost", ["ca.pem", "ca.key"])
def test_half_an_authority(made, tmp_path, lost):
    """Never silently made anew: clients trust the other half."""
    (made / lost).unlink()
    left = {path.name: path.read_bytes() for path in made.iterdir()}
    assert lost in _start_error(tmp_path, made)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == left


@pytest.mark.parametrize("broken", ["ca.pem", "ca.key"])
def test_a_broken_authority(made, tmp_path, broken):
    (made / broken).write_text("no PEM\n")
    os.chmod(made / broken, 0o600)
    assert broken in _start_error(tmp_path, made)


def test_a_key_of_another_authority(made, start, tmp_path):
    other = start()
    (made / "ca.key").write_bytes((other.folder / "state" / "ca.key").read_bytes())
    said = _start_error(tmp_path, made)
    assert "ca.key" in said, said
