"""What is put is there once, in its newest state, and can be read back; on either database."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect

from poolwatch.errors import PoolwatchError, StoreDownError, StoreError, StoreRowError, UsageError
from poolwatch.store import Row, SensorRow, SessionRow, Store, StoreSettings, open_store, shown_url
from poolwatch.store.migrations import STEPS
from poolwatch.store.schema import METADATA
from poolwatch.store.urls import read_url
from tests.store.building import (
    NOON_NS,
    SECOND_NS,
    SENSOR,
    coverage,
    everything,
    finding,
    mining,
    session,
    sighting,
)
from tests.store.postgres import PASSWORD, Postgres

ROWS: list[Row] = [finding(1, [5, 6]), session(5), session(6), sighting(1), coverage(0)]


def opened(url: str, sensor: str = SENSOR) -> Store:
    return open_store(url, sensor)


def test_rows_come_back_as_they_were_put(url: str) -> None:
    with opened(url) as store:
        store.put(ROWS)
        assert list(store.findings()) == [ROWS[0]]
        assert list(store.sessions()) == [ROWS[1], ROWS[2]]
        (seen,) = store.sightings()
        (minute,) = store.coverage()
        assert (seen.at_ns, seen.sensor, minute.sensor) == (NOON_NS + 1, SENSOR, SENSOR)
        assert (minute.drops, minute.not_understood) == ({"ring": 3}, {"truncated": 1})
        assert minute.counts == {"evicted": 2}
        assert [row.sensor for row in store.sensors()] == [SENSOR]


def test_rows_put_again_change_nothing(url: str) -> None:
    with opened(url) as store:
        store.put(ROWS)
        before = everything(store)
        store.put(ROWS)
        store.put(list(reversed(ROWS)))
    with opened(url) as store:
        store.put(ROWS)
        assert everything(store) == before


def test_a_later_state_replaces_an_earlier_one_never_the_other_way(url: str) -> None:
    with opened(url) as store:
        store.put([session(5, 10, stage="mining"), finding(1, [5], 10, stage="mining")])
        store.put([session(5, 4, stage="greeted"), finding(1, [], 4, stage="greeted")])
        assert [row.stage for row in store.sessions()] == ["mining"]
        assert [(row.stage, row.flows) for row in store.findings()] == [("mining", (5,))]
        store.put([session(5, 11, stage="submitting"), finding(1, [5, 6], 11, stage="submitting")])
        assert [row.stage for row in store.sessions()] == ["submitting"]
        assert [(r.stage, r.flows) for r in store.findings()] == [("submitting", (5, 6))]


def test_of_equal_states_that_differ_the_last_one_put_stays(url: str) -> None:
    with opened(url) as store:
        store.put([session(5, coin="BTC"), session(5, coin="XMR")])
        (row,) = store.sessions()
        assert json.loads(row.event)["mining"]["coin"] == "XMR"


def test_counts_only_grow_and_minutes_only_get_longer(url: str) -> None:
    with opened(url) as store:
        store.put([sighting(1, count=7), coverage(0, packets=50, last=60)])
        store.put([sighting(1, count=3), coverage(0, packets=20, last=30)])
        assert [row.count for row in store.sightings()] == [7]
        assert [row.packets for row in store.coverage()] == [50]


def test_one_transaction_takes_all_rows_or_none(url: str) -> None:
    bad = sighting(2)
    too_much = type(bad)(**{**_fields(bad), "count": 1 << 63})
    with opened(url) as store:
        with pytest.raises(StoreRowError):
            store.put([session(5), too_much])
        assert everything(store) == []


def _fields(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def test_what_others_sent_comes_back_unchanged(url: str) -> None:
    login = "a\0b'; DROP TABLE sessions; --\ud800 矿池 \x1b[31m\u2028"
    with opened(url) as store:
        store.put([SessionRow.of(mining(5, login=login), "run", host="10.0.0.1\0\udfff")])
        (row,) = store.sessions()
        assert json.loads(row.event)["mining"]["login"] == login
        assert row.host == "10.0.0.1\ufffd?"


def test_reading_by_host_time_finding_and_sensor(url: str) -> None:
    with opened(url) as store:
        store.put([session(flow, last=flow) for flow in range(1, 30)])
        store.put([finding(1, [3, 4, 5], last=5), finding(2, [9], last=20)])
        store.put([coverage(minute) for minute in range(5)])
        store.put([finding(1, [7], sensor="other")])
        assert [row.flow_id for row in store.sessions(finding_id=1)] == [3, 4, 5]
        assert [row.flow_id for row in store.sessions(host="10.0.0.8")] == [8]
        since_ns = NOON_NS + 25 * SECOND_NS
        assert {row.flow_id for row in store.sessions(since_ns=since_ns)} == set(range(25, 30))
        assert list(store.sessions(until_ns=NOON_NS)) == []
        assert [row.finding_id for row in store.findings(sensor=SENSOR)] == [2, 1]
        assert [row.flows for row in store.findings(sensor="other")] == [(7,)]
        minutes = store.coverage(since_ns=NOON_NS + 61 * SECOND_NS, until_ns=NOON_NS + 180 * 10**9)
        assert [(row.first_ns - NOON_NS) // (60 * SECOND_NS) for row in minutes] == [1, 2]


def test_more_rows_than_are_fetched_at_a_time(url: str) -> None:
    with opened(url) as store:
        store.put([finding(number, [number, number + 1]) for number in range(1201)])
        rows = list(store.findings())
        assert len(rows) == 1201
        assert all(row.flows == (row.finding_id, row.finding_id + 1) for row in rows)


def test_old_rows_are_deleted_and_counted(url: str) -> None:
    with opened(url) as store:
        store.put([session(flow, last=flow) for flow in (1, 2, 3, 50)])
        store.put([finding(1, [1], last=1), finding(2, [2], last=55)])
        store.put([sighting(1), coverage(0), coverage(9)])
        before_ns = NOON_NS + 40 * SECOND_NS
        deleted = store.prune(
            findings_before_ns=before_ns,
            sightings_before_ns=before_ns,
            coverage_before_ns=NOON_NS + 61 * SECOND_NS,
        )
        assert deleted == {
            "findings": 1,
            "finding_flows": 1,
            "sessions": 2,
            "sightings": 1,
            "coverage": 1,
        }
        assert [row.flow_id for row in store.sessions()] == [2, 50]
        assert store.prune() == {}
    with opened(url, "other") as store:
        assert sum(store.prune(findings_before_ns=1 << 62).values()) == 0


def test_more_old_rows_than_are_deleted_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poolwatch.store.queries._DELETED_AT_ONCE", 7)
    with opened(url) as store:
        store.put([row for n in range(30) for row in (finding(n, [n]), session(n))])
        deleted = store.prune(findings_before_ns=1 << 62)
        assert deleted == {"findings": 30, "finding_flows": 30, "sessions": 30}
        assert len(everything(store)) == 1


def test_a_sensor_needs_no_right_to_delete(postgres: Postgres) -> None:
    url = postgres.new_database()
    opened(url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE sensor LOGIN PASSWORD 'of-the-sensor'")
        connection.execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO sensor")
    with opened(url.replace(f"owner:{PASSWORD}", "sensor:of-the-sensor")) as store:
        store.put(ROWS)
        store.put([finding(1, [5, 6, 7], last=9)])
        with pytest.raises(StoreDownError, match="permission denied"):
            store.prune(findings_before_ns=1 << 62)
        assert [row.flows for row in store.findings()] == [(5, 6, 7)]


def test_where_a_sensor_stands_is_part_of_its_record(url: str) -> None:
    place = SensorRow(
        sensor=SENSOR,
        state_ns=NOON_NS,
        tap="core switch, port 7",
        nat="inside",
        authority="2026-17",
    )
    with opened(url) as store:
        store.put([session(5), place])
        store.put([session(6)])
        assert store.sensors() == [place]


def test_several_sensors_open_and_write_at_once(postgres: Postgres) -> None:
    url = postgres.new_database()
    barrier = threading.Barrier(4)

    def work(name: str) -> None:
        barrier.wait(30)
        with open_store(url, name) as store:
            for number in range(20):
                store.put([sighting(number), coverage(number), finding(1, [5], sensor=name)])

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, f"sensor-{n}") for n in range(4)]:
            done.result(60)
    with open_store(url, "reader") as store:
        assert len(list(store.sightings())) == len(list(store.coverage())) == 80
        assert len(list(store.findings())) == 4
        assert [row.sensor for row in store.sensors()] == [f"sensor-{n}" for n in range(4)]


# -- the schema --------------------------------------------------------------------------


def test_the_steps_make_the_tables_the_code_knows(url: str) -> None:
    opened(url).close()
    engine = create_engine(read_url(url))
    try:
        found = inspect(engine)
        assert set(found.get_table_names()) == set(METADATA.tables)
        for name, table in METADATA.tables.items():
            columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(name)}
            assert columns == {c.name: (str(c.type), c.nullable) for c in table.columns}
            keys = found.get_pk_constraint(name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key]
            indexes = {i["name"]: i["column_names"] for i in found.get_indexes(name)}
            assert indexes == {i.name: [c.name for c in i.columns] for i in table.indexes}
    finally:
        engine.dispose()


def test_a_store_of_a_newer_schema_is_refused_with_advice(url: str) -> None:
    opened(url).close()
    engine = create_engine(read_url(url))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO schema_versions VALUES ({len(STEPS) + 1}, 0, '99.0')"
        )
    engine.dispose()
    with pytest.raises(StoreError, match="made by a newer poolwatch") as caught:
        opened(url)
    assert not isinstance(caught.value, StoreDownError)
    assert "use the newer poolwatch" in caught.value.advice()
    assert PASSWORD not in str(caught.value)


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with opened(f"sqlite:///{path}") as store:
        store.put(ROWS)
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert len(list(tmp_path.iterdir())) == 3  # WAL and its index too


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE visits (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="tables of another program"):
        opened(f"sqlite:///{path}")
    assert path.read_bytes() == before
    path.write_bytes(b"no database at all, whatever its name says" * 100)
    with pytest.raises(StoreError, match="not a database") as caught:
        opened(f"sqlite:///{path}")
    assert not isinstance(caught.value, StoreDownError)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hush-hush@h/d",
        "postgresql+psycopg2://u:hush-hush@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///a?mode=ro",
        "/var/lib/store.db",
        "postgresql://u:hush-hush@h:port/d",
        "postgresql://u:hush-hush@h:99999/d",
        "hush hush://u:hush-hush@",
        "",
        "sqlite:////nowhere/at/all/store.db",
    ],
)
def test_urls_that_cannot_be_used_are_refused_without_their_secret(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        opened(url)
    assert "hush-hush" not in f"{caught.value} {caught.value.advice()}"
    assert caught.value.advice()


def test_a_password_is_never_shown(postgres: Postgres) -> None:
    secret = "pa ss/w@rd:%?"
    written = "pa%20ss%2Fw%40rd%3A%25%3F"
    for url in (
        f"postgresql://owner:{written}@127.0.0.1:{postgres.port}/postgres",
        f"postgresql://owner@127.0.0.1:{postgres.port}/postgres?password={written}",
        f"postgresql://owner:{written}@127.0.0.1:1/postgres",
    ):
        with pytest.raises(PoolwatchError) as caught:
            opened(url)
        text = f"{caught.value} {caught.value.advice()} {shown_url(url)} {StoreSettings(url=url)}"
        assert "postgresql://owner" in text
        assert "***" in text
        assert secret not in text
        assert written not in text


@given(st.text(), st.text(min_size=5))
def test_no_url_is_shown_with_what_stands_before_its_at(start: str, secret: str) -> None:
    marked = f"Q{secret}Q"
    assert marked not in shown_url(f"x{start}://user:{marked}@host/d")


def test_sqlite_says_that_it_is_locked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    quick = StoreSettings(lock_seconds=0.05)
    with open_store(url, SENSOR, quick) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreDownError, match="locked"):
            store.put(ROWS)
        other.execute("ROLLBACK")
        store.put(ROWS)
        assert list(store.findings()) == [ROWS[0]]
    other.close()
