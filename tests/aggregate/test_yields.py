"""From accepted work to coins: the formula, its range, and when there is no figure."""

from __future__ import annotations

import csv
import datetime
import math
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.blocks import BlockBook
from poolwatch.aggregate.yields import Yields
from poolwatch.catalog.figures import Figures
from poolwatch.catalog.load import RawTable, load_rows
from poolwatch.match.dialects.base import block_work
from poolwatch.terms import DayWorth, Worth
from tests.running import scan

FIGURES = Figures(load_rows().figures)
BTC_NBITS = "171007ea"  # a block of 2022-05
DAY = (datetime.date(2022, 5, 10) - datetime.date(1970, 1, 1)).days


def worth(shares: int, hashes: float) -> Worth:
    found = Worth()
    for _ in range(shares):
        found.add(hashes, hashes)
    return found


def on_wire(shares: int, hashes: float, day: int = DAY, height: int | None = 735_000) -> DayWorth:
    work = block_work(BTC_NBITS)
    assert work is not None
    return DayWorth(day, worth(shares, hashes), shares * hashes / work, height=height)


def test_the_target_on_the_wire_and_the_height_tell_what_a_block_takes_and_pays() -> None:
    mined = Yields(FIGURES, (0.0, 0.0)).of_shares("BTC", [on_wire(1000, 2.0**45)])
    work = block_work(BTC_NBITS)
    assert mined.mined is not None
    assert work is not None
    (day,) = mined.days
    assert (day.ground, day.height, day.shares) == ("target", 735_000, 1000)
    factors = {factor.name: factor for factor in mined.mined.factors}
    assert factors["reward"].low == factors["reward"].high == 6.25
    assert factors["work_per_block"].low == pytest.approx(work)
    fees = (factors["fees"].low + factors["fees"].high) / 2
    assert mined.mined.estimate == pytest.approx(1000 * 2.0**45 / work * (6.25 + fees))


@pytest.mark.parametrize(
    ("nbits", "work"),
    [("1d00ffff", 2**48 / 0xFFFF), ("1b0404cb", 2**256 / (0x0404CB << 192))],
)
def test_the_work_of_a_block_by_its_compact_target(nbits: str, work: float) -> None:
    assert block_work(nbits) == pytest.approx(work)


@pytest.mark.parametrize("nbits", ["", "1d00fff", "ff00ffff", "1d000000", None, "1d80ffff"])
def test_no_work_of_what_is_no_target(nbits: str | None) -> None:
    assert block_work(nbits) is None


def test_a_height_decides_on_the_reward_before_the_day_does() -> None:
    book = BlockBook(FIGURES)
    day = (datetime.date(2024, 4, 20) - datetime.date(1970, 1, 1)).days
    before = book.find("BTC", on_wire(1, 1e15, day, 839_999))
    after = book.find("BTC", on_wire(1, 1e15, day, 840_000))
    assert before is not None
    assert after is not None
    assert (before.reward, after.reward) == ((6.25, 6.25), (3.125, 3.125))


def test_a_reward_that_falls_by_the_block() -> None:
    """Monero: 0.6 from block 2641623 on; block 2,000,000 paid 2.04 (0.6 * e^(641623/2^19))."""
    book = BlockBook(FIGURES)
    day = (datetime.date(2019, 12, 30) - datetime.date(1970, 1, 1)).days
    block = book.find("XMR", DayWorth(day, worth(10, 1e4), height=2_000_000))
    assert block is not None
    assert block.reward[0] == pytest.approx(0.6 * math.exp(641_623 / 2**19), rel=1e-3)
    assert block.ground == "table"


def test_a_missing_month_gives_no_figure_and_says_which() -> None:
    day = (datetime.date(2018, 5, 9) - datetime.date(1970, 1, 1)).days
    known = (datetime.date(2021, 5, 9) - datetime.date(1970, 1, 1)).days
    days = [DayWorth(day, worth(50, 1e4)), DayWorth(known, worth(50, 1e4))]
    mined = Yields(FIGURES).of_shares("XMR", days)
    assert (mined.mined, mined.fees, mined.missing) == (None, None, ("2018-05",))
    assert [told.amount is None for told in mined.days] == [True, False]


