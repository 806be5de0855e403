"""Text of cells: made comparable, and made safe for spreadsheet programs."""

from __future__ import annotations

import unicodedata

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))

# The wide forms too: East Asian versions of spreadsheet programs take them for the narrow ones.
_BEGINS_FORMULA = tuple("=+-@'＝＋－＠")


def narrow(text: str) -> str:
    """Full-width characters made plain, blanks to one each, invisible characters dropped."""
    return " ".join(unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).split())


def spreadsheet_text(cell: str) -> str:
    """A cell that a spreadsheet program takes for a text, never for a formula."""
    return f"'{cell}" if cell[:1] in _BEGINS_FORMULA else cell
