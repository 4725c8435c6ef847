"""Real servers from Debian, each a child process with a configuration of its own in the test's folder: nginx, git's http-backend behind it,
tinyproxy as parent proxy, dnsmasq as resolver. Never a system service."""

import os
import socket

from .process import Process
from .timing import wait_until

NGINX = """
daemon off; master_process off; worker_processes 1; user root; pid {folder}/nginx.pid; error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log {folder}/access.log; types {{ }} default_type application/octet-stream; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen [::]:{http} ipv6only=off; listen [::]:{https} ipv6only=off ssl;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    root {folder}/www;
    {locations}
  }}
}}
"""

GIT = """
    location ~ ^/git(?<git_path>/.*)$ {{
      client_max_body_size 0; fastcgi_pass unix:{socket}; include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_HTTP_EXPORT_ALL ""; fastcgi_param GIT_PROJECT_ROOT {projects}; fastcgi_param REMOTE_USER tester;
      fastcgi_param PATH_INFO $git_path;
    }}
"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", 0))
        return sock.getsockname()[1]


def _accepts(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A child process that is ready when its port accepts."""

    def _start(self, argv, port, **options):
        self.process = Process(argv, **options)

        def up():
            assert self.process.running(), f"{argv[0]} did not start:\n{self.process.output()}"
            return _accepts(port)

        wait_until(up, f"{argv[0]} on port {port}")

    def close(self):
        self.process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Nginx(Server):
    """An origin for http and https; files in `www`; with `projects`, git repositories under /git/."""

    def __init__(self, folder, certificate, key, *, projects=None, http=80, https=443):
        self.folder, self.www = folder, folder / "www"
        self.www.mkdir(parents=True, exist_ok=True)
        self._git, locations = None, ""
        if projects:
            self._git = Process(["fcgiwrap", "-s", f"unix:{folder}/git.sock"])
            wait_until((folder / "git.sock").exists, "fcgiwrap's socket")
            locations = GIT.format(socket=folder / "git.sock", projects=projects)
        config = folder / "nginx.conf"
        config.write_text(
            NGINX.format(folder=folder, certificate=certificate, key=key, http=http, https=https, locations=locations)
        )
        self._start(["/usr/sbin/nginx", "-p", folder, "-c", config], https)

    def close(self):
        super().close()
        if self._git:
            self._git.stop()


class Tinyproxy(Server):
    """A parent proxy; `credentials` as "user password" makes it ask for them."""

    def __init__(self, folder, *, credentials=None):
        self.port = free_port()
        self.log = folder / "tinyproxy.log"
        config = folder / "tinyproxy.conf"
        lines = [
            f"Port {self.port}",
            "Listen 127.0.0.1",
            "Timeout 30",
            f'LogFile "{self.log}"',
            "LogLevel Info",
            "MaxClients 20",
        ]
        if credentials:
            lines.append(f"BasicAuth {credentials}")
        config.write_text("\n".join(lines) + "\n")
        self._start(["/usr/bin/tinyproxy", "-d", "-c", config], self.port)


class Dnsmasq(Server):
    """A real resolver with fixed answers."""

    def __init__(self, folder, hosts):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        listed = [f"--host-record={name},{','.join(addresses)}" for name, addresses in hosts.items()]
        # In a user namespace it cannot change its groups, which it insists on as root; as nobody it does not try.
        with open("/proc/self/setgroups", encoding="ascii") as file:
            prefix = ["unshare", "--user"] if file.read().strip() == "deny" else []
        self._start(
            [
                *prefix,
                "/usr/sbin/dnsmasq",
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--user=root",
                f"--pid-file={folder}/dnsmasq.pid",
                "--listen-address=127.0.0.1",
                "--bind-interfaces",
                f"--port={self.port}",
                "--log-facility=-",
                "--log-queries",
                *listed,
            ],
            self.port,
            env={"PATH": os.environ["PATH"]},
        )
