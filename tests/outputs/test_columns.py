"""The declaration of columns covers the events, and the page about them follows it."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from poolwatch.outputs import Item
from poolwatch.outputs.columns import BY_NAME, TABLES, UNUSED, Kind, Table
from poolwatch.outputs.eve import Events
from poolwatch.outputs.rows import UnfitError, rows_of, time_text
from tests.report.events import event_of
from tests.running import ROOT, SCENARIOS, scan_scenario

PAGE = (ROOT / "docs" / "columns.md").read_text("utf-8")
NOT_A_CELL = {"v", "event_type"}


def leaves(event: dict[str, Any], before: str = "") -> set[str]:
    """The paths of all values of an event that are no objects."""
    found = set()
    for name, value in event.items():
        path = f"{before}{name}"
        found |= leaves(value, f"{path}.") if isinstance(value, dict) and value else {path}
    return found


def covered(table: Table) -> set[str]:
    return {column.path for column in table.columns}


def test_every_value_of_an_event_has_a_column() -> None:
    """To a new field of an event belongs a line in columns.py (or its name in UNUSED)."""
    missing = set()
    for scenario in SCENARIOS:
        scan = scan_scenario(scenario)
        assert scan.stats is not None
        events = Events()
        items: list[Item] = [*scan.sessions, *scan.findings, scan.stats]
        for item in items:
            event = events.make(item)
            assert event is not None
            tables = [table for table in TABLES if table.event == event["event_type"]]
            known = {path for table in tables for path in covered(table) | {table.rows}}
            for path in leaves(event) - NOT_A_CELL - UNUSED:
                inside = {path.rsplit(".", depth)[0] for depth in range(path.count(".") + 1)}
                # An object that is null stands for all its members.
                if not inside & known and not any(k.startswith(f"{path}.") for k in known):
                    missing.add(path)
    assert not missing


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_names_are_plain_and_used_once(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert len(covered(table)) == len(names)
    for column in table.columns:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert 0 < len(column.about) <= 90
        assert not column.about.endswith(".")
        assert not column.ladder or (column.kind is Kind.WORD and column.words)


def test_the_page_is_made_of_the_declaration() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "write_columns.py")],
        capture_output=True,
        check=True,
        text=True,
    )
    assert made.stdout == PAGE, "run: make columns"


def test_the_page_has_a_heading_for_every_table_and_a_row_for_every_column() -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(BY_NAME)
    for name, text in sections.items():
        rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        assert rows == [column.name for column in BY_NAME[name].columns]


def test_an_event_makes_one_row_a_table() -> None:
    assert [table.name for table, _ in rows_of(event_of("mining"))] == ["flows"]
    assert [table.name for table, _ in rows_of(event_of("finding"))] == ["findings"]
    assert [table.name for table, _ in rows_of(event_of("stats"))] == ["stats"]
    assert list(rows_of({})) == []
    with pytest.raises(UnfitError, match=r"mining\.grade is missing"):
        list(rows_of({"event_type": "mining"}))


def test_times_are_written_as_events_have_them() -> None:
    assert time_text(0) == "1970-01-01T00:00:00.000000+0000"
    assert time_text(-62_135_596_800_000_000) == "0001-01-01T00:00:00.000000+0000"
