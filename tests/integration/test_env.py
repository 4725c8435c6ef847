"""What `egressd env` prints, read by the programs that it is for."""

import json

import pytest

from support.command import run
from support.egressd import BINARY

SHOW = """eval "$("$0" env --config "$1")"; "$0" env --config "$1" --shell json"""


@pytest.fixture
def policy(tmp_path):
    file = tmp_path / "it's a policy.yaml"
    file.write_text("version: 1\nstate: it's the state\naudit: {file: audit.jsonl}\n")
    return file


def variables(policy, env=None):
    return json.loads(run(BINARY, "env", "--config", policy, "--shell", "json", env=env).stdout)


def test_a_shell_that_evaluates_it_twice_has_what_it_had_after_once(policy):
    own = {"JAVA_TOOL_OPTIONS": "-Xmx1g", "NO_PROXY": "it's.test", "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
    once = variables(policy, own)
    bundle = open(once["SSL_CERT_FILE"], "rb").read()
    assert json.loads(run("sh", "-c", SHOW, BINARY, policy, env=own).stdout) == once
    assert open(once["SSL_CERT_FILE"], "rb").read() == bundle


def test_openssl_trusts_the_ca_by_the_bundle_alone(policy):
    bundle = variables(policy)["SSL_CERT_FILE"]
    ca = policy.parent / "it's the state" / "ca.pem"
    run("openssl", "verify", "-x509_strict", "-no-CApath", "-CAfile", bundle, ca)
    run("openssl", "verify", "-no-CApath", "-no-CAstore", "-no-CAfile", ca, code=2)


def test_apt_reads_it_after_the_configuration_of_the_system_and_of_the_user(policy, tmp_path):
    own = tmp_path / "own.conf"
    own.write_text('Acquire::https::CaInfo "/wrong.pem";\nAcquire::Retries "7";\nDir::Etc::Parts "%s/parts";\n' % tmp_path)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "99wrong").write_text('Acquire::https::CaInfo "/also-wrong.pem";\n')
    env = variables(policy, {"APT_CONFIG": str(own)})
    dump = run("apt-config", "dump", env=env).stdout.decode()
    assert f'Acquire::https::CaInfo "{env["SSL_CERT_FILE"]}";' in dump
    assert 'Acquire::https::Proxy "http://127.0.0.1:3128";' in dump and 'Acquire::Retries "7";' in dump


def test_wget_reads_it_and_the_users_own_wgetrc(policy, tmp_path):
    (tmp_path / ".wgetrc").write_text("user_agent = users-own\nuse_proxy = off\n")
    env = {**variables(policy, {"HOME": str(tmp_path)}), "HOME": str(tmp_path)}
    env = {name: value for name, value in env.items() if "proxy" not in name.lower()}
    done = run("wget", "-d", "-t", "1", "-O", "-", "https://origin.test/", env=env, code=4).stderr.decode()
    assert f"Loaded CA certificate '{env['SSL_CERT_FILE']}'" in done and "Connecting to 127.0.0.1:3128" in done, done
