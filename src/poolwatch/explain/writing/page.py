"""An account as a page: headings, sentences, and the quotes below the first that needs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from poolwatch.explain.account import Account, Quote
from poolwatch.explain.dissect import Decoded, Key
from poolwatch.explain.phrases import HIDDEN, Phrases
from poolwatch.explain.quotes import Part
from poolwatch.explain.statements import Outcome, Statement
from poolwatch.messages import printable

_ROW = 16
_OUTCOMES = (Outcome.POSSIBLE, Outcome.CANNOT_TELL, Outcome.EXCLUDED)


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence, the numbers of its quotes, and those quotes that were not shown yet."""

    text: str
    numbers: list[int]
    quotes: list[Quote]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Page:
    """An account in a language."""

    account: Account
    phrases: Phrases
    decoded: Mapping[Key, Decoded] = field(default_factory=dict)

    def title(self) -> str:
        """What it is about."""
        finding = self.account.subject.finding
        flow = self.account.subject.best
        if finding is not None and finding.finding_id is not None:
            return self.phrases.word("title.finding", host=finding.host, number=finding.finding_id)
        number = flow.flow_id if flow is not None and flow.flow_id is not None else 0
        return self.phrases.word("title.flow", host=self.account.subject.host, number=number)

    def sections(self) -> Iterator[Section]:
        """The sections in order; each quote stands below the first sentence that needs it."""
        account, shown = self.account, set[int]()
        yield self._section("heading.for", account.grounds, shown)
        yield self._section("heading.against", account.against, shown)
        yield Section(self.phrases.word("heading.innocent"), list(self._innocent(shown)))
        if account.cause:
            yield self._section("heading.cause", account.cause, shown)
        nothing = Statement("unseen.nothing")
        yield self._section("heading.unseen", account.unseen or (nothing,), shown)
        yield self._section("heading.settle", account.settle, shown)

    def _section(self, title: str, statements: Iterable[Statement], shown: set[int]) -> Section:
        items = [self._item(self.phrases.say(one), one, shown) for one in statements]
        return Section(self.phrases.word(title), items)

    def _innocent(self, shown: set[int]) -> Iterator[Item]:
        """What remains possible first: that is what its reader has to look at."""
        for outcome in _OUTCOMES:
            for one in self.account.innocent:
                if one.outcome is outcome:
                    sentence = self.phrases.word(
                        "innocent.line",
                        outcome=self.phrases.word(f"outcome.{outcome}"),
                        explanation=self.phrases.word(f"innocent.{one.id}.title"),
                        ground=self.phrases.say(one.ground),
                    )
                    yield self._item(sentence, one.ground, shown)

    def _item(self, text: str, statement: Statement, shown: set[int]) -> Item:
        numbers = self.account.numbers(statement)
        quotes = [q for q in self.account.quotes.values() if q.number in numbers]
        new = [quote for quote in quotes if quote.number not in shown]
        shown.update(numbers)
        return Item(text, numbers, new)

    def place(self, quote: Quote, part: Part) -> str:
        """Where quoted bytes stand."""
        return self.phrases.word(
            "quote.place",
            number=quote.number,
            file=part.file,
            packet=part.packet,
            offset=part.offset,
            length=part.length,
            side=self.phrases.word(f"quote.from_{quote.message.speaker}"),
        )

    def state(self, part: Part) -> str:
        """What is to be said of how a quote was read; empty: nothing."""
        if part.data and part.proven and part.state == "read":
            return ""
        key = "unproven" if part.state == "read" else part.state
        return self.phrases.word(f"quote.state.{key}", reason=part.reason)

    def decode(self, part: Part) -> Decoded | None:
        """What tshark says of the packet of a part."""
        return self.decoded.get((part.path, part.packet)) if part.path else None


def hex_rows(part: Part) -> Iterator[str]:
    """The bytes of a part as tshark -x shows them: offset in the frame, bytes, characters."""
    hidden = _hidden_at(part)
    for start in range(0, len(part.data), _ROW):
        row = range(start, min(start + _ROW, len(part.data)))
        digits = " ".join(HIDDEN * 2 if at in hidden else f"{part.data[at]:02x}" for at in row)
        signs = "".join(HIDDEN if at in hidden else _sign(part.data[at]) for at in row)
        yield f"{part.offset + start:04x}  {digits:<{3 * _ROW - 1}}  {signs}"


def hex_of(part: Part) -> str:
    """The bytes of a part in hexadecimal digits; two marks for one that is not shown."""
    hidden = _hidden_at(part)
    return "".join(HIDDEN * 2 if at in hidden else f"{b:02x}" for at, b in enumerate(part.data))


def text_of(part: Part) -> str:
    r"""The bytes of a part as text; what is no text is written out, as \x1b."""
    pieces: list[str] = []
    at = 0
    for start, end in (*part.hidden, (len(part.data), len(part.data))):
        plain = part.data[at:start].decode("utf-8", "surrogateescape")
        pieces += (printable(plain), HIDDEN * (end - start))
        at = end
    return "".join(pieces)


def _hidden_at(part: Part) -> set[int]:
    return {at for start, end in part.hidden for at in range(start, end)}


def _sign(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else "."
