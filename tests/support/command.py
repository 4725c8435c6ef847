"""Runs a real client program with an environment that holds nothing but what the test says: no proxy, CA or token of the machine."""

import os
import subprocess

from .timing import WORK


def run(*argv, proxy=None, env=None, cwd=None, stdin=b"", code=0, timeout=None):
    """The finished process, with bytes; `proxy` is set for http and https; any other exit code than `code` fails (None: any is fine)."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    if proxy:
        environment.update({"http_proxy": proxy, "https_proxy": proxy, "HTTPS_PROXY": proxy, "HTTP_PROXY": proxy})
    environment.update({key: str(value) for key, value in (env or {}).items()})
    done = subprocess.run(
        [str(part) for part in argv],
        input=stdin,
        capture_output=True,
        env=environment,
        cwd=cwd,
        timeout=timeout or WORK * 2,
        check=False,
    )
    assert (
        code is None or done.returncode == code
    ), f"{argv} ended with {done.returncode}:\n{done.stdout.decode()}\n{done.stderr.decode()}"
    return done
