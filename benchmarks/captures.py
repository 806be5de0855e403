"""The benchmark captures: where they stand and what is known of them. Imports no numpy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "benchmarks" / "data"

MIXED = {"mixed-2gb": 2_000_000_000, "mixed-4gb": 4_000_000_000}
"""Name and bytes aimed at."""
SAMPLE = "mixed-sample"
"""The first chunk of them, for tools that would take an hour over the whole."""
GROWTH = {"flows-10k": 10_000, "flows-1m": 1_000_000}
"""Name and flows."""

LIVE, LIVE_BYTES = "live", 750_000_000
"""The mixture once more, short enough to be held in memory by what replays it."""

MINING = "mining-only"
"""Every flow is a mining session: what reading a candidate's packet costs."""

Planted = tuple[str, int, str, int]
"""Miner address and port, pool address and port."""


@dataclass(slots=True)
class Built:
    """What is known of a capture; kept beside it as JSON."""

    recipe: str = ""
    packets: int = 0
    captured_bytes: int = 0
    flows: int = 0
    payload_packets: int = 0  # counted in MINING alone
    planted: list[Planted] = field(default_factory=list)

    @property
    def mean_bytes(self) -> float:
        """Mean captured packet."""
        return self.captured_bytes / self.packets


def capture(name: str) -> Path:
    """Where a capture stands."""
    return DATA / f"{name}.pcap"


def load(name: str) -> Built:
    """What is known of a capture."""
    built = Built(**json.loads(_notes(name).read_text("utf-8")))
    built.planted = [tuple(ends) for ends in built.planted]  # type: ignore[misc]
    return built


def save(name: str, built: Built) -> None:
    """Keep what is known of a capture."""
    _notes(name).write_text(json.dumps(asdict(built)), "utf-8")


def forget(name: str) -> None:
    """A capture is about to be made anew."""
    _notes(name).unlink(missing_ok=True)


def is_current(name: str, recipe: str) -> bool:
    """Whether a capture is there and was made by this recipe."""
    try:
        return capture(name).exists() and load(name).recipe == recipe
    except (OSError, ValueError, TypeError):
        return False


def _notes(name: str) -> Path:
    return DATA / f"{name}.json"
