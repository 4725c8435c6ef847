"""Samples of secrets, made at run time from the `example` of each scan rule: nothing that looks like a secret stands in the sources.

An example is text with placeholders. `{{` is a literal brace; a brace that no placeholder begins with is one, too.

    {hex:32} {b62:20-40}             random characters of an alphabet (ALPHABETS); N, or M-N for a random number of them
    {uuid} {oneof:a|b|c}             what they say; placeholders may stand in a, b, c and in the argument of a structure
    {nl}                             a line break
    {mark} {end}                     empty: a checksum is over what stands between them; without a mark from the first random
                                     placeholder on, or, where the format says "all before", from the sample's beginning
    {crc32-b62} {crc32-hex} ...      checksums: CHECKSUMS
    {jwt} {pem:EC PRIVATE KEY} ...   whole structures: STRUCTURES
    {base64:...} {base64u:...}       what is made from the rest, in base64; {base64-json:...} and {base64u-json:...} are the same
                                     (base64u is the URL alphabet without padding); {percent:...} is percent-encoded
"""

import base64
import json
import pathlib
import re
import urllib.parse
import uuid

import yaml

from . import checksums
from .checksums import BASE36, BASE58, BASE62, BASE62_LOWER_FIRST, DIGITS, LOWER, UPPER, crc32, in_base

RULES = pathlib.Path(__file__).resolve().parents[2] / "scan/rules"

ALPHABETS = {
    "b62": BASE62,
    "alnum": BASE62,
    "b64": BASE62 + "+/",
    "b64u": BASE62 + "-_",
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "digits": DIGITS,
    "lower": LOWER,
    "upper": UPPER,
    "letters": UPPER + LOWER,
    "b32": UPPER + "234567",
    "b32l": LOWER + "234567",
    "b58": BASE58,
    "lowernum": DIGITS + LOWER,
    "uppernum": DIGITS + UPPER,
}

# name: (function of the text that is covered, "body" or "all": where that begins when there is no {mark})
CHECKSUMS = {
    "crc32-b62": (lambda text: in_base(crc32(text), BASE62, 6), "body"),
    "crc32-b62-lower-first": (lambda text: in_base(crc32(text), BASE62_LOWER_FIRST, 6), "all"),
    "crc32-b36": (lambda text: in_base(crc32(text), BASE36, 7), "all"),
    "crc32-hex": (lambda text: f"{crc32(text):08x}", "body"),
    "crc32-HEX": (lambda text: f"{crc32(text):08X}", "all"),
    "crc32-hex-le": (lambda text: crc32(text).to_bytes(4, "little").hex(), "all"),
    "crc32-b64-le": (checksums.crc32_base64, "body"),
    "github-fine": (checksums.github_fine, "all"),
}


def _bytes(rng, count):
    return bytes(rng.randrange(256) for _ in range(count))


