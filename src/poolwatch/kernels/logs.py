"""Entries of logs put in order and together to records.

Rows are sorted by what belongs together, then by time; one walk joins beginnings with
ends, renewals with grants, and ends what something else took the place of.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from poolwatch.kernels import INT64S, helper, i8, kernel, rows, u8, void
from poolwatch.layouts import LOG_BINDING, LOG_TRANSLATION, LogAct, LogBit, LogEnd

UINT64S: Any = types.Array(types.uint64, 1, "C")
UINT32S: Any = types.Array(types.uint32, 1, "C")

DIGITS = 1 << 16
SECOND = 1_000_000_000
SLACK = 120 * SECOND  # by which the beginning that an end says may be later than the one logged
UNKNOWN = -(1 << 63)

DEAD, SPAN, GRANT, BEGIN = int(LogAct.DEAD), int(LogAct.SPAN), int(LogAct.GRANT), int(LogAct.BEGIN)
ALIVE, END, SEEN = int(LogAct.ALIVE), int(LogAct.END), int(LogAct.SEEN)
SAID, EXPIRY = int(LogEnd.SAID), int(LogEnd.EXPIRY)
NEXT, ASSUMED = int(LogEnd.NEXT), int(LogEnd.ASSUMED)
NO_START, WHOLE_SECOND = int(LogBit.NO_START), int(LogBit.WHOLE_SECOND)


@helper
def _digit(value: Any, shift: int) -> int:
    return i8((u8(value) >> u8(shift)) & u8(0xFFFF))


@helper
def _pass(values: Any, shift: int, flip: Any, order: Any, scratch: Any, counts: Any) -> bool:
    """One pass of the radix sort from `order` into `scratch`; False where nothing moves."""
    count = i8(order.shape[0])
    for digit in range(DIGITS):
        counts[digit] = 0
    for place in range(count):
        counts[_digit(u8(values[order[place]]) ^ flip, shift)] += 1
    if counts[_digit(u8(values[order[0]]) ^ flip, shift)] == count:
        return False
    total = i8(0)
    for digit in range(DIGITS):
        here = counts[digit]
        counts[digit] = total
        total += here
    for place in range(count):
        item = order[place]
        digit = _digit(u8(values[item]) ^ flip, shift)
        scratch[counts[digit]] = item
        counts[digit] += 1
    for place in range(count):
        order[place] = scratch[place]
    return True


@kernel(void(UINT64S, INT64S, UINT32S, UINT32S, INT64S))
def sort_rows(keys: Any, times: Any, order: Any, scratch: Any, counts: Any) -> None:
    """Put the row numbers in `order` in the order of key, then time; equal ones keep theirs.

    `scratch` is as long as `order`, `counts` has DIGITS places.
    """
    if order.shape[0] < 2:
        return
    for step in range(4):
        _pass(times, step * 16, u8(1) << u8(63), order, scratch, counts)
    for step in range(4):
        _pass(keys, step * 16, u8(0), order, scratch, counts)


@helper
def _close(row: Any, until_ns: int, end: int) -> None:
    row["until_ns"] = max(until_ns, row["from_ns"] + 1)
    row["end"] = end
    row["act"] = SPAN


@helper
def _said_until(row: Any) -> int:
    """The end an END row says: behind the second it names, where it names a second."""
    until = i8(row["until_ns"])
    return until + SECOND if row["bits"] & WHOLE_SECOND else until


@helper
def _said_again(closed: Any, row: Any) -> bool:
    """Whether an end is that of a session that has ended: logs are kept twice."""
    return closed["until_ns"] == max(_said_until(row), closed["from_ns"] + 1)


@helper
def _alone(row: Any, hold_ns: int, addressed: bool) -> int:
    """Make a record of an end without its beginning; 1 where it says too little."""
    if not addressed:
        row["act"] = DEAD
        return i8(1)
    until = _said_until(row)
    if row["from_ns"] == UNKNOWN:
        row["from_ns"] = until - hold_ns
        row["bits"] |= NO_START
    _close(row, until, SAID)
    return i8(0)


@helper
def _took_the_place(opened: Any, row: Any) -> None:
    """A beginning while another is open: the log lost its end."""
    _close(opened, i8(row["from_ns"]), NEXT)


@helper
def _one_translation(opened: Any, row: Any) -> bool:
    """Of one inside address, and not begun later: then its number was given again."""
    whose = row["inside"] == 0 or opened["inside"] == row["inside"]
    return whose and (row["from_ns"] == UNKNOWN or row["from_ns"] <= opened["from_ns"] + SLACK)


@helper
def _one_login(opened: Any, row: Any, names: Any) -> bool:
    """Of one address, one machine or else one account, as far as both say so."""
    if row["address"] != 0 and opened["address"] != row["address"]:
        return False
    if row["mac"] != 0 and opened["mac"] != 0:
        return bool(row["mac"] == opened["mac"])
    mine, other = names[opened["text"]], names[row["text"]]
    return bool(mine == 0 or other == 0 or mine == other)


@helper
def _fill(opened: Any, row: Any) -> None:
    """What later entries of a login add: where it began, and names the first did not say."""
    if row["from_ns"] != UNKNOWN and row["from_ns"] < opened["from_ns"]:
        opened["from_ns"] = row["from_ns"]
        opened["bits"] &= ~NO_START
    if opened["mac"] == 0:
        opened["mac"] = row["mac"]
    if opened["text"] == 0:
        opened["text"] = row["text"]


@helper
def _begins_here(row: Any) -> None:
    """A sign of life of what was not known to have begun."""
    if row["from_ns"] == UNKNOWN:
        row["from_ns"] = row["until_ns"]
        row["bits"] |= NO_START
    row["act"] = BEGIN


@kernel(i8(rows(LOG_TRANSLATION), UINT64S, UINT32S, INT64S, i8))
def settle_translations(log: Any, keys: Any, order: Any, holds: Any, final: int) -> int:
    """Join sessions whose rows have one key and come in the order of time.

    `holds` is how long one may last, by group. Unless `final`, only ends are joined with
    their beginnings, and what is left over stays as it is. Returns the ends that say too
    little without a beginning.
    """
    lost = i8(0)
    opened = i8(-1)
    closed = i8(-1)  # the last one that an end was joined with
    last = i8(0)
    for place in range(order.shape[0]):
        number = i8(order[place])
        row = log[number]
        if place > 0 and keys[number] != keys[order[place - 1]]:
            if opened >= 0 and final:
                _close(log[opened], last + holds[log[opened]["group"]], ASSUMED)
            opened = i8(-1)
            closed = i8(-1)
        act = row["act"]
        agrees = opened >= 0 and _one_translation(log[opened], row)
        if act == BEGIN:
            if agrees and log[opened]["from_ns"] == row["from_ns"]:
                row["act"] = DEAD
                continue
            if opened >= 0 and final:
                _took_the_place(log[opened], row)
            opened = number
            last = i8(row["from_ns"])
        elif act == END and agrees:
            _close(log[opened], _said_until(row), SAID)
            row["act"] = DEAD
            closed, opened = opened, i8(-1)
        elif act == END and closed >= 0 and _said_again(log[closed], row):
            row["act"] = DEAD
        elif act == END:
            if opened >= 0 and row["from_ns"] > log[opened]["from_ns"]:
                if final:
                    _took_the_place(log[opened], row)
                opened = i8(-1)
            if final:
                lost += _alone(row, holds[row["group"]], row["outside"] != 0)
        elif act == ALIVE and final:
            if agrees:
                last = i8(row["until_ns"])
                row["act"] = DEAD
                continue
            if row["outside"] == 0:
                row["act"] = DEAD
                continue
            _begins_here(row)
            if opened >= 0:
                _took_the_place(log[opened], row)
            opened = number
            last = i8(row["until_ns"])
    if opened >= 0 and final:
        _close(log[opened], last + holds[log[opened]["group"]], ASSUMED)
    return lost


@kernel(i8(rows(LOG_BINDING), UINT64S, UINT32S, INT64S, INT64S))
def settle_logins(log: Any, keys: Any, order: Any, holds: Any, names: Any) -> int:
    """The same for logins; every one of `order` belongs to a session.

    `names`: of each text a number for its account, 0 where it has none.
    """
    lost = i8(0)
    opened = i8(-1)
    closed = i8(-1)  # the last one that an end was joined with
    last = i8(0)
    for place in range(order.shape[0]):
        number = i8(order[place])
        row = log[number]
        if place > 0 and keys[number] != keys[order[place - 1]]:
            if opened >= 0:
                _close(log[opened], last + holds[log[opened]["group"]], ASSUMED)
            opened = i8(-1)
            closed = i8(-1)
        act = row["act"]
        agrees = opened >= 0 and _one_login(log[opened], row, names)
        if act == BEGIN:
            if agrees and log[opened]["from_ns"] == row["from_ns"]:
                row["act"] = DEAD
                continue
            if opened >= 0:
                _took_the_place(log[opened], row)
            opened = number
            last = i8(row["from_ns"])
        elif act == END and agrees:
            _fill(log[opened], row)
            _close(log[opened], _said_until(row), SAID)
            row["act"] = DEAD
            closed, opened = opened, i8(-1)
        elif act == END and closed >= 0 and _said_again(log[closed], row):
            row["act"] = DEAD
        elif act == END:
            if opened >= 0 and row["from_ns"] > log[opened]["from_ns"]:
                _took_the_place(log[opened], row)
                opened = i8(-1)
            lost += _alone(row, holds[row["group"]], row["address"] != 0)
        elif act == ALIVE:
            if agrees:
                _fill(log[opened], row)
                last = i8(row["until_ns"])
                row["act"] = DEAD
                continue
            if row["address"] == 0:
                row["act"] = DEAD
                continue
            _begins_here(row)
            if opened >= 0:
                _took_the_place(log[opened], row)
            opened = number
            last = i8(row["until_ns"])
    if opened >= 0:
        _close(log[opened], last + holds[log[opened]["group"]], ASSUMED)
    return lost


@helper
def _same_holder(one: Any, other: Any) -> bool:
    if one["mac"] != 0 or other["mac"] != 0:
        return one["mac"] == other["mac"]
    return one["text"] == other["text"]


@helper
def _cut(row: Any, until_ns: int) -> None:
    """End what is only expected to last, where something else begins."""
    if row["until_ns"] > until_ns and row["end"] in (EXPIRY, ASSUMED):
        row["until_ns"] = max(until_ns, row["from_ns"] + SECOND)
        row["end"] = NEXT


@kernel(void(rows(LOG_BINDING), UINT64S, UINT32S, INT64S))
def settle_leases(log: Any, keys: Any, order: Any, holds: Any) -> None:
    """Join grants of one address by one device, in the order of time.

    A grant to the same holder renews, the last one says until when; one to another ends it. After
    a row of ALIVE it was taken back, but nothing says when.
    """
    current = i8(-1)
    for place in range(order.shape[0]):
        number = i8(order[place])
        row = log[number]
        if place > 0 and keys[number] != keys[order[place - 1]]:
            current = i8(-1)
        act = row["act"]
        if act == END:
            if current >= 0 and (row["mac"] == 0 or _same_holder(log[current], row)):
                if row["until_ns"] < log[current]["until_ns"]:
                    log[current]["until_ns"] = max(row["until_ns"], log[current]["from_ns"] + 1)
                    log[current]["end"] = SAID
                row["act"] = DEAD
            else:
                _alone(row, holds[row["group"]], row["mac"] != 0)
            continue
        if act == ALIVE:
            if current >= 0 and _same_holder(log[current], row):
                log[current]["end"] = ASSUMED
            row["act"] = DEAD
            continue
        renews = (
            act != SPAN
            and current >= 0
            and log[current]["act"] != SPAN
            and row["from_ns"] <= log[current]["until_ns"]
            and _same_holder(log[current], row)
        )
        if renews:
            log[current]["until_ns"] = max(row["until_ns"], log[current]["from_ns"] + 1)
            log[current]["end"] = row["end"]
            if row["text"] != 0:
                log[current]["text"] = row["text"]
            row["act"] = DEAD
            continue
        if current >= 0:
            _cut(log[current], i8(row["from_ns"]))
        current = number
