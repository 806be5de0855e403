"""Floods as captures: so many distinct flows that only arrays can write them in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.running import ACK, NOON_NS, PSH, SYN

_TCP = 6
_HEADERS = 54  # Ethernet, IPv4, TCP
_FILE_HEADER = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")


def write_flood(path: Path, flows: int, payload: bytes = b"", *, first: int = 0) -> None:
    """A capture of one packet for each of `flows` flows, numbered from `first`.

    Without a payload a SYN to the web, with one a message to port 3333.
    """
    length = _HEADERS + len(payload)
    record = np.dtype(
        [
            ("seconds", "<u4"),
            ("micros", "<u4"),
            ("captured", "<u4"),
            ("length", "<u4"),
            ("macs", "S12"),
            ("ethertype", ">u2"),
            ("version", "u1"),
            ("tos", "u1"),
            ("total", ">u2"),
            ("id", ">u2"),
            ("fragment", ">u2"),
            ("ttl", "u1"),
            ("protocol", "u1"),
            ("checksum", ">u2"),
            ("source", ">u4"),
            ("target", ">u4"),
            ("source_port", ">u2"),
            ("target_port", ">u2"),
            ("seq", ">u4"),
            ("ack", ">u4"),
            ("offset", "u1"),
            ("flags", "u1"),
            ("window", ">u2"),
            ("tcp_checksum", ">u2"),
            ("urgent", ">u2"),
            ("payload", f"V{len(payload)}"),
        ]
    )
    with path.open("wb") as file:
        file.write(_FILE_HEADER)
        for start in range(first, first + flows, 1 << 16):
            number = np.arange(start, min(start + (1 << 16), first + flows), dtype=np.uint32)
            rows = np.zeros(len(number), record)
            rows["seconds"], rows["micros"] = NOON_NS // 10**9, number - start
            rows["captured"] = rows["length"] = length
            rows["macs"] = b"\x02\x01\x01\x01\x01\x01\x02\x02\x02\x02\x02\x02"
            rows["ethertype"], rows["version"], rows["ttl"] = 0x0800, 0x45, 64
            rows["total"], rows["protocol"] = length - 14, _TCP
            rows["id"] = number & 0xFFFF
            # A port for each of 60,000 flows, then the next address.
            rows["source"] = 0x0A40_0000 + number // 60_000
            rows["source_port"] = 1024 + number % 60_000
            rows["target"] = 0xCB00_7109  # 203.0.113.9
            rows["target_port"] = 3333 if payload else 80
            rows["seq"], rows["offset"], rows["window"] = 1, 5 << 4, 65_535
            rows["flags"] = PSH | ACK if payload else SYN
            if payload:
                rows["payload"] = np.void(payload)
            rows["checksum"] = _ip_checksum(rows)
            rows.tofile(file)


def _ip_checksum(rows: Any) -> Any:
    """Of each row's IPv4 header (RFC 1071), for networks that drop what is wrong."""
    total = (
        0x4500
        + rows["total"].astype(np.uint32)
        + rows["id"]
        + ((64 << 8) | _TCP)
        + (rows["source"] >> 16)
        + (rows["source"] & 0xFFFF)
        + (rows["target"] >> 16)
        + (rows["target"] & 0xFFFF)
    )
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
