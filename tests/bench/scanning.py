"""The scanner alone, beside the pattern library with the same patterns, on text of this machine: sources, JSON, bytes that are no text."""

import pathlib
import random
import subprocess
import sysconfig

SIZE = 4_000_000  # bytes of each text
HEADERS = pathlib.Path("/usr/include")


def _joined(files):
    """The files one behind the other, as many as SIZE takes."""
    text = b""
    for file in files:
        if len(text) >= SIZE:
            break
        text += file.read_bytes()
    return text[:SIZE]


def texts(build):
    """(name, bytes) of each."""
    yield "python", _joined(sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py")))
    yield "c++", _joined(sorted((HEADERS / "boost" / "asio").rglob("*.hpp")))
    yield "c", _joined(sorted((HEADERS / "linux").glob("*.h")))
    yield "json", (build / "compile_commands.json").read_bytes()
    yield "random", random.Random(1).randbytes(SIZE)


def measure(bench_scan, directory):
    """Prints bench_scan's table."""
    files = []
    for name, text in texts(pathlib.Path(bench_scan).parent):
        file = pathlib.Path(directory) / name
        file.write_bytes(text)
        files.append(str(file))
    print("\nThe scanner, GB of text a second of one core's CPU time, beside the pattern library alone:\n", flush=True)
    subprocess.run([bench_scan, *files], check=True)
