"""The last hops of a chain: from an address to machines, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

from poolwatch.chain.hops import Break, Clash, Hop, Missing, Proof, Query, Step, Why
from poolwatch.chain.near import ALWAYS, Known, Timed, device_of, machine_break
from poolwatch.inventory.macs import is_local, mac_text
from poolwatch.inventory.register import Equipment, Register, Standing
from poolwatch.logs.records import Attachment, Binding, End, Kind

K = TypeVar("K")
R = TypeVar("R", bound=Timed)
MOST_PROOFS = 16
"""Lines shown of one hop; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Holders:
    """The machines and accounts that held an address, and what keeps the answer open."""

    hops: tuple[Hop, ...]
    clashes: tuple[Clash, ...]
    breaks: tuple[Break, ...]


def holders(known: Known, register: Register | None, query: Query) -> Holders:
    """Who held an address in the time asked for; every candidate is kept."""
    bindings = known.book.bindings(query.address, query.from_ns, query.until_ns)
    by_mac = grouped((b.mac, b) for b in bindings if b.mac is not None)
    logins = [b for b in bindings if b.kind is Kind.LOGIN and b.account and b.mac is None]
    machines = [
        _machine(known, register, query, mac, records, logins, len(by_mac))
        for mac, records in by_mac.items()
    ]
    if not by_mac:
        accounts, clashes, breaks = _accounts(known, query, logins)
        return Holders(accounts, clashes, (machine_break(known, query), *breaks))
    clashes = clash_of(by_mac, Clash.TWO_MACHINES)
    breaks = _settling(known, query, by_mac, clashes)
    return Holders(tuple(machines), clashes, breaks)


def _settling(
    known: Known,
    query: Query,
    by_mac: dict[int, list[Binding]],
    clashes: tuple[Clash, ...],
) -> tuple[Break, ...]:
    """What would decide between machines: who answered for the address at that very time."""
    answered = {m for m, records in by_mac.items() if _has(records, Kind.NEIGHBOUR)}
    if not clashes or len(answered) == 1:
        return ()
    missing = Missing.PORT if answered else Missing.NEIGHBOUR
    device = known.devices.of(Kind(missing.value), query.address)
    why = Why.DISPUTED if Clash.TWO_MACHINES in clashes else Why.TURNOVER
    about = str(query.address)
    return (known.broken(query, Step.MACHINE, missing, about, device=device, why=why),)


def _has(records: Iterable[Binding], kind: Kind) -> bool:
    return any(record.kind is kind for record in records)


def _machine(
    known: Known,
    register: Register | None,
    query: Query,
    mac: int,
    records: list[Binding],
    loose: list[Binding],
    shared_by: int,
) -> Hop:
    """A machine, with its switch ports, accounts and row of the register."""
    own = known.book.bindings_of_mac(mac, query.from_ns, query.until_ns)
    logins = [b for b in own if b.kind is Kind.LOGIN and b.account]
    entries = dict.fromkeys(b.device_port for b in (*records, *logins) if b.device_port)
    ports, port_clashes, port_breaks = _ports(known, query, mac, entered=bool(entries))
    accounts, account_clashes, account_breaks = _accounts(known, query, [*logins, *loose], mac)
    names = list(dict.fromkeys(b.host_name for b in records if b.host_name))
    rows = register.find(mac) if register is not None else ()
    equipment = () if register is None else (_equipment(rows, mac),)
    clashes = [*port_clashes, *account_clashes, *_register_clashes(rows, names)]
    details = {"host_name": ", ".join(names)}
    details["entry"] = ", ".join(entries)
    if is_local(mac):
        details["made_up"] = "yes"
    proofs, left_out = proofs_of(known, records)
    return Hop(
        Step.MACHINE,
        mac_text(mac),
        proofs,
        {name: text for name, text in details.items() if text},
        shared_by,
        tuple(clashes),
        (*port_breaks, *account_breaks),
        (*ports, *accounts, *equipment),
        left_out,
    )


def _ports(
    known: Known, query: Query, mac: int, *, entered: bool
) -> tuple[tuple[Hop, ...], tuple[Clash, ...], tuple[Break, ...]]:
    """The switch ports a machine was seen at; one that leads to another switch is no answer.

    `entered`: a lease or login says where the machine came in, as it is where no switch that
    could be asked is known.
    """
    seen = known.book.attachments(mac, query.from_ns, query.until_ns)
    by_port = grouped(((a.device, a.port), a) for a in seen)
    edges = {port: rows for port, rows in by_port.items() if not any(a.uplink for a in rows)}
    clashes = clash_of(edges, Clash.TWO_PORTS)
    hops = tuple(
        _port(known, rows, len(edges) if port in edges else len(by_port))
        for port, rows in by_port.items()
    )
    if edges:
        return hops, clashes, ()
    why = Why.UPLINK if by_port else None
    near = known.book.attachments(mac, *known.widened(query))
    hints = known.hints(Kind.PORT, query, near, _port_name)
    device = known.devices.of(Kind.PORT, query.address)
    ever = known.book.attachments(mac, *ALWAYS)
    if device is None and not by_port:
        device = device_of([a for a in ever if not a.uplink])
        if entered and not ever:
            return hops, clashes, ()
    missing = known.broken(
        query, Step.PORT, Missing.PORT, mac_text(mac), device=device, why=why, hints=hints
    )
    return hops, clashes, (missing,)


