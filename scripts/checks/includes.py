"""The layers: who may include whom, and which folder each third-party library belongs to. The same table as in CONTRIBUTING.md."""

import re

from source import ROOT, Finding, line_of

MAY_INCLUDE = {
    "net": set(),
    "policy": {"net"},
    "scan": set(),
    "audit": {"net", "policy", "scan"},
    "config": {"net", "policy", "scan", "audit"},
    "dns": {"net", "policy", "audit"},
    "proxy": {"net", "policy", "scan", "audit", "config", "dns"},
    "jail": {"net", "policy", "audit"},
    "cli": {"net", "policy", "scan", "audit", "config", "dns", "proxy", "jail"},
}

# (what is included, the folders that may)
LIBRARIES = [
    (r"yaml-cpp/", {"config"}),
    (r"ares(_\w+)?\.h$", {"dns"}),
    (r"idn2\.h$", {"net"}),
    (r"libpsl\.h$", {"policy"}),
    (r"(hs|hs/.*|pcre2|zlib|zstd|brotli/.*)\.h$", {"scan"}),
    (r"boost/beast/", {"proxy"}),
    (r"nghttp2/", {"proxy"}),
    (r"openssl/(ssl|tls1)\.h$", {"proxy"}),
    (r"spdlog/", {"proxy"}),
    (r"CLI/", {"cli"}),
    (r"linux/netfilter|linux/rtnetlink|libnftables", {"jail"}),
    (r"catch2/", {"tests"}),
]

# These decide and never wait: addresses are data, everything else of Asio is I/O.
PURE = {"policy", "scan"}
_IO = re.compile(r"boost/asio(/(?!ip/address|ip/network)|\.hpp)|boost/beast|sys/socket\.h")
# One header of a library that drags in all of it costs each file seconds.
_WIDE = {"boost/asio.hpp", "boost/beast.hpp", "boost/beast/http.hpp", "boost/json.hpp", "bits/stdc++.h"}
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def _own(folder, included):
    target = included.split("/")[0]
    if "/" not in included or target not in MAY_INCLUDE and target != "tests":
        return f'"{included}" is not relative to the root; write "folder/{included}"'
    if not (ROOT / included).is_file():
        return f'"{included}" does not exist'
    if folder not in ("tests", target) and target not in MAY_INCLUDE.get(folder, set()):
        return f"{folder}/ may not include {target}/ (see the layers in CONTRIBUTING.md)"
    return None


def _foreign(folder, included):
    for pattern, folders in LIBRARIES:
        if re.match(pattern, included) and folder not in folders | {"tests"}:
            return f"<{included}> belongs to {' and '.join(sorted(folders))}/, not to {folder}/"
    if included in _WIDE:
        return f"<{included}> includes a whole library; include what is used"
    if folder in PURE and _IO.match(included):
        return f"{folder}/ is pure: no I/O, so no <{included}>"
    return None


def check(sources):
    findings = []
    for path, text in sources.items():
        folder = path.split("/")[0]
        for match in _INCLUDE.finditer(text):
            judge = _own if match.group(1) == '"' else _foreign
            message = judge(folder, match.group(2))
            if message:
                findings.append(Finding(path, line_of(text, match.start()), message))
    return findings
