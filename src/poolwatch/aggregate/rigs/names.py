"""Names of workers: which of them are one machine's."""

from __future__ import annotations

from collections.abc import Iterable

_PARTS = ("gpu", "card", "cuda", "device", "dev", "opencl", "ocl", "cl", "gfx", "asic", "board")
_BETWEEN = " ._-:#/@+"
_FEE = 0.1  # part of the shares up to which a name is the fee to a developer


def machine_of(worker: str) -> str:
    """A worker's name without what says which of a machine's cards it is: `rig7` of `rig7-gpu2`."""
    name = worker.lower()
    bare = name.rstrip("0123456789").rstrip(_BETWEEN)
    for part in _PARTS:
        if bare.endswith(part):
            before = bare[: -len(part)]
            if not before or before[-1] in _BETWEEN or before[-1].isdigit():
                return before.rstrip(_BETWEEN)
    return name


def machines_named(senders: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Shares by machine, of those that shares on one socket name; no fees to developers."""
    counts: dict[str, int] = {}
    for worker, shares in senders:
        machine = machine_of(worker)
        counts[machine] = counts.get(machine, 0) + shares
    if len(counts) == 2 and min(counts.values()) <= _FEE * sum(counts.values()):
        counts = dict([max(counts.items(), key=lambda item: item[1])])
    return counts


def unseen(counts: Iterable[int]) -> int:
    """How many more there may be that have sent no share yet (Chao 1984, the upper of its 95 %).

    `counts`: shares of each one seen. By those seen once and twice.
    """
    seen = list(counts)
    once, twice = seen.count(1), seen.count(2)
    expected = once * (once - 1) / (2 * (twice + 1))
    return round(expected + 2 * (expected + once) ** 0.5) if once else 0
