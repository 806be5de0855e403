"""FreeRADIUS, detail files of accounting (RFC 2866): blocks of `Attribute = value`.

Stop and Interim-Update say how long the session has lasted, so it is known when it began even
where its Start was lost or had no address yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND, Clock, month_of
from poolwatch.logs.fields import clean, read_address, read_number, station_or_none
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, ReadError, Reason, Said, Source, Unread

_HEAD = re.compile(r"\w{3} (\w{3}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (?:[A-Z]{3,5} )?(\d{4})")
_PAIR = re.compile(r"\s+([A-Za-z][A-Za-z0-9.-]{0,63})(?::0)?\s*[:+]?=\s*(.*)")
_NAMED = re.compile(r"(\w{3}) +(\d{1,2}) (\d{4}) (\d{2}):(\d{2}):(\d{2})(?: (\S+))?")
_ACTS = {
    "start": LogAct.BEGIN,
    "1": LogAct.BEGIN,
    "stop": LogAct.END,
    "2": LogAct.END,
    "interim-update": LogAct.ALIVE,
    "alive": LogAct.ALIVE,
    "3": LogAct.ALIVE,
}
_RESETS = frozenset(("accounting-on", "7", "accounting-off", "8"))
_WANTED = frozenset(
    (
        "acct-status-type",
        "framed-ip-address",
        "framed-ipv6-address",
        "calling-station-id",
        "user-name",
        "nas-ip-address",
        "nas-ipv6-address",
        "nas-identifier",
        "nas-port-id",
        "nas-port",
        "acct-session-id",
        "acct-unique-session-id",
        "event-timestamp",
        "timestamp",
        "acct-delay-time",
        "acct-session-time",
    )
)
_NO_ADDRESS = frozenset(("0.0.0.0", "255.255.255.255", "255.255.255.254", "::"))  # noqa: S104


def looks_like(lines: list[str]) -> bool:
    """Whether a block with the status of accounting stands there."""
    return any(_HEAD.fullmatch(line.strip()) for line in lines) and any(
        line.lstrip().lower().startswith("acct-status-type") for line in lines
    )


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each block is an entry, or two where it names an IPv4 and an IPv6 address."""
    block: dict[str, str] = {}
    begun, head = 0, ""
    for number, text in lines:
        if not text.strip():
            if begun:
                yield from _block(begun, head, block, source)
            block, begun = {}, 0
        elif not text[0].isspace():
            if begun:
                yield from _block(begun, head, block, source)
            block, begun, head = {}, number, text.strip()
        elif found := _PAIR.fullmatch(text.rstrip()):
            name = found[1].lower()
            if name in _WANTED:
                block.setdefault(name, found[2].strip().strip('"'))
        elif begun:
            yield Unread(number, Reason.FORM, text.strip()[:80])
    if begun:
        yield from _block(begun, head, block, source)


def _block(line: int, head: str, block: dict[str, str], source: Source) -> Iterator[Said]:
    status = block.get("acct-status-type", "").lower()
    if status in _RESETS:
        yield _reset(line, head, block, source)
        return
    act = _ACTS.get(status)
    if act is None:
        if not status:
            yield Unread(line, Reason.FORM, head[:80])
        return
    try:
        yield from _logins(line, act, head, block, source)
    except ReadError as error:
        yield Unread(line, error.reason, error.text)


def _reset(line: int, head: str, block: dict[str, str], source: Source) -> Said:
    """The device starts or stops: it has no session any more (RFC 2866, 5.1)."""
    try:
        at, nas = _moment(head, block, source.clock), _nas(block)
    except ReadError as error:
        return Unread(line, error.reason, error.text)
    if nas is None:
        return Unread(line, Reason.FORM, head[:80])
    return BindingSaid(line, Kind.LOGIN, LogAct.RESET, 0, at, device=nas)


def _nas(block: dict[str, str]) -> str | None:
    names = ("nas-identifier", "nas-ip-address", "nas-ipv6-address")
    return next((block[name] for name in names if name in block), None)


def _logins(
    line: int, act: LogAct, head: str, block: dict[str, str], source: Source
) -> list[BindingSaid]:
    at = _moment(head, block, source.clock)
    lasted = block.get("acct-session-time")
    begun = at - read_number(lasted, 1 << 32) * SECOND if lasted else UNKNOWN
    nas = _nas(block)
    session = block.get("acct-unique-session-id") or block.get("acct-session-id")
    said = []
    for family, address in enumerate(_addresses(block)):
        name = f"{nas or ''}/{session}/{family}" if session else None
        one = BindingSaid(line, Kind.LOGIN, act, address, at)
        if act is not LogAct.BEGIN:
            one.from_ns, one.until_ns = begun, at
        one.mac = station_or_none(block.get("calling-station-id"))
        one.account = clean(block.get("user-name"))
        one.device_port = clean(block.get("nas-port-id") or block.get("nas-port"))
        one.session, one.device = name, nas
        said.append(one)
    return said


def _addresses(block: dict[str, str]) -> list[int]:
    """Those of the session, IPv4 first; 0 for one that this entry does not say."""
    found = []
    for name in ("framed-ip-address", "framed-ipv6-address"):
        text = block.get(name, "")
        found.append(0 if not text or text in _NO_ADDRESS else read_address(text))
    return [address for address in found if address] or found[:1]


def _moment(head: str, block: dict[str, str], clock: Clock) -> int:
    """When it happened: what the device says, else when it arrived less its delay."""
    said = block.get("event-timestamp")
    if said:
        return _named(said, clock)
    delay = read_number(block.get("acct-delay-time") or "0", 1 << 32) * SECOND
    arrived = block.get("timestamp")
    if arrived and arrived.isdecimal():
        return clock.epoch(arrived) - delay
    found = _HEAD.fullmatch(head)
    if found is None:
        raise ReadError(Reason.TIME, head[:40])
    month, day, hour, minute, second, year = found.groups()
    numbers = (int(day), int(hour), int(minute), int(second))
    return clock.local(int(year), month_of(month), *numbers) - delay


def _named(text: str, clock: Clock) -> int:
    """`Sep  6 2021 10:00:00 CST`: names of zones are those of the server, so its zone is used."""
    if text.isdecimal():
        return clock.epoch(text)
    found = _NAMED.fullmatch(text)
    if found is None:
        return clock.iso(text)
    numbers = [int(found[3]), month_of(found[1]), *(int(part) for part in found.groups()[1:2])]
    numbers += [int(part) for part in found.groups()[3:6]]
    zone = found[7] if found[7] in ("UTC", "GMT", "Z") else None
    return clock.at(numbers, 0, zone)
