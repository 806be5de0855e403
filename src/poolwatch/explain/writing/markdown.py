"""An account as Markdown. Foreign text is escaped, so that it cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from poolwatch.explain.account import Quote
from poolwatch.explain.writing.page import Page, hex_rows

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def write(stream: IO[str], pages: list[Page]) -> None:
    """Write accounts one below the other."""
    for number, page in enumerate(pages):
        if number:
            stream.write("\n---\n\n")
        for line in _lines(page):
            stream.write(line + "\n")


def _lines(page: Page) -> Iterator[str]:
    yield f"# {_plain(page.title())}"
    yield ""
    yield _plain(page.phrases.say(page.account.conclusion))
    for section in page.sections():
        yield ""
        yield f"## {_plain(section.title)}"
        yield ""
        for item in section.items:
            marks = "".join(f" \\[{number}\\]" for number in item.numbers)
            yield f"* {_plain(item.text)}{marks}"
            for quote in item.quotes:
                yield from _quote(page, quote)


def _quote(page: Page, quote: Quote) -> Iterator[str]:
    for part in quote.parts:
        yield ""
        yield f"  {_plain(page.place(quote, part))}"
        state = page.state(part)
        if state:
            yield f"  {_plain(state)}"
        rows = list(hex_rows(part))
        decoded = page.decode(part)
        if decoded is not None:
            rows += ["", f"tshark: {decoded.protocols}"]
            rows += [page.phrases.masked(line) for line in decoded.lines]
            rows.append(page.phrases.word("quote.filter", filter=decoded.filter))
        if rows:
            # Indented, not fenced: no row of foreign characters can end it.
            yield ""
            yield from (f"      {row}".rstrip() for row in rows)
    yield ""
    yield f"  {_plain(page.phrases.word('quote.reads', text=page.phrases.reads(quote.message)))}"
    yield ""


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
