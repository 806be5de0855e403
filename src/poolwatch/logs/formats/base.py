"""What readers of one line a time share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from poolwatch.logs.said import Line, ReadError, Said, Unread

_QUOTED = 80  # characters of a line named when it cannot be read
_PAIR = re.compile(r'([A-Za-z_][\w.-]{0,63})=(?:"([^"]*)"|([^\s,;"]*))')


def each(lines: Iterable[Line], parse: Callable[[int, str], Said | None]) -> Iterator[Said]:
    """What `parse` makes of each line: an entry, None where it is not its matter, or an error."""
    for number, text in lines:
        try:
            said = parse(number, text)
        except ReadError as error:
            yield Unread(number, error.reason, error.text or text[:_QUOTED])
            continue
        if said is not None:
            yield said


def pairs(text: str) -> dict[str, str]:
    """`key=value` and `key="value with blanks"`; the first of a name counts."""
    found: dict[str, str] = {}
    for match in _PAIR.finditer(text):
        found.setdefault(match[1], match[2] if match[2] is not None else match[3])
    return found
