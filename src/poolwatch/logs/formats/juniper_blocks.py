"""Juniper, port blocks of carrier NAT: JSERVICES_NAT_PORT_BLOCK_ALLOC, _ACTIVE and _RELEASE
(ASP_NAT_... of older cards). The hexadecimal number is when the block was given, since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import read_address, read_port
from poolwatch.logs.formats.base import each
from poolwatch.logs.said import UNKNOWN, Line, ReadError, Reason, Said, Source, TranslationSaid
from poolwatch.logs.syslog import read_entry

_BLOCK = re.compile(
    r"_NAT_PORT_BLOCK_(ALLOC|ACTIVE|RELEASE): ([0-9A-Fa-f.:]{2,45}) -> "
    r"([0-9.]{7,15}):(\d{1,5})-(\d{1,5})(?: 0x([0-9A-Fa-f]{1,8}))?"
)
_ACTS = {"ALLOC": LogAct.BEGIN, "ACTIVE": LogAct.ALIVE, "RELEASE": LogAct.END}
_YEAR = 366 * 86400 * SECOND


def looks_like(lines: list[str]) -> bool:
    """Whether a block of ports is given, in use, or taken back."""
    return any("_NAT_PORT_BLOCK_" in line for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each message is one entry."""
    return each(lines, lambda number, text: _line(number, text, source))


def _line(number: int, text: str, source: Source) -> TranslationSaid | None:
    if "_NAT_PORT_BLOCK_" not in text:
        return None
    found = _BLOCK.search(text)
    if found is None:
        raise ReadError(Reason.FORM, text[-80:])
    entry = read_entry(text, source.clock)
    act, low, high = _ACTS[found[1]], read_port(found[4]), read_port(found[5])
    if high < low:
        raise ReadError(Reason.PORT, f"{low}-{high}")
    given = source.clock.utc(int(found[6], 16)) if found[6] else UNKNOWN
    if not entry.at_ns - _YEAR < given <= entry.at_ns + 60 * SECOND:
        given = UNKNOWN  # not a time that could be
    begun = entry.at_ns if act is LogAct.BEGIN else given
    until = UNKNOWN if act is LogAct.BEGIN else entry.at_ns
    inside, outside = read_address(found[2]), read_address(found[3])
    return TranslationSaid(
        number, act, None, inside, 0, 65535, outside, low, high, begun, until, device=entry.host
    )
