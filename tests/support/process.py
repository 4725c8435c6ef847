"""A child process of a test: its lines as they come, its end, and nothing of it left over. Ended by its own pid only."""

import os
import signal
import subprocess
import threading
import time

from .timing import WORK, seconds


class Process:
    """`argv` runs until stop(); both outputs are read by threads, so that a full pipe never blocks the child."""

    def __init__(self, argv, *, env=None, cwd=None):
        self.argv = [str(part) for part in argv]
        self._changed = threading.Condition()
        self.stdout, self.stderr = [], []
        self._popen = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd
        )
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self._popen.stdout, self.stdout), (self._popen.stderr, self.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            with self._changed:
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        stream.close()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self):
        return self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def wait_for_line(self, matches, *, start=0, timeout=None):
        """The first line of stderr from index `start` on for which `matches(line)` is true."""
        end = time.monotonic() + (timeout or WORK)
        with self._changed:
            while True:
                for line in self.stderr[start:]:
                    if matches(line):
                        return line
                if not self.running() and not any(reader.is_alive() for reader in self._readers):
                    raise AssertionError(f"{self.argv[0]} ended with {self._popen.returncode}:\n" + self.output())
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{self.argv[0]} did not write the awaited line:\n" + self.output())
                self._changed.wait(min(left, 0.1))

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self, timeout=None):
        code = self._popen.wait(timeout or WORK)
        for reader in self._readers:
            reader.join(WORK)
        return code

    def ends_soon(self):
        """Has it ended, or is it at its last words? For a test that finds its door closed."""
        try:
            self.wait(seconds(1))
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, number=signal.SIGTERM, timeout=None):
        """Asks it to end, then insists; the exit code, negative for a signal."""
        if self.running():
            self.send_signal(number)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self.wait()
            raise AssertionError(f"{self.argv[0]} did not stop on signal {number}:\n" + self.output()) from None

    def kill(self):
        if self.running():
            self._popen.kill()
        return self.wait()

    def output(self):
        return "\n".join(self.stdout + self.stderr)
