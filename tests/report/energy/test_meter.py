"""Whether a load follows the hours of mining: what is told, and when nothing can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.errors import UsageError
from poolwatch.report.energy.meter import Following, follow, read_meter
from poolwatch.settings import Limits

QUARTER = 900
START = 1_767_225_600  # 2026-01-01T00:00:00Z, s
STEPS = 96 * 10
LIMITS = Limits()
Truths = np.ndarray[Any, np.dtype[np.bool_]]


def hours(seed: int, chance: float = 0.1) -> Truths:
    """Mining on and off, changing at random quarters of an hour."""
    changes = np.cumsum(np.random.default_rng(seed).random(STEPS) < chance)
    return np.asarray(changes % 2 == 1)


def spans(mining: Truths) -> list[tuple[str, int, int]]:
    begun = [START + int(at) * QUARTER for at in np.flatnonzero(mining)]
    return [("10.0.0.1", at * 10**9, (at + QUARTER) * 10**9) for at in begun]


SEEN = [(START * 10**9, (START + STEPS * QUARTER) * 10**9)]


def written(folder: Path, load: list[float | str], zone: str = "+00:00", left: int = 0) -> Path:
    lines = ["time,kW"]
    for at, value in enumerate(load):
        stamp = np.datetime64(START + at * QUARTER, "s")
        if at >= left:
            lines.append(f"{stamp}{zone},{value}")
    path = folder / "meter.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def followed(
    folder: Path, load: list[float | str], seed: int = 1, lag_seconds: float = 3 * 3600
) -> Following:
    meter = read_meter(written(folder, load), None, "UTC", LIMITS)
    return follow(meter, spans(hours(seed)), SEEN, lag_seconds)


def noise(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(0, 0.3, STEPS)


@pytest.mark.parametrize("later", [0, 2, -3])
def test_a_load_that_follows_and_how_much_later(tmp_path: Path, later: int) -> None:
    load = 5 + 3 * np.roll(hours(1), later) + noise(9)
    found = followed(tmp_path, list(load))
    assert found.verdict == "follows"
    assert found.lag_seconds == later * QUARTER
    assert found.low is not None
    assert found.high is not None
    assert 0.5 < found.low < (found.correlation or 0) < found.high


@pytest.mark.parametrize("seed", range(20, 30))
def test_a_load_of_its_own_hours_is_never_called_following(tmp_path: Path, seed: int) -> None:
    load = 5 + 3 * hours(seed) + noise(seed + 100)
    assert followed(tmp_path, list(load)).verdict != "follows"


def test_noise_does_not_follow(tmp_path: Path) -> None:
    assert followed(tmp_path, list(5 + noise(3))).verdict == "does_not_follow"


@pytest.mark.parametrize(
    ("load", "reason"), [([5.0] * STEPS, "constant"), ([5.0, 8.0] * 10, "too_few")]
)
def test_nothing_is_told_of_a_flat_or_a_short_curve(
    tmp_path: Path, load: list[float | str], reason: str
) -> None:
    found = followed(tmp_path, load)
    assert (found.verdict, found.reason, found.correlation) == ("cannot_be_told", reason, None)


def test_slow_curves_are_few_independent_readings(tmp_path: Path) -> None:
    """Two curves that each rise once are alike, whatever made them."""
    rising = np.arange(STEPS) > STEPS // 2
    meter = read_meter(written(tmp_path, list(5.0 + rising + noise(4))), None, "UTC", LIMITS)
    found = follow(meter, spans(rising), SEEN, 3600)
    assert found.verdict == "cannot_be_told"


def test_gaps_are_left_out_and_counted(tmp_path: Path) -> None:
    load: list[float | str] = list(5 + 3 * hours(1) + noise(9))
    path = written(tmp_path, load)
    lines = path.read_text("utf-8").splitlines()
    lines[10] = "noon,7"
    lines[11] = lines[11].split(",")[0] + ",broken"
    del lines[200:300]
    path.write_text("\n".join(lines), "utf-8")
    meter = read_meter(path, ("time", "kW"), "UTC", LIMITS)
    assert (meter.left_out, meter.empty) == (2, 102)
    assert [line for line, _ in meter.unreadable] == [11, 12]
    assert follow(meter, spans(hours(1)), SEEN, 3600).verdict == "follows"


def test_steps_outside_of_captures_say_nothing(tmp_path: Path) -> None:
    load: list[float | str] = list(5 + 3 * hours(1) + noise(9))
    meter = read_meter(written(tmp_path, load), None, "UTC", LIMITS)
    seen = [(START * 10**9, (START + 50 * QUARTER) * 10**9)]
    assert follow(meter, spans(hours(1)), seen, 0).steps == 50
    assert follow(meter, spans(hours(1)), [], 0).verdict == "cannot_be_told"


def test_times_without_a_zone_are_in_the_one_given(tmp_path: Path) -> None:
    path = written(tmp_path, [1.0, 2.0, 3.0], zone="")
    shanghai = read_meter(path, None, "Asia/Shanghai", LIMITS)
    assert shanghai.start_ns == (START - 8 * 3600) * 10**9
    assert shanghai.step_ns == QUARTER * 10**9


def test_the_hour_that_comes_twice_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "autumn.csv"
    stamps = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]
    rows = [f"2025-10-26T{stamp},{at}" for at, stamp in enumerate(stamps)]
    path.write_text("t,kWh\n" + "\n".join(rows), "utf-8")
    meter = read_meter(path, None, "Europe/Berlin", LIMITS)
    assert (meter.ambiguous, meter.left_out) == (4, 4)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "cannot be read"),
        ("time,kW\n2026-01-01,1\n", "fewer than two"),
        ("time\n2026-01-01\n", "no columns"),
        (
            "t,kW\n2026-01-01 00:00,1\n2026-01-01 0:01,1\n2026/1/1 0:02,1\n2196-01-01T00:00Z,1\n",
            "steps",
        ),
        ("time,kW\n1,2,3\n1,2,3,4\n", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "meter.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=word):
        read_meter(path, None, "UTC", Limits(meter_rows=10_000))


@settings(max_examples=60)
@given(text=st.text(alphabet='0123456789-:T,;."\n kWNaninf\x00é', max_size=300))
def test_any_text_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("meter") / "meter.csv"
    path.write_text("time,kW\n" + text, "utf-8", newline="")
    try:
        meter = read_meter(path, None, "UTC", Limits(meter_rows=1000))
    except UsageError:
        return
    assert len(meter.load) <= 1000
