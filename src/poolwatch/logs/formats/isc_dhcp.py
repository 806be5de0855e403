"""ISC DHCP, dhcpd.leases(5): blocks of leases, of which a later one of an address holds.

`ends` of a lease that is free again is when it ended; of an active one it is when it would
expire. Times are UTC unless the file has them as seconds (`db-time-format local`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import clean, mac_or_none, read_address
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, ReadError, Reason, Said, Source, Unread

_LEASE = re.compile(r"lease\s+(\S+)\s*\{")
_IA = re.compile(r"(ia-na|ia-ta|ia-pd)\s+(\".*\"|\S+)\s*\{")
_IAADDR = re.compile(r"iaaddr\s+(\S+)\s*\{")
_TIME = re.compile(r"\d\s+(\d{4})/(\d{1,2})/(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})")
_EPOCH = re.compile(r"epoch\s+(\d{1,11})")
_OCTAL = re.compile(r"\\([0-7]{3})|\\(.)")
_NEVER = 7_258_118_399 * 1_000_000_000  # what "never" is taken for: 2199
_FREE = frozenset(("free", "released", "expired", "reset", "backup"))
_USED = frozenset(("active", ""))
_ABANDONED = "abandoned"  # whoever was offered it found somebody else there


def looks_like(lines: list[str]) -> bool:
    """Whether a block of a lease opens."""
    return any(_LEASE.fullmatch(line.strip()) or _IA.fullmatch(line.strip()) for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each block is one entry."""
    block: _Block | None = None
    outer: str | None = None  # the identity of an ia-na block
    for number, text in lines:
        line = text.strip()
        if not line or line.startswith("#"):
            continue
        lease, inner = _LEASE.fullmatch(line), _IAADDR.fullmatch(line)
        if lease or inner:
            if block:
                yield Unread(block.line, Reason.UNFINISHED, block.address)
            found = lease or inner
            assert found is not None
            block = _Block(number, found[1], outer if inner else None)
            outer = outer if inner else None
        elif identity := _IA.fullmatch(line):
            outer = identity[2]
        elif line == "}":
            if block:
                yield from _said(block, source)
                block = None
            else:
                outer = None
        elif block:
            block.add(line)
    if block:
        yield Unread(block.line, Reason.UNFINISHED, block.address)


class _Block:
    def __init__(self, line: int, address: str, identity: str | None) -> None:
        self.line = line
        self.address = address
        self.identity = identity
        self.words: dict[str, str] = {}

    def add(self, line: str) -> None:
        """One statement; `next binding state` and the like do not count."""
        for name in _STATEMENTS:
            if line.startswith(name) and line[len(name) : len(name) + 1].isspace():
                self.words[name] = line[len(name) :].strip().rstrip(";").strip()
                return


_STATEMENTS = (
    "starts",
    "ends",
    "cltt",
    "binding state",
    "hardware",
    "client-hostname",
    "preferred-life",
    "max-life",
)


def _said(block: _Block, source: Source) -> Iterator[Said]:
    try:
        said = _lease(block, source)
    except ReadError as error:
        yield Unread(block.line, error.reason, error.text or block.address)
        return
    if said:
        yield said


def _lease(block: _Block, source: Source) -> BindingSaid | None:
    words = block.words
    state = words.get("binding state", "")
    if state not in _USED and state not in _FREE and state != _ABANDONED:
        return None  # reserved for a name, or another server's
    address = read_address(block.address)
    ends = _moment(words["ends"], source) if "ends" in words else UNKNOWN
    starts = _starts(words, ends, source)
    if ends != UNKNOWN and starts != UNKNOWN and ends < starts:
        raise ReadError(Reason.ENDS_FIRST, block.address)
    if state == _ABANDONED:
        if starts == UNKNOWN:
            return None
        return BindingSaid(block.line, Kind.LEASE, LogAct.END, address, UNKNOWN, starts)
    mac = _mac(words.get("hardware", ""), block.identity)
    name = clean(words.get("client-hostname", "").strip('"'))
    if state in _FREE:
        if ends == UNKNOWN or mac is None:
            return None  # never given to anybody
        act = LogAct.END
        if starts != UNKNOWN and state == "expired":
            act = LogAct.GRANT
        return BindingSaid(block.line, Kind.LEASE, act, address, starts, ends, mac, name)
    if starts == UNKNOWN:
        raise ReadError(Reason.NO_TIME, block.address)
    return BindingSaid(block.line, Kind.LEASE, LogAct.GRANT, address, starts, ends, mac, name)


def _starts(words: dict[str, str], ends: int, source: Source) -> int:
    """The beginning; of IPv6 the last transaction stands for it."""
    for name in ("starts", "cltt"):
        if name in words:
            return _moment(words[name], source)
    life = words.get("max-life", "")
    if ends != UNKNOWN and life.isdecimal():
        return ends - int(life) * 1_000_000_000
    return UNKNOWN


def _moment(text: str, source: Source) -> int:
    if text == "never":
        return _NEVER
    found = _TIME.match(text)
    if found:
        return source.clock.at([int(part) for part in found.groups()], 0, "Z")
    found = _EPOCH.match(text)
    if found:
        return source.clock.utc(int(found[1]))
    raise ReadError(Reason.TIME, text)


def _mac(hardware: str, identity: str | None) -> int | None:
    if hardware:
        return mac_or_none(hardware.split()[-1])
    return _mac_of_identity(identity) if identity else None


def _mac_of_identity(identity: str) -> int | None:
    """The MAC in an IAID and DUID of type 1 or 3, whose hardware is Ethernet."""
    data = _bytes(identity.strip('"'))[4:]
    if data[:4] == b"\0\1\0\1" and len(data) == 14:
        return int.from_bytes(data[8:], "big") or None
    if data[:4] == b"\0\3\0\1" and len(data) == 10:
        return int.from_bytes(data[4:], "big") or None
    return None


def _bytes(text: str) -> bytes:
    """A quoted string with octal escapes, or hexadecimal digits between colons."""
    if ":" in text:
        try:
            return bytes(int(part, 16) for part in text.split(":"))
        except ValueError:
            pass
    plain = _OCTAL.sub(lambda m: chr(int(m[1], 8) & 255) if m[1] else m[2], text)
    return plain.encode("latin-1", "replace")
