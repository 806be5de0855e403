"""What is to be explained: the subjects that IDs stand for, among findings and flows."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from poolwatch.errors import UsageError
from poolwatch.explain.facts import Coverage, Finding, Flow, Subject
from poolwatch.terms import Role

LISTED = 1000
"""Findings listed to choose from."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: a number (of a finding or a flow), or a host."""

    text: str
    number: int | None
    host: str | None


def wanted(text: str) -> Wanted:
    """An ID of the command line. Raises UsageError."""
    if text.isascii() and text.isdecimal() and len(text) <= 20:
        return Wanted(text, int(text), None)
    try:
        return Wanted(text, None, str(ipaddress.ip_address(text)))
    except ValueError:
        raise UsageError(
            f"{text}: neither the number of a finding or flow nor an address",
            "leave the ID out to see what can be explained",
        ) from None


@dataclass(slots=True)
class Found:
    """Subjects, in the order in which they were asked for, and what else there is."""

    subjects: list[Subject] = field(default_factory=list)
    choice: list[Finding] = field(default_factory=list)  # findings there are, when none was named
    more: int = 0  # of them
    unknown: list[str] = field(default_factory=list)  # IDs that are not there


def put_together(
    ids: list[Wanted],
    findings: list[Finding],
    flows: dict[object, Flow],
    coverage: Coverage | None,
    more: int,
) -> Found:
    """The subjects of these ids; without any that of the only finding, or a choice."""
    if not ids:
        if len(findings) == 1 and not more:
            return Found([_of_finding(findings[0], flows, coverage)])
        return Found(choice=findings[:LISTED], more=more)
    found = Found()
    for one in ids:
        matching = [finding for finding in findings if is_wanted(finding, [one])]
        if matching:
            found.subjects += [_of_finding(finding, flows, coverage) for finding in matching]
        elif one.number is not None and one.number in flows:
            found.subjects.append(_of_flow(flows[one.number], findings, coverage))
        elif one.host:
            own = [f for f in flows.values() if one.host in (f.miner[0], f.pool_end[0])]
            found.subjects += [_of_flow(flow, findings, coverage) for flow in own]
            found.unknown += [] if own else [one.text]
        else:
            found.unknown.append(one.text)
    return found


def is_wanted(finding: Finding, ids: list[Wanted]) -> bool:
    """Whether one of these ids stands for a finding."""
    return any(
        (one.number is not None and one.number == finding.finding_id)
        or (one.host is not None and one.host == finding.host)
        for one in ids
    )


def _of_finding(finding: Finding, flows: dict[object, Flow], coverage: Coverage | None) -> Subject:
    own = [flow for number in finding.flows if (flow := flows.get(number)) is not None]
    own.sort(key=lambda flow: _order(finding, flow))
    more = max(finding.sessions, len(finding.flows)) - len(own)
    return Subject(finding.host, finding, tuple(own), coverage, max(more, 0))


def _order(finding: Finding, flow: Flow) -> tuple[bool, int, int, bool, int, int]:
    """What the judgement rests on first: a conversation in the host's own role."""
    role = Role.MINER if finding.role is Role.RELAY else finding.role
    as_pool = flow.pool_end[0] == finding.host
    fits = (
        as_pool
        if role is Role.POOL
        else flow.role is role and not (role is Role.MINER and flow.miner[0] != finding.host)
    )
    grade, stage, not_refused, accepted = flow.weight
    return not fits, -grade, -stage, not not_refused, -accepted, flow.first_us or 0


def _of_flow(flow: Flow, findings: list[Finding], coverage: Coverage | None) -> Subject:
    """A conversation alone; its host is that of the finding that rests on it."""
    hosts = [f.host for f in findings if flow.flow_id in f.flows and f.role is flow.role]
    other = flow.pool_end[0] if flow.role in (Role.POOL, Role.TARGET) else flow.miner[0]
    return Subject(hosts[0] if hosts else other, None, (flow,), coverage)
