"""What a finding says of coins and energy: only what its grounds allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from poolwatch.aggregate.estimate import Estimator
from poolwatch.outputs.eve import finding_event
from poolwatch.terms import DayWorth, Finding, Hashrate, Role, WorkKind, Worth
from tests.running import catalog, scan_scenario

DAY = 18_750  # 2021-05-03
RATE = Hashrate(1e9, 1.1e9, 1.2e9, 100, 3600.0, "target")


def worth(shares: int = 100, hashes: float = 4e10) -> Worth:
    found = Worth()
    for _ in range(shares):
        found.add(hashes, hashes)
    return found


def finding(**values: Any) -> Finding:
    """A miner of ETH with graphics cards, active for 10 hours in 2021."""
    known: dict[str, Any] = {
        "role": Role.MINER,
        "hashrate": RATE,
        "kinds": [WorkKind(("ETH",), None, "gpu")],
        "days": [("ETH", DayWorth(DAY, worth()))],
        "last_ns": DAY * 86_400 * 10**9,
        "active_ns": 36_000 * 10**9,
        "coins_mined": [],
        "energy": None,
        "unknown": [],
    }
    found = replace(scan_scenario("office").findings[0], **(known | values))
    Estimator(catalog()).fill(found)
    return found


def test_coins_and_energy_of_a_miner() -> None:
    found = finding()
    (mined,) = found.coins_mined
    assert mined.mined is not None
    assert mined.coin == "ETH"
    assert mined.days[0].ground == "table"
    assert found.energy is not None
    assert found.energy.devices == ("gpu",)
    assert found.energy.factor_set == "official-2021"
    assert found.energy.kwh.high == pytest.approx(found.energy.kw.high * 10)
    assert found.unknown == []


@pytest.mark.parametrize(
    ("values", "question"),
    [
        ({"days": [("XMR", DayWorth(17_000, worth()))]}, ("coins_mined", "network_figures")),
        ({"kinds": [WorkKind((), None, None)]}, ("energy", "hardware")),
        ({"kinds": []}, ("energy", "hardware")),
        (
            {"kinds": [WorkKind(("ETH",), None, None), WorkKind(("XMR",), "rx/0", "cpu")]},
            ("energy", "sessions_by_algorithm"),
        ),
    ],
)
def test_what_is_not_known_is_said(values: dict[str, Any], question: tuple[str, str]) -> None:
    found = finding(**values)
    assert found.unknown == [question]
    if question[0] == "energy":
        assert found.energy is None
    else:
        assert found.coins_mined[0].mined is None


def test_a_coin_known_only_as_one_of_several_has_no_amount() -> None:
    found = finding(days=[(None, DayWorth(DAY, worth()))])
    assert found.coins_mined == []


def test_without_a_hashrate_no_power() -> None:
    assert finding(hashrate=None).energy is None


@pytest.mark.parametrize("role", [Role.RELAY, Role.POOL, Role.TARGET, Role.RESOLVER])
def test_only_miners_have_figures_of_their_own(role: Role) -> None:
    found = finding(role=role)
    assert (found.coins_mined, found.energy) == ([], None)


def test_kinds_that_agree_on_one_algorithm_are_that_one() -> None:
    kinds = [WorkKind(("ETH",), None, "gpu"), WorkKind(("ETC", "ETH"), None, "cpu")]
    found = finding(kinds=kinds)
    assert found.energy is not None
    assert (found.energy.algorithms, found.energy.devices) == (("Ethash",), ("cpu", "gpu"))


def test_the_event_has_every_figure_with_formula_and_sources() -> None:
    event = finding_event(finding())
    records = [*event["energy"]["basis"], *event["coins_mined"][0]["basis"]]
    assert [record["figure"] for record in records] == ["kw", "kwh", "coal_kg", "co2_kg", "coins"]
    assert all(record["formula"] and record["factors"] for record in records)
    assert all(factor["source"] for record in records for factor in record["factors"])
    assert event["energy"]["kw"]["low"] < event["energy"]["kw"]["high"]
    (day,) = event["coins_mined"][0]["by_day"]
    assert day["day"] == "2021-05-03"
    assert day["low"] < day["estimate"] < day["high"]


def test_unanswered_shares_widen_the_range_upwards_only() -> None:
    plain = finding()
    shares = replace(plain.shares, submitted=plain.shares.submitted + 50)
    wide, narrow = finding(shares=shares).coins_mined[0].mined, plain.coins_mined[0].mined
    assert wide is not None
    assert narrow is not None
    assert wide.low == narrow.low
    assert wide.high > narrow.high
