"""Decoding by itself, for whoever holds it against something else; a scan never loads this.

Loading a kernel costs milliseconds of every start.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from poolwatch.kernels import BYTES, i8, kernel, rows, void
from poolwatch.kernels.carriers import decode_carried
from poolwatch.kernels.decode import CARRIED, decode_frame
from poolwatch.layouts import FRAME, PACKET


@kernel(void(BYTES, rows(PACKET), i8, rows(FRAME)))
def decode_frames(buffer: Any, packets: Any, count: int, frames: Any) -> None:
    """Decode `count` packets as plain ones into as many frames, each with its `reason`."""
    for index in range(count):
        reason = decode_frame(buffer, packets[index], frames[index])
        frames[index]["reason"] = np.uint8(reason & ~CARRIED)


@kernel(void(BYTES, rows(PACKET), i8, rows(FRAME)))
def decode_packets(buffer: Any, packets: Any, count: int, frames: Any) -> None:
    """Decode `count` packets, or what they carry, into as many frames with their `reason`."""
    for index in range(count):
        packet = packets[index]
        frame = frames[index]
        reason = decode_frame(buffer, packet, frame)
        if reason & CARRIED:
            reason = decode_carried(buffer, packet, reason, frame)
        frame["reason"] = np.uint8(reason)
