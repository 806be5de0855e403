"""What a host's conversations show together: which are of one machine, which are not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from poolwatch.aggregate.rigs import clocks, counters
from poolwatch.aggregate.rigs.sitting import SILENT_PROXY, Sitting, most_at_once, once_each

_NS = 1_000_000_000
_HASTY_NS = 2 * _NS  # a share, throughout ...
_HASTY_SHARES = 60  # ... so many: while a difficulty is being found, they come faster
_FEE = 0.1  # part of shares and of time up to which an account is the fee to a developer


class Union:
    """Places joined into classes."""

    __slots__ = ("_above",)

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def find(self, place: int) -> int:
        """The class a place is in, by one of its members."""
        while self._above[place] != place:
            self._above[place] = place = self._above[self._above[place]]
        return place

    def join(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Make one class of the classes of each pair."""
        for one, other in pairs:
            self._above[self.find(other)] = self.find(one)


@dataclass
class Evidence:
    """A host's conversations as a miner, in order; `clients`: those in which it served others."""

    sittings: Sequence[Sitting]
    clients: Sequence[Sitting] = ()
    left_out: int = 0  # conversations beyond a bound
    at_exit: bool = False  # the address is that of a translating device
    groups: dict[Hashable, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.sittings = _named_where_clear(once_each(list(self.sittings)))
        self.groups = defaultdict(list)
        for place, one in enumerate(self.sittings):
            self.groups[one.account].append(place)

    @cached_property
    def by_clock(self) -> list[tuple[int, int]]:
        """Pairs, by place, with the same clock."""
        return clocks.alike([one.clock for one in self.sittings])

    @cached_property
    def kept_clocks(self) -> dict[int, int]:
        """Of each conversation whose clock came back in another one: its class."""
        classes = Union(len(self.sittings))
        classes.join(self.by_clock)
        ports = defaultdict(set)
        for place, one in enumerate(self.sittings):
            if one.clock is not None:
                ports[classes.find(place)].add(one.miner.port)
        return {
            place: classes.find(place)
            for place, one in enumerate(self.sittings)
            if one.clock is not None and len(ports[classes.find(place)]) > 1
        }

    @cached_property
    def by_counter(self) -> tuple[list[tuple[int, int]], set[frozenset[int]]]:
        """Pairs whose packets one counter numbers, and pairs that surely have two."""
        return counters.alike(self.sittings)

    @cached_property
    def machines(self) -> Union:
        """Conversations joined where headers prove one machine."""
        joined = Union(len(self.sittings))
        joined.join(self.by_clock)
        joined.join(self.by_counter[0])
        return joined

    def surely_two(self, one: int, other: int) -> bool:
        """Whether headers prove two machines."""
        first, second = self.kept_clocks.get(one), self.kept_clocks.get(other)
        ends = self.sittings[one].pool_end.address, self.sittings[other].pool_end.address
        clocks_differ = first is not None and second is not None and first != second
        return (clocks_differ and ends[0] == ends[1]) or (
            frozenset((one, other)) in self.by_counter[1]
        )

    @cached_property
    def fees(self) -> set[Hashable]:
        """Accounts that get so little that they are the fee of the others' developers."""
        shares: Counter[Hashable] = Counter()
        lasted: Counter[Hashable] = Counter()
        for account, places in self.groups.items():
            for place in places:
                one = self.sittings[place]
                shares[account] += one.shares
                lasted[account] += max(one.over_ns - one.first_ns, 0)
        if len(shares) < 2:
            return set()
        main = max(shares, key=lambda account: (shares[account], lasted[account]))
        return {
            account
            for account in shares
            if account != main
            and shares[account] <= _FEE * shares[main]
            and lasted[account] <= _FEE * lasted[main]
        }

    @cached_property
    def why_open(self) -> str | None:
        """Why nobody can say how many there are at most; None: they can be counted."""
        if self.clients:
            return "it serves miners"
        if any(SILENT_PROXY.intersection(one.crowd) for one in self.sittings):
            return "a proxy does not name its miners"
        if any(_is_hasty(one) for one in self.sittings):
            return "more shares on one socket than a pool asks of a miner"
        if _may_be_a_proxy([one for one in self.sittings if one.shares] or self.sittings):
            return "its beginning was not seen, it may be a proxy"
        return None


def _may_be_a_proxy(sittings: Sequence[Sitting]) -> bool:
    """Whether there is one socket at a time, and whoever holds it was never heard to open one."""
    if any(one.introduced for one in sittings):
        return False
    spans: list[tuple[int, int, object]] = [
        (*(one.worked or (one.first_ns, one.over_ns)), one.miner) for one in sittings
    ]
    return most_at_once(spans) <= 1


def _is_hasty(one: Sitting) -> bool:
    """Whether shares come faster than pools let one miner send them.

    They set difficulties for a share in 3 s (ckpool, the fastest) to 30 s and more.
    """
    if one.worked is None or one.shares < _HASTY_SHARES:
        return False
    return one.worked[1] - one.worked[0] < one.shares * _HASTY_NS


def _named_where_clear(sittings: list[Sitting]) -> list[Sitting]:
    """Conversations whose login was not seen get the only one there is at their pool."""
    known: dict[tuple[str, int], set[tuple[str, str | None]]] = defaultdict(set)
    for one in sittings:
        if one.account:
            known[one.pool, one.port].add((one.account, one.worker))
    named: list[Sitting] = []
    for one in sittings:
        names = known.get((one.pool, one.port), set())
        accounts = {account for account, _ in names}
        if not one.account and len(accounts) == 1:
            worker = next(iter(names))[1] if len(names) == 1 else None
            one = one._replace(account=next(iter(accounts)), worker=worker)
        named.append(one)
    return named
