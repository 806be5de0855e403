"""What the kernels that put entries of logs together do, written as plainly as can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from poolwatch.layouts import LogAct, LogEnd

SECOND = 10**9
SLACK = 120 * SECOND
UNKNOWN = -(1 << 63)


@dataclass
class Entry:
    """An entry of a session or lease; whose it is, as far as it says so (0: not said)."""

    key: int
    act: LogAct
    from_ns: int
    until_ns: int
    whose: int = 0
    mac: int = 0
    account: int = 0
    end: LogEnd = LogEnd.SAID
    begin_said: bool = True

    @property
    def turn(self) -> int:
        """The time by which it takes its turn."""
        return self.until_ns if self.act in (LogAct.END, LogAct.ALIVE) else self.from_ns


@dataclass
class Settled:
    """Records, and how many ends said too little."""

    records: list[Entry] = field(default_factory=list)
    lost: int = 0

    def put(self, entry: Entry, until_ns: int, end: LogEnd) -> Entry:
        """A record that ends then."""
        done = replace(entry, until_ns=max(until_ns, entry.from_ns + 1), end=end)
        self.records.append(done)
        return done


def one_translation(opened: Entry, entry: Entry) -> bool:
    """Whether two entries of a translation's key are of one session."""
    later = entry.from_ns != UNKNOWN and entry.from_ns > opened.from_ns + SLACK
    return entry.whose in (0, opened.whose) and not later


def one_login(opened: Entry, entry: Entry) -> bool:
    """The same of logins."""
    if entry.whose not in (0, opened.whose):
        return False
    if opened.mac and entry.mac:
        return opened.mac == entry.mac
    return not (opened.account and entry.account) or opened.account == entry.account


def settle_sessions(
    entries: Iterable[Entry],
    hold_ns: int,
    one_session: Callable[[Entry, Entry], bool],
    *,
    logins: bool,
) -> Settled:
    """Beginnings joined with ends, key by key."""
    by_key: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_key[entry.key].append(replace(entry))
    done = Settled()
    for mine in by_key.values():
        _settle_key(sorted(mine, key=lambda entry: entry.turn), hold_ns, one_session, logins, done)
    return done


def _settle_key(  # noqa: C901 — one walk, as the kernel's is
    entries: list[Entry],
    hold_ns: int,
    one_session: Callable[[Entry, Entry], bool],
    logins: bool,
    done: Settled,
) -> None:
    opened: Entry | None = None
    closed: Entry | None = None
    last = 0

    def takes_the_place(of: Entry | None, entry: Entry) -> None:
        if of is not None:
            done.put(of, entry.from_ns, LogEnd.NEXT)

    for entry in entries:
        joins = opened is not None and one_session(opened, entry)
        if entry.act is LogAct.BEGIN:
            if joins and opened is not None and opened.from_ns == entry.from_ns:
                continue  # told twice
            takes_the_place(opened, entry)
            opened, last = entry, entry.from_ns
        elif joins and opened is not None:
            if logins:
                _learn(opened, entry)
            last = entry.until_ns
            if entry.act is LogAct.END:
                closed, opened = done.put(opened, entry.until_ns + SECOND, LogEnd.SAID), None
        elif entry.act is LogAct.END:
            again = closed and closed.until_ns == max(entry.until_ns + SECOND, closed.from_ns + 1)
            if again:
                continue
            if opened is not None and entry.from_ns > opened.from_ns:
                takes_the_place(opened, entry)
                opened = None
            if not entry.whose:
                done.lost += 1
                continue
            known = entry.from_ns != UNKNOWN
            begun = entry.from_ns if known else entry.until_ns + SECOND - hold_ns
            alone = replace(entry, from_ns=begun, begin_said=known)
            done.put(alone, entry.until_ns + SECOND, LogEnd.SAID)
        elif entry.whose:
            known = entry.from_ns != UNKNOWN
            begins = replace(
                entry, from_ns=entry.from_ns if known else entry.until_ns, begin_said=known
            )
            takes_the_place(opened, begins)
            opened, last = begins, entry.until_ns
    if opened is not None:
        done.put(opened, last + hold_ns, LogEnd.ASSUMED)


def _learn(opened: Entry, entry: Entry) -> None:
    if UNKNOWN != entry.from_ns < opened.from_ns:
        opened.from_ns, opened.begin_said = entry.from_ns, True
    opened.mac = opened.mac or entry.mac
    opened.account = opened.account or entry.account


def settle_leases(entries: Iterable[Entry], hold_ns: int) -> list[Entry]:
    """Grants renewed, taken back, and ended by grants to others; of each address by its key."""
    by_key: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_key[entry.key].append(replace(entry))
    done: list[Entry] = []
    for mine in by_key.values():
        records: list[Entry] = []
        for entry in sorted(mine, key=lambda entry: entry.turn):
            _take_lease(records, entry, hold_ns)
        done += [record for record in records if record.act is not LogAct.END]
        done += [record for record in records if record.act is LogAct.END]
    return done


def _holder(entry: Entry) -> tuple[int, int]:
    return entry.mac, 0 if entry.mac else entry.account


def _take_lease(records: list[Entry], entry: Entry, hold_ns: int) -> None:
    """One entry more; records that are of an end alone keep that act and renew nothing."""
    current = next((one for one in reversed(records) if one.act is not LogAct.END), None)
    same = current is not None and _holder(current) == _holder(entry)
    if entry.act is LogAct.ALIVE:
        if current is not None and same:
            current.end = LogEnd.ASSUMED
    elif entry.act is LogAct.END:
        if current is not None and (same or not entry.mac):
            if entry.until_ns < current.until_ns:
                current.until_ns = max(entry.until_ns, current.from_ns + 1)
                current.end = LogEnd.SAID
        elif entry.mac:
            known = entry.from_ns != UNKNOWN
            begun = entry.from_ns if known else entry.until_ns + SECOND - hold_ns
            until = max(entry.until_ns + SECOND, begun + 1)
            records.append(
                replace(entry, from_ns=begun, until_ns=until, end=LogEnd.SAID, begin_said=known)
            )
    elif (
        entry.act is LogAct.GRANT
        and current is not None
        and current.act is LogAct.GRANT
        and same
        and entry.from_ns <= current.until_ns
    ):
        current.until_ns = max(entry.until_ns, current.from_ns + 1)
        current.end = entry.end
        current.account = entry.account or current.account
    else:
        expected = current is not None and current.end in (LogEnd.EXPIRY, LogEnd.ASSUMED)
        if current is not None and expected and current.until_ns > entry.from_ns:
            current.until_ns = max(entry.from_ns, current.from_ns + SECOND)
            current.end = LogEnd.NEXT
        records.append(entry)
