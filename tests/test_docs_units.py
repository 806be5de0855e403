"""Every command that docs/units.md shows with its answer gives that answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.inventory.building import ROOT, command_line

PAGE = (ROOT / "docs" / "units.md").read_text("utf-8")
SHOWN = re.findall(r"```console\n\$ poolwatch (.*)\n((?:.*\n)*?)```", PAGE)
[TABLE] = re.findall(r"```csv\n((?:.*\n)*?)```", PAGE)


def test_commands_are_shown() -> None:
    assert len(SHOWN) == 3


@pytest.mark.parametrize(("command", "answer"), SHOWN)
def test_the_answer_is_as_shown(command: str, answer: str, tmp_path: Path) -> None:
    table = tmp_path / "units.csv"
    table.write_text(TABLE, "utf-8")
    arguments = [str(table) if word == "units.csv" else word for word in command.split()]
    run = command_line(*arguments)
    said = [run.stderr + run.stdout, run.stdout + run.stderr]
    assert answer in said
