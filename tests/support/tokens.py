"""Tokens that look like the real thing and open nothing, made at run time: none stands in a file."""

import secrets
import string
import zlib

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def _base62(number, width):
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = BASE62[digit] + text
    return text.rjust(width, "0")


def github_token(prefix="gh" "p_"):
    """A GitHub personal access token with its checksum: the last six characters are the CRC-32 of the thirty before them."""
    body = "".join(secrets.choice(BASE62) for _ in range(30))
    return prefix + body + _base62(zlib.crc32(body.encode()), 6)
