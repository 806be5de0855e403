"""Statistics as text: aligned tables, in which Chinese characters take two places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from poolwatch.messages import printable
from poolwatch.report.statistics import By, Figures, Statistics, Table
from poolwatch.report.statistics.words import (
    cells,
    columns_of,
    coverage_lines,
    factor_lines,
    headline,
    label,
    note_lines,
    rate_lines,
)

if TYPE_CHECKING:
    from poolwatch.messages import Messages

_LEFT_OUT = frozenset(("units", "coal"))  # the other formats have them
_WIDEST = 48
_GAP = "  "


def report_lines(statistics: Statistics, messages: Messages, most: int) -> Iterator[str]:
    """The report, line by line; `most` rows of a table are shown, the rest are counted."""
    yield (statistics.title and printable(statistics.title)) or messages.say("statistics.title")
    if statistics.issuer:
        yield messages.say("statistics.issued_by", issuer=statistics.issuer)
    yield ""
    yield headline(statistics, messages)
    yield from coverage_lines(statistics, messages)
    if statistics.total.addresses:
        for line in rate_lines(statistics.total, messages):
            yield f"  {line}"
        for table in statistics.tables:
            yield ""
            yield messages.say(f"statistics.heading.{table.by}")
            yield from _table(table, statistics, messages, most)
    yield ""
    yield messages.say("statistics.notes")
    yield from (f"* {line}" for line in note_lines(statistics, messages))
    if statistics.total.kwh is not None:
        yield ""
        yield messages.say("statistics.factors")
        yield from factor_lines(statistics, messages)


def _table(table: Table, statistics: Statistics, messages: Messages, most: int) -> Iterator[str]:
    by = table.by
    names = [name for name in columns_of(by) if name not in _LEFT_OUT]
    heads = [messages.say(f"statistics.by.{by}")]
    heads += [messages.say(f"statistics.column.{name}") for name in names]
    rows = [
        _row(label(group, by, statistics, messages), group.figures, group.watched, by, messages)
        for group in table.groups[:most]
    ]
    total = messages.say("statistics.total")
    watched = statistics.coverage.hours if by is By.WEEK else None
    rows.append(_row(total, statistics.total, watched, by, messages))
    yield from _aligned(heads, rows)
    if len(table.groups) > most:
        yield messages.say("statistics.more_rows", count=len(table.groups) - most)


def _row(
    name: str, figures: Figures, watched: float | None, by: By, messages: Messages
) -> list[str]:
    named = dict(zip(columns_of(by), cells(figures, watched, by, messages), strict=True))
    return [_short(name), *(text for key, text in named.items() if key not in _LEFT_OUT)]


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table: the first column to the left, the others to the right."""
    split = [head.split(" ") for head in heads]
    widths = [
        max(cell_len(text) for text in (*words, *(row[at] for row in rows)))
        for at, words in enumerate(split)
    ]
    stacked = [_stack(words, width) for words, width in zip(split, widths, strict=True)]
    height = max(map(len, stacked))
    for line in range(height):
        texts = [stack[line - height] if line >= height - len(stack) else "" for stack in stacked]
        yield _line(texts, widths)
    yield "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    for row in rows:
        yield _line(row, widths)


def _stack(words: Sequence[str], width: int) -> list[str]:
    """Words in as few lines as a width allows."""
    lines = [words[0]]
    for word in words[1:]:
        if cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        text + _space(text, width) if not at else _space(text, width) + text
        for at, (text, width) in enumerate(zip(texts, widths, strict=True))
    ]
    return _GAP.join(padded).rstrip()


def _space(text: str, width: int) -> str:
    return " " * max(width - cell_len(text), 0)


def _short(text: str) -> str:
    if cell_len(text) <= _WIDEST:
        return text
    kept = text
    while cell_len(kept) >= _WIDEST:
        kept = kept[: min(len(kept) - 1, _WIDEST)]
    return f"{kept}…"