def _base64u(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _jwt(rng, _argument, _before):
    header = {"alg": rng.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"}
    payload = {"sub": str(rng.randrange(10**9)), "iat": rng.randrange(1_600_000_000, 1_800_000_000)}
    return ".".join([_base64u(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload)] + [_base64u(_bytes(rng, 32))])


# How the DER of each kind of key begins, and how long it is about.
_KEYS = {
    "RSA PRIVATE KEY": ("308204a40201000282010100", 1180),
    "EC PRIVATE KEY": ("30770201010420", 114),
    "DSA PRIVATE KEY": ("308203560201000282010100", 850),
    "PRIVATE KEY": ("308204be020100300d06092a864886f70d0101010500048204a8", 1200),
    "ENCRYPTED PRIVATE KEY": ("308205295730510609608648016503040129", 1300),
    "OPENSSH PRIVATE KEY": (b"openssh-key-v1\0\0\0\0\4none\0\0\0\4none\0\0\0\0\0\0\0\1\0\0\0\x33".hex(), 380),
    "PGP PRIVATE KEY BLOCK": ("95", 900),
}


def _pem(rng, kind, _before):
    head, size = _KEYS[kind]
    data = bytes.fromhex(head)
    body = base64.b64encode(data + _bytes(rng, size - len(data))).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    blank = [""] if kind.startswith("PGP") else []
    return "\n".join([f"-----BEGIN {kind}-----", *blank, *lines, f"-----END {kind}-----"])


def _der_base64(rng, kind, _before):
    head, size = _KEYS[kind]
    data = bytes.fromhex(head)
    return base64.b64encode(data + _bytes(rng, size - len(data))).decode()


def _json(rng, _argument, _before):
    return json.dumps({"id": rng.randrange(10**6), "key": _bytes(rng, 16).hex()}, separators=(",", ":"))


def _gitlab_routable(rng, _argument, before):
    """What follows the prefix: payload, version, the payload's length in base 36, checksum over all of that."""
    payload = _base64u(f"o:{rng.randrange(1, 99)}\nu:{rng.randrange(1, 10**7):x}\nc:1\n".encode() + _bytes(rng, 17))
    text = f"{before}{payload}.01.{in_base(len(payload), BASE36, 2)}"
    return text[len(before) :] + in_base(crc32(text), BASE36, 7)


def _macaroon(rng, location, _before):
    """Version 2: location, identifier, a caveat, 32 bytes of signature; in base64url."""
    identifier = str(uuid.UUID(int=rng.getrandbits(128), version=4)).encode()
    caveat = json.dumps({"version": 1, "permissions": "user"}).encode()
    fields = b"\x01" + bytes([len(location)]) + location.encode() + b"\x02" + bytes([len(identifier)]) + identifier + b"\0"
    fields += b"\x02" + bytes([len(caveat)]) + caveat + b"\0"
    return _base64u(b"\x02" + fields + b"\0\x06\x20" + _bytes(rng, 32))


def _discord_id(rng, _argument, _before):
    return _base64u(str(rng.randrange(10**17, 12 * 10**17)).encode())


def _aws_key_id(rng, _argument, _before):
    """What follows AKIA: 80 bits, of which bits 1 to 40 are the account's number."""
    number = rng.randrange(10**10, 10**12)
    data = (number << 7 | rng.getrandbits(7) | 1 << 47).to_bytes(6, "big") + _bytes(rng, 4)
    return base64.b32encode(data).decode()


def _card(rng, digits, _before):
    body = digits + "".join(rng.choice(DIGITS) for _ in range(15 - len(digits)))
    return body + checksums.luhn(body)


def _iban(rng, country, _before):
    account = "".join(rng.choice(DIGITS) for _ in range({"DE": 18, "FR": 23, "ES": 20}[country]))
    return country + checksums.iban(country, account) + account


# name: function of (rng, argument, the sample so far since {mark})
STRUCTURES = {
    "uuid": lambda rng, _argument, _before: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "nl": lambda _rng, _argument, _before: "\n",
    "jwt": _jwt,
    "pem": _pem,
    "der-base64": _der_base64,
    "json": _json,
    "gitlab-routable": _gitlab_routable,
    "macaroon": _macaroon,
    "discord-id": _discord_id,
    "aws-key-id": _aws_key_id,
    "azure-devops": lambda rng, _argument, _before: checksums.azure_devops(_bytes(rng, 28), rng.choice([0xE0B9692D, 0x1019F92E])),
    "nats-seed": lambda rng, kind, _before: checksums.nkey_seed(kind or "U", _bytes(rng, 32)),
    "bech32": lambda rng, _argument, before: _like(before, checksums.bech32(before.lower().rstrip("1"), _bytes(rng, 32))),
    "wif": lambda rng, _argument, _before: checksums.base58check(b"\x80" + _bytes(rng, 32) + rng.choice([b"", b"\1"])),
    "xprv": lambda rng, _argument, _before: checksums.base58check(b"\x04\x88\xad\xe4" + bytes(9) + _bytes(rng, 32) + b"\0" + _bytes(rng, 32)),
    "card": _card,
    "iban": _iban,
}

_WRAPPED = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64u": lambda text: _base64u(text.encode()),
    "base64-json": lambda text: base64.b64encode((text or '{"a":1}').encode()).decode(),
    "base64u-json": lambda text: _base64u((text or '{"a":1}').encode()),
    "percent": lambda text: urllib.parse.quote(text, safe=""),
}

_NAMES = {*ALPHABETS, *CHECKSUMS, *STRUCTURES, *_WRAPPED, "oneof", "mark", "end"}
_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9-]+)(?=[:}])")


def _like(pattern, text):
    return text.upper() if pattern.isupper() else text


