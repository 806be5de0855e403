"""Fills in why a finding's host may mine: grounds for and against each cause, and what follows."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, NamedTuple

from poolwatch.aggregate.cause.checkers import CHECKERS
from poolwatch.aggregate.cause.context import Context
from poolwatch.aggregate.cause.sharing import Sharing
from poolwatch.catalog.grounds import sentence_of
from poolwatch.settings import Limits
from poolwatch.terms import Companions, Finding, Grade, Ground, Role, Session

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.inventory.exemptions import Exemptions
    from poolwatch.inventory.units import UnitTable

UNDETERMINED = "undetermined"
CAUSES = ("deliberate", "malware", "research")
_NOTHING = Companions()


class _Tables(NamedTuple):
    catalog: Catalog
    units: UnitTable | None
    exemptions: Exemptions | None
    zone: zoneinfo.ZoneInfo


class Ranker:
    """Ranks the grounds of findings; knows which hosts of the run share a payee."""

    def __init__(
        self,
        catalog: Catalog,
        limits: Limits | None = None,
        *,
        units: UnitTable | None = None,
        exemptions: Exemptions | None = None,
        zone: str = "UTC",
    ) -> None:
        limits = limits or Limits()
        self.sharing = Sharing(limits.cause_payees, limits.cause_payee_hosts)
        self._tables = _Tables(catalog, units, exemptions, zoneinfo.ZoneInfo(zone))

    def use(
        self,
        catalog: Catalog,
        *,
        units: UnitTable | None,
        exemptions: Exemptions | None,
        zone: str,
    ) -> None:
        """Go by other tables from now on. Any thread may call it."""
        self._tables = _Tables(catalog, units, exemptions, zoneinfo.ZoneInfo(zone))

    def note(self, session: Session) -> None:
        """Take a conversation into account, of whichever host."""
        self.sharing.note(session)

    def fill(self, finding: Finding, window_ns: tuple[int, int] | None = None) -> None:
        """Add grounds and cause to the finding of a host inside that acts as a miner.

        `window_ns`: the time that was looked at, if it is known.
        """
        fitting = finding.role in (Role.MINER, Role.RELAY) and finding.grade > Grade.NOTED
        if not fitting or finding.traces is None or not finding.inside:
            return
        tables = self._tables
        context = Context(
            finding=finding,
            traces=finding.traces,
            companions=finding.companions or _NOTHING,
            catalog=tables.catalog,
            sharing=self.sharing,
            greeting_ns=finding.first_greeting_ns,
            window_ns=window_ns,
            zone=tables.zone,
            units=tables.units,
            exemptions=tables.exemptions,
        )
        finding.grounds = grounds_of(context)
        finding.cause = UNDETERMINED
        if holds_many(finding):
            finding.unknown = [*finding.unknown, ("cause", "machine_behind_address")]
        elif finding.grade >= Grade.PROBABLE:
            finding.cause = cause_of(finding.grounds)


def grounds_of(context: Context) -> list[Ground]:
    """Every ground there is, the strongest first, in the order of the rows."""
    grounds: list[Ground] = []
    for rule in context.catalog.grounds.rules:
        evidence = CHECKERS[rule.row.checker](context, rule.parameters)
        if evidence is not None:
            row = rule.row
            grounds.append(
                Ground(
                    id=row.id,
                    cause=row.cause,
                    favours=row.direction == "for",
                    rank=row.rank,
                    citations=evidence.citations,
                    fields=tuple(sorted(evidence.fields.items())),
                    sentence=sentence_of(row, "en", evidence.fields),
                )
            )
    return grounds


def cause_of(grounds: list[Ground]) -> str:
    """The cause that grounds name, else `undetermined`. They are never added up.

    A cause is named when a strong ground speaks for it, none that is strong or leaning speaks
    against it, and none that is strong or leaning speaks for another. What is on the exemption
    register was begun on purpose, so there grounds for `deliberate` do not count as for another.
    """
    telling = [ground for ground in grounds if ground.rank != "weak"]
    strong = {ground.cause for ground in telling if ground.favours and ground.rank == "strong"}
    favoured = {ground.cause for ground in telling if ground.favours}
    opposed = {ground.cause for ground in telling if not ground.favours}
    if "research" in strong:
        favoured.discard("deliberate")
    if len(favoured) != 1:
        return UNDETERMINED
    (cause,) = favoured
    return cause if cause in strong and cause not in opposed else UNDETERMINED


def holds_many(finding: Finding) -> bool:
    """Whether several machines of several owners may stand behind the address.

    At an exit always; else where there are several payees, and more than one machine was counted
    or what mines is of more than one kind.
    """
    if finding.vantage == "outside":
        return True
    if len(finding.wallets) + len(finding.accounts) < 2:
        return False
    facts = finding.traces.facts if finding.traces is not None else {}
    classes = sum(kind == "hardware" for kind, _ in facts)
    counted = finding.rigs is not None and finding.rigs.low > 1
    return counted or classes > 1 or len(finding.dialects) > 1
