"""The outer form of a Suricata rule: a head of seven words, and options in brackets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from poolwatch.catalog.imports.entry import shown


@dataclass(frozen=True, slots=True)
class Option:
    """`key:value;` of a rule. `negated`: the value had a `!` in front."""

    key: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What a list can take from a rule."""

    arrow: str
    destination: str
    port: str
    options: tuple[Option, ...]


def split_rule(line: str) -> Rule | str:
    """The parts of a rule, or what is wrong with it."""
    head, bracket, rest = line.partition("(")
    words = _words(head)
    if not bracket or not rest.endswith(")") or len(words) != 7:
        return f"{shown(line)} is no rule"
    action, _, _, _, arrow, destination, port = words
    if action == "pass":
        return "the rule lets traffic pass"
    return Rule(arrow, destination, port, tuple(_options(rest[:-1])))


def _words(head: str) -> list[str]:
    """The words of a head; blanks inside square brackets do not part them."""
    words: list[str] = []
    depth = 0
    for piece in head.split():
        if depth:
            words[-1] += piece
        else:
            words.append(piece)
        depth += piece.count("[") - piece.count("]")
    return words


def _options(text: str) -> Iterator[Option]:
    for part in _split_options(text):
        key, _, value = part.strip().partition(":")
        value = value.strip()
        negated = value.startswith("!")
        plain = value.removeprefix("!").strip().removeprefix('"').removesuffix('"')
        if key:
            yield Option(key.strip(), plain, negated)


def _split_options(text: str) -> Iterator[str]:
    """Cut at every `;` that no backslash and no quotes hide."""
    start, quoted, escaped = 0, False, False
    for index, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            yield text[start:index]
            start = index + 1
    if text[start:].strip():
        yield text[start:]
