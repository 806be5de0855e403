"""The index of the flow table: entering, removing and growing keep every record findable."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.kernels.flows import drop_slot, put_slot, regrow
from tests.builders import Array

SIZE = 32
# Few homes and the same tag twice: long runs of collisions, also around the end.
TAGS = st.sampled_from([0, 1, 2, 30, 31, 32, 63, 0xFFFFFFFF, 0x80000000])
STEPS = st.lists(st.tuples(st.booleans(), TAGS, st.integers(0, 15)), max_size=80)


def u64(value: int) -> Any:
    return np.uint64(value)


def records_under(slots: Array, tag: int) -> set[int]:
    """What a lookup of a tag meets, walking until the first empty slot."""
    found = set()
    place = tag % len(slots)
    while slots[place]:
        if int(slots[place]) >> 32 == tag:
            found.add(int(slots[place]) % 2**32 - 1)
        place = (place + 1) % len(slots)
    return found


def check(slots: Array, model: dict[int, int]) -> None:
    assert np.count_nonzero(slots) == len(model)
    for record, tag in model.items():
        assert record in records_under(slots, tag)


@given(STEPS)
def test_records_stay_findable(steps: list[tuple[bool, int, int]]) -> None:
    slots = np.zeros(SIZE, np.uint64)
    model: dict[int, int] = {}
    for put, tag, record in steps:
        if put and record not in model:
            put_slot(slots, u64(tag), record)
            model[record] = tag
        elif not put and record in model:
            drop_slot(slots, u64(model.pop(record)), record)
        check(slots, model)
    grown = np.zeros(4 * SIZE, np.uint64)
    regrow(slots, grown)
    check(grown, model)


@given(st.dictionaries(st.integers(0, 15), TAGS, max_size=16), TAGS)
def test_dropping_what_is_not_there_changes_nothing(model: dict[int, int], tag: int) -> None:
    slots = np.zeros(SIZE, np.uint64)
    for record, home in model.items():
        put_slot(slots, u64(home), record)
    before = slots.copy()
    drop_slot(slots, u64(tag), 99)
    assert np.array_equal(slots, before)
