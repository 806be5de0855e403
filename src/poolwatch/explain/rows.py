"""What the signatures' rows say of the ids in an event: how strong, since when, from whom.

The catalogue at hand may be another than that of the scan; its digest tells.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import NamedTuple

from poolwatch.catalog.grounds import Grounds
from poolwatch.catalog.load import Rows, load_rows
from poolwatch.catalog.lookup import find_rows
from poolwatch.catalog.rows import EndpointRow, PoolRow, PrefixRow
from poolwatch.explain.facts import Flow, Subject

_EPOCH = datetime.date(1970, 1, 1)
_LISTED = ("sni", "host", "certificate", "address", "dns", "endpoint", "prefix", "pool")
"""Kinds of ids that stand for rows of lists, those said in the flow first."""


class ListedRow(NamedTuple):
    """A row of the lists that spoke for a flow."""

    id: str
    use: str
    shared: bool
    nursery: bool
    verified: datetime.date  # the last day for which a source vouches
    sources: str


class ListedRows:
    """The rows of the signatures, by the ids in events."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._grounds = Grounds(rows.figures)
        self._strength = {placed.row.id: placed.row.strength for placed in rows.needles}

    @property
    def grounds(self) -> Grounds:
        """The rows of grounds for and against causes."""
        return self._grounds

    @property
    def digest(self) -> str:
        """Digest of these signatures."""
        return self._rows.digest

    def are_bare(self, signatures: tuple[str, ...]) -> bool:
        """Whether all that spoke is what owners of nodes say too."""
        if any(":" in signature for signature in signatures):
            return False
        strengths = {self._strength.get(signature) for signature in signatures}
        return "bare" in strengths and strengths <= {"bare", "form", "linked"}

    def best_row(self, flow: Flow) -> ListedRow | None:
        """The row of the lists that says most of a flow."""
        for kind in _LISTED:
            for signature in flow.signatures:
                if signature.partition(":")[0] == kind:
                    row = self._find(signature)
                    if row is not None:
                        return row
        return None

    def use_of(self, subject: Subject) -> str:
        """What lives behind the name or address: stratum, web or any; empty: not known."""
        row = self.best_row(subject.flows[0]) if subject.flows else None
        return row.use if row else ""

    def is_shared(self, flow: Flow) -> bool:
        """Whether a row says that the address holds others too."""
        row = self.best_row(flow)
        return row is not None and row.shared

    @staticmethod
    def day_of(date: datetime.date) -> int:
        """Days since 1970."""
        return (date - _EPOCH).days

    def _find(self, signature: str) -> ListedRow | None:
        for row in (placed.row for placed in find_rows(self._rows, signature)):
            if isinstance(row, EndpointRow | PrefixRow):
                shared = isinstance(row, PrefixRow) and row.shared
                verified = row.seen_until
                return ListedRow(signature, row.use, shared, row.nursery, verified, row.sources)
            if isinstance(row, PoolRow):
                return ListedRow(signature, row.use, False, row.nursery, row.date, row.sources)
        return None


def load_listed(extra: tuple[Path, ...]) -> ListedRows:
    """The shipped signatures and those of other folders. Raises CatalogError."""
    return ListedRows(load_rows(extra))
