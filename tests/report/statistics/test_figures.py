"""The figures of twelve hosts, counted by hand, and what holds for any hosts."""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poolwatch.outputs.columns import FINDINGS
from poolwatch.report.statistics import By, Figures, Group, Machines, Sort, Statistics
from poolwatch.report.statistics.spans import HOUR, Weeks
from poolwatch.settings import Limits
from poolwatch.terms import Grade
from tests.report.statistics.making import (
    TERA,
    A,
    B,
    at,
    host,
    statistics_of,
    stats,
    table_of,
    talk,
    twelve,
)

RESEARCH = {"cause": "research", "by": "somebody", "at": at(6), "note": ""}
BTC = ("BTC", "F2Pool", "stratum-v1")


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Statistics:
    return statistics_of(tmp_path_factory.mktemp("twelve"), twelve())


def told(groups: tuple[Group, ...]) -> dict[str, tuple[Any, ...]]:
    """Of each group: addresses, of them with shares, machines, conversations, shares, hours, kWh,
    addresses without energy."""
    return {
        group.name if group.sort is Sort.VALUE else group.sort.value: (
            group.figures.addresses,
            group.figures.mined,
            (group.figures.machines.low, group.figures.machines.high),
            group.figures.conversations,
            (group.figures.accepted, group.figures.submitted),
            round(group.figures.hours, 6),
            group.figures.kwh and tuple(round(end, 6) for end in group.figures.kwh),
            group.figures.energy_unknown,
        )
        for group in groups
    }


def test_all(counted: Statistics) -> None:
    total = counted.total
    assert (total.addresses, total.mined, total.units) == (9, 8, 4)
    assert total.machines == Machines(low=8, high=None, unknown=1)
    assert (total.conversations, total.accepted, total.submitted) == (11, 237, 249)
    assert total.hours == pytest.approx(64)
    assert total.kwh == (37.0, 63.0)
    assert total.energy_unknown == 2
    assert total.coal_kg == pytest.approx((3.7, 6.3))
    assert total.co2_kg == pytest.approx((18.5, 31.5))
    assert [(rate.algorithm, rate.estimate, rate.addresses) for rate in total.rates] == [
        ("SHA-256d", 310 * TERA, 3),
        ("RandomX", 1000, 1),
        ("Scrypt", 5e9, 1),
    ]
    assert total.rates_unknown == 2
    assert counted.below == {"suspected": 1}
    assert counted.roles == {"pool": 1, "target": 1}
    assert (counted.repeated, counted.relays, counted.timeless) == (1, 1, 0)
    assert counted.factor_sets == ("official-2023",)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (
            By.REGION,
            {
                "浙江省": (6, 6, (6, None), 7, (227, 238), 57, (35, 60), 1),
                "江苏省": (1, 0, (1, 1), 1, (0, 0), 0, None, 0),
                "unknown": (2, 2, (1, 1), 3, (10, 11), 7, (2, 3), 1),
            },
        ),
        (
            By.UNIT,
            {
                " / ".join(B): (3, 3, (2, 3), 3, (108, 108), 21, (24, 38), 0),
                " / ".join(A): (3, 3, (4, None), 4, (119, 130), 36, (11, 22), 1),
                "丁所": (1, 1, (1, 1), 1, (7, 7), 1, (2, 3), 0),
                "江苏省 / 丙局": (1, 0, (1, 1), 1, (0, 0), 0, None, 0),
                "unknown": (1, 1, (0, 0), 2, (3, 4), 6, None, 1),
            },
        ),
        (
            By.KIND,
            {
                "企业": (3, 3, (2, 3), 3, (108, 108), 21, (24, 38), 0),
                "高校": (3, 3, (4, None), 4, (119, 130), 36, (11, 22), 1),
                "机关": (1, 0, (1, 1), 1, (0, 0), 0, None, 0),
                "unknown": (2, 2, (1, 1), 3, (10, 11), 7, (2, 3), 1),
            },
        ),
        (
            By.COIN,
            {
                "BTC": (5, 5, (5, None), 5, (202, 213), 29, (32, 53), 1),
                "XMR": (3, 3, (2, None), 4, (27, 28), 31, (1, 2), 2),
                "LTC": (1, 1, (1, 2), 1, (8, 8), 5, (4, 8), 0),
                "unknown": (1, 0, (1, 1), 1, (0, 0), 0, None, 0),
            },
        ),
        (
            By.POOL,
            {
                "F2Pool": (6, 5, (6, None), 6, (160, 171), 26, (16, 31), 1),
                "Nanopool": (2, 2, (1, 1), 3, (23, 24), 30, (1, 2), 1),
                "unknown": (2, 2, (2, None), 2, (54, 54), 9, (20, 30), 1),
            },
        ),
        (
            By.DIALECT,
            {
                "stratum-v1": (7, 6, (7, None), 7, (210, 221), 34, (36, 61), 1),
                "cryptonote": (3, 3, (2, None), 4, (27, 28), 31, (1, 2), 2),
            },
        ),
        (
            By.WEEK,
            {
                "2026-W02": (3, 3, (4, None), 4, (119, 130), 24, (10.5, 21), 1),
                "2026-W03": (7, 6, (5, 6), 7, (118, 119), 40, (26.5, 42), 1),
            },
        ),
    ],
)
def test_groups(counted: Statistics, by: By, groups: dict[str, Any]) -> None:
    table = table_of(counted, by)
    assert told(table.groups) == groups
    assert list(told(table.groups)) == list(groups)  # in this order


