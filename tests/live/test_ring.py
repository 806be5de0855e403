"""Live capture over real veth pairs, in network namespaces of its own."""

from __future__ import annotations

import ipaddress
import itertools
import random
import shutil
import socket
import struct
import subprocess
import sys
import time
import warnings

import pytest

from poolwatch.capture.live import LiveSource, RingSettings, open_live
from poolwatch.errors import PoolwatchWarning, UsageError
from tests.capture.reading import read_path, rows_of
from tests.conftest import REPOSITORY
from tests.live.capturing import QUICK, SMALL, capturing, wait_until
from tests.live.netns import Wire, skip_without

CAMPUS = REPOSITORY / "pcaps" / "campus" / "capture.pcap"
BACKENDS = ("ring", "libpcap")


def frame(number: int, *, tags: bytes = b"", port: int = 3333, host: int = 1) -> bytes:
    """A UDP packet of its own flow, with its number in it."""
    body = struct.pack(">I", number).ljust(40, b".")
    udp = struct.pack(">4H", 40_000 + number % 1000, port, 8 + len(body), 0)
    addresses = ipaddress.ip_address(f"10.0.0.{host}").packed + bytes([10, 9, 9, 9])
    ip = struct.pack(">2B3H2BH", 0x45, 0, 28 + len(body), number & 0xFFFF, 0, 64, 17, 0) + addresses
    return b"\2\0\0\0\0\1" + b"\2\0\0\0\0\2" + tags + b"\x08\x00" + ip + udp + body


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_replay_gives_what_the_file_gives(wire: Wire, backend: str) -> None:
    skip_without("tcpreplay")
    want = read_path(CAMPUS).bodies
    settings = RingSettings(tick_ms=20, backend=backend)  # type: ignore[arg-type]
    before_ns = time.time_ns()
    with capturing(wire, [wire.tap], settings) as (reader,):
        wire.replay(CAMPUS)
        reader.wait_for(len(want))
        counts = reader.counts()
    after_ns = time.time_ns()
    assert reader.bodies == want
    assert [row.wirelen for row in reader.rows] == list(map(len, want))
    times = [row.ts_ns for row in reader.rows]
    assert times == sorted(times)
    assert before_ns <= times[0] <= times[-1] <= after_ns
    assert (counts.packets, counts.drops, counts.up) == (len(want), 0, True)
    assert counts.bytes == sum(map(len, want))
    assert counts.last_ns == times[-1]
    assert reader.source.coverage.drops == 0


def test_times_are_nanoseconds(wire: Wire) -> None:
    with capturing(wire, [wire.tap]) as (reader,):
        wire.send([frame(number) for number in range(50)])
        reader.wait_for(50)
    assert any(row.ts_ns % 1000 for row in reader.rows)


@pytest.mark.parametrize(
    "tags",
    [b"\x81\x00\x61\x23", b"\x88\xa8\x00\x07\x81\x00\x00\x08", b"\x81\x00\x00\x05\x81\x00\x00\x06"],
)
def test_tags_are_put_back(wire: Wire, tags: bytes) -> None:
    frames = [frame(number, tags=tags) for number in range(20)]
    with capturing(wire, [wire.tap]) as (reader,):
        wire.send(frames)
        reader.wait_for(20)
    assert reader.bodies == frames
    assert [row.wirelen for row in reader.rows] == list(map(len, frames))


@pytest.mark.parametrize("backend", BACKENDS)
def test_long_frames_are_cut_and_counted(wire: Wire, backend: str) -> None:
    settings = RingSettings(tick_ms=20, snap_bytes=64, backend=backend)  # type: ignore[arg-type]
    with capturing(wire, [wire.tap], settings) as (reader,):
        wire.send([frame(0), frame(1) + bytes(1000), frame(2)[:60]])
        reader.wait_for(3)
        counts = reader.counts()
    assert [len(body) for body in reader.bodies] == [64, 64, 60]
    assert [row.wirelen for row in reader.rows] == [82, 1082, 60]
    assert counts.interfaces[0].cut == 2


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("tags", [b"", b"\x81\x00\x00\x07"])
def test_a_filter_lets_through_what_it_says(wire: Wire, backend: str, tags: bytes) -> None:
    if tags and backend == "libpcap":
        pytest.skip("libpcap finds tagged packets by `vlan`, as in files")
    settings = RingSettings(tick_ms=20, bpf="udp port 3333", backend=backend)  # type: ignore[arg-type]
    wanted = [frame(number, tags=tags) for number in range(10)]
    others = [frame(100 + number, tags=tags, port=53) for number in range(10)]
    with capturing(wire, [wire.tap], settings) as (reader,):
        wire.send([one for pair in zip(others, wanted, strict=True) for one in pair])
        reader.wait_for(10)
    assert reader.bodies == wanted
    assert reader.source.statistics().packets == 10


