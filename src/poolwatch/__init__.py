"""poolwatch: find crypto-mining in network traffic, and say on which bytes that rests.

import poolwatch
report = poolwatch.scan("day.pcap")
report.findings
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from poolwatch.api import read_eve, scan
    from poolwatch.errors import PoolwatchError, PoolwatchWarning
    from poolwatch.report import Report

__version__ = "0.1.0"
__all__ = ["PoolwatchError", "PoolwatchWarning", "Report", "__version__", "read_eve", "scan"]

# Loaded when first used: importing poolwatch costs nothing, and needs neither numba nor pandas.
_HOMES = {
    "PoolwatchError": "poolwatch.errors",
    "PoolwatchWarning": "poolwatch.errors",
    "Report": "poolwatch.report",
    "read_eve": "poolwatch.api",
    "scan": "poolwatch.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
