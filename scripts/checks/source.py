"""What the checks of scripts/check share: the files of the project, a finding, and C++ text without its comments and strings."""

import re
import subprocess
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Finding = namedtuple("Finding", "path line message")

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def project_files():
    """Every file that is, or would be, committed; paths relative to the root."""
    listing = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             cwd=ROOT, capture_output=True, text=True)
    if listing.returncode == 0:
        names = [name for name in listing.stdout.split("\0") if name]
    else:  # an unpacked archive
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    return sorted(name for name in names if (ROOT / name).is_file())


def blank(text):
    """`text` with comments and the insides of literals replaced by spaces: same length, same lines."""

    def spaces(match):
        found = match.group()
        kept = re.sub(r"[^\n]", " ", found)
        return kept if found.startswith("/") else '"' + kept[1:-1] + '"'

    return _TOKENS.sub(spaces, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def closing(text, position):
    """The index of the bracket that closes the one at `position`; len(text) when there is none."""
    depth = 0
    for index in range(position, len(text)):
        if text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
            if depth == 0:
                return index
    return len(text)
