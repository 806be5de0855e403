"""Plain-Python twins of the kernels: ints and bytes only, written for reading, not for speed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, NamedTuple

from poolwatch.layouts import (
    Carrier,
    FlowFlag,
    Gate,
    Kind,
    Link,
    Reason,
    SegmentBit,
    What,
    tunnel_of,
)
from tests import naive_carriers

NS = 1_000_000_000

ByteOrder = Literal["big", "little"]

# --- frames -------------------------------------------------------------------------------

VLAN_TYPES = {0x8100, 0x88A8, 0x9100, 0x9200}
EXTENSIONS = {0, 43, 44, 51, 60, 135, 139, 140}
FAMILIES = {2: 0x0800, 10: 0x86DD, 23: 0x86DD, 24: 0x86DD, 28: 0x86DD, 30: 0x86DD}


class Unread(Exception):
    """A packet that is not understood."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


class End(NamedTuple):
    """Address, as a number, and port: ends sort by address first."""

    address: int
    port: int


class Key(NamedTuple):
    """What both directions of a flow share."""

    kind: int
    a: End
    b: End
    tags: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A packet that is understood; `start` counts from the start of the frame."""

    key: Key
    side: int
    seq: int
    tcp: int
    start: int
    length: int
    wire: int
    teid: int = 0


class Reader:
    """Takes bytes from the front of a frame and knows when they are used up."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.position

    def take(self, count: int) -> bytes:
        self.need(count)
        self.position += count
        return self.data[self.position - count : self.position]

    def need(self, count: int) -> None:
        if self.left < count:
            raise Unread(Reason.FRAME_CUT)


def number(data: bytes, order: ByteOrder = "big") -> int:
    return int.from_bytes(data, order)


def decode(link: int, data: bytes) -> Frame:
    reader = Reader(data)
    protocol = _link_layer(link, reader)
    tags: list[int] = []
    while protocol in VLAN_TYPES:
        if len(tags) == 4:
            raise Unread(Reason.VLAN_DEPTH)
        tag = reader.take(4)
        tags.append(number(tag[:2]) % 4096)
        protocol = number(tag[2:])
    inner = sum(tag << 12 * place for place, tag in enumerate(reversed(tags[:2])))
    if protocol == 0x0800:
        return _ipv4(reader, inner)
    if protocol == 0x86DD:
        return _ipv6(reader, inner)
    raise Unread(Reason.NOT_IP)


def decode_carried(link: int, data: bytes, wire: int) -> Frame:
    """Of the innermost packet."""
    try:
        frame = naive_carriers.decode(link, data, wire)
    except naive_carriers.Unread as error:
        raise Unread(error.reason) from error
    a, b = (End(*end) for end in frame.ends)
    key = Key(frame.kind, a, b, frame.tags)
    return Frame(
        key, frame.side, frame.seq, frame.tcp, frame.start, frame.length, frame.wire, frame.teid
    )


def reason_of(link: int, data: bytes) -> Reason:
    try:
        decode(link, data)
    except Unread as error:
        return error.reason
    return Reason.UNDERSTOOD


def _link_layer(link: int, reader: Reader) -> int:
    if link == Link.ETHERNET:
        return number(reader.take(14)[12:])
    if link == Link.LINUX_SLL:
        return number(reader.take(16)[14:])
    if link == Link.LINUX_SLL2:
        return number(reader.take(20)[:2])
    if link == Link.RAW_IP:
        reader.need(1)
        return {4: 0x0800, 6: 0x86DD}.get(reader.data[0] >> 4, 0)
    if link in (Link.NULL, Link.LOOP):
        family = reader.take(4)
        if link == Link.NULL and number(family) > 0xFFFF:
            family = family[::-1]
        return FAMILIES.get(number(family), 0)
    raise Unread(Reason.LINK_TYPE_UNKNOWN)


def _ipv4(reader: Reader, tags: int) -> Frame:
    begin = reader.position
    head = reader.take(20)
    header = head[0] % 16 * 4
    if head[0] // 16 != 4 or header < 20:
        raise Unread(Reason.IP_MALFORMED)
    reader.take(header - 20)
    total = number(head[2:4]) or len(reader.data) - begin
    if total < header:
        raise Unread(Reason.IP_MALFORMED)
    if number(head[6:8]) % 8192:
        raise Unread(Reason.IP_FRAGMENT)
    ends = number(head[12:16]), number(head[16:20])
    return _transport(reader, head[9], begin + total, 4, ends, tags)


