"""MAC addresses, in the ways people and devices write them."""

from __future__ import annotations

import re

from poolwatch.inventory.notes import CellError, Reason
from poolwatch.inventory.text import narrow

_MARKS = str.maketrans("‐‑‒–—―−．。：", "-------..:")
_FORMS = re.compile(
    r"[0-9a-f]{1,2}(?P<by2>[:\- ])[0-9a-f]{1,2}(?:(?P=by2)[0-9a-f]{1,2}){4}"
    r"|[0-9a-f]{4}(?P<by4>[.:\- ])[0-9a-f]{4}(?P=by4)[0-9a-f]{4}"
    r"|[0-9a-f]{6}[-:.][0-9a-f]{6}"
    r"|[0-9a-f]{12}"
)
_BETWEEN = re.compile(r"[,;、，；|/\n]|\s+")
_PARTS = re.compile(r"[:\-. ]")


def read_mac(text: str) -> int:
    """A MAC address as 48 bits, however it is written. Raises CellError."""
    plain = narrow(text).translate(_MARKS).casefold()
    if not _FORMS.fullmatch(plain):
        raise CellError(Reason.BAD_MAC, text)
    parts = _PARTS.split(plain)
    width = 12 // len(parts)
    number = int("".join(part.zfill(width) for part in parts), 16)
    if number in (0, (1 << 48) - 1):  # what devices write when they know none
        raise CellError(Reason.BAD_MAC, text)
    return number


def split_macs(cell: str) -> list[str]:
    """The MAC addresses of a cell, as they are written there."""
    whole = narrow(cell).translate(_MARKS).casefold()
    if _FORMS.fullmatch(whole):
        return [cell]
    return [piece for piece in _BETWEEN.split(cell) if piece.strip()]


def mac_text(mac: int) -> str:
    """A MAC address as IEEE 802 writes it, with colons and in lower case."""
    return ":".join(f"{mac:012x}"[n : n + 2] for n in range(0, 12, 2))


def is_local(mac: int) -> bool:
    """Whether it was made up by the machine itself (locally administered), as telephones do."""
    return bool(mac >> 41 & 1)
