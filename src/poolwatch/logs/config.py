"""`logs.toml`: what logs do not say of themselves. Unknown keys are refused with their place."""

from __future__ import annotations

import datetime
import re
import tomllib
from fnmatch import fnmatchcase
from ipaddress import IPv4Network
from pathlib import Path, PurePath
from typing import Annotated, Any

import msgspec

from poolwatch.errors import UsageError
from poolwatch.logs.clock import zone_of
from poolwatch.logs.devices import Device, read_devices
from poolwatch.logs.formats import FORMATS
from poolwatch.logs.mapping import ALGORITHMS, Mapping
from poolwatch.logs.records import Origin

NAME = "logs.toml"
DETERMINISTIC = "cgn-deterministic"
ALWAYS_FROM, ALWAYS_TO = -(1 << 63) + 1, (1 << 63) - 1

Seconds = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
Longest = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]

_UNKNOWN = re.compile(r"^Object contains unknown field `([^`]*)`")
_PLACE = re.compile(r"(?: - at `\$\.?([^`]*)`)$")


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[[source]]`: files and what holds for them."""

    files: tuple[str, ...]
    """Patterns of names, or of paths within the folder."""
    format: str = ""
    zone: str = ""
    offset_seconds: Seconds = 0.0
    """By how much its clock is ahead; taken off. Negative: it is behind."""
    device: str = ""
    year: Annotated[int, msgspec.Meta(ge=0, le=2199)] = 0
    """Of the first line, where lines have no year."""
    longest_seconds: Longest | None = None
    """How long a lease, login, session or entry lasts at most, where nothing says its end."""
    columns: dict[str, str] = {}
    """Of a CSV: field = "header"."""
    words: dict[str, dict[str, str]] = {}
    """Of a CSV: what the words of a column mean, as in `words.event.上线 = "start"`."""
    file_time: bool = False
    """Whether a dump that says no time is of the time its file was written."""
    ignore: bool = False
    """Not a log: left out."""


class DeterministicSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[[deterministic]]`: a row of RFC 7422."""

    inside: str
    outside: str
    first_port: Port = 1024
    last_port: Port = 65535
    ratio: Annotated[int, msgspec.Meta(ge=1, le=65536)]
    """Inside addresses that share an outside one."""
    algorithm: str = "sequential"
    device: str = ""
    valid_from: datetime.datetime | None = None
    valid_until: datetime.datetime | None = None


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    zone: str = ""
    source: tuple[SourceSettings, ...] = ()
    deterministic: tuple[DeterministicSettings, ...] = ()
    device: list[dict[str, Any]] = []


class LogConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, checked."""

    path: str = ""
    zone: str = ""
    sources: tuple[SourceSettings, ...] = ()
    mappings: tuple[Mapping, ...] = ()
    devices: tuple[Device, ...] = ()

    def source_of(self, path: str) -> SourceSettings | None:
        """The first row that holds for a file."""
        for source in self.sources:
            if any(_fits(path, pattern) for pattern in source.files):
                return source
        return None


def load_log_config(path: Path) -> LogConfig:
    """Read a file. Raises UsageError naming the key."""
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    return parse_log_config(document, str(path), text)


def parse_log_config(document: dict[str, Any], where: str, text: str = "") -> LogConfig:
    """A configuration from a TOML document. Raises UsageError naming the key."""
    try:
        read = msgspec.convert(document, _Document, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {_said(str(error))}") from error
    _check_zone(read.zone, f"{where}: zone")
    for number, source in enumerate(read.source):
        _check_source(source, f"{where}: source[{number}]")
    lines = [n for n, line in enumerate(text.splitlines(), 1) if _begins_mapping(line)]
    mappings = tuple(
        _mapping(row, where, number, lines[number] if number < len(lines) else 0)
        for number, row in enumerate(read.deterministic)
    )
    return LogConfig(
        path=where,
        zone=read.zone,
        sources=read.source,
        mappings=mappings,
        devices=read_devices(read.device, where),
    )


def _begins_mapping(line: str) -> bool:
    return line.replace(" ", "").startswith("[[deterministic]]")


def _check_source(source: SourceSettings, where: str) -> None:
    if source.format and source.format not in FORMATS:
        raise UsageError(
            f"{where}.format = {source.format!r}: no such format",
            f"known formats: {', '.join(sorted(FORMATS))}",
        )
    _check_zone(source.zone, f"{where}.zone")


def _check_zone(zone: str, where: str) -> None:
    if zone:
        try:
            zone_of(zone)
        except ValueError as error:
            raise UsageError(
                f"{where} = {zone!r}: no such time zone", "for example Asia/Shanghai or +08:00"
            ) from error


def _mapping(row: DeterministicSettings, file: str, number: int, line: int) -> Mapping:
    where = f"{file}: deterministic[{number}]"
    inside, outside = (
        _network(row.inside, f"{where}.inside"),
        _network(row.outside, f"{where}.outside"),
    )
    if row.algorithm not in ALGORITHMS:
        raise UsageError(
            f"{where}.algorithm = {row.algorithm!r}: not computed here",
            f"one of {', '.join(ALGORITHMS)}; of others the logs of port blocks are needed",
        )
    if row.last_port - row.first_port + 1 < row.ratio:
        raise UsageError(f"{where}.ratio = {row.ratio}: more than there are ports")
    return Mapping(
        inside,
        outside,
        row.first_port,
        row.last_port,
        row.ratio,
        row.algorithm,
        _moment(row.valid_from, ALWAYS_FROM, f"{where}.valid_from"),
        _moment(row.valid_until, ALWAYS_TO, f"{where}.valid_until"),
        Origin(DETERMINISTIC, file, line, row.device or None),
    )


def _moment(moment: datetime.datetime | None, default: int, where: str) -> int:
    if moment is None:
        return default
    if moment.tzinfo is None:
        raise UsageError(f"{where}: without a zone", "write for example 2021-09-06T00:00:00+08:00")
    return int(moment.timestamp()) * 1_000_000_000


def _network(text: str, where: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error


def _fits(path: str, pattern: str) -> bool:
    return fnmatchcase(PurePath(path).name, pattern) or PurePath(path).match(pattern)


def _said(reason: str) -> str:
    """The library's complaint with the key in front, as the file would have it."""
    match = _PLACE.search(reason)
    place = match[1] if match else ""
    text = _PLACE.sub("", reason)
    unknown = _UNKNOWN.match(text)
    if unknown:
        return f"{f'{place}.' if place else ''}{unknown[1]}: no such setting"
    return f"{place}: {text}" if place else text
