"""An account as plain text, for a terminal or a printer."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator
from typing import IO

from poolwatch.explain.account import Quote
from poolwatch.explain.writing.page import Page, hex_rows

_WIDTH = 100
_WIDE = "\u2e80-\u9fff\uff00-\uffef"
_WORD = re.compile(rf"[{_WIDE}]|\s*[^\s{_WIDE}]{{1,{_WIDTH - 10}}}|\s+")
"""What is not torn apart at the end of a line."""


def write(stream: IO[str], pages: list[Page]) -> None:
    """Write accounts one below the other."""
    for number, page in enumerate(pages):
        if number:
            stream.write("\n" + "=" * _WIDTH + "\n\n")
        for line in _lines(page):
            stream.write(line.rstrip() + "\n")


def _lines(page: Page) -> Iterator[str]:
    yield page.title()
    yield from _wrapped(page.phrases.say(page.account.conclusion), "  ")
    for section in page.sections():
        yield ""
        yield section.title
        for item in section.items:
            marks = "".join(f" [{number}]" for number in item.numbers)
            yield from _wrapped(item.text + marks, "  · ")
            for quote in item.quotes:
                yield from _quote(page, quote)


def _quote(page: Page, quote: Quote) -> Iterator[str]:
    for part in quote.parts:
        yield from _wrapped(page.place(quote, part), "      ")
        state = page.state(part)
        if state:
            yield from _wrapped(state, "        ")
        yield from (f"        {row}" for row in hex_rows(part))
        if part.data and len(part.data) < part.length:
            shown = page.phrases.word("quote.cut", shown=len(part.data), length=part.length)
            yield f"        {shown}"
        decoded = page.decode(part)
        if decoded is not None:
            yield f"        tshark: {decoded.protocols}"
            yield from (f"          {page.phrases.masked(line)}" for line in decoded.lines)
            yield f"          {page.phrases.word('quote.filter', filter=decoded.filter)}"
    yield from _wrapped(
        page.phrases.word("quote.reads", text=page.phrases.reads(quote.message)), "        "
    )


def _wrapped(text: str, lead: str) -> Iterator[str]:
    """Lines of a page's width; characters of Chinese take two columns and break anywhere."""
    width = _WIDTH - len(lead)
    if any(unicodedata.east_asian_width(c) in "WF" for c in text):
        rows = _broken(text, width)
    else:
        rows = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    for number, row in enumerate(rows):
        yield (lead if number == 0 else " " * len(lead)) + row


def _broken(text: str, width: int) -> list[str]:
    rows, row, used = [], "", 0
    for word in _WORD.findall(text):
        columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in word)
        if used and used + columns > width:
            rows.append(row)
            row, used = "", 0
            word = word.lstrip()
        row += word
        used += columns
    return [*rows, row]
