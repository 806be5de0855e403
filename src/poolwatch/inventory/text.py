"""Text of cells made comparable."""

from __future__ import annotations

import unicodedata

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))


def narrow(text: str) -> str:
    """Full-width characters made plain, blanks to one each, invisible characters dropped."""
    return " ".join(unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).split())
