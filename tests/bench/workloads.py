"""What scripts/bench measures: the rows of its table, and how each figure is taken from one running proxy."""

import json
import os
import subprocess
import time
from pathlib import Path

import inspectors
import name_servers
import proxies

FORWARD = Path(__file__).with_name("forward.lua")
HTTP_CONNECTIONS = 64
IDLE_TUNNELS = 5000
DENIED_NAMES = 50000  # more than a round refuses twice: repetition saves nobody a line of log
TLS_CONNECTIONS = 64
TLS_FRESH_CONNECTIONS = 16  # under way at once; each costs both ends a handshake, so few keep everybody busy
POST_BYTES = 1024 * 1024
LARGE_BYTES = 1024 * 1024 * 1024
LEAST_GROWTH = 1.0  # MiB; less is the noise of an allocator, and its ratio says nothing
COMMAND_LIMIT = 150  # seconds until a measurement has failed


class Meter:
    """The CPU time of a proxy, from when the work begins."""

    def __init__(self, child):
        self.child = child
        self.restart()

    def restart(self):
        self._before = self.child.cpu_seconds() if self.child else 0.0

    def per(self, work):
        return (self.child.cpu_seconds() - self._before) / work if self.child and work else None


class Load:
    """The load generators, for as long as each measurement is to take."""

    def __init__(self, program, milliseconds):
        self.program = program
        self.milliseconds = milliseconds

    def command(self, command, *options):
        return [self.program, command, "--ms", str(self.milliseconds), *options]

    def run(self, command, *options):
        return self.result(subprocess.Popen(self.command(command, *options), stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, text=True))

    def run_opened(self, meter, *options):
        """Answers over connections that stay open: the meter begins when they are."""
        running = subprocess.Popen(self.command("tls", *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.stdout.readline()
        meter.restart()
        return self.result(running)

    @staticmethod
    def result(running):
        """What a generator printed last; raises when more than one in a thousand failed."""
        try:
            output, errors = running.communicate(timeout=COMMAND_LIMIT)
        finally:
            running.kill()
        if running.returncode != 0:
            raise RuntimeError(f"bench_load: {errors.strip() or output.strip()}")
        result = json.loads(output.splitlines()[-1])
        if result.get("failed", 0) > result.get("done", 0) / 1000:
            raise RuntimeError(f"{result['failed']} failed, {result['done']} done; {errors.strip()}")
        return result


# Each of these returns (figure, units of work that the CPU time is for, or None).


def http(load, proxy, _meter):
    url = proxy.web_url()
    environment = dict(os.environ, BENCH_URL=url if proxy.speaks_proxy else "/1k", BENCH_HOST=url.split("/")[2])
    command = ["wrk", "-t1", f"-c{HTTP_CONNECTIONS}", f"-d{max(1, load.milliseconds // 1000)}s", "-s", str(FORWARD),
               f"http://127.0.0.1:{proxy.web_port()}/1k"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=COMMAND_LIMIT)
    result = json.loads(done.stderr.strip().splitlines()[-1])
    if result["refused"] > 0 or result["requests"] == 0:
        raise RuntimeError(f"{result['refused']} answers of {result['requests']} were not 2xx")
    return result["requests"] / result["seconds"], result["requests"] / 1e6


def tunnels(load, proxy, _meter):
    result = load.run("tunnels", *proxy.tunnel_options())
    return result["per_second"], result["done"] / 1e6


def denied(names):
    def measure(load, proxy, _meter):
        target = f"{proxies.DENIED_NAME}:{proxy.origins.tunnel}"
        result = load.run("denied", *proxy.tunnel_options(), "--connect", target, "--names", str(names))
        return result["per_second"], result["done"] / 1e6
    return measure


def bulk(direction, connections):
    def measure(load, proxy, _meter):
        result = load.run("bulk", *proxy.tunnel_options(), "--direction", direction, "--connections", str(connections))
        return result["gb_per_second"], result["bytes"] / 1e9
    return measure


def idle(load, proxy, meter):
    before = meter.child.resident_kib()
    holder = subprocess.Popen([load.program, "idle", *proxy.tunnel_options(), "--connections", str(IDLE_TUNNELS)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if not holder.stdout.readline():
            raise RuntimeError("the tunnels could not be opened")
        return (meter.child.resident_kib() - before) / IDLE_TUNNELS, None
    finally:
        holder.stdin.close()
        holder.wait(30)


def start(load, proxy, _meter):
    url = proxy.web_url() if proxy.speaks_proxy else f"http://127.0.0.1:{proxy.port}/1k"
    command = [load.program, "start", "--to", f"127.0.0.1:{proxy.port}", "--get", url, "--", *proxy.command()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_LIMIT)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)["ms"], None


def tls_http(load, proxy, meter):
    result = load.run_opened(meter, *proxy.tls_options(proxy.origins.tls), "--connections", str(TLS_CONNECTIONS))
    return result["per_second"], result["done"] / 1e6


def tls_fresh(what):
    def measure(load, proxy, meter):
        options = (*proxy.tls_options(proxy.origins.tls), "--fresh", what)
        load.run("tls", *options, "--connections", "1", "--requests", "1")  # makes the certificate of the one name
        meter.restart()
        result = load.run("tls", *options, "--connections", str(TLS_FRESH_CONNECTIONS))
        return result["per_second"], result["done"] / 1e6
    return measure


def tls_post(connections):
    def measure(load, proxy, meter):
        result = load.run_opened(meter, *proxy.tls_options(proxy.origins.sink), "--connections", str(connections),
                                 "--post", str(POST_BYTES))
        return result["per_second"] * POST_BYTES / 1e6, result["done"] * POST_BYTES / 1e9
    return measure


def tls_memory(load, proxy, meter):
    """How far the resident memory rises above that after a small answer, over a large upload and then a large download."""
    one = (*proxy.tls_options(proxy.origins.sink), "--fresh", "connection", "--connections", "1", "--requests", "1")
    load.run("tls", *one)
    before = highest = meter.child.resident_kib()
    for transfer in (("--post", str(LARGE_BYTES)), ("--path", f"/{LARGE_BYTES}")):
        command = load.command("tls", *one, *transfer, "--ms", str(COMMAND_LIMIT * 1000))
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            while running.poll() is None:
                highest = max(highest, meter.child.resident_kib())
                time.sleep(0.02)
            load.result(running)
    return max(LEAST_GROWTH, (highest - before) / 1024), None


class Workload:
    """A row of the table: what is measured, how and of whom, in which unit, and whether more is better."""

    def __init__(self, key, title, unit, per, measure, contestants=proxies.ALL, without=(),
                 more_is_better=True, started=True):
        self.key, self.title, self.unit, self.per, self.measure = key, title, unit, per, measure
        self.contestants = {kind.name: kind for kind in contestants if kind.name not in without}
        self.more_is_better, self.started = more_is_better, started


def denials(key, title, names):
    return Workload(key, title, "refusals/s", "µs a refusal", denied(names), without=("haproxy", "direct"))


def named(key, title, unit, per, measure, **more):
    return Workload(key, title, unit, per, measure, contestants=name_servers.ALL, **more)


def inspected(key, title, unit, per, measure, **more):
    return Workload(key, title, unit, per, measure, contestants=inspectors.ALL, **more)


ALL = [
    Workload("http", "HTTP forward, 1 KiB, keep-alive, 64 connections", "req/s", "µs a request", http),
    Workload("tunnels", "new CONNECT tunnels", "tunnels/s", "µs a tunnel", tunnels),
    denials("denied", "denied CONNECTs, one name", 1),
    denials("denied-many", f"denied CONNECTs, {DENIED_NAMES:,} names in turn", DENIED_NAMES),
    Workload("down1", "tunnel download, 1 tunnel", "GB/s", "s/GB", bulk("down", 1)),
    Workload("up1", "tunnel upload, 1 tunnel", "GB/s", "s/GB", bulk("up", 1)),
    Workload("down8", "tunnel download, 8 tunnels", "GB/s", "s/GB", bulk("down", 8)),
    Workload("up8", "tunnel upload, 8 tunnels", "GB/s", "s/GB", bulk("up", 8)),
    Workload("idle", f"idle tunnel, {IDLE_TUNNELS} open", "KiB each", None, idle, without=("direct",),
             more_is_better=False),
    Workload("start", "exec to first served request", "ms", None, start, without=("direct",), more_is_better=False,
             started=False),
    inspected("tls-http", "inspection, 1 KiB, keep-alive, 64 connections", "req/s", "µs a request", tls_http),
    inspected("tls-new", "inspection, new connection each, one name", "conn/s", "µs a connection",
              tls_fresh("connection")),
    inspected("tls-names", "inspection, new name each", "conn/s", "µs a connection", tls_fresh("name")),
    inspected("tls-post", "inspection, 1 MiB POSTs, 1 connection", "MB/s", "s/GB", tls_post(1)),
    inspected("tls-post4", "inspection, 1 MiB POSTs, 4 connections", "MB/s", "s/GB", tls_post(4)),
    # mitmproxy keeps a body until it is complete: 1 GiB takes it minutes and gigabytes.
    inspected("tls-memory", "inspection, memory grown over 1 GiB up and down", "MiB", None, tls_memory,
              without=("mitmproxy", "direct"), more_is_better=False),
    named("dns-cached", "DNS, cached names", "queries/s", "µs a query", name_servers.rate(proxies.ORIGIN_NAME)),
    named("dns-denied", "DNS, denied names", "queries/s", "µs a query", name_servers.rate(proxies.DENIED_NAME)),
    named("dns-cached-p99", "DNS, cached names, p99 at 20,000/s", "µs", None, name_servers.latency(proxies.ORIGIN_NAME),
          more_is_better=False),
    named("dns-denied-p99", "DNS, denied names, p99 at 20,000/s", "µs", None, name_servers.latency(proxies.DENIED_NAME),
          more_is_better=False),
]
