"""One alert a host and state change."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.live import NO_CONVERSATION
from poolwatch.messages import LANGUAGES, Messages
from poolwatch.outputs.times import timestamp
from poolwatch.sensor.tell.changes import Change, Changes, HostState, parse_time
from poolwatch.sensor.tell.wording import body, sentence
from poolwatch.terms import Grade, Role, Stage

NS = 1_000_000_000
T0 = 1_700_000_000 * NS
DAY = 86_400


def finding(
    grade: str = "confirmed",
    stage: str = "submitting",
    *,
    host: str = "10.0.0.1",
    role: str = "miner",
    at: int = 0,
    **more: Any,
) -> dict[str, Any]:
    return {
        "v": 1,
        "event_type": "finding",
        "sensor": "lab",
        "finding_id": 7,
        "host": host,
        "inside": True,
        "role": role,
        "unit": None,
        "grade": grade,
        "stage": stage,
        "refused": False,
        "coins": ["XMR"],
        "pools": ["pool.example:3333"],
        "wallets": ["4AAAA"],
        "accounts": ["someone"],
        "first_seen": timestamp(T0),
        "last_seen": timestamp(T0 + at * NS),
        **more,
    }


def changes(last: dict[str, HostState] | None = None, hosts: int = 100) -> Changes:
    return Changes(Grade.SUSPECTED, DAY * NS, hosts, last or {})


def told(watch: Changes, event: dict[str, Any]) -> list[str]:
    alert = watch.take(event, T0)
    return [change.value for change in alert.changes] if alert else []


def test_a_host_is_told_when_it_is_new_and_when_it_changes() -> None:
    watch = changes()
    steps = [
        (finding("noted", "contacted"), []),
        (finding("suspected", "greeted"), ["new"]),
        (finding("suspected", "greeted", at=5), []),
        (finding("probable", "greeted", at=6), ["grade_up"]),
        (finding("confirmed", "authorized", at=7), ["grade_up", "stage_up"]),
        (finding("confirmed", "mining", at=8), ["stage_up"]),
        (finding("confirmed", "mining", at=9, role="relay"), ["role_change"]),
        (finding("probable", "submitting", at=10, role="relay"), []),  # down is no news,
        (finding("confirmed", "mining", at=11, role="relay"), []),  # nor is up again
        (finding("confirmed", "mining", at=11 + DAY, role="relay"), []),
        (finding("confirmed", "mining", at=12 + 2 * DAY + 1, role="relay"), ["back"]),
        (finding(host="10.0.0.2"), ["new"]),
    ]
    assert [told(watch, event) for event, _ in steps] == [wanted for _, wanted in steps]
    assert watch.sightings == 4


def test_what_was_told_is_taken_back_once_and_may_be_told_anew() -> None:
    watch = changes()
    none_left: dict[str, Any] = {"counter_grounds": [{"text": NO_CONVERSATION}]}
    steps = [
        (finding("noted", **none_left), []),  # nobody was told
        (finding("suspected"), ["new"]),
        (finding("noted", at=1, **none_left), ["withdrawn"]),
        (finding("noted", at=2, **none_left), []),
        (finding("suspected", at=3), ["grade_up"]),
        (finding("noted", "contacted", at=4), ["withdrawn"]),  # one of several was none
        (finding("suspected", at=5), ["grade_up", "stage_up"]),
    ]
    alerts = [watch.take(event, T0) for event, _ in steps]
    assert [[*(a.changes if a else ())] for a in alerts] == [wanted for _, wanted in steps]
    assert len({alert.key for alert in alerts if alert}) == 5
    assert alerts[2] is not None
    assert "does not hold (grade: noted, was suspected)" in sentence(alerts[2], Messages("en"))


def test_what_is_withdrawn_at_the_least_grade_is_told_too() -> None:
    watch = Changes(Grade.NOTED, DAY * NS, 10, {})
    assert told(watch, finding("noted")) == ["new"]
    event = finding("noted", counter_grounds=[{"text": NO_CONVERSATION}])
    assert told(watch, event) == ["withdrawn"]
    assert told(watch, event) == []


def test_a_finding_of_another_run_takes_nothing_back() -> None:
    watch = changes()
    told(watch, finding("confirmed"))
    assert told(watch, finding("noted", "contacted", finding_id=8)) == []
    event = finding("noted", finding_id=8, counter_grounds=[{"text": NO_CONVERSATION}])
    assert told(watch, event) == []
    state = watch.state("10.0.0.1")
    assert state is not None
    assert state.grade == "confirmed"


def test_sightings_are_told_with_the_next_alert() -> None:
    watch = changes()
    told(watch, finding("probable"))
    for at in range(5):
        told(watch, finding("probable", at=at))
    alert = watch.take(finding("confirmed"), T0)
    assert alert is not None
    assert alert.sightings == 5
    state = watch.state("10.0.0.1")
    assert state is not None
    assert state.sightings == 0


def test_a_restart_changes_nothing() -> None:
    before = changes()
    told(before, finding("probable"))
    state = before.state("10.0.0.1")
    assert state is not None
    stored = msgspec.json.decode(msgspec.json.encode(state), type=HostState)
    after = changes({"10.0.0.1": stored})
    assert told(after, finding("probable", at=3)) == []
    assert told(after, finding("confirmed", at=4)) == ["grade_up"]


def test_the_same_change_has_the_same_key() -> None:
    first, second = (changes().take(finding(), T0) for _ in range(2))
    other = changes().take(finding("probable"), T0)
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.key == second.key != other.key


def test_hosts_are_bounded_and_the_longest_silent_goes() -> None:
    watch = changes(hosts=2)
    for host in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3"):
        watch.take(finding(host=host), T0)
    assert watch.state("10.0.0.2") is None
    assert watch.state("10.0.0.1") is not None
    assert (len(watch), watch.forgotten) == (2, 1)


words = st.tuples(
    st.sampled_from([grade.word for grade in Grade]),
    st.sampled_from([stage.word for stage in Stage]),
    st.sampled_from([role.value for role in Role]),
    st.integers(0, 4 * DAY),
)


@given(st.lists(words, max_size=20))
def test_every_finding_is_an_alert_or_a_sighting(steps: list[tuple[str, str, str, int]]) -> None:
    watch = changes()
    alerts = sightings = 0
    at = 0
    for grade, stage, role, pause in steps:
        at += pause
        alert = watch.take(finding(grade, stage, role=role, at=at), T0)
        alerts += alert is not None and alert.change is not Change.WITHDRAWN
        sightings += alert.sightings if alert else 0
        for language in LANGUAGES:
            assert alert is None or sentence(alert, Messages(language))
    state = watch.state("10.0.0.1")
    wanted = sum(grade != "noted" for grade, _, _, _ in steps)
    assert alerts + sightings + (state.sightings if state else 0) == wanted


@given(st.integers(0, 1 << 61))
def test_times_are_read_back(ns: int) -> None:
    assert parse_time(timestamp(ns)) == ns // 1000 * 1000


@pytest.mark.parametrize("text", [None, "", "yesterday", "2024-01-01"])
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize("change", list(Change))
def test_sentences_say_no_wallets_and_mask_what_steers(change: Change) -> None:
    watch = changes()
    unit = {"name": "Physics\x1b[2J", "path": []}
    first = watch.take(finding("probable", "greeted", unit=unit), T0)
    later = {
        Change.NEW: None,
        Change.BACK: finding("probable", "greeted", at=3 * DAY, unit=unit),
        Change.ROLE_CHANGE: finding("probable", "greeted", role="pool", unit=unit),
        Change.GRADE_UP: finding("confirmed", "greeted", unit=unit),
        Change.STAGE_UP: finding("probable", "mining", unit=unit),
        Change.WITHDRAWN: finding("noted", "greeted", unit=unit),
    }[change]
    alert = first if later is None else watch.take(later, T0)
    assert alert is not None
    assert alert.change is change
    text = sentence(alert, Messages("en"))
    assert "10.0.0.1 (Physics\\x1b[2J)" in text
    assert "pool.example:3333" in text
    shown = str(body(alert, text))
    assert "4AAAA" not in shown
    assert "someone" not in shown


def test_sentences_in_both_languages() -> None:
    watch = changes()
    watch.take(finding("probable", "submitting"), T0)
    watch.take(finding("probable", "submitting", at=1), T0)
    alert = watch.take(finding("confirmed", "mining", at=2), T0)
    assert alert is not None
    assert sentence(alert, Messages("en")) == (
        "Surer than before: 10.0.0.1 mines (grade: confirmed, was probable; stage: mining); "
        "pools: pool.example:3333. Seen 1 more time(s) since the last alert."
    )
    assert sentence(alert, Messages("zh")).startswith("把握提高：10.0.0.1 挖矿（把握：")
