"""Settings of live capture, and filters: what is refused, and how it is said."""

from __future__ import annotations

import msgspec
import pytest

from poolwatch.capture.bpf import accept_all, check_filter, compile_filter
from poolwatch.capture.interfaces import dropped, find, look_up
from poolwatch.capture.live import InterfaceCounts, LiveCounts, RingSettings
from poolwatch.errors import UsageError
from poolwatch.layouts import Link


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("block_bytes", 1000),
        ("block_bytes", 1 << 16),
        ("block_bytes", 3 << 17),
        ("ring_bytes", 1 << 20),
        ("ring_bytes", 1 << 33),
        ("tick_ms", 0),
        ("tick_ms", 20_000),
        ("snap_bytes", 63),
        ("snap_bytes", 1 << 20),
        ("recheck_ms", 0),
        ("duplicate_ms", -1),
        ("duplicate_slots", 1000),
        ("backend", "pfring"),
        ("promiscuous", 1),
        ("snaplen", 96),
    ],
)
def test_what_is_refused(name: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.convert({"capture": {name: value}}, dict[str, RingSettings])


def test_defaults_are_taken() -> None:
    defaults = msgspec.to_builtins(RingSettings())
    assert msgspec.convert(defaults, RingSettings) == RingSettings()


def test_no_filter_keeps_the_snap_length() -> None:
    assert compile_filter("  ", 1, 96) == accept_all(96) == [(6, 0, 0, 96)]


def test_a_filter_keeps_the_snap_length() -> None:
    program = compile_filter("tcp port 3333", 1, 96)
    assert {k for code, _, _, k in program if code == 6} == {0, 96}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tcp prot 3333", "syntax error"),
        ("vlan 7 and tcp", "VLAN tag is taken off"),
    ],
)
def test_filters_that_are_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        check_filter(text)
    assert caught.value.advice()


def test_the_loopback_as_it_is() -> None:
    found = find("lo")
    assert (found.loopback, found.link, found.stamped) == (True, Link.ETHERNET, False)
    assert dropped("lo") is not None
    assert look_up("nosuch0") is None
    assert dropped("nosuch0") is None


def test_counts_of_several_interfaces() -> None:
    one = InterfaceCounts(name="a", packets=3, bytes=30, drops=1, fill=0.25, up=True, last_ns=7)
    other = InterfaceCounts(name="b", packets=4, bytes=40, freezes=2, fill=0.5, times_gone=1)
    counts = LiveCounts((one, other))
    assert (counts.packets, counts.bytes, counts.drops, counts.freezes) == (7, 70, 1, 2)
    assert counts.drops_by_interface == {"a": 1, "b": 0}
    assert (counts.fill, counts.up, counts.times_gone, counts.last_ns) == (0.5, False, 1, 7)
    assert LiveCounts(()).fill == 0.0
