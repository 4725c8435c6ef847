"""The programs that agents really run, inspected, each with no other preparation than `eval "$(egressd env)"`."""

import os
import textwrap

import pytest

from support.command import run
from support.egressd import BINARY
from support.events import Events
from support.process import Process
from support.servers import free_port
from support.timing import WORK, wait_until

DATA = os.urandom(300_000)
URL = "https://origin.test/data"
CLIENT = 'eval "$("$EGRESSD" env --config "$CONFIG")" && exec "$@"'


class World:
    """An egressd on a known port, and run() for programs in its environment."""

    def __init__(self, start, home, hosts=("origin.test", "git.test")):
        self.home = home
        home.mkdir()
        self.egressd = start({"listen": {"proxy": f"127.0.0.1:{free_port()}"}, "allow": list(hosts)})

    @property
    def _environment(self):
        return {"HOME": str(self.home), "EGRESSD": str(BINARY), "CONFIG": str(self.egressd.config_file)}

    def run(self, *argv, env=None, **how):
        return run("sh", "-c", CLIENT, "sh", *argv, env={**self._environment, **(env or {})}, **how)

    def begin(self, *argv):
        """A program that the test talks to while it runs."""
        return Process(["sh", "-c", CLIENT, "sh", *argv], env={"PATH": os.environ["PATH"], **self._environment})

    def assert_inspected(self, *lines, host="origin.test"):
        """Each of these requests is on record as let through and looked at."""
        served = [pair for pair in self.egressd.stop().inner(host=host, port=443) if pair.end["status"] == 200]
        asked = [f"{pair.attempt['method']} {pair.attempt['path']}" for pair in served]
        assert [line for line in lines if line not in asked] == [], asked
        assert all(pair.end["tls"]["mode"] == "inspect" for pair in served)


@pytest.fixture
def world(nginx, start, dns, tmp_path):
    (nginx.www / "data").write_bytes(DATA)
    dns.set("git.test", "93.184.216.35")
    return World(start, tmp_path / "home")


def test_curl(world, tmp_path):
    assert world.run("curl", "-sS", URL).stdout == DATA
    assert world.run("curl", "-sS", "http://origin.test/data").stdout == DATA
    (tmp_path / "up").write_bytes(DATA * 5)
    posted = ["-H", "Expect: 100-continue", "--data-binary", f"@{tmp_path}/up", "-o", "/dev/null", "-w", "%{http_code}"]
    assert world.run("curl", "-sS", *posted, URL).stdout == b"405", "nginx reads it and takes no POST for a file"
    refused = world.run("curl", "-sS", "https://evil.test/", code=56)
    assert b"403" in refused.stderr
    world.assert_inspected("GET /data")


def test_curl_with_http2_in_mind(world):
    """It offers h2 and http/1.1, and takes the latter."""
    assert world.run("curl", "-sS", "--http2", "-w", "%{http_version}", "-o", "/dev/null", URL).stdout == b"1.1"


def test_wget(world):
    assert world.run("wget", "-q", "-O", "-", URL).stdout == DATA
    world.assert_inspected("GET /data")


def test_git_clone_and_push(world, nginx):
    bare = nginx.projects / "r.git"
    run("git", "init", "-q", "--bare", "-b", "main", bare)
    run("git", "-C", bare, "config", "http.receivepack", "true")
    run("git", "config", "--global", "--add", "safe.directory", "*", env={"HOME": world.home})
    who = {f"GIT_{role}_{part}": "a@a.test" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}

    def git(*arguments, cwd=world.home, code=0):
        return world.run("git", *arguments, env=who, cwd=cwd, code=code)

    git("clone", "-q", "https://git.test/git/r.git", "one")
    (world.home / "one/file").write_bytes(DATA * 10)
    git("checkout", "-q", "-b", "main", cwd=world.home / "one", code=None)
    git("add", "file", cwd=world.home / "one")
    git("commit", "-q", "-m", "message", cwd=world.home / "one")
    git("push", "-q", "origin", "main", cwd=world.home / "one")
    git("clone", "-q", "https://git.test/git/r.git", "two")
    assert (world.home / "two/file").read_bytes() == DATA * 10
    assert b"403" in git("clone", "https://evil.test/git/r.git", "three", code=128).stderr
    world.assert_inspected(
        "GET /git/r.git/info/refs", "POST /git/r.git/git-receive-pack", "POST /git/r.git/git-upload-pack", host="git.test"
    )


def test_python_urllib(world):
    program = f"import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen('{URL}').read())"
    assert world.run("/usr/bin/python3", "-c", program).stdout == DATA
    world.assert_inspected("GET /data")


def test_python_http_client(world):
    """It knows no proxy variable: CONNECT by its own set_tunnel, trust by SSL_CERT_FILE; several requests on one connection."""
    program = """
        import http.client, os, sys, urllib.parse
        proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
        connection = http.client.HTTPSConnection(proxy.hostname, proxy.port)
        connection.set_tunnel("origin.test", 443)
        for _ in range(3):
            connection.request("GET", "/data")
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, answer.status
        sys.stdout.buffer.write(body)
        """
    assert world.run("/usr/bin/python3", "-c", textwrap.dedent(program)).stdout == DATA
    world.assert_inspected("GET /data")


