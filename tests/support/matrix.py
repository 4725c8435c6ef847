"""Where in an HTTP request can a text stand, and in which clothes? PLACES and ENCODINGS, by name; every test that asks whether a secret is
found walks through them. A chain "gzip>base64" names the outermost first, as findings do: base64 was applied first, gzip to what came of it."""

import base64
import binascii
import functools
import gzip as gzip_module
import itertools
import json
import re
import string
import subprocess
import urllib.parse
import zlib

BOUNDARY = b"----matrix-boundary-7f1c"
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
FIELD_VALUE = re.compile(rb"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")  # RFC 9110 5.5
COOKIE_VALUE = re.compile(rb"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")  # RFC 6265 4.1.1
PATH_SAFE, QUERY_SAFE = "-._~!$&'()*+,;=:@", "-._~!$'()*,;:@/?"


class CannotCarry(ValueError):
    """No client could put these bytes there."""


def _must_match(pattern, text):
    if not pattern.fullmatch(text):
        raise CannotCarry(f"{text[:40]!r} does not match {pattern.pattern!r}")
    return text.decode("latin-1")


def _unicode(text):
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotCarry(str(error)) from error


# --- Places: each takes bytes and returns (method, target, headers, body); what a place's own syntax demands is escaped, nothing else.
# --- The body is as it goes over the wire, and the headers hold its framing.

def _get(target="/", *headers):
    return "GET", target, list(headers), b""


def _post(kind, body, *headers):
    return "POST", "/upload", [("Content-Type", kind), ("Content-Length", str(len(body))), *headers], body


def _multipart(part):
    body = b"--%b\r\n%b\r\n--%b--\r\n" % (BOUNDARY, part, BOUNDARY)
    return _post(f"multipart/form-data; boundary={BOUNDARY.decode()}", body)


def _part(value, *headers, disposition=b'form-data; name="field"'):
    if BOUNDARY in value:
        raise CannotCarry("holds the boundary")
    return _multipart(b"\r\n".join([b"Content-Disposition: " + disposition, *headers, b"", value]))


def _json(value):
    return _post("application/json", json.dumps(value, ensure_ascii=False).encode())


def _file_name(text):
    """As browsers write it: HTML, "multipart form data", escapes the quote and the ends of lines."""
    name = text.replace(b"\n", b"%0A").replace(b"\r", b"%0D").replace(b'"', b"%22")
    _must_match(FIELD_VALUE, name)
    return _part(b"content", b"Content-Type: text/plain", disposition=b'form-data; name="file"; filename="%b"' % name)


def _trailer(text):
    value = _must_match(FIELD_VALUE, text).encode("latin-1")
    body = b"4\r\ntext\r\n0\r\nX-Trailer: %b\r\n\r\n" % value
    return "POST", "/upload", [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked"), ("Trailer", "X-Trailer")], body


def _basic(text):
    return _get("/", ("Authorization", "Basic " + base64.b64encode(b"user:" + text).decode()))


PLACES = {
    "path": lambda text: _get("/a/" + urllib.parse.quote(text, PATH_SAFE) + "/z"),
    "query value": lambda text: _get("/?a=1&v=" + urllib.parse.quote(text, QUERY_SAFE) + "&z=1"),
    "query name": lambda text: _get("/?a=1&" + urllib.parse.quote(text, QUERY_SAFE) + "=1"),
    "header value": lambda text: _get("/", ("X-Value", _must_match(FIELD_VALUE, text))),
    "header name": lambda text: _get("/", ("X-" + _must_match(TOKEN, text), "1")),
    "bearer": lambda text: _get("/", ("Authorization", "Bearer " + _must_match(FIELD_VALUE, text))),
    "basic": _basic,
    "cookie": lambda text: _get("/", ("Cookie", f"a=1; v={_must_match(COOKIE_VALUE, text)}; z=1")),
    "json value": lambda text: _json({"a": 1, "v": _unicode(text)}),
    "json key": lambda text: _json({"a": 1, _unicode(text): "v"}),
    "json nested": lambda text: _json({"a": [1, ["b", [{"c": [_unicode(text)]}]]]}),
    "form field": lambda text: _post("application/x-www-form-urlencoded", b"a=1&v=" + urllib.parse.quote_plus(text).encode() + b"&z=1"),
    "multipart field": _part,
    "multipart file": lambda text: _part(text, b"Content-Type: application/octet-stream",
                                         disposition=b'form-data; name="file"; filename="a.bin"'),
    "multipart filename": _file_name,
    "multipart header": lambda text: _part(b"content", b"X-Part: " + _must_match(FIELD_VALUE, text).encode("latin-1")),
    "multipart base64": lambda text: _part(base64.encodebytes(text).replace(b"\n", b"\r\n"), b"Content-Transfer-Encoding: base64"),
    "multipart quoted-printable": lambda text: _part(quoted_printable(text), b"Content-Transfer-Encoding: quoted-printable"),
    "trailer": _trailer,
    "body": lambda text: _post("application/octet-stream", text),
    "text body": lambda text: _post("text/plain", b"before\n" + text + b"\nbehind\n"),
}


def with_content_coding(request, *codings):
    """The request with its body in these content codings (names of ENCODINGS), in the order in which they are applied."""
    method, target, headers, body = request
    if any(name == "Transfer-Encoding" for name, _ in headers) or not body:
        raise CannotCarry("no body, or one with a framing of its own")
    for coding in codings:
        body = ENCODINGS[coding](body)
    headers = [(name, str(len(body)) if name == "Content-Length" else value) for name, value in headers]
    return method, target, [*headers, ("Content-Encoding", ", ".join(codings))], body


def wire(request, host):
    """The request's bytes, for a proxy to forward: absolute-form."""
    method, target, headers, body = request
    lines = [f"{method} http://{host}{target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


# --- Encodings: bytes to bytes.

@functools.lru_cache(maxsize=None)
def _through(command, text):
    return subprocess.run(command, input=text, check=True, capture_output=True, timeout=30).stdout


NODE_BR = ("node", "-e", "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))")


def brotli(text):
    return _through(NODE_BR, text)


def zstd(text):
    return _through(("zstd", "-q", "-c"), text)


def gzip(text):
    return gzip_module.compress(text, mtime=0)


def raw_deflate(text):
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(text) + deflater.flush()


def quoted_printable(text):
    """With soft line breaks, the only ones that are left in it."""
    return binascii.b2a_qp(text, quotetabs=True, istext=False).replace(b"\n", b"\r\n")


def _each(form):
    """Every byte by itself, as `form` says."""
    return lambda text: "".join(form.format(byte) for byte in text).encode()


def _joined(separator, form="{:02x}"):
    return lambda text: separator.join(form.format(byte) for byte in text).encode()


def _base64_behind(count):
    """As a part of something longer that was encoded as a whole, `count` bytes behind a group's beginning."""
    return lambda text: b"data:text/plain;base64," + base64.b64encode(b"k: "[:count] + text + b"\n") + b"\n"


def _base64_glued(count):
    """With `count` characters in front that look as if they belonged to it."""
    return lambda text: b"key"[:count] + base64.b64encode(text)


def _wrapped(width):
    def encode(text):
        plain = base64.b64encode(text)
        return b"".join(plain[at:at + width] + b"\r\n" for at in range(0, len(plain), width))
    return encode


def _json_escapes(text):
    units = _unicode(text).encode("utf-16-be")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2])).encode()


