"""Power of a hashrate, energy of counts, coal and carbon: the published chain, and proportions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.counts import Kind, a_year, energy_a_day, power_of_counts, tonnes
from poolwatch.aggregate.energy import burdens, energy_of_power, power_of_rate
from poolwatch.catalog.figures import Figures
from poolwatch.catalog.load import load_rows
from poolwatch.terms import Factor, Figure

FIGURES = Figures(load_rows().figures)


def rate(low: float, high: float) -> Factor:
    return Factor("hashrate", low, high, "H/s", "test")


def power(low: float, high: float, year: int = 2021, *devices: str) -> Figure:
    found = power_of_rate(rate(low, high), ("SHA-256d",), year, devices, FIGURES)
    assert found is not None
    return found


def test_the_published_chain_of_4699_addresses() -> None:
    """148,500 kWh and 60 t of coal a day, 21,900 t of coal and 54,000 t of CO2 a year."""
    day = energy_a_day(
        power_of_counts([Kind("addresses", "kw_per_address", 4699, (1.317, 1.317))]), (24, 24)
    )
    factors = FIGURES.factors("newspaper-2021")
    coal, carbon = (tonnes(day, factors[f"{name}_per_kwh"], "t/d") for name in ("coal", "co2"))
    assert day.low == day.high == pytest.approx(148_500, rel=5e-4)
    assert coal.low == pytest.approx(60, rel=5e-3)
    assert a_year(coal, "coal", "t/a").low == pytest.approx(21_900, rel=5e-4)
    assert a_year(carbon, "co2", "t/a").low == pytest.approx(54_000, rel=5e-3)


def test_bottom_up_the_machines_of_183_addresses_hold_the_published_energy() -> None:
    kinds = [Kind("rigs", "kw_per_rig", 68, (0.9, 1.6)), Kind("pcs", "kw_per_pc", 260, (0.2, 0.6))]
    day = energy_a_day(power_of_counts(kinds, (183, 4699)), (24, 24))
    assert day.low < 148_500 < day.high


def test_one_s9_class_machine_is_within_its_range() -> None:
    """13.5 TH/s of the oldest class took 1.32 kW by its nameplate."""
    found = power(13.5e12, 13.5e12, 2018)
    assert found.low <= 1.33
    assert found.high >= 1.32


def test_newer_years_have_better_machines_and_still_the_old_ones() -> None:
    old, new = power(1e14, 1e14, 2019), power(1e14, 1e14, 2025)
    assert new.low < old.low
    assert new.high == old.high


def test_what_the_agent_says_narrows_the_machines() -> None:
    both = power_of_rate(rate(1e8, 1e8), ("Ethash",), 2022, (), FIGURES)
    gpus = power_of_rate(rate(1e8, 1e8), ("Ethash",), 2022, ("gpu",), FIGURES)
    assert both is not None
    assert gpus is not None
    assert both.low <= gpus.low <= gpus.high <= both.high
    assert gpus.low > both.low


def test_no_machine_listed_is_no_power() -> None:
    assert power_of_rate(rate(1, 2), ("Useful proof of work",), 2024, (), FIGURES) is None
    assert power_of_rate(rate(1, 2), (), 2024, (), FIGURES) is None
    assert power_of_rate(rate(1, 2), ("SHA-256d",), 2010, (), FIGURES) is None
    assert power_of_rate(rate(1, 2), ("SHA-256d",), 2024, ("cpu",), FIGURES) is None


@given(low=st.floats(1e6, 1e15), wider=st.floats(1, 10), hours=st.floats(0, 1e4))
def test_every_figure_is_a_range_that_grows_in_proportion(
    low: float, wider: float, hours: float
) -> None:
    kw = power(low, low * wider)
    assert 0 < kw.low <= kw.high
    assert power(3 * low, 3 * low * wider).high == pytest.approx(3 * kw.high)
    kwh = energy_of_power(kw, Factor("hours", hours, hours, "h", "test"))
    assert kwh.low == pytest.approx(kw.low * hours)
    for burden in burdens(kwh, FIGURES.factors("official-2023")):
        assert burden is not None
        assert burden.low <= burden.high
        assert burden.factors[1].source
        assert burden.factors[1].date


@pytest.mark.parametrize(
    ("name", "region", "value"),
    [
        ("official-2021", None, 0.5568),
        ("official-2023", None, 0.5306),
        ("official-2023", "Zhejiang", 0.4974),
        ("official-2023", "浙江", 0.4974),
        ("official-2022", "East China", 0.5617),
        ("official-2021", "浙江", 0.5422),
        ("newspaper-2021", "浙江", 0.997),
    ],
)
def test_factors_by_set_and_region(name: str, region: str | None, value: float) -> None:
    assert FIGURES.factors(name, region)["co2_per_kwh"].low == value


def test_the_official_set_of_a_year_is_that_or_the_one_before() -> None:
    assert FIGURES.official_set(2022) == "official-2022"
    assert FIGURES.official_set(2026) == FIGURES.official_set() == "official-2023"
    assert FIGURES.official_set(2016) == "official-2021"
    assert Figures().official_set() is None