def _port(known: Known, rows: list[Attachment], shared_by: int) -> Hop:
    first = rows[0]
    details = {
        "vlan": ", ".join(dict.fromkeys(str(a.vlan) for a in rows if a.vlan is not None)),
        "room": ", ".join(dict.fromkeys(a.room for a in rows if a.room)),
        "uplink": "yes" if any(a.uplink for a in rows) else "",
    }
    proofs, left_out = proofs_of(known, rows)
    shown = {name: text for name, text in details.items() if text}
    return Hop(
        Step.PORT,
        _port_name(first),
        proofs,
        shown,
        shared_by,
        proofs_left_out=left_out,
    )


def _port_name(record: Timed) -> str:
    return f"{record.device} {record.port}" if isinstance(record, Attachment) else ""


def _accounts(
    known: Known, query: Query, logins: Sequence[Binding], mac: int | None = None
) -> tuple[tuple[Hop, ...], tuple[Clash, ...], tuple[Break, ...]]:
    """The accounts that were used there, or the log that would say so where one is kept."""
    by_account = grouped((b.account, b) for b in logins if b.account)
    hops = tuple(
        _account(known, query, account, rows, len(by_account))
        for account, rows in by_account.items()
    )
    clashes = clash_of(by_account, Clash.TWO_ACCOUNTS)
    device = known.devices.of(Kind.LOGIN, query.address)
    if by_account:
        if Clash.TWO_ACCOUNTS not in clashes:
            return hops, clashes, ()
        doubtful = [b for b in logins if b.end is not End.SAID] or list(logins)
        device = device_of(doubtful) or device
        why: Why | None = Why.DISPUTED
    else:
        ever = [b for b in known.book.bindings(query.address, *ALWAYS) if b.kind is Kind.LOGIN]
        if mac is not None:
            ever = [b for b in ever if b.mac in (None, mac)]
        if device is None and not ever:
            return hops, clashes, ()  # nobody logs in there, as far as is known
        device, why = device or device_of(ever), None
    near = [
        b
        for b in known.book.bindings(query.address, *known.widened(query))
        if b.kind is Kind.LOGIN and (mac is None or b.mac in (None, mac))
    ]
    hints = known.hints(Kind.LOGIN, query, near, _account_name)
    about = str(query.address)
    missing = known.broken(
        query, Step.ACCOUNT, Missing.LOGIN, about, device=device, why=why, hints=hints
    )
    return hops, clashes, (missing,)


def _account(known: Known, query: Query, account: str, rows: list[Binding], beside: int) -> Hop:
    everywhere = known.book.bindings_of_account(account, query.from_ns, query.until_ns)
    places = {b.mac if b.mac is not None else str(b.address) for b in everywhere}
    entries = dict.fromkeys(b.device_port for b in rows if b.device_port)
    proofs, left_out = proofs_of(known, rows)
    details = {"entry": ", ".join(entries), "machines": str(len(places))}
    if beside > 1:
        details["beside"] = str(beside)
    return Hop(
        Step.ACCOUNT,
        account,
        proofs,
        {name: text for name, text in details.items() if text},
        len(places),
        proofs_left_out=left_out,
    )


def _account_name(record: Timed) -> str:
    return (record.account or "") if isinstance(record, Binding) else ""


def _equipment(rows: Sequence[Equipment], mac: int) -> Hop:
    if not rows:  # an address that a machine made up itself is on no register
        absent = Standing.UNKNOWN if is_local(mac) else Standing.NOT_LISTED
        return Hop(Step.EQUIPMENT, absent.value)
    proofs = tuple(_row_proof("register", row.place) for row in rows)
    names = ("asset", "host_name", "owner", "room")
    details = {
        name: ", ".join(dict.fromkeys(text for row in rows if (text := getattr(row, name))))
        for name in names
    }
    shown = {name: text for name, text in details.items() if text}
    return Hop(Step.EQUIPMENT, Standing.REGISTERED.value, proofs, shown)


def _row_proof(kind: str, place: str) -> Proof:
    file, _, row = place.rpartition(":")
    return Proof(kind, file, int(row) if row.isdigit() else 0)


def _register_clashes(rows: Sequence[Equipment], names: list[str]) -> Iterable[Clash]:
    if len({(row.asset, row.owner, row.room, row.host_name) for row in rows}) > 1:
        yield Clash.TWO_ROWS
    listed = {row.host_name.casefold() for row in rows if row.host_name}
    if listed and any(name.partition(".")[0].casefold() not in listed for name in names):
        yield Clash.HOST_NAME


def proofs_of(known: Known, records: Sequence[Timed]) -> tuple[tuple[Proof, ...], int]:
    """The lines of records, up to a bound, and how many more there are."""
    shown = [known.proof(_kind(record), record) for record in records[:MOST_PROOFS]]
    return tuple(shown), max(len(records) - MOST_PROOFS, 0)


def _kind(record: Timed) -> Kind:
    if isinstance(record, Binding):
        return record.kind
    return Kind.PORT if isinstance(record, Attachment) else Kind.TRANSLATION


def grouped(pairs: Iterable[tuple[K, R]]) -> dict[K, list[R]]:
    """Records by what they name, in the order they come."""
    groups: dict[K, list[R]] = {}
    for key, record in pairs:
        groups.setdefault(key, []).append(record)
    return groups


def clash_of(groups: dict[K, list[R]], clash: Clash) -> tuple[Clash, ...]:
    """Whether what groups name holds at the same time, or one after the other."""
    if len(groups) < 2:
        return ()
    for first, second in combinations(groups.values(), 2):
        if any(a.from_ns < b.until_ns and b.from_ns < a.until_ns for a in first for b in second):
            return (clash,)
    return (Clash.TURNOVER,)
