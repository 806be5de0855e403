"""Suricata rules: names in DNS, TLS and HTTP, addresses and ports, and needles as patterns.

A rule says what was seen, never that somebody mines: its metadata has the highest grade that
poolwatch itself would give for that alone (`poolwatch_at_most`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from poolwatch.catalog.exports.needle_patterns import (
    Inexpressible,
    longest_word,
    needle_pattern,
)
from poolwatch.catalog.exports.selection import SID_COUNT, SID_FIRST, NamedPool, Selection
from poolwatch.catalog.exports.text import comment, plain, word
from poolwatch.catalog.rows import EndpointRow, NeedleRow, PoolRow, PrefixRow

_WEB = "[80,443,8443]"
_NOT_WEB = "![80,443,8443]"
_LIMIT = "threshold:type limit, track by_src, count 1, seconds 3600"
_CLASSES = {"noted": "misc-activity", "suspected": "coin-mining", "probable": "coin-mining"}


def lines(chosen: Selection, version: str) -> Iterator[str]:
    """The rules, each below a comment with its row."""
    others: Counter[str] = Counter()
    patterns = list(_patterns(chosen, others))
    for sentence in (
        *chosen.head("Suricata rules", version),
        f"Rule numbers (sid) lie in {SID_FIRST}-{SID_FIRST + SID_COUNT - 1}, within the range for",
        "local use, and are made of the row's id: a row keeps its number. rev is the row's date.",
        "An alert says what was seen; metadata has the highest grade poolwatch would give for it",
        "alone (poolwatch_at_most). Nothing here proves mining.",
        *chosen.tail(others),
    ):
        yield f"# {comment(sentence)}"
    for pool in chosen.pools:
        yield from _about(pool.id, pool.row)
        yield from _name_rules(pool, chosen.sids)
    for endpoint in chosen.endpoints:
        yield from _address_rule(endpoint, chosen.sids)
    for prefix in chosen.prefixes:
        yield from _network_rule(prefix, chosen.sids)
    for row, pattern in patterns:
        yield from _needle_rule(row, pattern, chosen.sids)


# -- names -----------------------------------------------------------------------------------


def _name_rules(pool: NamedPool, sids: dict[str, int]) -> Iterator[str]:
    """A lookup, then TLS and HTTP. Where pages may live too, TLS to a port of the web is noted,
    and so is HTTP to any port.
    """
    row = pool.row
    yield _name_rule(pool, sids, "dns", "dns", "lookup of a pool's name", "noted")
    known = row.use == "stratum" and not row.nursery
    tls = "TLS asks for a pool's name"
    if row.use == "any" and not row.nursery:
        yield _name_rule(pool, sids, "tls", "tls", tls, "suspected", _NOT_WEB)
        yield _name_rule(pool, sids, "tls-web", "tls", tls, "noted", _WEB)
    else:
        yield _name_rule(pool, sids, "tls", "tls", tls, "suspected" if known else "noted")
    http = "HTTP asks for a pool's name"
    yield _name_rule(pool, sids, "host", "http", http, "suspected" if known else "noted")


def _name_rule(
    pool: NamedPool,
    sids: dict[str, int],
    kind: str,
    protocol: str,
    seen: str,
    most: str,
    port: str = "any",
) -> str:
    buffer = {"dns": "dns.query", "tls": "tls.sni", "http": "http.host"}[protocol]
    nocase = "" if protocol == "http" else " nocase;"  # Suricata lowers Host itself
    options = [] if protocol == "dns" else ["flow:established,to_server"]
    options += [buffer, "dotprefix", f'content:".{pool.name}";{nocase} endswith']
    options += [f'content:!".{name}";{nocase} endswith' for name in pool.excepted]
    to = "any" if protocol == "dns" else "$EXTERNAL_NET"
    return _rule(
        f"alert {protocol} $HOME_NET any -> {to} {port}",
        f"{seen}: {pool.name}, {pool.row.pool}",
        options,
        sids[f"{pool.id}/{kind}"],
        pool.row,
        most,
    )


# -- addresses -------------------------------------------------------------------------------


def _address_rule(row: EndpointRow, sids: dict[str, int]) -> Iterator[str]:
    name = f"endpoint:{row.address}:{row.port}"
    yield from _about(name, row)
    most = "suspected" if row.use == "stratum" and not row.nursery else "noted"
    yield _rule(
        f"alert tcp $HOME_NET any -> {row.address} {row.port or 'any'}",
        f"data to a pool's address: {row.address} {row.port}, {row.pool}",
        ["flow:established,to_server", "dsize:>0"],
        sids[name],
        row,
        most,
    )


def _network_rule(row: PrefixRow, sids: dict[str, int]) -> Iterator[str]:
    name = f"prefix:{row.network}"
    yield from _about(name, row)
    yield _rule(
        f"alert tcp $HOME_NET any -> {row.network} any",
        f"data to a pool's network: {row.network}, {row.pool}",
        ["flow:established,to_server", "dsize:>0"],
        sids[name],
        row,
        "noted",
    )


# -- needles ---------------------------------------------------------------------------------


def _patterns(chosen: Selection, others: Counter[str]) -> Iterator[tuple[NeedleRow, str]]:
    """The needles that a rule can look for. Those that prove nothing alone are none."""
    for row in chosen.needles:
        if row.strength != "safe":
            others["needles that prove nothing alone"] += 1
            continue
        if row.carrier in ("frames", "websocket"):  # binary, masked or packed on the wire
            others["needles of messages that do not travel as text"] += 1
            continue
        try:
            yield row, needle_pattern(row)
        except Inexpressible:
            others["needles that no pattern says without saying more"] += 1


def _needle_rule(row: NeedleRow, pattern: str, sids: dict[str, int]) -> Iterator[str]:
    """A packet, or HTTP body, that begins with the message."""
    yield from _about(row.id, row)
    miner = row.speaker == "miner"
    header = "$HOME_NET any -> any any" if miner else "any any -> $HOME_NET any"
    options = ["flow:established"]
    if row.carrier == "http":
        options = [f"flow:established,{'to_server' if miner else 'to_client'}"]
        options.append("http.request_body" if miner else "http.response_body")
    options += [f'content:"{longest_word(row)}"; nocase', f'pcre:"/{pattern}/"']
    yield _rule(
        f"alert {'http' if row.carrier == 'http' else 'tcp-pkt'} {header}",
        f"a {row.speaker}'s message: {row.method or row.id}, {row.dialect}",
        options,
        sids[row.id],
        row,
        "probable",
    )


# -- rules -----------------------------------------------------------------------------------

AnyRow = PoolRow | EndpointRow | PrefixRow | NeedleRow


def _about(name: str, row: AnyRow) -> Iterator[str]:
    yield f"# {comment(f'{name}; {row.sources}; {row.date}')}"


def _rule(head: str, seen: str, options: list[str], sid: int, row: AnyRow, most: str) -> str:
    """One rule. Only `seen` and metadata come from text of rows, stripped to plain words."""
    doubt = ", by one source alone" if row.nursery else ""
    metadata = f"poolwatch_at_most {most}, poolwatch_date {word(str(row.date))}"
    parts = [
        f'msg:"{plain(f"poolwatch {seen}{doubt}")}"',
        *options,
        _LIMIT,
        f"classtype:{_CLASSES[most]}",
        f"metadata:{metadata}",
        f"sid:{sid}",
        f"rev:{row.date:%Y%m%d}",
    ]
    return f"{head} ({'; '.join(parts)};)"
