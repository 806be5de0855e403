"""Entries of all logs made records: beginnings joined with ends, grants with renewals."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from poolwatch.layouts import LogAct, LogEnd
from poolwatch.logs.records import Kind
from poolwatch.logs.tables import KIND_CODES, Tables

CHUNK = 1 << 18
SMALL = 1 << 17
_SEED = secrets.randbits(64)
_LOGIN = KIND_CODES[Kind.LOGIN]
_SESSION_ACTS = (LogAct.BEGIN, LogAct.ALIVE, LogAct.END)


def settle_part(tables: Tables, start: int) -> int:
    """Join translations from row `start` on that are complete; returns where the next begin."""
    rows = tables.translations
    part = rows.array[start:]
    if len(part):
        _settle_translations(tables, part, final=False)
        rows.keep(start, part["act"] != LogAct.DEAD)
    return rows.count


def settle(tables: Tables) -> int:
    """Make records of all rows. Returns how many ends said too little to be used."""
    lost = 0
    rows = tables.translations
    if _needed(rows.array["act"]):
        lost += _settle_translations(tables, rows.array, final=True)
        rows.keep(0, rows.array["act"] != LogAct.DEAD)
    bindings = tables.bindings
    if _needed(bindings.array["act"]):
        lost += _settle_logins(tables, bindings.array)
        _cut_at_resets(tables, bindings.array)
        _settle_leases(tables, bindings.array)
        bindings.keep(0, bindings.array["act"] != LogAct.DEAD)
    for table in (rows, bindings):
        table.trim()
    tables.forget_sessions()
    return lost


def _needed(acts: Any) -> bool:
    return bool((acts != LogAct.SPAN).any())


def sorted_order(keys: Any, times: Any, order: Any) -> Any:
    """Numbers of rows in the order of key, then time; equal ones keep theirs."""
    if len(order) < SMALL:
        return order[np.lexsort((times[order], keys[order]))]
    from poolwatch.kernels.logs import DIGITS, sort_rows

    sort_rows(keys, times, order, np.empty_like(order), np.empty(DIGITS, np.int64))
    return order


def _settle_translations(tables: Tables, part: Any, *, final: bool) -> int:
    from poolwatch.kernels.logs import settle_translations

    order = _numbers(np.isin(part["act"], _SESSION_ACTS))
    if not len(order):
        return 0
    keys = _translation_keys(part)
    order = sorted_order(keys, _times(part), order)
    return int(settle_translations(part, keys, order, _holds(tables), int(final)))


def _settle_logins(tables: Tables, rows: Any) -> int:
    from poolwatch.kernels.logs import settle_logins

    order = _numbers((rows["kind"] == _LOGIN) & np.isin(rows["act"], _SESSION_ACTS))
    if not len(order):
        return 0
    keys = _login_keys(rows)
    order = sorted_order(keys, _times(rows), order)
    return int(settle_logins(rows, keys, order, _holds(tables), _account_numbers(tables)))


def _account_numbers(tables: Tables) -> Any:
    """Of each text a number for its account; 0 where it has none."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(name, len(numbers) + 1) if name else 0 for _, name, _ in tables.texts],
        np.int64,
    )


def _cut_at_resets(tables: Tables, rows: Any) -> None:
    """A device that began or ended its accounting has no session any more: lost Stops."""
    resets = rows[rows["act"] == LogAct.RESET]
    holds = _holds(tables)
    for group in np.unique(resets["group"]):
        times = np.sort(resets["from_ns"][resets["group"] == group])
        lost = np.isin(rows["end"], (LogEnd.ASSUMED, LogEnd.NEXT))
        mine = np.flatnonzero(
            (rows["group"] == group)
            & (rows["kind"] == _LOGIN)
            & (rows["act"] == LogAct.SPAN)
            & lost
        )
        spans = rows[mine]
        assumed = spans["end"] == LogEnd.ASSUMED
        alive = np.where(assumed, spans["until_ns"] - holds[group], spans["from_ns"])
        after = np.searchsorted(times, alive, "right")
        following = np.append(times, np.iinfo(np.int64).max)[after]
        cut = following < spans["until_ns"]
        rows["until_ns"][mine[cut]] = following[cut]
        rows["end"][mine[cut]] = LogEnd.NEXT
    rows["act"][rows["act"] == LogAct.RESET] = LogAct.DEAD


