"""Rows of all logs together, as compact as they must be for tens of millions.

Texts are kept once, addresses are 32-bit codes: an IPv4 address is its own code; IPv6, and
the IPv4 addresses that would collide, have numbers from `WIDE` on. 0 stands for none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from poolwatch.layouts import LOG_BINDING, LOG_TRANSLATION, LogAct, LogBit, LogEnd
from poolwatch.logs.fields import MAPPED, position_of
from poolwatch.logs.records import Binding, End, Kind, Origin, Translation
from poolwatch.logs.said import UNKNOWN, BindingSaid, TranslationSaid

WIDE = 0xF000_0000
"""From where on a code is the number of an address; no host has one of 240.0.0.0/4."""
STEP = 1 << 18
PENDING = 4096
KINDS = (Kind.LEASE, Kind.NEIGHBOUR, Kind.LOGIN)
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}


class FullError(Exception):
    """A bound on rows or names is met."""


class Codes:
    """Addresses as codes of 32 bits."""

    def __init__(self) -> None:
        self._wide: dict[int, int] = {}
        self._positions: list[int] = []

    def code(self, position: int) -> int:
        """The code of an address, given if need be."""
        low = position - MAPPED
        if 0 < low < WIDE:
            return low
        code = self._wide.get(position)
        if code is None:
            code = WIDE + len(self._positions)
            if code > 0xFFFF_FFFF:
                raise FullError
            self._wide[position] = code
            self._positions.append(position)
        return code

    def find(self, position: int) -> int:
        """The code of an address; 0 where no row has it."""
        low = position - MAPPED
        return low if 0 < low < WIDE else self._wide.get(position, 0)

    def position(self, code: int) -> int:
        """The address of a code."""
        return MAPPED | code if code < WIDE else self._positions[code - WIDE]


class Rows:
    """An array of rows that grows without being copied whole, where the system can."""

    def __init__(self, dtype: np.dtype[Any], most: int) -> None:
        self.dtype = dtype
        self.count = 0
        self.most = most
        self.left_out = 0
        self._array: Any = np.zeros(0, dtype)
        self._pending: list[tuple[int, ...]] = []

    @property
    def array(self) -> Any:
        """The rows so far."""
        self._flush()
        return self._array[: self.count]

    def append(self, row: tuple[int, ...]) -> None:
        """One row, its values in the order of the columns."""
        self._pending.append(row)
        if len(self._pending) >= PENDING:
            self._flush()

    def extend(self, more: Any) -> None:
        """Many rows."""
        self._flush()
        self._put(more)

    def keep(self, start: int, wanted: Any) -> None:
        """Of the rows from `start` on only the wanted ones, in place."""
        self._flush()
        to = start
        for at in range(start, self.count, STEP):
            stop = min(at + STEP, self.count)
            kept = self._array[at:stop][wanted[at - start : stop - start]]
            self._array[to : to + len(kept)] = kept
            to += len(kept)
        self.count = to

    def trim(self) -> None:
        """Give back the room that is not used."""
        self._flush()
        self._array.resize(self.count, refcheck=False)

    def _flush(self) -> None:
        if self._pending:
            rows, self._pending = self._pending, []
            self._put(np.array(rows, self.dtype))

    def _put(self, more: Any) -> None:
        room = self.most - self.count
        if len(more) > room:
            self.left_out += len(more) - room
            more = more[:room]
        end = self.count + len(more)
        if end > len(self._array):
            step = max(STEP, len(self._array) // 8)
            self._array.resize(max(end, len(self._array) + step), refcheck=False)
        self._array[self.count : end] = more
        self.count = end


Text = tuple[str | None, str | None, str | None]
"""Host name, account, port of a device."""
Group = tuple[str, str | None, str, int]
"""Format, device, the file's name without its rotation, longest time of a record in ns."""


