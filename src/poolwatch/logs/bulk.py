"""Files of many lines: the kernel reads those that fit a template, the format's reader in
Python the others, in the order they stand in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from poolwatch.capture.bytestream import ByteStream
from poolwatch.layouts import LOG_LINE, LogAct, LogBit
from poolwatch.logs.clock import SECOND
from poolwatch.logs.lines import text_of
from poolwatch.logs.said import UNKNOWN, ReadError, Reason, Source
from poolwatch.logs.template import Fast, LineReader

BUFFER = 1 << 22
LINES = 1 << 15
_FIRST_TEXTS = 1 << 12


class Into(Protocol):
    """Where rows go."""

    def slow_row(self, number: int, text: str, parse: LineReader) -> tuple[int, ...] | None:
        """The row of a line that fits no template, or None."""
        ...

    def fast_rows(self, rows: Any, fast: Any) -> None:
        """Rows in the order of their lines, of which `fast` did not go through `slow_row`."""
        ...

    def group_of(self, device: str | None) -> int:
        """The number of a device of this format."""
        ...

    def text_number(self, host_name: str | None) -> int:
        """The number of a host name."""
        ...

    def unread(self, line: int, reason: Reason, text: str = "") -> None:
        """A line that is not used."""
        ...


class Batch:
    """Lines that were scanned: what their templates took, one column a field."""

    def __init__(self, lines: Any, values: Any, bulk: Bulk) -> None:
        self.lines = lines
        self.fits = lines["template"] > 0
        self._values = values
        self._bulk = bulk

    def field(self, number: int) -> Any:
        """The values of a field, of lines that fit."""
        return self._values[: len(self.lines), number][self.fits]

    @property
    def template(self) -> Any:
        """Which template a line fits, from 1."""
        return self.lines["template"][self.fits]

    def utc(self, ns: Any) -> Any:
        """Ns since 1970 as the source counts them."""
        return ns - self._bulk.source.clock.offset_ns

    def moments(self, number: int) -> Any:
        """The times of a field of `date`, which is two fields."""
        return self._bulk.moments(self.field(number), self.field(number + 1))

    def host_names(self, number: int, name_of: Callable[[str], str | None]) -> Any:
        """The number of the host name in a field, as `name_of` reads it."""
        into = self._bulk.into
        return self._bulk.texts.numbers(
            self.field(number), lambda data: into.text_number(name_of(text_of(data)))
        )

    def groups(self, number: int | None = None) -> Any:
        """The group of the device in a field, or of the file's one device."""
        into = self._bulk.into
        if number is None:
            return into.group_of(None)
        return self._bulk.texts.numbers(
            self.field(number), lambda data: into.group_of(text_of(data))
        )

    @property
    def longest_ns(self) -> int:
        """How long a record lasts at most."""
        return self._bulk.source.longest_ns


