"""`poolwatch.scan` and `poolwatch.read_eve`: the same engine as the command line, from Python."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from poolwatch.errors import PoolwatchError, PoolwatchWarning, UsageError
from poolwatch.messages import Messages, default_language, printable
from poolwatch.outputs.eve import Events
from poolwatch.outputs.eve_reader import Reading, read_rows
from poolwatch.outputs.rows import rows_of
from poolwatch.outputs.sentences import log_note_line, note_line, problem_line
from poolwatch.plan import Plan, make_engine, time_zone
from poolwatch.report import Report, Rows
from poolwatch.settings import Limits
from poolwatch.terms import Stats

if TYPE_CHECKING:
    from poolwatch.inventory.notes import Note
    from poolwatch.logs.notes import Notes

OnePath = str | os.PathLike[str]
Paths = OnePath | Iterable[OnePath]
_EVERY_SECONDS = 0.2
_CALLER = 3  # where a warning points: at the line that called scan or read_eve


def scan(
    paths: Paths,
    *,
    units: Paths | None = None,
    unit_field: str = "unit",
    internal: str | Iterable[str] | None = None,
    signatures: Paths | None = None,
    mmdb: Paths | None = None,
    home: str | None = None,
    logs: Paths | None = None,
    logs_config: OnePath | None = None,
    register: Paths | None = None,
    exemptions: Paths | None = None,
    vantage: str | None = None,
    tz: str = "UTC",
    sensor: str | None = None,
    limits: Limits | Mapping[str, int] | None = None,
    progress: bool = False,
) -> Report:
    """Find the hosts that talk to mining pools in captures.

    `paths`: captures or folders of them, one or several. The other arguments are the options
    of `poolwatch scan`: `units` tables of units, `unit_field` the field of MMDB records that
    names the unit, `internal` networks whose hosts are inside, `signatures` folders of rows
    added to the shipped ones, `mmdb` files of countries and autonomous systems, `home` the
    country of the hosts inside, `logs` logs of other devices or folders of them, `logs_config` a
    TOML file about them, `register` asset registers, `exemptions` exemption registers, `vantage`
    `inside` or `outside` of address translation, `tz` the time zone of dates in unit tables and of
    office hours, `sensor` the name of the observation point, `limits` bounds by name. `progress`
    shows on standard error what is being read. Settings of the environment are not read.

    What cannot be read is warned of (PoolwatchWarning) and stands in `Report.stats`; the rest
    is done. Raises PoolwatchError for wishes that cannot be carried out.
    """
    bounds = limits if isinstance(limits, Limits) else Limits().changed(dict(limits or {}))
    messages = Messages(default_language())
    plan = Plan(
        internal=_texts(internal),
        signatures=_paths(signatures),
        units=_paths(units),
        unit_field=unit_field,
        zone=time_zone(tz, "tz"),
        mmdb=_paths(mmdb),
        home=home,
        logs=_paths(logs),
        logs_config=None if logs_config is None else Path(logs_config),
        register=_paths(register),
        exemptions=_paths(exemptions),
        vantage=vantage,
        sensor=sensor,
        limits=bounds,
    )
    names = [os.fspath(path) for path in _each(paths)]
    if not names:
        raise UsageError("no capture is named")
    unreadable: list[Note] = []
    unread: list[Notes] = []
    engine = make_engine(
        plan,
        unreadable_rows=unreadable.extend,
        unread_logs=unread.append,
        compiling=lambda: _tell(f"poolwatch: {messages.say('progress.compiling')}\n"),
    )
    most = bounds.file_messages
    _warn([note_line(note, messages) for note in unreadable], most, "units.note.more", messages)
    for notes in unread:
        lines = [log_note_line(note, messages) for note in notes.kept]
        _warn(lines, most, "log.note.more", messages)
    rows = Rows(bounds.report_rows)
    events = Events()
    with ExitStack() as stack:
        for item in engine.run(names, _shower(stack) if progress else None):
            for table, row in rows_of(events.make(item) or {}):
                rows.add(table, row)
            if isinstance(item, Stats):
                lines = [problem_line(problem, messages) for problem in item.problems]
                _warn(lines, most, "problem.more", messages)
    return Report(names[0] if len(names) == 1 else f"{len(names)} captures", rows)


def read_eve(file: OnePath | IO[bytes] | IO[str]) -> Report:
    """Open what `poolwatch scan --format eve` wrote: a path, or an open file.

    A line that cannot be used is passed over, counted and named in `Report.bad_lines`, with a
    warning (PoolwatchWarning). Raises PoolwatchError when the file cannot be read or holds no
    event of poolwatch at all.
    """
    limits = Limits()
    rows, reading = Rows(limits.report_rows), Reading()
    with ExitStack() as stack:
        stream = _opened(file, stack)
        name = os.fspath(file) if isinstance(file, str | os.PathLike) else "a stream"
        try:
            for table, row in read_rows(stream, limits.eve_line_bytes, reading):
                rows.add(table, row)
        except OSError as error:
            raise PoolwatchError(f"{name}: {error.strerror}") from error
    if not reading.events:
        raise PoolwatchError(_no_event(name, reading), "it is made by: poolwatch scan --format eve")
    _warn_of_lines(name, reading)
    return Report(name, rows, reading)


def _no_event(name: str, reading: Reading) -> str:
    if not reading.bad_lines:
        return f"{name}: holds no event of poolwatch"
    first = reading.bad_lines[0]
    return f"{name}: holds no event of poolwatch; line {first.line}: {first.reason}"


def _warn_of_lines(name: str, reading: Reading) -> None:
    say = Messages(default_language()).say
    if reading.bad:
        first = reading.bad_lines[0]
        text = say("report.bad_lines", count=reading.bad, line=first.line, reason=first.reason)
        warnings.warn(f"{printable(name)}: {text}", PoolwatchWarning, stacklevel=_CALLER)
    if not reading.stats:
        text = say("report.no_stats")
        warnings.warn(f"{printable(name)}: {text}", PoolwatchWarning, stacklevel=_CALLER)


def _warn(lines: list[str], most: int, more_key: str, messages: Messages) -> None:
    """Warn of what is not used, each by name up to a bound."""
    more = [messages.say(more_key, count=len(lines) - most)] if len(lines) > most else []
    for line in [*lines[:most], *more]:
        warnings.warn(line, PoolwatchWarning, stacklevel=_CALLER)


def _opened(file: OnePath | IO[bytes] | IO[str], stack: ExitStack) -> IO[bytes] | IO[str]:
    if not isinstance(file, str | os.PathLike):
        return file
    try:
        return stack.enter_context(Path(file).open("rb"))
    except (OSError, ValueError) as error:  # a ValueError for a name with a NUL in it
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PoolwatchError(f"{os.fspath(file)}: {reason}") from error


def _each(paths: Paths | None) -> list[OnePath]:
    if paths is None:
        return []
    return [paths] if isinstance(paths, str | os.PathLike) else list(paths)


def _paths(paths: Paths | None) -> tuple[Path, ...]:
    return tuple(Path(path) for path in _each(paths))


def _texts(texts: str | Iterable[str] | None) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts or ())


def _shower(stack: ExitStack) -> Callable[[str, int], None]:
    """Shows the capture being read; a line that is written over, which notebooks know too."""
    shown = 0.0

    def show(path: str, packets: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= _EVERY_SECONDS:
            shown = now
            _tell(f"\r{printable(path)} {packets:,}")

    stack.callback(_tell, "\n")
    return show


def _tell(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
