"""Every place of a request by every encoding (support.matrix): nothing of it reaches the origin. Depths beyond one are tried on the scanner
itself, which is the same and quicker to ask."""

import json

import pytest

from support import matrix
from support.command import run
from support.egressd import BINARY
from support.timing import WORK
from support.tokens import github_token

RULES = """version: 1
rules:
  - id: github-pat
    description: GitHub personal access token
    pattern: "gh[p]_[0-9A-Za-z]{36}"
    check: github
    example: "gh{oneof:p}_{b62:30}{crc32-b62}"
"""
# Without a mark of their own they are told from other bytes only by Content-Encoding, which test_a_declared_coding tries.
# What is let through, and why: zlib's two bytes are looked for at the beginning of base64 alone (gzip's three anywhere).
NOT_SEEN = {"deflate": {"basic"}}
REFUSED = (400, 403)  # 400: a path that can be read in two ways
ALONE = [name for name in matrix.ENCODINGS if name not in matrix.UNMARKED]


@pytest.fixture
def rules(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    return file


@pytest.fixture
def ask(start, rules):
    """Sends a request through an egressd; the response."""
    egressd = start({"allow": ["origin.test"], "secrets": {"rules": [str(rules)], "known": []}})

    def ask(request):
        client = egressd.client(timeout=WORK)
        client.send(matrix.wire(request, "origin.test"))
        return client.read_response(request[0])

    return ask


@pytest.mark.parametrize("encoding", ALONE)
def test_a_token_leaves_from_no_place(ask, origin, encoding):
    token = github_token()
    places = [(name, request) for name, request in matrix.requests(token.encode(), encoding) if name != "trailer"]
    assert len(places) >= 5
    leaked = {name for name, request in places if ask(request).status not in REFUSED}
    assert leaked == NOT_SEEN.get(encoding, set())
    assert len(origin.requests) == len(leaked)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate", "br", "zstd"])
@pytest.mark.parametrize("place", ["json value", "multipart file", "multipart base64", "form field"])
def test_a_declared_coding(ask, origin, coding, place):
    names = {"raw deflate": "deflate"}
    method, target, headers, body = matrix.with_content_coding(matrix.PLACES[place](github_token().encode()), coding)
    headers = [(name, names.get(value, value)) if name == "Content-Encoding" else (name, value) for name, value in headers]
    assert ask((method, target, headers, body)).status == 403
    assert origin.connections == []


@pytest.mark.parametrize("encoding", ALONE)
def test_the_same_requests_without_a_token_pass(ask, encoding):
    """What is refused above is refused for the token, not for its encoding."""
    harmless = b"the-quick-brown-fox-jumps-over-40-d"
    refused = [name for name, request in matrix.requests(harmless, encoding) if ask(request).status == 403]
    assert refused == []


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_nested_encodings(tmp_path, rules, depth):
    token = github_token()
    # UTF-16 of UTF-16 of UTF-16 is nothing that anybody reads.
    chains = [chain for chain in matrix.chains(depth) if chain.count("utf-16le") < 3]
    for number, chain in enumerate(chains):
        (tmp_path / f"{number}.in").write_bytes(b"before " + matrix.encode(chain, b"x " + token.encode() + b" y") + b" behind")
    done = run(BINARY, "scan", "--json", "--rules", rules, *(tmp_path / f"{number}.in" for number in range(len(chains))),
               env={"HOME": str(tmp_path)}, code=1, timeout=WORK)
    found = {finding["file"] for finding in json.loads(done.stdout)}
    missed = [chain for number, chain in enumerate(chains) if str(tmp_path / f"{number}.in") not in found]
    assert missed == []