class Bulk:
    """One file."""

    def __init__(
        self, fast: Fast, parse: LineReader, source: Source, into: Into, line_bytes: int
    ) -> None:
        from poolwatch.kernels.templates import WIDTH

        self.source = source
        self.texts = Texts()
        self.into = into
        self._fast, self._parse, self._most = fast, parse, line_bytes
        self._lines = np.zeros(LINES, LOG_LINE)
        self._flat = np.zeros(LINES * WIDTH, np.int64)
        self._values = self._flat.reshape(LINES, WIDTH)
        self._number = 1
        self._impossible = False

    def read(self, stream: ByteStream) -> None:
        """All lines of a stream."""
        buffer = np.zeros(BUFFER + 1, np.uint8)  # one more, for the end of the last line
        view = memoryview(buffer)[:BUFFER]  # type: ignore[arg-type]
        held = 0
        skipping = False
        while True:
            got = stream.readinto(view[held:])
            if not got and not held:
                break
            held += got
            if not got:
                buffer[held] = 10
                held += 1
            used = self._skip(buffer, held) if skipping else 0
            skipping = skipping and not used
            used = held if skipping else self._scan(buffer, used, held)
            if used == 0 and held >= BUFFER:
                skipping, used = True, held
            buffer[: held - used] = buffer[used:held].copy()
            held -= used
            if not got:
                break

    def moments(self, keys: Any, within: Any) -> Any:
        """Times of hours and ns within them; each hour is asked of the clock once."""
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        hours = np.zeros(len(unique), np.int64)
        for place in np.argsort(first, kind="stable"):
            hours[place] = _hour(int(unique[place]), self.source)
        self._impossible = bool((hours == UNKNOWN).any())
        return hours[inverse] + within

    def _skip(self, buffer: Any, held: int) -> int:
        """Behind the end of a line that is too long; 0 where it goes on."""
        ends = np.flatnonzero(buffer[:held] == 10)
        if not len(ends):
            return 0
        self.into.unread(self._number, Reason.LONG_LINE, str(self._most))
        self._number += 1
        return int(ends[0]) + 1

    def _scan(self, buffer: Any, start: int, stop: int) -> int:
        """Read whole lines; returns where the next one begins."""
        from poolwatch.kernels.templates import scan_lines

        steps, firsts, pool = self._fast.compiled
        shown = buffer.view()
        shown.flags.writeable = False
        while True:
            state = np.array([self._number, start], np.int64)
            count = scan_lines(
                shown, start, stop, steps, firsts, pool, self._lines, self._flat, state
            )
            self._number, start = int(state[0]), int(state[1])
            if count:
                self._batch(shown, count)
            if count < LINES:
                return start

    def _batch(self, buffer: Any, count: int) -> None:
        lines = self._lines[:count]
        lines["template"][lines["end"] - lines["begin"] > self._most] = 0
        if self._turns_year(lines):
            lines["template"] = 0
        rows = np.zeros(count, self._fast.dtype)
        batch = Batch(lines, self._values, self)
        if batch.fits.any():
            if self._fast.texts is not None:
                self.texts.read(buffer, self._flat, batch.fits, self._fast.texts)
            fast = self._fast_rows(batch)
            if self._impossible:  # a day that is not: its reader names the lines
                lines["template"], self._impossible = 0, False
                batch = Batch(lines, self._values, self)
            else:
                rows[batch.fits] = fast
        for place in np.flatnonzero(~batch.fits):
            number, begin, end = (int(lines[name][place]) for name in ("line", "begin", "end"))
            if end - begin > self._most:
                self.into.unread(number, Reason.LONG_LINE, str(self._most))
                continue
            text = text_of(buffer[begin:end].tobytes())
            row = self.into.slow_row(number, text, self._parse)
            if row is not None:
                rows[place] = row
        kept = rows["act"] != LogAct.DEAD
        rows, fits = rows[kept], batch.fits[kept]
        self.into.fast_rows(rows, rows[fits])

    def _fast_rows(self, batch: Batch) -> Any:
        rows = np.zeros(np.count_nonzero(batch.fits), self._fast.dtype)
        rows["line"] = batch.lines["line"][batch.fits]
        self._fast.rows(batch, rows)
        late = (rows["act"] == LogAct.END) | (rows["act"] == LogAct.ALIVE)
        seconds = (rows["until_ns"] + self.source.clock.offset_ns) % SECOND == 0
        rows["bits"][late & seconds] = LogBit.WHOLE_SECOND
        return rows

    def _turns_year(self, lines: Any) -> bool:
        """Whether times without a year go from December to January here: read line by line."""
        for template, steps in enumerate(self._fast.templates, 1):
            for kind, _, field, _ in steps:
                if kind.name == "DATE":
                    mine = lines["template"] == template
                    keys = self._values[: len(lines), field][mine]
                    months = np.unique(keys[keys < 13 * 32 * 24] // (32 * 24))
                    if len(months) > 1 and months[0] == 1 and months[-1] == 12:
                        return True
        return False


class Texts:
    """Names that were met, each kept once."""

    def __init__(self) -> None:
        self._known = np.zeros(_FIRST_TEXTS, np.uint32)
        self._spans = np.zeros(_FIRST_TEXTS * 2, np.int64)
        self._arena = np.zeros(1 << 16, np.uint8)
        self._state = np.zeros(2, np.int64)  # texts, bytes
        self._numbers = np.zeros(1, np.int64)

    def read(self, buffer: Any, values: Any, wanted: Any, field: int) -> None:
        """Number the texts of a field of the lines that fit."""
        from poolwatch.kernels.templates import WIDTH, number_texts

        sizes = values.reshape(-1, WIDTH)[: len(wanted), field + 1][wanted]
        self._make_room(len(sizes), int(sizes.sum()))
        number_texts(
            buffer,
            values,
            len(wanted),
            field,
            wanted.view(np.uint8),
            self._known,
            self._spans,
            self._arena,
            self._state,
        )

    def numbers(self, texts: Any, numbers_of: Callable[[bytes], int]) -> Any:
        """What `numbers_of` says of each text."""
        count = int(self._state[0])
        fresh = range(len(self._numbers), count + 1)
        if fresh:
            self._numbers = np.append(self._numbers, [numbers_of(self._text(n)) for n in fresh])
        return self._numbers[texts]

    def _text(self, number: int) -> bytes:
        at, size = (int(part) for part in self._spans[number * 2 : number * 2 + 2])
        return bytes(self._arena[at : at + size].tobytes())

    def _make_room(self, texts: int, size: int) -> None:
        from poolwatch.kernels.templates import place_texts

        count, used = int(self._state[0]), int(self._state[1])
        if used + size > len(self._arena):
            self._arena = np.resize(self._arena, (used + size) * 2)
        if (count + texts) * 2 >= len(self._known):
            places = 1 << ((count + texts) * 4).bit_length()
            self._known = np.zeros(places, np.uint32)
            spans = np.zeros(places * 2, np.int64)
            spans[: len(self._spans)] = self._spans
            self._spans = spans
            place_texts(self._known, self._spans, self._arena, count)


def _hour(key: int, source: Source) -> int:
    """The moment an hour begins; of one that cannot be, UNKNOWN."""
    rest, hour = divmod(key, 24)
    rest, day = divmod(rest, 32)
    year, month = divmod(rest, 13)
    try:
        if year:
            return source.clock.local(year, month, day, hour, 0, 0)
        return source.clock.yearless(month, day, hour, 0, 0, 0)
    except ReadError:
        return UNKNOWN
