"""A subject explained: its argument, with quotes read anew, numbered in the order told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from poolwatch.explain.argument import conclusion, grounds_against, grounds_for
from poolwatch.explain.cause import cause
from poolwatch.explain.facts import Flow, Message, Subject
from poolwatch.explain.innocent import tested
from poolwatch.explain.quotes import FAILED, Part, QuoteReader
from poolwatch.explain.rows import ListedRows
from poolwatch.explain.settle import settle
from poolwatch.explain.statements import Quoted, Statement, Tested
from poolwatch.explain.unseen import unseen


@dataclass(frozen=True, slots=True)
class Quote:
    """A quoted message with the parts it was read in; `number` from 1."""

    number: int
    flow: Flow
    message: Message
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """All that is said of a subject."""

    subject: Subject
    conclusion: Statement
    grounds: tuple[Statement, ...]
    against: tuple[Statement, ...]
    innocent: tuple[Tested, ...]
    unseen: tuple[Statement, ...]
    settle: tuple[Statement, ...]
    cause: tuple[Statement, ...]
    quotes: dict[Message, Quote]

    def numbers(self, statement: Statement) -> list[int]:
        """The numbers of the quotes a statement rests on."""
        return [self.quotes[quoted.message].number for quoted in statement.quotes]

    @property
    def failed(self) -> bool:
        """Whether a quote could not be read anew from what the user gave."""
        parts = (part for quote in self.quotes.values() for part in quote.parts)
        return any(part.state in FAILED for part in parts)


def explain(subject: Subject, listed: ListedRows, reader: QuoteReader) -> Account:
    """Explain a subject."""
    grounds = tuple(grounds_for(subject, reader.limits.explain_flows))
    against = tuple(grounds_against(subject))
    innocent = tuple(tested(subject, listed))
    quoted = _quoted(grounds, against, innocent)
    parts = reader.read(quoted.values(), subject.secrets)
    quotes = {
        message: Quote(number, one.flow, message, parts[message])
        for number, (message, one) in enumerate(quoted.items(), 1)
    }
    return Account(
        subject=subject,
        conclusion=conclusion(subject),
        grounds=grounds,
        against=against,
        innocent=innocent,
        unseen=tuple(unseen(subject, listed.digest)),
        settle=tuple(settle(subject, innocent)),
        cause=tuple(cause(subject, listed.grounds)),
        quotes=quotes,
    )


def _quoted(
    grounds: tuple[Statement, ...], against: tuple[Statement, ...], innocent: tuple[Tested, ...]
) -> dict[Message, Quoted]:
    """Every quoted message once, in the order in which it is told."""

    def statements() -> Iterator[Statement]:
        yield from grounds
        yield from against
        yield from (one.ground for one in innocent)

    found: dict[Message, Quoted] = {}
    for statement in statements():
        for one in statement.quotes:
            found.setdefault(one.message, one)
    return found
