"""Starts the real binary on a configuration of the test's own, waits for its ready line, and reads what it leaves behind."""

import json
import os
import pathlib
import re
import signal

import yaml

from . import dns_client
from .client import Client
from .journal import UUID7, Journal
from .process import Process
from .timing import PATIENCE, REFUSAL, WORK, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("EGRESSD_BINARY", ROOT / "build/release/egressd"))
if not BINARY.is_absolute():
    BINARY = ROOT / BINARY

# A host that is not looked into: what most tests of tunnels allow.
TUNNEL = {"domain": "origin.test", "tls": "tunnel"}

# Short waits, so that a test of a deadline takes no longer than it must.
_milliseconds = {
    "client_hello_timeout": 300,
    "header_timeout": 500,
    "connect_timeout": 1500,
    "resolve_timeout": 1000,
    "idle_timeout": 20000,
    "keep_alive_timeout": 10000,
    "response_timeout": 10000,
    "drain_timeout": 500,
}
LIMITS = {key: f"{round(value * PATIENCE)}ms" for key, value in _milliseconds.items()}

PROBLEM = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|terminate called|Assertion")

# What is said about the configuration has the form that editors know, also where the rest is JSON.
CONFIG_WARNING = re.compile(r".*allow\.yaml:\d+:\d+: warning: ")


def _merged(base, over):
    """`over` on top of `base`, sections joined."""
    result = dict(base)
    for key, value in over.items():
        result[key] = (
            _merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
        )
    return result


