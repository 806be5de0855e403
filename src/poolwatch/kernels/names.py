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
    row,
    rows,
    u8,
    void,
)
from poolwatch.kernels.intrinsics import fold
from poolwatch.layouts import LEARNED, NAMES, OPENING, PREFIX, SERVER

OWN_BYTES: Any = types.Array(types.uint8, 1, "C")

NAME_BYTES = 256
"""Room for one name as text."""
SAME_PAIR = 4  # answers kept for one client and address, the newest ones


class Names(NamedTuple):
    """Everything the kernels know and keep of names."""

    hashes: Any  # of the listed suffixes, sorted
    slots: Any  # open addressing over them
    prefixes: Any  # PREFIX, in order and apart
    learned: Any  # LEARNED, a ring
    learned_slots: Any  # open addressing over it: row + 1
    servers: Any  # SERVER, open addressing
    openings: Any  # OPENING, a ring
    ring: Any  # bytes of openings
    ring_read: Any  # the same, read-only
    flat: Any  # NAME_BYTES of scratch: one name as text
    work: Any  # scratch: second results
    state: Any  # NAMES


NAMES_TYPE: Any = bundle(
    Names,
    SLOTS,
    INT32S,
    rows(PREFIX),
    rows(LEARNED),
    INT32S,
    rows(SERVER),
    rows(OPENING),
    OWN_BYTES,
    BYTES,
    OWN_BYTES,
    INT64S,
    rows(NAMES),
)

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_DOT = 46


@kernel(i8(i8), inline=True)
def _lower(byte: int) -> int:
    return byte | 0x20 if 65 <= byte <= 90 else byte


@kernel(i8(BYTES, i8, i8, OWN_BYTES))
def take_text(buffer: Any, position: int, length: int, flat: Any) -> int:
    """Copy a name that stands as text, lower-cased, without final dots; return its length."""
    while length > 0 and i8(buffer[position + length - 1]) == _DOT:
        length -= 1
    if length >= NAME_BYTES:
        return 0
    for index in range(length):
        flat[index] = _lower(i8(buffer[position + index]))
    return length


@kernel(b1(OWN_BYTES, i8, SLOTS, INT32S, i8))
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


@kernel(b1(NAMES_TYPE, i8), inline=True)
def holds_name(names: Any, length: int) -> bool:
    """`is_listed` of the name in the scratch."""
    return is_listed(
        names.flat, length, names.hashes, names.slots, i8(names.state[0]["most_labels"])
    )


# -- learned addresses -------------------------------------------------------------------


@kernel(u8(row(NAMES), u8, u8, u8, u8))
def _hash_pair(state: Any, client_hi: int, client_lo: int, server_hi: int, server_lo: int) -> int:
    h = fold(client_lo ^ state["seed_a"], server_lo ^ state["seed_b"])
    return fold(h ^ client_hi ^ u8(0x9E3779B97F4A7C15), server_hi ^ state["seed_a"] ^ (h << u8(1)))


@kernel(b1(row(LEARNED), u8, u8, u8, u8), inline=True)
def _same_pair(entry: Any, client_hi: int, client_lo: int, server_hi: int, server_lo: int) -> bool:
    return (
        entry["client_lo"] == client_lo
        and entry["server_lo"] == server_lo
        and entry["client_hi"] == client_hi
        and entry["server_hi"] == server_hi
    )


@kernel(i8(NAMES_TYPE, u8, u8, u8, u8, i8, i8))
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
    state = names.state[0]
    if state["learned"] == 0:
        return 0
    mask = names.learned_slots.shape[0] - 1
    slot = i8(_hash_pair(state, client_hi, client_lo, server_hi, server_lo) & u8(mask))
    newest = i8(0)
    while names.learned_slots[slot] != 0:
        entry = names.learned[names.learned_slots[slot] - 1]
        if _same_pair(entry, client_hi, client_lo, server_hi, server_lo):
            packet = i8(entry["packet"])
            if newest < packet and packet < before and ts_ns <= entry["expires_ns"]:
                newest = packet
        slot = (slot + 1) & mask
    return newest


