"""The proxies that look inside TLS, side by side: the certificates, the TLS origins and the resolver that all of them get.

Each has the same P-256 CA (a leaf of squid and of mitmproxy has the key of its CA, so RSA would cost them more), verifies the
origin against the bench's root before it vouches for it, writes its access log, and denies everything but the origins.
"""

import os
import subprocess
from pathlib import Path

import proxies

NAMES = f"*.{proxies.ORIGIN_NAME}"
NAME_COUNT = 30000  # n1.origin.test ...: more than any proxy reaches in one measurement
CERTGEN = "/usr/lib/squid/security_file_certgen"
EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]


class Certificates:
    """What the openssl command makes for one run: the root of the origins and the CA of the contestants."""

    def __init__(self, directory):
        self.directory = Path(directory) / "certificates"
        self.directory.mkdir(mode=0o755)
        self.root, root_key = self._make("root", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.ca, self.ca_key = self._make("ca", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.origin, self.origin_key = self._make(
            "origin", "-CA", self.root, "-CAkey", root_key, "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", f"subjectAltName=DNS:{proxies.ORIGIN_NAME},DNS:{NAMES}")

    def _make(self, name, *options):
        certificate, key = str(self.directory / f"{name}.pem"), str(self.directory / f"{name}.key")
        subprocess.run(["openssl", "req", "-x509", *EC_KEY, "-subj", f"/CN=bench {name}", "-keyout", key, "-out", certificate,
                        *options], check=True, capture_output=True)
        return certificate, key


class Inspector:
    """What is common to those in front of the TLS origins; mixed into the plain contestant of the same name."""

    def tls_options(self, port):
        return ["--to", f"127.0.0.1:{self.port}", "--connect", f"{proxies.ORIGIN_NAME}:{port}",
                "--ca", self.origins.certificates.ca]


class InspectingEgressd(Inspector, proxies.Egressd):
    secrets = "block"

    def command(self):
        origins, certificates = self.origins, self.origins.certificates
        config = self.write("allow.yaml", f"""version: 1
listen: {{proxy: "127.0.0.1:{self.port}"}}
allow:
  - {{domain: "**.{proxies.ORIGIN_NAME}", ports: [{origins.tls}, {origins.sink}], private: [127.0.0.0/8], secrets: {self.secrets}}}
dns: {{upstream: ["127.0.0.1:{origins.dns}"], budget: {{names: {NAME_COUNT}, bytes: 1MiB, lookups: {NAME_COUNT}}}}}
upstream: {{ca: ["{certificates.root}"]}}
inspection: {{ca: {{cert: "{certificates.ca}", key: "{certificates.ca_key}"}}}}
audit: {{file: {self.directory}/audit.jsonl}}
""")
        return [self.binary, "--config", config]


class UnscanningEgressd(InspectingEgressd):
    """What scanning costs is the difference."""

    name = "unscanned"
    secrets = "off"


class BumpingSquid(Inspector, proxies.Squid):
    """ssl_bump with a look at the ClientHello and then the origin first: the order of egressd and mitmproxy, so that a bad
    origin is never vouched for. Bumping at step 1 would show the client a certificate before the origin's is known.

    Its dns_nameservers take no port, so it alone reads all names from a file: that spares it the resolver.
    """

    listed = f".{proxies.ORIGIN_NAME}"

    def hosts(self):
        names = (f"127.0.0.1 n{number}.{proxies.ORIGIN_NAME}\n" for number in range(1, NAME_COUNT + 1))
        return super().hosts() + "".join(names)

    def options(self):
        certificates, database = self.origins.certificates, self.directory / "certgen"
        subprocess.run([CERTGEN, "-c", "-s", str(database), "-M", "16MB"], check=True, capture_output=True)
        for path in (database, *database.rglob("*")):
            os.chmod(path, 0o777)  # squid drops to its own user
        key = self.write("ca.key", Path(certificates.ca_key).read_text())  # a copy that this user may read
        return {"port": f" ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=16MB "
                        f"tls-cert={certificates.ca} tls-key={key}",
                "rest": f"""sslcrtd_program {CERTGEN} -s {database} -M 16MB
tls_outgoing_options cafile={certificates.root}
acl hello at_step SslBump1
ssl_bump peek hello
ssl_bump bump all
"""}


class Mitmproxy(Inspector, proxies.Proxy):
    """mitmdump asks the system's resolver only, so its script names the address; the script also denies what is not listed."""

    name = "mitmproxy"

    def command(self):
        certificates, home = self.origins.certificates, self.directory / "home"
        home.mkdir()
        (home / "mitmproxy-ca.pem").write_text(Path(certificates.ca_key).read_text() + Path(certificates.ca).read_text())
        script = self.write("listed.py", f"""from mitmproxy import http

def http_connect(flow):
    if not flow.request.host.endswith("{proxies.ORIGIN_NAME}"):
        flow.response = http.Response.make(403)

def server_connect(data):
    data.server.address = ("127.0.0.1", data.server.address[1])
""")
        return ["mitmdump", "--listen-host", "127.0.0.1", "--listen-port", str(self.port), "--scripts", script,
                "--set", f"confdir={home}", "--set", f"ssl_verify_upstream_trusted_ca={certificates.root}"]


class DirectTls(proxies.Direct):
    def tls_options(self, port):
        return ["--to", f"127.0.0.1:{port}", "--ca", self.origins.certificates.root]


ALL = [InspectingEgressd, UnscanningEgressd, BumpingSquid, Mitmproxy, DirectTls]


def start_origins(directory, load, origins):
    """The children behind the inspected rows: bench_load reads bodies to their end (nginx would do so only for another
    server), and the resolver knows every name below the origin's. nginx, with the other rows, answers what is small."""
    certificates = origins.certificates
    yield proxies.Child("tls-origin", [load, "tls-origin", "--listen", f"127.0.0.1:{origins.sink}", "--cert",
                                       certificates.origin, "--key", certificates.origin_key], directory, origins.sink)
    yield proxies.Child("dnsmasq", ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", f"--port={origins.dns}",
                                    "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv", "--no-hosts",
                                    "--pid-file=", "--local-ttl=300", f"--address=/{proxies.ORIGIN_NAME}/127.0.0.1"],
                        directory, origins.dns)
