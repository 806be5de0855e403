"""What the names of a flow are worth: pure functions of the hit and the pool table.

A lookup is never more than `noted`. An address learned from DNS is a hint: another name said
in the flow cancels it, and on the ports of the web it counts only beside a name said there, or
to say whose pool it is where a conversation that could be read is graded already.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poolwatch.terms import Grade, Hit, NameSeen, Strength, Via, is_public

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.catalog.rows import PoolRow

WEB_PORTS = frozenset((80, 443, 8443))
SERVICE_PORTS = 1024
"""Below it ports belong to known services: mail, shells, directories."""
_SAID = (Via.SNI, Via.HOST)


@dataclass(frozen=True, slots=True)
class Named:
    """The names that count, and the grade they give together."""

    grade: Grade
    names: tuple[NameSeen, ...]
    pool: PoolRow  # of the name that says most
    side: int  # the client's


def weigh_names(hit: Hit, catalog: Catalog) -> Named | None:
    """What the names of a flow give, None when none of them counts."""
    best: tuple[Grade, NameSeen, PoolRow] | None = None
    counting: list[NameSeen] = []
    for seen in hit.names:
        row = catalog.find_pool(seen.name) if seen.suffix else None
        grade = _grade(seen, row, hit) if row is not None else None
        if grade is None or row is None:
            continue
        counting.append(seen)
        if best is None or (grade, _weight(seen)) > (best[0], _weight(best[1])):
            best = grade, seen, row
    if best is None:
        return None
    return Named(best[0], tuple(counting), best[2], best[1].side)


def _grade(seen: NameSeen, row: PoolRow, hit: Hit) -> Grade | None:
    if seen.via is Via.LOOKUP:
        return Grade.NOTED
    port = _port(seen, hit)
    said = [name for name in hit.names if name.via in _SAID and not _is_address(name.name)]
    if seen.via is Via.ADDRESS:
        if row.ports and str(port) not in row.ports.split():
            return None
        matching = any(_fits(name, seen) for name in said)
        if said and not matching:
            return None
        if port in WEB_PORTS and not matching:
            return Grade.NOTED if _stands_alone(hit) else None
    elif seen.via is Via.CERTIFICATE and any(not name.suffix for name in said):
        return None
    return _use_grade(seen, row, hit, port)


def _port(seen: NameSeen, hit: Hit) -> int:
    """The port behind which the named host listens: of a proxy's flow the one it was asked for."""
    if hit.tunnel is not None:
        return hit.tunnel.port
    return hit.key.a_port if seen.side else hit.key.b_port


def _server(seen: NameSeen, hit: Hit) -> tuple[int, int]:
    return hit.key.version, hit.key.a_address if seen.side else hit.key.b_address


def _use_grade(seen: NameSeen, row: PoolRow, hit: Hit, port: int) -> Grade:
    """What a name is worth by what lives there."""
    if row.nursery or row.use == "web" or (row.use == "any" and port in WEB_PORTS):
        return Grade.NOTED
    if row.use == "any" and seen.via is Via.HOST:
        return Grade.NOTED  # a page, on whatever port; work over HTTP shows in what is said
    if seen.via is Via.ADDRESS and not row.ports and port < SERVICE_PORTS:
        return Grade.NOTED  # the pool's mail, or the shell of its operators
    if not hit.tunnel and not is_public(_server(seen, hit)):
        return Grade.NOTED  # a filter's answer: the name leads to its own block page
    if seen.via is Via.CERTIFICATE and seen.others:
        return Grade.NOTED  # a certificate shared with others is a hint
    return Grade.SUSPECTED if all(hit.payload) else Grade.NOTED


def _stands_alone(hit: Hit) -> bool:
    """Whether what was said is graded without any name, so that one raises nothing more."""
    return Strength.SAFE in hit.strength and not hit.contradictory


def _fits(said: NameSeen, learned: NameSeen) -> bool:
    """Whether the name said in a flow is the one its address was learned by."""
    return (
        said.name == learned.name
        or said.name in learned.others
        or (bool(said.suffix) and said.suffix == learned.suffix)
    )


def _weight(seen: NameSeen) -> int:
    """Of two names of one grade the one said in the flow itself names the pool."""
    order = (Via.LOOKUP, Via.ADDRESS, Via.CERTIFICATE, Via.HOST, Via.SNI)
    return order.index(seen.via)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
