"""Lookups and joins against brute force."""

from __future__ import annotations

import ipaddress

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.logs.book import LogBook
from poolwatch.logs.fields import position_of
from poolwatch.logs.records import Address, Attachment, Binding, End, Kind, Origin, Translation
from poolwatch.logs.settle import sorted_order

ADDRESSES: list[Address] = [
    ipaddress.ip_address(text)
    for text in ("10.0.0.1", "10.0.0.2", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::5")
]
TIMES = st.integers(0, 20)
PORTS = st.one_of(st.sampled_from([0, 1, 1023, 1024, 2047, 65535]), st.integers(0, 65535))


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, int]:
    begun = draw(TIMES)
    return begun, begun + draw(st.integers(1, 10))


@st.composite
def bindings(draw: st.DrawFn) -> Binding:
    begun, until = draw(spans())
    return Binding(
        draw(st.sampled_from([Kind.LEASE, Kind.LOGIN, Kind.NEIGHBOUR])),
        draw(st.sampled_from(ADDRESSES)),
        begun,
        until,
        draw(st.sampled_from(End)),
        Origin("kea-csv", draw(st.sampled_from("ab")), draw(st.integers(1, 9))),
        draw(st.sampled_from([None, 1, 2])),
        draw(st.sampled_from([None, "pc"])),
        draw(st.sampled_from([None, "s1", "s2"])),
        begin_said=draw(st.booleans()),
    )


@st.composite
def translations(draw: st.DrawFn) -> Translation:
    begun, until = draw(spans())
    low, high = sorted((draw(PORTS), draw(PORTS)))
    if draw(st.booleans()):
        high = low
    return Translation(
        draw(st.sampled_from([None, 6, 17])),
        draw(st.sampled_from(ADDRESSES)),
        low,
        high,
        draw(st.sampled_from(ADDRESSES)),
        low,
        high,
        begun,
        until,
        draw(st.sampled_from(End)),
        Origin("conntrack", "a", draw(st.integers(1, 9)), draw(st.sampled_from([None, "gw"]))),
    )


def key(record: Binding | Translation | Attachment) -> tuple[int, str, int, str]:
    return (record.from_ns, record.origin.file, record.origin.line, repr(record))


@settings(deadline=None, max_examples=60)
@given(st.lists(bindings(), max_size=30), st.sampled_from(ADDRESSES), spans())
def test_bindings(records: list[Binding], address: Address, asked: tuple[int, int]) -> None:
    book = LogBook.of(records)
    now = [r for r in records if r.from_ns < asked[1] and r.until_ns > asked[0]]
    doors = (
        (book.bindings(address, *asked), [r for r in now if r.address == address]),
        (book.bindings_of_mac(1, *asked), [r for r in now if r.mac == 1]),
        (book.bindings_of_account("s1", *asked), [r for r in now if r.account == "s1"]),
    )
    for found, wanted in doors:
        assert sorted(found, key=key) == sorted(wanted, key=key)
        assert [key(r)[:3] for r in found] == sorted(key(r)[:3] for r in found)
    held = [r for r in records if r.address == address and r.from_ns <= asked[0] < r.until_ns]
    [row], [count] = book.bindings_at(*_halves(address), np.array([asked[0]]))
    assert count == len(held)
    last = max((r.from_ns for r in held), default=None)
    assert (book.binding(int(row)).from_ns if row >= 0 else None) == last


@settings(deadline=None, max_examples=100)
@given(
    st.lists(translations(), max_size=30),
    st.sampled_from(ADDRESSES),
    PORTS,
    st.sampled_from([None, 6, 17]),
    spans(),
)
def test_translations(
    records: list[Translation],
    address: Address,
    port: int,
    protocol: int | None,
    asked: tuple[int, int],
) -> None:
    book = LogBook.of(records)
    for side in ("outside", "inside"):
        mine = [
            r
            for r in records
            if getattr(r, side) == address and (protocol is None or r.protocol in (None, protocol))
        ]
        door = getattr(book, f"translations_of_{side}")
        now = [r for r in mine if r.from_ns < asked[1] and r.until_ns > asked[0]]
        assert sorted(door(address, None, protocol, *asked), key=key) == sorted(now, key=key)
        at_port = [r for r in now if r.outside_low <= port <= r.outside_high]
        assert sorted(door(address, port, protocol, *asked), key=key) == sorted(at_port, key=key)
        held = [
            r
            for r in mine
            if r.outside_low <= port <= r.outside_high and r.from_ns <= asked[0] < r.until_ns
        ]
        ports, protocols = np.array([port]), np.array([-1 if protocol is None else protocol])
        [row], [count] = book.translations_at(
            *_halves(address), ports, protocols, np.array([asked[0]]), inside=side == "inside"
        )
        assert count == len(held)
        last = max((r.from_ns for r in held), default=None)
        assert (book.translation(int(row)).from_ns if row >= 0 else None) == last


def _halves(address: Address) -> tuple[np.ndarray, np.ndarray]:
    where = position_of(address)
    return np.array([where >> 64], np.uint64), np.array([where & (2**64 - 1)], np.uint64)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-(2**63), 2**63 - 1)), max_size=40))
def test_the_sort_is_stable(rows: list[tuple[int, int]]) -> None:
    from poolwatch.kernels.logs import DIGITS, sort_rows

    keys = np.array([key << 40 for key, _ in rows], np.uint64)
    times = np.array([time for _, time in rows], np.int64)
    order = np.arange(len(rows), dtype=np.uint32)
    wanted = sorted_order(keys, times, order.copy())
    sort_rows(keys, times, order, np.empty_like(order), np.empty(DIGITS, np.int64))
    assert order.tolist() == wanted.tolist()
    assert wanted.tolist() == sorted(range(len(rows)), key=lambda n: (rows[n][0], rows[n][1], n))
