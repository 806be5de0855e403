"""Cisco ASA and FTD: syslog of connections (302013-302016, 302020, 302021) and of translations
(305009-305012, 305014, 305015).

A connection's end does not say what it was translated to; its number does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from poolwatch.layouts import LOG_TRANSLATION, LogAct
from poolwatch.logs import template as t
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import read_address, read_port, read_protocol
from poolwatch.logs.formats.base import each
from poolwatch.logs.said import (
    UNKNOWN,
    Line,
    ReadError,
    Reason,
    Said,
    Source,
    TranslationSaid,
)
from poolwatch.logs.syslog import Entry, read_entry

if TYPE_CHECKING:
    from poolwatch.logs.bulk import Batch

_MESSAGE = re.compile(
    r"%(?:ASA|FTD|PIX)-(?:\w{1,20}-)?\d-(30201[3-6]|30202[01]|305009|30501[0-2]|30501[45]): *(.*)"
)
_END = r"([^\s:]{1,80}):([0-9A-Fa-f.:]{2,45})/(\d{1,5})"
_MAPPED = r" ?\(([0-9A-Fa-f.:]{2,45})/(\d{1,5})\)"
_USER = r"(?: ?\([^()/]{0,200}\))?"
_BUILT = re.compile(
    r"Built (?:inbound|outbound) (TCP|UDP|SCTP) connection (\d{1,10}) for "
    rf"{_END}{_MAPPED}{_USER} to {_END}{_MAPPED}"
)
_TORN = re.compile(
    r"Teardown (TCP|UDP|SCTP) connection (\d{1,10}) for .{0,400}? duration (\d{1,5}):(\d\d):(\d\d)"
)
_PORTED = re.compile(
    rf"(Built|Teardown) (?:dynamic|static) (TCP|UDP|ICMP) translation from {_END}{_USER} to {_END}"
    r"(?:.{0,200}? duration (\d{1,5}):(\d\d):(\d\d))?"
)
_WHOLE = re.compile(
    r"(Built|Teardown) (?:dynamic|static) translation from ([^\s:]{1,80})"
    rf"(?: ?\([^()]{{0,200}}\))?:([0-9A-Fa-f.:]{{2,45}}){_USER} to [^\s:]{{1,80}}:"
    r"([0-9A-Fa-f.:]{2,45})(?:.{0,200}? duration (\d{1,5}):(\d\d):(\d\d))?"
)
_BLOCK = re.compile(
    r"(Allocated|Released) (TCP|UDP|ICMP) block of ports for translation from [^\s:]{1,80}:"
    r"([0-9A-Fa-f.:]{2,45}) to [^\s:]{1,80}:([0-9A-Fa-f.:]{2,45})/(\d{1,5})-(\d{1,5})"
)


def looks_like(lines: list[str]) -> bool:
    """Whether a message of these numbers stands there."""
    return any("%ASA-" in line or "%FTD-" in line or "%PIX-" in line for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Messages of other numbers are not its matter."""
    return each(lines, line_reader(source))


def line_reader(source: Source) -> t.LineReader:
    """Reads one line."""

    def parse(number: int, line: str) -> Said | None:
        found = _MESSAGE.search(line)
        if found is None or found[1] in ("302020", "302021"):
            return None
        entry = read_entry(line, source.clock)
        said = _said(number, found[1], found[2], entry)
        if said:
            said.device = entry.host
        return said

    return parse


def _said(number: int, code: str, text: str, entry: Entry) -> TranslationSaid | None:
    if code in ("302013", "302015"):
        return _built(number, text, entry)
    if code in ("302014", "302016"):
        found = _found(_TORN, text)
        return _of(number, LogAct.END, found[1], _NOBODY, entry, found.groups()[2:], found[2])
    if code in ("305014", "305015"):
        found = _found(_BLOCK, text)
        low, high = read_port(found[5]), read_port(found[6])
        if high < low:
            raise ReadError(Reason.PORT, text[:80])
        ends = (read_address(found[3]), 0, 65535, read_address(found[4]), low, high)
        act = LogAct.BEGIN if found[1] == "Allocated" else LogAct.END
        return _of(number, act, found[2], ends, entry, (None,))
    if code in ("305011", "305012"):
        found = _found(_PORTED, text)
        inside, outside = read_port(found[5]), read_port(found[8])
        whose, what = read_address(found[4]), read_address(found[7])
        ends = (whose, inside, inside, what, outside, outside)
        act = LogAct.BEGIN if found[1] == "Built" else LogAct.END
        return _of(number, act, found[2], ends, entry, found.groups()[8:])
    found = _found(_WHOLE, text)
    ends = (read_address(found[3]), 0, 65535, read_address(found[4]), 0, 65535)
    act = LogAct.BEGIN if found[1] == "Built" else LogAct.END
    return _of(number, act, "", ends, entry, found.groups()[4:])


_NOBODY = (0, 0, 0, 0, 0, 0)
_Ends = tuple[int, int, int, int, int, int]


def _built(number: int, text: str, entry: Entry) -> TranslationSaid | None:
    """The side whose address in brackets differs is the one that is translated."""
    found = _found(_BUILT, text)
    far = (read_address(found[4]), read_port(found[5]))
    far_mapped = (read_address(found[6]), read_port(found[7]))
    near = (read_address(found[9]), read_port(found[10]))
    near_mapped = (read_address(found[11]), read_port(found[12]))
    remote = far
    if near == near_mapped:
        if far == far_mapped:
            return None
        near, near_mapped, remote = far, far_mapped, near
    ends = (near[0], near[1], near[1], near_mapped[0], near_mapped[1], near_mapped[1])
    said = _of(number, LogAct.BEGIN, found[1], ends, entry, (None,), found[2])
    said.remote, said.remote_port = remote
    return said


