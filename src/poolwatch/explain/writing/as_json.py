"""Accounts as JSON: the same statements by id, with their fields, sentences and quotes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import IO, Any

from poolwatch.explain.account import Quote
from poolwatch.explain.quotes import Part
from poolwatch.explain.statements import Statement
from poolwatch.explain.writing.page import Page, hex_of, text_of

VERSION = 1


def write(stream: IO[str], pages: list[Page]) -> None:
    """One object for all accounts, indented."""
    document = {"v": VERSION, "accounts": [_account(page) for page in pages]}
    json.dump(document, stream, ensure_ascii=False, indent=1)
    stream.write("\n")


def _account(page: Page) -> dict[str, Any]:
    account, subject = page.account, page.account.subject
    finding, best = subject.finding, subject.best
    return {
        "title": page.title(),
        "language": page.phrases.messages.language,
        "finding_id": finding.finding_id if finding else None,
        "flow_id": best.flow_id if best and not finding else None,
        "host": subject.host,
        "grade": subject.grade.word,
        "stage": subject.stage.word,
        "role": subject.role.value,
        "conclusion": _statement(page, account.conclusion),
        "for": _statements(page, account.grounds),
        "against": _statements(page, account.against),
        "innocent": [
            {"explanation": one.id, "outcome": one.outcome.value, **_statement(page, one.ground)}
            for one in account.innocent
        ],
        "cause": {
            "named": finding.cause if finding else None,
            "decided": finding.decision.cause if finding and finding.decision else None,
            "statements": _statements(page, account.cause),
        },
        "unseen": _statements(page, account.unseen),
        "settle": _statements(page, account.settle),
        "quotes": [_quote(page, quote) for quote in account.quotes.values()],
    }


def _statements(page: Page, statements: Iterable[Statement]) -> list[dict[str, Any]]:
    return [_statement(page, statement) for statement in statements]


def _statement(page: Page, statement: Statement) -> dict[str, Any]:
    return {
        "id": statement.id,
        "fields": page.phrases.fields(statement),
        "sentence": page.phrases.say(statement),
        "quotes": page.account.numbers(statement),
    }


def _quote(page: Page, quote: Quote) -> dict[str, Any]:
    return {
        "number": quote.number,
        "flow_id": quote.flow.flow_id,
        "side": quote.message.speaker.value,
        "shows": list(quote.message.shows),
        "reads": page.phrases.reads(quote.message),
        "parts": [_part(page, part) for part in quote.parts],
    }


def _part(page: Page, part: Part) -> dict[str, Any]:
    decoded = page.decode(part)
    return {
        "file": page.phrases.masked(part.file),
        "packet": part.packet,
        "offset": part.offset,
        "length": part.length,
        "state": part.state.value,
        "proven": part.proven,
        "shown": len(part.data),
        "hex": hex_of(part),
        "text": text_of(part),
        "masked": [list(span) for span in part.hidden],
        "filter": decoded.filter if decoded else None,
        "protocols": decoded.protocols if decoded else None,
        "decoded": [page.phrases.masked(line) for line in decoded.lines] if decoded else [],
    }