NODE_HTTPS = """
    const http = require('http'), https = require('https'), proxy = new URL(process.env.HTTPS_PROXY);
    http.request({host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: 'origin.test:443', headers: {host: 'origin.test:443'}})
      .on('connect', (answer, socket) => {
        if (answer.statusCode !== 200) { console.error(answer.statusCode); process.exit(1); }
        https.get({host: 'origin.test', path: '/data', socket, agent: false, servername: 'origin.test'},
                  (inner) => inner.pipe(process.stdout));
      }).end();
    """

# Node's fetch reads the proxy variables by itself from version 22.21 on (NODE_USE_ENV_PROXY); an older one is shown the way.
NODE_FETCH = """
    const http = require('http'), tls = require('tls'), proxy = new URL(process.env.HTTPS_PROXY);
    function connect(options, done) {
      http.request({host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: `${options.hostname}:443`,
                    headers: {host: `${options.hostname}:443`}})
        .on('connect', (answer, socket) => {
          if (answer.statusCode !== 200) return done(new Error(`status ${answer.statusCode}`));
          const secure = tls.connect({socket, servername: options.hostname, ALPNProtocols: ['http/1.1']}, () => done(null, secure));
          secure.on('error', done);
        }).end();
    }
    async function way() {
      if (process.allowedNodeEnvironmentFlags.has('--use-env-proxy')) return {};
      await fetch('data:,');
      const Agent = globalThis[Symbol.for('undici.globalDispatcher.1')].constructor;
      return {dispatcher: new Agent({connect})};
    }
    way().then((how) => fetch('https://origin.test/data', how)).then(async (answer) => {
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      process.stdout.write(Buffer.from(await answer.arrayBuffer()), () => process.exit(0));
    }).catch((error) => { console.error(error); process.exit(1); });
    """


def test_node_https(world):
    assert world.run("node", "-e", NODE_HTTPS).stdout == DATA
    world.assert_inspected("GET /data")


def test_node_fetch(world):
    assert world.run("node", "-e", NODE_FETCH).stdout == DATA
    world.assert_inspected("GET /data")


JAVA = """
    import java.net.*; import java.net.http.*; import java.net.http.HttpResponse.BodyHandlers;
    class Main {
        public static void main(String[] urls) throws Exception {
            HttpClient client = HttpClient.newBuilder().proxy(ProxySelector.getDefault()).build();
            for (String url : urls) {
                HttpResponse<byte[]> answer = client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofByteArray());
                if (answer.statusCode() != 200) throw new Exception("status " + answer.statusCode());
                System.out.write(answer.body());
            }
            System.out.flush();
        }
    }
    """


def test_java_http_client(world, tmp_path):
    """Its default is HTTP/2 with a fall-back, and a truststore of its own kind."""
    (tmp_path / "Main.java").write_text(textwrap.dedent(JAVA))
    done = world.run("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", tmp_path / "Main.java", URL, URL, timeout=WORK * 8)
    assert done.stdout == DATA * 2
    world.assert_inspected("GET /data")


def test_openssl_s_client(world):
    script = 'openssl s_client -proxy "${HTTPS_PROXY#http://}" -connect origin.test:443 -verify_return_error -quiet -ign_eof'
    done = world.run("sh", "-c", script, stdin=b"GET /data HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n")
    assert done.stdout.endswith(DATA)
    world.assert_inspected("GET /data")


def test_an_event_stream_by_curl(start, serve_tls, tmp_path):
    """curl -N: every event one by one, the next one only after the last was printed."""
    events = Events(5)
    serve_tls(events)
    world = World(start, tmp_path / "home")
    curl = world.begin("curl", "-sSN", "https://origin.test/events")
    for number in range(events.count):
        wait_until(lambda: f"data: event {number}" in curl.stdout, f"event {number}")
        events.acknowledge()
    assert curl.wait() == 0, curl.output()
    world.assert_inspected("GET /events")


def test_the_clients_own_bundle_is_kept(world, authority, tmp_path):
    """Whoever already trusts an authority of their own still does."""
    own = {"SSL_CERT_FILE": authority.certificate}
    done = world.run("sh", "-c", 'cat "$SSL_CERT_FILE"', env=own)
    assert authority.certificate.read_bytes().strip() in done.stdout
    assert world.egressd.ca_file.read_bytes().strip() in done.stdout


def test_what_is_printed_is_safe_to_evaluate(world):
    """Every line sets a variable; nothing of it is secret."""
    done = run(BINARY, "env", "--config", world.egressd.config_file, env={"HOME": world.home})
    lines = done.stdout.decode().splitlines()
    assert lines and all(line.startswith("export ") for line in lines if line and not line.startswith("#")), lines
    for name in ("HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"):
        assert any(line.startswith(f"export {name}=") for line in lines), name
    assert b"PRIVATE KEY" not in done.stdout and world.egressd.url in done.stdout.decode()
