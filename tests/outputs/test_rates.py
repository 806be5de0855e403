"""Hashrates in words: as many digits as counting allows, and a sentence where one is due."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.messages import LANGUAGES, Messages
from poolwatch.outputs.rates import rate_sentences, rate_text, rate_texts
from poolwatch.terms import Finding, Hashrate, Stage
from tests.running import scan_scenario


def rate(low: float, estimate: float, high: float, *, disputed: bool = False) -> Hashrate:
    return Hashrate(low, estimate, high, 57, 600.0, "target", disputed=disputed)


@pytest.mark.parametrize(
    ("value", "two", "three"),
    [
        (0, "0 H/s", "0 H/s"),
        (0.0042, "0.0042 H/s", "0.00420 H/s"),
        (0.5, "0.50 H/s", "0.500 H/s"),
        (9.99, "10 H/s", "9.99 H/s"),
        (454, "450 H/s", "454 H/s"),
        (999.6, "1.0 kH/s", "1.00 kH/s"),
        (1967, "2.0 kH/s", "1.97 kH/s"),
        (20.4e6, "20 MH/s", "20.4 MH/s"),
        (1.2e9, "1.2 GH/s", "1.20 GH/s"),
        (1e26, "100 YH/s", "100 YH/s"),
        (1e28, "10,000 YH/s", "10,000 YH/s"),
    ],
)
def test_a_rate_in_words(value: float, two: str, three: str) -> None:
    assert (rate_text(value, 2), rate_text(value, 3)) == (two, three)


@pytest.mark.parametrize(
    ("found", "texts"),
    [
        (rate(0.9e9, 1.2e9, 1.56e9), ("0.90", "1.2 GH/s", "1.6")),
        (rate(1920, 1967, 2020), ("1.92", "1.97 kH/s", "2.02")),
        (rate(20, 480, 960), ("20", "480 H/s", "960")),
        (rate(4e3, 64e6, 1e9), ("0.0040", "64 MH/s", "1,000")),
    ],
)
def test_the_bounds_share_the_unit(found: Hashrate, texts: tuple[str, str, str]) -> None:
    assert rate_texts(found) == texts


@given(st.floats(1e-6, 1e40), st.integers(1, 6))
def test_no_exponent_and_never_far_off(value: float, digits: int) -> None:
    number, unit = rate_text(value, digits).split()
    scale = 1000.0 ** " kMGTPEZY".index(unit.removesuffix("H/s") or " ")
    assert "e" not in number
    assert float(number.replace(",", "")) * scale == pytest.approx(value, rel=0.51, abs=1e-6)


def finding(scenario: str) -> Finding:
    return scan_scenario(scenario).findings[0]


def said(found: Finding, language: str = "en") -> list[str]:
    return list(rate_sentences(found, Messages(language)))


def test_what_is_said_of_a_miner() -> None:
    assert said(finding("count-reconnects")) == [
        "Computes about 800 H/s (510–1,200, from 24 accepted shares)."
    ]
    assert said(finding("count-reconnects"), "zh") == [
        "算力约 800 H/s（510–1,200，依据 24 个被接受的份额）。"
    ]
    assert said(finding("count-reported"))[1:] == ["It reports 487 MH/s itself."]
    assert said(finding("count-workers"))[1:] == ["Many miners may share this connection."]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", ["count-idle", "cryptonote-clean", "stratum-v1-refused"])
def test_nothing_is_said_where_nothing_is_known(scenario: str, language: str) -> None:
    assert said(finding(scenario), language) == []


def test_what_pools_disagree_on_is_said() -> None:
    disputed = replace(finding("count-workers"), hashrate=rate(1e6, 4e6, 16e6, disputed=True))
    assert "disagree" in said(disputed)[0]


def test_a_miner_that_fell_silent() -> None:
    base = finding("count-reconnects")
    hit = replace(base.best.hit, seen_last_ns=base.best.hit.work.idle_from_ns + 3600 * 10**9)
    silent = replace(base, best=replace(base.best, hit=hit))
    assert silent.stage is Stage.MINING
    assert said(silent)[-1] == "No share in the last 60 min."