def test_what_this_host_sends_comes_once(wire: Wire) -> None:
    """Out of the tapped interface itself, as tcpdump shows it; not at all where not wanted."""
    for outgoing in (True, False):
        settings = RingSettings(tick_ms=20, outgoing=outgoing)
        with capturing(wire, [wire.tap], settings) as (reader,):
            wire.send([frame(1), frame(2)], wire.tap)
            wire.send([frame(3)])
            reader.wait_for(3 if outgoing else 1)
        want = [frame(1), frame(2), frame(3)] if outgoing else [frame(3)]
        assert reader.bodies == want
        assert reader.source.statistics().interfaces[0].outgoing == len(want) - 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_loopback_gives_everything_once(wire: Wire, backend: str) -> None:
    wire.ip("link", "set", "lo", "up")
    settings = RingSettings(tick_ms=20, backend=backend)  # type: ignore[arg-type]
    with capturing(wire, ["lo"], settings) as (reader,):
        with wire.inside():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sender:
            for number in range(5):
                sender.sendto(b"to myself %d" % number, ("127.0.0.1", 9999))
        wait_until(lambda: sum(b"to myself" in body for body in reader.bodies) >= 5)
    heard = [body for body in reader.bodies if body[23] == 17]
    assert len(heard) == 5


@pytest.mark.parametrize("share_by", ["addresses", "flow"])
def test_threads_share_packets_and_nothing_comes_twice(wire: Wire, share_by: str) -> None:
    settings = RingSettings(tick_ms=20, share_by=share_by)  # type: ignore[arg-type]
    frames = [frame(number % 200, host=1 + number % 7) for number in range(3000)]
    with capturing(wire, [wire.tap], settings, threads=2) as readers:
        wire.send(frames)
        wait_until(lambda: sum(len(reader.rows) for reader in readers) >= len(frames))
    assert sorted(readers[0].bodies + readers[1].bodies) == sorted(frames)
    last = 36 if share_by == "flow" else 34
    shares = [{body[26:last] for body in reader.bodies} for reader in readers]
    assert all(shares)
    assert not shares[0] & shares[1]


ENDS = {
    "ipv4": ("0800", "450000200000000000110000", 4),
    "ipv6": ("86dd", "60000000000c1140", 16),
    "tagged": ("8100000586dd", "60000000000c1140", 16),
    "tagged twice": ("88a8000781000005" + "0800", "450000200000000000110000", 4),
}


@pytest.mark.parametrize("form", ENDS)
def test_both_directions_of_a_tunnel_come_to_one_thread(wire: Wire, form: str) -> None:
    """The outer source port is another one in each direction."""
    ethertype, head, size = ENDS[form]
    frames = []
    for number in range(60):
        near, far = bytes(size - 1) + bytes([number]), b"\xfd" * size
        for ends, port in ((near + far, 50_000 + number), (far + near, 60_000 - 7 * number)):
            udp = struct.pack(">4H", port, 4789, 12, 0) + bytes(4)
            frames.append(bytes(12) + bytes.fromhex(ethertype + head) + ends + udp)
    with capturing(wire, [wire.tap], threads=2) as readers:
        wire.send(frames)
        wait_until(lambda: sum(len(reader.rows) for reader in readers) >= len(frames))
    at = 12 + len(bytes.fromhex(ethertype + head))
    for reader in readers:
        assert len(reader.bodies) > 20
        pairs = [
            frozenset((body[at : at + size], body[at + size : at + 2 * size]))
            for body in reader.bodies
        ]
        assert all(pairs.count(pair) == 2 for pair in pairs)


