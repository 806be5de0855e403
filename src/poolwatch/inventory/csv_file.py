"""Unit tables as text: comma, semicolon, tab or bar between cells; UTF-8, UTF-16 or GB 18030."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from poolwatch.errors import UnitsError
from poolwatch.inventory.grid import Row, Sheet
from poolwatch.inventory.headers import WITHIN_ROWS, Understand, field_of
from poolwatch.settings import Limits

_DELIMITERS = ",;\t|，；"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_sheets(
    path: Path, data: bytes, limits: Limits, understand: Understand = field_of
) -> Iterator[Sheet]:
    """The one sheet of a text file. Raises UnitsError when it is no text.

    `understand`: what a column of that header holds, None for an unknown one.
    """
    text = _decode(path, data)
    yield Sheet(path.name, _rows(path, text, _delimiter(text, understand), limits))


def _decode(path: Path, data: bytes) -> str:
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnitsError(
        f"{path}: neither UTF-8 nor UTF-16 nor GB 18030 text, nor XLSX nor MMDB",
        "save it as CSV UTF-8 or as .xlsx",
    )


def _encodings(data: bytes) -> tuple[str, ...]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return (encoding,)
    head = data[:512]
    if head[1::2].count(0) > len(head) // 8:
        return ("utf-16-le",)
    if head[::2].count(0) > len(head) // 8:
        return ("utf-16-be",)
    return ("utf-8", "gb18030")


def _delimiter(text: str, understand: Understand) -> str:
    """The delimiter with which most headers are understood."""
    return max(_DELIMITERS, key=lambda delimiter: _understood(text, delimiter, understand))


def _understood(text: str, delimiter: str, understand: Understand) -> int:
    try:
        rows = list(islice(_reader(text, delimiter), WITHIN_ROWS))
    except csv.Error:
        return 0
    return max((sum(understand(cell) is not None for cell in row) for row in rows), default=0)


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _rows(path: Path, text: str, delimiter: str, limits: Limits) -> Iterator[Row]:
    reader = enumerate(_reader(text, delimiter), 1)
    number = 0
    while True:
        try:
            number, cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnitsError(
                f"{path}: row {number + 1}: {error}", 'is a quotation mark (") left open there?'
            ) from error
        yield number, cells[: limits.unit_columns + 1]
