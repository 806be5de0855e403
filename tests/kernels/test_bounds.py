"""Frames of any kind through kernels that were compiled with bounds checks."""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np

from poolwatch.capture import open_source
from poolwatch.kernels.doors import decode_frames, decode_packets
from poolwatch.kernels.gate import gate_payload
from poolwatch.kernels.ring import walk_block
from poolwatch.kernels.sights import look_for_doubles
from poolwatch.layouts import FRAME, PACKET, RING, SIGHT, SIGHTS, Link
from poolwatch.match.prefilter import Endpoints, FlowTable
from poolwatch.settings import Limits
from tests import builders, carrier_builders
from tests.builders import ACK, PSH, SYN, TCP, UDP, Packet, batch, endpoint, ethernet, trickle
from tests.fuzz.running import fuzz_for
from tests.kernels.strategies import PAYLOADS
from tests.live import blocks

CARRIERS = [wrap for wrap, _, _ in carrier_builders.WRAPS.values()] + [carrier_builders.teredo]
REPOSITORY = Path(__file__).resolve().parents[2]
ROUNDS = 60


def some_frame(dice: random.Random) -> Packet:
    """A frame that may be valid, damaged, cut or noise; it ends where the buffer may end."""
    if dice.random() < 0.2:
        return Packet(dice.randbytes(dice.randrange(80)), 10**18, link=dice.randrange(10))
    payload = dice.choice([*PAYLOADS, dice.randbytes(dice.randrange(30))])
    port = dice.randrange(40000, 40040)
    flags = dice.choice([SYN, ACK, PSH | ACK, dice.randrange(256)])
    body, protocol = builders.tcp(payload, source=port, flags=flags), TCP
    if dice.random() < 0.2:
        body, protocol = builders.udp(payload, source=port), UDP
    build = builders.ipv4 if dice.random() < 0.5 else builders.ipv6
    packet = build(body, protocol=protocol)
    for _ in range(dice.choice([0, 0, 0, 1, 1, 2, 5])):
        packet = dice.choice(CARRIERS)(packet)
    link = dice.choice([link for link in Link if link])
    data = bytearray(some_link(packet, link, dice))
    for _ in range(dice.choice([0, 0, 1, 3])):
        data[dice.randrange(len(data))] = dice.randrange(256)
    cut = dice.choice([len(data), dice.randrange(len(data) + 1)])
    ts_ns = 10**18 + dice.randrange(10**11)
    return Packet(bytes(data[:cut]), ts_ns, len(data), link)


def some_link(packet: bytes, link: Link, dice: random.Random) -> bytes:
    if link == Link.PPP:
        return dice.choice([b"", b"\xff\x03"]) + carrier_builders.ppp(packet)
    if link == Link.PPPOE:
        return carrier_builders.pppoe(packet)
    if link != Link.ETHERNET:
        return builders.framed(packet, link)
    shape = dice.randrange(6)
    if shape == 0:
        return ethernet(carrier_builders.pppoe(packet), ethertype=0x8864)
    if shape == 1:
        return ethernet(carrier_builders.mpls(packet, dice.randrange(1, 10)), ethertype=0x8847)
    if shape == 2:
        inner = bytes(dice.choice([0, 4])) + ethernet(packet)
        return ethernet(carrier_builders.mpls(inner), ethertype=0x8848)
    return ethernet(packet)


class Brink:
    """Memory that ends in a page nobody may read: one byte too far ends the process."""

    PAGES = 64

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, (self.PAGES + 1) * mmap.PAGESIZE)
        self.usable = self.PAGES * mmap.PAGESIZE
        last = np.frombuffer(self._memory, np.uint8).ctypes.data + self.usable
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.mprotect(ctypes.c_void_p(last), ctypes.c_size_t(mmap.PAGESIZE), 0)
        assert not failed

    def place(self, data: bytes) -> builders.Array:
        """`data` as an array whose end is the end of what may be read."""
        self._memory[self.usable - len(data) : self.usable] = data
        return np.frombuffer(self._memory, np.uint8, len(data), self.usable - len(data))


