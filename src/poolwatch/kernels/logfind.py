"""Which rows of logs hold at a time: by address, or by address, port and protocol."""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import INT64S, helper, i8, kernel, rows, u8, void
from poolwatch.kernels.logs import UINT32S, UINT64S
from poolwatch.layouts import LOG_BINDING, LOG_TRANSLATION

BLOCK = 64  # entries of one top


@helper
def _first_not_below(keys: Any, key: int, start: int) -> int:
    low, high = i8(start), i8(keys.shape[0])
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@helper
def _begun_by(log: Any, numbers: Any, low: int, high: int, ts_ns: int) -> int:
    """The first entry of [low, high) that begins after a time."""
    while low < high:
        middle = (low + high) >> 1
        if log[numbers[middle]]["from_ns"] <= ts_ns:
            low = middle + 1
        else:
            high = middle
    return i8(low)


@helper
def _before(tops: Any, place: int, ts_ns: int) -> int:
    """The entry to look at next, going back: a block in which all has ended is passed over."""
    if (place + 1) % BLOCK == 0 and tops[place // BLOCK] <= ts_ns:
        return i8(place - BLOCK)
    return i8(place)


@kernel(
    void(
        rows(LOG_BINDING),
        UINT64S,
        UINT32S,
        INT64S,
        UINT64S,
        INT64S,
        INT64S,
        INT64S,
    )
)
def find_bindings(
    log: Any,
    keys: Any,
    numbers: Any,
    tops: Any,
    asked: Any,
    times: Any,
    found: Any,
    counts: Any,
) -> None:
    """Into `found` the row of a key that holds at a time and began last, -1 for none.

    `counts` is how many hold. Keys are sorted, and of one key the beginnings of their rows.
    """
    for index in range(asked.shape[0]):
        found[index], counts[index] = -1, 0
        ts_ns = times[index]
        low = _first_not_below(keys, asked[index], 0)
        high = _first_not_below(keys, asked[index] + u8(1), low)
        place = _begun_by(log, numbers, low, high, ts_ns) - 1
        while place >= low:
            back = _before(tops, place, ts_ns)
            if back != place:
                place = back
                continue
            number = i8(numbers[place])
            if log[number]["until_ns"] > ts_ns:
                if counts[index] == 0:
                    found[index] = number
                counts[index] += 1
            place -= 1


@kernel(
    void(
        rows(LOG_TRANSLATION),
        UINT64S,
        UINT32S,
        INT64S,
        INT64S,
        UINT64S,
        INT64S,
        INT64S,
        INT64S,
        INT64S,
        INT64S,
    )
)
def find_translations(
    log: Any,
    keys: Any,
    numbers: Any,
    tops: Any,
    levels: Any,
    codes: Any,
    ports: Any,
    protocols: Any,
    times: Any,
    found: Any,
    counts: Any,
) -> None:
    """The same by address, port and protocol; `levels` are the sizes of blocks of ports.

    A protocol of -1, asked for or said, stands for all.
    """
    for index in range(codes.shape[0]):
        found[index], counts[index] = -1, 0
        ts_ns = times[index]
        latest = i8(0)
        for level in levels:
            key = codes[index] << u8(21) | u8(level) << u8(16)
            key |= u8(ports[index]) >> u8(level)
            low = _first_not_below(keys, key, 0)
            high = _first_not_below(keys, key + u8(1), low)
            place = _begun_by(log, numbers, low, high, ts_ns) - 1
            while place >= low:
                back = _before(tops, place, ts_ns)
                if back != place:
                    place = back
                    continue
                number = i8(numbers[place])
                place -= 1
                row = log[number]
                asked, said = protocols[index], i8(row["protocol"])
                if row["until_ns"] <= ts_ns or (asked >= 0 and said >= 0 and asked != said):
                    continue
                if counts[index] == 0 or row["from_ns"] > latest:
                    found[index], latest = number, i8(row["from_ns"])
                counts[index] += 1
