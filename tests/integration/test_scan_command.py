"""`egressd scan`, as a person or a hook of git runs it."""

import base64
import gzip
import json
import random
import string
import zlib

import pytest

from support.command import run
from support.egressd import BINARY

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase

RULES = """version: 1
rules:
  - id: test-token
    description: Token of a test
    pattern: "tst_[0-9A-Za-z]{36}"
"""


def fake_token(prefix="tst_"):
    """Random, with the checksum that GitHub's tokens have."""
    body = "".join(random.choice(BASE62) for _ in range(30))
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return prefix + body + digits


@pytest.fixture
def policy(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    file = tmp_path / "allow.yaml"
    file.write_text("version: 1\nstate: state\naudit: {file: audit.jsonl}\nsecrets: {rules: [rules.yaml], known: [{env: [DEPLOY_SECRET]}]}\n")
    return file


def scan(policy, *argv, code, **more):
    done = run(BINARY, "scan", "--config", policy, *argv, code=code, **more)
    return done.stdout.decode(), done.stderr.decode()


def test_findings_in_files_and_on_stdin_have_one_fingerprint(policy, tmp_path):
    token = fake_token()
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_text(f"first line\nkey = {token}\n")
    packed.write_bytes(gzip.compress(base64.b64encode(f'{{"key": "{token}"}}'.encode() * 3)))
    out, err = scan(policy, plain, packed, code=1)
    lines = out.splitlines()
    assert lines[0].startswith(f"{plain}:17: block  test-token  Token of a test  "), out
    assert lines[1].startswith(f"{packed}:0: block  test-token  Token of a test [gzip"), out
    assert "compiling" in err and token[4:] not in out + err
    fingerprints = {line.split()[-1] for line in lines}
    out, err = scan(policy, "--json", code=1, stdin=token.encode())
    assert "compiling" not in err and {item["fingerprint"] for item in json.loads(out)} == fingerprints


def test_a_known_value_is_found_in_another_form(policy, tmp_path):
    value = "".join(random.choice(BASE62) for _ in range(24))
    out, err = scan(policy, code=1, stdin=b"x=" + value.encode().hex().encode(), env={"DEPLOY_SECRET": value})
    assert "DEPLOY_SECRET" in out and "[hex]" in out and value not in out + err


def test_a_state_directory_that_cannot_be_used_is_no_obstacle(policy, tmp_path):
    (tmp_path / "state").write_text("a file")
    out, err = scan(policy, code=1, stdin=fake_token().encode())
    assert "test-token" in out and "nothing is kept" in err


def test_clean_input_is_0_and_unreadable_input_is_2(policy, tmp_path):
    assert scan(policy, code=0, stdin=b"nothing to see")[0] == ""
    assert "No such file" in scan(policy, tmp_path / "none", code=2)[1]
    assert "--nonsense" in run(BINARY, "scan", "--nonsense", code=2).stderr.decode()
