"""What all logs together say, asked by address, port, machine or account, and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from poolwatch.layouts import LogBit
from poolwatch.logs.fields import address_at, position_of
from poolwatch.logs.index import Index, address_keys, levels_of, port_entries, port_key
from poolwatch.logs.mapping import Mapping
from poolwatch.logs.notes import Notes
from poolwatch.logs.records import (
    Address,
    Attachment,
    Binding,
    Coverage,
    End,
    Origin,
    Translation,
)
from poolwatch.logs.tables import KINDS, WIDE, Tables, tables_of

Record = Binding | Translation | Attachment
ENDS = tuple(End)
_R = TypeVar("_R", Binding, Translation, Attachment)


class LogBook:
    """Every record that overlaps the time asked for; nothing is chosen among them.

    Records come in the order of their beginning, then file and line. Times asked for are
    [from_ns, until_ns) in ns UTC; equal ones ask for that moment.
    """

    def __init__(
        self,
        tables: Tables,
        attachments: Iterable[Attachment] = (),
        coverage: Sequence[Coverage] = (),
        notes: Notes | None = None,
        mappings: Sequence[Mapping] = (),
        read_line: Callable[[Origin], str | None] | None = None,
    ) -> None:
        self.notes = notes or Notes()
        self._tables = tables
        self._coverage = list(coverage)
        self._mappings = tuple(mappings)
        self._read_line = read_line
        self._attachments: dict[int, list[Attachment]] = {}
        for attachment in attachments:
            self._attachments.setdefault(attachment.mac, []).append(attachment)
        self._rows = tables.bindings.array
        self._sessions = tables.translations.array

    @classmethod
    def of(cls, records: Iterable[Record], coverage: Sequence[Coverage] = ()) -> LogBook:
        """A book of records made elsewhere."""
        listed = list(records)
        bindings = [one for one in listed if isinstance(one, Binding)]
        translations = [one for one in listed if isinstance(one, Translation)]
        attachments = [one for one in listed if isinstance(one, Attachment)]
        return cls(tables_of(bindings, translations), attachments, coverage)

    def bindings(self, address: Address, from_ns: int, until_ns: int) -> list[Binding]:
        """Who had an address."""
        code = self._tables.codes.find(position_of(address))
        return self._found(self.by_address, code, from_ns, until_ns) if code else []

    def bindings_of_mac(self, mac: int, from_ns: int, until_ns: int) -> list[Binding]:
        """Which addresses a machine had."""
        return self._found(self._by_mac, mac, from_ns, until_ns) if mac else []

    def bindings_of_account(self, account: str, from_ns: int, until_ns: int) -> list[Binding]:
        """Which addresses an account used."""
        found: list[Binding] = []
        for text in self._texts_of_account.get(account, ()):
            found += self._found(self._by_account, text, from_ns, until_ns)
        return _in_order(found)

    def translations_of_outside(
        self,
        address: Address,
        port: int | None,
        protocol: int | None,
        from_ns: int,
        until_ns: int,
    ) -> list[Translation]:
        """What stood behind a public address; None asks for every port or protocol."""
        computed: list[Translation] = []
        for mapping in self._mappings:
            if port is None:
                computed += mapping.all_of_outside(address)
            elif one := mapping.of_outside(address, port):
                computed.append(one)
        index, levels = self.by_outside
        rows = self._of_ports(index, levels, address, port, from_ns, until_ns)
        return self._translated(rows, computed, protocol, from_ns, until_ns)

    def translations_of_inside(
        self,
        address: Address,
        port: int | None,
        protocol: int | None,
        from_ns: int,
        until_ns: int,
    ) -> list[Translation]:
        """As what an inside address went out; None asks for every port or protocol."""
        found = (mapping.of_inside(address) for mapping in self._mappings)
        computed = [one for one in found if one]
        index, levels = self.by_inside
        rows = self._of_ports(index, levels, address, port, from_ns, until_ns)
        return self._translated(rows, computed, protocol, from_ns, until_ns)

    def bindings_at(self, hi: Any, lo: Any, ts_ns: Any) -> tuple[Any, Any]:
        """Of addresses at times the row that began last, -1 for none, and how many hold.

        Addresses are two arrays of uint64, IPv4 in its v4-mapped form. `binding` gives the record.
        """
        from poolwatch.kernels.logfind import find_bindings

        index = self.by_address
        found, counts = np.empty((2, len(hi)), np.int64)
        times = np.ascontiguousarray(ts_ns, np.int64)
        codes = self._codes(hi, lo)
        find_bindings(self._rows, index.keys, index.rows, index.tops, codes, times, found, counts)
        return found, counts

    def translations_at(
        self, hi: Any, lo: Any, port: Any, protocol: Any, ts_ns: Any, *, inside: bool = False
    ) -> tuple[Any, Any]:
        """The same of outside (or inside) addresses and ports; a protocol of -1 asks for any.

        What is computed from a deterministic mapping is not among them.
        """
        from poolwatch.kernels.logfind import find_translations

        index, levels = self.by_inside if inside else self.by_outside
        found, counts = np.empty((2, len(hi)), np.int64)
        find_translations(
            self._sessions,
            index.keys,
            index.rows,
            index.tops,
            np.array(levels, np.int64),
            self._codes(hi, lo),
            np.ascontiguousarray(port, np.int64),
            np.ascontiguousarray(protocol, np.int64),
            np.ascontiguousarray(ts_ns, np.int64),
            found,
            counts,
        )
        return found, counts

    def _codes(self, hi: Any, lo: Any) -> Any:
        codes = (np.asarray(lo, np.uint64) & np.uint64(0xFFFF_FFFF)).copy()
        mapped = (np.asarray(hi) == 0) & (np.asarray(lo) >> np.uint64(32) == np.uint64(0xFFFF))
        for place in np.flatnonzero(~mapped | (codes == 0) | (codes >= WIDE)):
            position = int(hi[place]) << 64 | int(lo[place])
            codes[place] = self._tables.codes.find(position)
        return codes

    def ready(self) -> None:
        """Sort everything now that lookups would sort when first asked."""
        for index in (self.by_address, self._by_mac, self.by_outside[0], self.by_inside[0]):
            len(index.tops)

    def attachments(self, mac: int, from_ns: int, until_ns: int) -> list[Attachment]:
        """At which ports of switches a machine was seen."""
        until_ns = max(until_ns, from_ns + 1)
        seen = self._attachments.get(mac, [])
        return _in_order([one for one in seen if _overlaps(one, from_ns, until_ns)])

    def records(self) -> Iterator[Record]:
        """All there are, each kind in the order it was read in."""
        yield from map(self.binding, range(len(self._rows)))
        yield from map(self.translation, range(len(self._sessions)))
        for seen in self._attachments.values():
            yield from seen

    def coverage(self) -> list[Coverage]:
        """What each file can answer for."""
        return list(self._coverage)

    def line(self, origin: Origin) -> str | None:
        """The line a record was read from, for showing; None where it is no longer there."""
        return self._read_line(origin) if self._read_line else None

    def counts(self) -> dict[str, int]:
        """What there is and what was not read, for the stats."""
        return {
            "log_files": len(self._coverage),
            "log_bindings": len(self._rows),
            "log_translations": len(self._sessions),
            "log_attachments": sum(map(len, self._attachments.values())),
            "log_unread": sum(one.unread for one in self._coverage),
            "log_notes_left_out": self.notes.left_out,
        }

    def binding(self, row: int) -> Binding:
        """The record of a row of `bindings_at`."""
        values = self._rows[row]
        host_name, account, device_port = self._tables.texts[values["text"]]
        return Binding(
            kind=KINDS[values["kind"]],
            address=address_at(self._tables.codes.position(int(values["address"]))),
            from_ns=int(values["from_ns"]),
            until_ns=int(values["until_ns"]),
            end=ENDS[values["end"]],
            origin=self._origin(values),
            mac=int(values["mac"]) or None,
            host_name=host_name,
            account=account,
            device_port=device_port,
            begin_said=not values["bits"] & LogBit.NO_START,
        )

    def translation(self, row: int) -> Translation:
        """The record of a row of `translations_at`."""
        values = self._sessions[row]
        position = self._tables.codes.position
        remote = int(values["remote"])
        protocol = int(values["protocol"])
        return Translation(
            protocol=None if protocol < 0 else protocol,
            inside=address_at(position(int(values["inside"]))),
            inside_low=int(values["inside_low"]),
            inside_high=int(values["inside_high"]),
            outside=address_at(position(int(values["outside"]))),
            outside_low=int(values["outside_low"]),
            outside_high=int(values["outside_high"]),
            from_ns=int(values["from_ns"]),
            until_ns=int(values["until_ns"]),
            end=ENDS[values["end"]],
            origin=self._origin(values),
            remote=address_at(position(remote)) if remote else None,
            remote_port=int(values["remote_port"]) if remote else None,
            begin_said=not values["bits"] & LogBit.NO_START,
        )

    def _origin(self, values: Any) -> Origin:
        source, device, _, _ = self._tables.groups[values["group"]]
        return Origin(source, self._tables.files[values["file"]], int(values["line"]), device)

    def _found(self, index: Index, key: int, from_ns: int, until_ns: int) -> list[Binding]:
        rows = index.overlapping(key, key, from_ns, max(until_ns, from_ns + 1))
        return _in_order([self.binding(int(row)) for row in rows])

    def _of_ports(
        self,
        index: Index,
        levels: tuple[int, ...],
        address: Address,
        port: int | None,
        from_ns: int,
        until_ns: int,
    ) -> Any:
        code = self._tables.codes.find(position_of(address))
        if not code:
            return []
        until_ns = max(until_ns, from_ns + 1)
        if port is None:
            return np.unique(index.overlapping(*address_keys(code), from_ns, until_ns))
        keys = [port_key(code, level, port >> level) for level in levels]
        rows = [index.overlapping(key, key, from_ns, until_ns) for key in keys]
        return np.concatenate(rows) if rows else []

    def _translated(
        self,
        rows: Any,
        computed: list[Translation],
        protocol: int | None,
        from_ns: int,
        until_ns: int,
    ) -> list[Translation]:
        until_ns = max(until_ns, from_ns + 1)
        found = [one for one in computed if _overlaps(one, from_ns, until_ns)]
        found += [self.translation(int(row)) for row in rows]
        return _in_order([one for one in found if _same(one.protocol, protocol)])

    @cached_property
    def by_address(self) -> Index:
        """Bindings by the code of their address."""
        return self._binding_index("address")

    @cached_property
    def _by_mac(self) -> Index:
        return self._binding_index("mac")

    @cached_property
    def _by_account(self) -> Index:
        return self._binding_index("text")

    @cached_property
    def _texts_of_account(self) -> dict[str, list[int]]:
        texts: dict[str, list[int]] = {}
        for number, (_, account, _) in enumerate(self._tables.texts):
            if account:
                texts.setdefault(account, []).append(number)
        return texts

    @cached_property
    def by_outside(self) -> tuple[Index, tuple[int, ...]]:
        """Translations by what is outside, and the sizes of their blocks of ports."""
        return self._port_index("outside")

    @cached_property
    def by_inside(self) -> tuple[Index, tuple[int, ...]]:
        """The same by what is inside."""
        return self._port_index("inside")

    def _binding_index(self, column: str) -> Index:
        keys = self._rows[column].astype(np.uint64)
        numbers = np.flatnonzero(keys).astype(np.uint32)
        return Index(keys[numbers], numbers, self._rows["from_ns"], self._rows["until_ns"])

    def _port_index(self, side: str) -> tuple[Index, tuple[int, ...]]:
        rows = self._sessions
        keys, numbers = port_entries(rows[side], rows[f"{side}_low"], rows[f"{side}_high"])
        index = Index(keys, numbers, rows["from_ns"], rows["until_ns"])
        return index, levels_of(index.keys)


def _same(said: int | None, asked: int | None) -> bool:
    return said is None or asked is None or said == asked


def _overlaps(record: Record, from_ns: int, until_ns: int) -> bool:
    return record.from_ns < until_ns and record.until_ns > from_ns


def _in_order(records: list[_R]) -> list[_R]:
    return sorted(records, key=lambda r: (r.from_ns, r.origin.file, r.origin.line))
