"""The proxies that are measured side by side: how each is configured and started, as a child process on loopback.

Every proxy writes its access log, caches nothing, denies everything but the origin, and is otherwise as Debian ships it.
"""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ORIGIN_NAME = "origin.test"
DENIED_NAME = "denied.test"
START_LIMIT = 20.0  # seconds until a child must accept connections
STOP_LIMIT = 10.0


def free_port():
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Child:
    """A process in its own group, with its output in a file; ended by its process id."""

    def __init__(self, name, command, directory, port):
        self.name = name
        self.output = Path(directory) / f"{name}.out"
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            start_new_session=True)
        self._await_port(port)

    def _await_port(self, port):
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.name} did not start:\n{self.output.read_text(errors='replace')[-2000:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)  # the group that start_new_session made
                self.process.wait()

    def _tree(self):
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").iterdir():
                try:
                    todo += [int(child) for child in (task / "children").read_text().split()]
                except FileNotFoundError:
                    pass  # a thread that has ended since; its time is in the process's own sum
        return found

    def cpu_seconds(self):
        """User and system time of the process and its children."""
        ticks = 0
        for pid in self._tree():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_kib(self):
        total = 0
        for pid in self._tree():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total


class Origins:
    """Where the origins and their resolver listen, and the certificates of a run."""

    def __init__(self, certificates):
        self.certificates = certificates
        self.web = free_port()
        self.tunnel = free_port()
        self.tls = free_port()  # small answers
        self.sink = free_port()  # large bodies
        self.dns = free_port()


class Proxy:
    """One contestant: writes its configuration into a directory and knows its command line."""

    name = ""
    origin = "127.0.0.1"  # the name by which its clients ask for the origin
    speaks_proxy = True

    def __init__(self, directory, origins):
        self.directory = Path(directory) / self.name
        self.directory.mkdir(parents=True)
        self.origins = origins
        self.port = free_port()

    def start(self):
        return Child(self.name, self.command(), self.directory, self.port)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def web_url(self):
        """What a client asks for: absolute-form through a proxy."""
        return f"http://{self.origin}:{self.origins.web}/1k"

    def tunnel_options(self):
        return ["--to", f"127.0.0.1:{self.port}", "--connect", f"{self.origin}:{self.origins.tunnel}"]

    def web_port(self):
        return self.port


class Egressd(Proxy):
    name = "egressd"
    origin = ORIGIN_NAME
    binary = ""

    def command(self):
        config = self.write("allow.yaml", f"""version: 1
listen: {{proxy: "127.0.0.1:{self.port}"}}
allow:
  - {{domain: {ORIGIN_NAME}, ports: [{self.origins.web}, {self.origins.tunnel}], private: [127.0.0.0/8], tls: tunnel}}
dns: {{hosts: {{{ORIGIN_NAME}: [127.0.0.1]}}}}
audit: {{file: {self.directory}/audit.jsonl}}
""")
        return [self.binary, "--config", config]


class Squid(Proxy):
    name = "squid"
    origin = ORIGIN_NAME

    listed = ORIGIN_NAME

    def hosts(self):
        return f"127.0.0.1 {ORIGIN_NAME}\n"

    def options(self):
        return {"port": "", "rest": ""}

    def command(self):
        hosts = self.write("hosts", self.hosts())
        options = self.options()
        config = self.write("squid.conf", f"""http_port 127.0.0.1:{self.port}{options["port"]}
pid_filename none
hosts_file {hosts}
acl listed dstdomain {self.listed}
http_access allow listed
http_access deny all
access_log stdio:{self.directory}/access.log
cache_log {self.directory}/cache.log
cache_store_log none
cache deny all
cache_mem 8 MB
coredump_dir {self.directory}
shutdown_lifetime 0 seconds
max_filedescriptors 65536
netdb_filename none
pinger_enable off
{options["rest"]}""")
        os.chmod(self.directory, 0o777)  # squid drops to its own user
        return ["squid", "-N", "-f", config]


class Tinyproxy(Proxy):
    name = "tinyproxy"

    def command(self):
        listed = self.write("filter", "^127\\.0\\.0\\.1$\n")
        config = self.write("tinyproxy.conf", f"""Port {self.port}
Listen 127.0.0.1
Timeout 600
LogFile "{self.directory}/tinyproxy.log"
LogLevel Connect
MaxClients 20000
Allow 127.0.0.1
Filter "{listed}"
FilterExtended On
FilterDefaultDeny Yes
""")
        return ["tinyproxy", "-d", "-c", config]


class Privoxy(Proxy):
    name = "privoxy"

    def command(self):
        actions = self.write("listed.action", "{+block{not listed}}\n/\n{-block +limit-connect{1-}}\n127.0.0.1\n")
        config = self.write("config", f"""confdir {self.directory}
templdir /etc/privoxy/templates
logdir {self.directory}
logfile privoxy.log
debug 1
debug 512
debug 1024
actionsfile {actions}
listen-address 127.0.0.1:{self.port}
toggle 1
max-client-connections 20000
listen-backlog 512
keep-alive-timeout 300
default-server-timeout 60
connection-sharing 1
socket-timeout 600
tolerate-pipelining 1
""")
        return ["privoxy", "--no-daemon", config]


class Haproxy(Proxy):
    """A plain TCP relay: the ceiling for anything in user space that looks at nothing."""

    name = "haproxy"
    speaks_proxy = False

    def __init__(self, directory, origins):
        super().__init__(directory, origins)
        self.tunnel_port = free_port()

    def command(self):
        config = self.write("haproxy.cfg", f"""global
  maxconn 6000
  log stdout format raw local0
defaults
  mode tcp
  log global
  option tcplog
  option splice-auto
  timeout connect 5s
  timeout client 600s
  timeout server 600s
listen web
  bind 127.0.0.1:{self.port}
  server origin 127.0.0.1:{self.origins.web}
listen tunnel
  bind 127.0.0.1:{self.tunnel_port}
  server origin 127.0.0.1:{self.origins.tunnel}
""")
        return ["haproxy", "-db", "-f", config]

    def tunnel_options(self):
        return ["--to", f"127.0.0.1:{self.tunnel_port}"]


class Direct(Proxy):
    """No proxy at all."""

    name = "direct"
    speaks_proxy = False

    def start(self):
        return None

    def tunnel_options(self):
        return ["--to", f"127.0.0.1:{self.origins.tunnel}"]

    def web_port(self):
        return self.origins.web


ALL = [Egressd, Squid, Tinyproxy, Privoxy, Haproxy, Direct]


def start_web_origin(directory, origins):
    """nginx with one static file of 1 KiB, in the clear and inside TLS, on connections that live as long as the client wants."""
    root = Path(directory) / "nginx"
    root.mkdir()
    os.chmod(root, 0o755)
    (root / "1k").write_bytes(b"x" * 1024)
    config = root / "nginx.conf"
    config.write_text(f"""daemon off;
user root;
worker_processes 2;
pid {root}/pid;
error_log {root}/error.log;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  open_file_cache max=16;
  root {root};
  default_type text/plain;
  ssl_certificate {origins.certificates.origin};
  ssl_certificate_key {origins.certificates.origin_key};
  ssl_session_cache shared:tls:16m;
  server {{ listen 127.0.0.1:{origins.web} backlog=4096; listen 127.0.0.1:{origins.tls} ssl backlog=4096; }}
}}
""")
    return Child("nginx", ["nginx", "-p", str(root), "-c", str(config), "-e", str(root / "error.log")], root, origins.web)
