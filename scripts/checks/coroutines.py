"""The co_await rule. Debian 12's g++ 12.2 miscompiles, without a word, co_await inside conditions and ternaries, and beside aggregates and
lambdas among its operands. So:

  co_await stands alone as a statement, or is the whole right-hand side of a declaration, an assignment or co_return. Its operand holds
  no `{`, no `?`, no `[`. A coroutine that is spawned is a named function, not a lambda, and takes its arguments by value. No coroutine
  has a default argument made with braces.
"""

import re

from source import Finding, blank, closing, line_of

# What may stand before co_await in its statement: nothing, a label, a head without braces, co_return, or a target and `=`.
_LABEL = re.compile(r"^\s*(?:case\b[^;]*?[^:]:(?!:)|default\s*:)\s*")
_HEAD = re.compile(r"^\s*(?:else\b\s*|(?:if|for|while)\s*(?:constexpr\s*)?(?=\())")
_INITIALISER = re.compile(r"^\s*(?:if|switch)\s*\(")
_TARGET = re.compile(r"^[\w\s:.<>,&*\[\]()-]*[\w\])>]\s*(?<![=!<>])=\s*$")
# A name, called or not, and members of it: no operator may follow.
_OPERAND = re.compile(r"^[\w:]+(<[\w:,<>*&]*>)?(\(\))*((\.|->)\w+(<[\w:,<>*&]*>)?(\(\))*)*$")
_COROUTINE = re.compile(r"\bawaitable\s*<[^;{}()]*>\s+(?:\w+::)*(\w+)\s*\(")
_SPAWN = re.compile(r"\bco_spawn\s*\(")


def _without_heads(before):
    """`before` without labels and without whole `if (…)`, `for (…)`, `while (…)`, `else` in front of the statement."""
    while True:
        match = _LABEL.match(before)
        if match:
            before = before[match.end():]
            continue
        match = _HEAD.match(before)
        if not match:
            return before
        rest = before[match.end():]
        if rest.startswith("("):
            end = closing(rest, 0)
            if end == len(rest):
                return before
            rest = rest[end + 1:]
        before = rest


def _statement_start(text, position):
    """Where the statement begins that holds `position`: after the last `;`, `{` or `}` outside round brackets closed before it."""
    depth = 0
    for index in range(position - 1, -1, -1):
        if text[index] == ")":
            depth += 1
        elif text[index] == "(":
            depth = max(0, depth - 1)
        elif text[index] in ";{}" and depth == 0:
            return index + 1
    return 0


def _operand(text, position):
    """(operand, what ended it): up to the `;`, or to a bracket that the co_await stands in."""
    depth = 0
    for index in range(position, len(text)):
        if text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
            if depth < 0:
                return text[position:index], text[index]
        elif text[index] == ";" and depth == 0:
            return text[position:index], ";"
    return text[position:], ""


def _outside_brackets(operand):
    depth, kept = 0, []
    for letter in operand:
        if letter == "(":
            kept.append("()" if depth == 0 else "")
            depth += 1
        elif letter == ")":
            depth -= 1
        elif depth == 0 and not letter.isspace():
            kept.append(letter)
    return "".join(kept)


def _balanced(text):
    return text.count("(") == text.count(")") and text.count("[") == text.count("]")


def _may_precede(before):
    before = _without_heads(before)
    initialiser = _INITIALISER.match(before)
    if initialiser:
        before = before[initialiser.end():]
        if "=" not in before:
            return False
    if before.strip() in ("", "co_return"):
        return True
    return bool(_TARGET.match(before)) and _balanced(before)


def _check_await(text, position):
    operand, end = _operand(text, position + len("co_await"))
    for letter in "{?[":
        if letter in operand:
            return f"the operand of co_await holds '{letter}'; name that part first"
    if end != ";" or not _may_precede(text[_statement_start(text, position):position]):
        return "co_await must be a statement, or all of the right-hand side of a declaration, an assignment or co_return"
    if not _OPERAND.match(_outside_brackets(operand)):
        return "something beside the call follows co_await; give its result a name first"
    return None


def parameters(text):
    """(name, position, parameter list) of each coroutine that `text` declares or defines."""
    for match in _COROUTINE.finditer(text):
        yield match.group(1), match.start(), text[match.end():closing(text, match.end() - 1)]


def spawned(text):
    """(position, second argument) of each co_spawn."""
    for match in _SPAWN.finditer(text):
        inside = text[match.end():closing(text, match.end() - 1)]
        depth, start = 0, None
        for index, letter in enumerate(inside):
            depth += (letter in "([{") - (letter in ")]}")
            if letter == "," and depth == 0:
                if start is not None:
                    yield match.start(), inside[start:index].strip()
                    break
                start = index + 1
        else:
            if start is not None:
                yield match.start(), inside[start:].strip()


def check(sources):
    """Findings in `sources`, a dict of path to text. Spawned names are looked up over all of them."""
    findings, by_reference = [], {}
    blanked = {path: blank(text) for path, text in sources.items()}
    for path, text in blanked.items():
        for match in re.finditer(r"\bco_await\b", text):
            message = _check_await(text, match.start())
            if message:
                findings.append(Finding(path, line_of(text, match.start()), message))
        for name, position, inside in parameters(text):
            if "{" in inside:
                findings.append(Finding(path, line_of(text, position),
                                        f"coroutine {name} has a default argument with braces; overload it instead"))
            if "&" in inside:
                by_reference.setdefault(name, f"{path}:{line_of(text, position)}")
    for path, text in blanked.items():
        for position, argument in spawned(text):
            called = re.match(r"(?:[\w:]+(?:\.|->))*(?:\w+::)*(\w+)\s*\(", argument)
            if "[" in argument.split("(")[0]:
                message = "co_spawn of a lambda; spawn a named coroutine"
            elif called and called.group(1) in by_reference:
                message = f"{called.group(1)} is spawned but takes a reference ({by_reference[called.group(1)]}); take it by value"
            else:
                continue
            findings.append(Finding(path, line_of(text, position), message))
    return findings
