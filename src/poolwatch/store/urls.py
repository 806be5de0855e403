"""URLs of stores: which there are, and how to show one without its secret."""

from __future__ import annotations


def shown_url(url: str) -> str:
    """The URL with any password masked."""
    raise NotImplementedError