class Tables:
    """Bindings and translations being gathered, and what their numbers stand for."""

    def __init__(self, most: int) -> None:
        self.bindings = Rows(LOG_BINDING, most)
        self.translations = Rows(LOG_TRANSLATION, most)
        self.codes = Codes()
        self.texts: list[Text] = [(None, None, None)]
        self.files: list[str] = []
        self.groups: list[Group] = []
        self._text_numbers: dict[Text, int] = {self.texts[0]: 0}
        self._sessions: dict[str, int] = {}
        self._group_numbers: dict[Group, int] = {}

    def file(self, path: str) -> int:
        """A number for one more file. Raises FullError."""
        if len(self.files) > 0xFFFF:
            raise FullError
        self.files.append(path)
        return len(self.files) - 1

    def group(self, group: Group) -> int:
        """The number of a format and device. Raises FullError."""
        number = self._group_numbers.get(group)
        if number is None:
            number = len(self.groups)
            if number > 0xFFFF:
                raise FullError
            self._group_numbers[group] = number
            self.groups.append(group)
        return number

    def text(self, text: Text) -> int:
        """The number of names that belong together; 0 for none of them."""
        number = self._text_numbers.get(text)
        if number is None:
            number = self._text_numbers[text] = len(self.texts)
            self.texts.append(text)
        return number

    def session(self, name: str | int | None) -> int:
        """The number of a session's name; 0 for none. A number stands for itself."""
        if name is None:
            return 0
        if isinstance(name, int):
            return name & 0xFFFF_FFFF
        return self._sessions.setdefault(name, len(self._sessions) + 1)

    def forget_sessions(self) -> None:
        """The names of sessions are needed no longer."""
        self._sessions = {}

    def binding_row(
        self, said: BindingSaid, file: int, group: int, *, whole: bool
    ) -> tuple[int, ...]:
        """The row of an entry on an address. Raises FullError."""
        end, until_ns = _end_of(said.act, said.until_ns)
        if said.act is LogAct.GRANT and until_ns == UNKNOWN:
            end, until_ns = LogEnd.ASSUMED, said.from_ns + self.groups[group][3]
        return (
            said.from_ns,
            until_ns,
            said.mac or 0,
            self.codes.code(said.address) if said.address else 0,
            self.session(said.session),
            self.text((said.host_name, said.account, said.device_port)),
            said.line,
            file,
            group,
            KIND_CODES[said.kind],
            said.act,
            end,
            (LogBit.WHOLE_SECOND if whole else 0) | (0 if said.begin_said else LogBit.NO_START),
        )

    def translation_row(
        self, said: TranslationSaid, file: int, group: int, *, whole: bool
    ) -> tuple[int, ...]:
        """The row of an entry on a translation. Raises FullError."""
        end, until_ns = _end_of(said.act, said.until_ns)
        code = self.codes.code
        return (
            said.from_ns,
            until_ns,
            code(said.inside) if said.inside else 0,
            code(said.outside) if said.outside else 0,
            code(said.remote) if said.remote else 0,
            self.session(said.session),
            said.line,
            said.inside_low,
            said.inside_high,
            said.outside_low,
            said.outside_high,
            said.remote_port or 0,
            file,
            group,
            -1 if said.protocol is None else said.protocol,
            said.act,
            end,
            LogBit.WHOLE_SECOND if whole else 0,
            0,
        )


def _end_of(act: LogAct, until_ns: int) -> tuple[LogEnd, int]:
    if act is LogAct.GRANT:
        return LogEnd.EXPIRY, until_ns
    if act is LogAct.SEEN:
        return LogEnd.ASSUMED, until_ns
    return LogEnd.SAID, until_ns


def tables_of(bindings: Sequence[Binding], translations: Sequence[Translation]) -> Tables:
    """The rows of records made elsewhere."""
    tables = Tables(len(bindings) + len(translations))
    files: dict[str, int] = {}

    def place(origin: Origin) -> tuple[int, int]:
        number = files.get(origin.file)
        if number is None:
            number = files[origin.file] = tables.file(origin.file)
        return number, tables.group((origin.source, origin.device, "", 0))

    for one in bindings:
        said = BindingSaid(
            one.origin.line,
            one.kind,
            LogAct.SPAN,
            position_of(one.address),
            one.from_ns,
            one.until_ns,
            one.mac,
            one.host_name,
            one.account,
            one.device_port,
        )
        tables.bindings.append(tables.binding_row(said, *place(one.origin), whole=False))
    for each in translations:
        session = TranslationSaid(
            each.origin.line,
            LogAct.SPAN,
            each.protocol,
            position_of(each.inside),
            each.inside_low,
            each.inside_high,
            position_of(each.outside),
            each.outside_low,
            each.outside_high,
            each.from_ns,
            each.until_ns,
            position_of(each.remote) if each.remote is not None else None,
            each.remote_port,
        )
        tables.translations.append(
            tables.translation_row(session, *place(each.origin), whole=False)
        )
    _mark(tables.bindings.array, bindings)
    _mark(tables.translations.array, translations)
    return tables


def _mark(rows: Any, records: Sequence[Binding] | Sequence[Translation]) -> None:
    """What entries do not say, but records do: how the end is known, and the beginning."""
    ends = tuple(End)
    rows["end"] = [ends.index(one.end) for one in records]
    rows["bits"] = [0 if one.begin_said else LogBit.NO_START for one in records]