def test_no_proof_of_work_pays_nothing_that_could_be_told() -> None:
    day = (datetime.date(2022, 9, 20) - datetime.date(1970, 1, 1)).days
    assert Yields(FIGURES).of_shares("ETH", [DayWorth(day, worth(50, 1e9))]).mined is None


def test_a_coin_nobody_listed() -> None:
    assert Yields(FIGURES).of_shares("NONE", [on_wire(50, 1e9)]).mined is None
    assert Yields(FIGURES).of_shares("BTC", []).mined is None


@given(
    shares=st.integers(1, 300),
    hashes=st.floats(1e3, 1e15),
    unweighed=st.integers(0, 50),
    unanswered=st.integers(0, 50),
    fee=st.tuples(st.floats(0, 0.2), st.floats(0, 0.2)).map(lambda both: (min(both), max(both))),
)
def test_low_is_below_the_estimate_and_that_below_high(
    shares: int, hashes: float, unweighed: int, unanswered: int, fee: tuple[float, float]
) -> None:
    day = on_wire(shares, hashes)
    day = DayWorth(day.day, day.worth, day.blocks, unweighed, day.height)
    mined = Yields(FIGURES, fee).of_shares("BTC", [day], unanswered)
    figure = mined.mined
    assert figure is not None
    assert figure.estimate is not None
    assert 0 <= figure.low <= figure.estimate <= figure.high
    amount = mined.days[0].amount
    assert amount is not None
    assert amount[0] <= amount[1] <= amount[2]
    assert mined.fees is not None
    assert mined.fees[0] <= mined.fees[1] <= figure.high


@given(shares=st.integers(5, 200), times=st.integers(2, 9), hashes=st.floats(1e6, 1e12))
def test_more_work_is_more_coins_in_proportion(shares: int, times: int, hashes: float) -> None:
    yields = Yields(FIGURES)
    one = yields.of_shares("BTC", [on_wire(shares, hashes)]).mined
    more = yields.of_shares("BTC", [on_wire(shares, hashes * times)]).mined
    assert one is not None
    assert more is not None
    assert more.low == pytest.approx(one.low * times)
    assert more.high == pytest.approx(one.high * times)


@given(
    rate=st.floats(1e6, 1e10),
    wider=st.floats(1, 3),
    days=st.integers(1, 60),
    uptime=st.floats(0.1, 1),
)
def test_a_rate_brings_in_proportion_to_time_and_uptime(
    rate: float, wider: float, days: int, uptime: float
) -> None:
    yields, first = Yields(FIGURES), datetime.date(2021, 6, 1)

    def mined(low: float, high: float, until: int, least: float) -> tuple[float, float, float]:
        end = first + datetime.timedelta(days=until)
        figure = yields.of_rate("ETH", (low, high), first, end, (least, 1)).mined
        assert figure is not None
        assert figure.estimate is not None
        assert figure.low <= figure.estimate <= figure.high
        return figure.low, figure.estimate, figure.high

    narrow, wide = mined(rate, rate, days, 1), mined(rate, rate * wider, days, uptime)
    assert wide[0] <= narrow[0] * 1.000001
    assert wide[2] >= narrow[2] * 0.999999
    assert mined(rate, rate, 2 * days, 1)[1] > narrow[1]


def test_the_sum_is_surer_than_each_of_its_days() -> None:
    days = [on_wire(10, 1e12, DAY + number) for number in range(20)]
    mined = Yields(FIGURES, (0.0, 0.0)).of_shares("BTC", days)
    assert mined.mined is not None
    amounts = [day.amount for day in mined.days if day.amount]
    assert mined.mined.low > sum(low for low, _, _ in amounts)
    assert mined.mined.high < sum(high for _, _, high in amounts)
    assert mined.mined.estimate == pytest.approx(sum(about for _, about, _ in amounts))


