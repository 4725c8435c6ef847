"""Proves that the places and encodings of tests/support/matrix.py carry what they are given: each is read back by a decoder that is not its own."""

import base64
import codecs
import email
import gzip
import html
import http.cookies
import json
import pathlib
import quopri
import re
import subprocess
import sys
import unittest
import urllib.parse
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import matrix  # noqa: E402 - the path comes first

TEXT = b"prefix_" + bytes(range(48, 58)) + b"abcXYZ-~."
HARD = 'quote" back\\ per%cent & = + ; é ☃ 𝄞'.encode()
NODE_UNBR = ["node", "-e", "process.stdout.write(require('zlib').brotliDecompressSync(require('fs').readFileSync(0)))"]


def through(*command):
    return lambda data: subprocess.run(command, input=data, check=True, capture_output=True, timeout=30).stdout


def unpad(decode, block):
    return lambda data: decode(data + b"=" * (-len(data) % block))


def behind(count):
    return lambda data: base64.b64decode(data.split(b",")[1])[count:-1]


UNHEX = {separator: (lambda data, separator=separator: bytes.fromhex(data.decode().replace(separator, ""))) for separator in (":", "-", " ", "\\x")}

DECODERS = {
    "plain": lambda data: data,
    "base64": lambda data: base64.b64decode(data, validate=True),
    **{f"base64 behind {count}": behind(count) for count in range(3)},
    **{f"base64 glued {count}": (lambda data, count=count: base64.b64decode(data[count:], validate=True)) for count in (1, 2, 3)},
    "base64url": unpad(base64.urlsafe_b64decode, 4),
    "base64 wrapped 64": base64.b64decode,
    "base64 wrapped 76": base64.b64decode,
    "base32": base64.b32decode,
    "base32 lower": unpad(lambda data: base64.b32decode(data, casefold=True), 8),
    "hex": lambda data: bytes.fromhex(data.decode()),
    "hex upper": lambda data: bytes.fromhex(data.decode()),
    "hex colons": UNHEX[":"],
    "hex dashes": UNHEX["-"],
    "hex spaces": UNHEX[" "],
    "escapes": lambda data: codecs.escape_decode(data)[0],
    "percent": urllib.parse.unquote_to_bytes,
    "percent lower": urllib.parse.unquote_to_bytes,
    "percent twice": lambda data: urllib.parse.unquote_to_bytes(urllib.parse.unquote_to_bytes(data)),
    "json escapes": lambda data: json.loads(b'"' + data + b'"').encode(),
    "entities": lambda data: html.unescape(data.decode()).encode(),
    "entities hex": lambda data: html.unescape(data.decode()).encode(),
    "utf-16le": lambda data: data.decode("utf-16-le").encode(),
    "utf-16be": lambda data: data.decode("utf-16-be").encode(),
    "invisible": lambda data: re.sub(f"[{matrix.INVISIBLE}]", "", data.decode()).encode(),
    "quoted-printable": quopri.decodestring,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "raw deflate": lambda data: zlib.decompress(data, -15),
    "br": through(*NODE_UNBR),
    "zstd": through("zstd", "-q", "-d", "-c"),
}


def header(request, name):
    return next(value for key, value in request[2] if key == name)


def query(text):
    return urllib.parse.parse_qsl(text, keep_blank_values=True, encoding="latin-1")


def part(request):
    head = f"Content-Type: {header(request, 'Content-Type')}\r\n\r\n".encode()
    message, = email.message_from_bytes(head + request[3]).get_payload()
    return message


def latin(text):
    return text.encode("latin-1")


def filename(request):
    line = next(line for line in request[3].split(b"\r\n") if b"filename" in line)
    name = re.search(rb'filename="([^"]*)"', line)[1]
    return name.replace(b"%22", b'"').replace(b"%0A", b"\n").replace(b"%0D", b"\r")


def nested(request):
    return json.loads(request[3])["a"][1][1][0]["c"][0].encode()


READERS = {
    "path": lambda r: urllib.parse.unquote_to_bytes(r[1][len("/a/"):-len("/z")]),
    "query value": lambda r: latin(query(r[1].split("?", 1)[1])[1][1]),
    "query name": lambda r: latin(query(r[1].split("?", 1)[1])[1][0]),
    "header value": lambda r: latin(header(r, "X-Value")),
    "header name": lambda r: latin(r[2][0][0][len("X-"):]),
    "bearer": lambda r: latin(header(r, "Authorization").split(" ", 1)[1]),
    "basic": lambda r: base64.b64decode(header(r, "Authorization").split(" ")[1]).split(b":", 1)[1],
    "cookie": lambda r: latin(http.cookies.SimpleCookie(header(r, "Cookie"))["v"].value),
    "json value": lambda r: json.loads(r[3])["v"].encode(),
    "json key": lambda r: list(json.loads(r[3]))[1].encode(),
    "json nested": nested,
    "form field": lambda r: latin(query(r[3].decode())[1][1]),
    "multipart field": lambda r: part(r).get_payload(decode=True),
    "multipart file": lambda r: part(r).get_payload(decode=True),
    "multipart filename": filename,
    "multipart header": lambda r: re.search(rb"X-Part: (.*)\r\n", r[3])[1],
    "multipart base64": lambda r: part(r).get_payload(decode=True),
    "multipart quoted-printable": lambda r: part(r).get_payload(decode=True),
    "trailer": lambda r: re.search(rb"\r\n0\r\nX-Trailer: (.*)\r\n\r\n$", r[3])[1],
    "body": lambda r: r[3],
    "text body": lambda r: r[3][len(b"before\n"):-len(b"\nbehind\n")],
}


