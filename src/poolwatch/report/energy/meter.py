"""Does a meter's load follow the hours of mining? A lagged correlation, with its uncertainty.

The load and the number of hosts that mine are put on one grid of times. For each lag within a
bound both are correlated (Pearson) over the steps that both have; the lag with the highest
correlation is told, with an interval by Fisher's transformation for as many independent steps as
the autocorrelations of both leave (Bartlett), widened for the choice among lags (Bonferroni). It
says how alike two curves are, never that one causes the other: offices have their hours too.
"""

from __future__ import annotations

import datetime
import math
import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from poolwatch.errors import UsageError

if TYPE_CHECKING:
    from poolwatch.settings import Limits

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Span = tuple[int, int]  # ns, from and to
Verdict = Literal["follows", "does_not_follow", "cannot_be_told"]

FEWEST_STEPS = 24
"""Steps that both curves have, below which nothing is told."""
_FEWEST_FREE = 6.0  # independent steps
_ALIKE = 0.3  # a correlation below which curves are not called alike
_SURE = 0.975
_WHOLE = 0.999999  # Fisher's transformation has no end there
_NORMAL = NormalDist()
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_NEVER = -1  # no time of a reading
_TIME = re.compile(
    r"((?:19[7-9]|20\d|21\d)\d)[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d{2})"
    r"(?::(\d{2})(?:[.,](\d{1,9}))?)? ?(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter's readings on a regular grid; steps without a reading are NaN."""

    start_ns: int
    step_ns: int
    load: Floats
    rows: int
    unreadable: tuple[tuple[int, str], ...]  # lines that were not used, the first ones, and why
    left_out: int  # how many there were
    ambiguous: int  # times that the clock of the zone shows twice, or never
    empty: int  # steps without a reading


@dataclass(frozen=True, slots=True)
class Following:
    """Whether the load follows the hours of mining. `lag_seconds`: how much later the load is."""

    verdict: Verdict
    reason: str | None  # too_few, constant: why it cannot be told
    correlation: float | None
    low: float | None
    high: float | None
    lag_seconds: float | None
    steps: int
    independent: float | None
    lags: int
    meter: Meter


def read_meter(path: Path, columns: tuple[str, str] | None, zone: str, limits: Limits) -> Meter:
    """A CSV of times and loads (kW, or kWh a step). `zone`: of times without one.

    Without `columns` the first two are taken. Lines that do not fit are counted and named.
    Raises UsageError for a file that cannot be used at all.
    """
    try:
        if path.stat().st_size > limits.meter_bytes:
            raise UsageError(
                f"--meter {path}: larger than {limits.meter_bytes} bytes",
                "raise it with --limit meter_bytes=N",
            )
        frame = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            on_bad_lines="error",
            nrows=limits.meter_rows + 1,
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"--meter {path}: cannot be read: {error}") from error
    if len(frame) > limits.meter_rows:
        raise UsageError(
            f"--meter {path}: more than {limits.meter_rows} rows",
            "raise it with --limit meter_rows=N",
        )
    names = columns or tuple(map(str, frame.columns[:2]))
    if len(names) < 2 or not set(names) <= set(frame.columns):
        raise UsageError(
            f"--meter {path}:1: no columns {' and '.join(names)}",
            f"the file has: {', '.join(map(str, frame.columns))}; choose with --meter-columns",
        )
    stamps, ambiguous = _times(frame[names[0]].tolist(), zoneinfo.ZoneInfo(zone))
    cells = pd.to_numeric(frame[names[1]].str.strip(), errors="coerce")
    loads = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = (stamps == _NEVER) | ~np.isfinite(loads)
    told = tuple(
        _oddity(frame, names, int(at), stamps[at] == _NEVER)
        for at in np.flatnonzero(bad)[: limits.file_messages]
    )
    order = np.argsort(stamps[~bad], kind="stable")
    readings = (stamps[~bad][order], loads[~bad][order])
    return _on_grid(path, readings, len(frame), told, int(bad.sum()), ambiguous, limits)