def test_weeks_begin_on_monday_in_the_zone(tmp_path: Path) -> None:
    statistics = statistics_of(tmp_path, twelve(), zone="Asia/Shanghai")
    second, third = table_of(statistics, By.WEEK).groups
    assert second.figures.kwh == pytest.approx((10 + 1 / 6, 20 + 2 / 6))  # 4 h of 24
    assert third.figures.kwh == pytest.approx((26 + 5 / 6, 41 + 10 / 6))
    assert (second.watched, third.watched) == (160, 152)


def test_a_week_without_finds_or_without_captures_is_told(tmp_path: Path) -> None:
    one = host("10.0.0.1", [talk(at(5), at(5, 1), *BTC, (1, 1))])
    two = host("10.0.0.2", [talk(at(28), at(28, 1), *BTC, (1, 1))])
    seen = [stats(at(5), at(14)), stats(at(26), at(29))]
    table = table_of(statistics_of(tmp_path, [*one, *two, *seen]), By.WEEK)
    assert [(g.name, g.figures.addresses, g.watched) for g in table.groups] == [
        ("2026-W02", 1, 168),
        ("2026-W03", 0, 48),
        ("2026-W04", 0, 0),
        ("2026-W05", 1, 72),
    ]


@pytest.mark.skipif(
    "cause" not in {column.name for column in FINDINGS.columns}, reason="no cause is judged yet"
)
def test_causes(tmp_path: Path) -> None:
    events = [
        *host("10.0.0.1", [talk(at(5), at(5, 1), *BTC, (1, 1))], cause="malware"),
        *host("10.0.0.2", [talk(at(5), at(5, 1), *BTC, (1, 1))], cause="undetermined"),
        *host("10.0.0.3", [talk(at(5), at(5, 1), *BTC, (1, 1))]),
        *host(
            "10.0.0.4", [talk(at(5), at(5, 1), *BTC, (1, 1))], cause="malware", decision=RESEARCH
        ),
    ]
    groups = table_of(statistics_of(tmp_path, events), By.CAUSE).groups
    assert [(g.name, g.sort, g.figures.addresses) for g in groups] == [
        ("decided:research", Sort.VALUE, 1),
        ("malware", Sort.VALUE, 1),
        ("undetermined", Sort.VALUE, 1),
        ("", Sort.UNKNOWN, 1),
    ]


def test_a_cause_nobody_asked_for_is_not_undetermined(counted: Statistics) -> None:
    [group] = table_of(counted, By.CAUSE).groups
    assert (group.sort, group.figures.addresses) == (Sort.UNKNOWN, 9)


def test_only_part_of_the_time(tmp_path: Path) -> None:
    """10.0.1.2 was connected for 24 hours, half of them before; 10.0.1.1 and .3 before only."""
    monday = int(datetime.datetime(2026, 1, 12, tzinfo=datetime.UTC).timestamp()) * 10**6
    whole = statistics_of(tmp_path, twelve(), between=(monday, None))
    assert whole.total.addresses == 7
    assert whole.total.kwh == (26.5, 42.0)
    assert whole.coverage.hours == 144
    hours = statistics_of(tmp_path, twelve(), between=(None, monday)).total.hours
    assert hours == pytest.approx(10 + 12 + 2)


def test_findings_without_a_time(tmp_path: Path) -> None:
    events = host("10.0.0.1", [], first_seen=None, last_seen=None, coins=["BTC"], kwh=None)
    whole = statistics_of(tmp_path, events)
    assert whole.total.addresses == 1
    [week] = table_of(whole, By.WEEK).groups
    assert (week.sort, week.figures.addresses) == (Sort.UNKNOWN, 1)
    part = statistics_of(tmp_path, events, between=(0, None))
    assert (part.total.addresses, part.timeless) == (0, 1)


def test_what_is_less_sure_counts_where_it_is_wanted(tmp_path: Path) -> None:
    statistics = statistics_of(tmp_path, twelve(), min_grade=Grade.SUSPECTED)
    assert (statistics.total.addresses, statistics.below) == (10, {})
    sure = statistics_of(tmp_path, twelve(), min_grade=Grade.CONFIRMED)
    assert (sure.total.addresses, sure.below) == (7, {"probable": 2, "suspected": 1})


def test_one_address_in_two_units_is_two_machines_and_one_address(tmp_path: Path) -> None:
    events = [
        *host("10.0.0.1", [talk(at(5), at(5, 2), *BTC, (1, 1))], unit=A, kwh=(1, 1)),
        *host("10.0.0.1", [talk(at(5, 1), at(5, 3), *BTC, (1, 1))], unit=B, kwh=(2, 2)),
    ]
    total = statistics_of(tmp_path, events).total
    assert (total.addresses, total.units, total.kwh, total.hours) == (1, 2, (3, 3), 3)


