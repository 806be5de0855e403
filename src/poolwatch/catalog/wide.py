"""Names too wide to be a pool's: whoever lists one accuses everybody who lives below it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from poolwatch.catalog.names import suffixes
from poolwatch.catalog.rows import SharedSuffixRow
from poolwatch.errors import CatalogError

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_KINDS = {
    "dynamic-dns": "dynamic DNS: anybody can take a name below it",
    "hosting": "shared hosting: its customers are strangers to each other",
    "cdn": "a CDN: it carries many sites",
    "portal": "a site of general use: most who go there mine nothing",
    "infrastructure": "infrastructure of the Internet, no mining pool",
}


class Wide:
    """Says of a suffix why it is too wide, if it is."""

    def __init__(self, shared: Iterable[SharedSuffixRow]) -> None:
        self._kinds = {row.suffix: row.kind for row in shared}

    def fault(self, suffix: str) -> str:
        """What is wrong with a suffix in the form of `normal_name`; empty when nothing is."""
        if not is_host_name(suffix):
            return f"{suffix!r} is no lower-case host name"
        if "." not in suffix:
            return f"{suffix!r} covers a whole top-level domain"
        for above in suffixes(suffix):
            kind = self._kinds.get(above)
            if kind == "infrastructure" or (kind and above == suffix):
                return f"{suffix!r} is too wide: {above} is {_KINDS[kind]}"
        if _public_suffixes().is_public(suffix):
            return f"{suffix!r} is a public suffix: strangers register names below it"
        return ""


def is_host_name(name: str) -> bool:
    """Whether a text is a host name in lower-case ASCII, and not an address."""
    labels = name.split(".")
    return (
        len(name) <= LONGEST_NAME
        and not labels[-1].isdecimal()
        and all(map(_LABEL.fullmatch, labels))
    )


@functools.cache
def _public_suffixes() -> PublicSuffixList:
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError as error:
        raise CatalogError(
            "without the package publicsuffixlist no suffix can be checked",
            "pip install publicsuffixlist",
        ) from error
    return PublicSuffixList()
