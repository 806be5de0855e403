"""Wallets, names, endpoints and files that malware is known by."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from poolwatch.aggregate.cause.context import Context, Evidence, cite, found
from poolwatch.catalog.cause_rows import MalwareRow
from poolwatch.catalog.grounds import Parameters
from poolwatch.terms import Citation, Where


def listed(context: Context, parameters: Parameters) -> Evidence | None:
    """Something the host uses stands in a list of malware, with that confidence."""
    kinds, confidence = parameters.of("kind"), parameters.of("confidence")
    citations: list[Citation] = []
    families: dict[str, None] = {}
    for kind in kinds:
        for value, where, row in _LOOKUPS[kind](context):
            if row.confidence in confidence:
                source = f"{row.sources}, {row.date}"
                citations.append(cite(value, where, source))
                families[row.family] = None
    return found(citations, family=", ".join(families), count=len(citations))


def listed_fetch(context: Context, parameters: Parameters) -> Evidence | None:
    """The host fetched a file that malware is known to fetch."""
    citations: list[Citation] = []
    families: dict[str, None] = {}
    for fetch in context.companions.fetches:
        row = context.catalog.malware.find_url(
            fetch.server.address, fetch.server.port, fetch.path.partition("?")[0]
        )
        if row is not None and row.confidence in parameters.of("confidence"):
            what = f"GET {fetch.server.address}:{fetch.server.port}{fetch.path}"
            source = f"{row.sources}, {row.date}"
            citations.append(
                Citation(what, None, fetch.packet or None, context.companions.capture, source)
            )
            families[row.family] = None
    return found(citations, family=", ".join(families), count=len(citations))


Found = Iterator[tuple[str, Where, MalwareRow]]


def _wallets(context: Context) -> Found:
    for kind in ("wallet", "account"):  # an address no row of ours reads is an account
        for value, where in context.facts(kind):
            row = context.catalog.malware.find_wallet(value)
            if row is not None:
                yield value, where, row


def _names(context: Context) -> Found:
    for value, where in context.facts("name"):
        row = context.catalog.malware.find_name(value)
        if row is not None:
            yield value, where, row


def _endpoints(context: Context) -> Found:
    for value, where in context.facts("end"):
        address, _, port = value.partition(" ")
        row = context.catalog.malware.find_endpoint(address, int(port))
        if row is not None:
            yield f"{address}:{port}", where, row


_LOOKUPS: dict[str, Callable[[Context], Found]] = {
    "wallet": _wallets,
    "name": _names,
    "endpoint": _endpoints,
}
