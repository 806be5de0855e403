"""What the logs of the network say of a finding's host, at the time of its evidence."""

from __future__ import annotations

import ipaddress

from poolwatch.chain.hops import Break, Hop, Query, Step, Trace
from poolwatch.chain.trace import Tracer, is_private
from poolwatch.inventory.register import Standing
from poolwatch.terms import Finding, LoggedIdentity, LogNeed


def identify(finding: Finding, tracer: Tracer) -> None:
    """Add what logs and the asset register say of the host; every candidate, none chosen."""
    query = _query(finding)
    from_outside = finding.vantage == "outside" or not is_private(query.address)
    trace = tracer.inwards(query) if from_outside else tracer.outwards(query)
    finding.logged = _identity(trace)
    if tracer.has_register:
        finding.equipment = _standing(trace)
    if len(finding.logged.macs) == 1 and not finding.logged.clashes:
        finding.unknown = [entry for entry in finding.unknown if entry[0] != "machine"]


def _query(finding: Finding) -> Query:
    """The conversation the finding rests on, as a question to logs."""
    session = finding.best
    hit = session.hit
    ends = [session.miner, session.pool_end]
    if ends[0].address != finding.host:
        ends.reverse()
    first_ns = hit.seen_first_ns or hit.first_ns
    last_ns = max(hit.seen_last_ns or hit.last_ns, first_ns)
    return Query(
        ipaddress.ip_address(ends[0].address),
        first_ns,
        last_ns + 1,
        ends[0].port or None,
        hit.key.protocol,
        ipaddress.ip_address(ends[1].address),
        ends[1].port or None,
    )


def _identity(trace: Trace) -> LoggedIdentity:
    machines = trace.of(Step.MACHINE)
    names = (hop.details.get("host_name") for hop in machines)
    return LoggedIdentity(
        _values(machines),
        tuple(dict.fromkeys(name for name in names if name)),
        _values([hop for hop in trace.of(Step.PORT) if "uplink" not in hop.details]),
        _values(trace.of(Step.ACCOUNT)),
        _values(trace.of(Step.INSIDE)),
        _values(trace.of(Step.OUTSIDE)),
        tuple(dict.fromkeys(clash.value for hop in trace.root.walk() for clash in hop.clashes)),
        tuple(map(_need, trace.breaks())),
    )


def _values(hops: list[Hop]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hop.value for hop in hops))


def _need(broken: Break) -> LogNeed:
    return LogNeed(
        broken.missing.value,
        broken.device,
        broken.about,
        broken.from_ns,
        broken.until_ns,
        broken.why.value,
    )


def _standing(trace: Trace) -> str:
    """How the host stands to the register, where all candidates stand alike."""
    found = {hop.value for hop in trace.of(Step.EQUIPMENT)}
    return found.pop() if len(found) == 1 else Standing.UNKNOWN.value
