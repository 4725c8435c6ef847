"""Measures egressd beside its peers in one run and prints a table. Started by scripts/bench, which builds what it needs.

Each round runs every workload against every proxy in turn, so that a drift of the machine meets all of them; the table has the median of
the rounds for rates and the lowest round for CPU time, which a busy machine can only raise.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile

import inspectors
import name_servers
import proxies
import scanning
import workloads

PREFERRED = "egressd"
PEERS = ("squid", "tinyproxy", "privoxy", "mitmproxy")  # what a user could install instead; haproxy and direct are ceilings
NAMES = ("egressd", "unscanned", "squid", "tinyproxy", "privoxy", "mitmproxy", "haproxy", "direct")
ALL_NAMES = NAMES + tuple(name for name in name_servers.NAMES if name not in NAMES)


def run_one(load, workload, name, directory, origins):
    """(figure, CPU per unit of work or None) of a fresh process: none profits or suffers from what was measured before."""
    with tempfile.TemporaryDirectory(dir=directory) as own:
        os.chmod(own, 0o755)
        proxy = workload.contestants[name](own, origins)
        child = proxy.start() if workload.started else None
        try:
            meter = workloads.Meter(child)
            figure, work = workload.measure(load, proxy, meter)
            return figure, meter.per(work)
        finally:
            if child:
                child.stop()


def run_rounds(load, rounds, names, chosen, directory, origins):
    figures = {(w.key, name): ([], []) for w in chosen for name in names if name in w.contestants}
    for number in range(1, rounds + 1):
        for workload in chosen:
            for name in names:
                if name not in workload.contestants:
                    continue
                try:
                    figure, cpu = run_one(load, workload, name, directory, origins)
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    print(f"round {number}: {workload.key}: {name}: {error}", file=sys.stderr)
                    continue
                rates, costs = figures[workload.key, name]
                rates.append(figure)
                if cpu is not None:
                    costs.append(cpu)
                print(f"round {number}: {workload.key}: {name}: {figure:.6g} {workload.unit}"
                      + (f", CPU {cpu:.4g} {workload.per}" if cpu is not None else ""), file=sys.stderr)
    return figures


def cell(figures, workload, name):
    rates, costs = figures.get((workload.key, name), ([], []))
    if not rates:
        return "–"
    middle = statistics.median(rates)
    text = f"{middle:,.0f}" if middle >= 100 else f"{middle:.2f}" if middle < 10 else f"{middle:.1f}"
    return text + (f" ({min(costs):.3g})" if costs and name != "direct" else "")


def ratio(figures, workload, names):
    """egressd against the best of `names`; above 1 is in egressd's favour."""
    own = figures.get((workload.key, PREFERRED), ([], []))[0]
    others = [statistics.median(figures[workload.key, name][0]) for name in names
              if figures.get((workload.key, name), ([], []))[0]]
    if not own or not others:
        return "–"
    middle = statistics.median(own)
    return f"{middle / max(others):.2f}" if workload.more_is_better else f"{min(others) / middle:.2f}"


def cost_ratio(figures, workload, name):
    """How much more CPU time another one takes for the same; above 1 is in egressd's favour."""
    own, other = (figures.get((workload.key, each), ([], []))[1] for each in (PREFERRED, name))
    return f"{min(other) / min(own):.2f}" if own and other and min(own) > 0 else "–"


def print_name_servers(figures, chosen, names):
    peers = [name for name in name_servers.NAMES if name != PREFERRED and name in names]
    shown = [PREFERRED, *peers]
    heads = [*shown, *(f"egressd : {name}{what}" for name in peers for what in ("", ", CPU"))]
    print("\n| work | unit (CPU of the server) | " + " | ".join(heads) + " |")
    print("|---|---|" + "---:|" * len(heads))
    for workload in chosen:
        unit = workload.unit + (f" ({workload.per})" if workload.per else "")
        cells = [cell(figures, workload, name) for name in shown]
        for name in peers:
            cells += [ratio(figures, workload, (name,)), cost_ratio(figures, workload, name)]
        print(f"| {workload.title} | {unit} | " + " | ".join(cells) + " |")


def print_table(figures, chosen, names):
    print("| work | unit (CPU of the proxy) | " + " | ".join(names) + " | egressd : best peer | egressd : squid |")
    print("|---|---|" + "---:|" * (len(names) + 2))
    for workload in chosen:
        unit = workload.unit + (f" ({workload.per})" if workload.per else "")
        cells = [cell(figures, workload, name) for name in names]
        print(f"| {workload.title} | {unit} | " + " | ".join(cells)
              + f" | {ratio(figures, workload, PEERS)} | {ratio(figures, workload, ('squid',))} |")
    print("\nMedians of the rounds; CPU is the lowest round, user and system time of the proxy alone. "
          "A ratio above 1 is in egressd's favour.")


def print_tables(figures, chosen, names):
    servers = [workload for workload in chosen if workload.key.startswith("dns-")]
    others = [workload for workload in chosen if workload not in servers]
    if others:
        print_table(figures, others, [name for name in names if name in NAMES])
    if servers:
        print_name_servers(figures, servers, names)


def parse_options():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round of one second each: a look, not a result")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement (default 4)")
    parser.add_argument("--only", default="", metavar="NAME,...",
                        help="only these: any of " + ", ".join([w.key for w in workloads.ALL] + ["scan"] + list(ALL_NAMES)))
    parser.add_argument("--egressd", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--load", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--scan", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    return options


def start_origins(directory, load, origins):
    yield proxies.start_web_origin(directory, origins)
    yield proxies.Child("origin", [load, "origin", "--listen", f"127.0.0.1:{origins.tunnel}"], directory, origins.tunnel)
    yield from inspectors.start_origins(directory, load, origins)


def main():
    options = parse_options()
    wanted = {word for word in options.only.split(",") if word}
    unknown = wanted - {w.key for w in workloads.ALL} - {"scan"} - set(ALL_NAMES)
    if unknown:
        sys.exit(f"bench: unknown: {', '.join(sorted(unknown))}")
    if wanted == {"scan"}:
        with tempfile.TemporaryDirectory(prefix="egressd-bench-") as directory:
            scanning.measure(options.scan, directory)
        return 0
    chosen = [w for w in workloads.ALL if w.key in wanted] or workloads.ALL
    names = [name for name in ALL_NAMES if name in wanted] or ALL_NAMES
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    proxies.Egressd.binary = options.egressd
    load = workloads.Load(options.load, int(options.seconds * 1000))
    with tempfile.TemporaryDirectory(prefix="egressd-bench-") as directory:
        os.chmod(directory, 0o755)
        origins = proxies.Origins(inspectors.Certificates(directory))
        children = []
        try:
            for child in start_origins(directory, options.load, origins):
                children.append(child)
            figures = run_rounds(load, options.rounds, names, chosen, directory, origins)
        finally:
            for child in children:
                child.stop()
        print_tables(figures, chosen, names)
        if not wanted or "scan" in wanted:
            scanning.measure(options.scan, directory)
    return 0 if all(rates for rates, _ in figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
