"""The spool: what was written whole is read back in order, whatever became of its end."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.errors import StoreError, StoreRowError
from poolwatch.store import FindingRow, Row, SensorRow
from poolwatch.store.records import Record, make_record, records_in, row_in
from poolwatch.store.shedding import LaterStates, is_detail
from poolwatch.store.spool import Spool
from poolwatch.store.waiting import Waiting
from tests.store.building import coverage, finding, session, sighting

ROWS: list[Row] = [
    finding(1, [1, 2], last=3),
    session(1, login="a\0\ud800b"),
    session(2, last=40),
    sighting(3),
    coverage(1),
    finding(2, [], last=9),
]
RECORDS = [make_record(row, number) for number, row in enumerate(ROWS)]
SIZES = [record.size for record in RECORDS]


def started(folder: Path, segment_bytes: int = 1 << 20) -> Spool:
    spool = Spool(folder, segment_bytes)
    spool.start()
    return spool


def eaten(spool: Spool, rows: int = 2) -> list[Record]:
    """Everything in the spool, taken as the store does."""
    records: list[Record] = []
    while some := spool.head(rows):
        records += some
        spool.advance(some)
    return records


def fill(folder: Path, records: Sequence[Record], segment_bytes: int = 1 << 20) -> list[Path]:
    """The files of a spool into which records were put one by one."""
    spool = started(folder, segment_bytes)
    for record in records:
        spool.append([record])
    spool.sync()
    spool.close()
    return sorted(folder.glob("*.spool"))


def test_a_row_comes_out_of_its_record_as_it_was() -> None:
    assert [row_in(record) for record in RECORDS] == ROWS
    assert [row_in(record) for record in records_in(b"".join(r.data for r in RECORDS))] == ROWS


def test_a_row_that_no_store_takes_is_refused_at_once() -> None:
    with pytest.raises(StoreRowError):
        make_record(sighting(1 << 64), 0)
    with pytest.raises(StoreRowError):
        make_record(finding(1, [1 << 70]), 0)


def test_rows_are_read_in_order_across_segments_and_starts(tmp_path: Path) -> None:
    files = fill(tmp_path, RECORDS, segment_bytes=max(SIZES) + 1)
    assert len(files) > 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    spool = started(tmp_path)
    assert (spool.rows, spool.bytes, spool.damaged_bytes) == (len(ROWS), sum(SIZES), 0)
    spool.append(RECORDS)
    assert eaten(spool) == RECORDS + RECORDS
    assert (spool.rows, spool.bytes) == (0, 0)
    spool.close()
    assert list(tmp_path.glob("*.spool")) == []


def test_what_the_store_took_of_a_segment_comes_again_after_a_crash_not_more(
    tmp_path: Path,
) -> None:
    fill(tmp_path, RECORDS)
    spool = started(tmp_path)
    spool.advance(spool.head(2))
    assert spool.rows == len(ROWS) - 2
    os.close(spool._guard)  # as if killed
    spool = started(tmp_path)
    assert eaten(spool) == RECORDS
    spool.close()


@given(st.data())
def test_any_cut_of_the_last_segment_loses_only_its_tail(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = fill(folder, RECORDS, segment_bytes=data.draw(st.sampled_from([900, 1 << 20])))
        size = files[-1].stat().st_size
        cut = data.draw(st.integers(0, size))
        os.truncate(files[-1], cut)
        check_prefix(folder, lost_from=sum(SIZES) - size + cut)


@given(st.data())
def test_any_flipped_bit_of_the_last_segment_loses_only_what_follows(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = fill(folder, RECORDS, segment_bytes=data.draw(st.sampled_from([900, 1 << 20])))
        content = bytearray(files[-1].read_bytes())
        bit = data.draw(st.integers(0, len(content) * 8 - 1))
        content[bit // 8] ^= 1 << bit % 8
        files[-1].write_bytes(content)
        check_prefix(folder, lost_from=sum(SIZES) - len(content) + bit // 8)


def check_prefix(folder: Path, lost_from: int) -> None:
    """All records that end before a byte are there, none that reaches to it, and it goes on."""
    ends = [sum(SIZES[: n + 1]) for n in range(len(SIZES))]
    whole = [record for record, end in zip(RECORDS, ends, strict=True) if end <= lost_from]
    spool = started(folder)
    spool.append(RECORDS[:1])
    assert eaten(spool) == [*whole, RECORDS[0]]
    spool.close()


@given(st.binary(max_size=300))
def test_bytes_that_are_no_records_are_none(content: bytes) -> None:
    assert list(records_in(content)) == []


def test_a_damaged_segment_in_the_middle_does_not_hide_the_next(tmp_path: Path) -> None:
    files = fill(tmp_path, RECORDS, segment_bytes=SIZES[0] + 1)
    files[1].write_bytes(b"\xff" * 50)
    spool = started(tmp_path)
    assert spool.damaged_bytes == 50
    assert eaten(spool)[-1] == RECORDS[-1]
    spool.close()


def test_a_segment_that_goes_bad_or_goes_away_while_it_waits_stops_nothing(tmp_path: Path) -> None:
    files = fill(tmp_path, RECORDS, segment_bytes=SIZES[0] + 1)
    spool = started(tmp_path)
    files[0].write_bytes(b"\xff" * SIZES[0])
    files[1].unlink()
    records = eaten(spool)
    assert records == RECORDS[len(RECORDS) - len(records) :]
    assert 0 < len(records) < len(RECORDS)
    assert spool.damaged_bytes > 0
    spool.close()


def test_a_spool_has_one_user(tmp_path: Path) -> None:
    spool = started(tmp_path)
    with pytest.raises(StoreError, match="another program") as caught:
        started(tmp_path)
    assert caught.value.advice()
    spool.close()
    started(tmp_path).close()


def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        started(tmp_path / "file")


def test_other_files_are_left_alone_and_half_written_ones_removed(tmp_path: Path) -> None:
    fill(tmp_path, RECORDS)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "0000000000000009.new").write_bytes(RECORDS[0].data)
    spool = started(tmp_path)
    assert eaten(spool) == RECORDS
    spool.close()
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "lock"}


# -- shedding ----------------------------------------------------------------------------

records_of_any_kind = st.builds(
    Record,
    kind=st.integers(1, 5),
    put_ns=st.just(0),
    state=st.integers(0, 3),
    flow_id=st.integers(1, 4),
    key=st.sampled_from([b"a", b"b", b"c", b"d"]),
    data=st.integers(1, 100).map(bytes),
)


@given(st.lists(records_of_any_kind), st.integers(1, 5))
def test_only_what_a_later_state_replaces_is_superseded(waiting: list[Record], keys: int) -> None:
    later = LaterStates(keys)
    places = range(len(waiting) - 1, -1, -1)
    gone = {place for place in places if later.replace(waiting[place])}
    for place in gone:
        assert any(
            other.key == waiting[place].key and other.state >= waiting[place].state
            for other in waiting[place + 1 :]
        )
    if keys > 3:  # all keys there are
        best = {
            record.key: max(r.state for r in waiting if r.key == record.key) for record in waiting
        }
        left = [record for place, record in enumerate(waiting) if place not in gone]
        assert {record.key for record in left} == best.keys()
        assert all(any(r.key == k and r.state == s for r in left) for k, s in best.items())


@given(st.lists(records_of_any_kind, max_size=40), st.sets(st.integers(1, 4)), st.integers(0, 40))
def test_in_memory_findings_stay_and_the_oldest_detail_goes(
    rows: list[Record], referred: set[int], held: int
) -> None:
    waiting = Waiting(600)
    taken: list[tuple[int, Record]] = []
    held_numbers: set[int] = set()
    for place, record in enumerate(rows):
        if waiting.put(record, referred):
            taken.append((waiting.last, record))
        if place == held:
            held_numbers = {number for number, _ in waiting.hold("disk", 3, 1000)}
    left = [*waiting.hold("test", 1000, 1 << 20)]
    assert waiting.bytes == sum(record.size for _, record in left) <= 600
    assert [entry for entry in taken if entry in left] == left
    gone = [entry for entry in taken if entry not in left]
    assert len(gone) == sum(waiting.went.values())
    assert not held_numbers & {number for number, _ in gone}
    for number, record in gone:
        replaced = any(
            n > number and other.key == record.key and other.state >= record.state
            for n, other in taken
        )
        assert replaced or is_detail(record, referred)


def test_findings_and_sensors_are_no_detail() -> None:
    for kind, row in enumerate(ROWS):
        record = make_record(row, kind)
        assert is_detail(record, ()) == (not isinstance(row, FindingRow))
    assert not is_detail(make_record(SensorRow(state_ns=1), 0), ())
    one = make_record(session(7), 0)
    assert (is_detail(one, {7}), is_detail(one, {8}), is_detail(one, None)) == (False, True, False)


def test_the_disk_is_freed_and_the_rest_stays_in_order(tmp_path: Path) -> None:
    rows: list[Row] = []
    for number in range(200):
        rows += [session(number), coverage(number), finding(number % 20, [number], last=number)]
    records = [make_record(row, number) for number, row in enumerate(rows)]
    fill(tmp_path, records, segment_bytes=4096)
    spool = started(tmp_path, 4096)
    first = spool.head(1)
    before = spool.bytes
    referred = {number for number in range(200) if number % 2}
    spool.shed(before // 2, referred)
    assert 0 < spool.bytes <= before // 2
    assert spool.bytes == sum(file.stat().st_size for file in tmp_path.glob("*.spool"))
    assert spool.went["superseded"] > 150
    assert sum(spool.went.values()) == len(records) - spool.rows
    spool.close()
    spool = started(tmp_path, 4096)
    left = eaten(spool)
    spool.close()
    assert left[0] == first[0]
    assert [record.put_ns for record in left] == sorted(record.put_ns for record in left)
    kept = [row_in(record) for record in left]
    assert all(session(number) in kept for number in referred)
    assert all(finding(number % 20, [number], last=number) in kept for number in range(180, 200))
