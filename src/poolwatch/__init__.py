"""poolwatch: find crypto-mining in network traffic, and say on which bytes that rests."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
