"""How sure it was what had no room any more: so a finding does not go down for want of room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from poolwatch.aggregate.standing import Standing
from poolwatch.terms import Grade, Stage

Key = str | int
"""A host whose settled conversations were given up, or the flow of one that goes on."""


class GivenUp(NamedTuple):
    """What was known of a host, and had no room any more."""

    grade: Grade
    stage: Stage


class Remains:
    """What was given up, by key and by host; `most` keys, the least sure are forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._hosts: dict[Key, tuple[str, ...]] = {}
        self._of: dict[str, dict[Key, GivenUp]] = {}
        self._standing = Standing[Key]()

    def put(self, key: Key, hosts: Iterable[str], left: GivenUp) -> None:
        """Something about hosts was given up; of the same key the surer is kept."""
        hosts = tuple(hosts)
        for host in (*self._hosts.get(key, ()), *hosts):
            left = max(self._of.get(host, {}).get(key, left), left)
        self.drop(key)
        self._hosts[key] = hosts
        self._standing.note(key, left.grade)
        for host in hosts:
            self._of.setdefault(host, {})[key] = left
        if len(self._hosts) > self._most and (least := self._standing.least()):
            self.drop(least[1])

    def drop(self, key: Key) -> set[str]:
        """Something newer is known of a key; the hosts it was about."""
        hosts = set(self._hosts.pop(key, ()))
        self._standing.forget(key)
        for host in hosts:
            left = self._of[host]
            del left[key]
            if not left:
                del self._of[host]
        return hosts

    def of_host(self, host: str) -> GivenUp | None:
        """The surest that was given up of a host; None: nothing."""
        return max(self._of.get(host, {}).values(), default=None)
