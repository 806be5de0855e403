"""Flow keys and their hash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.kernels.flows import hash_flow, hash_key
from poolwatch.layouts import DEAD, FLOW, Link
from poolwatch.match.prefilter import Endpoints, FlowTable
from poolwatch.settings import Limits
from tests.builders import TCP, Array, ethernet, ip, tcp
from tests.kernels import strategies
from tests.kernels.test_decode import decoded
from tests.naive import Frame

FIELDS = {"a_hi": 64, "a_lo": 64, "b_hi": 64, "b_lo": 64, "ports": 32, "tags": 64, "kind": 3}
BITS = [(name, bit) for name, width in FIELDS.items() for bit in range(width)]
HOSTS = st.one_of(
    st.tuples(strategies.addresses4, strategies.addresses4),
    st.tuples(strategies.addresses6, strategies.addresses6),
    strategies.addresses4.map(lambda host: (host, host)),
)


def seeded(seed: int) -> Array:
    return FlowTable(Limits(flows=1), Endpoints(()), seed=seed, keep=False).table


def hashed(seeds: Array, key: dict[str, int]) -> int:
    values: list[Any] = [np.uint64(key[name]) for name in FIELDS]
    return hash_key(seeds, *values)


def directed(hosts: tuple[str, str], ports: tuple[int, int]) -> Frame:
    segment = tcp(source=ports[0], destination=ports[1])
    packet = ip(segment, protocol=TCP, source=hosts[0], destination=hosts[1])
    (row,) = decoded([(Link.ETHERNET, ethernet(packet))])
    assert isinstance(row, Frame)
    return row


@given(HOSTS, st.tuples(strategies.ports, strategies.ports))
def test_both_directions_have_one_key(hosts: tuple[str, str], ports: tuple[int, int]) -> None:
    there = directed(hosts, ports)
    back = directed(hosts[::-1], ports[::-1])
    assert there.key == back.key
    same_end = hosts[0] == hosts[1] and ports[0] == ports[1]
    assert there.side != back.side or same_end


SEEDS = st.integers(0, 2**32).map(seeded)
KEYS = st.fixed_dictionaries({name: st.integers(0, 2**width - 1) for name, width in FIELDS.items()})


@given(SEEDS, KEYS)
def test_every_bit_of_the_key_reaches_the_hash(seeds: Array, key: dict[str, int]) -> None:
    flipped = {hashed(seeds, key | {name: key[name] ^ (1 << bit)}) for name, bit in BITS}
    assert hashed(seeds, key) not in flipped
    assert len(flipped) == len(BITS)


@pytest.mark.parametrize("name", ["seed_a", "seed_b", "seed_c", "seed_d"])
@given(SEEDS, KEYS)
def test_every_seed_matters(name: str, seeds: Array, key: dict[str, int]) -> None:
    other = seeds.copy()
    other[name] ^= 1 << 17
    assert hashed(seeds, key) != hashed(other, key)


@given(SEEDS, KEYS)
def test_a_record_hashes_like_its_key_dead_or_alive(seeds: Array, key: dict[str, int]) -> None:
    flow = np.zeros(1, FLOW)
    for name, value in key.items():
        flow[name] = value
    alive = hash_flow(seeds, flow[0])
    flow["kind"] |= DEAD
    assert alive == hash_flow(seeds, flow[0]) == hashed(seeds, key)


def test_seeds_are_secret_unless_chosen() -> None:
    tables = [FlowTable(Limits(flows=1), Endpoints(()), seed=None, keep=False) for _ in range(2)]
    assert not set(tables[0].table[0].tolist()[:4]) & set(tables[1].table[0].tolist()[:4])


def test_neighbouring_hosts_spread_over_the_index() -> None:
    seeds = seeded(1)
    key = dict.fromkeys(FIELDS, 0) | {"b_lo": 0xC0000209, "kind": 1}
    slots = {
        hashed(seeds, key | {"a_lo": 0x0A000000 + host, "ports": (40000 << 16) | 3333}) % 4096
        for host in range(4096)
    }
    assert len(slots) > 2400  # chance fills 63 percent
