"""JSON as miners and pools write it: parsed, bounded, forgiving where their parsers are."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode
_lenient = json.JSONDecoder(strict=False)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_BLANKS = " \t\r\n\0\ufeff"


class TooDeep(ValueError):
    """Nested beyond the bound."""


def parse_one(data: bytes, max_depth: int) -> Any:
    """One JSON value that fills `data`.

    Raises ValueError when it is none, TooDeep (a ValueError) when nested too deep.
    """
    values = parse_line(data, max_depth, whole=True)
    if len(values) != 1:
        raise ValueError("not one JSON value")
    return values[0]


def parse_plain(data: bytes, max_depth: int) -> dict[str, Any] | None:
    """The object that fills `data`; None when it is anything else, or may be too deep."""
    if data.count(b"{") + data.count(b"[") > max_depth:
        return None
    try:
        value = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def parse_line(data: bytes, max_depth: int, *, whole: bool = False) -> list[Any]:
    """The JSON values of one line: one, or several written without a line end between.

    Something else behind the first value is passed over, unless `whole`.
    Raises ValueError when it holds none, TooDeep when nested too deep.
    """
    try:
        values = [_decode(data)]
    except (msgspec.DecodeError, UnicodeDecodeError):
        values = _parse_lenient(data, whole)
    except RecursionError:
        raise TooDeep("nested too deep") from None
    if data.count(b"{") + data.count(b"[") > max_depth and nesting(data) > max_depth:
        raise TooDeep("nested too deep")
    return values


def may_be_whole(data: bytes | bytearray) -> bool:
    """Whether an unterminated line can be complete: a cheap test before parsing it."""
    return (
        data[-1:] in (b"}", b"]")
        and data.count(b"{") == data.count(b"}")
        and data.count(b"[") == data.count(b"]")
    )


def nesting(data: bytes) -> int:
    """How deep brackets nest, those within strings left out."""
    depth = deepest = 0
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in (b"{", b"["):
            depth += 1
            deepest = max(deepest, depth)
        elif token in (b"}", b"]"):
            depth -= 1
    return deepest


def _parse_lenient(data: bytes, whole: bool) -> list[Any]:
    """Values one after another: NaN, control characters and lone surrogates pass."""
    text = data.decode("utf-8", "surrogateescape")
    values: list[Any] = []
    position = _skip_blanks(text, 0)
    while position < len(text):
        try:
            value, position = _lenient.raw_decode(text, position)
        except RecursionError:
            raise TooDeep("nested too deep") from None
        except ValueError:
            if whole or not values:
                raise ValueError("not JSON") from None
            break
        values.append(value)
        position = _skip_blanks(text, position)
    if not values:
        raise ValueError("not JSON")
    return values


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position
