"""Charts as SVG: bars with their ranges, and a series of weeks. Nothing in them is fetched.

A chart is 360 units wide, so that its letters can be read on a telephone, and grows with its
place. The table beside it says the same, so programs that read aloud are given the title alone.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from poolwatch.messages import printable

_WIDTH = 360.0
_ROW, _BAR = 30.0, 10.0
_CELL = 6.8  # units of a wide letter; a Chinese character takes two of 5.5
_TALL, _FOOT, _LEFT, _TOP = 120.0, 18.0, 34.0, 16.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Bar(NamedTuple):
    """One bar: what it is of, its value in words, and where it ends; None: not known."""

    name: str
    value: str
    low: float | None
    high: float | None
    dark: bool = False  # of a week: nothing was captured


def bar_chart(title: str, bars: Sequence[Bar]) -> str:
    """Bars from left to right, each below its name."""
    most = max((bar.high or bar.low or 0.0 for bar in bars), default=0.0)
    height = _ROW * len(bars) + 4
    parts = [_opening(title, height)]
    for at, bar in enumerate(bars):
        parts += _bar(bar, at * _ROW, most)
    return "".join((*parts, "</svg>"))


def week_chart(title: str, bars: Sequence[Bar], dark: str) -> str:
    """Bars from the bottom up, a week each; `dark`: the template for weeks without captures."""
    most = _nice(max((bar.high or bar.low or 0.0 for bar in bars), default=0.0))
    base = _TOP + _TALL
    parts = [_opening(title, base + _FOOT), _HATCHES]
    for step in (0.0, 0.5, 1.0):
        y = base - _TALL * step
        parts.append(f'<line class="grid" x1="{_LEFT:g}" x2="{_WIDTH:g}" y1="{y:g}" y2="{y:g}"/>')
        text = _escape(_short_number(most * step))
        parts.append(f'<text class="axis" x="{_LEFT - 4:g}" y="{y + 4:g}">{text}</text>')
    wide = (_WIDTH - _LEFT) / max(len(bars), 1)
    every = max(1, math.ceil(62 / wide))  # a week's name takes some 60 units
    for at, bar in enumerate(bars):
        x = _LEFT + at * wide
        parts += _week(bar, x, wide, most, dark)
        if at % every == 0 and x + 52 <= _WIDTH:
            parts.append(f'<text class="foot" x="{x:.1f}" y="{base + 13:g}">{_escape(bar.name)}')
            parts.append("</text>")
    return "".join((*parts, "</svg>"))


_HATCHES = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect class="hatched" width="6" height="6"/>'
    '<line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
)


def _opening(title: str, height: float) -> str:
    told = _escape(title)
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{told}">'
        f"<title>{told}</title>"
    )


def _bar(bar: Bar, y: float, most: float) -> Iterator[str]:
    room = int(_WIDTH / _CELL) - cell_len(bar.value) - 2
    yield f"<g><title>{_escape(f'{bar.name}: {bar.value}')}</title>"
    yield f'<text class="name" x="0" y="{y + 12:g}">{_escape(shortened(bar.name, room))}</text>'
    yield f'<text class="value" x="{_WIDTH:g}" y="{y + 12:g}">{_escape(bar.value)}</text>'
    yield f'<rect class="rail" x="0" y="{y + 16:g}" width="{_WIDTH:g}" height="{_BAR:g}"/>'
    if bar.low is not None and most > 0:
        low, high = (_WIDTH * (end or 0.0) / most for end in (bar.low, bar.high or bar.low))
        yield f'<rect class="low" x="0" y="{y + 16:g}" width="{low:.1f}" height="{_BAR:g}"/>'
        yield from _whisker(low, high, y + 16 + _BAR / 2)
    yield "</g>"


def _whisker(low: float, high: float, y: float) -> Iterator[str]:
    if high - low < 0.5:
        return
    end = min(high, _WIDTH - 1)
    yield f'<rect class="range" x="{low:.1f}" y="{y - _BAR / 2:g}" width="{high - low:.1f}" '
    yield f'height="{_BAR:g}"/>'
    yield f'<path class="whisker" d="M{low:.1f} {y:g}H{end:.1f}M{end:.1f} {y - 4:g}v8"/>'


def _week(bar: Bar, x: float, wide: float, most: float, dark: str) -> Iterator[str]:
    base = _TOP + _TALL
    gap = min(wide * 0.15, 3.0)
    place = f'x="{x + gap:.1f}" width="{max(wide - 2 * gap, 0.5):.1f}"'
    told = dark.replace("{name}", bar.name) if bar.dark else f"{bar.name}: {bar.value}"
    yield f"<g><title>{_escape(told)}</title>"
    if bar.dark:
        yield f'<rect class="dark" {place} y="{_TOP:g}" height="{_TALL:g}"/>'
    if bar.low is not None and most > 0:
        low, high = (_TALL * (end or 0.0) / most for end in (bar.low, bar.high or bar.low))
        yield f'<rect class="low" {place} y="{base - low:.1f}" height="{low:.1f}"/>'
        if high - low >= 0.5:
            middle = x + wide / 2
            yield f'<rect class="range" {place} y="{base - high:.1f}" height="{high - low:.1f}"/>'
            yield f'<path class="whisker" d="M{middle:.1f} {base - low:.1f}V{base - high:.1f}'
            yield 'm-3 0h6"/>'
    yield "</g>"


def shortened(text: str, room: int) -> str:
    """A text that takes no more than so many places."""
    text = printable(text)
    if cell_len(text) <= room:
        return text
    taken, kept = 1, ""
    for character in text:
        taken += cell_len(character)
        if taken > room:
            break
        kept += character
    return f"{kept}…"


def _nice(most: float) -> float:
    """The next higher number that an axis may end with."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in _STEPS if step * power >= most * 0.999)


def _short_number(value: float) -> str:
    for limit, mark in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{mark}"
    return f"{value:.3g}"


def _escape(text: str) -> str:
    return html.escape(printable(text))
