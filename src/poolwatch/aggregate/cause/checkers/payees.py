"""Who is paid: accounts, rentals, exchanges, and what hosts share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.aggregate.cause.context import Context, Evidence, cite, found
from poolwatch.aggregate.cause.sharing import Payee
from poolwatch.catalog.grounds import Parameters
from poolwatch.terms import Citation, Unit, Where

_NUMBERED = re.compile(r"(.*?)(\d{1,6})")


def shared_units(context: Context, parameters: Parameters) -> Evidence | None:
    """One wallet at units that do not hold each other, on so many kinds of hosts."""
    citations: list[Citation] = []
    most = 0
    for value, where, payee in _shared(context):
        units = _apart(_units_of(context, payee))
        enough = len(units) >= parameters.number("units")
        classes = parameters.of("hardware")
        enough &= "any" in classes or (bool(payee.classes) and payee.classes <= set(classes))
        if enough and len(payee.kinds) >= parameters.number("kinds"):
            most = max(most, len(units))
            citations.append(cite(f"{value}: {'; '.join(units[:8])}", where))
    return found(citations, units=most)


def shared_unlike(context: Context, parameters: Parameters) -> Evidence | None:
    """One wallet at many hosts that are not alike."""
    citations: list[Citation] = []
    hosts = 0
    for value, where, payee in _shared(context):
        enough = len(payee.hosts) >= parameters.number("hosts")
        if enough and len(payee.kinds) >= parameters.number("kinds"):
            hosts = max(hosts, len(payee.hosts))
            citations.append(cite(f"{value}: {', '.join(sorted(payee.hosts)[:8])}", where))
    return found(citations, hosts=hosts)


def account_login(context: Context, parameters: Parameters) -> Evidence | None:
    """It logs in with the name of an account somebody registered, and with no wallet."""
    least, most = parameters.number("chars"), parameters.number("longest")
    if context.values("wallet"):
        return None
    citations = [
        cite(value, where)
        for value, where in context.facts("account")
        if least <= len(value) <= most
    ]
    return found(citations, count=len(citations))


def worker_series(context: Context, parameters: Parameters) -> Evidence | None:
    """Workers of one payee are numbered one after another, on machines of these classes."""
    classes, least = parameters.of("hardware"), parameters.number("workers")
    hardware = set(context.values("hardware"))
    if "any" not in classes and not (hardware and hardware <= set(classes)):
        return None
    for kind in parameters.of("payee"):
        own = dict(context.facts(f"{kind}_worker"))
        workers = dict.fromkeys(own)
        for value, _ in context.facts(kind):
            payee = context.sharing.of(kind, value)
            workers |= dict.fromkeys(payee.workers if payee else ())
        for series in _series(workers):
            where = next((own[name] for name in series if name in own), None)
            if len(series) >= least and where is not None:
                citation = cite(", ".join(series[:8]), where)
                return found([citation], count=len(series))
    return None


def rental(context: Context, parameters: Parameters) -> Evidence | None:
    """Hashrate is sold at a market where sellers have accounts."""
    return _at_pools(context, parameters, hardware="rental")


def exchange_pool(context: Context, parameters: Parameters) -> Evidence | None:
    """It mines at the pool of an exchange, that knows its customers."""
    return _at_pools(context, parameters)


def several_pools(context: Context, parameters: Parameters) -> Evidence | None:
    """More than one pool, with the same payee: a main one and a reserve."""
    payees = {*context.values("wallet"), *context.values("account")}
    citations = [cite(value, where) for value, where in context.facts("pool")]
    if len(payees) != 1 or len(citations) < parameters.number("pools"):
        return None
    return found(citations, count=len(citations))


def test_net(context: Context, parameters: Parameters) -> Evidence | None:
    """It is paid in coins of a test network, which are worth nothing."""
    prefixes, least = parameters.of("prefixes"), parameters.number("chars")
    citations = [
        cite(value, where)
        for kind in ("wallet", "account")
        for value, where in context.facts(kind)
        if len(value) >= least and value.lower().startswith(prefixes)
    ]
    return found(citations)


def _at_pools(context: Context, parameters: Parameters, hardware: str = "") -> Evidence | None:
    pools = {name.casefold() for name in parameters.of("at")}
    citations = [
        cite(value, where) for value, where in context.facts("pool") if value.casefold() in pools
    ]
    citations += [
        cite(value, where) for value, where in context.facts("hardware") if value == hardware
    ]
    return found(citations, pools=", ".join(citation.what for citation in citations))


def _shared(context: Context) -> Iterator[tuple[str, Where, Payee]]:
    """Wallets of this host that others have too."""
    for value, where in context.facts("wallet"):
        payee = context.sharing.of("wallet", value)
        if payee is not None and len(payee.hosts) > 1:
            yield value, where, payee


def _units_of(context: Context, payee: Payee) -> Iterator[Unit]:
    for host in payee.hosts:
        unit = context.unit_of(host, payee.since_ns[host])
        if unit is not None:
            yield unit


def _apart(units: Iterable[Unit]) -> list[str]:
    """Units none of which holds another one; departments of one unit are that unit."""
    found_at: dict[tuple[str, ...], str] = {}
    for unit in units:
        reach = unit.path.index(unit.name) + 1 if unit.name in unit.path else len(unit.path)
        found_at[unit.path[:reach]] = unit.name
    return [
        name
        for path, name in sorted(found_at.items())
        if not any(path[: len(other)] == other for other in found_at if len(other) < len(path))
    ]


def _series(workers: Iterable[str]) -> list[list[str]]:
    """Names that differ by a number at their end alone, by what stands before it."""
    stems: dict[str, dict[int, str]] = {}
    for name in workers:
        match = _NUMBERED.fullmatch(name)
        if match is not None:
            stems.setdefault(match[1], {})[int(match[2])] = name
    series: list[list[str]] = []
    for numbers in stems.values():
        ordered = sorted(numbers)
        if ordered[-1] - ordered[0] < 2 * len(ordered):  # most are there
            series.append([numbers[number] for number in ordered])
    return sorted(series, key=len, reverse=True)
