"""Records of the spool: length, CRC, what is needed to choose among rows, and the row.

A record is believed only as a whole. After one that does not fit nothing more of its file is read:
rows hold text that others sent, and whoever looks for the next record inside it may find a forged
one.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from poolwatch.errors import StoreRowError
from poolwatch.store.rows import CoverageRow, FindingRow, Row, SessionRow, SightingRow
from poolwatch.store.statements import plain

_FRAME = struct.Struct(">II")  # bytes of the rest, CRC-32 of the length and the rest
_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">Bqqq16s")  # kind, when it was put, state, flow, digest of the key
RECORD_BYTES = 1 << 26
"""Longest record believed."""
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Row] = msgspec.msgpack.Decoder(Row)


class Record(NamedTuple):
    """A row on its way to the store; `data` is what stands in the spool."""

    kind: int
    put_ns: int
    state: int
    """Of two records of one key the one with the higher state stays."""
    flow_id: int
    """Of a session; 0 for other rows."""
    key: bytes
    data: bytes

    @property
    def size(self) -> int:
        """Bytes in the spool."""
        return len(self.data)


def make_record(row: Row, put_ns: int) -> Record:
    """The record of a row. Raises StoreRowError for a row that no store would take."""
    try:
        try:
            packed = _encoder.encode(row)
        except UnicodeEncodeError:  # half a character
            packed = _encoder.encode(_whole(row))
        key = hashlib.blake2b(_encoder.encode((_kind(row), *row.key)), digest_size=16).digest()
        kind, state, flow_id = _kind(row), _state(row), _flow(row)
        rest = _HEAD.pack(kind, put_ns, state, flow_id, key) + packed
    except (OverflowError, struct.error, TypeError, UnicodeEncodeError) as error:
        raise StoreRowError(f"{type(row).__name__}: {error}") from error
    if len(rest) > RECORD_BYTES:
        raise StoreRowError(f"{type(row).__name__}: {len(rest)} bytes are too many")
    length = _LENGTH.pack(len(rest))
    data = length + _LENGTH.pack(zlib.crc32(length + rest)) + rest
    return Record(kind, put_ns, state, flow_id, key, data)


def row_in(record: Record) -> Row:
    """The row of a record. Raises StoreRowError where it is none that is known here."""
    try:
        return _decoder.decode(memoryview(record.data)[_FRAME.size + _HEAD.size :])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreRowError(f"a record of the spool: {error}") from None


def records_in(data: bytes) -> Iterator[Record]:
    """The records in what a file holds from the start of one on, up to the first that is torn."""
    start = 0
    while start + _FRAME.size <= len(data):
        length, crc = _FRAME.unpack_from(data, start)
        end = start + _FRAME.size + length
        if not _HEAD.size <= length <= RECORD_BYTES or end > len(data):
            return
        rest = memoryview(data)[start + _FRAME.size : end]
        if zlib.crc32(rest, zlib.crc32(data[start : start + _LENGTH.size])) != crc:
            return
        yield Record._make((*_HEAD.unpack_from(rest), data[start:end]))
        start = end


def _kind(row: Row) -> int:
    tag = row.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


def _state(row: Row) -> int:
    if isinstance(row, SightingRow):
        return row.count
    return row.last_ns if isinstance(row, CoverageRow) else row.state_ns


def _flow(row: Row) -> int:
    return row.flow_id if isinstance(row, SessionRow) else 0


def _whole(row: Row) -> Row:
    """A row without half characters."""
    values = msgspec.structs.asdict(row)
    return msgspec.structs.replace(
        row, **{name: plain(value) for name, value in values.items() if isinstance(value, str)}
    )


SESSION, FINDING, SIGHTING, COVERAGE = (
    int(kind.__struct_config__.tag)  # type: ignore[arg-type]
    for kind in (SessionRow, FindingRow, SightingRow, CoverageRow)
)
NAMES = {SESSION: "sessions", SIGHTING: "sightings", COVERAGE: "coverage"}
"""Kinds of rows that are detail, as they are counted."""
