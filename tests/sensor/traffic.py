"""Traffic for long replays: many plain flows, which nobody has to read."""

from __future__ import annotations

import random
import struct
import subprocess
from pathlib import Path

from tests.live.netns import Wire
from tests.running import ACK, FIN, PSH, SYN, Sent, tcp_frame, udp_frame, write_pcap


def write_background(path: Path, packets: int, *, seed: int = 1) -> int:
    """A capture of web-like and UDP flows, about twenty packets each; how many packets."""
    rng = random.Random(seed)
    made: list[Sent] = []
    now = 1_700_000_000 * 10**9
    flow = 0
    while len(made) < packets:
        flow += 1
        client = (f"10.{rng.randrange(20, 30)}.{flow >> 8 & 255}.{flow & 255}", 1024 + flow % 60000)
        server = (f"203.0.113.{rng.randrange(1, 250)}", rng.choice((443, 80, 22, 8080)))
        frames = _udp(rng, client, server) if rng.random() < 0.3 else _tcp(rng, client, server)
        for frame in frames:
            now += 1000
            made.append(Sent(now, frame))
    write_pcap(path, made)
    return len(made)


def _udp(rng: random.Random, client: tuple[str, int], server: tuple[str, int]) -> list[bytes]:
    sizes = [rng.randrange(20, 1200) for _ in range(8)]
    return [
        udp_frame(*((client, server) if n % 2 else (server, client)), b"\xc0" + rng.randbytes(size))
        for n, size in enumerate(sizes)
    ]


def _tcp(rng: random.Random, client: tuple[str, int], server: tuple[str, int]) -> list[bytes]:
    frames = [
        tcp_frame(client, server, flags=SYN, seq=1),
        tcp_frame(server, client, flags=SYN | ACK, seq=1),
    ]
    seq = [2, 2]
    for number in range(18):
        side = 0 if number % 4 == 0 else 1
        data = struct.pack(">BBH", 0x17, 3, 3) + rng.randbytes(rng.randrange(60, 1300))
        ends = (client, server) if side == 0 else (server, client)
        frames.append(tcp_frame(*ends, data, seq=seq[side], flags=PSH | ACK))
        seq[side] += len(data)
    return [*frames, tcp_frame(client, server, flags=FIN | ACK, seq=seq[0])]


def keep_replaying(wire: Wire, capture: Path, *options: str) -> subprocess.Popen[bytes]:
    """Replay for ever beside the test; end it by `terminate`."""
    return subprocess.Popen(
        wire.command(
            "tcpreplay", "-q", "--loop=0", "--preload-pcap", *options, "-i", wire.feed, str(capture)
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