def test_several_interfaces_are_told_apart(wire: Wire) -> None:
    wire.add_pair("feed1", "tap1")
    with capturing(wire, [wire.tap, "tap1"]) as (reader,):
        wire.send([frame(1)])
        wire.send([frame(2), frame(3)], "feed1")
        reader.wait_for(3)
        counts = reader.counts()
    got = sorted((row.interface, row.data) for row in reader.rows)
    assert got == [(0, frame(1)), (1, frame(2)), (1, frame(3))]
    assert [(one.name, one.packets) for one in counts.interfaces] == [(wire.tap, 1), ("tap1", 2)]


def test_packets_of_several_interfaces_come_in_their_order(wire: Wire) -> None:
    """As from a tap, which gives each direction on an interface of its own."""
    wire.add_pair("feed1", "tap1")
    frames = [frame(number) for number in range(400)]
    dice = random.Random(5)
    with wire.inside():
        senders = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) for _ in range(2)]
    with senders[0], senders[1], capturing(wire, [wire.tap, "tap1"]) as (reader,):
        for sender, name in zip(senders, (wire.feed, "feed1"), strict=True):
            sender.bind((name, 0))
        turns = [dice.randrange(2) for _ in frames]
        for one, turn in zip(frames, turns, strict=True):
            senders[turn].send(one)
            if dice.random() < 0.1:
                time.sleep(dice.choice([0.001, 0.015]))
        reader.wait_for(len(frames))
        counts = reader.counts()
    assert reader.bodies == frames
    assert [row.interface for row in reader.rows] == turns
    assert [one.rushed for one in counts.interfaces] == [0, 0]


def test_a_ring_that_fills_does_not_wait_for_others(wire: Wire) -> None:
    wire.add_pair("feed1", "tap1")
    with wire.inside():
        source = open_live([wire.tap, "tap1"], SMALL)
    source.start()
    frames = [frame(number) + bytes(5000) for number in range(700)]
    wire.send(frames)
    wire.send([frame(1)], "feed1")
    source.stop()
    with wire.inside():
        rows = [row.data for batch in source.batches() for row in rows_of(batch)]
        counts = source.statistics()
    assert [row for row in rows if len(row) > 1000] == frames[: len(rows) - 1]
    assert frame(1) in rows
    assert len(rows) - 1 + counts.drops == len(frames)
    assert counts.interfaces[0].rushed > 0


def test_a_batch_comes_every_tick_though_nothing_does(wire: Wire) -> None:
    settings = RingSettings(tick_ms=20)
    with capturing(wire, [wire.tap], settings) as (reader,):
        time.sleep(0.5)
    gaps = [later[0] - before[0] for before, later in itertools.pairwise(reader.batches)]
    assert len(gaps) >= 5
    assert max(gaps) < 1.0
    assert reader.rows == []


def test_what_came_before_stop_is_given(wire: Wire) -> None:
    settings = RingSettings(tick_ms=100)
    with capturing(wire, [wire.tap], settings) as (reader,):
        time.sleep(0.15)
        wire.send([frame(number) for number in range(100)])
        begun = time.monotonic()
        reader.end()
        took = time.monotonic() - begun
        wire.send([frame(1000)])
    assert reader.bodies == [frame(number) for number in range(100)]
    assert took < 3.0


def test_drops_are_counted_and_the_fill_is_told(wire: Wire) -> None:
    with wire.inside():
        source = open_live([wire.tap], SMALL)
    source.start()
    frames = [frame(number) + bytes(5000) for number in range(2000)]
    wire.send(frames)
    with wire.inside():
        full = source.statistics()
        rows = 0
        source.stop()
        for batch in source.batches():
            rows += batch.count
        done = source.statistics()
    assert full.drops > 0
    assert full.fill > 0.9
    assert full.freezes > 0
    assert rows + done.drops == len(frames)
    assert done.packets == rows
    assert source.coverage.drops == done.drops


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_interface_that_vanishes_is_taken_up_again(wire: Wire, backend: str) -> None:
    settings = RingSettings(tick_ms=20, recheck_ms=50, backend=backend)  # type: ignore[arg-type]
    with capturing(wire, [wire.tap], settings) as (reader,):
        wire.send([frame(1)])
        if backend == "libpcap":  # it forgets what it holds when the interface goes
            reader.wait_for(1)
        wire.cut()
        wait_until(lambda: not reader.counts().up)
        empty = len(reader.batches)
        wait_until(lambda: len(reader.batches) > empty + 2)
        wire.lay()
        wait_until(lambda: reader.counts().up)
        wait_until(lambda: _arrives(wire, reader.bodies))
        counts = reader.counts()
    assert reader.bodies[0] == frame(1)
    assert counts.times_gone == 1
    assert counts.interfaces[0].trouble == ""


