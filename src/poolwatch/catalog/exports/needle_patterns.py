"""Needles as regular expressions over one JSON message, for engines that do not parse JSON.

A pattern may be narrower than its needle, never wider: it follows brackets and texts, so that a
word in a text is no key, and the member it looks for stands where the needle says. What has no
such pattern has none here. The examples of a row are run against it, and one that a no-example
fits, or no yes-example, is not given out.

PCRE and Python read the expressions alike; no character in them needs escaping in a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from poolwatch.catalog.rows import NeedleRow

_MOST_REPEATS = 60000  # PCRE has room for 65535
_LONGEST = 6000  # a Suricata rule has room for 8192 characters

_TEXT = r"\x22(?:[^\x22\x5c]|\x5c.)*+\x22"
_SCALAR = rf"(?:{_TEXT}|[^\s,:\x22\[\]{{}}]++)"
_FILL = r"[^\x22\[\]{}]++"
_FLAT = rf"(?:\[(?:{_FILL}|{_TEXT})*+\]|\{{(?:{_FILL}|{_TEXT})*+\}})"
_NESTED = rf"(?:\[(?:{_FILL}|{_TEXT}|{_FLAT})*+\]|\{{(?:{_FILL}|{_TEXT}|{_FLAT})*+\}})"
_ANY = rf"(?:{_SCALAR}|{_NESTED})"
_SKIP = rf"(?:{_FILL}|{_TEXT}|{_NESTED})*?"
_COMMA = r"\s*,\s*"
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_SHAPES = {
    "any": _ANY,
    "number": _NUMBER,
    "int": r"-?\d+",
    "bool": "(?:true|false)",
    "null": "null",
    "true": "true",
    "false": "false",
    "0xtarget": r"\x220x(?:0{8}[0-9a-fA-F]{56}|[0-9a-fA-F]{50,56})\x22",
}
_LETTERS = {
    "hex": "[0-9a-fA-F]",
    "0xhex": "0[xX][0-9a-fA-F]",
    "dec": "[0-9]",
    "upper": "[A-Z]",
}
_LISTED = ("list", "object")


class Inexpressible(ValueError):
    """The needle has no pattern that is not wider than it."""


@dataclass(slots=True)
class _Node:
    """What a needle asks of one place in a message."""

    shape: str = ""
    members: dict[str, _Node] = field(default_factory=dict)


def needle_pattern(row: NeedleRow) -> str:
    """The pattern of a needle; it begins where the message begins.

    Raises Inexpressible when there is none that is sure to be no wider than the needle.
    """
    if row.answers or row.header:
        raise Inexpressible("looks at more than one message")
    root = _Node()
    for path, shape in row.fields.items():
        _place(root, path.split("."), shape)
    members = {name: _value(node) for name, node in root.members.items()}
    if row.method:
        members = {"method": rf"\x22(?i:{re.escape(row.method)})\x22"} | members
    pattern = (r"^\s*\{" + "".join(_looking_at(members))).replace("/", r"\x2f")
    if not members or len(pattern) > _LONGEST:
        raise Inexpressible("too long, or nothing to look for")
    _check(row, pattern)
    return pattern


def longest_word(row: NeedleRow) -> str:
    """The longest text every message of a needle has, for a quick search before the pattern."""
    words = [row.method, *(part for path in row.fields for part in path.split("."))]
    return max((word for word in words if re.fullmatch(r"[A-Za-z0-9_.-]+", word)), key=len)


def _place(node: _Node, steps: list[str], shape: str) -> None:
    for step in steps:
        node = node.members.setdefault(step, _Node())
    node.shape = shape


def _looking_at(members: dict[str, str]) -> Iterator[str]:
    """One look ahead for each member, whatever their order."""
    for name, value in members.items():
        if not re.fullmatch(r"[A-Za-z0-9_ -]+", name):
            raise Inexpressible(f"the member {name!r}")
        yield rf"(?={_SKIP}\x22{re.escape(name)}\x22\s*:\s*{value}\s*[,\x5d\x7d])"


def _value(node: _Node) -> str:
    if not node.members:
        words = [_word(word.strip()) for word in node.shape.split("|")]
        given = [word for word in words if word]
        if not given:
            raise Inexpressible("asks for what is not there")
        return f"(?:{'|'.join(given)})"
    if all(name.isdecimal() or name == "*" for name in node.members):
        return _list(node)
    if node.shape not in ("", "object") or any(name.isdecimal() for name in node.members):
        raise Inexpressible("a member of two kinds")
    inner = {name: _value(member) for name, member in node.members.items()}
    looks = "".join(_looking_at(inner))
    return rf"(?=\{{{looks}){_NESTED}"


def _list(node: _Node) -> str:
    """A list of which some items, or any one, are asked for."""
    low, high = _list_size(node.shape)
    placed = {int(name): member for name, member in node.members.items() if name != "*"}
    known = max(placed, default=-1) + 1
    items = [_value(placed[index]) if index in placed else _ANY for index in range(known)]
    rest_low, rest_high = max(low - known, 0), high - known
    if rest_high < 0:
        raise Inexpressible("more items than the list has room for")
    some = ""
    if "*" in node.members:
        some = rf"(?=(?:{_ANY}{_COMMA})*?{_value(node.members['*'])}\s*[,\x5d])"
    if items:
        more = rf"(?:{_COMMA}{_ANY}){_repeat(rest_low, rest_high)}" if rest_high else ""
        body = _COMMA.join(items) + more
    elif rest_high:
        more = _repeat(max(rest_low - 1, 0), rest_high - 1)
        body = rf"(?:{_ANY}(?:{_COMMA}{_ANY}){more}){'' if rest_low else '?'}"
    else:
        body = ""
    return rf"\[\s*{some}{body}\s*\]"


def _list_size(shape: str) -> tuple[int, int]:
    if shape in ("", "list"):
        return 0, 1 << 30
    name, _, size = shape.partition(":")
    if name != "list" or "|" in shape:
        raise Inexpressible(f"the shape {shape!r}")
    return _sizes(size)


def _word(word: str) -> str:
    """The pattern of one word of a shape; empty for `absent`, which only makes it narrower."""
    name, _, size = word.partition(":")
    if word == "absent":
        return ""
    if word in _SHAPES:
        return _SHAPES[word]
    if name == "is":
        begin = size.removesuffix("*")
        if not re.fullmatch(r"[A-Za-z0-9_./: -]+", begin):
            raise Inexpressible(f"the text {begin!r}")
        end = r"(?:[^\x22\x5c]|\x5c.)*+" if size.endswith("*") else ""
        return rf"\x22(?i:{re.escape(begin)}){end}\x22"
    if name == "object" and not size:
        return r"(?=\{)" + _NESTED
    low, high = _sizes(size)
    if name == "list":
        return _list(_Node(word))
    if name == "text":
        return rf"\x22[^\x22\x5c]{_repeat(low, high)}\x22"
    if name in _LETTERS:
        return rf"\x22{_LETTERS[name]}{_repeat(low, high)}\x22"
    if name == "base64":  # one that is not hexadecimal too
        other = "(?=[0-9a-fA-F]*[G-Zg-z+/])"
        most = high - 2 if high - 2 >= low else high
        return rf"\x22{other}[A-Za-z0-9+/]{_repeat(low, most)}{'={0,2}' if most < high else ''}\x22"
    raise Inexpressible(f"the shape {word!r}")


def _sizes(text: str) -> tuple[int, int]:
    if not text:
        return 0, 1 << 30
    low, dash, high = text.removesuffix("+").partition("-")
    return int(low), int(high) if dash else (1 << 30 if text.endswith("+") else int(low))


def _repeat(low: int, high: int) -> str:
    if low > _MOST_REPEATS:
        raise Inexpressible("a size beyond what expressions count")
    if high >= _MOST_REPEATS:
        return "*" if low == 0 else f"{{{low},}}"
    return f"{{{low},{high}}}"


def _check(row: NeedleRow, pattern: str) -> None:
    """Run the row's examples against its pattern."""
    compiled = re.compile(pattern)
    if any(compiled.match(example) for example in row.no):
        raise Inexpressible("a no-example fits the pattern")
    if not any(compiled.match(example) for example in row.yes):
        raise Inexpressible("no yes-example fits the pattern")
