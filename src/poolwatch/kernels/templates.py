"""Lines of logs scanned by templates: what comes in tens of millions, without a Python object
a line. A line that fits no template is left to the format's reader in Python.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, INT32S, INT64S, WRITABLE, helper, i8, kernel, rows, u8
from poolwatch.kernels.logs import UINT32S
from poolwatch.layouts import LOG_LINE, LOG_STEP, LogStep

WIDTH = 16  # fields of a line

LITERAL, OPTIONAL, BLANKS = int(LogStep.LITERAL), int(LogStep.OPTIONAL), int(LogStep.BLANKS)
FIND, PLAIN, UNTIL = int(LogStep.FIND), int(LogStep.PLAIN), int(LogStep.UNTIL)
EDGE, ABSENT, IPV4 = int(LogStep.EDGE), int(LogStep.ABSENT), int(LogStep.IPV4)
MAC, NUMBER, EPOCH = int(LogStep.MAC), int(LogStep.NUMBER), int(LogStep.EPOCH)
CHOICE, NAME, TEXT = int(LogStep.CHOICE), int(LogStep.NAME), int(LogStep.TEXT)
PRIORITY, DATE, WORD = int(LogStep.PRIORITY), int(LogStep.DATE), int(LogStep.WORD)

SPACE, TAB, COLON, DOT, COMMA = 32, 9, 58, 46, 44
NOT = -1
SECOND = 1_000_000_000


@helper
def _is_digit(byte: int) -> bool:
    return 48 <= byte <= 57


@helper
def _is_letter(byte: int) -> bool:
    return 65 <= byte <= 90 or 97 <= byte <= 122


@helper
def _is(buffer: Any, at: int, end: int, pool: Any, text: int, size: int) -> bool:
    if at + size > end:
        return False
    for place in range(size):
        if buffer[at + place] != pool[text + place]:
            return False
    return True


@helper
def _number(buffer: Any, at: int, end: int, longest: int) -> Any:
    """A number in digits and where it ends, or NOT."""
    value = i8(0)
    start = at
    while at < end and _is_digit(buffer[at]) and at - start < longest:
        value = value * 10 + i8(buffer[at]) - 48
        at += 1
    if at == start or (at < end and _is_digit(buffer[at])):
        return i8(0), i8(NOT)
    return value, i8(at)


@helper
def _longest(most: Any) -> int:
    """How many digits the greatest number has."""
    digits = i8(1)
    while most >= 10 and digits < 18:
        most //= u8(10)
        digits += 1
    return digits


@helper
def _ipv4(buffer: Any, at: int, end: int) -> Any:
    """An address that is its own code, without leading zeros, and where it ends."""
    value = i8(0)
    for part in range(4):
        if part > 0:
            if at >= end or buffer[at] != DOT:
                return i8(0), i8(NOT)
            at += 1
        octet, stop = _number(buffer, at, end, 3)
        if stop < 0 or octet > 255 or (stop - at > 1 and buffer[at] == 48):
            return i8(0), i8(NOT)
        value = value << 8 | octet
        at = stop
    if value == 0 or value >= 0xF0000000:
        return i8(0), i8(NOT)
    return value, i8(at)


@helper
def _hex(byte: int) -> int:
    if 48 <= byte <= 57:
        return i8(byte) - 48
    low = i8(byte) | 32
    return low - 87 if 97 <= low <= 102 else i8(NOT)


@helper
def _mac(buffer: Any, at: int, end: int) -> Any:
    value = i8(0)
    if at + 17 > end:
        return i8(0), i8(NOT)
    for pair in range(6):
        if pair > 0 and buffer[at + pair * 3 - 1] != COLON:
            return i8(0), i8(NOT)
        high, low = _hex(buffer[at + pair * 3]), _hex(buffer[at + pair * 3 + 1])
        if high < 0 or low < 0:
            return i8(0), i8(NOT)
        value = value << 8 | high << 4 | low
    return value, i8(at + 17)


@helper
def _fraction(buffer: Any, at: int, end: int) -> Any:
    """Up to nine digits behind a point as ns, and where they end."""
    value = i8(0)
    unit = i8(SECOND)
    start = at
    while at < end and _is_digit(buffer[at]):
        if at - start == 9:
            return i8(0), i8(NOT)
        unit //= 10
        value += (i8(buffer[at]) - 48) * unit
        at += 1
    return value, i8(at) if at > start else i8(NOT)


@helper
def _month(buffer: Any, at: int) -> int:
    """1 to 12 of three letters, the first a capital; 0 for none."""
    name = i8(buffer[at]) << 16 | i8(buffer[at + 1]) << 8 | i8(buffer[at + 2])
    names = (
        0x4A616E, 0x466562, 0x4D6172, 0x417072, 0x4D6179, 0x4A756E,
        0x4A756C, 0x417567, 0x536570, 0x4F6374, 0x4E6F76, 0x446563,
    )  # fmt: skip
    for number in range(12):
        if names[number] == name:
            return i8(number + 1)
    return i8(0)


@helper
def _two(buffer: Any, at: int) -> int:
    if _is_digit(buffer[at]) and _is_digit(buffer[at + 1]):
        return (i8(buffer[at]) - 48) * 10 + i8(buffer[at + 1]) - 48
    return i8(NOT)


@helper
def _date(buffer: Any, at: int, end: int) -> Any:
    """The hour as ((year * 13 + month) * 32 + day) * 24 + hour, ns within it, and the end.

    The year is 0 where the line has none.
    """
    if at + 15 > end:
        return i8(0), i8(0), i8(NOT)
    month = _month(buffer, at)
    at += 3
    if month == 0 or buffer[at] != SPACE:
        return i8(0), i8(0), i8(NOT)
    at += 1
    if buffer[at] == SPACE:
        at += 1
    day, at = _number(buffer, at, end, 2)
    if at < 0 or day < 1 or day > 31 or at + 9 > end or buffer[at] != SPACE:
        return i8(0), i8(0), i8(NOT)
    at += 1
    year = i8(0)
    if at + 13 <= end and buffer[at + 4] == SPACE:
        year, stop = _number(buffer, at, end, 4)
        if stop != at + 4 or year < 1970 or year >= 2200:
            return i8(0), i8(0), i8(NOT)
        at += 5
    hour, minute, second = _two(buffer, at), _two(buffer, at + 3), _two(buffer, at + 6)
    good = buffer[at + 2] == COLON and buffer[at + 5] == COLON
    if not good or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return i8(0), i8(0), i8(NOT)
    at += 8
    if at < end and buffer[at] != SPACE:
        return i8(0), i8(0), i8(NOT)  # a fraction, a zone or a colon
    if at + 6 <= end and _is_digit(buffer[at + 1]) and buffer[at + 5] == SPACE:
        return i8(0), i8(0), i8(NOT)  # perhaps the year
    key = ((year * 13 + month) * 32 + day) * 24 + hour
    return key, (minute * 60 + second) * SECOND, i8(at)


@helper
def _is_plain(byte: int) -> bool:
    return _is_digit(byte) or _is_letter(byte) or byte in (SPACE, TAB, 95, 91, 93, 61)  # _ [ ] =


@helper
def _find(buffer: Any, at: int, end: int, pool: Any, step: Any, plain: bool) -> int:
    """Behind the next occurrence of a text, or NOT."""
    text, size = i8(step["text"]), i8(step["size"])
    last = min(end - size, at + i8(step["most"]))
    while at <= last:
        if buffer[at] == pool[text] and _is(buffer, at, end, pool, text, size):
            return i8(at + size)
        if plain and not _is_plain(buffer[at]):
            return i8(NOT)
        at += 1
    return i8(NOT)


@helper
def _choose(buffer: Any, at: int, end: int, pool: Any, step: Any) -> Any:
    """The value of the word that stands there, and where it ends."""
    place = i8(step["text"])
    stop = place + i8(step["size"])
    while place < stop:
        size = i8(pool[place])
        if _is(buffer, at, end, pool, place + 2, size):
            return i8(pool[place + 1]), i8(at + size)
        place += 2 + size
    return i8(0), i8(NOT)


@helper
def _name_end(buffer: Any, at: int, end: int) -> int:
    """The end of a name that begins with a letter or digit; NOT where there is none."""
    start = at
    while at < end and at - start < 80:
        byte = buffer[at]
        letter = _is_digit(byte) or _is_letter(byte)
        if not letter and (at == start or byte not in (DOT, 95, 45)):
            break
        at += 1
    return i8(at) if at > start else i8(NOT)


@helper
def _take(buffer: Any, at: int, end: int, step: Any, pool: Any, values: Any, base: int) -> int:
    """Take one step; where it ends, or NOT."""
    kind = step["step"]
    field = base + i8(step["field"])
    text, size = i8(step["text"]), i8(step["size"])
    if kind == LITERAL:
        return i8(at + size) if _is(buffer, at, end, pool, text, size) else i8(NOT)
    if kind == OPTIONAL:
        return i8(at + size) if _is(buffer, at, end, pool, text, size) else i8(at)
    if kind == BLANKS:
        start = at
        while at < end and buffer[at] in (SPACE, TAB):
            at += 1
        return i8(at) if at > start else i8(NOT)
    if kind == FIND or kind == PLAIN:
        return _find(buffer, at, end, pool, step, kind == PLAIN)
    if kind == UNTIL or kind == TEXT:
        start = at
        while at < end and buffer[at] != pool[text]:
            at += 1
        if kind == TEXT:
            values[field], values[field + 1] = start, at - start
        return i8(at) if at < end else i8(NOT)
    if kind == EDGE:
        return i8(at) if at == end or buffer[at] == pool[text] else i8(NOT)
    if kind == ABSENT:
        return i8(at) if _find(buffer, at, end, pool, step, False) < 0 else i8(NOT)
    if kind == IPV4:
        values[field], at = _ipv4(buffer, at, end)
        return i8(at)
    if kind == MAC:
        values[field], at = _mac(buffer, at, end)
        return i8(at)
    if kind == NUMBER:
        value, stop = _number(buffer, at, end, _longest(step["most"]))
        values[field] = value
        exact = size == 0 or stop - at == size
        return i8(stop) if u8(value) <= step["most"] and exact else i8(NOT)
    if kind == EPOCH:
        value, at = _number(buffer, at, end, 11)
        if at < 0 or u8(value) > step["most"] or at >= end or buffer[at] != DOT:
            return i8(NOT)
        part, at = _fraction(buffer, at + 1, end)
        values[field] = value * SECOND + part
        return i8(at)
    if kind == CHOICE:
        values[field], at = _choose(buffer, at, end, pool, step)
        return i8(at)
    if kind == NAME:
        stop = _name_end(buffer, at, end)
        values[field], values[field + 1] = at, stop - at
        return i8(stop)
    if kind == WORD:
        start = at
        while at < end and at - start < 80 and not (buffer[at] <= SPACE or buffer[at] == COLON):
            if buffer[at] >= 128:
                return i8(NOT)
            at += 1
        return i8(at) if at > start else i8(NOT)
    if kind == PRIORITY:
        if at < end and buffer[at] == 60:  # <
            _, stop = _number(buffer, at + 1, end, 3)
            return i8(stop + 1) if 0 <= stop < end and buffer[stop] == 62 else i8(NOT)
        return i8(at)
    key, within, stop = _date(buffer, at, end)  # DATE
    values[field], values[field + 1] = key, within
    return i8(stop)


@kernel(
    i8(
        BYTES,
        i8,
        i8,
        rows(LOG_STEP, readonly=True),
        INT32S,
        BYTES,
        rows(LOG_LINE),
        INT64S,
        INT64S,
    )
)
def scan_lines(
    buffer: Any,
    start: int,
    stop: int,
    steps: Any,
    firsts: Any,
    pool: Any,
    lines: Any,
    values: Any,
    state: Any,
) -> int:
    """A row for each whole line that is not empty, while there is room; how many there are.

    `firsts` holds the first step of each template, and behind the last. `state`: in, the
    number of the first line; out, that of the next, and where it begins.
    """
    found = i8(0)
    number = state[0]
    at = start
    while found < lines.shape[0]:
        end = at
        while end < stop and buffer[end] != 10:
            end += 1
        if end >= stop:
            break
        begin, at = at, end + 1
        if end > begin and buffer[end - 1] == 13:
            end -= 1
        number += 1
        if end == begin:
            continue
        row = lines[found]
        row["begin"], row["end"], row["line"], row["template"] = begin, end, number - 1, 0
        for template in range(firsts.shape[0] - 1):
            place = i8(begin)
            for step in range(firsts[template], firsts[template + 1]):
                place = _take(buffer, place, end, steps[step], pool, values, found * WIDTH)
                if place < 0:
                    break
            if place >= 0:
                row["template"] = template + 1
                break
        found += 1
    state[0] = number
    state[1] = at
    return found


@helper
def _hash(buffer: Any, at: int, size: int) -> Any:
    value = u8(14695981039346656037)
    for place in range(at, at + size):
        value = (value ^ u8(buffer[place])) * u8(1099511628211)
    value ^= value >> u8(32)
    return value * u8(0x9E3779B97F4A7C15)


@helper
def _slot(known: Any, spans: Any, arena: Any, buffer: Any, at: int, size: int, value: Any) -> Any:
    """Where a text stands in the table, or where it would."""
    mask = i8(known.shape[0]) - 1
    slot = i8(value >> u8(20)) & mask
    while known[slot] != 0:
        number = i8(known[slot])
        begin = spans[number * 2]
        if spans[number * 2 + 1] == size:
            same = True
            for place in range(size):
                if arena[begin + place] != buffer[at + place]:
                    same = False
                    break
            if same:
                return slot
        slot = (slot + 1) & mask
    return slot


@kernel(i8(BYTES, INT64S, i8, i8, WRITABLE, UINT32S, INT64S, WRITABLE, INT64S))
def number_texts(
    buffer: Any,
    values: Any,
    count: int,
    field: int,
    wanted: Any,
    known: Any,
    spans: Any,
    arena: Any,
    state: Any,
) -> int:
    """Put the number of each text, from 1 on, where its place stood; 0 for an empty one.

    Only rows with `wanted`. `known` is a table of numbers with a power of two of places,
    more than half of them free; `spans` says where each text stands in the arena. `state`:
    how many texts there are, and bytes. Returns how many there are.
    """
    for index in range(count):
        if not wanted[index]:
            continue
        at, size = values[index * WIDTH + field], values[index * WIDTH + field + 1]
        if size == 0:
            values[index * WIDTH + field] = 0
            continue
        slot = _slot(known, spans, arena, buffer, at, size, _hash(buffer, at, size))
        if known[slot] == 0:
            state[0] += 1
            known[slot] = state[0]
            spans[state[0] * 2], spans[state[0] * 2 + 1] = state[1], size
            for place in range(size):
                arena[state[1] + place] = buffer[at + place]
            state[1] += size
        values[index * WIDTH + field] = known[slot]
    return i8(state[0])


@kernel(i8(UINT32S, INT64S, WRITABLE, i8))
def place_texts(known: Any, spans: Any, arena: Any, count: int) -> int:
    """Fill an empty table with the texts there are."""
    for number in range(1, count + 1):
        at, size = spans[number * 2], spans[number * 2 + 1]
        slot = _slot(known, spans, arena, arena, at, size, _hash(arena, at, size))
        known[slot] = number
    return i8(count)