def _ipv6(reader: Reader, tags: int) -> Frame:
    head = reader.take(40)
    if head[0] // 16 != 6:
        raise Unread(Reason.IP_MALFORMED)
    length = number(head[4:6])
    stop = reader.position + length if length else len(reader.data)
    protocol = head[6]
    for depth in range(10):
        if protocol not in EXTENSIONS:
            break
        if depth == 8:
            raise Unread(Reason.IPV6_EXTENSIONS)
        protocol = _extension(reader, protocol)
    if reader.position > stop:
        raise Unread(Reason.IP_MALFORMED)
    ends = number(head[8:24]), number(head[24:40])
    return _transport(reader, protocol, stop, 6, ends, tags)


def _extension(reader: Reader, protocol: int) -> int:
    reader.need(8)
    following, size = reader.data[reader.position : reader.position + 2]
    if protocol == 44:
        if number(reader.take(8)[2:4]) // 8:
            raise Unread(Reason.IP_FRAGMENT)
    elif protocol == 51:
        reader.position += 4 * (size + 2)
    else:
        reader.position += 8 * (size + 1)
    return following


def _transport(
    reader: Reader, protocol: int, stop: int, version: int, ends: tuple[int, int], tags: int
) -> Frame:
    if protocol not in (6, 17):
        raise Unread(Reason.IP_PROTOCOL)
    begin = reader.position
    if protocol == 6:
        head = reader.take(20)
        header, seq, flags = head[12] // 16 * 4, number(head[4:8]), head[13]
        if header < 20 or begin + header > stop:
            raise Unread(Reason.TCP_MALFORMED)
    else:
        head = reader.take(8)
        header, seq, flags = 8, 0, 0
        if begin + header > stop:
            raise Unread(Reason.UDP_MALFORMED)
    source = End(ends[0], number(head[:2]))
    destination = End(ends[1], number(head[2:4]))
    kind = {(6, 4): Kind.TCP4, (17, 4): Kind.UDP4, (6, 6): Kind.TCP6, (17, 6): Kind.UDP6}
    captured = reader.data[begin + header : stop]
    return Frame(
        key=flow_key(kind[protocol, version], source, destination, tags),
        side=int(source > destination),
        seq=seq,
        tcp=flags,
        start=min(begin + header, len(reader.data)),
        length=len(captured),
        wire=stop - begin - header,
    )


def flow_key(kind: int, source: End, destination: End, tags: int) -> Key:
    a, b = sorted((source, destination))
    return Key(int(kind), a, b, tags)


# --- capture files ------------------------------------------------------------------------


class Row(NamedTuple):
    """A packet of a capture file."""

    ts_ns: int
    data: bytes
    wirelen: int
    linktype: int
    interface: int


@dataclass(slots=True)
class Reading:
    """All packets of a capture file, and the offset at which reading had to end."""

    rows: list[Row] = field(default_factory=list)
    broken_at: int | None = None
    no_interface: int = 0
    no_timestamp: int = 0
    skipped: int = 0


def read_pcap(data: bytes, max_record: int) -> Reading:
    reading = Reading()
    order: ByteOrder = "big" if data[0] == 0xA1 else "little"
    tick_ns = 1 if 0x3C in data[:4] else 1000
    if len(data) < 24:
        return Reading(broken_at=len(data))
    linktype = number(data[20:24], order) % 65536
    position = 24
    while position < len(data):
        head = data[position : position + 16]
        seconds, ticks, caplen, wirelen = (number(head[i : i + 4], order) for i in (0, 4, 8, 12))
        body = data[position + 16 : position + 16 + caplen]
        if len(head) < 16 or caplen > max_record or len(body) < caplen:
            reading.broken_at = position
            break
        reading.rows.append(Row(seconds * NS + ticks * tick_ns, body, wirelen, linktype, 0))
        position += 16 + caplen
    return reading


SMALLEST = Fraction(1, 2**63)
"""Units of at most this much of a second are not told apart from 0."""


class Broken(Exception):
    """A pcapng block that cannot be."""


@dataclass(frozen=True, slots=True)
class Interface:
    linktype: int
    snaplen: int
    unit: Fraction  # seconds a tick
    offset_s: int