class Egressd:
    """`config` is what stands in allow.yaml besides the listener, the state, the log and short limits, which every test has. `trusted` is the
    file of the authority that signs the test's TLS origins."""

    _databases = {}  # of all tests: what the rules compile to, by the name of the file

    def __init__(self, folder, config=None, *, dns=None, trusted=None, env=None, wrapper=(), arguments=()):
        self.folder = pathlib.Path(folder)
        self.config_file = self.folder / "allow.yaml"
        self.audit_file = self.folder / "audit.jsonl"
        self.ca_file = self.folder / "state" / "ca.pem"
        self._dns, self._trusted = dns, trusted
        self._command = [*wrapper, BINARY, "--config", self.config_file, *arguments]
        self._env = {
            "PATH": os.environ["PATH"],
            **{key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")},
            **(env or {}),
        }
        self.write_config(config or {})
        self.process = None
        self.clients = []

    def write_config(self, config):
        base = {
            "version": 1,
            "state": str(self.folder / "state"),
            "listen": {"proxy": "127.0.0.1:0"},
            "audit": {"file": str(self.audit_file)},
            "limits": LIMITS,
        }
        if self._dns:
            base["dns"] = {"upstream": [self._dns.address]}
        if self._trusted:
            base["upstream"] = {"ca": [str(self._trusted)]}
        self.config_file.write_text(yaml.safe_dump(_merged(base, config), sort_keys=False))

    def _seed_state(self):
        """Compiled rules of an earlier start: compiling takes a second, and most tests are not about it."""
        state = self.folder / "state"
        if not self._databases or state.exists():
            return
        state.mkdir(mode=0o700)
        for name, data in self._databases.items():
            with open(os.open(state / name, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
                file.write(data)

    def _keep_databases(self):
        for file in (self.folder / "state").glob("rules-*.db"):
            self._databases.setdefault(file.name, file.read_bytes())

    def start(self):
        self._seed_state()
        self.process = Process(self._command, env=self._env, cwd=self.folder)
        listening = json.loads(self.wait_for_log("listening", listener="proxy"))
        host, port = listening["address"].rsplit(":", 1)
        self.address = (host.strip("[]"), int(port))
        self.url = f"http://{host}:{port}"
        self.wait_for_log("ready")
        if "dns" in yaml.safe_load(self.config_file.read_text())["listen"]:
            listening = json.loads(self.wait_for_log("listening", listener="dns"))
            host, port = listening["address"].rsplit(":", 1)
            self.dns_address = (host.strip("[]"), int(port))
        self._keep_databases()
        return self

    def log_length(self):
        return len(self.process.stderr)

    def wait_for_log(self, event, *, start=0, **fields):
        """The line of the operator's log with this event and these fields."""

        def matches(line):
            try:
                record = json.loads(line)
            except ValueError:
                return False
            return record.get("event") == event and all(record.get(key) == value for key, value in fields.items())

        return self.process.wait_for_line(matches, start=start)

    def client(self, **options):
        try:
            client = Client(self.address, **options)
        except ConnectionRefusedError:
            if self.process.ends_soon():
                raise AssertionError("egressd is gone:\n" + self.process.output()) from None
            raise
        self.clients.append(client)
        return client

    def inside(self, name="origin.test", port=443, *, timeout=REFUSAL, **tls):
        """A client that went through CONNECT and a TLS handshake with egressd's own certificate for `name`; `tls` is start_tls()'s."""
        client = self.client(timeout=timeout).connect(f"{name}:{port}")
        return client.start_tls(name, self.ca_file, **tls)

    def resident(self):
        """KiB of memory."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0])

    def ask(self, name, kind="A", **options):
        """What its DNS server answers; `options` are dns_client.ask()'s."""
        return dns_client.ask(self.dns_address, name, kind, **options)

    def reload(self):
        """SIGHUP; returns where the operator's log was, for wait_for_log(start=…)."""
        start = self.log_length()
        self.process.send_signal(signal.SIGHUP)
        return start

    def journal(self):
        return Journal(self.audit_file)

    def wait_for_records(self, count=1, event="end", **fields):
        """At least `count` records with these fields, read while it runs."""

        def found():
            records = [
                record
                for record in self.journal().of(event)
                if all(record.get(key) == value for key, value in fields.items())
            ]
            return records if len(records) >= count else None

        return wait_until(found, f"{count} {event} records with {fields}")

    def descriptors(self):
        """What each open descriptor is: "socket:[…]", "pipe:[…]", a path."""
        folder = f"/proc/{self.process.pid}/fd"
        names = []
        for number in os.listdir(folder):
            try:
                names.append(os.readlink(f"{folder}/{number}"))
            except FileNotFoundError:
                pass  # closed meanwhile
        return names

    def stop(self, number=signal.SIGTERM):
        """Ends it and returns the whole log. A bad exit, a sanitizer's report or a broken log fails the test."""
        for client in self.clients:
            client.close()
        code = self.process.stop(number, timeout=WORK)
        assert code == 0, f"exit code {code}:\n" + self.process.output()
        self.check_output()
        return self.journal()

    def check_output(self):
        for line in self.process.stderr:
            assert not PROBLEM.search(line), self.process.output()
            if CONFIG_WARNING.match(line):
                continue
            assert json.loads(line)["level"] in ("debug", "info", "warning", "error", "critical"), line

    def kill(self):
        """Ends it without a word, as the kernel would."""
        for client in self.clients:
            client.close()
        if self.process:
            self.process.kill()


# Which RFC 9209 error goes with which status; a refusal has exactly one of these.
STATUS_OF = {
    "not-listed": 403,
    "denied-by-rule": 403,
    "port": 403,
    "method": 403,
    "path": 403,
    "address-forbidden": 403,
    "self-connection": 403,
    "upgrade-refused": 403,
    "audit-failed": 403,
    "policy-changed": 403,
    "inspection-impossible": 403,
    "secret-found": 403,
    "secret-foreign": 403,
    "dns-tunnel": 403,
    "tls-upstream-invalid": 502,
    "identity-mismatch": 421,
    "request-malformed": 400,
    "name-invalid": 400,
}


def assert_refused(response, reason, status=None):
    """Is this a refusal as every part of egressd words it? Returns the decision id."""
    expected = status or STATUS_OF[reason]
    assert response.status == expected, f"{response.head!r} {response.body!r}"
    assert re.search(
        rf'^egressd; error=[a-z_]+;.*details="{reason}"', response.header("proxy-status") or ""
    ), response.head
    identity = response.header("egressd-decision")
    assert identity and UUID7.fullmatch(identity), response.head
    assert response.body, "a refusal explains itself"
    return identity
