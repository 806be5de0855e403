"""EVE files from strangers: what cannot be used is named and counted, never a traceback."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import poolwatch
from poolwatch import PoolwatchError, PoolwatchWarning, Report
from poolwatch.outputs.columns import TABLES
from poolwatch.outputs.eve_reader import Reading, read_rows
from tests.report.events import changed, event_of, office_events, report_of

STATS = json.dumps(event_of("stats"))


def read(*lines: str | bytes) -> Report:
    data = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return poolwatch.read_eve(io.BytesIO(data))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"v":1,"a":' * 5000, "no JSON"),
        ("[1,2]", "no JSON object"),
        ("null", "no JSON object"),
        ('{"v":2,"event_type":"mining"}', "version 1"),
        ('{"v":true,"event_type":"mining"}', "version 1"),
        ('{"v":1,"event_type":"mining"}', "mining.grade is missing"),
        ('{"v":1,"event_type":"mining","mining":[]}', "no object around"),
        ('{"v":1,"event_type":"finding"}', "host is missing"),
        ('{"v":1,"event_type":"stats","stats":{"units":5}}', "list of objects"),
        ('{"v":1,"event_type":"stats","stats":{"units":[{"path":null}]}}', "path is missing"),
        ('{"v":1,"event_type":"stats","stats":{"counts":{"a":"b"}}}', "stats.counts: 'b' is no"),
        ('{"v":1,"event_type":"stats","stats":{"packets":1e400}}', "no JSON"),
    ],
)
def test_a_line_that_cannot_be_used(line: str | bytes, reason: str) -> None:
    with pytest.warns(PoolwatchWarning, match="line 2") as caught:
        report = read(STATS, line, "", STATS)
    assert caught[0].filename.endswith("test_read_eve.py")
    assert report.bad_line_count == 1
    [(number, why)] = report.bad_lines
    assert (number, len(why) < 300) == (2, True)
    assert reason in why
    assert len(report.stats) == 2


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"timestamp": "yesterday"}, "no time with a zone"),
        ({"timestamp": "2026-01-12T08:00:00"}, "no time with a zone"),
        ({"timestamp": "0001-01-01T00:00:00+2300"}, "no time with a zone"),
        ({"timestamp": 5}, "no time with a zone"),
        ({"flow_id": 1 << 63}, "no integer of 64 bits"),
        ({"flow_id": 1.5}, "no integer of 64 bits"),
        ({"flow_id": True}, "no integer of 64 bits"),
        ({"src_ip": 7}, "no text"),
        ({"vlan": [1, "x"]}, "list of integers"),
        ({"vlan": {}}, "list of integers"),
        ({"mining__grade": "certain"}, "none of noted"),
        ({"mining__stage": 3}, "no text"),
        ({"mining__refused": 1}, "neither true nor false"),
        ({"mining__difficulty": "1"}, "no number"),
        ({"mining__difficulty": 10**400}, ""),
        ({"mining__shares": 3}, "no object around"),
        ({"mining__hashrate": {"low": "x"}}, "no number"),
        ({"mining__logins": "x"}, "list of texts"),
        ({"mining__evidence": ["x"]}, "list of objects"),
        ({"mining__evidence": [{"a": [[[[[[[[[1]]]]]]]]]}]}, "too deep"),
    ],
)
def test_a_value_that_cannot_be_used(values: dict[str, Any], reason: str) -> None:
    with pytest.warns(PoolwatchWarning):
        report = report_of(changed(event_of("mining"), **values))
    [(number, why)] = report.bad_lines
    assert number == 1
    assert reason in why
    assert len(report.flows) == 0


def test_what_is_not_known_here_is_passed_over() -> None:
    suricata = '{"timestamp":"2026-01-12T08:00:00+0000","event_type":"stats","stats":{"uptime":1}}'
    newer = '{"v":1,"event_type":"case","case":{}}'
    more = json.dumps(changed(event_of("mining"), mining__new={"a": 1}, new=[1]))
    report = read(suricata, newer, more, STATS)
    assert (report.bad_line_count, len(report.flows), len(report.stats)) == (0, 1, 1)
    assert report.whole


def test_a_file_that_is_not_whole_is_warned_of() -> None:
    with pytest.warns(PoolwatchWarning, match="not whole"):
        report = read(*[json.dumps(event) for event in office_events()[:-1]])
    assert not report.whole
    assert len(report.findings) == 8
    assert "not whole" in report._repr_html_()


def test_a_line_that_is_too_long_is_not_held() -> None:
    class Endless(io.BytesIO):
        """Lines of a megabyte, in pieces no larger than asked for."""

        def __init__(self) -> None:
            super().__init__()
            self.most = 0
            self.left = [1 << 20, 5, 1 << 10]

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size > 0
            if not self.left:
                return b""
            self.most = max(self.most, size)
            self.left[0] -= size
            if self.left[0] > 0:
                return b"x" * size
            return b"x" * (size + self.left.pop(0) - 1) + b"\n"

    stream, reading = Endless(), Reading()
    assert list(read_rows(stream, 1000, reading)) == []
    assert [bad.reason for bad in reading.bad_lines][::2] == ["longer than 1000 bytes"] * 2
    assert (reading.lines, reading.bad) == (3, 3)


def test_a_line_as_long_as_the_bound_is_read() -> None:
    for end in (b"", b"\n"):
        reading = Reading()
        line = STATS.encode()
        rows = list(read_rows(io.BytesIO(line + end), len(line), reading))
        assert (len(rows), reading.bad) == (1, 0)


def test_a_mark_at_the_beginning_and_a_stream_of_text() -> None:
    assert len(read(b"\xef\xbb\xbf" + STATS.encode()).stats) == 1
    assert len(poolwatch.read_eve(io.StringIO(STATS)).stats) == 1


def test_files_that_are_none(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    other = tmp_path / "suricata.json"
    other.write_text('{"event_type":"alert"}\n')
    empty = tmp_path / "empty.json"
    empty.write_bytes(b"")
    for path, reason in (
        (table, "line 1: no JSON"),
        (other, "no event of poolwatch"),
        (empty, "no event of poolwatch"),
        (tmp_path, "directory"),
        (tmp_path / "none", "No such file"),
        ("a\0b", "null"),
    ):
        with pytest.raises(PoolwatchError, match=reason):
            poolwatch.read_eve(path)


def test_lines_named_are_bounded() -> None:
    with pytest.warns(PoolwatchWarning, match="5000"):
        report = read(STATS, *["x"] * 5000)
    assert (report.bad_line_count, len(report.bad_lines)) == (5000, 1000)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["$x$", "=1+1", "<b>", "\x1b[31m", "\u202e", "\ud800", "9999-12-31T00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
PATHS = sorted({(t.event, *c.path.split(".")) for t in TABLES if not t.rows for c in t.columns})


@pytest.mark.filterwarnings("ignore::poolwatch.PoolwatchWarning")
@given(st.lists(st.tuples(st.sampled_from(PATHS), JSON), min_size=1, max_size=4))
def test_any_values_at_any_place(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[tuple[str, ...], Any]]
) -> None:
    events = {kind: event_of(kind) for kind in ("mining", "finding", "stats")}
    for (kind, *outer, name), value in changes:
        place: Any = events[kind]
        for step in outer:
            place = place.get(step) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[name] = value
    lines = [json.dumps(event) for event in events.values()]
    report = poolwatch.read_eve(io.StringIO("\n".join([*lines, STATS])))
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    for table in TABLES:
        assert len(getattr(report, table.name)) == len(report.rows(table.name))
    assert "<b>" not in report._repr_html_()
    assert "\x1b" not in repr(report)
    report.to_csv(folder)
    report.to_parquet(folder)
    assert b"\x1b" not in (folder / "flows.csv").read_bytes()


def test_of_what_a_sensor_tells_again_the_last_counts() -> None:
    first, other = event_of("mining"), event_of("mining")
    first["flow_id"], other["flow_id"] = 1, 2
    later = json.loads(json.dumps(first))
    first["mining"]["open"], later["mining"]["stage"] = True, "mining"
    finding = event_of("finding")
    again = finding | {"sessions": 7}
    lines = [json.dumps(e) for e in (first, finding, other, later, again)]
    report = read(*lines, STATS)
    assert report.flows["flow_id"].tolist() == [1, 2]
    assert report.flows["stage"].tolist()[0] == "mining"
    assert report.findings["sessions"].tolist() == [7]
