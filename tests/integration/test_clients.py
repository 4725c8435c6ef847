"""The programs that agents really run, as they come from Debian, through egressd to a real nginx: plain, and in tunnels that are not looked
into. test_inspect_clients.py has them inspected."""

import http.client
import os
import ssl
import urllib.request

import pytest

from support.command import run
from support.egressd import ROOT, TUNNEL

DATA = os.urandom(300_000)


@pytest.fixture
def world(nginx, start, dns, authority):
    """nginx behind origin.test and git.test, and an egressd that lists them."""
    (nginx.www / "data").write_bytes(DATA)
    dns.set("git.test", "93.184.216.35")
    egressd = start({"allow": [TUNNEL, {**TUNNEL, "domain": "git.test"}]})
    egressd.ca = authority.certificate
    return egressd


def test_curl_http(world):
    assert run("curl", "-sS", "http://origin.test/data", proxy=world.url).stdout == DATA
    pair = world.stop().one(proto="http", host="origin.test", method="GET", path="/data")
    assert pair.end["status"] == 200 and pair.end["bytes_down"] == len(DATA)


def test_curl_https_through_connect(world):
    assert run("curl", "-sS", "--cacert", world.ca, "https://origin.test/data", proxy=world.url).stdout == DATA
    pair = world.stop().one(proto="connect", host="origin.test", port=443)
    assert pair.end["tls"] == {"mode": "tunnel", "sni": "origin.test"}
    assert pair.end["inspection"] == "none" and pair.end["bytes_down"] > len(DATA)


def test_curl_socks5h(world):
    assert (
        run("curl", "-sS", "--cacert", world.ca, "-x", "socks5h" + world.url[4:], "https://origin.test/data").stdout
        == DATA
    )
    assert world.stop().one(proto="socks5", host="origin.test", port=443).end["reason"] == "allowed"


def test_curl_socks5_by_address_is_refused(world):
    """socks5 (without h) resolves on the client's side: the address has no rule."""
    done = run(
        "curl",
        "-sS",
        "--resolve",
        "origin.test:443:93.184.216.34",
        "-x",
        "socks5" + world.url[4:],
        "https://origin.test/",
        code=97,
    )
    assert b"(2)" in done.stderr
    assert world.stop().one(proto="socks5", host="93.184.216.34").end["reason"] == "not-listed"


def test_curl_is_told_why(world, dns):
    done = run("curl", "-sS", "http://evil.test/", proxy=world.url)
    text = done.stdout.decode()
    assert "evil.test" in text and "not-listed" in text and "- evil.test" in text
    refused = run("curl", "-sS", "https://evil.test/", proxy=world.url, code=56)
    assert b"403" in refused.stderr
    pairs = world.stop().attempts(host="evil.test")
    assert [pair.attempt["port"] for pair in pairs] == [80, 443]
    assert pairs[0].id in text
    assert dns.asked("evil.test") == []


def test_curl_upload_and_expect_continue(world, nginx, tmp_path):
    """curl waits for 100 Continue with a body of that size; nginx answers 405 to a POST of a file, but reads it."""
    (tmp_path / "up").write_bytes(DATA * 5)
    done = run(
        "curl",
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "-H",
        "Expect: 100-continue",
        "--data-binary",
        f"@{tmp_path}/up",
        "http://origin.test/data",
        proxy=world.url,
    )
    assert done.stdout == b"405"


def test_wget(world, tmp_path):
    run("wget", "-q", "-O", tmp_path / "1", "http://origin.test/data", proxy=world.url)
    run("wget", "-q", "-O", tmp_path / "2", "--ca-certificate", world.ca, "https://origin.test/data", proxy=world.url)
    assert (tmp_path / "1").read_bytes() == DATA and (tmp_path / "2").read_bytes() == DATA
    assert run("wget", "-q", "-O", "-", "http://evil.test/", proxy=world.url, code=8).stdout == b""


