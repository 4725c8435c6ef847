"""The programs that agents run, with egressd as the only name server in their resolv.conf: what they resolve, and how soon they understand a
refusal."""

import textwrap
import time

import pytest

from support.command import run
from support.timing import seconds

ADDRESS = "127.0.0.53"


@pytest.fixture
def resolv_conf(tmp_path):
    file = tmp_path / "resolv.conf"
    file.write_text(f"nameserver {ADDRESS}\n")
    return file


@pytest.fixture
def inside(resolv_conf):
    """inside(argv…) runs a program that sees that resolv.conf, and hosts and nsswitch.conf that add nothing."""
    folder = resolv_conf.parent
    (folder / "hosts").write_text("127.0.0.1 localhost\n")
    (folder / "nsswitch.conf").write_text("passwd: files\nhosts: files dns\n")
    script = " && ".join(f"mount --bind {folder}/{name} /etc/{name}" for name in ("resolv.conf", "hosts", "nsswitch.conf"))

    def runner(*argv, **options):
        return run("unshare", "-m", "sh", "-c", script + ' && exec "$@"', "sh", *argv, **options)

    return runner


@pytest.fixture
def world(start, nginx, dns):
    """nginx at origin.test, which has an address of each family."""
    (nginx.www / "data").write_bytes(b"hello")
    dns.set("origin.test", "93.184.216.34", "2606:4700::1")

    def starter(**config):
        return start({"allow": ["origin.test"], "listen": {"dns": f"{ADDRESS}:53"}, **config})

    return starter


def test_dig_and_kdig(world):
    egressd = world()
    for options in ([], ["+tcp"], ["+noedns"], ["+bufsize=512"], ["+dnssec"], ["+cookie"]):
        for tool in ("dig", "kdig"):
            done = run(tool, f"@{ADDRESS}", *options, "origin.test", "AAAA", "+short")
            assert done.stdout.decode().split() == ["2606:4700::1"], (tool, options, done)
    done = run("dig", f"@{ADDRESS}", "evil.test").stdout.decode()  # with a cookie, and so with room for the id
    assert "status: NXDOMAIN" in done and "EDE: 15 (Blocked)" in done and "not-listed" in done
    assert egressd.stop().attempts(host="evil.test")[0].id in done


def test_kdig_pads_and_keeps_its_connection(world):
    world()
    done = run("kdig", f"@{ADDRESS}", "+tcp", "+keepopen", "+padding", "origin.test", "A", "evil.test", "A").stdout.decode()
    assert "93.184.216.34" in done and "NXDOMAIN" in done


def test_getent(world, inside):
    world()
    for kind, address in (("ahostsv4", b"93.184.216.34"), ("ahostsv6", b"2606:4700::1")):
        # -A: an interface that is not lo would count as a family's address, and there is none
        assert inside("getent", "-A", kind, "origin.test").stdout.split()[0] == address
    assert inside("getent", "hosts", "evil.test", code=2).stdout == b""


def test_curl(world, inside):
    world()
    assert inside("curl", "-sS", "http://origin.test/data").stdout == b"hello"
    done = inside("curl", "-sS", "http://evil.test/", code=6)
    assert b"Could not resolve host" in done.stderr


def test_python(world, inside):
    world()
    code = """
        import socket
        print(sorted(entry[4][0] for entry in socket.getaddrinfo("origin.test", 80, type=socket.SOCK_STREAM)))
        try:
            socket.getaddrinfo("evil.test", 80)
        except socket.gaierror as error:
            print(error.errno == socket.EAI_NONAME)
    """
    done = inside("/usr/bin/python3", "-c", textwrap.dedent(code))
    assert done.stdout.decode().split("\n")[:2] == ["['2606:4700::1', '93.184.216.34']", "True"]


