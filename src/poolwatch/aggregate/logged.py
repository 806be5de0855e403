"""What the logs of the network say of a finding's host, at the time of its evidence."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from poolwatch.chain.hops import Break, Clash, Hop, Query, Step, Trace
from poolwatch.chain.trace import Tracer, is_private
from poolwatch.inventory.macs import mac_text, read_mac
from poolwatch.inventory.register import Standing
from poolwatch.terms import Finding, LoggedIdentity, LogNeed


def identify(finding: Finding, tracer: Tracer) -> None:
    """Add what logs and the asset register say of the host; every candidate, none chosen."""
    query = _query(finding)
    from_outside = finding.vantage == "outside" or not is_private(query.address)
    trace = tracer.inwards(query) if from_outside else tracer.outwards(query)
    finding.logged = _identity(trace)
    seen = _seen_mac(finding)
    if finding.logged.macs and seen is not None and mac_text(seen) not in finding.logged.macs:
        clashes = (*finding.logged.clashes, Clash.SEEN_OTHERWISE.value)
        finding.logged = replace(finding.logged, clashes=clashes)
    elif tracer.has_register:
        finding.equipment = _standing(trace) if finding.logged.macs else tracer.standing(seen)
    if tracer.has_register and finding.equipment is None:
        finding.equipment = Standing.UNKNOWN.value
    if len(finding.logged.macs) == 1 and not finding.logged.clashes:
        finding.unknown = [entry for entry in finding.unknown if entry[0] != "machine"]


def _seen_mac(finding: Finding) -> int | None:
    """The hardware address the capture shows of the host itself; None where it is a gateway's."""
    identity = finding.identity
    if finding.vantage == "outside" or identity is None or identity.mac is None:
        return None
    return None if identity.gateway else read_mac(identity.mac)


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