def test_git_clone_and_push_over_https(world, nginx, tmp_path):
    bare = nginx.projects / "r.git"
    run("git", "init", "-q", "--bare", "-b", "main", bare)
    run("git", "-C", bare, "config", "http.receivepack", "true")
    run("git", "config", "--global", "--add", "safe.directory", "*", env={"HOME": tmp_path})
    environment = {
        "HOME": tmp_path,
        "GIT_SSL_CAINFO": world.ca,
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@a.test",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@a.test",
    }

    def git(*arguments, cwd=tmp_path, code=0):
        return run("git", *arguments, proxy=world.url, env=environment, cwd=cwd, code=code)

    git("clone", "-q", "https://git.test/git/r.git", "one")
    (tmp_path / "one/file").write_bytes(DATA)
    git("checkout", "-q", "-b", "main", cwd=tmp_path / "one", code=None)
    git("add", "file", cwd=tmp_path / "one")
    git("commit", "-q", "-m", "message", cwd=tmp_path / "one")
    git("push", "-q", "origin", "main", cwd=tmp_path / "one")
    git("clone", "-q", "https://git.test/git/r.git", "two")
    assert (tmp_path / "two/file").read_bytes() == DATA
    assert b"403" in git("clone", "https://evil.test/git/r.git", "three", code=128).stderr
    log = world.stop()
    assert {pair.end["reason"] for pair in log.attempts(host="git.test")} == {"allowed"}
    assert log.one(host="evil.test").end["reason"] == "not-listed"


def test_openssl_s_client(world):
    proxy = world.url.removeprefix("http://")
    done = run(
        "openssl",
        "s_client",
        "-proxy",
        proxy,
        "-connect",
        "origin.test:443",
        "-servername",
        "origin.test",
        "-CAfile",
        world.ca,
        "-verify_return_error",
        "-quiet",
        "-ign_eof",
        stdin=b"GET /data HTTP/1.0\r\nHost: origin.test\r\n\r\n",
    )
    assert done.stdout.endswith(DATA)
    refused = run(
        "openssl", "s_client", "-proxy", proxy, "-connect", "origin.test:443", "-servername", "git.test", code=1
    )
    assert b"alert access denied" in refused.stderr
    log = world.stop()
    assert [pair.end["reason"] for pair in log.attempts(host="origin.test")] == ["allowed", "identity-mismatch"]


def test_openssl_without_sni(world):
    refused = run(
        "openssl",
        "s_client",
        "-proxy",
        world.url.removeprefix("http://"),
        "-connect",
        "origin.test:443",
        "-noservername",
        code=1,
    )
    assert b"alert access denied" in refused.stderr


def test_python_urllib(world):
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"http": world.url, "https": world.url}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(world.ca))),
    )
    assert opener.open("http://origin.test/data").read() == DATA
    assert opener.open("https://origin.test/data").read() == DATA
    with pytest.raises(urllib.error.HTTPError, match="403"):
        opener.open("http://evil.test/")


def test_python_http_client_keeps_its_connection(world):
    connection = http.client.HTTPConnection(*world.address)
    for _ in range(3):
        connection.request("GET", "http://origin.test/data")
        response = connection.getresponse()
        assert response.read() == DATA
    connection.close()
    clients = {pair.attempt["client"]["addr"] for pair in world.stop().attempts(host="origin.test")}
    assert len(clients) == 1


def test_node_https_through_connect(world):
    script = """
      const http = require('http'), https = require('https'), [host, port] = process.argv[1].split(':');
      http.request({host, port, method: 'CONNECT', path: 'origin.test:443', headers: {host: 'origin.test:443'}}).on('connect', (res, socket) => {
        if (res.statusCode !== 200) { console.error(res.statusCode); process.exit(1); }
        https.get({host: 'origin.test', path: '/data', socket, agent: false, servername: 'origin.test'}, (answer) => answer.pipe(process.stdout));
      }).end();"""
    done = run("node", "-e", script, world.url.removeprefix("http://"), env={"NODE_EXTRA_CA_CERTS": world.ca})
    assert done.stdout == DATA


def test_the_readme_promise(world):
    """What the first code block of the README shows: environment variables alone are enough."""
    done = run(
        "curl",
        "-sS",
        "--cacert",
        world.ca,
        "https://origin.test/data",
        env={"HTTPS_PROXY": world.url, "HTTP_PROXY": world.url},
    )
    assert done.stdout == DATA
    assert (ROOT / "README.md").exists()