def _oddity(frame: pd.DataFrame, names: tuple[str, ...], at: int, in_time: bool) -> tuple[int, str]:
    name = names[0] if in_time else names[1]
    return at + 2, f"{name}: {str(frame[name].iloc[at])[:40]!r}"


def _times(cells: Iterable[str], zone: datetime.tzinfo) -> tuple[Ints, int]:
    """Times in ns; `_NEVER` for what is none, and where the zone's clock shows it twice or not."""
    stamps, ambiguous = [], 0
    for cell in cells:
        time = _time(cell)
        if time is not None and time.tzinfo is None:
            time = time.replace(tzinfo=zone)
            if time.utcoffset() != time.replace(fold=1).utcoffset():
                time = None
                ambiguous += 1
        stamps.append(_NEVER if time is None else (time - _EPOCH) // _MICROSECOND * 1000)
    return np.array(stamps, dtype=np.int64), ambiguous


def _time(text: str) -> datetime.datetime | None:
    """A time as spreadsheets and ISO 8601 write it, between 1970 and 2199."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, part, offset = match.groups(default="0")
    zone = None if match[8] is None else _offset(offset)
    micro = int(part[:6].ljust(6, "0"))
    try:
        numbers = map(int, (year, month, day, hour, minute, second))
        return datetime.datetime(*numbers, micro, tzinfo=zone)  # type: ignore[misc, arg-type]
    except ValueError:
        return None


def _offset(text: str) -> datetime.timezone:
    if text == "Z":
        return datetime.UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    minutes = min(minutes, 24 * 60 - 1)
    return datetime.timezone(datetime.timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _on_grid(
    path: Path,
    readings: tuple[Ints, Floats],
    rows: int,
    told: tuple[tuple[int, str], ...],
    left_out: int,
    ambiguous: int,
    limits: Limits,
) -> Meter:
    stamps, loads = readings
    gaps = np.diff(np.unique(stamps))
    if not len(gaps):
        raise UsageError(
            f"--meter {path}: fewer than two readings", "see --meter-columns, --meter-tz"
        )
    step = int(np.median(gaps))
    first = int(stamps[0])
    count = (int(stamps[-1]) - first) // step + 1
    if count > limits.meter_rows:
        raise UsageError(
            f"--meter {path}: {count} steps of {step / 1e9:.0f} s from first to last reading",
            "leave out readings of other times, or raise it with --limit meter_rows=N",
        )
    at = (stamps - first) // step
    sums = np.bincount(at, weights=loads, minlength=count)
    counts = np.bincount(at, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        load = np.where(counts > 0, sums / counts, np.nan)
    empty = int((counts == 0).sum())
    return Meter(first, step, load, rows, told, left_out, ambiguous, empty)


def follow(
    meter: Meter, spans: Iterable[tuple[str, int, int]], seen: Iterable[Span], lag_seconds: float
) -> Following:
    """Whether the load follows the hosts that mine: host, first and last ns of each conversation.

    `seen`: the times that captures cover; steps outside say nothing. `lag_seconds`: the most that
    the load may come later or earlier.
    """
    most = max(int(lag_seconds * 1e9) // meter.step_ns, 0)
    hosts = _mining(meter, spans, seen)
    lags = range(-most, most + 1)
    found = [(lag, *_pairs(hosts, meter.load, lag)) for lag in lags]
    usable = [(lag, x, y) for lag, x, y in found if len(x) >= FEWEST_STEPS]
    if not usable:
        return _untold(meter, "too_few", max((len(x) for _, x, _ in found), default=0), len(found))
    told = [(lag, x, y) for lag, x, y in usable if np.ptp(x) > 0 and np.ptp(y) > 0]
    if not told:
        return _untold(meter, "constant", max(len(x) for _, x, _ in usable), len(usable))
    lag, x, y = max(told, key=lambda pair: (_pearson(pair[1], pair[2]), -abs(pair[0])))
    r, free = _pearson(x, y), _independent(x, y)
    if free < _FEWEST_FREE:
        return _untold(meter, "too_few", len(x), len(told), free)
    low, high = _interval(r, free, len(told))
    verdict: Verdict = "cannot_be_told"
    if low > 0 and r >= _ALIKE:
        verdict = "follows"
    elif high < _ALIKE:
        verdict = "does_not_follow"
    lag_of = lag * meter.step_ns / 1e9
    reason = "unsure" if verdict == "cannot_be_told" else None
    return Following(verdict, reason, r, low, high, lag_of, len(x), free, len(told), meter)


def _untold(
    meter: Meter, reason: str, steps: int, lags: int, free: float | None = None
) -> Following:
    return Following("cannot_be_told", reason, None, None, None, None, steps, free, lags, meter)


def _mining(meter: Meter, spans: Iterable[tuple[str, int, int]], seen: Iterable[Span]) -> Floats:
    """How many hosts mined in each step, in parts of it; NaN where nothing was captured."""
    by_host: dict[str, list[Span]] = {}
    for host, first, last in spans:
        by_host.setdefault(host, []).append((first, last))
    hosts = np.zeros(len(meter.load))
    for own in by_host.values():
        hosts += np.minimum(_cover(meter, own), 1.0)
    covered = _cover(meter, seen)
    return np.where(covered > 0.5, hosts, np.nan)


def _cover(meter: Meter, spans: Iterable[Span]) -> Floats:
    """Which part of each step some spans cover, together."""
    parts = np.zeros(len(meter.load) + 1)
    end = len(meter.load)
    for first, last in _united(spans):
        low = min(max((first - meter.start_ns) / meter.step_ns, 0.0), end)
        high = min(max((last - meter.start_ns) / meter.step_ns, 0.0), end)
        at, until = int(low), int(high)
        if at == until:
            parts[at] += high - low
        else:
            parts[at] += at + 1 - low
            parts[at + 1 : until] += 1.0
            parts[until] += high - until
    return parts[:-1]


def _united(spans: Iterable[Span]) -> list[Span]:
    united: list[Span] = []
    for first, last in sorted(spans):
        if united and first <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], last))
        else:
            united.append((first, last))
    return united


def _pairs(hosts: Floats, load: Floats, lag: int) -> tuple[Floats, Floats]:
    """The steps that both have, the load taken `lag` steps later."""
    size = len(hosts) - abs(lag)
    if size <= 0:
        return np.empty(0), np.empty(0)
    x = hosts[max(-lag, 0) : max(-lag, 0) + size]
    y = load[max(lag, 0) : max(lag, 0) + size]
    both = np.isfinite(x) & np.isfinite(y)
    return x[both], y[both]


def _pearson(x: Floats, y: Floats) -> float:
    x, y = x - x.mean(), y - y.mean()
    return float((x @ y) / math.sqrt(float(x @ x) * float(y @ y)))


def _independent(x: Floats, y: Floats) -> float:
    """How many independent steps there are in effect (Bartlett 1946)."""
    size = len(x)
    rho = _autocorrelation(x) * _autocorrelation(y)
    weights = 1 - np.arange(1, len(rho) + 1) / size
    inflated = 1 + 2 * float(np.sum(np.maximum(rho, 0.0) * weights))
    return size / max(inflated, 1.0)


def _autocorrelation(values: Floats) -> Floats:
    """At the lags from 1 up to a quarter of the series."""
    centred = values - values.mean()
    size = len(centred)
    padded = np.fft.rfft(centred, 2 * size)
    sums = np.fft.irfft(padded * np.conj(padded))[: size // 4 + 1]
    return np.asarray(sums[1:] / sums[0], dtype=np.float64)


def _interval(r: float, free: float, lags: int) -> tuple[float, float]:
    width = _NORMAL.inv_cdf(1 - (1 - _SURE) / max(lags, 1)) / math.sqrt(free - 3)
    z = math.atanh(min(max(r, -_WHOLE), _WHOLE))
    return math.tanh(z - width), math.tanh(z + width)