def test_node(world, inside):
    """Both of its ways: the C library's, and a resolver of its own."""
    world()
    code = """
        const dns = require('dns').promises;
        (async () => {
          console.log((await dns.lookup('origin.test', {all: true})).map(entry => entry.address).sort().join());
          console.log((await dns.resolve4('origin.test')).join(), (await dns.resolve6('origin.test')).join());
          for (const ask of [dns.lookup, dns.resolve4]) await ask('evil.test').catch(error => console.log(error.code));
          await dns.resolveTxt('origin.test').catch(error => console.log(error.code));
        })();
    """
    lines = inside("node", "-e", code).stdout.decode().split("\n")
    assert lines[:2] == ["2606:4700::1,93.184.216.34", "93.184.216.34 2606:4700::1"]
    assert lines[2:5] == ["ENOTFOUND", "ENOTFOUND", "EREFUSED"]


def test_java(world, inside, tmp_path):
    world()
    source = tmp_path / "Ask.java"
    source.write_text(
        """
        import java.net.InetAddress;
        import java.net.UnknownHostException;
        import java.util.Arrays;
        class Ask {
            public static void main(String[] names) {
                for (String name : names) {
                    try {
                        String[] found = Arrays.stream(InetAddress.getAllByName(name)).map(InetAddress::getHostAddress).sorted()
                            .toArray(String[]::new);
                        System.out.println(String.join(",", found));
                    } catch (UnknownHostException unknown) {
                        System.out.println("unknown");
                    }
                }
            }
        }
        """
    )
    done = inside("java", "-XX:TieredStopAtLevel=1", source, "origin.test", "evil.test")
    assert done.stdout.decode().split("\n")[:2] == ["2606:4700:0:0:0:0:0:1,93.184.216.34", "unknown"]


# How long a program takes to say that a denied name cannot be had. None may wait for a timeout.
PROGRAMS = {
    "curl": ["curl", "-sS", "https://evil.test/"],
    "git": ["git", "ls-remote", "https://evil.test/x.git"],
    "python": ["/usr/bin/python3", "-c", "import urllib.request; urllib.request.urlopen('https://evil.test/')"],
    "apt": ["/usr/lib/apt/apt-helper", "-oAcquire::Retries=0", "download-file", "http://evil.test/x", "/dev/null"],
    "wget": ["wget", "-q", "--tries=1", "-O", "/dev/null", "http://evil.test/"],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_clients_end_soon_at_a_name_that_does_not_exist(world, inside, program):
    world()
    began = time.monotonic()
    done = inside(*PROGRAMS[program], code=None)
    assert done.returncode != 0 and time.monotonic() - began < seconds(3), done


def test_apt_resolves_and_fetches(world, inside, tmp_path):
    """It asks for a service record first, which is refused, and goes on."""
    egressd = world()
    target = tmp_path / "fetched"
    inside("/usr/lib/apt/apt-helper", "-oAPT::Sandbox::User=root", "download-file", "http://origin.test/data", target)
    assert target.read_bytes() == b"hello"
    assert {pair.attempt["qtype"] for pair in egressd.stop().attempts(proto="dns")} >= {"A", "SRV"}


def test_curl_over_socks5_with_its_own_resolver(start, nginx, dns, inside, authority):
    """socks5:// (without h) resolves first and asks for an address: with synthetic answers that is the name again, and a denied one is
    refused at once."""
    (nginx.www / "data").write_bytes(b"hello")
    config = {"allow": ["origin.test"], "listen": {"dns": f"{ADDRESS}:53"}, "dns": {"answers": "synthetic", "denied": "sinkhole"}}
    egressd = start(config)
    through = ("-x", "socks5" + egressd.url[4:], "--cacert", egressd.ca_file)
    assert inside("curl", "-sS", *through, "https://origin.test/data").stdout == b"hello"
    done = inside("curl", "-sS", *through, "https://evil.test/", code=97)
    assert b"(2)" in done.stderr
    log = egressd.stop()
    assert log.one(proto="socks5", host="origin.test").end["reason"] == "allowed"
    assert log.one(proto="socks5", host="evil.test").end["reason"] == "not-listed"
    assert {query.name for query in dns.queries} == {"origin.test"}
