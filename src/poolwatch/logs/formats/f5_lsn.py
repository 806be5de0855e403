"""F5 BIG-IP, port blocks of carrier NAT: LSN_PB_ALLOCATED and LSN_PB_RELEASED.

The names are the maker's; where exactly its quotes and keys stand was not found in public
documents, so a line of any other form is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import read_address, read_port
from poolwatch.logs.formats.base import each
from poolwatch.logs.said import UNKNOWN, Line, ReadError, Reason, Said, Source, TranslationSaid
from poolwatch.logs.syslog import read_entry

_BLOCK = re.compile(
    r'LSN_PB_(ALLOCATED|RELEASED)"[,a-z_= ]{0,24}"([0-9A-Fa-f.:]{2,45})(?:%\d{1,5})?"'
    r'[,a-z_= ]{0,24}"([0-9.]{7,15})(?:%\d{1,5})?: ?(\d{1,5}) ?- ?(\d{1,5})"'
)
_MARK = "LSN_PB_"


def looks_like(lines: list[str]) -> bool:
    """Whether a block of ports is given or taken back."""
    return any(_MARK in line for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each block is one entry."""
    return each(lines, lambda number, text: _line(number, text, source))


def _line(number: int, text: str, source: Source) -> TranslationSaid | None:
    if _MARK not in text:
        return None
    found = _BLOCK.search(text)
    if found is None:
        raise ReadError(Reason.FORM, text[-80:])
    entry = read_entry(text, source.clock)
    low, high = read_port(found[4]), read_port(found[5])
    if high < low:
        raise ReadError(Reason.PORT, f"{low}-{high}")
    inside, outside = read_address(found[2]), read_address(found[3])
    begins = found[1] == "ALLOCATED"
    return TranslationSaid(
        number,
        LogAct.BEGIN if begins else LogAct.END,
        None,
        inside,
        0,
        65535,
        outside,
        low,
        high,
        entry.at_ns if begins else UNKNOWN,
        UNKNOWN if begins else entry.at_ns,
        device=entry.host,
    )
