"""Unit tables as XLSX, read as hostile input.

Only the parts that hold cells are looked at, streamed and within bounds; nothing is
evaluated or fetched, and a document type declaration ends the reading.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from poolwatch.errors import UnitsError
from poolwatch.inventory.grid import Sheet
from poolwatch.inventory.headers import Understand, field_of
from poolwatch.inventory.xlsx_parts import Broken, Relations, SheetPart, Strings, Styles, Workbook
from poolwatch.inventory.xlsx_parts import parse as parse_part
from poolwatch.settings import Limits

_CHUNK = 1 << 16
_WORKBOOK = "xl/workbook.xml"


class _Named(NamedTuple):
    name: str
    part: str


class Archive:
    """The parts of a workbook; what they unpack to is counted over all of them."""

    def __init__(self, path: Path, data: bytes, limits: Limits) -> None:
        self._path = path
        self._left = limits.unit_unpacked_bytes
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise self.refusal(f"not a readable XLSX file ({error})") from error

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part in self._zip.NameToInfo

    def chunks(self, part: str) -> Iterator[bytes]:
        """The bytes of a part. Raises UnitsError for a missing, damaged or bloated one."""
        try:
            with self._zip.open(part) as stream:
                while chunk := stream.read(_CHUNK):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise self.refusal(
                            "unpacks to more than the bound allows",
                            "if the file is honest, --limit unit_unpacked_bytes=N raises it",
                        )
                    yield chunk
        except KeyError as error:
            raise self.refusal(f"has no part {part}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
            raise self.refusal(f"{part}: {error}") from error
        except (NotImplementedError, RuntimeError) as error:  # other packing, or encrypted
            raise self.refusal(f"{part}: {error}", "save it without a password") from error

    def refusal(self, reason: str, advice: str = "save it anew, as .xlsx or CSV") -> UnitsError:
        """The error that names the file."""
        return UnitsError(f"{self._path}: {reason}", advice)


def read_sheets(
    path: Path, data: bytes, limits: Limits, _: Understand = field_of
) -> Iterator[Sheet]:
    """The sheets of a workbook, in its order. Raises UnitsError when it is no workbook."""
    archive = Archive(path, data, limits)
    try:
        yield from _sheets(path, archive, limits)
    except Broken as error:
        raise archive.refusal(str(error)) from error


def _sheets(path: Path, archive: Archive, limits: Limits) -> Iterator[Sheet]:
    workbook = Workbook()
    parse_part(archive.chunks(_WORKBOOK), workbook, _WORKBOOK)
    named = list(_named(archive, workbook))
    strings, styles = Strings(limits.unit_cell_chars), Styles()
    for part, handler in (("xl/sharedStrings.xml", strings), ("xl/styles.xml", styles)):
        if archive.has(part):
            parse_part(archive.chunks(part), handler, part)
    for name, part in named:
        sheet = SheetPart(strings.texts, styles, workbook.days_from_1904, limits)
        parse_part(archive.chunks(part), sheet, part)
        label = f"{path.name}[{name}]" if len(named) > 1 else path.name
        yield Sheet(label, sheet.rows())


def _named(archive: Archive, workbook: Workbook) -> Iterator[_Named]:
    """The sheets by name and part; those that are no worksheets (charts) are left out."""
    relations = Relations()
    part = "xl/_rels/workbook.xml.rels"
    parse_part(archive.chunks(part), relations, part)
    for name, relation in workbook.sheets:
        kind, target = relations.targets.get(relation, ("", ""))
        if kind.endswith("/worksheet"):
            yield _Named(name, posixpath.normpath(posixpath.join("/xl", target)).lstrip("/"))
