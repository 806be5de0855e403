"""The writer: rows reach the store in order, through outages, locks, full disks and quotas."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from poolwatch.errors import StoreError, StoreRowError, UsageError
from poolwatch.store import FindingRow, Row, SessionRow, Writer, WriterCounts, open_store
from poolwatch.store.migrations import STEPS
from poolwatch.store.referred import Referred
from poolwatch.store.rows import SightingRow
from tests.store.building import (
    SENSOR,
    coverage,
    everything,
    finding,
    session,
    settings,
    sighting,
    wait_until,
)


def begun(folder: Path, url: str | None = None, **more: Any) -> Writer:
    writer = Writer(settings(folder, url, **more), SENSOR)
    writer.start()
    return writer


def stored(folder: Path) -> list[Row]:
    with open_store(settings(folder).url, "reader") as store:
        return everything(store)


class Locked:
    """Another program that holds the lock of the SQLite store."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "store.db", isolation_level=None)

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


def test_rows_reach_the_store_by_themselves(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    rows: list[Row] = [session(5), finding(1, [5]), sighting(1), coverage(0)]
    assert all(writer.put(row) for row in rows)
    wait_until(lambda: writer.counts().stored == 4)
    counts = writer.counts()
    assert (counts.put, counts.waiting_rows, counts.spool_rows) == (4, 0, 0)
    assert (counts.store_up, counts.lag_seconds, counts.last_error) == (True, 0.0, "")
    assert writer.close(5)
    assert len(stored(tmp_path)) == 5  # and the sensor's


def test_flushed_rows_survive_without_a_store(tmp_path: Path) -> None:
    nowhere = "postgresql://nobody:secret@127.0.0.1:1/none"
    writer = begun(tmp_path, nowhere)
    for number in range(100):
        writer.put(sighting(number))
    assert writer.flush(5)
    counts = writer.counts()
    assert (counts.store_up, counts.stored, counts.waiting_rows) == (False, 0, 0)
    assert counts.spool_rows == 100
    assert counts.lag_seconds > 0
    assert "***" in counts.last_error
    assert "secret" not in f"{counts} {writer._settings}"
    assert not writer.close(0.1)
    writer = begun(tmp_path)
    assert writer.drain(10)
    assert writer.close(5)
    assert [row.at_ns for row in stored(tmp_path) if isinstance(row, SightingRow)] == [
        sighting(number).at_ns for number in range(100)
    ]


def test_another_program_holds_the_lock(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    with Locked(tmp_path):
        for number in range(50):
            assert writer.put(sighting(number))
        assert writer.flush(5)
        wait_until(lambda: writer.counts().store_failures > 1)
        counts = writer.counts()
        assert (counts.store_up, counts.stored, counts.spool_rows) == (False, 0, 50)
        assert "locked" in counts.last_error
    assert writer.drain(10)
    counts = writer.counts()
    assert (counts.store_up, counts.last_error, counts.spool_rows) == (True, "", 0)
    assert writer.close(5)
    assert len(stored(tmp_path)) == 51


def test_past_the_quota_the_oldest_detail_goes_and_is_counted(tmp_path: Path) -> None:
    quota = 200_000
    writer = begun(tmp_path, spool_bytes=quota, segment_bytes=8192)
    with Locked(tmp_path):
        for number in range(1000):
            refers = finding(number % 10, [number - number % 5], last=number)
            for row in (session(number), coverage(number), refers):
                assert writer.put(row)
            if number % 20 == 0:
                assert writer.flush(5)
                assert writer.counts().spool_bytes < quota * 1.5
        assert writer.flush(5)
        counts = writer.counts()
    assert counts.superseded > 100
    assert counts.dropped.keys() == {"coverage", "sessions"}
    assert counts.refused == 0
    assert writer.drain(20)
    assert writer.close(5)
    rows = stored(tmp_path)
    assert {row.finding_id for row in rows if isinstance(row, FindingRow)} == set(range(10))
    kept = {row.flow_id for row in rows if isinstance(row, SessionRow)}
    assert kept >= set(range(0, 1000, 5))  # those that findings refer to
    assert max(kept) == 999  # and the newest
    assert len(kept) == 1000 - counts.dropped["sessions"]


def test_findings_and_their_sessions_are_kept_beyond_the_quota(tmp_path: Path) -> None:
    writer = begun(tmp_path, spool_bytes=20_000, segment_bytes=4096)
    with Locked(tmp_path):
        for number in range(300):
            writer.put(finding(number, [number]))
            writer.put(session(number))
        assert writer.flush(5)
        counts = writer.counts()
        assert counts.spool_over
        assert counts.spool_bytes > 20_000
        assert (counts.dropped, counts.refused) == ({}, 0)
    assert writer.drain(10)
    assert writer.close(5)
    assert len(stored(tmp_path)) == 601


def test_of_too_many_referred_flows_those_of_the_least_grade_go(tmp_path: Path) -> None:
    quota = 20_000
    writer = begun(tmp_path, spool_bytes=quota, segment_bytes=4096, referred_flows=10)
    sure = finding(1, [0, 1, 2, 3, 4])
    guess = finding(2, list(range(100, 200)), grade="suspected")
    with Locked(tmp_path):
        assert writer.put(sure)
        assert writer.put(guess)
        for number in range(300):
            writer.put(session(number))
            if number % 20 == 0:
                assert writer.flush(5)
        assert writer.flush(5)
        counts = writer.counts()
    assert counts.spool_bytes < quota * 1.5
    assert counts.referred_forgotten == 95
    assert counts.dropped["sessions"] > 100
    assert writer.close(10)
    kept = {row.flow_id for row in stored(tmp_path) if isinstance(row, SessionRow)}
    assert kept >= {0, 1, 2, 3, 4, 195, 196, 197, 198, 199}
    assert len(kept) == 300 - counts.dropped["sessions"]


def test_a_flow_of_several_findings_has_the_highest_grade() -> None:
    referred = Referred(2)
    referred.add([1], "suspected")
    referred.add([2], "suspected")
    referred.add([1], "confirmed")
    referred.add([1, 3], "noted")
    assert [flow in referred for flow in (1, 2, 3)] == [True, True, False]
    referred.add([4], "confirmed")
    assert [flow in referred for flow in (1, 2, 4)] == [True, False, True]
    assert (len(referred), referred.forgotten) == (2, 2)


def test_a_row_the_store_does_not_take_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute(
            "CREATE TRIGGER picky BEFORE INSERT ON sightings WHEN new.count = 13 "
            "BEGIN SELECT RAISE(ABORT, 'no thirteen'); END"
        )
    connection.close()
    for number in range(30):
        writer.put(sighting(number, count=number))
    assert writer.drain(10)
    counts = writer.counts()
    assert counts.set_aside == 1
    assert "no thirteen" in counts.last_error
    assert writer.close(5)
    assert len(stored(tmp_path)) == 30
    assert (tmp_path / "spool" / "set-aside.records").stat().st_size > 50


def test_rows_that_no_store_takes_are_refused_where_they_are_put(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    with pytest.raises(StoreRowError):
        writer.put(sighting(1 << 64))
    assert writer.close(5)


def test_what_cannot_be_helped_by_waiting_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        begun(tmp_path, "mysql://h/d")
    open_store(settings(tmp_path).url, SENSOR).close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("INSERT INTO schema_versions VALUES (?, 0, '99')", (len(STEPS) + 1,))
    connection.close()
    with pytest.raises(StoreError, match="newer"):
        begun(tmp_path)
    (tmp_path / "store.db").unlink()
    writer = begun(tmp_path)  # nothing is left locked behind
    with pytest.raises(StoreError, match="another program"):
        begun(tmp_path)
    assert writer.close(5)


def test_rows_come_from_several_threads(tmp_path: Path) -> None:
    writer = begun(tmp_path)

    def put(start: int) -> None:
        for number in range(start, start + 500):
            writer.put(sighting(number))
        assert writer.flush(10)

    threads = [threading.Thread(target=put, args=(start,)) for start in (0, 500, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.close(10)
    assert len(stored(tmp_path)) == 1501


def test_close_without_rows_or_twice(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    assert writer.close(5)
    assert writer.counts() == WriterCounts(store_up=True)
    assert writer.close(5)


def put_folder_in_place(path: Path) -> None:
    """A folder where the store's file was; the writer may be quicker and make a new file."""
    while True:
        path.replace(path.with_name("aside.db"))
        try:
            return path.mkdir()
        except FileExistsError:
            continue


def test_whatever_the_store_says_the_thread_goes_on(tmp_path: Path) -> None:
    """What is a wrong URL at the start may be a passing state of the disk later."""
    path = tmp_path / "store.db"
    with Locked(tmp_path):
        writer = begun(tmp_path)
        put_folder_in_place(path)
        wait_until(lambda: "not a file" in writer.counts().last_error)
        assert writer.put(coverage(0))
        assert not writer.counts().store_up
    assert all(thread.is_alive() for thread in writer.threads())
    path.rmdir()
    assert writer.drain(5)
    assert writer.close(5)
    assert len(stored(tmp_path)) == 2


@pytest.mark.parametrize("what", ["moved", "moved alone", "deleted", "replaced"])
def test_a_store_that_is_moved_or_deleted_swallows_nothing(tmp_path: Path, what: str) -> None:
    said: list[str] = []
    writer = Writer(settings(tmp_path), SENSOR, said.append)
    writer.start()
    assert writer.put(coverage(0))
    assert writer.drain(5)
    aside = tmp_path / "aside"
    aside.mkdir()
    files = list(tmp_path.glob("store.db*"))
    for file in [tmp_path / "store.db"] if what == "moved alone" else files:
        if what == "deleted":
            file.unlink()
        else:
            file.rename(aside / file.name)
    if what == "replaced":
        with open_store(settings(tmp_path).url, SENSOR) as other:
            other.put([coverage(1)])
    for minute in range(2, 40):
        assert writer.put(coverage(minute))
    assert writer.drain(5)
    assert writer.counts().moved == 1
    assert ["moved away or deleted" in text for text in said] == [True]
    assert writer.close(5)
    rows = 39 if what == "replaced" else 38
    assert len(stored(tmp_path)) == rows + 1  # and the sensor's
    if what != "deleted":
        assert len(stored(aside)) == 2


def test_threads_with_nothing_to_do_move(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    began = [thread.beat for thread in writer.threads()]
    wait_until(
        lambda: all(
            thread.beat > beat + 0.5 for thread, beat in zip(writer.threads(), began, strict=True)
        )
    )
    assert writer.close(5)
