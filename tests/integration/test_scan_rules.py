"""Every rule of scan/rules finds what it is for, wherever that stands, and takes no wrong checksum for a right one. One process of
`egressd scan` looks at all samples of all rules."""

import collections
import json
import random
import re
import urllib.parse

import pytest

from support import samples
from support.command import run
from support.egressd import BINARY, ROOT

RULES = samples.load_rules()
TIERS = ["score", "alert", "block"]
KEYS = {"id", "description", "pattern", "keywords", "entropy", "check", "unproven", "tier", "severity", "home", "example", "file"}
NEEDED = {"id", "description", "pattern", "example"}

# What stands around a secret on the wire; the last three are one line.
PLACES = [
    lambda secret: f"text before {secret} text after",
    lambda secret: json.dumps({"role": "user", "content": secret, "n": 1}),
    lambda secret: f"GET /search?a=1&q={urllib.parse.quote(secret, safe='')}&b=2 HTTP/1.1",
    lambda secret: f"X-Value: {secret}\r",
    lambda secret: f"VALUE={secret}",
]


def tier_of(rule):
    return rule.get("tier", "block")


def is_proven(rule):
    """True when a wrong checksum makes a difference to this rule."""
    return "check" in rule and rule.get("unproven") != "block" and samples.is_checked(rule["example"])


def placed_samples(rule):
    """A sample in each place; one of several lines stands in text or in JSON."""
    rng = random.Random(rule["id"])
    for place in PLACES:
        secret = samples.make(rule["example"], rng)
        yield (PLACES[1] if "\n" in secret and place in PLACES[3:] else place)(secret)


def misses(rule):
    rng = random.Random(rule["id"])
    return [f"text before {text} text after" for _, text in samples.near_misses(rule["example"], rng)]


class Scanned:
    """What is found in files of blocks of text, each by its name."""

    def __init__(self, directory):
        self._directory = directory
        self._blocks = {}  # file: (begin, end) of each block
        self._found = collections.defaultdict(list)

    def write(self, name, blocks):
        path, text = self._directory / name, b""
        self._blocks[str(path)] = spans = []
        for block in blocks:
            spans.append((len(text), len(text) + len(block.encode())))
            text += block.encode() + b"\n\n"
        path.write_bytes(text)

    def scan(self):
        done = run(BINARY, "scan", "--json", *self._blocks, code=None)
        assert done.stdout, done.stderr.decode()
        for finding in json.loads(done.stdout):
            self._found[finding["file"]].append(finding)

    def in_each_block(self, name):
        """The findings of each block of that file."""
        path = str(self._directory / name)
        found = self._found[path]
        return [[one for one in found if begin <= one["offset"] < end] for begin, end in self._blocks[path]]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    made = Scanned(tmp_path_factory.mktemp("samples"))
    for rule in RULES:
        made.write(rule["id"], placed_samples(rule))
        if is_proven(rule):
            made.write(rule["id"] + ".miss", misses(rule))
    made.scan()
    return made


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["id"])
def test_every_sample_is_found(scanned, rule):
    """By this rule, or by another one that is at least as strict."""
    least = TIERS.index(tier_of(rule))
    for number, found in enumerate(scanned.in_each_block(rule["id"])):
        good = [one for one in found if one["rule"] == rule["id"] or TIERS.index(one["tier"]) >= least]
        assert good, f"place {number}: only {found} found"
        assert any(TIERS.index(one["tier"]) >= least for one in good), f"place {number}: only {good} found"
        assert all(re.fullmatch("[0-9a-f]{16}", one["fingerprint"]) for one in found)


@pytest.mark.parametrize("rule", [rule for rule in RULES if is_proven(rule)], ids=lambda rule: rule["id"])
def test_a_near_miss_is_not_blocked(scanned, rule):
    for found in scanned.in_each_block(rule["id"] + ".miss"):
        assert [one for one in found if one["rule"] == rule["id"] and one["tier"] == "block"] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["id"])
def test_a_rule_is_well_formed(rule):
    assert NEEDED <= set(rule) <= KEYS
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", rule["id"])
    assert tier_of(rule) in TIERS and rule.get("unproven", "alert") in TIERS
    assert rule.get("severity", "high") in ("low", "medium", "high", "critical")
    assert "unproven" not in rule or "check" in rule
    assert re.compile(rule["pattern"]).groups <= 1
    outside_classes = re.sub(r"\\.|\[(?:\\.|[^\]\\])+\]", "", rule["pattern"])
    assert not re.search(r"\.[*+]|[*+]$", outside_classes), "bound it"
    assert all(keyword == keyword.lower() for keyword in rule.get("keywords", []))
    for name in rule.get("home", []):
        assert re.fullmatch(r"(\*{1,2}\.)?([a-z0-9-]+\.)+[a-z]{2,}", name), name
    # Names below these are anybody's.
    assert not {"amazonaws.com", "googleapis.com", "windows.net", "azure.com", "github.io", "workers.dev", "sentry.io"} & {
        name.lstrip("*.") for name in rule.get("home", []) if name.startswith("*")
    }


def test_ids_are_unique():
    assert [name for name, count in collections.Counter(rule["id"] for rule in RULES).items() if count > 1] == []


def test_checks_exist():
    known = set(re.findall(r'\{"([a-z0-9-]+)", checks::', (ROOT / "scan/checks.cpp").read_text()))
    assert known and {rule["check"] for rule in RULES if "check" in rule} <= known


def test_there_are_enough_rules():
    assert len(RULES) > 200
