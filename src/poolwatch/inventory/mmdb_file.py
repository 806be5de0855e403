"""Unit tables as MMDB: networks with a record in which one field names the unit."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from poolwatch.errors import UnitsError
from poolwatch.inventory.addresses import Span, Written, position
from poolwatch.inventory.headers import field_of
from poolwatch.inventory.notes import NoteKind, Reason
from poolwatch.inventory.unit_rows import Gathering, RowPlace, Values

MARKER = b"\xab\xcd\xefMaxMind.com"
"""What stands before the metadata, within the last 128 kB of a file."""
MARKER_WITHIN = 128 << 10
_SEEN = 20


@contextmanager
def refusing_damage(path: Path) -> Iterator[None]:
    """Turn what the library raises over a damaged file into a UnitsError that names it.

    Its own error is not all: damaged metadata shows as wrong types and missing keys.
    """
    import maxminddb

    try:
        yield
    except OSError as error:
        raise UnitsError(f"{path}: {error.strerror or error}") from error
    except (
        maxminddb.InvalidDatabaseError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        own = isinstance(error, maxminddb.InvalidDatabaseError)
        reason = f"no readable MMDB file ({error if own else 'damaged'})"
        raise UnitsError(f"{path}: {reason}", "fetch the file anew") from error


def open_mmdb(path: Path) -> Any:
    """A reader of the file. Raises UnitsError."""
    import maxminddb

    with refusing_damage(path):
        # The reader written in C does not stand damaged files: it can end the process.
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
        reader.metadata()  # which shows damage only when asked
    return reader


def read_mmdb(path: Path, field: str, gathering: Gathering) -> None:
    """Add the networks of a file whose record has `field`. Raises UnitsError."""
    with open_mmdb(path) as reader, refusing_damage(path):
        seen = _read_networks(path, reader, field, gathering)
    if seen is not None:
        raise UnitsError(
            f"{path}: no record has a field {field!r}; seen: {', '.join(seen[:_SEEN]) or 'none'}",
            "name the field that holds the unit with --unit-field",
        )


def _read_networks(path: Path, reader: Any, field: str, gathering: Gathering) -> list[str] | None:
    """Add the networks; when none has the field, the fields that were seen."""
    metadata = reader.metadata()
    built = datetime.datetime.fromtimestamp(metadata.build_epoch, datetime.UTC)
    source = f"{metadata.database_type}, built {built:%Y-%m-%d}"
    seen: dict[str, None] = {}
    named = False
    for number, (network, record) in enumerate(reader, 1):
        if gathering.rows_read >= gathering.limits.unit_rows:
            gathering.left_out += 1
            break
        gathering.rows_read += 1
        values = _values(record, field)
        if values is not None:
            named = True
            place = RowPlace(path.name, number, {"prefix": str(network), "name": field})
            _add(network, {"source": source} | values, place, gathering)
        elif isinstance(record, dict) and len(seen) < _SEEN:
            seen |= dict.fromkeys(map(str, record))
    return None if named else list(seen)


def _add(network: Any, values: Values, place: RowPlace, gathering: Gathering) -> None:
    if network.prefixlen == 0:
        text = str(network)
        gathering.note(NoteKind.UNREADABLE, place, "prefix", Reason.EVERYTHING, text=text)
        return
    low = position(network.version, int(network.network_address))
    span = Span(low, low + network.num_addresses - 1)
    gathering.add(values, [Written(span, str(network), host_bits=False)], place)


def _values(record: Any, field: str) -> Values | None:
    """What a record says about its unit: of the field itself, or beside it."""
    unit: Any = record
    for key in field.split("."):
        unit = unit.get(key) if isinstance(unit, dict) else None
    if isinstance(unit, dict):
        return dict(_known(unit))
    if isinstance(unit, int) and not isinstance(unit, bool):
        unit = str(unit)
    if not isinstance(unit, str) or not unit.strip():
        return None
    beside = {key: value for key, value in _known(record) if key not in ("name", "prefix")}
    return {"path" if "/" in unit else "name": unit.strip(), **beside}


def _known(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in record.items():
        field = field_of(key)
        if field and isinstance(value, str | int) and not isinstance(value, bool):
            yield field, str(value).strip()
