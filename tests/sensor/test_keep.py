"""Packets of mining flows, from a flow table to files."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from poolwatch.errors import UsageError
from poolwatch.sensor.collector import Collector
from poolwatch.sensor.config import Config, SensorSettings
from poolwatch.sensor.keep import Keeper, KeepSettings, KeptFlow, RetentionSettings, memory_bytes
from poolwatch.sensor.keep.retention import choose_for_room, choose_segments
from poolwatch.sensor.keep.segments import FlowLine, index_of, read_index
from poolwatch.sensor.log import Log
from poolwatch.sensor.mailbox import Mailbox
from poolwatch.sensor.outlets import Outlets
from poolwatch.sensor.tell import HostState
from poolwatch.sensor.told import ToldFile
from poolwatch.store import StoreSettings
from tests.builders import Packet
from tests.running import LIMITS
from tests.sensor.keeping import (
    MS,
    NO_END,
    SETTINGS,
    T0,
    conversation,
    make_keeper,
    make_table,
    packet,
    show,
    taken,
)
from tests.sensor.test_segments import capinfos, read_back

ROOT = Path(__file__).parents[2]


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = make_keeper(tmp_path / "kept")
    made.start()
    yield made
    assert made.close()


def segments(directory: Path) -> list[Path]:
    return sorted((directory / "packets").glob("*.pcapng"))


def kept_data(directory: Path) -> list[bytes]:
    return [data for path in segments(directory) for _, _, _, data in read_back(path)]


def data_of(packets: list[Packet]) -> list[bytes]:
    return [one.data for one in packets]


def deletions(directory: Path) -> list[dict[str, object]]:
    path = directory / "deletions.jsonl"
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def test_a_flow_is_kept_from_its_beginning(keeper: Keeper, tmp_path: Path) -> None:
    table = make_table()
    lane = keeper.lane(table)
    mining = conversation("10.0.0.1", 4000, shares=6)
    other = conversation("10.0.0.2", 4000, shares=6)
    mixed = [one for pair in zip(mining, other, strict=True) for one in pair]
    for begin in range(0, 10, 2):
        show(table, lane, mixed[begin : begin + 2])
    assert lane.take(taken(1, flow_id=77))
    assert lane.take(taken(1, flow_id=77))  # again: nothing happens
    show(table, lane, mixed[10:])
    assert keeper.sync()
    (path,) = segments(tmp_path / "kept")
    flows, closed = read_index(index_of(path))
    assert closed is None
    assert [(f.flow_id, f.host, f.packets) for f in flows.values()] == [(77, "10.0.0.1", 9)]
    assert kept_data(tmp_path / "kept") == data_of(mining)
    assert keeper.counts()["keep_packets"] == 9
    assert keeper.counts()["keep_flows_now"] == 1


def test_nobody_else_may_read_what_is_kept(keeper: Keeper, tmp_path: Path) -> None:
    table = make_table()
    lane = keeper.lane(table)
    show(table, lane, conversation("10.0.0.1", 4000))
    lane.take(taken(1))
    keeper.keep_host("10.0.0.1")
    lane.close()
    assert keeper.close()
    found = {p.relative_to(tmp_path): stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert len(found) == 7
    for path in tmp_path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_closed_flow_is_kept_too_and_only_once(keeper: Keeper, tmp_path: Path) -> None:
    table = make_table(idle_seconds=1)
    lane = keeper.lane(table)
    first = conversation("10.0.0.1", 4000)
    again = conversation("10.0.0.1", 4000, at_ms=60_000)  # the same ends, after a pause
    show(table, lane, first + again)
    last_ns = first[-1].ts_ns
    old = KeptFlow(flow_id=5, first_packet=1, host="10.0.0.1", record=0, last_ns=last_ns)
    assert lane.take(old)
    assert lane.take(old)
    assert keeper.sync()
    assert kept_data(tmp_path / "kept") == data_of(first)
    assert lane.take(taken(7, flow_id=6))
    assert keeper.sync()
    assert kept_data(tmp_path / "kept") == data_of(first + again)
    assert keeper.counts()["keep_beginnings_missing"] == 0


def test_a_record_that_is_another_flows_by_now_is_told_apart(
    keeper: Keeper, tmp_path: Path
) -> None:
    table = make_table(flows=2)
    lane = keeper.lane(table)
    mining = conversation("10.0.0.1", 4000)
    show(table, lane, mining)
    assert lane.take(taken(1))
    crowd = [packet("10.0.0.9", 5000 + n, b"x", at_ms=1000 + n) for n in range(40)]
    for one in crowd:  # each makes room for the next
        show(table, lane, [one])
    back = conversation("10.0.0.1", 4000, at_ms=5000)
    show(table, lane, back)
    assert keeper.sync()
    assert kept_data(tmp_path / "kept") == data_of(mining)


def test_a_beginning_pushed_out_is_counted(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, beginnings_bytes=2000, candidates_bytes=2000)
    keeper = make_keeper(tmp_path / "kept", settings)
    keeper.start()
    table = make_table()
    lane = keeper.lane(table)
    mining = conversation("10.0.0.1", 4000, shares=30)
    show(table, lane, mining)
    assert lane.take(taken(1))
    assert keeper.close()
    kept = kept_data(tmp_path / "kept")
    assert 0 < len(kept) < len(mining)
    assert kept == data_of(mining)[-len(kept) :]
    assert keeper.counts()["keep_beginnings_missing"] == 1


def test_a_flow_is_cut_at_its_bound_and_that_is_counted(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, flow_packets=5)
    keeper = make_keeper(tmp_path / "kept", settings)
    keeper.start()
    table = make_table()
    lane = keeper.lane(table)
    mining = conversation("10.0.0.1", 4000, shares=10)
    show(table, lane, mining[:4])
    assert lane.take(taken(1))
    show(table, lane, mining[4:])
    assert keeper.close()
    assert kept_data(tmp_path / "kept") == data_of(mining[:5])
    counts = keeper.counts()
    assert (counts["keep_flows_cut"], counts["keep_packets_over_flow"]) == (1, 8)


def test_flows_and_the_queue_have_bounds(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, flows=1, queue_bytes=3000)
    keeper = make_keeper(tmp_path / "kept", settings)  # never started: nothing leaves the queue
    table = make_table()
    lane = keeper.lane(table)
    show(table, lane, conversation("10.0.0.1", 4000, shares=30))
    show(table, lane, conversation("10.0.0.2", 4000))
    assert lane.take(taken(1))
    assert not lane.take(taken(34))
    assert not lane.take(taken(999))
    counts = keeper.counts()
    assert counts["keep_queue_bytes"] <= 3000
    assert counts["keep_queue_packets"] + counts["keep_packets_lost"] == 33
    assert (counts["keep_flows_refused"], counts["keep_flows_unknown"]) == (1, 1)
    assert not keeper.sync(timeout=0.01)


def fill(directory: Path, flows: int) -> Keeper:
    """Segments of about one flow each, of hosts 10.0.0.1, 10.0.0.2 ..."""
    settings = msgspec.structs.replace(SETTINGS, segment_bytes=1000)
    keeper = make_keeper(directory, settings)
    keeper.start()
    table = make_table()
    lane = keeper.lane(table)
    for number in range(1, flows + 1):
        host = f"10.0.0.{number}"
        first = table.packets + 1
        show(table, lane, conversation(host, 4000, shares=5, at_ms=1000 * number))
        assert lane.take(taken(first, host=host))
        assert keeper.sync()
    return keeper


def test_over_the_quota_segments_of_unresolved_findings_go_last(tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    keeper = fill(directory, 5)
    assert keeper.close()
    size = sum(path.stat().st_size for path in segments(directory))
    assert len(segments(directory)) == 5

    quota = RetentionSettings(
        packets_bytes=size * 3 // 5 + 10, packets_days=0, packets_unresolved_days=0
    )
    keeper = make_keeper(directory, SETTINGS, quota)
    keeper.unresolved(["10.0.0.1", "10.0.0.3"])
    keeper.start()
    wait_for(lambda: keeper.counts()["keep_segments_deleted"] == 2)
    assert keeper.close()
    assert keeper.counts()["keep_segments_deleted_unresolved"] == 0
    left = [flow.host for path in segments(directory) for flow in flows_in(path)]
    assert left == ["10.0.0.1", "10.0.0.3", "10.0.0.5"]
    lines = deletions(directory)
    assert [(line["class"], line["why"], line["unresolved"]) for line in lines] == [
        ("packets", "quota", False)
    ] * 2
    assert all(line["packets"] == 8 and line["bytes"] == size // 5 for line in lines)

    less = msgspec.structs.replace(quota, packets_bytes=size // 5 + 10)
    keeper = make_keeper(directory, SETTINGS, less)  # all unresolved, as nobody says otherwise
    keeper.start()
    wait_for(lambda: keeper.counts()["keep_segments_deleted_unresolved"] == 2)
    assert keeper.close()
    assert len(deletions(directory)) == 4


def flows_in(path: Path) -> list[FlowLine]:
    return list(read_index(index_of(path))[0].values())


def wait_for(fact: object, seconds: float = 5.0) -> None:
    assert callable(fact)
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_old_goes_unless_a_finding_is_unresolved(tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    assert fill(directory, 2).close()
    old = RetentionSettings(packets_days=1, packets_unresolved_days=0)  # packets are of 2023
    keeper = make_keeper(directory, SETTINGS, old)
    keeper.unresolved(["10.0.0.2"])
    keeper.start()
    wait_for(lambda: keeper.counts()["keep_segments_deleted"] == 1)
    assert keeper.close()
    assert [line["why"] for line in deletions(directory)] == ["age"]
    assert len(segments(directory)) == 1


def test_a_host_that_was_silent_for_long_holds_its_packets_no_more(tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    assert fill(directory, 2).close()
    state = HostState(finding_id=1, grade="confirmed", stage="mining", role="miner", last_ns=T0)
    states = {"10.0.0.1": state}
    states["10.0.0.2"] = msgspec.structs.replace(state, last_ns=time.time_ns())
    assert ToldFile(tmp_path / "told.json", 9).write(states)
    config = Config(
        sensor=SensorSettings(state=str(tmp_path)),
        store=StoreSettings(url=f"sqlite:///{tmp_path}/store.db", spool=str(tmp_path / "spool")),
        retention=RetentionSettings(packets_days=1, packets_unresolved_days=0),
    )
    outlets = Outlets(config, Log(), lambda _: False)
    collector = Collector(Mailbox(9), outlets.writer, config.report, LIMITS, 9)
    try:
        outlets.start(collector)
        wait_for(lambda: outlets.counts()["keep"]["keep_segments_deleted"])
    finally:
        outlets.close(time.monotonic() + 5)
    assert [flow.host for path in segments(directory) for flow in flows_in(path)] == ["10.0.0.2"]


@pytest.mark.usefixtures("keeper")
def test_two_sensors_do_not_share_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another sensor"):
        make_keeper(tmp_path / "kept").start()
    foreign = tmp_path / "link"
    foreign.symlink_to(tmp_path / "kept")
    with pytest.raises(UsageError, match="not a folder"):
        make_keeper(foreign).start()


def test_a_full_disk_is_said_and_nothing_is_lost_meanwhile(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)],
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("no tmpfs can be mounted here")
    directory = disk / "kept"
    keeper = make_keeper(directory)
    try:
        keeper.start()
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(120_000))
        table = make_table()
        lane = keeper.lane(table)
        mining = conversation("10.0.0.1", 4000, shares=1000)
        show(table, lane, mining)
        assert lane.take(taken(1))
        assert not keeper.sync()
        assert "No space left" in keeper.problem()
        ballast.unlink()
        wait_for(keeper.sync, 10)
        assert keeper.problem() == ""
        assert keeper.close()
        assert kept_data(directory) == data_of(mining)
        assert keeper.counts()["keep_packets_lost"] == 0
    finally:
        keeper.close()
        subprocess.run(["umount", str(disk)], check=True)


def test_what_was_kept_makes_room_for_what_comes(tmp_path: Path) -> None:
    """A disk that packets alone have filled is no end of keeping, though all are unresolved."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, "20m"):
        directory = disk / "kept"
        settings = msgspec.structs.replace(SETTINGS, segment_bytes=2_000_000)
        keeper = make_keeper(directory, settings)
        try:
            keeper.start()
            table = make_table()
            lane = keeper.lane(table)
            mining = conversation("10.0.0.1", 4000)
            for number in range(30):  # 30 MB
                show(table, lane, mining)
                if not number:
                    assert lane.take(taken(1))
                wait_for(keeper.sync, 20)
                at = 1000 * (number + 1)
                mining = [packet("10.0.0.1", 4000, bytes(1400), at_ms=at + i) for i in range(700)]
            assert keeper.problem() == ""
            wait_for(lambda: free_bytes(disk) > 1_000_000)  # a twentieth
            counts = keeper.counts()
            assert counts["keep_packets_lost"] == 0
            assert counts["keep_segments_deleted_unresolved"] >= 5
            logged = deletions(directory)
            assert {(line["why"], line["unresolved"]) for line in logged} == {("disk full", True)}
            assert len(logged) == counts["keep_segments_deleted"]
        finally:
            keeper.close()


