"""A capture read to its end through the public doors, in the terms of the twins."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.capture.source import LINKS, Coverage
from poolwatch.settings import Limits
from tests.naive import Reading, Row

if TYPE_CHECKING:
    from poolwatch.capture.source import Batch

LINKTYPES = {int(link): number for number, link in LINKS.items()}
"""A link type for every link layer the decoder knows; the last of those that mean the same."""

DEFAULT = Limits()


@dataclass(slots=True)
class Capture:
    """All packets of a capture and what its source says about the rest."""

    coverage: Coverage
    rows: list[Row] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        return [row.data for row in self.rows]

    @property
    def times_ns(self) -> list[int]:
        return [row.ts_ns for row in self.rows]

    @property
    def damage(self) -> tuple[int, str] | None:
        damage = self.coverage.damage
        return (damage.offset, damage.reason) if damage else None

    @property
    def reading(self) -> Reading:
        """The same as a twin would say it."""
        return Reading(
            self.rows,
            self.coverage.damage.offset if self.coverage.damage else None,
            self.coverage.no_interface,
            self.coverage.no_timestamp,
            self.coverage.skipped_blocks,
        )


def read_stream(stream: ByteStream, limits: Limits = DEFAULT) -> Capture:
    source = open_source(stream, limits)
    capture = Capture(source.coverage)
    for batch in source.batches():
        capture.rows += rows_of(batch)
    return capture


def rows_of(batch: Batch) -> list[Row]:
    rows = []
    for ts_ns, offset, caplen, wirelen, link, interface in batch.packets[: batch.count].tolist():
        body = batch.buffer[offset : offset + caplen].tobytes()
        rows.append(Row(ts_ns, body, wirelen, LINKTYPES.get(link, -1), interface))
    return rows


def read_path(path: Path | str, limits: Limits = DEFAULT) -> Capture:
    with closing(ByteStream(str(path), limits.expansion_ratio)) as stream:
        return read_stream(stream, limits)


def read_bytes(data: bytes, folder: Path, limits: Limits = DEFAULT) -> Capture:
    path = folder / "capture"
    path.write_bytes(data)
    return read_path(path, limits)


def told_apart(reading: Reading) -> Reading:
    """A twin's reading with link types as far as the decoder tells them apart."""
    for index, row in enumerate(reading.rows):
        known = LINKTYPES[LINKS[row.linktype]] if row.linktype in LINKS else -1
        reading.rows[index] = row._replace(linktype=known)
    return reading
