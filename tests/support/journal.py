"""What does the audit log say, and is it whole? Reads the file on its own terms: nothing here is shared with the program that wrote it."""

import hashlib
import json
import re
from dataclasses import dataclass

GENESIS = "0" * 64
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def read_lines(path):
    with open(path, "rb") as file:
        return file.read().split(b"\n")[:-1]  # a last line without its newline is still being written


def verify_chain(lines, previous=GENESIS):
    """Checks version, sequence, time form and the SHA-256 chain of one file; returns the last hash."""
    for number, line in enumerate(lines, start=1):
        assert all(byte >= 0x20 and byte != 0x7F for byte in line), f"line {number} has control bytes: {line!r}"
        record = json.loads(line)
        assert record["v"] == 1, line
        assert record["seq"] == number, f"line {number} has seq {record['seq']}"
        assert TIMESTAMP.fullmatch(record["ts"]), line
        assert record["prev"] == previous, f"line {number} does not continue the chain"
        covered = line[: line.rindex(b',"hash":')]
        assert hashlib.sha256(covered).hexdigest() == record["hash"], f"line {number} does not have its own hash"
        previous = record["hash"]
    return previous


@dataclass
class Attempt:
    attempt: dict
    end: dict

    @property
    def id(self):
        return self.attempt["id"]


class Journal:
    """The records of one log file."""

    def __init__(self, path, previous=GENESIS):
        self.lines = read_lines(path)
        self.last_hash = verify_chain(self.lines, previous)
        self.records = [json.loads(line) for line in self.lines]

    def of(self, event):
        return [record for record in self.records if record["event"] == event]

    def attempts(self, **fields):
        """Pairs in the order of their attempt records, those whose attempt has all `fields`. Every id has exactly one of both, in order."""
        found, ended = {}, {}
        for record in self.records:
            if record["event"] == "attempt":
                assert UUID7.fullmatch(record["id"]), record
                assert record["id"] not in found, f"two attempt records: {record}"
                found[record["id"]] = record
            elif record["event"] == "end":
                assert record["id"] in found, f"an end without its attempt: {record}"
                assert record["id"] not in ended, f"two end records: {record}"
                ended[record["id"]] = record
        missing = found.keys() - ended.keys()
        assert not missing, f"attempts without an end: {[found[key] for key in missing]}"
        pairs = [Attempt(found[key], ended[key]) for key in found]
        return [pair for pair in pairs if all(pair.attempt.get(key) == value for key, value in fields.items())]

    def one(self, **fields):
        """The single attempt with these fields."""
        pairs = self.attempts(**fields)
        assert len(pairs) == 1, f"{len(pairs)} attempts with {fields}:\n" + b"\n".join(self.lines).decode()
        return pairs[0]

    def inner(self, **fields):
        """The requests inside CONNECT or SOCKS5, in order."""
        return self.attempts(proto="http", **fields)

    def reasons(self, **fields):
        return [pair.end["reason"] for pair in self.attempts(**fields)]
