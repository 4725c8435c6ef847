"""How long may a test wait? Every wait has a bound, and none is a plain sleep: a test goes on at the moment its event happens."""

import os
import time

# Sanitizer builds are several times slower; scripts/test sets this for them.
PATIENCE = float(os.environ.get("EGRESSD_TEST_PATIENCE", "1"))


def seconds(amount):
    return amount * PATIENCE


# A refusal is owed within a second (threats.md); anything that really moves data gets longer.
REFUSAL = seconds(1.0)
WORK = seconds(15.0)


def wait_until(condition, what, timeout=None):
    """Returns the first true value of `condition()`. For state that only a file or /proc shows."""
    end = time.monotonic() + (timeout or WORK)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"timed out waiting for {what}")
        time.sleep(0.005)
