"""What else a host did, as events have it."""

from __future__ import annotations

from typing import Any

from poolwatch.outputs.times import known_time
from poolwatch.terms import Companions, Fan, Inbound


def companions_value(companions: Companions | None) -> dict[str, Any] | None:
    """Companions as a finding event has them; a packet is null where its capture is not one."""
    if companions is None:
        return None
    return {
        "fans": [
            {"proto": fan.proto, "port": fan.port, "peers": fan.peers}
            | _flows(fan)
            | {"inside": fan.inside}
            for fan in companions.fans
        ],
        "inbound": [
            {"port": one.port, "peer": one.peer, "outside": one.outside} | _flows(one)
            for one in companions.inbound
        ],
        "fetches": [
            {
                "server": fetch.server.address,
                "port": fetch.server.port,
                "path": fetch.path,
                "ts": known_time(fetch.ts_ns),
                "packet": fetch.packet or None,
            }
            for fetch in companions.fetches
        ],
        "left_out": companions.left_out,
        "capture_id": companions.capture,
    }


def _flows(row: Fan | Inbound) -> dict[str, Any]:
    return {
        "flows": row.flows,
        "failed": row.failed,
        "first_seen": known_time(row.first_ns),
        "last_seen": known_time(row.last_ns),
        "packet": row.first_packet or None,
    }