@kernel(void(NAMES_TYPE, i8))
def _forget_learned(names: Any, index: int) -> None:
    """Take a row out of the index; entries behind it move up, so no tombstones are left."""
    mask = names.learned_slots.shape[0] - 1
    hole = i8(names.learned[index]["hash"] & u8(mask))
    while names.learned_slots[hole] != index + 1:
        if names.learned_slots[hole] == 0:
            return
        hole = (hole + 1) & mask
    probe = (hole + 1) & mask
    while names.learned_slots[probe] != 0:
        home = i8(names.learned[names.learned_slots[probe] - 1]["hash"] & u8(mask))
        if ((probe - home) & mask) >= ((probe - hole) & mask):
            names.learned_slots[hole] = names.learned_slots[probe]
            hole = probe
        probe = (probe + 1) & mask
    names.learned_slots[hole] = 0


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
    state = names.state[0]
    mask = names.learned_slots.shape[0] - 1
    hashed = _hash_pair(state, client_hi, client_lo, server_hi, server_lo)
    slot = i8(hashed & u8(mask))
    same = 0
    oldest = i8(-1)
    target = i8(-1)
    while names.learned_slots[slot] != 0:
        index = i8(names.learned_slots[slot]) - 1
        entry = names.learned[index]
        if _same_pair(entry, client_hi, client_lo, server_hi, server_lo):
            same += 1
            if i8(entry["packet"]) > packet and entry["expires_ns"] >= expires_ns:
                return
            if i8(entry["packet"]) <= packet and entry["expires_ns"] <= expires_ns:
                target = index
                break
            if oldest < 0 or entry["packet"] < names.learned[oldest]["packet"]:
                oldest = index
        slot = (slot + 1) & mask
    if target < 0 and same >= SAME_PAIR:
        target = oldest
        state["learned_forgotten"] += 1
    if target < 0:
        capacity = names.learned.shape[0]
        target = state["learned"] % capacity
        if state["learned"] >= capacity:
            _forget_learned(names, target)
            if names.learned[target]["expires_ns"] > learned_ns:
                state["learned_forgotten"] += 1
        state["learned"] += 1
        slot = i8(hashed & u8(mask))
        while names.learned_slots[slot] != 0:
            slot = (slot + 1) & mask
        names.learned_slots[slot] = target + 1
    entry = names.learned[target]
    entry["client_hi"] = client_hi
    entry["client_lo"] = client_lo
    entry["server_hi"] = server_hi
    entry["server_lo"] = server_lo
    entry["learned_ns"] = learned_ns
    entry["expires_ns"] = expires_ns
    entry["packet"] = packet
    entry["hash"] = hashed


@kernel(void(NAMES_TYPE, rows(LEARNED), i8))
def learn_all(names: Any, others: Any, count: int) -> None:
    """Learn what a later slice learned; its packets are numbered from the whole's beginning."""
    for index in range(count):
        entry = others[index]
        learn(
            names,
            entry["client_hi"],
            entry["client_lo"],
            entry["server_hi"],
            entry["server_lo"],
            i8(entry["learned_ns"]),
            i8(entry["expires_ns"]),
            i8(entry["packet"]),
        )


# -- hosts that are asked for names --------------------------------------------------------


@kernel(void(NAMES_TYPE, u8, u8))
def note_server(names: Any, hi: int, lo: int) -> None:
    """Remember a host that was asked for a name."""
    state = names.state[0]
    mask = names.servers.shape[0] - 1
    slot = i8(fold(hi ^ state["seed_b"], lo ^ state["seed_a"]) & u8(mask))
    while names.servers[slot]["used"] != 0:
        if names.servers[slot]["lo"] == lo and names.servers[slot]["hi"] == hi:
            return
        slot = (slot + 1) & mask
    if 2 * (state["servers"] + 1) > names.servers.shape[0]:
        state["servers_forgotten"] += 1
        return
    server = names.servers[slot]
    server["hi"] = hi
    server["lo"] = lo
    server["used"] = 1
    state["servers"] += 1


@kernel(void(NAMES_TYPE, rows(SERVER)))
def note_servers(names: Any, others: Any) -> None:
    """Remember the hosts a later slice saw asked."""
    for index in range(others.shape[0]):
        if others[index]["used"] != 0:
            note_server(names, others[index]["hi"], others[index]["lo"])


# -- listed networks -----------------------------------------------------------------------


@kernel(i8(rows(PREFIX), i8, u8, u8))
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
