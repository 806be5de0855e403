"""Packets in which names show: lookups, and connections whose TLS hello names the server."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from tests.running import NOON_NS, Sent, tcp_frame, udp_frame

RESOLVER = ("192.0.2.53", 53)
TTL_SECONDS = 300
STEP_NS = 20_000  # between two packets: whatever was learned still holds at the end
OPAQUE = b"\x17\x03\x03\x00\x20" + bytes(range(32))  # a TLS record under a key
_QUESTION = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0)
_ANSWER = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0)
_TO_QUESTION = b"\xc0\x0c"  # the name asked for, said again
_A_IN = struct.pack(">HH", 1, 1)
_HELLO_HEAD = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\1\0"


def dns_labels(name: str) -> bytes:
    """A name as DNS writes it."""
    labels = [label.encode() for label in name.split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def fits_dns(name: str) -> bool:
    """Whether a text can be asked for: labels of 1 to 63 bytes, 255 bytes in all."""
    labels = name.encode().split(b".")
    return len(name.encode()) <= 253 and all(0 < len(label) <= 63 for label in labels)


def client_hello(name: str) -> bytes:
    """The first words of a TLS client that asks for a server by name."""
    text = name.encode()
    entry = struct.pack(">BH", 0, len(text)) + text
    listed = struct.pack(">H", len(entry)) + entry
    extension = struct.pack(">HH", 0, len(listed)) + listed
    body = _HELLO_HEAD + struct.pack(">H", len(extension)) + extension
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message


class Traffic:
    """A capture being put together, one packet behind another; every flow has its own port."""

    def __init__(self) -> None:
        self.packets: list[Sent] = []
        self._port = 0

    def look_up(self, client: str, name: str, address: str) -> None:
        """A client asks for a name and is told its address."""
        asking = (client, self._next_port())
        question = dns_labels(name) + _A_IN
        told = _TO_QUESTION + _A_IN + struct.pack(">IH", TTL_SECONDS, 4) + _packed(address)
        self._add(udp_frame(asking, RESOLVER, _QUESTION + question))
        self._add(udp_frame(RESOLVER, asking, _ANSWER + question + told))

    def connect(self, ends: tuple[str, str, int], said: bytes, answer: bytes = OPAQUE) -> None:
        """A client says something to an address and port, and is answered."""
        client, address, port = ends
        calling, server = (client, self._next_port()), (address, port)
        self._add(tcp_frame(calling, server, said, seq=1))
        self._add(tcp_frame(server, calling, answer, seq=1))

    def _next_port(self) -> int:
        self._port = (self._port + 1) % 40_000
        return 20_000 + self._port

    def _add(self, frame: bytes) -> None:
        self.packets.append(Sent(NOON_NS + len(self.packets) * STEP_NS, frame))


def _packed(address: str) -> bytes:
    return bytes(map(int, address.split(".")))


def addresses(first: int, second: int) -> Iterator[str]:
    """Addresses below `first.second.0.0/15`, each once."""
    for high in (second, second + 1):
        for third in range(256):
            for last in range(256):
                yield f"{first}.{high}.{third}.{last}"


def mining_events(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["event_type"] == "mining"]
