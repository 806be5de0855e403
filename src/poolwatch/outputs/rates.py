"""Hashrates in words: no more digits than counting allows, and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Iterator

from poolwatch.messages import Messages
from poolwatch.terms import Finding, Hashrate, Stage

_PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
_NARROW = 0.1  # width of the interval, to the estimate, below which a third digit says something
_PLACES = 6
_QUIET_NS = 15 * 60 * 1_000_000_000


def rate_sentences(finding: Finding, messages: Messages) -> Iterator[str]:
    """What is to be said of a host's hashrate, nothing where nothing is known."""
    rate = finding.hashrate
    if rate is not None:
        low, about, high = rate_texts(rate)
        key = "rate.disputed" if rate.disputed else "rate.counted"
        yield messages.say(key, rate=about, low=low, high=high, count=rate.shares)
    if finding.reported is not None:
        yield messages.say("rate.reported", rate=rate_text(finding.reported, 3))
    if finding.crowd:
        yield messages.say("rate.many_miners")
    idle = finding.best.hit.idle_ns or 0
    if finding.stage >= Stage.SUBMITTING and idle >= _QUIET_NS:
        yield messages.say("rate.idle", minutes=f"{idle / 60e9:.0f}")


def rate_texts(rate: Hashrate) -> tuple[str, str, str]:
    """Lower bound, estimate with its unit, upper bound, all in that unit: 0.9, 1.2 GH/s, 1.6."""
    narrow = rate.high - rate.low < _NARROW * rate.estimate
    digits = 3 if narrow else 2
    step = _step(rate.estimate)
    low, high = (_digits(value / 1000**step, digits) for value in (rate.low, rate.high))
    return low, rate_text(rate.estimate, digits), high


def rate_text(rate: float, digits: int) -> str:
    """A rate with the SI prefix that leaves one to three digits before the point."""
    step = _step(rate)
    return f"{_digits(rate / 1000**step, digits)} {_PREFIXES[step]}H/s"


def _step(rate: float) -> int:
    step = 0
    while rate >= 999.5 and step < len(_PREFIXES) - 1:
        rate, step = rate / 1000, step + 1
    return step


def _digits(value: float, digits: int) -> str:
    """So many digits that count, and no exponent."""
    rounded = float(f"{value:.{digits}g}")
    if rounded <= 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(rounded))
    return f"{rounded:,.{min(max(places, 0), _PLACES)}f}"
