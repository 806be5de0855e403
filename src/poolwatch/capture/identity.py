"""What a capture is known by when it cannot be read twice."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poolwatch.capture.source import Batch


def stream_id(sensor: str, batch: Batch) -> str:
    """Identity of a stream: sensor and first packet, which `batch` begins with."""
    packet = batch.packets[0]
    start = int(packet["offset"])
    digest = hashlib.sha256(sensor.encode() + b"\0" + str(packet["ts_ns"]).encode())
    digest.update(batch.buffer[start : start + int(packet["caplen"])].tobytes())
    return digest.hexdigest()