def decode(chain, data):
    for name in chain.split(">"):
        data = DECODERS[name](data)
    return data


class Encodings(unittest.TestCase):
    def test_each_is_undone_by_another_decoder(self):
        self.assertEqual(set(DECODERS), set(matrix.ENCODINGS))
        for name in matrix.ENCODINGS:
            for text in (TEXT, TEXT[:-1], TEXT[:-2], HARD, b"a"):
                with self.subTest(encoding=name, text=text):
                    self.assertEqual(decode(name, matrix.encode(name, text)), text)

    def test_only_plain_shows_the_text(self):
        for name in set(matrix.ENCODINGS) - {"plain"} - {"gzip", "deflate", "raw deflate", "br", "zstd"}:
            with self.subTest(encoding=name):
                self.assertNotIn(TEXT, matrix.encode(name, TEXT))

    def test_a_chain_names_the_outermost_first(self):
        self.assertEqual(gzip.decompress(matrix.encode("gzip>base64", TEXT)), base64.b64encode(TEXT))

    def test_chains_of_every_depth(self):
        for depth in range(1, matrix.DEPTH + 1):
            chains = matrix.chains(depth)
            self.assertGreater(len(chains), 20)
            self.assertEqual({chain.count(">") for chain in chains}, {depth - 1})
            self.assertEqual(len(set(chains)), len(chains))
            for chain in chains:
                with self.subTest(chain=chain):
                    self.assertEqual(decode(chain, matrix.encode(chain, TEXT)), TEXT)

    def test_bytes_are_not_characters(self):
        with self.assertRaises(matrix.CannotCarry):
            matrix.encode("utf-16le>gzip", TEXT)


class Places(unittest.TestCase):
    def test_each_carries_a_token(self):
        self.assertEqual(set(READERS), set(matrix.PLACES))
        for name, place in matrix.PLACES.items():
            with self.subTest(place=name):
                self.assertEqual(READERS[name](place(TEXT)), TEXT)

    def test_each_carries_every_encoding_or_says_that_it_cannot(self):
        for chain in (*matrix.ENCODINGS, "gzip>base64", "base64>gzip"):
            clothed = matrix.encode(chain, TEXT)
            names = set()
            for name, request in matrix.requests(TEXT, chain):
                names.add(name)
                with self.subTest(place=name, chain=chain):
                    self.assertEqual(READERS[name](request), clothed)
            self.assertLessEqual({"path", "query value", "basic", "form field", "multipart base64", "body"}, names)

    def test_what_is_hard_to_write_is_carried(self):
        self.assertGreater(len(dict(matrix.requests(HARD))), 15)
        for name, request in matrix.requests(HARD):
            with self.subTest(place=name):
                self.assertEqual(READERS[name](request), HARD)

    def test_what_would_end_a_line_is_not_put_into_one(self):
        for name in ("header value", "header name", "bearer", "cookie", "trailer", "multipart header"):
            with self.subTest(place=name), self.assertRaises(matrix.CannotCarry):
                matrix.PLACES[name](b"a\r\nX-Other: b")

    def test_framing_is_right(self):
        for name, (method, target, headers, body) in matrix.requests(TEXT):
            lengths = [int(value) for key, value in headers if key == "Content-Length"]
            with self.subTest(place=name):
                self.assertEqual(lengths, [len(body)] if body and name != "trailer" else [])
                head = matrix.wire((method, target, headers, body), "a.test").split(b"\r\n\r\n")[0]
                self.assertEqual(head.split(b"\r\n")[:2], [f"{method} http://a.test{target} HTTP/1.1".encode(), b"Host: a.test"])

    def test_content_codings_are_applied_in_their_order(self):
        request = matrix.with_content_coding(matrix.PLACES["json value"](TEXT), "gzip", "br")
        self.assertEqual(header(request, "Content-Encoding"), "gzip, br")
        self.assertEqual(header(request, "Content-Length"), str(len(request[3])))
        self.assertEqual(json.loads(decode("br>gzip", request[3]))["v"].encode(), TEXT)
        for name in ("path", "trailer"):
            with self.assertRaises(matrix.CannotCarry):
                matrix.with_content_coding(matrix.PLACES[name](TEXT), "gzip")
