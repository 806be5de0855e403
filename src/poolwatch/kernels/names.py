"""Names against the pool table, addresses learned from DNS, and the networks of the prefix list.

A name is a candidate when the hash of one of its suffixes is in the table; whoever judges it
compares the text, so a collision accuses nobody. Names that are not listed end here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba.core import types

from poolwatch.kernels import (
    BYTES,
    INT32S,
    INT64S,
    SLOTS,
    b1,
    bundle,
    i8,
    kernel,
    part,
    row,
    rows,
    u8,
    void,
)
from poolwatch.kernels.intrinsics import array_at, fold
from poolwatch.layouts import FETCH, LEARNED, NAMES, OPENING, PREFIX, SERVER

OWN_BYTES: Any = types.Array(types.uint8, 1, "C")
BOOLS: Any = types.Array(types.boolean, 1, "C")
TAIL = 6
"""The last bytes of a name that are looked at first: they rule out nearly every name."""

NAME_BYTES = 256
"""Room for one name as text."""
SAME_PAIR = 4  # answers kept for one client and address, the newest ones


NAMES_TYPE: Any = row(NAMES)
"""What is known and kept of names, as it goes from kernel to kernel: one pointer."""


class Tables(NamedTuple):
    """The arrays behind a NAMES row."""

    hashes: Any  # of the listed suffixes, sorted
    slots: Any  # open addressing over them
    tails: Any  # whether a listed suffix ends in bytes that fall here
    prefixes: Any  # in order and apart
    insides: Any  # which addresses are inside, likewise
    learned: Any  # a ring
    learned_slots: Any  # open addressing over it: row + 1
    servers: Any  # open addressing
    openings: Any  # a ring
    fetches: Any  # a ring
    fetch_hashes: Any  # of fetches, by some of their bits: those that are known
    ring: Any  # bytes of openings
    ring_read: Any  # the same, read-only
    flat: Any  # NAME_BYTES of scratch: one name as text
    work: Any  # scratch: second results


_TABLES_TYPE: Any = bundle(
    Tables,
    SLOTS,
    INT32S,
    BOOLS,
    rows(PREFIX),
    rows(PREFIX),
    rows(LEARNED),
    INT32S,
    rows(SERVER),
    rows(OPENING),
    rows(FETCH),
    SLOTS,
    OWN_BYTES,
    BYTES,
    OWN_BYTES,
    INT64S,
)
_hashes = array_at(SLOTS, 8)
_slots = array_at(INT32S, 4)
_tails = array_at(BOOLS, 1)
_prefixes = array_at(rows(PREFIX), PREFIX.itemsize)
_learned = array_at(rows(LEARNED), LEARNED.itemsize)
_learned_slots = array_at(INT32S, 4)
_servers = array_at(rows(SERVER), SERVER.itemsize)
_openings = array_at(rows(OPENING), OPENING.itemsize)
_fetches = array_at(rows(FETCH), FETCH.itemsize)
_ring = array_at(OWN_BYTES, 1)
_ring_read = array_at(BYTES, 1)
_flat = array_at(OWN_BYTES, 1)
_work = array_at(INT64S, 8)


@part(_TABLES_TYPE(NAMES_TYPE), inline=True)
def tables_of(names: Any) -> Any:
    """The arrays of a NAMES row; those a kernel does not use cost it nothing."""
    return Tables(
        _hashes(names["hashes_at"], names["hashes_count"]),
        _slots(names["slots_at"], names["slots_count"]),
        _tails(names["tails_at"], names["tails_count"]),
        _prefixes(names["prefixes_at"], names["prefixes_count"]),
        _prefixes(names["insides_at"], names["insides_count"]),
        _learned(names["learned_at"], names["learned_count"]),
        _learned_slots(names["learned_slots_at"], names["learned_slots_count"]),
        _servers(names["servers_at"], names["servers_count"]),
        _openings(names["openings_at"], names["openings_count"]),
        _fetches(names["fetches_at"], names["fetches_count"]),
        _hashes(names["fetch_hashes_at"], names["fetch_hashes_count"]),
        _ring(names["ring_at"], names["ring_count"]),
        _ring_read(names["ring_at"], names["ring_count"]),
        _flat(names["flat_at"], names["flat_count"]),
        _work(names["work_at"], names["work_count"]),
    )


_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_DOT = 46


@part(i8(i8), inline=True)
def _lower(byte: int) -> int:
    return byte | 0x20 if 65 <= byte <= 90 else byte


@part(i8(BYTES, i8, i8, OWN_BYTES))
def take_text(buffer: Any, position: int, length: int, flat: Any) -> int:
    """Copy a name that stands as text, lower-cased, without final dots; return its length."""
    while length > 0 and i8(buffer[position + length - 1]) == _DOT:
        length -= 1
    if length >= NAME_BYTES:
        return 0
    for index in range(length):
        flat[index] = _lower(i8(buffer[position + index]))
    return length


@part(b1(OWN_BYTES, i8, SLOTS, INT32S, i8))
def is_listed(flat: Any, length: int, hashes: Any, slots: Any, most_labels: int) -> bool:
    """Whether a suffix of the name in `flat`, cut at a label boundary, has a listed hash."""
    mask = u8(slots.shape[0] - 1)
    labels = 0
    start = length
    while start > 0 and labels < most_labels:
        start -= 1
        if start > 0 and i8(flat[start - 1]) != _DOT:
            continue
        labels += 1
        value = u8(_FNV_OFFSET)
        for index in range(start, length):
            value = (value ^ u8(flat[index])) * u8(_FNV_PRIME)
        slot = i8(value & mask)
        while slots[slot] != 0:
            if hashes[slots[slot] - 1] == value:
                return True
            slot = (slot + 1) & i8(mask)
    return False


@kernel(i8(OWN_BYTES, i8, i8))
def tail_place(flat: Any, length: int, size: int) -> int:
    """Where the last TAIL bytes of a name fall in a table of `size`, a power of two."""
    value = u8(0)
    for index in range(length - TAIL, length):
        value = (value << u8(8)) | u8(flat[index])
    return i8(fold(value, u8(0x9E3779B97F4A7C15)) & u8(size - 1))


@part(b1(OWN_BYTES, i8, BOOLS), inline=True)
def has_tail(flat: Any, length: int, tails: Any) -> bool:
    """Whether a listed suffix may end as this name does; short names always may."""
    if length < TAIL:
        return True
    return tails[tail_place(flat, length, i8(tails.shape[0]))]


@part(b1(NAMES_TYPE, i8), inline=True)
def holds_name(names: Any, length: int) -> bool:
    """`is_listed` of the name in the scratch."""
    tables = tables_of(names)
    if not has_tail(tables.flat, length, tables.tails):
        return False
    return is_listed(tables.flat, length, tables.hashes, tables.slots, i8(names["most_labels"]))


# -- learned addresses -------------------------------------------------------------------


@part(u8(row(NAMES), u8, u8, u8, u8))
def _hash_pair(state: Any, client_hi: int, client_lo: int, server_hi: int, server_lo: int) -> int:
    h = fold(client_lo ^ state["seed_a"], server_lo ^ state["seed_b"])
    return fold(h ^ client_hi ^ u8(0x9E3779B97F4A7C15), server_hi ^ state["seed_a"] ^ (h << u8(1)))


@part(b1(row(LEARNED), u8, u8, u8, u8), inline=True)
def _same_pair(entry: Any, client_hi: int, client_lo: int, server_hi: int, server_lo: int) -> bool:
    return (
        entry["client_lo"] == client_lo
        and entry["server_lo"] == server_lo
        and entry["client_hi"] == client_hi
        and entry["server_hi"] == server_hi
    )


@part(i8(NAMES_TYPE, u8, u8, u8, u8, i8, i8))
def find_learned(
    names: Any,
    client_hi: int,
    client_lo: int,
    server_hi: int,
    server_lo: int,
    ts_ns: int,
    before: int,
) -> int:
    """The newest answer, older than packet `before`, that binds this client to this address.

    Returns the number of its packet, 0 when there is none or its time is over.
    """
    tables = tables_of(names)
    if names["learned"] == 0:
        return 0
    mask = tables.learned_slots.shape[0] - 1
    slot = i8(_hash_pair(names, client_hi, client_lo, server_hi, server_lo) & u8(mask))
    newest = i8(0)
    while tables.learned_slots[slot] != 0:
        entry = tables.learned[tables.learned_slots[slot] - 1]
        if _same_pair(entry, client_hi, client_lo, server_hi, server_lo):
            packet = i8(entry["packet"])
            if newest < packet and packet < before and ts_ns <= entry["expires_ns"]:
                newest = packet
        slot = (slot + 1) & mask
    return newest


@part(void(NAMES_TYPE, i8))
def _forget_learned(names: Any, index: int) -> None:
    """Take a row out of the index; entries behind it move up, so no tombstones are left."""
    tables = tables_of(names)
    mask = tables.learned_slots.shape[0] - 1
    hole = i8(tables.learned[index]["hash"] & u8(mask))
    while tables.learned_slots[hole] != index + 1:
        if tables.learned_slots[hole] == 0:
            return
        hole = (hole + 1) & mask
    probe = (hole + 1) & mask
    while tables.learned_slots[probe] != 0:
        home = i8(tables.learned[tables.learned_slots[probe] - 1]["hash"] & u8(mask))
        if ((probe - home) & mask) >= ((probe - hole) & mask):
            tables.learned_slots[hole] = tables.learned_slots[probe]
            hole = probe
        probe = (probe + 1) & mask
    tables.learned_slots[hole] = 0


@kernel(void(NAMES_TYPE, u8, u8, u8, u8, i8, i8, i8))
def learn(
    names: Any,
    client_hi: int,
    client_lo: int,
    server_hi: int,
    server_lo: int,
    learned_ns: int,
    expires_ns: int,
    packet: int,
) -> None:
    """Bind a client to an address until `expires_ns`.

    An older answer for the same two goes when it ends no later; one that ends later stays
    beside the new one, since it holds again when that is over.
    """
    tables = tables_of(names)
    mask = tables.learned_slots.shape[0] - 1
    hashed = _hash_pair(names, client_hi, client_lo, server_hi, server_lo)
    slot = i8(hashed & u8(mask))
    same = 0
    oldest = i8(-1)
    target = i8(-1)
    while tables.learned_slots[slot] != 0:
        index = i8(tables.learned_slots[slot]) - 1
        entry = tables.learned[index]
        if _same_pair(entry, client_hi, client_lo, server_hi, server_lo):
            same += 1
            if i8(entry["packet"]) > packet and entry["expires_ns"] >= expires_ns:
                return
            if i8(entry["packet"]) <= packet and entry["expires_ns"] <= expires_ns:
                target = index
                break
            if oldest < 0 or entry["packet"] < tables.learned[oldest]["packet"]:
                oldest = index
        slot = (slot + 1) & mask
    if target < 0 and same >= SAME_PAIR:
        target = oldest
        names["learned_forgotten"] += 1
    if target < 0:
        capacity = tables.learned.shape[0]
        target = names["learned"] % capacity
        if names["learned"] >= capacity:
            _forget_learned(names, target)
            if tables.learned[target]["expires_ns"] > learned_ns:
                names["learned_forgotten"] += 1
        names["learned"] += 1
        slot = i8(hashed & u8(mask))
        while tables.learned_slots[slot] != 0:
            slot = (slot + 1) & mask
        tables.learned_slots[slot] = target + 1
    entry = tables.learned[target]
    entry["client_hi"] = client_hi
    entry["client_lo"] = client_lo
    entry["server_hi"] = server_hi
    entry["server_lo"] = server_lo
    entry["learned_ns"] = learned_ns
    entry["expires_ns"] = expires_ns
    entry["packet"] = packet
    entry["hash"] = hashed


@kernel(void(rows(NAMES), rows(LEARNED), i8))
def learn_all(names: Any, others: Any, count: int) -> None:
    """Learn what a later slice learned; its packets are numbered from the whole's beginning."""
    for index in range(count):
        entry = others[index]
        learn(
            names[0],
            entry["client_hi"],
            entry["client_lo"],
            entry["server_hi"],
            entry["server_lo"],
            i8(entry["learned_ns"]),
            i8(entry["expires_ns"]),
            i8(entry["packet"]),
        )


