"""Keeping packets of mining flows and summaries of hosts. `Keeper` is the door."""

from __future__ import annotations

from poolwatch.sensor.keep.keeper import Keeper, memory_bytes
from poolwatch.sensor.keep.lane import KeptFlow, Lane
from poolwatch.sensor.keep.settings import KeepSettings, RetentionSettings

__all__ = ["KeepSettings", "Keeper", "KeptFlow", "Lane", "RetentionSettings", "memory_bytes"]
