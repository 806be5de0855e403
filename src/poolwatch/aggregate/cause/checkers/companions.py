"""What else the host did, and others with it: sweeps, guessed passwords, fetched scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poolwatch.aggregate.cause.context import Context, Evidence, found, is_outside
from poolwatch.catalog.grounds import Parameters
from poolwatch.terms import Citation, Fan, Inbound

_SECOND_NS = 1_000_000_000


def sweeping(context: Context, parameters: Parameters) -> Evidence | None:
    """The host tried one port of many others, most of which did not answer."""
    ports, peers = parameters.numbers_of("ports"), parameters.number("peers")
    failed = parameters.number("failed")
    fans = [
        fan
        for fan in context.companions.fans
        if fan.port in ports and fan.peers >= peers and fan.failed >= failed * fan.flows
    ]
    return _of_fans(context, fans)


def guessing(context: Context, parameters: Parameters) -> Evidence | None:
    """The host came back to the same logins of others again and again, as one who guesses."""
    ports, flows = parameters.numbers_of("ports"), parameters.number("flows")
    each = parameters.number("each")
    fans = [
        fan
        for fan in context.companions.fans
        if fan.port in ports and fan.flows >= flows and fan.flows >= each * max(fan.peers, 1)
    ]
    return _of_fans(context, fans)


def fetched_before(context: Context, parameters: Parameters) -> Evidence | None:
    """The host fetched a script or program of a bare public address before its first greeting."""
    endings = parameters.of("endings")
    within_ns = int(parameters.number("seconds")) * _SECOND_NS
    citations = [
        Citation(
            f"GET {fetch.server.address}:{fetch.server.port}{fetch.path}",
            None,
            fetch.packet or None,
            context.companions.capture,
        )
        for fetch in context.companions.fetches
        if is_outside(fetch.server.address)
        and context.is_before_greeting(fetch.ts_ns, within_ns)
        and fetch.path.partition("?")[0].lower().endswith(endings)
    ]
    return found(citations, count=len(citations))


def guessed_before(context: Context, parameters: Parameters) -> Evidence | None:
    """Somebody outside tried the host's logins again and again before its first greeting."""
    flows, within_ns = parameters.number("flows"), int(parameters.number("seconds")) * _SECOND_NS
    rows = [
        row
        for row in _before(context, parameters)
        if row.flows >= flows and context.is_before_greeting(row.last_ns, within_ns)
    ]
    return _of_inbound(context, rows)


def entered_before(context: Context, parameters: Parameters) -> Evidence | None:
    """Somebody outside was let in, once or a few times, shortly before the first greeting."""
    most = parameters.number("flows")
    rows = [row for row in _before(context, parameters) if row.failed < row.flows <= most]
    return _of_inbound(context, rows)


def _before(context: Context, parameters: Parameters) -> Iterator[Inbound]:
    ports = parameters.numbers_of("ports")
    within_ns = int(parameters.number("seconds")) * _SECOND_NS
    for row in context.companions.inbound:
        if (
            row.outside
            and row.port in ports
            and context.is_before_greeting(row.first_ns, within_ns)
        ):
            yield row


def _of_fans(context: Context, fans: Iterable[Fan]) -> Evidence | None:
    fans = list(fans)
    citations = [
        context.cite_flow(
            fan.first_packet,
            f"{fan.proto}/{fan.port}: peers {fan.peers}, flows {fan.flows}, failed {fan.failed}",
        )
        for fan in fans
    ]
    ports = ", ".join(str(fan.port) for fan in fans)
    peers = max((fan.peers for fan in fans), default=0)
    flows = sum(fan.flows for fan in fans)
    return found(citations, ports=ports, peers=peers, flows=flows)


def _of_inbound(context: Context, rows: list[Inbound]) -> Evidence | None:
    citations = [
        context.cite_flow(
            row.first_packet,
            f"{row.peer} → {row.port}: flows {row.flows}, failed {row.failed}",
        )
        for row in rows
    ]
    ports = ", ".join(str(port) for port in sorted({row.port for row in rows}))
    return found(citations, ports=ports, flows=sum(row.flows for row in rows))
