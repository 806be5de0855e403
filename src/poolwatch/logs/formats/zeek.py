"""Zeek's logs as tables: tab-separated with `#fields`, or one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from poolwatch.logs.clock import Clock
from poolwatch.logs.said import Line, ReadError, Reason, Said, Unread

Row = dict[str, str]
"""A row: what is unset or empty is left out; of a set the parts are joined by commas."""
_DEPTH = 200_000  # characters of a JSON line; Zeek's are short and flat


def looks_like(lines: list[str], path: str, names: frozenset[str]) -> bool:
    """Whether it is Zeek's log of that name: said by `#path`, or by the members of JSON."""
    for line in lines:
        if line.startswith("#path"):
            return line.split("\t")[1:2] == [path]
        if line.startswith("{"):
            try:
                members = json.loads(line[:_DEPTH])
            except (ValueError, RecursionError):
                return False
            return isinstance(members, dict) and "ts" in members and names <= members.keys()
        if line.strip() and not line.startswith("#"):
            return False
    return False


def read_rows(lines: Iterable[Line], parse: Callable[[int, Row], Said | None]) -> Iterator[Said]:
    """What `parse` makes of each row."""
    fields: list[str] = []
    unset, empty = "-", "(empty)"
    for number, text in lines:
        if text.startswith("#"):
            words = text.split("\t")
            if words[0] == "#fields":
                fields = words[1:]
            elif words[0] == "#unset_field" and len(words) > 1:
                unset = words[1]
            elif words[0] == "#empty_field" and len(words) > 1:
                empty = words[1]
            continue
        if not text.strip():
            continue
        try:
            row = _json(text) if text.startswith("{") else _cells(text, fields, (unset, empty))
            said = parse(number, row)
        except ReadError as error:
            yield Unread(number, error.reason, error.text or text[:80])
            continue
        if said:
            yield said


def moment(row: Row, clock: Clock) -> int:
    """The time of a row: seconds since 1970, or ISO."""
    text = row.get("ts", "")
    return clock.iso(text) if "T" in text else clock.epoch(text)


def _cells(text: str, fields: list[str], nothing: tuple[str, str]) -> Row:
    cells = text.split("\t")
    if not fields or len(cells) != len(fields):
        raise ReadError(Reason.FORM, text[:80])
    pairs = zip(fields, cells, strict=True)
    return {name: cell for name, cell in pairs if cell and cell not in nothing}


def _json(text: str) -> Row:
    try:
        members: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadError(Reason.FORM, text[:80]) from error
    if not isinstance(members, dict):
        raise ReadError(Reason.FORM, text[:80])
    return {name: _text(value) for name, value in members.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(one) for one in value)
    return repr(value) if isinstance(value, float) else str(value)
