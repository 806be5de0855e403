"""What is to be said about a row of a unit table: where, what, and the words of the row.

A note holds the id of a sentence and its fields; the screens have the sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class NoteKind(StrEnum):
    """What became of the row."""

    UNREADABLE = "unreadable"  # not used, or not this part of it
    HOST_BITS = "host_bits"  # used as the network it lies in
    DEPRECATED = "deprecated"  # given up, as the table says; not used
    SKIPPED = "skipped"  # a sheet without a header that is understood
    LEFT_OUT = "left_out"  # beyond a bound


class Reason(StrEnum):
    """Ids of the sentences that say why."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    LEADING_ZERO = "leading_zero"
    BAD_MASK = "bad_mask"
    BACKWARDS = "backwards"
    MIXED = "mixed"
    EVERYTHING = "everything"
    MAPPED = "mapped"
    NO_UNIT = "no_unit"
    BAD_DATE = "bad_date"
    ENDS_FIRST = "ends_first"
    BAD_PRIORITY = "bad_priority"
    LONG_CELL = "long_cell"
    HOST_BITS = "host_bits"
    DEPRECATED = "deprecated"
    NO_HEADER = "no_header"
    ROWS = "rows"
    SHEETS = "sheets"
    COLUMNS = "columns"
    NO_MAC = "no_mac"
    BAD_MAC = "bad_mac"
    REGISTER_ROWS = "register_rows"
    NO_SUBJECT = "no_subject"
    BAD_KIND = "bad_kind"
    EXEMPTION_ROWS = "exemption_rows"


@dataclass(frozen=True, slots=True)
class Note:
    """One remark about one row; `column` is the header as it stands in the file."""

    kind: NoteKind
    file: str
    row: int
    column: str
    reason: Reason
    fields: dict[str, object] = field(default_factory=dict)


class CellError(Exception):
    """A cell that cannot be read: the reason, and the words it is about."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason
        self.text = text
