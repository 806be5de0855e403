"""Template flows: what the benchmark captures are copies of.

A template is a conversation as pcap records whose times are zero, with the place of the
client's address in each. A copy differs from it in that address and in the times only,
so that both directions of a copied flow stay one flow.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.captures import ROOT

MINING_SCENARIOS = (
    "cryptonote-clean",
    "eth-getwork-http-clean",
    "eth-proxy-clean",
    "ethereum-stratum-1-clean",
    "ethereum-stratum-2-clean",
    "ethereum-stratum-clean",
    "getblocktemplate-http-clean",
    "getwork-http-clean",
    "kawpow-stratum-clean",
    "stratum-v1-clean",
    "zcash-stratum-clean",
)
RECORD_BYTES = 16
NOWHERE = -1

_CLASSIC = {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"}  # little-endian, µs and ns
_ETHERNET = 1
_LONGEST = 65_535
_TCP, _UDP = 6, 17

End = tuple[bytes, int]
"""Address and port."""


@dataclass(slots=True)
class Flow:
    """One conversation, or a capture's packets that belong to none.

    `client_at`: per record the offset of the last four bytes of the client's address.
    """

    client: End | None
    server: End | None
    records: list[bytes] = field(default_factory=list)
    client_at: list[int] = field(default_factory=list)
    mining: bool = False

    @property
    def bytes(self) -> int:
        """Captured bytes of all packets."""
        return sum(len(record) - RECORD_BYTES for record in self.records)


@dataclass(frozen=True, slots=True)
class _Ends:
    source: End
    destination: End
    source_at: int  # offset in the frame behind the source address
    destination_at: int
    protocol: int


def record(frame: bytes, wire_bytes: int | None = None) -> bytes:
    """A pcap record without a time."""
    return struct.pack("<IIII", 0, 0, len(frame), wire_bytes or len(frame)) + frame


def benign_flows(folder: Path) -> list[Flow]:
    """The flows of all classic Ethernet captures below a folder, each file once."""
    flows: list[Flow] = []
    for path in benign_files(folder):
        flows += read_flows(path)
    return flows


def benign_files(folder: Path) -> list[Path]:
    """Well-formed captures without mining, those that occur twice only once."""
    seen: set[bytes] = set()
    files = []
    for room in ("ndpi", "nearmiss"):
        for path in sorted((folder / room).glob("*.pcap")):
            digest = hashlib.sha256(path.read_bytes()).digest()
            if digest not in seen:
                seen.add(digest)
                files.append(path)
    return files


def mining_flows() -> list[Flow]:
    """Whole mining sessions of the project's own scenarios, all to be found as confirmed.

    Always those of the same dialects, or the mixture would change with each new one.
    """
    flows: list[Flow] = []
    for name in MINING_SCENARIOS:
        folder = ROOT / "pcaps" / name
        truth = json.loads((folder / "truth.json").read_text("utf-8"))
        grades = {(flow["expect"] or {}).get("grade") for flow in truth["flows"]}
        if grades == {"confirmed"}:
            for flow in read_flows(folder / "capture.pcap"):
                flow.mining = True
                flows.append(flow)
    return flows


def read_flows(path: Path) -> list[Flow]:
    """The flows of one capture; none if it is not a classic Ethernet one."""
    flows: dict[tuple[int, frozenset[End]], Flow] = {}
    rest = Flow(None, None)
    for frame, wire_bytes in _frames(path.read_bytes()):
        ends = _locate(frame)
        if ends is None:
            rest.records.append(record(frame, wire_bytes))
            rest.client_at.append(NOWHERE)
            continue
        key = (ends.protocol, frozenset((ends.source, ends.destination)))
        flow = flows.setdefault(key, Flow(ends.source, ends.destination))
        behind = ends.source_at if ends.source == flow.client else ends.destination_at
        flow.records.append(record(frame, wire_bytes))
        flow.client_at.append(RECORD_BYTES + behind - 4)
    return [*flows.values(), *([rest] if rest.records else [])]


def _frames(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Frames with their length on the wire, up to the first damage."""
    if data[:4] not in _CLASSIC or struct.unpack_from("<I", data, 20)[0] & 0xFFFF != _ETHERNET:
        return
    position = 24
    while position + RECORD_BYTES <= len(data):
        captured, wire = struct.unpack_from("<II", data, position + 8)
        position += RECORD_BYTES
        if captured > _LONGEST or position + captured > len(data):
            return
        frame = data[position : position + captured]
        yield frame, wire if captured <= wire <= _LONGEST else captured
        position += captured


def _locate(frame: bytes) -> _Ends | None:
    """Both ends of an untagged TCP or UDP packet; None for anything else."""
    ethertype = frame[12:14]
    if ethertype == b"\x08\x00" and len(frame) >= 34:
        if frame[20] & 0x1F or frame[21]:  # a later fragment has no ports
            return None
        return _ends(frame, 26, 4, 14 + (frame[14] & 15) * 4, frame[23])
    if ethertype == b"\x86\xdd" and len(frame) >= 54:
        return _ends(frame, 22, 16, 54, frame[20])
    return None


def _ends(frame: bytes, first: int, size: int, ports_at: int, protocol: int) -> _Ends | None:
    if protocol not in (_TCP, _UDP) or len(frame) < ports_at + 4:
        return None
    middle, last = first + size, first + 2 * size
    source_port, destination_port = struct.unpack_from(">HH", frame, ports_at)
    return _Ends(
        (frame[first:middle], source_port),
        (frame[middle:last], destination_port),
        middle,
        last,
        protocol,
    )