def _parts(template):
    """(name, argument) of each placeholder and (None, text) of what stands between them."""
    at, literal = 0, ""
    while at < len(template):
        found = _PLACEHOLDER.match(template, at)
        if template.startswith("{{", at):
            literal, at = literal + "{", at + 2
        elif not found:
            literal, at = literal + template[at], at + 1
        else:
            if found[1] not in _NAMES:
                raise ValueError(f"no placeholder {{{found[1]}}}: {template}")
            close, depth = found.end(), 1
            while depth:
                close = re.compile(r"[{}]").search(template, close).end()
                depth += 1 if template[close - 1] == "{" else -1
            if literal:
                yield None, literal
            yield found[1], template[found.end() + 1 : close - 1] if template[found.end()] == ":" else ""
            at, literal = close, ""
    if literal:
        yield None, literal


def _choices(argument):
    """What stands between the bars that are not inside a placeholder."""
    choices, depth = [""], 0
    for char in argument:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "|" and not depth:
            choices.append("")
        else:
            choices[-1] += char
    return choices


def _other(char, rng):
    """Another character of its kind."""
    for alphabet in (DIGITS, "abcdef", LOWER, "ABCDEF", UPPER):
        if char in alphabet:
            return rng.choice([one for one in alphabet if one != char])
    return "A"


def _changed(text, at, rng):
    return text[:at] + _other(text[at], rng) + text[at + 1 :]


def _render(template, rng):
    """The sample as a list of [name, text], one for each part."""
    made, mark, body, end = [], None, None, None
    for name, argument in _parts(template):
        text = "".join(part[1] for part in made)
        if name is None:
            made.append([None, argument])
        elif name == "mark":
            mark = len(text)
        elif name == "end":
            end = len(text)
        elif name in CHECKSUMS:
            function, begin = CHECKSUMS[name]
            start = mark if mark is not None else body if begin == "body" else 0
            made.append([name, function(text[start:end])])
        else:
            body = len(text) if body is None else body
            if name in ALPHABETS:
                least, _, most = argument.partition("-")
                count = rng.randint(int(least), int(most or least))
                made.append([name, "".join(rng.choice(ALPHABETS[name]) for _ in range(count))])
            elif name == "oneof":
                made.append([name, make(rng.choice(_choices(argument)), rng)])
            elif name in _WRAPPED:
                made.append([name, _WRAPPED[name](make(argument, rng))])
            else:
                made.append([name, STRUCTURES[name](rng, make(argument, rng), text[mark or 0 :])])
    return made


# Placeholders whose last characters are a checksum.
_CHECKED = {*CHECKSUMS, "gitlab-routable", "bech32", "nats-seed", "azure-devops", "wif", "xprv", "card", "iban"}


def is_checked(template):
    """True when a sample of it holds a checksum that can be wrong."""
    return any(name in _CHECKED for name, _ in _parts(template))


def _spoil(parts, rng):
    for part in parts:
        if part[0] in _CHECKED:
            part[1] = _changed(part[1], len(part[1]) - 2, rng)


def make(example, rng, checksums=True):  # pylint: disable=redefined-outer-name
    """A sample of the template `example`; without `checksums`, each of them has one wrong character."""
    parts = _render(example, rng)
    if not checksums:
        _spoil(parts, rng)
    return "".join(text for _, text in parts)


def near_misses(example, rng):
    """(what is wrong, text): a wrong checksum, a body that is one shorter, another letter in the prefix; those that make sense."""
    misses = []
    if is_checked(example):
        misses.append(("checksum", make(example, rng, checksums=False)))
    parts = _render(example, rng)
    body = next((at for at, (name, _) in enumerate(parts) if name in ALPHABETS), None)
    if body is not None:
        misses.append(("short", "".join(text[:-1] if at == body else text for at, (_, text) in enumerate(parts))))
        if body and parts[body - 1][0] is None:
            prefix = parts[body - 1][1]
            letter = max((at for at, char in enumerate(prefix) if char.isalpha()), default=None)
            if letter is not None:
                parts[body - 1][1] = _changed(prefix, letter, rng)
                misses.append(("prefix", "".join(text for _, text in parts)))
    return misses


def load_rules():
    """Every rule of scan/rules/*.yaml, as a mapping with `file`, in the order in which they stand."""
    rules = []
    for path in sorted(RULES.glob("*.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        assert document["version"] == 1 and set(document) == {"version", "rules"}, path
        rules += [{**rule, "file": path.name} for rule in document["rules"]]
    return rules
