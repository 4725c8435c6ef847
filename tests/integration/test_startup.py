"""What a person sees before the first request: help, versions, errors with the remedy, and a summary."""

import re
import socket
import subprocess

import pytest

from support.egressd import BINARY
from support.process import Process
from support.timing import WORK, wait_until


def egressd(*arguments, cwd=None):
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=WORK, cwd=cwd, check=False
    )


def test_version_and_help():
    version = egressd("--version")
    assert version.returncode == 0 and re.search(r"\d+\.\d+\.\d+", version.stdout)
    text = egressd("--help")
    assert text.returncode == 0
    for word in ("--config", "check", "explain", "Usage"):
        assert word.lower() in text.stdout.lower(), word


def test_unknown_option_is_an_error():
    done = egressd("--confg", "x")
    assert done.returncode == 2 and "confg" in done.stderr


def test_a_missing_file_is_named(tmp_path):
    done = egressd("--config", tmp_path / "absent.yaml")
    assert done.returncode == 2 and "absent.yaml" in done.stderr


BROKEN = {
    "version: 1\nalow: [a.test]\n": ("2:1", "allow"),
    "version: 1\nallow: [a.test\n": (":", "allow.yaml"),
    "version: 1\nallow:\n  - {domain: a.test, ports: [0]}\n": ("3:", "65535"),
    "version: 1\nallow: ['*.com']\n": ("2:", "public"),
    "version: 1\nversion: 1\n": ("2:", "version"),
    "allow: [a.test]\n": ("", "version"),
    "": ("", "allow.yaml"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_refused_with_its_place(tmp_path, text):
    """Nothing is started: no log, no listener."""
    file = tmp_path / "allow.yaml"
    file.write_text(text)
    done = egressd("--config", file, cwd=tmp_path)
    place, word = BROKEN[text]
    assert done.returncode == 2, done
    assert place in done.stderr and word in done.stderr, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["allow.yaml"]


def config(folder, listen="127.0.0.1:0", audit=None):
    file = folder / "allow.yaml"
    file.write_text(
        f"version: 1\nlisten: {{proxy: '{listen}'}}\naudit: {{file: {audit or folder / 'audit.jsonl'}}}\nallow: [origin.test]\n"
        f"state: {folder / 'state'}\n"
    )
    return file


def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = egressd("--config", config(tmp_path, listen=address))
        assert done.returncode == 2 and address in done.stderr, done.stderr


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for audit in (tmp_path / "file" / "audit.jsonl", tmp_path, "/proc/audit.jsonl"):
        done = egressd("--config", config(tmp_path, audit=audit))
        assert done.returncode == 2 and str(audit) in done.stderr, done.stderr


def test_a_log_that_is_not_ours_is_left_alone(tmp_path):
    audit = tmp_path / "notes.txt"
    audit.write_text("my notes\n")
    done = egressd("--config", config(tmp_path, audit=audit))
    assert done.returncode == 2 and "notes.txt" in done.stderr
    assert audit.read_text() == "my notes\n"


@pytest.mark.parametrize("descriptors", range(8, 28))
def test_too_few_descriptors_are_an_error_and_no_hang(tmp_path, descriptors):
    """Whatever it is that finds no descriptor: egressd serves, or ends and says why. (Below 8 no program loads its libraries.)"""
    process = Process(["prlimit", f"--nofile={descriptors}:{descriptors}", BINARY, "--config", config(tmp_path)])
    try:
        wait_until(lambda: not process.running() or "is ready" in process.output(), "ready, or the end")
        if process.running():
            assert process.stop() == 0, process.output()
        else:
            assert process.wait() == 2 and re.search("Too many open files|descriptor", process.output()), process.output()
    finally:
        process.kill()


def test_the_summary_says_what_runs(start):
    """Where it listens, what the policy is, where the log is, and a next command to copy, which works as it stands."""
    running = start()
    for part in (running.url, str(running.audit_file), "sha256", "curl -i "):
        wait_until(lambda: part in "\n".join(running.process.stdout), f"{part} in the summary")
    command = next(line.strip() for line in running.process.stdout if line.strip().startswith("eval "))
    shell = subprocess.run(
        ["/bin/sh", "-c", f'{command} && printf %s "$HTTPS_PROXY"'],
        capture_output=True, text=True, timeout=WORK, cwd="/", check=False,
    )  # fmt: skip
    assert shell.stdout == running.url, shell.stderr


def test_check_and_explain_agree_with_live_traffic(tmp_path):
    file = config(tmp_path)
    assert egressd("check", file).returncode == 0
    allowed = egressd("explain", "--config", file, "GET", "http://origin.test/x")
    denied = egressd("explain", "--config", file, "https://evil.test/")
    assert "allow" in allowed.stdout and "allow.yaml:4" in allowed.stdout
    assert "not-listed" in denied.stdout and "- evil.test" in denied.stdout
