"""Telling: the EVE file, syslog, a webhook. `Teller` is the door."""

from __future__ import annotations

from poolwatch.sensor.tell.changes import HostState
from poolwatch.sensor.tell.settings import (
    EveSettings,
    SyslogSettings,
    TellSettings,
    WebhookSettings,
)
from poolwatch.sensor.tell.teller import Teller

__all__ = [
    "EveSettings",
    "HostState",
    "SyslogSettings",
    "TellSettings",
    "Teller",
    "WebhookSettings",
]