class PcapngReader:
    """Block by block through a whole file in memory."""

    def __init__(self, data: bytes, max_record: int) -> None:
        self.data = data
        self.max_record = max_record
        self.order: ByteOrder = "little"
        self.interfaces: list[Interface] = []
        self.last_ns = 0
        self.reading = Reading()

    def read(self) -> Reading:
        position = 0
        while position < len(self.data):
            try:
                position += self._block(position)
            except Broken:
                self.reading.broken_at = position
                break
        return self.reading

    def u32(self, data: bytes, index: int) -> int:
        return number(data[index : index + 4], self.order)

    def _block(self, position: int) -> int:
        head = self.data[position : position + 12]
        if len(head) < 12:
            raise Broken
        kind = self.u32(head, 0)
        if kind == 0x0A0D0D0A:
            marks: dict[bytes, ByteOrder] = {
                b"\x1a\x2b\x3c\x4d": "big",
                b"\x4d\x3c\x2b\x1a": "little",
            }
            if head[8:12] not in marks:
                raise Broken
            self.order = marks[head[8:12]]
        length = self.u32(head, 4)
        if length < {0x0A0D0D0A: 28, 1: 20, 5: 24}.get(kind, 12) or length % 4:
            raise Broken
        whole = position + length <= len(self.data)
        if self._skips(kind, length):
            self.reading.skipped += 1
            if not whole:
                raise Broken
            return length
        block = self.data[position : position + length]
        if not whole or block[4:8] != block[-4:]:
            raise Broken
        self._take(kind, block[8:-4])
        return length

    def _skips(self, kind: int, length: int) -> bool:
        if kind in (0x0A0D0D0A, 1, 5):
            if length > 65536 and kind != 5:
                raise Broken
            return length > 65536
        if length <= self.max_record + 64:
            return False
        if kind in (2, 3, 6):
            raise Broken
        return True

    def _take(self, kind: int, body: bytes) -> None:
        if kind == 0x0A0D0D0A:
            self.interfaces = []
        elif kind == 1:
            self._interface(body)
        elif kind == 3:
            self._simple(body)
        elif kind in (2, 6):
            self._packet(kind, body)

    def _interface(self, body: bytes) -> None:
        unit, offset_s = Fraction(1, 10**6), 0
        for code, value in self._options(body[8:]):
            if code == 9 and len(value) == 1:
                unit = Fraction(1, (2 if value[0] & 128 else 10) ** (value[0] & 127))
            elif code == 14 and len(value) == 8:
                offset_s = int.from_bytes(value, self.order, signed=True)
                if abs(offset_s) >= 1 << 33:  # beyond what int64 nanoseconds hold
                    offset_s = 0
        linktype = number(body[:2], self.order)
        self.interfaces.append(Interface(linktype, self.u32(body, 4), unit, offset_s))

    def _options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        while len(data) >= 4:
            code, length = number(data[:2], self.order), number(data[2:4], self.order)
            if code == 0 or 4 + length > len(data):
                return
            yield code, data[4 : 4 + length]
            data = data[4 + (length + 3) // 4 * 4 :]

    def _packet(self, kind: int, body: bytes) -> None:
        index = self.u32(body, 0) if kind == 6 else number(body[:2], self.order)
        if len(body) < 20 or index >= len(self.interfaces):
            self.reading.no_interface += 1
            return
        interface = self.interfaces[index]
        ticks = (self.u32(body, 4) << 32) + self.u32(body, 8)
        caplen, wirelen = self.u32(body, 12), self.u32(body, 16)
        self.last_ns = int64(ticks_to_ns(ticks, interface.unit) + interface.offset_s * NS)
        if 20 + caplen > len(body):
            raise Broken
        data = body[20 : 20 + caplen]
        self.reading.rows.append(Row(self.last_ns, data, wirelen, interface.linktype, index))

    def _simple(self, body: bytes) -> None:
        if len(body) < 4 or not self.interfaces:
            self.reading.no_interface += 1
            return
        interface = self.interfaces[0]
        wirelen = self.u32(body, 0)
        data = body[4 : 4 + wirelen]
        if interface.snaplen:
            data = data[: interface.snaplen]
        self.reading.no_timestamp += 1
        self.reading.rows.append(Row(self.last_ns, data, wirelen, interface.linktype, 0))


def ticks_to_ns(ticks: int, unit: Fraction) -> int:
    """Whole nanoseconds; times that no clock says are 0."""
    return math.floor(ticks * unit * NS) if ticks < 1 << 63 and unit > SMALLEST else 0


def int64(value: int) -> int:
    """What is left of a number in 64 bits with a sign."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def read_pcapng(data: bytes, max_record: int) -> Reading:
    return PcapngReader(data, max_record).read()


# --- the gate -----------------------------------------------------------------------------

_BLANK = b" \t\r\n"
_BLANKS = 16  # looked past
_VERBS = {b"HEAD", b"OPTI", b"DELE", b"PATC"}
_MINING_HEADERS = (b"x-mining", b"x-stratu", b"x-roll-n", b"x-long-p")
_OPENERS = b"\x01\x04\x05\t\r\n \x16\x17[{\x81\x82\xc1\xefCDGHOP"

PASS = "pass"
HOLD = "hold"
Verdict = Literal["", "pass", "hold"]


def opens_json(payload: bytes) -> bool:
    body = payload.removeprefix(b"\xef\xbb\xbf")
    rest = body.lstrip(_BLANK)
    blanks = len(body) - len(rest)
    if blanks > _BLANKS or not rest:
        return blanks >= _BLANKS
    after = rest[1:].lstrip(_BLANK)
    if rest[0] not in b"{[":
        return False
    if not after or len(rest) - 1 - len(after) > _BLANKS:
        return True
    if rest[:1] == b"[":
        return after[:1] == b"{"
    return after[:1] == b'"' and (len(after) == 1 or after[1] >= 32)


def http_head(payload: bytes, *, has_body: bool, packed: bool) -> Verdict:
    """What an HTTP head is worth, looked at no further than its first 4096 bytes."""
    upgrade = False
    for newline in re.finditer(rb"\n", payload[:4096]):
        line = payload[newline.end() :]
        name = bytes(byte | 0x20 for byte in line[:12])
        upgrade |= line[:8].lower() == b"upgrade:"
        if name[:8] in _MINING_HEADERS or (packed and _announces_packing(name)):
            return "pass"
        if line.startswith((b"\n", b"\r\n")):
            if upgrade and not has_body:
                return "hold"
            return _http_body(line[1 if line[:1] == b"\n" else 2 :], has_body=has_body)
    return "pass" if has_body or upgrade else ""


def _announces_packing(name: bytes) -> bool:
    return len(name) == 12 and name.startswith((b"transfer", b"content-enco"))


def _http_body(body: bytes, *, has_body: bool) -> Verdict:
    if not has_body:  # a second request may stand behind the first
        return "pass" if body.startswith(b"POST") else ""
    if not body.strip(_BLANK) and len(body) <= _BLANKS:
        return "hold"
    return "pass" if opens_json(body) else ""


def opens_socks5(payload: bytes) -> bool:
    if len(payload) < 2:
        return True
    count = payload[1]
    methods, behind = payload[2 : 2 + count], payload[2 + count :]
    if not 1 <= count <= 8 or any(method > 9 for method in methods):
        return False
    if behind[:1] == b"\1":  # user and password
        return behind[1:2] != b"\0"
    return b"\5\1\0".startswith(behind[:3])


def opens_socks4(payload: bytes) -> bool:
    if payload[1:2] not in (b"", b"\1") or payload[2:4] == b"\0\0":
        return False
    if len(payload) < 8:
        return True
    address, rest = payload[4:8], payload[8:]
    named = address[:3] == b"\0\0\0"
    if not (address[3] if named else 0 < address[0] < 224):
        return False
    for _ in range(1 + named):
        text, ended, rest = rest.partition(b"\0")
        if not re.fullmatch(rb"[!-~]{0,255}", text):
            return False
        if not ended:
            return True
    return not rest or rest[0] in _OPENERS


def gate(payload: bytes, state: int, side: int, *, other_silent: bool) -> tuple[int, Verdict]:
    """The next state of a flow's gate, and what to do with this payload."""
    awaited = int(Gate.HEAD_A) << side
    if payload[0] not in _OPENERS:
        return state, ""
    if payload[0] in b"\t\r\n [{\xef":
        if (state & awaited or not state & Gate.HTTP) and opens_json(payload):
            return state, "pass"
        return state & ~awaited, ""
    if payload[0] in b"\x04\x05":
        opens = opens_socks5 if payload[0] == 5 else opens_socks4
        return state, "pass" if not state and other_silent and opens(payload) else ""
    if payload[0] in b"\x01\x81\x82\xc1":
        upgraded = bool(state & Gate.HTTP and state & (Gate.HEAD_A | Gate.HEAD_B))
        passes = upgraded if payload[0] == 0xC1 else opens_websocket(payload, upgraded=upgraded)
        return state, "pass" if passes else ""
    if len(payload) < 4:
        short = payload[:1] == b"P" or (payload[:1] in b"HC" and other_silent)
        return state, "pass" if short and not state else ""
    if payload[0] in b"\x16\x17":
        is_tls = payload[1] == 3 and payload[2] <= 4
        return state | (int(Gate.TLS) if is_tls else 0), ""
    if payload[:4] == b"PROX":
        line = b"PROXY TCP" if len(payload) >= 8 and payload[6:7] == b"T" else b"PROXY UN"
        passes = not state & ~awaited and other_silent and line.startswith(payload[:8])
        return state & ~awaited, "pass" if passes else ""
    return _gate_http(payload, state & ~awaited, awaited, other_silent=other_silent)


def _gate_http(
    payload: bytes, state: int, awaited: int, *, other_silent: bool
) -> tuple[int, Verdict]:
    verb = payload[:4]
    verdict: Verdict = ""
    if verb in (b"POST", b"PUT "):
        verdict = http_head(payload, has_body=True, packed=True)
    elif verb == b"GET ":
        verdict = http_head(payload, has_body=False, packed=False)
    elif verb == b"HTTP":
        if other_silent:
            verdict = http_head(payload, has_body=True, packed=False) or "hold"
    elif verb == b"CONN":
        passes = not state and other_silent and b"CONNECT ".startswith(payload[:8])
        verdict = "pass" if passes else ""
    elif verb not in _VERBS:
        return state, ""
    return state | int(Gate.HTTP) | (awaited if verdict == "hold" else 0), verdict


def opens_websocket(payload: bytes, *, upgraded: bool) -> bool:
    if len(payload) < 4 or payload[1] & 0x7F == 127:
        return False
    size, at = payload[1] & 0x7F, 2
    if size == 126:
        size, at = int.from_bytes(payload[2:4], "big"), 4
        if size < 126:
            return False
    key = payload[at : at + 4] if payload[1] & 0x80 else b""
    body = payload[at + len(key) :]
    if size < 2 or len(body) < 2 or not (upgraded or len(body) == size):
        return False
    begin = bytes(byte ^ mask for byte, mask in zip(body[:2], key or b"\0\0", strict=False))
    return begin in (b"[{", b'{"', b"{ ", b"{\n", b"{\r")


def gate_first(payload: bytes, state: int, side: int, *, other_silent: bool) -> tuple[int, Verdict]:
    """The same of a side's first payload, where its first byte said nothing."""
    key = state & int(Gate.HEAD_A) << (1 - side)
    if key and len(payload) in (170, 172, 234):
        return state, "pass"
    state &= ~key
    if any(opens(payload) for opens in FRAMED):
        return state, "pass"
    if other_silent and len(payload) in (32, 34, 64):
        return state | int(Gate.HEAD_A) << side, "hold"
    return state, ""


def _btcagent_sizes(payload: bytes) -> tuple[int, ...]:
    """The lengths the frame at the front can have by its command."""
    if payload[0] != 0x7F or len(payload) < 6:
        return ()
    fixed = {2: 15, 3: 19, 4: 6, 0x12: 19, 0x13: 23}
    if payload[1] in fixed:
        return (fixed[payload[1]],)
    if payload[1] == 1:
        return tuple(range(8, 521))
    if payload[1] == 5 and len(payload) >= 7:
        return (7 + 2 * int.from_bytes(payload[5:7], "little"),)
    return ()


def opens_btcagent(payload: bytes) -> bool:
    for _ in range(16):
        size = int.from_bytes(payload[2:4], "little")
        if size not in _btcagent_sizes(payload) or size > len(payload):
            return False
        payload = payload[size:]
        if payload[:1] in (b"", b"{"):
            return True
    return False


_SV2_SIZES = {
    1: (6,),
    0x15: (45, 49),
    0x1A: (24,),
    0x1B: range(25, 58),
    0x1C: (20,),
    0x20: (48,),
    0x21: (36,),
}


def opens_sv2(payload: bytes) -> bool:
    for step in range(16):
        if payload[:2] not in (b"\0\0", b"\0\x80") or len(payload) < 6:
            return False
        kind, size = payload[2], int.from_bytes(payload[3:6], "little")
        if kind == 0:
            setup = payload[6:11]
            fits = setup[:1] in (b"\0", b"\1", b"\2") and setup[1:] == b"\2\0\2\0"
            if not fits or not 16 <= size <= 1400:
                return False
            if step == 0:
                return True
        elif size not in _SV2_SIZES.get(kind, ()):
            return False
        if 6 + size > len(payload):
            return False
        payload = payload[6 + size :]
        if not payload:
            return True
    return False


def opens_alephium(payload: bytes) -> bool:
    if len(payload) < 13 or payload[0] or payload[1] > 15:
        return False
    size, body = int.from_bytes(payload[:4], "big"), payload[4:]
    if body[0] == 1 and body[1] <= 1 and size != 10:
        size, body = size - 1, body[1:]
    numbers = [int.from_bytes(body[at : at + 4], "big") for at in range(1, 17, 4)]
    whole = len(body) == size
    if body[0] == 1:
        return size == 10 and whole and numbers[0] < 16 and numbers[1] < 16 and body[9] <= 1
    if body[0] or size - 1 < 32:
        return False
    if len(body) >= 5 and numbers[0] == size - 5 and numbers[0] >= 150:
        return True
    jobs = len(body) >= 17 and 1 <= numbers[0] <= 16
    return jobs and numbers[1] < 16 and numbers[2] < 16 and 100 <= numbers[3] <= 1024


def opens_datum(payload: bytes) -> bool:
    key = bytes.fromhex("2918 87d7")
    header = bytes(byte ^ mask for byte, mask in zip(payload[:4], key, strict=False))
    size = len(payload) - 4
    return 240 <= size <= 700 and header == size.to_bytes(2, "little") + b"\0\0"


def opens_betterhash(payload: bytes) -> bool:
    client = re.compile(rb"\x01\x06\0\0\x01\0\x01\0[\0-\x03]\0", re.DOTALL)
    server = re.compile(rb"\x02\x25\0\0\x01\0[\0-\x03]\0[\x02\x03].{32}", re.DOTALL)
    return bool(client.match(payload) or server.match(payload))


def opens_zkwork(payload: bytes) -> bool:
    size = len(payload) - 4
    if not 16 <= size <= 512 or payload[:4] != size.to_bytes(4, "little"):
        return False
    types = payload[5] < 16 and payload[6] < 16
    return payload[4] == 128 and types and 7 + payload[10] < size


def opens_str3(payload: bytes) -> bool:
    codes = payload[4] if len(payload) >= 6 else 0
    return payload[:4] == b"STR3" and codes <= 32 and len(payload) == 5 + 4 * codes


FRAMED = (
    opens_btcagent,
    opens_sv2,
    opens_alephium,
    opens_datum,
    opens_betterhash,
    opens_zkwork,
    opens_str3,
)


# --- the flow table -----------------------------------------------------------------------

_NO_FLAG = FlowFlag(0)
_DATA = FlowFlag.DATA_A | FlowFlag.DATA_B
_USED_UP = _DATA | FlowFlag.FIN_A | FlowFlag.FIN_B | FlowFlag.RST
_SEEN = FlowFlag.SEEN_A | FlowFlag.SEEN_B


@dataclass(slots=True, eq=False)
class Flow:
    key: Key
    first_ns: int
    first_packet: int
    last_ns: int
    flags: FlowFlag = _NO_FLAG
    gate: int = 0
    endpoint: int = -1
    teids: dict[int, int] = field(default_factory=dict)
    begins: dict[int, int] = field(default_factory=dict)


class Closing(NamedTuple):
    """A flow somebody reads was closed."""

    key: Key
    last_ns: int
    packet: int


class Piece(NamedTuple):
    """Payload handed on; `start` counts from the start of the frame."""

    packet: int
    key: Key
    side: int
    seq: int
    start: int
    length: int
    wire: int
    what: int
    bits: int


class FlowTable:
    """Flows in a dict, one packet at a time."""

    def __init__(
        self,
        *,
        capacity: int,
        idle_ns: int,
        long_ns: int,
        endpoints: Mapping[End, int] | None = None,
    ) -> None:
        self.capacity = capacity
        self.idle_ns = idle_ns
        self.long_ns = long_ns
        self.endpoints = endpoints or {}
        self.live: dict[Key, Flow] = {}
        self.counters: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.closings: list[Closing] = []
        self.pieces: list[Piece] = []
        self.flows: list[Flow] = []
        self.packet_flows: list[Flow | None] = []  # of each packet, None: not understood
        self.now_ns = 0

    def packet(self, link: int, data: bytes, ts_ns: int, wirelen: int) -> None:
        try:
            frame = decode_carried(link, data, wirelen)
        except Unread as error:
            self.reasons[error.reason.name.lower()] += 1
            self.packet_flows.append(None)
        else:
            frame = self._numbered(frame, ts_ns)
            flow = self._flow(frame, ts_ns)
            self.packet_flows.append(flow)
            flow.last_ns = max(flow.last_ns, ts_ns)
            flow.teids[frame.side] = frame.teid
            flow.flags |= FlowFlag(FlowFlag.SEEN_A << frame.side)
            if frame.key.kind in (Kind.TCP4, Kind.TCP6):
                self._read(flow, frame, data)
        self.counters["packets"] += 1
        self.counters["bytes"] += wirelen
        self.counters["captured_bytes"] += len(data)
        self.counters["truncated"] += len(data) < wirelen
        self.now_ns = max(self.now_ns, ts_ns)

    def end(self) -> None:
        for flow in list(self.live.values()):
            self._close(flow, self.counters["packets"])

    def _flow(self, frame: Frame, ts_ns: int) -> Flow:
        flow = self.live.get(frame.key)
        if flow and not self._starts_anew(flow, frame, ts_ns):
            return flow
        if len(self.live) == self.capacity:
            self._make_room()
            flow = self.live.get(frame.key)
        this = self.counters["packets"] + 1
        if flow:
            self._close(flow, this)
        flow = Flow(frame.key, ts_ns, this, ts_ns)
        answers = frame.tcp & 0x12 == 0x12
        if bool(frame.side) != answers:
            flow.flags |= FlowFlag.FIRST_B
        for end in (frame.key.b, frame.key.a):
            listed = find_endpoint(self.endpoints, end)
            if flow.endpoint < 0 <= listed:
                flow.endpoint = listed
                flow.flags |= FlowFlag.LISTED
                self.counters["listed"] += 1
        self.live[frame.key] = flow
        self.flows.append(flow)
        self.counters["flows"] += 1
        return flow

    def _numbered(self, frame: Frame, ts_ns: int) -> Frame:
        """The frame with the number of its flow in its tags, if it came through GTP."""
        if tunnel_of(frame.key.tags)[0] is not Carrier.GTP:
            return frame
        keys = [frame.key._replace(tags=frame.key.tags | n << 32) for n in range(4)]
        flows = [self.live.get(key) for key in keys]
        same = [f.key for f in flows if f and f.teids.get(frame.side, 0) == frame.teid]
        fits = [
            f.key
            for f in flows
            if f and (not f.teids.get(frame.side, 0) or ts_ns - f.last_ns > self.idle_ns)
        ]
        vacant = [key for key, flow in zip(keys, flows, strict=True) if flow is None]
        last = frame.key._replace(tags=frame.key.tags | (frame.teid + 4) % 2**32 << 32)
        return replace(frame, key=[*same, *fits, *vacant, last][0])

    def _starts_anew(self, flow: Flow, frame: Frame, ts_ns: int) -> bool:
        fresh_syn = frame.tcp & 0x12 == 0x02
        return ts_ns - flow.last_ns > self.idle_ns or (fresh_syn and bool(flow.flags & _USED_UP))

    def _close(self, flow: Flow, packet: int) -> None:
        del self.live[flow.key]
        is_tcp = flow.key.kind in (Kind.TCP4, Kind.TCP6)
        if flow.flags & _SEEN != _SEEN and flow.flags & _DATA and is_tcp:
            self.counters["one_way"] += 1
        long_encrypted = False
        if flow.gate & Gate.TLS:
            long_encrypted = flow.last_ns - flow.first_ns >= self.long_ns
            self.counters["encrypted"] += 1
            self.counters["encrypted_long"] += long_encrypted
        if flow.flags & (FlowFlag.CANDIDATE | FlowFlag.LISTED) or long_encrypted:
            self.closings.append(Closing(flow.key, flow.last_ns, packet))

    def _make_room(self) -> None:
        idle = [f for f in self.live.values() if f.last_ns < self.now_ns - self.idle_ns]
        self._close_all(idle)
        self.counters["expired"] += len(idle)
        wanted = max(self.capacity // 16, 1) - len(idle)
        spared: Callable[[Flow], bool]
        for spared in (lambda flow: bool(flow.flags & FlowFlag.CANDIDATE), lambda _: False):
            may_go = [flow for flow in self.live.values() if not spared(flow)]
            if wanted <= 0 or not may_go:
                continue
            last = sorted(flow.last_ns for flow in may_go)[: max(wanted, 1)][-1]
            gone = [flow for flow in may_go if flow.last_ns <= last]
            self._close_all(gone)
            self.counters["evicted"] += len(gone)
            wanted -= len(gone)

    def _close_all(self, flows: list[Flow]) -> None:
        for flow in flows:
            self._close(flow, self.counters["packets"])

    def _read(self, flow: Flow, frame: Frame, data: bytes) -> None:
        side, seq = frame.side, frame.seq
        if frame.tcp & 0x02:
            seq = (seq + 1) % 2**32
            if not flow.flags & FlowFlag(FlowFlag.DATA_A << side):
                flow.begins[side] = seq
            flow.flags |= FlowFlag(FlowFlag.SYN_A << side)
        if frame.tcp & 0x01:
            flow.flags |= FlowFlag(FlowFlag.FIN_A << side)
        if frame.tcp & 0x04:
            flow.flags |= FlowFlag.RST
        if not frame.length:
            return
        bits = SegmentBit(0)
        for end in (0, 1):
            begun = flow.flags & FlowFlag(FlowFlag.SYN_A << end)
            if begun and not flow.flags & FlowFlag(FlowFlag.DATA_A << end):
                bits |= SegmentBit(SegmentBit.START_A << end)
        payload = data[frame.start : frame.start + frame.length]
        verdict: Verdict = "pass"
        if not flow.flags & FlowFlag.CANDIDATE:
            verdict = self._ask_gate(flow, payload, side, seq, bits)
            if verdict == "pass":
                flow.flags |= FlowFlag.CANDIDATE
                bits |= SegmentBit.OPEN
        flow.flags |= FlowFlag(FlowFlag.DATA_A << side)
        if verdict:
            what = What.HEAD if verdict == "hold" else What.DATA
            self.pieces.append(
                Piece(
                    self.counters["packets"] + 1,
                    flow.key,
                    side,
                    seq,
                    frame.start,
                    frame.length,
                    frame.wire,
                    int(what),
                    int(bits),
                )
            )

    def _ask_gate(
        self, flow: Flow, payload: bytes, side: int, seq: int, bits: SegmentBit
    ) -> Verdict:
        verdict: Verdict = ""
        if not flow.gate & Gate.TLS:
            other_silent = not flow.flags & FlowFlag(FlowFlag.DATA_A << (1 - side))
            flow.gate, verdict = gate(payload, flow.gate, side, other_silent=other_silent)
        unknown = not verdict and not flow.gate & (Gate.TLS | Gate.HTTP)
        if unknown and bits & SegmentBit(SegmentBit.START_A << side):
            ahead = (seq - flow.begins[side]) % 2**32
            if 0 < ahead < 1 << 20:  # what comes first is still under way
                return "pass"
        if unknown and not flow.flags & FlowFlag(FlowFlag.DATA_A << side):
            silent = not flow.flags & FlowFlag(FlowFlag.DATA_A << (1 - side))
            flow.gate, verdict = gate_first(payload, flow.gate, side, other_silent=silent)
        return verdict


def find_endpoint(endpoints: Mapping[End, int], end: End) -> int:
    """The row of an address and port; a row with port 0 stands for every port."""
    return endpoints.get(end, endpoints.get(End(end.address, 0), -1))