# The published case: a notice on 4 rigs with 32 cards that mined 2.4 ETH between 2021-05-09
# and 2021-09-07. Its inputs: the two dates, the number of cards, what is published of such
# cards (MH/s, below), and an uptime of 0.6 to 1, as nobody said when the rigs stood still.
CASE = (datetime.date(2021, 5, 9), datetime.date(2021, 9, 8))  # the last day is part of it
CARDS, UPTIME, REPORTED = 32, (0.6, 1.0), 2.4


def case(low: float, high: float) -> tuple[float, float]:
    rate = (CARDS * low * 1e6, CARDS * high * 1e6)
    figure = Yields(FIGURES).of_rate("ETH", rate, *CASE, UPTIME).mined
    assert figure is not None
    return figure.low, figure.high


def test_the_published_case_fits_cards_of_20_to_31_megahashes() -> None:
    low, high = case(20, 31)
    assert 1.0 <= low <= REPORTED <= high <= 4.2


def test_the_published_case_excludes_cards_of_58_to_98_megahashes() -> None:
    low, _ = case(58, 98)
    assert low > REPORTED


# -- captures with a labelled hashrate --------------------------------------------------


def test_accepted_work_yields_what_the_labelled_hashrate_implies(shared_captures: Path) -> None:
    """Median errors by accepted shares, within the bars that hold for the hashrate itself."""
    bars = {50: 0.40, 200: 0.15, 1000: 0.10, 10**9: 0.05}
    errors: dict[int, list[float]] = {size: [] for size in bars}
    yields = Yields(FIGURES, (0.0, 0.0))
    folder = shared_captures / "hashrate"
    labels = (folder / "labels.csv").read_text("utf-8").splitlines()
    for row in csv.DictReader(labels):
        coin = row["coin"].upper()
        try:
            label = float(row["hashrate_15m"]) * {"ETH": 1e6, "XMR": 1.0}[coin]
        except ValueError:
            continue  # a label nobody can read
        sessions = [s for s in scan([folder / row["file"]]).sessions if s.hashrate]
        main = max(sessions, key=lambda session: session.hit.shares.accepted)
        assert main.hashrate is not None
        mined = yields.of_shares(coin, main.days).mined
        first = datetime.datetime.fromtimestamp(main.hit.seen_first_ns / 1e9, datetime.UTC).date()
        until = first + datetime.timedelta(days=1)
        a_day = yields.of_rate(coin, (label, label), first, until, (1, 1)).mined
        assert mined is not None, row["file"]
        assert a_day is not None
        assert mined.estimate is not None
        assert a_day.estimate is not None
        implied = a_day.estimate * main.hashrate.seconds / 86_400
        said = row["shares_accepted_rejected"].split("/")[0]
        counted = sum(session.hit.shares.accepted for session in sessions)
        shares = int(said) if said.isdigit() else counted
        size = next(size for size in bars if shares < size)
        errors[size].append(abs(mined.estimate / implied - 1))
    assert sum(map(len, errors.values())) >= 20
    for size, found in errors.items():
        assert statistics.median(found) <= bars[size], (size, found)


def test_a_row_of_ones_own_takes_a_shipped_one_s_place(tmp_path: Path) -> None:
    head = FIGURES_HEAD + "XMR,2018-05,5e8,4e8,6e8,720,30,a block explorer,2026-01-01,,,\n"
    table = RawTable(tmp_path / "network.csv", head.encode())
    own = Figures((*load_rows().figures, table))
    row = own.network("XMR", datetime.date(2018, 5, 9))
    assert row is not None
    assert row.hashrate == 5e8


FIGURES_HEAD = (
    "coin,month,hashrate,hashrate_low,hashrate_high,blocks_per_day,span_days,sources,date,"
    "fees_low,fees_high,fees_sources\n"
)