def _settle_leases(tables: Tables, rows: Any) -> None:
    from poolwatch.kernels.logs import settle_leases

    _hold_seen(tables, rows)
    order = _numbers(rows["act"] != LogAct.DEAD)
    keys = rows["address"].astype(np.uint64)
    keys |= rows["group"].astype(np.uint64) << np.uint64(32)
    keys |= rows["kind"].astype(np.uint64) << np.uint64(48)
    order = sorted_order(keys, _times(rows), order)
    settle_leases(rows, keys, order, _holds(tables))


def _hold_seen(tables: Tables, rows: Any) -> None:
    """What stood in a dump holds until the next dump of its device, or as long as it may."""
    seen = np.flatnonzero(rows["act"] == LogAct.SEEN)
    if not len(seen):
        return
    groups, moments = rows["group"][seen], rows["until_ns"][seen]
    until = moments + _holds(tables)[groups]
    for group in np.unique(groups):
        mine = groups == group
        dumps = np.unique(moments[mine])
        after = np.searchsorted(dumps, moments[mine], "right")
        following = np.append(dumps, np.iinfo(np.int64).max)[after]
        until[mine] = np.minimum(until[mine], following)
    assumed = until == moments + _holds(tables)[groups]
    rows["until_ns"][seen] = until
    rows["end"][seen] = np.where(assumed, LogEnd.ASSUMED, LogEnd.NEXT)


def _numbers(wanted: Any) -> Any:
    return np.flatnonzero(wanted).astype(np.uint32)


def _times(rows: Any) -> Any:
    """By which time a row takes its turn."""
    late = (rows["act"] == LogAct.END) | (rows["act"] == LogAct.ALIVE)
    return np.where(late, rows["until_ns"], rows["from_ns"])


def _holds(tables: Tables) -> Any:
    return np.array([group[3] for group in tables.groups] or [0], np.int64)


def _translation_keys(rows: Any) -> Any:
    """One number for what is one session: by its name, else by its ends outside.

    Seeded by a secret, so that nobody can write two sessions that share one.
    """
    keys = np.empty(len(rows), np.uint64)
    for at in range(0, len(rows), CHUNK):
        part = rows[at : at + CHUNK]
        key = _mixed(np.full(len(part), _SEED, np.uint64), part["group"])
        named = part["session"] != 0
        by_name = _mixed(key, part["session"])
        for column in ("outside", "remote"):
            key = _mixed(key, part[column])
        ports = _packed(part["outside_low"], part["outside_high"], part["remote_port"])
        key = _mixed(key, ports ^ (part["protocol"].astype(np.uint64) << np.uint64(48)))
        keys[at : at + CHUNK] = np.where(named, by_name, key)
    return keys


def _packed(first: Any, second: Any, third: Any) -> Any:
    packed = first.astype(np.uint64) | (second.astype(np.uint64) << np.uint64(16))
    return packed | (third.astype(np.uint64) << np.uint64(32))


def _login_keys(rows: Any) -> Any:
    """By the session's name, else by address and machine."""
    key = _mixed(np.full(len(rows), _SEED, np.uint64), rows["group"])
    by_name = _mixed(key, rows["session"])
    other = _mixed(_mixed(key, rows["address"]), rows["mac"])
    return np.where(rows["session"] != 0, by_name, other)


def _mixed(key: Any, more: Any) -> Any:
    """A step of a hash of 64 bits (the finaliser of splitmix64)."""
    value = key ^ (more.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
