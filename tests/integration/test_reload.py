"""SIGHUP: a whole new policy or the old one, and a log that can be rotated."""

import json
import os

from support.client import get
from support.client_hello import client_hello
from support.egressd import TUNNEL, assert_refused
from support.journal import Journal
from support.origin import Origin
from support.timing import wait_until


def test_a_new_policy_holds_for_the_next_request(start, origin, dns):
    dns.set("second.test", "93.184.216.35")
    egressd = start({"allow": ["origin.test"]})
    client = egressd.client()
    assert client.request(get("http://origin.test/")).status == 200
    assert_refused(client.request(get("http://second.test/")), "not-listed")
    egressd.write_config({"allow": ["second.test"]})
    egressd.wait_for_log("reloaded", start=egressd.reload())
    client = egressd.client()
    assert client.request(get("http://second.test/")).status == 200
    assert_refused(client.request(get("http://origin.test/")), "not-listed")
    log = egressd.stop()
    assert len(log.of("policy")) == 2 and log.of("policy")[0]["sha256"] != log.of("policy")[1]["sha256"]


def test_a_broken_file_keeps_the_old_policy(start, origin):
    egressd = start({"allow": ["origin.test"]})
    egressd.config_file.write_text("version: 1\nalow: [evil.test]\n")
    before = egressd.reload()
    egressd.wait_for_records(event="reload", ok=False)
    egressd.process.wait_for_line(lambda line: "allow.yaml:2:1" in line and "allow" in line, start=before)
    client = egressd.client()
    assert client.request(get("http://origin.test/")).status == 200
    assert_refused(client.request(get("http://evil.test/")), "not-listed")


def test_a_reload_that_weakens_says_what(start, origin):
    egressd = start({"allow": [{"domain": "origin.test", "methods": ["GET"]}], "deny": ["bad.test"]})
    egressd.write_config({"allow": ["origin.test", "more.test"]})
    before = egressd.reload()
    record = egressd.wait_for_records(event="reload", ok=True)[0]
    text = " ".join(record["weakenings"])
    assert "more.test" in text and "bad.test" in text and "origin.test" in text
    egressd.process.wait_for_line(
        lambda line: "more.test" in line and json.loads(line)["level"] == "warning", start=before
    )


def test_a_live_tunnel_that_the_new_policy_denies_is_closed(start, dns):
    def answer(connection):
        connection.wait_for_bytes()
        connection.send(b"\x16")
        connection.read_rest()

    second = {**TUNNEL, "domain": "second.test"}
    dns.set("second.test", "93.184.216.35")
    with Origin(answer, port=443) as origin:
        egressd = start({"allow": [TUNNEL, second]})
        clients = {}
        for name in ("origin.test", "second.test"):
            clients[name] = egressd.client().connect(f"{name}:443")
            clients[name].send(client_hello([name]))
            clients[name].read_exactly(1)
        egressd.write_config({"allow": [second]})
        egressd.reload()
        clients["origin.test"].read_closed()
        origin.wait_for(lambda server: server.connections[0].ended, "the end of the denied tunnel")
        egressd.wait_for_records(host="origin.test", reason="policy-changed")
        assert not origin.connections[1].ended
        clients["second.test"].send(b"still here")
        origin.wait_for(lambda server: b"still here" in server.received, "the other tunnel's bytes")


def test_a_live_download_that_the_new_policy_denies_is_closed(start):
    def endless(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin")
        connection.read_rest()

    with Origin(endless, port=80):
        egressd = start({"allow": ["origin.test"]})
        client = egressd.client()
        client.send(get("http://origin.test/"))
        client.read_until(b"begin")
        egressd.write_config({"allow": []})
        egressd.reload()
        client.read_to_end()
        egressd.wait_for_records(host="origin.test", reason="policy-changed")


def test_log_rotation_continues_the_chain(start, origin):
    """logrotate's way: rename, then SIGHUP. Both files verify, the second from the first one's last hash."""
    egressd = start({"allow": ["origin.test"]})
    client = egressd.client()
    assert client.request(get("http://origin.test/1")).status == 200
    egressd.wait_for_records(event="end", host="origin.test")
    old = egressd.audit_file.with_suffix(".old")
    os.rename(egressd.audit_file, old)
    egressd.reload()
    wait_until(egressd.audit_file.exists, "the new log")
    assert client.request(get("http://origin.test/2")).status == 200
    client.close()
    code = egressd.process.stop()
    assert code == 0
    first = Journal(old)
    second = Journal(egressd.audit_file, previous=first.last_hash)
    assert first.one(path="/1") and second.one(path="/2")
    assert second.records[0]["event"] in ("policy", "reload")
