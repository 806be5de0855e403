"""What all logs together say, asked by address, port, machine or account, and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from poolwatch.logs.records import Address, Attachment, Binding, Coverage, Origin, Translation

Record = Binding | Translation | Attachment
_R = TypeVar("_R", Binding, Translation, Attachment)


class LogBook:
    """Every record that overlaps the time asked for; nothing is chosen among them."""

    def __init__(self, records: Sequence[Record], coverage: Sequence[Coverage]) -> None:
        self._bindings = [r for r in records if isinstance(r, Binding)]
        self._translations = [r for r in records if isinstance(r, Translation)]
        self._attachments = [r for r in records if isinstance(r, Attachment)]
        self._coverage = list(coverage)

    @classmethod
    def of(cls, records: Iterable[Record], coverage: Iterable[Coverage] = ()) -> LogBook:
        """A book of records made elsewhere."""
        return cls(list(records), list(coverage))

    def bindings(self, address: Address, from_ns: int, until_ns: int) -> list[Binding]:
        """Who had an address in [from_ns, until_ns)."""
        return _overlapping(self._bindings, lambda r: r.address == address, from_ns, until_ns)

    def bindings_of_mac(self, mac: int, from_ns: int, until_ns: int) -> list[Binding]:
        """Which addresses a machine had."""
        return _overlapping(self._bindings, lambda r: r.mac == mac, from_ns, until_ns)

    def bindings_of_account(self, account: str, from_ns: int, until_ns: int) -> list[Binding]:
        """Which addresses an account used."""
        return _overlapping(self._bindings, lambda r: r.account == account, from_ns, until_ns)

    def translations_of_outside(
        self,
        address: Address,
        port: int | None,
        protocol: int | None,
        from_ns: int,
        until_ns: int,
    ) -> list[Translation]:
        """What stood behind a public address; None asks for every port or protocol."""

        def fits(r: Translation) -> bool:
            in_ports = port is None or r.outside_low <= port <= r.outside_high
            return r.outside == address and in_ports and _same(r.protocol, protocol)

        return _overlapping(self._translations, fits, from_ns, until_ns)

    def translations_of_inside(
        self,
        address: Address,
        port: int | None,
        protocol: int | None,
        from_ns: int,
        until_ns: int,
    ) -> list[Translation]:
        """As what an inside address went out; None asks for every port or protocol."""

        def fits(r: Translation) -> bool:
            in_ports = port is None or r.inside_low <= port <= r.inside_high
            return r.inside == address and in_ports and _same(r.protocol, protocol)

        return _overlapping(self._translations, fits, from_ns, until_ns)

    def attachments(self, mac: int, from_ns: int, until_ns: int) -> list[Attachment]:
        """At which ports of switches a machine was seen."""
        return _overlapping(self._attachments, lambda r: r.mac == mac, from_ns, until_ns)

    def coverage(self) -> list[Coverage]:
        """What each file can answer for."""
        return list(self._coverage)

    def line(self, origin: Origin) -> str | None:
        """The line a record was read from, for showing; None where it is no longer there."""
        return None


def _same(said: int | None, asked: int | None) -> bool:
    return said is None or asked is None or said == asked


def _overlapping(
    records: list[_R], fits: Callable[[_R], bool], from_ns: int, until_ns: int
) -> list[_R]:
    found = [r for r in records if r.from_ns < until_ns and r.until_ns > from_ns and fits(r)]
    return sorted(found, key=lambda r: (r.from_ns, r.origin.file, r.origin.line))
