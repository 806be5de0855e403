"""Headers are found backwards from the payload, below any link layer; samples stay few."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.layouts import Carrier
from poolwatch.match.headers import Header, read_header
from poolwatch.match.traits import Traits
from tests import builders

PORTS = (40000, 3333)
STAMP = struct.pack(">BBBBII", 1, 1, 8, 10, 123456, 9)
MAC = 0x060708090A0B


def packet(options: bytes = STAMP, version: int = 4, ip_options: bytes = b"") -> bytes:
    segment = builders.tcp(b"", seq=77, options=options)
    if version == 6:
        return builders.ipv6(segment)
    return builders.ipv4(segment, options=ip_options)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (builders.ethernet(packet()), Header(64, 7, 123456, MAC)),
        (builders.ethernet(packet(b"")), Header(64, 7, -1, MAC)),
        (builders.ethernet(packet(), tags=(5, 9)), Header(64, 7, 123456, MAC)),
        (builders.ethernet(packet(version=6)), Header(64, -1, 123456, MAC)),
        (builders.ethernet(packet(ip_options=b"\x01" * 8)), Header(64, 7, 123456, MAC)),
        (packet(), Header(64, 7, 123456, -1)),
        (
            b"\0\0\0\1\0\6" + b"\2\0\0\0\0\7" + b"\0\0\x08\0" + packet(),
            Header(64, 7, 123456, 0x020000000007),
        ),
        (b"\x88\x64" * 4 + packet(), Header(64, 7, 123456, -1)),
    ],
)
def test_headers_below_link_layers(head: bytes, expected: Header) -> None:
    assert read_header(head, PORTS, 77) == expected


def test_the_frame_inside_a_tunnel_is_the_hosts() -> None:
    inner = builders.ethernet(packet())
    head = builders.ethernet(builders.ipv4(builders.udp(b"\x08" + b"\0" * 7 + inner), protocol=17))
    assert read_header(head, PORTS, 77, Carrier.VXLAN) == Header(64, 7, 123456, MAC)
    found = read_header(head, PORTS, 77, Carrier.GRE)
    assert found is not None
    assert found.mac == -1


def test_another_segments_header_is_none() -> None:
    head = builders.ethernet(packet())
    assert read_header(head, PORTS, 78) is None
    assert read_header(head, (40000, 3334), 77) is None
    assert all(read_header(head[:size], PORTS, 77) is None for size in range(len(head)))


@given(st.binary(max_size=120), st.integers(0, 2**32 - 1))
def test_any_bytes_can_be_read(head: bytes, seq: int) -> None:
    found = read_header(head, (0, 0), seq, Carrier.VXLAN)
    assert found is None or found.ttl <= 255


def test_samples_are_few_and_span_the_time() -> None:
    traits = Traits(24)
    wanted = 0
    for second in range(50_000):
        at = (1000 + second) * 10**9
        traits.last_ns = at
        if at >= traits.due_ns:
            wanted += 1
            traits.take(at, Header(63, second & 0xFFFF, second, MAC))
    seen = traits.seen()
    assert len(seen.samples) <= 24
    assert wanted < 400
    assert seen.samples[0].ts_ns == 1000 * 10**9
    assert seen.samples[-1].ts_ns > 25_000 * 10**9
    assert (seen.first_ns, seen.last_ns) == (1000 * 10**9, 50_999 * 10**9)
    assert (seen.ttls, seen.macs) == ((63,), (MAC,))