def _of(
    number: int,
    act: LogAct,
    protocol: str,
    ends: _Ends,
    entry: Entry,
    lasted: tuple[str | None, ...],
    session: str | None = None,
) -> TranslationSaid:
    at = entry.at_ns
    said = TranslationSaid(number, act, read_protocol(protocol), *ends, from_ns=at)
    if act is LogAct.END:
        said.from_ns, said.until_ns = _begun(at, lasted), at
    said.session = int(session) if session else None
    return said


def _begun(at: int, lasted: tuple[str | None, ...]) -> int:
    if lasted[0] is None or len(lasted) != 3:
        return UNKNOWN
    hours, minutes, seconds = (int(part or 0) for part in lasted)
    return at - ((hours * 60 + minutes) * 60 + seconds) * SECOND


def _found(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.match(text)
    if found is None:
        raise ReadError(Reason.FORM, text[:80])
    return found


_AT, _HOST, _PROTOCOL, _SESSION = 0, 2, 4, 5  # the first two take two fields each
_FAR, _NEAR, _HOURS = 6, 10, 6


def _head(message: str) -> tuple[t.Step, ...]:
    return (
        t.priority(),
        t.date(_AT),
        t.literal(" "),
        t.name(_HOST),
        t.optional(" :"),
        t.literal(f" %ASA-6-{message}: "),
    )


def _end(field: int, *, mapped: bool) -> tuple[t.Step, ...]:
    steps = (t.word(), t.literal(":"), t.ipv4(field), t.literal("/"), t.number(field + 1, 65535))
    if not mapped:
        return steps
    return (
        *steps,
        t.literal(" ("),
        t.ipv4(field + 2),
        t.literal("/"),
        t.number(field + 3, 65535),
        t.literal(")"),
    )


def _built_template(message: str, protocol: str, code: int) -> tuple[t.Step, ...]:
    return (
        *_head(message),
        t.choice(
            _PROTOCOL, {f"Built outbound {protocol}": code, f"Built inbound {protocol}": code}
        ),
        t.literal(" connection "),
        t.number(_SESSION, 0xFFFF_FFFF),
        t.literal(" for "),
        *_end(_FAR, mapped=True),
        t.literal(" to "),
        *_end(_NEAR, mapped=True),
    )


def _torn_template(message: str, protocol: str, code: int) -> tuple[t.Step, ...]:
    return (
        *_head(message),
        t.choice(_PROTOCOL, {f"Teardown {protocol}": code}),
        t.literal(" connection "),
        t.number(_SESSION, 0xFFFF_FFFF),
        t.literal(" for "),
        t.find(" duration ", 390),
        *_lasted_steps(_HOURS),
    )


def _lasted_steps(field: int) -> tuple[t.Step, ...]:
    return (
        t.number(field, 99_999),
        t.literal(":"),
        t.digits(field + 1, 2),
        t.literal(":"),
        t.digits(field + 2, 2),
        t.edge(" "),
    )


def _fill(batch: Batch, rows: Any) -> None:
    """As `_built` and `_said` do, template by template."""
    at = batch.moments(_AT)
    template = batch.template
    built = template <= 2
    rows["protocol"], rows["session"] = batch.field(_PROTOCOL), batch.field(_SESSION)
    rows["group"] = batch.groups(_HOST)
    far, far_port, far_mapped, far_mapped_port = (batch.field(_FAR + n) for n in range(4))
    near, near_port, mapped, mapped_port = (batch.field(_NEAR + n) for n in range(4))
    plain = (near == mapped) & (near_port == mapped_port)
    same = plain & (far == far_mapped) & (far_port == far_mapped_port)
    _put(rows, built, "inside", np.where(plain, far, near))
    _put(rows, built, "outside", np.where(plain, far_mapped, mapped))
    _put(rows, built, "remote", np.where(plain, near, far))
    _put(rows, built, "remote_port", np.where(plain, near_port, far_port))
    for edge in ("low", "high"):
        _put(rows, built, f"inside_{edge}", np.where(plain, far_port, near_port))
        _put(rows, built, f"outside_{edge}", np.where(plain, far_mapped_port, mapped_port))
    lasted = batch.field(_HOURS) * 3600 + batch.field(_HOURS + 1) * 60 + batch.field(_HOURS + 2)
    rows["act"] = np.where(built, np.where(same, LogAct.DEAD, LogAct.BEGIN), LogAct.END)
    rows["from_ns"] = np.where(built, at, at - lasted * SECOND)
    rows["until_ns"] = np.where(built, UNKNOWN, at)


def _put(rows: Any, where: Any, column: str, values: Any) -> None:
    rows[column][where] = values[where]


FAST = t.Fast(
    templates=(
        _built_template("302013", "TCP", 6),
        _built_template("302015", "UDP", 17),
        _torn_template("302014", "TCP", 6),
        _torn_template("302016", "UDP", 17),
    ),
    rows=_fill,
    dtype=LOG_TRANSLATION,
    texts=_HOST,
)
