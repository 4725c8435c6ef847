"""The log as a promise: written before anything leaves, whole, chained, and when it can't be written nothing leaves."""

import json
import resource
import subprocess

import pytest
import yaml

from support.client import get
from support.egressd import BINARY, assert_refused
from support.timing import WORK, wait_until


def test_the_first_record_is_the_permission_record(start):
    egressd = start({"allow": [{"domain": "origin.test", "methods": "read-only"}]})
    log = egressd.stop()
    first = log.records[0]
    assert first["event"] == "policy" and first["mode"] == "enforce" and len(first["sha256"]) == 64 and first["version"]
    assert "origin.test" in json.dumps(first["policy"])
    assert log.records[-1]["event"] == "stop"
    assert egressd.audit_file.stat().st_mode & 0o777 == 0o600


def test_the_attempt_is_on_record_before_the_first_query(start, dns, origin):
    """The resolver is asked only when the attempt can already be read in the file."""
    seen = []
    reply = dns._reply

    def check(packet, transport, port):
        if not seen:
            seen.append([record["host"] for record in egressd.journal().of("attempt")])
        return reply(packet, transport, port)

    dns._reply = check
    egressd = start()
    assert egressd.client().request(get("http://origin.test/")).status == 200
    assert seen == [["origin.test"]]


def test_one_attempt_is_one_line_whatever_it_holds(start):
    """Escapes, quotes, terminal sequences and invalid UTF-8 in every field that an agent may choose."""
    egressd = start()
    for raw in (
        b'GET http://evil.test/%1b%5b31m"\\x HTTP/1.1\r\nHost: evil.test\r\nUser-Agent: \xff\xfe"}\x85\r\n\r\n',
        b"GET http://evil.test/?a\xc3=1 HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        b'G"T http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n',
        b"\x05\x01\x00\x05\x01\x00\x03\x08\x1b[31m\n\"\\\x00\x50",
    ):
        with egressd.client() as client:
            client.send(raw)
            client.half_close()
            client.read_to_end()
    log = egressd.stop()  # which checks every byte of every line
    assert len(log.attempts()) == 4


def test_repeated_denials_are_counted(start):
    """The first ten have records of their own; the rest one with a count, whose id they are told."""
    egressd = start()
    client = egressd.client()
    ids = [assert_refused(client.request(get("http://evil.test/")), "not-listed") for _ in range(50)]
    assert_refused(client.request(get("http://other.test/")), "not-listed")
    log = egressd.stop()
    pairs = log.attempts(host="evil.test")
    assert len(pairs) == 11
    assert pairs[-1].end["repeated"] >= 39
    assert set(ids) == {pair.id for pair in pairs}
    assert len(log.attempts(host="other.test")) == 1


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system with room for some fifty records, in the suite's own mount namespace."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_denies_and_recovers(start, origin, tiny_disk):
    """No request reaches the origin unrecorded; when there is room again, it goes on by itself and loses no record in between."""
    egressd = start({"allow": ["origin.test"], "audit": {"file": str(tiny_disk / "audit.jsonl")}})
    egressd.audit_file = tiny_disk / "audit.jsonl"
    filler = tiny_disk / "filler"
    try:
        filler.write_bytes(bytes(1 << 20))
    except OSError:
        pass  # that was the point
    client = egressd.client()
    answered = 0
    while (response := client.request(get("http://origin.test/"), timeout=WORK)).status == 200:
        answered += 1
        assert answered < 200, "the disk never got full"
    assert_refused(response, "audit-failed")
    wait_until(lambda: len(origin.requests) >= answered, "all requests that were let through")
    assert len(origin.requests) == answered
    tunnel = egressd.client().request("CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n", timeout=WORK)
    assert_refused(tunnel, "audit-failed")
    filler.unlink()

    def recovered():
        return egressd.client().request(get("http://origin.test/after"), timeout=WORK).status == 200

    wait_until(recovered, "recovery")
    log = egressd.stop()
    served = [pair for pair in log.attempts() if pair.end["reason"] == "allowed"]
    assert len(served) == len(origin.requests) and served[-1].attempt["path"] == "/after"


def test_a_file_size_limit_denies(start, origin):
    """RLIMIT_FSIZE: write(2) fails with EFBIG, and the signal that comes with it does not kill."""
    egressd = start({"allow": ["origin.test"]}, wrapper=["prlimit", "--fsize=8192:unlimited"])
    client = egressd.client()
    for _ in range(200):
        response = client.request(get("http://origin.test/"), timeout=WORK)
        if response.status != 200:
            break
    assert_refused(response, "audit-failed")
    reached = len(origin.requests)
    assert_refused(client.request(get("http://origin.test/"), timeout=WORK), "audit-failed")
    assert len(origin.requests) == reached
    limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(egressd.process.pid, resource.RLIMIT_FSIZE, limits)
    wait_until(lambda: egressd.client().request(get("http://origin.test/"), timeout=WORK).status == 200, "recovery")


def test_on_failure_continue_lets_traffic_go_on(start, origin):
    egressd = start(
        {"allow": ["origin.test"], "audit": {"on_failure": "continue"}}, wrapper=["prlimit", "--fsize=8192:unlimited"]
    )
    client = egressd.client()
    for _ in range(60):
        assert client.request(get("http://origin.test/"), timeout=WORK).status == 200
    limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(egressd.process.pid, resource.RLIMIT_FSIZE, limits)


def test_two_daemons_never_share_a_log(start, dns, tmp_path):
    first = start()
    second = start_error(tmp_path, {"audit": {"file": str(first.audit_file)}})
    assert second.returncode == 2 and str(first.audit_file) in second.stderr


def start_error(folder, config):
    """Runs a daemon that must not start."""
    file = folder / "second.yaml"
    base = {"version": 1, "state": str(folder / "state"), "listen": {"proxy": "127.0.0.1:0"}}
    file.write_text(yaml.safe_dump({**base, **config}))
    return subprocess.run([BINARY, "--config", file], capture_output=True, text=True, timeout=WORK, check=False)
