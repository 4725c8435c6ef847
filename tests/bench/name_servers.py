"""The name servers that are measured side by side, each with one thread: unbound and dnsmasq as Debian ships them, which write no log of
what they are asked, and egressd with its own.

All deny every name but those below the origin's, and get these from one resolver; what they have cached is measured.
"""

import subprocess

import proxies

NAME_COUNT = 100  # a busy agent's
CLIENTS = 8
STEADY_RATE = 20000  # queries a second for the latencies: a third of what the slowest of them can do
COMMAND_LIMIT = 150


class EgressdNames(proxies.Egressd):
    def command(self):
        config = self.write("allow.yaml", f"""version: 1
listen: {{proxy: "127.0.0.1:0", dns: "127.0.0.1:{self.port}"}}
allow:
  - {{domain: "**.{proxies.ORIGIN_NAME}", private: [127.0.0.0/8]}}
dns: {{upstream: ["127.0.0.1:{self.origins.dns}"]}}
audit: {{file: {self.directory}/audit.jsonl}}
workers: 1
""")
        return [self.binary, "--config", config]


class Unbound(proxies.Proxy):
    name = "unbound"

    def command(self):
        config = self.write("unbound.conf", f"""server:
  interface: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  pidfile: ""
  directory: "{self.directory}"
  do-daemonize: no
  use-syslog: no
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "test." nodefault
  local-zone: "." always_nxdomain
  local-zone: "{proxies.ORIGIN_NAME}." transparent
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{self.origins.dns}
""")
        return ["unbound", "-c", config]


class Dnsmasq(proxies.Proxy):
    name = "dnsmasq"

    def command(self):
        return ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", f"--port={self.port}", "--listen-address=127.0.0.1",
                "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=", "--cache-size=10000",
                f"--server=/{proxies.ORIGIN_NAME}/127.0.0.1#{self.origins.dns}", f"--address=/{proxies.DENIED_NAME}/"]


ALL = [EgressdNames, Unbound, Dnsmasq]
NAMES = tuple(kind.name for kind in ALL)


def _run(load, server, domain, seconds, *options):
    """What dnsperf says, after each name was asked for once; raises unless every answer has the code that is due."""
    names = server.write("names", "".join(f"n{number}.{domain} A\n" for number in range(NAME_COUNT)))
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(server.port), "-d", names, "-c", str(CLIENTS), "-T", "1"]
    done = None
    for arguments in (["-n", "1"], ["-l", str(seconds), *options]):
        done = subprocess.run(command + arguments, capture_output=True, text=True, timeout=COMMAND_LIMIT, check=True)
    due = "NOERROR" if domain == proxies.ORIGIN_NAME else "NXDOMAIN"
    codes = next(line for line in done.stdout.splitlines() if "Response codes:" in line)
    if codes.split(":")[1].split()[0] != due or "," in codes:
        raise RuntimeError(f"not all of them {due}: {codes.strip()}")
    return done.stdout


def _number(output, label):
    return float(next(line for line in output.splitlines() if label in line).split(":")[1].split()[0])


def rate(domain):
    def measure(load, server, meter):
        meter.restart()
        output = _run(load, server, domain, max(1, load.milliseconds // 1000))
        return _number(output, "Queries per second:"), _number(output, "Queries completed:") / 1e6
    return measure


def latency(domain):
    """The 99th percentile in microseconds, at a rate that all can keep up."""
    def measure(load, server, _meter):
        output = _run(load, server, domain, max(1, load.milliseconds // 1000), "-Q", str(STEADY_RATE), "-v")
        times = sorted(float(line.split()[-1]) for line in output.splitlines() if line.startswith("> "))
        if len(times) < STEADY_RATE / 2:
            raise RuntimeError(f"{len(times)} answers only")
        return times[len(times) * 99 // 100] * 1e6, None
    return measure
