"""The little language of `fields` in needles.toml: paths into a message, and shapes there.

A path is dotted: `params`, `params.0`, `result.job.blob`; `*` at its end stands for any
member of a list. A shape is one or more of the
words below, separated by `|`:

    any text number int bool null true false object list hex 0xhex 0xtarget absent
    dec base64 upper                text of decimal digits, of base64 (not hexadecimal too), of
                                    capital letters
    text:N list:N hex:N dec:N ...   exactly N characters, items or digits
    ...:N-M  ...:N+                 from N to M; at least N
    is:WORD  is:WORD*               this text, or a text that begins so, in any case
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Predicate = Callable[[Any], bool]

_MISSING: Any = object()
_HEX = re.compile(r"[0-9a-fA-F]*\Z")
# A proof-of-work target of 256 bits, at least 2**32 hashes hard, leading zeros or left out.
_TARGET = re.compile(r"0x(?:0{8}[0-9a-fA-F]{56}|[0-9a-fA-F]{50,56})\Z")
_LETTERS = {
    "hex": _HEX,
    "dec": re.compile(r"[0-9]*\Z"),
    "base64": re.compile(r"[0-9a-fA-F]*[G-Zg-z+/][A-Za-z0-9+/]*={0,2}\Z"),
    "upper": re.compile(r"[A-Z]*\Z"),
}
_SIZE = re.compile(r"(\d+)(?:(\+)|-(\d+))?\Z")

_PLAIN: dict[str, Predicate] = {
    "any": lambda value: value is not _MISSING,
    "absent": lambda value: value is _MISSING,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "object": lambda value: isinstance(value, dict),
    "0xtarget": lambda value: isinstance(value, str) and _TARGET.match(value) is not None,
}


def compile_shape(text: str) -> Predicate:
    """The test a shape describes. Raises ValueError for a word it does not know."""
    tests = [_compile_word(word.strip()) for word in text.split("|")]
    test = tests.pop()
    while tests:
        test = _either(tests.pop(), test)
    return test


def _either(first: Predicate, second: Predicate) -> Predicate:
    return lambda value: first(value) or second(value)


def compile_fields(fields: dict[str, str]) -> Predicate:
    """The test that every path of `fields` holds its shape."""
    tests = tuple(_compile_field(path, shape) for path, shape in fields.items())
    if len(tests) == 1:
        return tests[0]

    def fits(message: Any) -> bool:
        # Faster than all() over a generator, and this runs for every message.
        for test in tests:  # noqa: SIM110
            if not test(message):
                return False
        return True

    return fits


def count_items(fields: dict[str, str]) -> range:
    """How many positional parameters a message can have that fits; -1 stands for none at all.

    A test that costs next to nothing, before those that read the parameters.
    """
    least, most = -1, 1 << 30
    for path, shape in fields.items():
        name, _, index = path.partition(".")
        words = [word.strip() for word in shape.split("|")]
        if name != "params" or "absent" in words:
            continue
        if index.isdecimal():
            least = max(least, int(index) + 1)
        elif not index and len(words) == 1 and words[0].partition(":")[0] == "list":
            low, high = _sizes(words[0].partition(":")[2], words[0])
            least, most = max(least, low), min(most, high)
    return range(least, most + 1)


def _compile_field(path: str, shape: str) -> Predicate:
    test = compile_shape(shape)
    if path.endswith(".*"):
        members = _compile_path(path.removesuffix(".*"))
        return lambda message: _any_member(members(message), test)
    name, _, index = path.partition(".")
    if index.isdecimal() and not name.isdecimal():
        return _compile_item(name, int(index), test)
    if "." not in path:
        return lambda message: test(
            message.get(path, _MISSING) if isinstance(message, dict) else _MISSING
        )
    get = _compile_path(path)
    return lambda message: test(get(message))


def _compile_item(name: str, index: int, test: Predicate) -> Predicate:
    """The commonest path, an item of a member's list."""

    def fits(message: Any) -> bool:
        items = message.get(name) if isinstance(message, dict) else None
        if isinstance(items, list) and index < len(items):
            return test(items[index])
        return test(_MISSING)

    return fits


def _any_member(value: Any, test: Predicate) -> bool:
    if isinstance(value, list):
        for member in value:  # faster than any() over a generator
            if test(member):
                return True
    return False


def _compile_path(path: str) -> Callable[[Any], Any]:
    steps: list[str | int] = [int(step) if step.isdecimal() else step for step in path.split(".")]

    def get(value: Any) -> Any:
        for step in steps:
            if isinstance(step, int):
                if not isinstance(value, list) or step >= len(value):
                    return _MISSING
                value = value[step]
            elif isinstance(value, dict):
                value = value.get(step, _MISSING)
            else:
                return _MISSING
        return value

    return get


def _compile_word(word: str) -> Predicate:
    name, colon, size = word.partition(":")
    if name in _PLAIN and not colon:
        return _PLAIN[name]
    if colon and not size:
        raise ValueError(f"{word!r}: the {'text' if name == 'is' else 'size'} is missing")
    if name == "is" and colon:
        return _compile_text(size.lower())
    low, high = _sizes(size, word)
    if name == "list":
        return lambda value: isinstance(value, list) and low <= len(value) <= high
    if name == "text":
        return lambda value: isinstance(value, str) and low <= len(value) <= high
    if name in _LETTERS:
        return _compile_letters(_LETTERS[name], low, high)
    if name == "0xhex":
        return lambda value: (
            isinstance(value, str) and value[:2] in ("0x", "0X") and _is_hex(value[2:], low, high)
        )
    raise ValueError(f"{word!r} is no shape")


def _compile_text(wanted: str) -> Predicate:
    if wanted.endswith("*"):
        begin = wanted.removesuffix("*")
        return lambda value: isinstance(value, str) and value.lower().startswith(begin)
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _compile_letters(letters: re.Pattern[str], low: int, high: int) -> Predicate:
    def fits(value: Any) -> bool:
        if not isinstance(value, str) or not low <= len(value) <= high:
            return False
        return letters.match(value) is not None

    return fits


def _is_hex(text: str, low: int, high: int) -> bool:
    return low <= len(text) <= high and _HEX.match(text) is not None


def _sizes(text: str, word: str) -> tuple[int, int]:
    if not text:
        return 0, 1 << 30
    match = _SIZE.match(text)
    if not match:
        raise ValueError(f"{word!r}: the size is not N, N+ or N-M")
    low = int(match[1])
    if match[2]:
        return low, 1 << 30
    return low, int(match[3]) if match[3] else low
