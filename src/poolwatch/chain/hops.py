"""What a chain is made of: hops with their proofs, clashes between them, and breaks.

Times are int64 ns UTC; `from_ns` is included, `until_ns` is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from poolwatch.logs.records import Address, End


class Step(StrEnum):
    """What a hop leads to."""

    ADDRESS = "address"  # where the chain begins
    INSIDE = "inside"  # the address behind a translation
    OUTSIDE = "outside"  # the address in front of one
    MACHINE = "machine"  # a MAC address
    PORT = "port"  # of a switch
    ACCOUNT = "account"
    EQUIPMENT = "equipment"  # a row of the asset register
    UNIT = "unit"


class Missing(StrEnum):
    """What would settle a break: a log, or something the notice does not say."""

    LEASE = "lease"
    NEIGHBOUR = "neighbour"
    LOGIN = "login"
    PORT = "port"
    TRANSLATION = "translation"
    SOURCE_PORT = "source_port"
    DESTINATION = "destination"
    PROTOCOL = "protocol"

    @property
    def is_log(self) -> bool:
        """Whether some device wrote it; otherwise whoever sent the notice knows it."""
        return self not in (Missing.SOURCE_PORT, Missing.DESTINATION, Missing.PROTOCOL)


class Why(StrEnum):
    """Why a chain breaks."""

    ABSENT = "absent"  # no log that was given covers that time
    SILENT = "silent"  # the log covers that time and has no such line
    DISPUTED = "disputed"  # logs name several for the same time
    TURNOVER = "turnover"  # it changed hands within the time asked for
    UPLINK = "uplink"  # the port leads to another switch
    VAGUE = "vague"  # several fit what the notice says


class Clash(StrEnum):
    """Records that contradict each other, or that more than one fits."""

    TWO_MACHINES = "two_machines"
    TWO_INSIDE = "two_inside"
    TWO_ACCOUNTS = "two_accounts"
    TWO_PORTS = "two_ports"
    TWO_ROWS = "two_rows"
    TURNOVER = "turnover"
    HOST_NAME = "host_name"
    HELD_TOO = "held_too"  # translated, and leased to a machine as well
    SEEN_OTHERWISE = "seen_otherwise"  # the capture shows another hardware address


@dataclass(frozen=True, slots=True)
class Query:
    """A conversation, as a notice or a finding has it; None: not said."""

    address: Address
    from_ns: int
    until_ns: int
    port: int | None = None
    protocol: int | None = None
    remote: Address | None = None
    remote_port: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """The line that says so."""

    kind: str
    """A kind of record, or `register` or `units` for a row of those tables."""
    file: str
    line: int
    from_ns: int | None = None
    until_ns: int | None = None
    end: End | None = None
    device: str | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """A record near the time asked for: no fact, but a clock may be off by `distance_ns`.

    Below 0 it ended that long before, above 0 it began that long after.
    """

    value: str
    distance_ns: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class Break:
    """Where logs stop: the one log that would settle it, of which device, which minutes."""

    settles: Step
    missing: Missing
    why: Why
    about: str  # the address, address and port, or MAC address to look for
    from_ns: int
    until_ns: int
    device: str | None = None
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """One candidate: what it is, which lines say so, what follows from it.

    `shared_by`: how many candidates there are beside each other, this one included; of an
    account how many machines used it at that time. `details`: what else the lines say, by name.
    """

    step: Step
    value: str
    proofs: tuple[Proof, ...] = ()
    details: dict[str, str] = field(default_factory=dict)
    shared_by: int = 1
    clashes: tuple[Clash, ...] = ()
    breaks: tuple[Break, ...] = ()
    next: tuple[Hop, ...] = ()
    proofs_left_out: int = 0

    def walk(self) -> Iterator[Hop]:
        """This hop and all behind it, in order."""
        yield self
        for hop in self.next:
            yield from hop.walk()


@dataclass(frozen=True, slots=True)
class Trace:
    """A chain: the query, and the tree of hops that begins at its address."""

    query: Query
    root: Hop
    left_out: int = 0  # candidates beyond the bounds

    def breaks(self) -> list[Break]:
        """All breaks, each once."""
        return list(dict.fromkeys(b for hop in self.root.walk() for b in hop.breaks))

    def of(self, step: Step) -> list[Hop]:
        """The hops of a kind."""
        return [hop for hop in self.root.walk() if hop.step is step]
