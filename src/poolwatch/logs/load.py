"""Files and folders in, a book of what they say out."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from poolwatch.capture.bytestream import ByteStream
from poolwatch.capture.inputs import find_inputs, shown_name
from poolwatch.errors import CaptureError, UsageError
from poolwatch.logs.book import LogBook
from poolwatch.logs.bulk import Bulk
from poolwatch.logs.clock import Clock, zone_of
from poolwatch.logs.config import NAME, LogConfig, SourceSettings, load_log_config
from poolwatch.logs.formats import FORMATS, Format
from poolwatch.logs.gather import Gathering
from poolwatch.logs.lines import chunks, split, text_of
from poolwatch.logs.mapping import Mapping
from poolwatch.logs.notes import LogNote
from poolwatch.logs.records import Origin
from poolwatch.logs.said import Line, Reason, Source
from poolwatch.logs.template import Fast
from poolwatch.settings import Limits

HEAD = 1 << 16  # bytes by which a format is told
HEAD_LINES = 400


def load_logs(
    paths: Sequence[Path],
    config: LogConfig | None = None,
    limits: Limits | None = None,
    zone: str | datetime.tzinfo = "UTC",
) -> LogBook:
    """Read logs; folders are walked in path order, links to folders in them not followed.

    Without `config`, a folder's own `logs.toml` holds for what is in it. `zone` is that of
    sources that say none. Raises UsageError for a configuration that cannot be carried out and
    a path that is not there; whatever else cannot be read stands in the notes of the book.
    """
    limits = limits or Limits()
    gathering = Gathering(limits)
    mappings: list[Mapping] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder", "--logs names logs, or folders")
        chosen = config or _own_config(path)
        if not config or path == paths[0]:
            mappings += chosen.mappings
        _Reading(gathering, chosen, limits, zone).read(path)
    return gathering.book(tuple(mappings), lambda origin: read_line(origin, limits))


def _own_config(path: Path) -> LogConfig:
    own = path / NAME
    return load_log_config(own) if path.is_dir() and own.is_file() else LogConfig()


def read_line(origin: Origin, limits: Limits) -> str | None:
    """The line a record was read from, at most `text_chars` of it; None: it is not there."""
    known = FORMATS.get(origin.source)
    if origin.line < 1 or (known and known.binary):
        return None
    try:
        stream = _open(origin.file, limits)
    except CaptureError:
        return None
    with closing(stream):
        for number, text in split(chunks(stream), limits.log_line_bytes, lambda _: None):
            if number == origin.line:
                return text[: limits.text_chars]
            if number > origin.line:
                break
    return None


def _open(path: str, limits: Limits) -> ByteStream:
    return ByteStream(path, limits.expansion_ratio, limits.unpack_bytes)


class _Reading:
    """Files under one configuration."""

    def __init__(
        self,
        gathering: Gathering,
        config: LogConfig,
        limits: Limits,
        zone: str | datetime.tzinfo,
    ) -> None:
        self._into = gathering
        self._config = config
        self._limits = limits
        zone = config.zone or zone
        self._zone = zone_of(zone) if isinstance(zone, str) else zone

    def read(self, path: Path) -> None:
        for found in find_inputs([str(path)]):
            name = shown_name(found.path)
            if found.skipped:
                self._into.notes.add(LogNote(name, 0, Reason.SKIPPED, found.skipped))
            elif Path(found.path).name != NAME and not self._ignored(found.path):
                self._file(found.path)

    def _ignored(self, path: str) -> bool:
        settings = self._config.source_of(path)
        return settings is not None and settings.ignore

    def _file(self, path: str) -> None:
        name = shown_name(path)
        try:
            stream = _open(path, self._limits)
        except CaptureError as error:
            self._into.notes.add(LogNote(name, 0, Reason.UNREADABLE, str(error)))
            return
        with closing(stream):
            settings = self._config.source_of(path) or SourceSettings(files=())
            head = stream.peek(HEAD)
            row = self._format(name, head, settings)
            if row is None:
                return
            source = self._source(path, settings, row)
            if not self._into.begin(name, row, source):
                return
            self._entries(stream, row, source)
            self._into.finish(stream.damage)

    def _entries(self, stream: ByteStream, row: Format, source: Source) -> None:
        module = row.load()
        if row.binary:
            self._into.add_all(module.read_bytes(chunks(stream), source))
            return
        head = stream.peek(HEAD)
        fast: Fast | None = getattr(module, "FAST", None)
        if fast and len(head) == HEAD and fast.fits(head):
            reader = module.line_reader(source)
            Bulk(fast, reader, source, self._into, self._limits.log_line_bytes).read(stream)
            return
        self._into.add_all(module.read(self._lines(stream), source))

    def _lines(self, stream: ByteStream) -> Iterator[Line]:
        return split(chunks(stream), self._limits.log_line_bytes, self._too_long)

    def _too_long(self, line: int) -> None:
        self._into.unread(line, Reason.LONG_LINE, str(self._limits.log_line_bytes))

    def _format(self, name: str, head: bytes, settings: SourceSettings) -> Format | None:
        if settings.format:
            return FORMATS[settings.format]
        note = self._into.notes.add
        if not head:
            note(LogNote(name, 0, Reason.EMPTY))
            return None
        found = recognise(head)
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(row.name for row in found)
            note(LogNote(name, 0, Reason.SEVERAL_FORMATS, names))
        else:
            note(LogNote(name, 0, Reason.UNKNOWN_FORMAT, _seen(head)))
        return None

    def _source(self, path: str, settings: SourceSettings, row: Format) -> Source:
        zone = zone_of(settings.zone) if settings.zone else self._zone
        try:
            written = os.stat(path).st_mtime_ns
        except OSError:
            written = 0
        offset_ns = int(settings.offset_seconds * 1_000_000_000)
        return Source(
            clock=Clock(zone, offset_ns, settings.year or None, written),
            file_ns=written - offset_ns,
            device=settings.device or None,
            columns=settings.columns,
            values=settings.words,
            longest_ns=(settings.longest_seconds or row.longest_seconds) * 1_000_000_000,
            undated_is_file_time=settings.file_time,
        )


def recognise(head: bytes) -> list[Format]:
    """The formats that the first bytes of a file, unpacked, look like."""
    lines = [text_of(line) for line in head.split(b"\n")[:HEAD_LINES]]
    found = []
    for row in FORMATS.values():
        if row.asked_for:
            continue
        module = row.load()
        look: Callable[..., bool] = module.looks_like_bytes if row.binary else module.looks_like
        if look(head if row.binary else lines):
            found.append(row)
    return found


def _seen(head: bytes) -> str:
    """The beginning of a file, for a message."""
    first = next((line for line in head.split(b"\n") if line.strip()), b"")
    text = text_of(first[:80])
    return text if text.isprintable() else head[:16].hex(" ")
