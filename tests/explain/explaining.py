"""Events of scenarios in a file, and what `poolwatch explain` says of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple

from poolwatch.cli import command
from poolwatch.errors import PoolwatchError
from poolwatch.outputs import Item
from poolwatch.outputs.eve import Events, event_line
from tests.running import ROOT, scan_scenario

Event = dict[str, Any]
FOLDERS = (
    "--signatures",
    str(ROOT / "tests/data/names"),
    "--signatures",
    str(ROOT / "tests/data/listed"),
)


class Said(NamedTuple):
    """What a run said."""

    status: int
    accounts: list[Event]
    text: str
    complaints: str

    @property
    def account(self) -> Event:
        assert len(self.accounts) == 1
        return self.accounts[0]


def events_of(scenario: str) -> list[Event]:
    """The events of a scan, as they are read back from a file."""
    scan = scan_scenario(scenario)
    assert scan.stats is not None
    events = Events()
    items: list[Item] = [*scan.sessions, *scan.findings, scan.stats]
    made = (events.make(item) for item in items)
    return [json.loads(event_line(event)) for event in made if event]


def write_events(path: Path, events: Iterable[Event]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    return path


def kind(events: Iterable[Event], name: str) -> list[Event]:
    return [event for event in events if event["event_type"] == name]


def run(tmp: Path, *arguments: str | Path) -> Said:
    """Run the verb; `--format json` unless another is asked for."""
    out = tmp / "said.txt"
    out.unlink(missing_ok=True)
    wanted = [] if "--format" in arguments else ["--format", "json"]
    complaints = io.StringIO()
    with redirect_stderr(complaints):
        try:
            status: Any = command.main(
                ["explain", "-o", str(out), "--lang", "en", *wanted, *map(str, arguments)],
                standalone_mode=False,
            )
        except PoolwatchError as error:
            status = 2
            complaints.write(f"{error} {error.advice()}")
    text = out.read_text("utf-8") if out.exists() else ""
    accounts = json.loads(text).get("accounts", []) if wanted and text else []
    return Said(status, accounts, text, complaints.getvalue())


def explain_scenario(tmp: Path, scenario: str, *arguments: str | Path) -> Said:
    """All findings of a scenario."""
    events = events_of(scenario)
    path = write_events(tmp / f"{scenario}.json", events)
    ids = [str(event["finding_id"]) for event in kind(events, "finding")]
    return run(tmp, "--eve", path, *FOLDERS, *arguments, *ids)