def _entities(form):
    return lambda text: "".join(form.format(ord(c)) for c in _unicode(text)).encode()


def _utf16(order):
    return lambda text: _unicode(text).encode("utf-16-" + order)


INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def _invisible(text):
    """A character without a width behind each letter or digit: what is read by people is unchanged."""
    marks = itertools.cycle(INVISIBLE)
    return "".join(c + next(marks) if c in string.ascii_letters + string.digits else c for c in _unicode(text)).encode()


def _percent_twice(text):
    once = ENCODINGS["percent"](text)
    return once.replace(b"%", b"%25")


ENCODINGS = {
    "plain": lambda text: text,
    "base64": base64.b64encode,
    **{f"base64 behind {count}": _base64_behind(count) for count in range(3)},
    **{f"base64 glued {count}": _base64_glued(count) for count in (1, 2, 3)},
    "base64url": lambda text: base64.urlsafe_b64encode(text).rstrip(b"="),
    "base64 wrapped 64": _wrapped(64),
    "base64 wrapped 76": _wrapped(76),
    "base32": base64.b32encode,
    "base32 lower": lambda text: base64.b32encode(text).rstrip(b"=").lower(),
    "hex": _each("{:02x}"),
    "hex upper": _each("{:02X}"),
    "hex colons": _joined(":"),
    "hex dashes": _joined("-"),
    "hex spaces": _joined(" "),
    "escapes": _each("\\x{:02x}"),
    "percent": _each("%{:02X}"),
    "percent lower": _each("%{:02x}"),
    "percent twice": _percent_twice,
    "json escapes": _json_escapes,
    "entities": _entities("&#{};"),
    "entities hex": _entities("&#x{:x};"),
    "utf-16le": _utf16("le"),
    "utf-16be": _utf16("be"),
    "invisible": _invisible,
    "quoted-printable": lambda text: b"".join(b"=%02X" % byte for byte in text),
    "gzip": gzip,
    "deflate": zlib.compress,
    "raw deflate": raw_deflate,
    "br": brotli,
    "zstd": zstd,
}

# Nothing in their bytes says what they are: only a Content-Encoding does.
UNMARKED = {"br", "raw deflate"}
DEPTH = 4  # how deep encodings are followed
_LINKS = ("base64", "base64url", "hex", "percent", "json escapes", "gzip", "deflate", "zstd", "utf-16le")


def encode(chain, text):
    """`chain`: "hex", or "gzip>base64" for gzip of base64 of the text. CannotCarry where bytes would have to be characters."""
    for name in reversed(chain.split(">")):
        text = ENCODINGS[name](text)
    return text


def _is_possible(chain):
    try:
        encode(">".join(chain), b"text")
    except CannotCarry:
        return False
    return True


@functools.lru_cache(maxsize=None)
def chains(depth):
    """Compositions of so many encodings. All pairs of the common ones; of the deeper chains a sample, in which each stands in each place."""
    if depth == 1:
        return tuple(ENCODINGS)
    if depth == 2:
        return tuple(">".join(pair) for pair in itertools.product(_LINKS, repeat=2) if _is_possible(pair))
    count = len(_LINKS)
    steps = [tuple(_LINKS[(first + stride * place) % count] for place in range(depth)) for first in range(count) for stride in range(count)]
    return tuple(">".join(chain) for chain in steps if _is_possible(chain))


def requests(text, chain="plain"):
    """(name of the place, request) for each place that can carry the text so encoded."""
    clothed = encode(chain, text)
    for name, place in PLACES.items():
        try:
            yield name, place(clothed)
        except CannotCarry:
            continue
