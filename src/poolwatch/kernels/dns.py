"""DNS messages: is a listed name asked for or led to, and which addresses does it have.

Read within bounds: names of 255 bytes, 16 compression pointers a name, 4 questions and 64
answers a message. What goes beyond is not read.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, INT64S, b1, i8, part, row, u8, void
from poolwatch.kernels.intrinsics import big16, big32, big64
from poolwatch.kernels.names import (
    NAME_BYTES,
    NAMES_TYPE,
    OWN_BYTES,
    holds_name,
    learn,
    note_server,
    tables_of,
)
from poolwatch.layouts import FLOW

HOPS = 16
QUESTIONS = 4
ANSWERS = 64
LEAST_SECONDS = 60
"""An answer holds at least this long: clients keep connections and caches beyond a short TTL."""

_HEADER = 12
_A = 1
_CNAME = 5
_AAAA = 28
_PORT = 53
_NS = 1_000_000_000


@part(i8(BYTES, i8, i8, i8, OWN_BYTES, INT64S))
def read_name(buffer: Any, base: int, position: int, end: int, flat: Any, work: Any) -> int:
    """Write the name at `position` into `flat` as lower-case text, its length into `work[0]`.

    Returns where the record goes on, -1 for what is no name. Pointers count from `base`. A dot
    within a label becomes a zero byte, which no listed name has.
    """
    length = 0
    resume = i8(-1)
    hops = 0
    while True:
        if position >= end:
            return -1
        size = i8(buffer[position])
        if size == 0:
            break
        if size >= 0xC0:
            if position + 2 > end or hops == HOPS:
                return -1
            if resume < 0:
                resume = position + 2
            position = base + (big16(buffer, position) & 0x3FFF)
            hops += 1
            continue
        if size > 63 or position + 1 + size > end or length + size + 1 >= NAME_BYTES:
            return -1
        if length > 0:
            flat[length] = 46
            length += 1
        for index in range(position + 1, position + 1 + size):
            byte = i8(buffer[index])
            if 65 <= byte <= 90:
                byte |= 0x20
            elif byte == 46:
                byte = 0
            flat[length] = byte
            length += 1
        position += 1 + size
    work[0] = length
    return resume if resume >= 0 else position + 1


@part(i8(BYTES, i8, i8))
def _skip_name(buffer: Any, position: int, end: int) -> int:
    """Where a record goes on behind its name, -1 for what is no name."""
    while position < end:
        size = i8(buffer[position])
        if size == 0:
            return position + 1
        if size >= 0xC0:
            return position + 2 if position + 2 <= end else -1
        if size > 63:
            return -1
        position += 1 + size
    return -1


@part(i8(BYTES, i8, i8), inline=True)
def _answer_at(buffer: Any, position: int, end: int) -> int:
    """Where the fixed part of the answer at `position` stands, -1 if it is not all there."""
    position = _skip_name(buffer, position, end)
    if position < 0 or position + 10 > end:
        return -1
    return position if position + 10 + big16(buffer, position + 8) <= end else -1


@part(void(BYTES, i8, i8, i8, u8, u8, i8, i8, NAMES_TYPE))
def _learn_addresses(
    buffer: Any,
    position: int,
    end: int,
    answers: int,
    client_hi: int,
    client_lo: int,
    ts_ns: int,
    number: int,
    names: Any,
) -> None:
    """Learn every address among the answers from `position` on."""
    for _ in range(answers):
        fixed = _answer_at(buffer, position, end)
        if fixed < 0:
            return
        kind = big16(buffer, fixed)
        seconds = big32(buffer, fixed + 4)
        size = big16(buffer, fixed + 8)
        if seconds & 0x80000000:  # RFC 2181, section 8: zero is meant
            seconds = 0
        until_ns = ts_ns + max(seconds, LEAST_SECONDS) * _NS
        if kind == _A and size == 4:
            address = u8(big32(buffer, fixed + 10))
            learn(names, client_hi, client_lo, u8(0), address, ts_ns, until_ns, number)
        elif kind == _AAAA and size == 16:
            learn(
                names,
                client_hi,
                client_lo,
                big64(buffer, fixed + 10),
                big64(buffer, fixed + 18),
                ts_ns,
                until_ns,
                number,
            )
        position = fixed + 10 + size


@part(b1(BYTES, i8, i8, row(FLOW), i8, i8, i8, NAMES_TYPE))
def read_dns(
    buffer: Any,
    base: int,
    end: int,
    flow: Any,
    side: int,
    ts_ns: int,
    number: int,
    names: Any,
) -> bool:
    """Whether a DNS message has a listed name; if it is an answer, learn its addresses.

    The addresses of all its answers are learned: those the chain of names does not lead to
    are sorted out by whoever reads the message again.
    """
    tables = tables_of(names)
    if base + _HEADER > end:
        return False
    flags = big16(buffer, base + 2)
    is_answer = flags & 0x8000 != 0
    ports = i8(flow["ports"])
    source = ports & 0xFFFF if side else ports >> 16
    destination = ports >> 16 if side else ports & 0xFFFF
    if (source if is_answer else destination) != _PORT or flags & 0x7800:
        return False
    # The other end of the one that sent this.
    other_hi = flow["a_hi"] if side else flow["b_hi"]
    other_lo = flow["a_lo"] if side else flow["b_lo"]
    if not is_answer:
        note_server(tables.servers, names, other_hi, other_lo)
    if tables.slots.shape[0] <= 2 and names["most_labels"] == 0:
        return False
    listed = False
    position = base + _HEADER
    for _ in range(min(big16(buffer, base + 4), QUESTIONS)):
        position = read_name(buffer, base, position, end, tables.flat, tables.work)
        if position < 0 or position + 4 > end:
            return listed
        listed |= holds_name(names, tables.work[0])
        position += 4
    if not is_answer:
        return listed
    answers = min(big16(buffer, base + 6), ANSWERS)
    first = position
    for _ in range(answers):
        fixed = _answer_at(buffer, position, end)
        if fixed < 0:
            break
        position = fixed + 10 + big16(buffer, fixed + 8)
        if (
            big16(buffer, fixed) == _CNAME
            and read_name(buffer, base, fixed + 10, position, tables.flat, tables.work) >= 0
        ):
            listed |= holds_name(names, tables.work[0])
    if listed:
        _learn_addresses(buffer, first, end, answers, other_hi, other_lo, ts_ns, number, names)
    return listed