def test_for_room_the_oldest_go_and_the_unresolved_last() -> None:
    kept = [Sized({host: 10}) for host in "abcd"]
    held = [True, False, True, False]
    chosen = [(one.place, one.unresolved) for one in choose_for_room(kept, held, NO_END, 25)]
    assert chosen == [(1, False), (3, False), (0, True)]
    assert list(choose_for_room(kept, held, NO_END, 0)) == []


@pytest.mark.parametrize(
    ("kept", "gone"),
    [
        # One host floods: its own go, the oldest first, also though its finding is unresolved.
        (("a", "b", "f", "f", "f", "f"), [2, 3, 4]),
        (("f", "f", "f", "a", "f", "b"), [0, 1, 2]),
        # It has no more than its part in the end: then age alone counts.
        (("a", "b", "c", "f", "f", "d"), [3, 0, 1]),
        # A segment that others share half of is not its own.
        (("a", "fb", "f", "f", "f", "fc"), [2, 3, 4]),
    ],
)
def test_the_flood_of_one_host_takes_its_own(kept: tuple[str, ...], gone: list[int]) -> None:
    segments = [Sized({host: 12 // len(hosts) for host in hosts}) for hosts in kept]
    held = [True] * len(kept)
    settings = RetentionSettings(packets_days=0, packets_unresolved_days=0, packets_bytes=3 * 12)
    chosen = choose_segments(segments, held, settings, T0, 6 * 12)
    assert [(one.place, one.why) for one in chosen] == [(place, "quota") for place in gone]


class Sized(NamedTuple):
    """Something that takes room."""

    hosts: dict[str, int]
    last_ns: int = T0

    @property
    def bytes(self) -> int:
        return sum(self.hosts.values())


def free_bytes(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


@contextlib.contextmanager
def small_disk(disk: Path, size: str) -> Iterator[None]:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("turn", range(3))
def test_killed_at_any_time_what_was_synced_is_there(tmp_path: Path, turn: int) -> None:
    directory = tmp_path / "kept"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sensor.keeping", str(directory)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = [process.stdout.readline()]
        time.sleep(random.Random(turn).uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read().splitlines()
    safe = max(int(line) for line in said if line.strip())
    keeper = make_keeper(directory)
    keeper.start()
    assert keeper.close()
    paths = segments(directory)
    assert sum(len(read_back(path)) for path in paths) >= safe > 0
    assert sum(len(flows_in(path)) for path in paths) > 0
    for path in (paths[0], paths[-1]):
        assert "File type:           Wireshark/... - pcapng" in capinfos(path)
    for path in paths:
        flows, closed = read_index(index_of(path))
        assert closed is not None
        assert closed.packets == sum(flow.packets for flow in flows.values())


def test_memory_is_told_beforehand() -> None:
    settings = KeepSettings()
    assert memory_bytes(settings, 1_000_000, 2) > memory_bytes(settings, 1_000_000, 1) > 1 << 28
    nothing = KeepSettings(packets=False, summaries=False)
    assert memory_bytes(nothing, 1_000_000, 4) == 0


def test_times_are_those_of_the_packets(keeper: Keeper, tmp_path: Path) -> None:
    table = make_table()
    lane = keeper.lane(table)
    show(table, lane, conversation("10.0.0.1", 4000, shares=0))
    lane.take(taken(1))
    assert keeper.sync()
    (path,) = segments(tmp_path / "kept")
    assert [row[0] for row in read_back(path)] == [T0, T0 + 10 * MS, T0 + 20 * MS]
    assert b'"first_seen":"2023-11-14T22:13:20.000000+0000"' in index_of(path).read_bytes()
