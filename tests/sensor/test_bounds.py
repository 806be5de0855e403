"""What had no room: it is counted and said, and nothing that was told is taken back for it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from poolwatch.aggregate.live import Withdrawn
from poolwatch.sensor.collector import Collector
from poolwatch.sensor.config import ReportSettings
from poolwatch.sensor.mailbox import Mailbox
from poolwatch.store import FindingRow, SessionRow
from poolwatch.terms import Grade, Session, Stage
from tests.running import LIMITS
from tests.sensor.replaying import ListedRows
from tests.sensor.test_pipeline import a_session


class Gathering:
    """A collector that is turned by hand."""

    def __init__(self, *, hosts: int = 2, open_sessions: int = 10, mailbox: int = 9) -> None:
        self.mailbox = Mailbox(mailbox)
        self.rows = ListedRows()
        limits = replace(LIMITS, hosts=hosts)
        settings = ReportSettings(refresh_seconds=0)
        self.collector = Collector(self.mailbox, self.rows, settings, limits, open_sessions)
        self._session = a_session()

    def state(
        self,
        flow: int,
        host: str = "10.0.0.5",
        grade: Grade = Grade.CONFIRMED,
        *,
        open: bool = False,  # noqa: A002 - what the state says itself
        stage: Stage = Stage.MINING,
    ) -> Session:
        hit = replace(self._session.hit, open=open, stage=stage)
        return replace(self._session, flow_id=flow, host=host, grade=grade, hit=hit)

    def take(self, *states: Session | Withdrawn) -> None:
        for state in states:
            self.mailbox.put([state])
            self.collector.turn()

    def stored(self, host: str = "10.0.0.5") -> tuple[str, str, list[str]]:
        """Grade, stage and grounds against it, as the store has them last."""
        rows = [row for row in self.rows.rows if isinstance(row, FindingRow) and row.host == host]
        event: dict[str, Any] = json.loads(rows[-1].event)
        against = [ground["text"] for ground in event["counter_grounds"]]
        return event["grade"], event["stage"], against


def test_a_finding_stays_as_it_was_stored_when_its_host_has_no_room() -> None:
    run = Gathering()
    run.take(*(run.state(n, f"10.0.1.{n}") for n in range(2)))
    run.take(run.state(9, grade=Grade.SUSPECTED, open=True))
    assert run.stored() == ("suspected", "mining", [])
    run.take(run.state(9, grade=Grade.SUSPECTED))  # over, and less sure than all that are kept
    assert run.collector.findings.finding("10.0.0.5") is None
    assert run.stored() == ("suspected", "mining", [])


def test_a_confirmed_host_that_was_given_up_stays_confirmed() -> None:
    run = Gathering()
    run.take(run.state(1))
    run.take(*(run.state(n, f"10.0.1.{n}") for n in range(2, 6)))
    run.take(run.state(8, grade=Grade.NOTED, open=True, stage=Stage.CONTACTED))
    assert run.stored() == ("confirmed", "mining", [])
    run.take(Withdrawn(8))
    assert run.stored() == ("confirmed", "mining", [])


def test_what_is_withdrawn_goes_down_to_what_had_no_room() -> None:
    run = Gathering()
    run.take(*(run.state(n, f"10.0.1.{n}") for n in range(2)))
    run.take(run.state(8, grade=Grade.SUSPECTED), run.state(9, open=True))
    assert run.stored() == ("confirmed", "mining", [])
    run.take(Withdrawn(9))
    assert run.stored() == ("suspected", "mining", ["not all were conversations"])


def test_what_is_withdrawn_is_noted() -> None:
    run = Gathering()
    run.take(run.state(1, open=True), Withdrawn(1))
    assert run.stored() == ("noted", "mining", ["no conversation after all"])


def test_a_surer_conversation_finds_room_among_open_ones() -> None:
    run = Gathering(open_sessions=2)
    fakes = [run.state(n, f"10.0.1.{n}", Grade.SUSPECTED, open=True) for n in range(4)]
    run.take(*fakes, run.state(9, open=True))
    assert run.stored() == ("confirmed", "mining", [])
    assert run.stored("10.0.1.0") == ("suspected", "mining", [])
    assert run.collector.findings.counts()["open_sessions_left_out"] == 3


def test_a_flow_whose_last_state_had_no_room_is_over() -> None:
    run = Gathering(mailbox=1)
    run.take(run.state(1, grade=Grade.SUSPECTED, open=True))
    run.mailbox.put([run.state(1, grade=Grade.SUSPECTED), run.state(2, "10.0.1.2")])
    run.collector.turn()
    assert len(run.collector.findings) == 0
    finding = run.collector.findings.finding("10.0.0.5")
    assert finding is not None
    assert finding.sessions == 1
    rows = [row for row in run.rows.rows if isinstance(row, SessionRow) and row.host == "10.0.0.5"]
    assert [json.loads(row.event)["mining"]["open"] for row in rows] == [True, False]


def test_bounds_that_bite_are_warned_of_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Gathering(hosts=2, open_sessions=1)
    run.take(*(run.state(n, f"10.0.1.{n}") for n in range(2)))
    assert run.collector.warnings() == []
    run.take(*(run.state(n, f"10.0.1.{n}") for n in range(2, 5)))
    assert run.collector.warnings() == ["hosts had no room (limits.hosts): 3"]
    run.take(*(run.state(n, f"10.0.1.{n}", open=True) for n in range(5, 7)))
    assert run.collector.warnings()[1:] == ["open conversations had no room: 1"]
    later = time.monotonic() + 601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    run.collector.turn()
    assert run.collector.warnings() == []
