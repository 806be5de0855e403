"""What a checker of grounds may ask, and what it answers."""

from __future__ import annotations

import ipaddress
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from poolwatch.aggregate.cause.sharing import Sharing
from poolwatch.terms import Citation, Companions, Finding, Traces, Where, is_public

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.inventory.exemptions import Exemption, Exemptions
    from poolwatch.inventory.units import UnitTable
    from poolwatch.terms import Unit

MOST_CITED = 8
"""Facts cited for one ground; the first ones."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """That a ground is there: the facts it rests on, and the fields of its sentence."""

    citations: tuple[Citation, ...]
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """One finding, and what is known around it."""

    finding: Finding
    traces: Traces
    companions: Companions
    catalog: Catalog
    sharing: Sharing
    greeting_ns: int | None
    window_ns: tuple[int, int] | None = None  # what time was looked at
    zone: zoneinfo.ZoneInfo = field(default_factory=lambda: zoneinfo.ZoneInfo("UTC"))
    units: UnitTable | None = None
    exemptions: Exemptions | None = None

    def facts(self, kind: str) -> Iterator[tuple[str, Where]]:
        """Values of a kind of fact, and where each was seen first."""
        for (one, value), where in self.traces.facts.items():
            if one == kind:
                yield value, where

    def values(self, kind: str) -> list[str]:
        """Values of a kind of fact."""
        return [value for value, _ in self.facts(kind)]

    def is_before_greeting(self, ts_ns: int, within_ns: int) -> bool:
        """Whether a time lies before the first greeting, by no more than that."""
        greeting = self.greeting_ns
        return bool(greeting) and greeting - within_ns <= ts_ns < greeting  # type: ignore[operator]

    def unit_of(self, host: str, ts_ns: int) -> Unit | None:
        """Whose a host was at a time."""
        if self.units is None:
            return None
        address = ipaddress.ip_address(host)
        row = self.units.find(address.version, int(address), ts_ns)
        return row.unit if row else None

    def exempt(self) -> list[Exemption]:
        """Rows of the exemption register that name this host, at any time."""
        if self.exemptions is None:
            return []
        finding = self.finding
        names = finding.unit.path if finding.unit else ()
        mac = finding.identity.mac if finding.identity else None
        return self.exemptions.naming(finding.host, mac, (*names, *_name_of(finding)))

    def cite_flow(self, ns_packet: int, what: str) -> Citation:
        """A fact about what else the host did."""
        return Citation(what, None, ns_packet or None, self.companions.capture)


def cite(what: str, where: Where, source: str | None = None) -> Citation:
    """A fact of a conversation."""
    return Citation(what, where.flow_id, where.packet or None, where.capture, source)


def found(citations: list[Citation], **fields: object) -> Evidence | None:
    """The evidence of some citations; None for none."""
    if not citations:
        return None
    return Evidence(
        tuple(citations[:MOST_CITED]), {name: str(value) for name, value in fields.items()}
    )


def is_outside(address: str) -> bool:
    """Whether an address is a public one."""
    parsed = ipaddress.ip_address(address)
    return is_public((parsed.version, int(parsed)))


def _name_of(finding: Finding) -> tuple[str, ...]:
    return (finding.unit.name,) if finding.unit else ()