def _arrives(wire: Wire, bodies: list[bytes]) -> bool:
    wire.send([frame(2)])
    return frame(2) in bodies


def test_it_is_taken_up_again_by_all_threads(wire: Wire) -> None:
    with capturing(wire, [wire.tap], threads=2) as readers:
        for _ in range(3):
            wire.cut()
            wait_until(lambda: not any(reader.counts().up for reader in readers))
            wire.lay()
            wait_until(lambda: all(_opened(reader.source) for reader in readers))
        frames = [frame(number, host=1 + number % 100) for number in range(300)]
        wire.send(frames)
        wait_until(lambda: sum(len(reader.rows) for reader in readers) >= 300)
    assert sorted(readers[0].bodies + readers[1].bodies) == sorted(frames)
    assert all(reader.bodies for reader in readers)


def _opened(source: LiveSource) -> bool:
    """Whether every ring is there, not only the interface."""
    return all(port.ring is not None and not port.losing for port in source._ports)  # type: ignore[attr-defined]


def test_down_and_up(wire: Wire) -> None:
    with capturing(wire, [wire.tap]) as (reader,):
        for turn in range(1, 4):
            wire.ip("link", "set", wire.tap, "down")
            wait_until(lambda: not reader.counts().up)
            wire.ip("link", "set", wire.tap, "up")
            wait_until(lambda: reader.counts().up)
            wire.send([frame(turn)])
            reader.wait_for(turn)
        counts = reader.counts()
    assert reader.bodies == [frame(turn) for turn in range(1, 4)]
    assert counts.times_gone == 3


def test_an_interface_that_is_down_at_first_is_waited_for(wire: Wire) -> None:
    wire.ip("link", "set", wire.tap, "down")
    with wire.inside(), pytest.warns(PoolwatchWarning, match="is down"):
        source = open_live([wire.tap], QUICK)
    source.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PoolwatchWarning)
        with capturing(wire, [wire.tap]) as (reader,):
            wire.ip("link", "set", wire.tap, "up")
            wait_until(lambda: reader.counts().up)
            wire.send([frame(1)])
            reader.wait_for(1)
    assert reader.bodies == [frame(1)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_interface_that_is_not_there(wire: Wire, backend: str) -> None:
    with wire.inside(), pytest.raises(UsageError, match="nosuch0") as caught:
        open_live(["nosuch0"], RingSettings(backend=backend))  # type: ignore[arg-type]
    if backend == "ring":
        assert wire.tap in caught.value.advice()


def test_a_fanout_group_that_another_has(wire: Wire) -> None:
    wire.add_pair("feed1", "tap1")
    with wire.inside():
        first = open_live([wire.tap], QUICK, threads=2, fanout_group=7)
        with pytest.raises(UsageError, match="tap1") as caught:
            open_live(["tap1"], QUICK, threads=2, fanout_group=7)
        first.close()
    assert "fanout group 7" in caught.value.advice()


@pytest.mark.parametrize("names", [[], ["a0", "a0"]])
def test_interfaces_named_wrongly(names: list[str]) -> None:
    with pytest.raises(UsageError, match="interfaces"):
        open_live(names, QUICK)


def test_without_the_right(wire: Wire) -> None:
    """No CAP_NET_RAW: said, with what helps, whichever way is asked for."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    program = (
        "from poolwatch.capture.live import *\n"
        "for backend in ('auto', 'ring', 'libpcap'):\n"
        f"    try: open_live([{wire.tap!r}], RingSettings(backend=backend))\n"
        "    except CaptureRightError as error: print(error, '|', error.advice())\n"
    )
    command = ["setpriv", "--bounding-set=-net_raw", sys.executable, "-c", program]
    done = subprocess.run(wire.command(*command), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert "may not capture packets" in line
        assert "CAP_NET_RAW" in line
