"""Findings and their conversations as statistics need them: what one address did for a time."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from poolwatch.outputs.columns import FINDINGS, FLOWS
from poolwatch.outputs.rows import Row
from poolwatch.report.statistics import Range
from poolwatch.report.statistics.spans import Span, clipped, share, united
from poolwatch.terms import Grade, Role, Stage

_FINDING = {column.name: at for at, column in enumerate(FINDINGS.columns)}
_FLOW = {column.name: at for at, column in enumerate(FLOWS.columns)}
_MINERS = frozenset((Role.MINER.value, Role.RELAY.value))
_WORKING = Stage.SUBMITTING
_MOST = 1e18  # beyond it, an event says nonsense
_NO_TIME = (-1, -1)


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation with a pool, or several of which only the sum is known."""

    coin: str | None
    pool: str | None
    dialect: str | None
    span: Span | None
    submitted: int
    accepted: int
    conversations: int = 1


@dataclass(slots=True)
class Spell:
    """What one finding says; `part` is what of its time counts."""

    host: str
    role: str
    grade: Grade
    stage: Stage
    unit: tuple[str, ...]
    kind: str | None
    cause: str | None
    decided: str | None
    outside: bool
    active: float
    times: Span | None
    rigs: tuple[int, int | None] | None
    rate: tuple[float, float, float] | None
    algorithm: str | None
    kwh: Range | None
    coal_kg: Range | None
    co2_kg: Range | None
    factor_set: str | None
    asked: bool  # whether the energy is a question it leaves open
    basis: list[dict[str, Any]]
    conversations: int
    submitted: int
    accepted: int
    coins: tuple[str, ...]
    pools: tuple[str, ...]
    dialects: tuple[str, ...]
    talks: list[Talk] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)  # connected to pools, united
    part: float = 1.0
    between: tuple[int | None, int | None] = (None, None)
    servers: frozenset[str] = frozenset()  # addresses it spoke to
    serves: bool = False  # a relay whose clients are counted too

    @property
    def mined(self) -> bool:
        """Whether shares were sent."""
        return self.stage >= _WORKING


@dataclass(slots=True)
class Spells:
    """Those that count, and how many of the others there are."""

    counted: list[Spell]
    below: Counter[str]
    roles: Counter[str]
    repeated: int
    timeless: int


def read_spells(
    findings: Iterable[Row],
    flows: Sequence[Row],
    min_grade: Grade,
    between: tuple[int | None, int | None],
) -> Spells:
    """The findings about miners and relays of at least a grade, active between two times."""
    by_id = {row[_FLOW["flow_id"]]: row for row in flows}
    spells, timeless = [], 0
    bounded = between != (None, None)
    for row in findings:
        spell = _spell(row, by_id)
        if bounded and not spell.spans:
            timeless += 1
        elif not bounded or _clip(spell, between):
            spells.append(spell)
    miners = [spell for spell in spells if spell.role in _MINERS]
    counted, repeated = _without_repeats([s for s in miners if s.grade >= min_grade])
    _find_clients(counted)
    sure = {spell.host for spell in counted}
    best: dict[str, Grade] = {}
    for spell in miners:
        if spell.host not in sure:
            best[spell.host] = max(spell.grade, best.get(spell.host, spell.grade))
    others = {(s.host, s.role) for s in spells if s.role not in _MINERS}
    roles = Counter(role for host, role in others if host not in sure)
    return Spells(counted, Counter(g.word for g in best.values()), roles, repeated, timeless)


def _spell(row: Row, by_id: dict[int | None, Row]) -> Spell:
    def cell(name: str) -> Any:
        return row[_FINDING[name]] if name in _FINDING else None

    def ends(name: str) -> Range | None:
        found: Range | None = _ascending(cell(f"{name}_low"), cell(f"{name}_high"))
        return found

    rows = [by_id[flow] for flow in dict.fromkeys(cell("flows") or ()) if flow in by_id]
    rows = [flow for flow in rows if flow[_FLOW["src_ip"]] == cell("host")]  # not as a server
    first, last = cell("first_seen"), cell("last_seen")
    low, high = cell("rigs_low"), cell("rigs_high")
    spell = Spell(
        host=cell("host"),
        role=cell("role") or "",
        grade=Grade[(cell("grade") or Grade.NOTED.word).upper()],
        stage=Stage[(cell("stage") or Stage.LOOKED_UP.word).upper()],
        unit=tuple(cell("unit_path") or filter(None, (cell("unit"),))),
        kind=cell("unit_kind"),
        cause=cell("cause"),
        decided=cell("decided_cause"),
        outside=cell("vantage") == "outside",
        active=cell("active_seconds") or 0.0,
        times=(first, last) if None not in (first, last) else None,
        rigs=None if low is None or low < 0 else (low, _at_least(high, low)),
        rate=_ascending(cell("hashrate_low"), cell("hashrate"), cell("hashrate_high")),
        algorithm=_algorithm(cell("energy_algorithms") or (), rows),
        kwh=ends("kwh"),
        coal_kg=ends("coal_kg"),
        co2_kg=ends("co2_kg"),
        factor_set=cell("factor_set"),
        asked=any(r.get("question") == "energy" for r in cell("unknown") or ()),
        basis=cell("energy_basis") or [],
        conversations=len(rows) or max(cell("sessions") or 0, 0),
        submitted=max(cell("shares_submitted") or 0, 0),
        accepted=max(cell("shares_accepted") or 0, 0),
        coins=tuple(cell("coins") or ()),
        pools=tuple(cell("pools") or ()),
        dialects=tuple(cell("dialects") or ()),
        talks=[_talk(flow) for flow in rows],
        servers=frozenset(flow[_FLOW["dest_ip"]] for flow in rows if flow[_FLOW["dest_ip"]]),
    )
    spans = [talk.span for talk in spell.talks if talk.span is not None]
    spell.spans = united(spans or ([spell.times] if spell.times else []))
    return spell