def test_another_set_of_factors(tmp_path: Path) -> None:
    statistics = statistics_of(tmp_path, twelve(), factors="newspaper-2021")
    assert statistics.factor_sets == ("newspaper-2021",)
    assert statistics.total.kwh == (37.0, 63.0)
    about = {section.about: dict(section.figures) for section in statistics.sections}
    assert set(about) >= {"newspaper-2021", "official-2021", "official-2023"}
    assert statistics.total.co2_kg is not None
    assert about["newspaper-2021"]["co2"].low * 1000 == pytest.approx(statistics.total.co2_kg[0])


def test_more_groups_than_there_is_room_for(tmp_path: Path) -> None:
    events = [
        event
        for number in range(6)
        for event in host(
            f"10.0.0.{number}", [talk(at(5), at(5, 1), f"C{number}", None, None, (1, 1))]
        )
    ]
    statistics = statistics_of(tmp_path, events, limits=Limits(statistics_rows=4))
    groups = table_of(statistics, By.COIN).groups
    assert [(g.sort, g.figures.addresses, g.merged) for g in groups[3:]] == [
        (Sort.VALUE, 1, 0),
        (Sort.OTHERS, 2, 2),
    ]


def test_energy_is_never_zero_for_not_known(tmp_path: Path) -> None:
    events = host("10.0.0.1", [talk(at(5), at(5, 1), *BTC, (1, 1))], asked=True)
    total = statistics_of(tmp_path, events).total
    assert (total.kwh, total.coal_kg, total.co2_kg, total.energy_unknown) == (None, None, None, 1)


# -- what holds for any hosts --------------------------------------------------------------

_addresses = st.integers(1, 6).map(lambda n: f"10.9.0.{n}")
_shares = st.integers(0, 50).flatmap(lambda sent: st.tuples(st.integers(0, sent), st.just(sent)))
_talks = st.lists(
    st.tuples(
        st.integers(0, 800),
        st.integers(0, 400),
        st.sampled_from(["BTC", "XMR", None]),
        st.sampled_from(["F2Pool", None]),
        st.sampled_from(["stratum-v1", "cryptonote"]),
        _shares,
    ),
    min_size=1,
    max_size=4,
)
_hosts = st.lists(
    st.tuples(
        _addresses,
        _talks,
        st.sampled_from([(), A, B]),
        st.none() | st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)).map(sorted),
        st.sampled_from([(1, 1), (2, None), None]),
    ),
    max_size=8,
)


def _moment(hours: int) -> str:
    moment = datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=hours)  # noqa: DTZ001
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000000+0000"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_hosts)
def test_sums_and_bounds(tmp_path: Path, hosts: list[Any]) -> None:
    events = [
        event
        for address, talks, unit, kwh, rigs in hosts
        for event in host(
            address,
            [talk(_moment(t[0]), _moment(t[0] + t[1]), t[2], t[3], t[4], t[5]) for t in talks],
            unit=unit,
            kwh=kwh and (kwh[0], kwh[1]),
            rigs=rigs,
        )
    ]
    statistics = statistics_of(tmp_path, [*events, stats(_moment(0), _moment(1))])
    total = statistics.total
    for table in statistics.tables:
        figures = [group.figures for group in table.groups]
        assert sum(f.conversations for f in figures) == total.conversations
        assert sum(f.submitted for f in figures) == total.submitted
        assert sum(f.accepted for f in figures) == total.accepted
        assert sum(f.addresses for f in figures) >= total.addresses
        for one in figures:
            assert one.mined <= one.addresses <= total.addresses
            assert one.energy_unknown <= one.addresses
            _is_within(one, total)
        if table.by in (By.UNIT, By.REGION, By.KIND, By.CAUSE, By.WEEK):
            ends = [f.kwh or (0.0, 0.0) for f in figures]
            whole = total.kwh or (0.0, 0.0)
            assert sum(low for low, _ in ends) == pytest.approx(whole[0])
            assert sum(high for _, high in ends) == pytest.approx(whole[1])


def _is_within(figures: Figures, total: Figures) -> None:
    assert figures.hours <= total.hours + 1e-6
    assert figures.machines.low <= total.machines.low
    if figures.kwh is not None:
        assert total.kwh is not None
        assert figures.kwh[0] <= figures.kwh[1]
        assert figures.kwh[1] <= total.kwh[1] * (1 + 1e-9)


@given(
    st.datetimes(datetime.datetime(1, 1, 9), datetime.datetime(9998, 12, 1)),  # noqa: DTZ001
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia"]),
)
def test_weeks_follow_one_another(moment: datetime.datetime, zone: str) -> None:
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    begin = (moment.replace(tzinfo=datetime.UTC) - epoch) // datetime.timedelta(microseconds=1)
    weeks = list(Weeks(zone).of((begin, begin + 1000 * HOUR), 20))
    assert weeks[0][1] <= begin < weeks[0][2]
    assert all(before[2] == after[1] for before, after in itertools.pairwise(weeks))
    assert len(weeks) in (6, 7, 8) or moment.year > 9997