# -- hosts that are asked for names --------------------------------------------------------


@part(void(rows(SERVER), row(NAMES), u8, u8))
def note_server(servers: Any, names: Any, hi: int, lo: int) -> None:
    """Remember a host that was asked for a name."""
    mask = servers.shape[0] - 1
    slot = i8(fold(hi ^ names["seed_b"], lo ^ names["seed_a"]) & u8(mask))
    while servers[slot]["used"] != 0:
        if servers[slot]["lo"] == lo and servers[slot]["hi"] == hi:
            return
        slot = (slot + 1) & mask
    if 2 * (names["servers"] + 1) > servers.shape[0]:
        names["servers_forgotten"] += 1
        return
    server = servers[slot]
    server["hi"] = hi
    server["lo"] = lo
    server["used"] = 1
    names["servers"] += 1


@kernel(void(rows(NAMES), rows(SERVER)))
def note_servers(names: Any, others: Any) -> None:
    """Remember the hosts a later slice saw asked."""
    own = names[0]
    tables = tables_of(own)
    for index in range(others.shape[0]):
        if others[index]["used"] != 0:
            note_server(tables.servers, own, others[index]["hi"], others[index]["lo"])


# -- listed networks -----------------------------------------------------------------------


@part(i8(rows(PREFIX), i8, u8, u8))
def find_prefix(prefixes: Any, version: int, hi: int, lo: int) -> int:
    """The list row of the network that holds an address, -1 for none."""
    low = i8(0)
    high = i8(prefixes.shape[0])
    while low < high:
        middle = (low + high) >> 1
        entry = prefixes[middle]
        if i8(entry["version"]) != version:
            above = i8(entry["version"]) < version
        elif entry["last_hi"] != hi:
            above = entry["last_hi"] < hi
        else:
            above = entry["last_lo"] < lo
        if above:
            low = middle + 1
        else:
            high = middle
    if low == prefixes.shape[0]:
        return -1
    entry = prefixes[low]
    if i8(entry["version"]) != version or entry["first_hi"] > hi:
        return -1
    if entry["first_hi"] == hi and entry["first_lo"] > lo:
        return -1
    return i8(entry["row"])
