"""A MISP warning list: JSON with a `list` of one `type`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from poolwatch.catalog.imports.entry import Entry, Fault, read_target, shown, too_long

_KINDS = ("hostname", "string", "cidr")


class WarningList(msgspec.Struct):
    """What is read of a warning list."""

    items: list[Any] = msgspec.field(name="list")
    type: str = "string"


def looks_like(head: str) -> bool:
    """Whether the text is a JSON object."""
    return head.lstrip().startswith("{")


def read(text: str) -> Iterator[Entry | Fault]:
    """The entries of a warning list."""
    try:
        document = msgspec.json.decode(text.encode(), type=WarningList)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        yield Fault(0, f"no warning list: {error}")
        return
    if document.type not in _KINDS:
        yield Fault(
            0, f"a list of type {shown(document.type)} names no hosts; {', '.join(_KINDS)} do"
        )
        return
    for number, item in enumerate(document.items, 1):
        if isinstance(item, str):
            yield too_long(number, item) or read_target(number, item)
        else:
            yield Fault(number, f"{shown(str(item))} is no text")
