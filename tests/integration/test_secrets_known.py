"""Values that the operator has, and canaries, in live traffic. The verdict is what the recording origin and DNS server have received, what
the client was told, and what the log says; in none of them may a value stand, in no spelling."""

import base64
import json
import os
import pathlib
import secrets
import urllib.parse

import pytest

from support.client import get
from support.command import run
from support.egressd import BINARY, assert_refused
from support.process import Process
from support.timing import WORK, wait_until
from support.tokens import BASE62

# A rule that finds nothing here, so that nothing but what is known can be found.
RULES = """version: 1
rules:
  - id: test-token
    description: Token of a test
    pattern: "t[s]t_[0-9A-Za-z]{36}"
"""
CANARIES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "NPM_TOKEN", "STRIPE_SECRET_KEY"]


def random_value(length=28):
    """A letter first and last, so that no spelling depends on where it stands."""
    return "k" + "".join(secrets.choice(BASE62) for _ in range(length - 2)) + "Z"


@pytest.fixture
def start(start, tmp_path):
    """conftest's, with this rule."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)

    def starter(config=None, **options):
        config = {"allow": ["origin.test", "*.origin.test"], **(config or {})}
        config["secrets"] = {"rules": [str(rules)], **config.get("secrets", {})}
        return start(config, **options)

    return starter


@pytest.fixture
def value():
    return random_value()


@pytest.fixture(params=["env", "file"])
def knowing(request, start, tmp_path, value):
    """An egressd that knows `value`, and the name by which it does."""
    if request.param == "env":
        return start({"secrets": {"known": [{"env": ["DEPLOY"]}]}}, env={"DEPLOY": value}), "env:DEPLOY"
    file = tmp_path / "app.env"
    file.write_text(f"# of the app\nREGION=eu-central-1\nDB_PASSWORD='{value}'\n")
    return start({"secrets": {"known": [{"file": str(file)}]}}), "app.env:DB_PASSWORD"


def post(body):
    return f"POST http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def ask(egressd, request, method="GET"):
    client = egressd.client(timeout=WORK)
    client.send(request)
    return client.read_response(method)


def spellings(value):
    """Those that would give it away to a reader."""
    data = value.encode()
    return [data, data[::-1], data.hex().encode(), base64.b64encode(data).rstrip(b"="), percent(value).encode()]


def percent(value):
    return "".join(f"%{byte:02X}" for byte in value.encode())


def assert_untold(egressd, value, *received):
    """Neither the log, nor stderr and stdout, nor what anybody received."""
    texts = [egressd.audit_file.read_bytes(), egressd.process.output().encode(), *received]
    for spelling in spellings(value):
        assert not any(spelling in text for text in texts)


def assert_blocked(egressd, response, value, where, encoding=None, rule="known-secret"):
    identity = assert_refused(response, "secret-found")
    secret = egressd.wait_for_records(event="secret", id=identity)[0]["secret"]
    assert (secret["rule"], secret["where"], secret["action"], secret["forwarded"]) == (rule, where, "block", 0)
    assert encoding is None or secret.get("encoding", "") == encoding
    assert len(secret["fingerprint"]) == 16
    assert egressd.wait_for_records(event="end", id=identity)[0]["reason"] == "secret-found"
    assert_untold(egressd, value, response.head, response.body)
    return secret["fingerprint"], response.body


FORMS = {
    "": lambda value: value,
    "base64": lambda value: base64.b64encode(f"the key is {value}, keep it".encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "reversed": lambda value: value[::-1],
    "percent": percent,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_known_value_is_refused_in_every_spelling_before_anybody_hears_of_it(knowing, origin, dns, value, form):
    egressd, name = knowing
    said = FORMS[form](value)
    requests = {
        "body": post(f'{{"note": "see {said} there"}}'.encode()),
        "header:x-note": get("http://origin.test/", f"X-Note: see {said} there"),
        "query:note": get(f"http://origin.test/?a=1&note={urllib.parse.quote(said, safe='%')}"),
        "path": get(f"http://origin.test/files/{urllib.parse.quote(said, safe='%')}/x"),
    }
    fingerprints = set()
    for where, request in requests.items():
        fingerprint, told = assert_blocked(egressd, ask(egressd, request), value, where, form if where == "body" else None)
        assert f"the value of {name}" in told.decode()
        fingerprints.add(fingerprint)
    assert len(fingerprints) == 1, "the same secret has the same one"
    assert origin.connections == [] and dns.queries == []
    assert ask(egressd, post(b"nothing of it")).status == 200
    assert_untold(egressd, value, origin.received)


def test_a_known_value_in_a_host_label_is_never_looked_up(start, origin, dns):
    """Names know no case, so that this one is of small letters, as hex would be."""
    value = "k" + secrets.token_hex(14)
    egressd = start({"secrets": {"known": [{"env": ["DEPLOY"]}]}}, env={"DEPLOY": value})
    for label in (value, value[::-1], value.encode().hex()):
        for request in (get(f"http://{label}.origin.test/"), f"CONNECT {label}.origin.test:443 HTTP/1.1\r\nHost: {label}.origin.test:443\r\n\r\n"):
            assert_refused(ask(egressd, request), "secret-found")
    records = egressd.wait_for_records(6, event="secret")
    assert {(record["secret"]["rule"], record["secret"]["where"]) for record in records} == {("known-secret", "host")}
    assert dns.queries == [] and origin.connections == []


def test_by_default_what_looks_like_a_secret_in_the_environment_is_known(start, origin, value):
    passed = {"SHORT_TOKEN": "abc123", "MODE_SECRET": "development", "BUILD_LABEL": random_value()}
    egressd = start(env={"ACME_TOKEN": value, **passed})
    assert_blocked(egressd, ask(egressd, post(f"x={value}".encode())), value, "body", "")
    for innocent in passed.values():
        assert ask(egressd, post(f"x={innocent}".encode())).status == 200
    assert value.encode() not in origin.received
    assert len(egressd.journal().of("secret")) == 1


def test_what_the_operator_names_and_is_not_there_is_said(start, tmp_path, value):
    egressd = start({"secrets": {"known": [{"env": ["DEPLOY", "ABSENT"]}, {"file": str(tmp_path / "absent.env")}]}}, env={"DEPLOY": value})
    said = [json.loads(line)["message"] for line in egressd.process.stderr if '"known-secrets"' in line]
    assert len(said) == 2 and "ABSENT" in said[0] and "absent.env" in said[1]
    assert_blocked(egressd, ask(egressd, post(value.encode())), value, "body")


def test_a_reload_learns_a_value_and_forgets_another(start, origin, tmp_path, value):
    later = random_value()
    file = tmp_path / "later.env"
    egressd = start({"secrets": {"known": [{"env": ["DEPLOY"]}]}}, env={"DEPLOY": value})
    assert ask(egressd, post(later.encode())).status == 200
    file.write_text(f"API_KEY={later}\n")
    config = {"allow": ["origin.test"], "secrets": {"rules": [str(tmp_path / "rules.yaml")], "known": [{"file": str(file)}]}}
    egressd.write_config(config)
    egressd.wait_for_log("reloaded", start=egressd.reload())
    origin_had = len(origin.received)
    assert_refused(ask(egressd, post(later.encode())), "secret-found")
    assert len(origin.received) == origin_had
    assert ask(egressd, post(value.encode())).status == 200
    assert any("secrets.known" in line for line in egressd.wait_for_records(event="reload")[0]["weakenings"])


# Canaries


def planted(egressd, env=None):
    """What a shell has that evaluated `egressd env`."""
    names = " ".join(f'"${name}"' for name in CANARIES)
    script = f"""eval "$("$0" env --config "$1" --proxy "$2")" && printf '%s\\n' {names}"""
    done = run("sh", "-c", script, BINARY, egressd.config_file, egressd.url, env=env)
    return dict(zip(CANARIES, done.stdout.decode().splitlines()))


def test_a_canary_is_refused_anywhere_also_where_such_tokens_belong(start, origin, dns, tmp_path):
    (tmp_path / "rules.yaml").write_text(
        RULES + "  - id: github-pat\n    description: GitHub token\n    pattern: 'gh[p]_[0-9A-Za-z]{36}'\n    home: [origin.test]\n"
    )
    egressd = start({"secrets": {"canary": True, "home": {"github-pat": ["second.test"]}}})
    canaries = planted(egressd)
    assert len(set(canaries.values())) == len(CANARIES)
    for name, canary in canaries.items():
        for where, request in {
            "header:authorization": get("http://origin.test/", f"Authorization: Bearer {canary}"),
            "body": post(base64.b64encode(f"{name}={canary}".encode())),
        }.items():
            _, told = assert_blocked(egressd, ask(egressd, request), canary, where, rule="canary")
            assert b"a canary" in told
    assert origin.connections == [] and dns.queries == []


def test_canaries_leave_alone_what_the_environment_has(start, value):
    egressd = start({"secrets": {"canary": True}})
    first = planted(egressd)
    assert planted(egressd) == first
    assert planted(egressd, {"GITHUB_TOKEN": value}) == {**first, "GITHUB_TOKEN": value}
    assert planted(egressd, first) == first


def test_an_egressd_that_was_started_among_canaries_still_knows_them_as_such(start, tmp_path):
    first = start({"state": str(tmp_path / "state"), "secrets": {"canary": True}})
    canaries = planted(first)
    second = start({"state": str(tmp_path / "state"), "secrets": {"canary": True}}, env=canaries)
    canary = canaries["AWS_SECRET_ACCESS_KEY"]
    assert_blocked(second, ask(second, post(canary.encode())), canary, "body", rule="canary")
    assert "5 canaries" in summary(second) and "0 known values" in summary(second)


def test_scan_finds_the_canaries_of_the_policy(start):
    egressd = start({"secrets": {"canary": True}})
    canary = planted(egressd)["STRIPE_SECRET_KEY"]
    out = run(BINARY, "scan", "--config", egressd.config_file, stdin=canary.encode(), code=1).stdout.decode()
    assert "canary:STRIPE_SECRET_KEY" in out and canary not in out


# The process


def summary(egressd):
    return wait_until(lambda: next((line for line in egressd.process.stdout if line.startswith("  secrets ")), None), "the summary")


def test_the_summary_counts_and_shows_no_value(start, value):
    egressd = start({"secrets": {"canary": True, "known": [{"env": ["DEPLOY"]}]}}, env={"DEPLOY": value})
    assert summary(egressd) == "  secrets 1 rule, 1 known value, 5 canaries"
    for one in (value, *planted(egressd).values()):
        assert_untold(egressd, one)


def core_limits(pid):
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    return next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4:6]


def test_no_core_is_dumped(start):
    egressd = start()
    assert core_limits(egressd.process.pid) == ["0", "0"]


def test_neither_does_a_scan(start, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = Process([BINARY, "scan", "--config", start().config_file, pipe], env={"PATH": os.environ["PATH"]})
    with open(pipe, "wb"):  # once it is opened by both, the scan has begun
        assert core_limits(process.pid) == ["0", "0"]
    assert process.wait(WORK) == 0