def checks_are_on() -> bool:
    try:
        gate_payload(np.zeros(1, np.uint8), 5, 6, 0, 0, True)
    except IndexError:
        return True
    return False


def fuzz(rounds: int) -> None:
    """Decode, scan, evict, walk and gate at the brink."""
    dice = random.Random(11)
    brink = Brink()
    rows = (endpoint("192.0.2.9", 3333), endpoint("10.0.0.1", 0))
    table = FlowTable(Limits(flows=24), Endpoints(rows), seed=1, keep=False)
    sights, seen = np.zeros(64, SIGHT), np.zeros(1, SIGHTS)
    seen["window_ns"], hashes = 10**11, np.zeros(64, np.uint64)
    for _ in range(rounds):
        packets = [some_frame(dice) for _ in range(dice.randrange(1, 300))]
        for packet in packets:
            one = batch([packet])
            at_brink = brink.place(one.buffer[:-1].tobytes())
            decode_frames(at_brink, one.packets, 1, np.zeros(1, FRAME))
            decode_packets(at_brink, one.packets, 1, np.zeros(1, FRAME))
            if packet.data:
                gate_payload(at_brink, 1, len(at_brink), dice.randrange(16), 0, True)
        part = batch(packets)
        part.buffer = brink.place(part.buffer[:-1].tobytes())
        for _ in table.scan(part):
            pass
        look_for_doubles(part.buffer, part.packets, part.count, sights, seen, hashes)
        walk(packets, dice)
        walk_ring(packets, dice, brink)
    assert int(seen["duplicates"][0]) > 0
    assert int(table.counters["evicted"][0]) > 0
    for _ in table.end():
        pass


def walk(packets: list[Packet], dice: random.Random) -> None:
    out = bytearray(builders.pcap_header())
    if dice.random() < 0.5:
        out = bytearray(builders.section() + builders.interface())
        out += b"".join(builders.enhanced(packet.data) for packet in packets)
    else:
        out += b"".join(builders.pcap_record(packet.data) for packet in packets)
    out[dice.randrange(24, len(out))] = dice.randrange(256)
    limits = Limits(record_bytes=500, read_bytes=300)
    for _ in open_source(trickle(bytes(out), [dice.randrange(1, 300)]), limits).batches():
        pass


def walk_ring(packets: list[Packet], dice: random.Random, brink: Brink) -> None:
    frames = [
        blocks.Frame(packet.data, status=1 | dice.randrange(8) << 4, room=dice.choice([0, 14]))
        for packet in packets[: dice.randrange(1, 40)]
    ]
    data = bytearray(blocks.block(frames, 0))
    data += bytes(-len(data) % 4)
    for _ in range(dice.randrange(4)):
        data[dice.randrange(12, len(data))] = dice.randrange(256)
    block = brink.place(bytes(data))
    state = np.zeros(1, RING)
    state["link"] = int(Link.ETHERNET)
    while walk_block(block, np.zeros(7, PACKET), state) and state["left"][0]:
        pass


def test_no_kernel_leaves_its_arrays(tmp_path: Path) -> None:
    script = (
        "from poolwatch import kernels\n"
        "from tests.kernels import test_bounds\n"
        "assert kernels.cache_directory().name.endswith('-checked')\n"
        "assert test_bounds.checks_are_on()\n"
        f"test_bounds.fuzz({ROUNDS})\n"
        "print('done')"
    )
    cache = tmp_path / "cache"
    checked = os.environ | {"POOLWATCH_BOUNDSCHECK": "1", "POOLWATCH_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env=checked,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
    # What was compiled with checks is used once more, since it takes long.
    fuzz_for(20, "walkers", "decoder", work=tmp_path / "fuzz", env=checked)
