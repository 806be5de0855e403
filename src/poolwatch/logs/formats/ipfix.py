"""IPFIX (RFC 7011): a file of messages with the NAT events of RFC 8158.

What is not known of a record is passed over by its length; data before its template is named.
The number of a record is that of its message, from 1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import Clock
from poolwatch.logs.fields import MAPPED
from poolwatch.logs.said import UNKNOWN, Reason, Said, Source, TranslationSaid, Unread

_HEADER = struct.Struct(">HHIII")
_VARIABLE = 0xFFFF
_TEMPLATES = 4096  # remembered at most
_FIELDS = 512  # of one template at most
_NTP = 2_208_988_800  # seconds from 1900 to 1970

_ACTS = {
    1: LogAct.BEGIN,  # the historic numbers of a translation
    2: LogAct.END,
    4: LogAct.BEGIN,  # NAT44 session
    5: LogAct.END,
    6: LogAct.BEGIN,  # NAT64 session
    7: LogAct.END,
    8: LogAct.BEGIN,  # NAT44 binding, whatever the other end
    9: LogAct.END,
    10: LogAct.BEGIN,  # NAT64 binding
    11: LogAct.END,
    14: LogAct.BEGIN,  # address
    15: LogAct.END,
    16: LogAct.BEGIN,  # block of ports
    17: LogAct.END,
}
_WHOLE, _BLOCKS = (14, 15), (16, 17)

# Elements of information, by their IANA numbers.
_PROTOCOL, _SPORT, _SADDR, _DPORT, _DADDR = 4, 7, 8, 11, 12
_SADDR6, _DADDR6 = 27, 28
_NAT_SADDR, _NAT_DADDR, _NAT_SPORT, _NAT_DPORT, _NAT_EVENT = 225, 226, 227, 228, 230
_NAT_SADDR6 = 281
_SECONDS, _MILLI, _MICRO, _NANO = 322, 323, 324, 325
_RANGE_START, _RANGE_END, _RANGE_STEP, _RANGE_PORTS = 361, 362, 363, 364
_START = (152, 1_000_000), (150, 1_000_000_000)


@dataclass(frozen=True, slots=True)
class _Field:
    element: int  # -1: of a maker
    length: int


def looks_like_bytes(data: bytes) -> bool:
    """Whether a message of version 10 begins, with a set in it."""
    if len(data) < 20:
        return False
    version, length = struct.unpack_from(">HH", data)
    number, size = struct.unpack_from(">HH", data, 16)
    known = number in (2, 3) or number >= 256
    return bool(version == 10 and length >= 20 and known and 4 <= size <= length - 16)


def read_bytes(chunks: Iterable[bytes], source: Source) -> Iterator[Said]:
    """Each event is one entry."""
    reader = _Reader(source)
    held = b""
    number = 0
    for chunk in chunks:
        held += chunk
        at = 0
        while len(held) - at >= 16:
            version, length = struct.unpack_from(">HH", held, at)
            if version != 10 or length < 16:
                yield Unread(number + 1, Reason.FORM, held[at : at + 16].hex(" "))
                return
            if len(held) - at < length:
                break
            number += 1
            yield from reader.message(number, held[at : at + length])
            at += length
        held = held[at:]
    if held:
        yield Unread(number + 1, Reason.UNFINISHED, f"{len(held)}")


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._templates: dict[tuple[int, int], tuple[_Field, ...]] = {}

    def message(self, number: int, data: bytes) -> Iterator[Said]:
        _, _, export, _, domain = _HEADER.unpack_from(data)
        at = 16
        while at + 4 <= len(data):
            kind, size = struct.unpack_from(">HH", data, at)
            if size < 4 or at + size > len(data):
                yield Unread(number, Reason.FORM, f"{size}")
                return
            body = data[at + 4 : at + size]
            if kind in (2, 3):
                self._learn(domain, body, options=kind == 3)
            elif kind >= 256:
                yield from self._data(number, domain, kind, body, export)
            at += size

    def _learn(self, domain: int, body: bytes, *, options: bool) -> None:
        at = 0
        head = 6 if options else 4
        while at + 4 <= len(body):
            template, count = struct.unpack_from(">HH", body, at)
            if count == 0:  # withdrawn; it has no scope either
                self._templates.pop((domain, template), None)
                at += 4
                continue
            at += head
            fields = []
            for _ in range(min(count, _FIELDS + 1)):
                if at + 4 > len(body):
                    return
                element, length = struct.unpack_from(">HH", body, at)
                at += 4
                if element & 0x8000:
                    element, at = -1, at + 4
                fields.append(_Field(element, length))
            known = (domain, template) in self._templates
            if len(fields) > _FIELDS or not (known or len(self._templates) < _TEMPLATES):
                return
            self._templates[domain, template] = tuple(fields)

    def _data(
        self, number: int, domain: int, kind: int, body: bytes, export: int
    ) -> Iterator[Said]:
        fields = self._templates.get((domain, kind))
        if fields is None:
            yield Unread(number, Reason.TEMPLATE, str(kind))
            return
        least = sum(1 if one.length == _VARIABLE else one.length for one in fields)
        at = 0
        while least and at + least <= len(body):
            values, end = _values(fields, body, at)
            if end is None:
                yield Unread(number, Reason.FORM, str(kind))
                return
            at = end
            if _NAT_EVENT in values:
                said = self._event(number, values, export)
                if said:
                    yield said

    def _event(self, number: int, values: dict[int, int], export: int) -> Said | None:
        event = values[_NAT_EVENT]
        act = _ACTS.get(event)
        inside = _side(values, _SADDR, _SADDR6)
        outside = _side(values, _NAT_SADDR, _NAT_SADDR6)
        if act is None or not inside or not outside:
            return None  # quotas, exhaustion, or no address to it
        try:
            at = self._moment(values, export)
        except OverflowError:
            return Unread(number, Reason.TIME)
        said = TranslationSaid(
            number, act, values.get(_PROTOCOL), inside, 0, 65535, outside, 0, 65535, at
        )
        if event in _BLOCKS and values.get(_RANGE_STEP, 1) > 1:
            return Unread(number, Reason.PORT, f"step {values[_RANGE_STEP]}")  # others' lie between
        if event in _BLOCKS:
            said.protocol = None
            low = values.get(_RANGE_START, 0)
            ports = values.get(_RANGE_PORTS, 0)
            high = values.get(_RANGE_END, low + ports - 1 if ports else 65535)
            said.outside_low, said.outside_high = low, high
        elif event not in _WHOLE:
            said.inside_low = said.inside_high = values.get(_SPORT, 0)
            said.outside_low = said.outside_high = values.get(_NAT_SPORT, 0)
            remote = _side(values, _DADDR, _DADDR6)
            if remote:
                said.remote, said.remote_port = remote, values.get(_DPORT, 0)
        ends = (said.inside_low, said.inside_high, said.outside_low, said.outside_high)
        if max(*ends, said.remote_port or 0) > 65535 or said.outside_high < said.outside_low:
            return Unread(number, Reason.PORT, str(ends))
        if act is LogAct.END:
            said.from_ns, said.until_ns = UNKNOWN, at
        return said

    def _moment(self, values: dict[int, int], export: int) -> int:
        clock = self._source.clock
        if _MILLI in values:
            seconds, rest = divmod(values[_MILLI], 1000)
            return _utc(clock, seconds, rest * 1_000_000)
        if _SECONDS in values:
            return _utc(clock, values[_SECONDS], 0)
        for element in (_MICRO, _NANO):
            if element in values:
                seconds, part = values[element] >> 32, values[element] & 0xFFFF_FFFF
                return _utc(clock, seconds - _NTP, part * 1_000_000_000 >> 32)
        for element, unit in _START:
            if element in values:
                seconds, rest = divmod(values[element] * unit, 1_000_000_000)
                return _utc(clock, seconds, rest)
        return _utc(clock, export, 0)


def _values(fields: tuple[_Field, ...], body: bytes, at: int) -> tuple[dict[int, int], int | None]:
    """The elements of one record as numbers, and where the next begins; None: it is cut."""
    values: dict[int, int] = {}
    for one in fields:
        length = one.length
        if length == _VARIABLE:
            if at >= len(body):
                return values, None
            length, at = body[at], at + 1
            if length == 255:
                if at + 2 > len(body):
                    return values, None
                length, at = int.from_bytes(body[at : at + 2], "big"), at + 2
        if at + length > len(body):
            return values, None
        if one.element >= 0 and length <= 16:
            values.setdefault(one.element, int.from_bytes(body[at : at + length], "big"))
        at += length
    return values, at


def _side(values: dict[int, int], four: int, six: int) -> int:
    if values.get(four):
        return MAPPED | (values[four] & 0xFFFF_FFFF)
    return values.get(six, 0)


def _utc(clock: Clock, seconds: int, ns: int) -> int:
    if not 0 <= seconds < 7_258_118_400:
        raise OverflowError
    return clock.utc(seconds, ns)
