"""Carrier NAT as Chinese operators have it logged (Huawei, ZTE, Hillstone, LAFT6 and others):
`NAT444:SessionbasedA [...]`, `NAT444:UserbasedA [...]` with W for what is taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import read_address, read_port, read_protocol
from poolwatch.logs.formats.base import each
from poolwatch.logs.said import UNKNOWN, Line, ReadError, Reason, Said, Source, TranslationSaid
from poolwatch.logs.syslog import read_entry

_EVENT = re.compile(
    r"\b(?:NAT444|NAT64|DSLITE|DS-LITE|LAFT6):(session|user)based([AWI]) ?\[([^\]]{8,200})\]", re.I
)
_MARK = re.compile(r":(?:session|user)based[AWI]\b", re.I)
_ACTS = {"A": LogAct.BEGIN, "I": LogAct.ALIVE, "W": LogAct.END}


def looks_like(lines: list[str]) -> bool:
    """Whether an event of this form stands there."""
    return any(_EVENT.search(line) for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each event is one entry."""
    return each(lines, lambda number, text: _line(number, text, source))


def _line(number: int, text: str, source: Source) -> TranslationSaid | None:
    found = _EVENT.search(text)
    if found is None:
        if _MARK.search(text):
            raise ReadError(Reason.FORM, text[-80:])
        return None
    entry = read_entry(text, source.clock)
    act = _ACTS[found[2].upper()]
    words = [word for word in found[3].split() if word != "-"]
    said = (
        _session(number, act, words) if found[1].lower() == "session" else _user(number, act, words)
    )
    said.from_ns = entry.at_ns if act is LogAct.BEGIN else UNKNOWN
    said.until_ns = UNKNOWN if act is LogAct.BEGIN else entry.at_ns
    said.device = entry.host
    return said


def _session(number: int, act: LogAct, words: list[str]) -> TranslationSaid:
    """Protocol, inside and outside address, inside and outside port, and perhaps the other end."""
    if len(words) not in (5, 7):
        raise ReadError(Reason.FORM, " ".join(words))
    inside, outside = read_port(words[3]), read_port(words[4])
    said = TranslationSaid(
        number,
        act,
        read_protocol(words[0]),
        read_address(words[1]),
        inside,
        inside,
        read_address(words[2]),
        outside,
        outside,
        0,
    )
    if len(words) == 7:
        said.remote, said.remote_port = read_address(words[5]), read_port(words[6])
    return said


def _user(number: int, act: LogAct, words: list[str]) -> TranslationSaid:
    """Inside and outside address, first and last port; a protocol may stand before."""
    if len(words) not in (4, 5):
        raise ReadError(Reason.FORM, " ".join(words))
    inside, outside, low, high = words[-4:]
    first, last = read_port(low), read_port(high)
    if last < first:
        raise ReadError(Reason.PORT, f"{low}-{high}")
    whose, what = read_address(inside), read_address(outside)
    return TranslationSaid(number, act, None, whose, 0, 65535, what, first, last, 0)