def _ascending(*values: float | None) -> Any:
    """Numbers that can be added up, each no less than the one before; else None."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not known[0] >= 0 or not known[-1] < _MOST:
        return None
    return tuple(known) if known == sorted(known) else None


def _at_least(high: int | None, low: int) -> int | None:
    return None if high is None or high < low else high


def _talk(row: Row) -> Talk:
    first, last = row[_FLOW["first_seen"]], row[_FLOW["last_seen"]]
    return Talk(
        row[_FLOW["coin"]],
        row[_FLOW["pool"]],
        row[_FLOW["dialect"]],
        (first, max(first, last)) if None not in (first, last) else None,
        max(row[_FLOW["shares_submitted"]] or 0, 0),
        max(row[_FLOW["shares_accepted"]] or 0, 0),
    )


def _algorithm(of_energy: Iterable[str], rows: Iterable[Row]) -> str | None:
    """The one algorithm a hashrate is of; None for several, as their hashes do not add up."""
    named = set(of_energy)
    if not named:
        named = {row[_FLOW["algorithm"]] for row in rows if row[_FLOW["shares_accepted"]]}
    return named.pop() if len(named) == 1 else None


def _clip(spell: Spell, between: tuple[int | None, int | None]) -> bool:
    """Leave of a spell what lies between two times; whether anything does."""
    inside = clipped(spell.spans, *between)
    if not inside:
        return False
    spell.part, spell.between = share(spell.spans, inside), between
    kept = [t for t in spell.talks if t.span and clipped([t.span], *between)]
    if spell.talks and (len(kept) < len(spell.talks) or inside != spell.spans):
        spell.talks = kept
        spell.conversations = len(kept)
        spell.submitted = sum(talk.submitted for talk in kept)
        spell.accepted = sum(talk.accepted for talk in kept)
    spell.spans = inside
    return True


def _without_repeats(spells: Sequence[Spell]) -> tuple[list[Spell], int]:
    """Of findings of one time about one address the surest, with the most to say.

    Two sensors, or two scans, that see the same would count twice. The same address in two
    units is two machines.
    """
    kept: list[Spell] = []
    taken: dict[str, dict[tuple[str, ...], list[Span]]] = {}
    for spell in sorted(spells, key=_weight, reverse=True):
        by_unit = taken.setdefault(spell.host, {})
        span = spell.times or _NO_TIME
        beside = {spell.unit, ()} & by_unit.keys() if spell.unit else by_unit.keys()
        if not any(_meets(span, by_unit[unit]) for unit in beside):
            bisect.insort(by_unit.setdefault(spell.unit, []), span)
            kept.append(spell)
    return sorted(kept, key=_order), len(spells) - len(kept)


def _meets(span: Span, apart: list[Span]) -> bool:
    """Whether a span has a time in common with one of some that are apart, in order."""
    at = bisect.bisect(apart, span)
    return any(
        span[0] <= other[1] and other[0] <= span[1] for other in apart[max(at - 1, 0) : at + 1]
    )


def _weight(spell: Spell) -> tuple[Any, ...]:
    energy = spell.kwh[1] if spell.kwh else -1.0
    return (spell.grade, spell.stage, spell.active, energy, bool(spell.unit), _order(spell))


def _order(spell: Spell) -> tuple[Any, ...]:
    return (spell.host, spell.times or _NO_TIME, spell.unit, spell.conversations, spell.submitted)


def _find_clients(spells: Sequence[Spell]) -> None:
    """Relays one of whose clients is counted: the machines behind them are counted there."""
    clients: dict[str, set[str]] = {}
    for spell in spells:
        for server in spell.servers:
            clients.setdefault(server, set()).add(spell.host)
    for spell in spells:
        spell.serves = spell.role == Role.RELAY.value and bool(
            clients.get(spell.host, set()) - {spell.host}
        )
