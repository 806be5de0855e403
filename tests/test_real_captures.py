"""Recorded traffic whose truth is known, where it is at hand; it is not part of the source."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from poolwatch.terms import Grade, Session, Stage
from tests import running

FOUND = (Grade.PROBABLE, Grade.CONFIRMED)
LEAST = {
    "session": Stage.RECEIVING_WORK,
    "accepted": Stage.SUBSCRIBED,
    "refused": Stage.GREETED,
    "unanswered": Stage.GREETED,
}
MOST = {
    "session": Stage.MINING,
    "accepted": Stage.AUTHORIZED,
    "refused": Stage.GREETED,
    "unanswered": Stage.GREETED,
}
SHARE = {"session": 1.0, "accepted": 1.0, "refused": 0.99, "unanswered": 0.99}
Ends = frozenset[tuple[str, int]]


def best_by_ends(sessions: list[Session]) -> dict[Ends, Session]:
    """The furthest session of each pair of ends."""
    best: dict[Ends, Session] = {}
    for session in sessions:
        pair: Ends = frozenset((end.address, end.port) for end in (session.miner, session.pool_end))
        if pair not in best or session.hit.stage > best[pair].hit.stage:
            best[pair] = session
    return best


def ends_of(row: dict[str, str]) -> Ends:
    return frozenset([(row["src"], int(row["sport"])), (row["dst"], int(row["dport"]))])


def overstated(row: dict[str, str], session: Session) -> bool:
    tier, hit = row["tier"], session.hit
    submits = "submit" in row["client_methods"].lower()
    most = Stage.MINING if submits else min(MOST[tier], Stage.RECEIVING_WORK)
    if hit.stage > most:
        return True
    if tier not in ("refused", "unanswered"):
        return False
    return session.grade is Grade.CONFIRMED or hit.refused != (tier == "refused")


def far_enough(row: dict[str, str], session: Session) -> bool:
    submits = "submit" in row["client_methods"].lower()
    return session.hit.stage >= max(LEAST[row["tier"]], Stage.SUBMITTING if submits else 0)


def weigh(row: dict[str, str], session: Session | None) -> Iterator[str]:
    """What counts for one row of the truth."""
    found = session is not None and session.grade in FOUND
    yield "flows"
    if found:
        yield "found"
    if row["tier"] not in LEAST or session is None:
        return
    if far_enough(row, session):
        yield "stage"
    if overstated(row, session):
        yield "overstated"
    if row["agent"]:
        yield "agents"
        if session.hit.agent == row["agent"]:
            yield "agent"


def test_recorded_mining(shared_captures: Path) -> None:
    folder = shared_captures / "mining"
    truth: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            truth[row["file"]].append(row)
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    strangers: list[str] = []
    for name, rows in sorted(truth.items()):
        flows = best_by_ends(running.scan([folder / name]).sessions)
        tiers = {ends_of(row): row for row in rows}
        for pair, row in tiers.items():
            tally[row["tier"]].update(weigh(row, flows.get(pair)))
        strangers += [
            f"{name} {sorted(pair)}"
            for pair, session in flows.items()
            if pair not in tiers and session.grade in FOUND
        ]
    assert strangers == []
    assert tally["none"]["found"] == 0
    for tier, share in SHARE.items():
        count = tally[tier]
        assert count["flows"] > 0
        assert count["found"] >= share * count["flows"], (tier, count)
        assert count["stage"] >= share * count["flows"], (tier, count)
        assert count["overstated"] <= (1 - share) * count["flows"], (tier, count)
        assert count["agent"] >= 0.99 * count["agents"], (tier, count)


def files_below(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".csv")


@pytest.mark.parametrize("group", ["ndpi", "nearmiss"])
def test_recorded_traffic_that_is_no_mining(shared_captures: Path, group: str) -> None:
    files = files_below(shared_captures / "benign" / group)
    assert files
    sessions = running.scan(files).sessions
    assert [(s.capture.named, s.grade.word) for s in sessions if s.grade > Grade.NOTED] == []


def test_odd_and_broken_captures(shared_captures: Path) -> None:
    files = files_below(shared_captures / "benign" / "robustness")
    assert files
    scan = running.scan(files)
    assert scan.stats is not None
    assert scan.stats.files == len(files)
    assert [s.capture.named for s in scan.sessions if s.grade in FOUND] == []
    assert all(problem.reason and problem.offset >= 0 for problem in scan.stats.problems)
