"""The README and the guides tell the truth: every command in them is run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
PAGES = [REPO / "README.md", *sorted((REPO / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
BIN = Path(sys.executable).parent


def commands() -> list[str]:
    found: dict[str, None] = {}
    for page in PAGES:
        for block in BLOCK.findall(page.read_text("utf-8")):
            for line in block.splitlines():
                if line.strip() and not line.startswith("#"):
                    found[line.strip()] = None
    return list(found)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text("utf-8"), re.MULTILINE))


MADE_BEFORE = {
    "explain": "poolwatch scan --format eve -o findings.json --store sqlite:///found.db "
    "pcaps/office/capture.pcap",
    "report statistics": "poolwatch scan --format eve -o findings.json --store sqlite:///found.db "
    "--units pcaps/campus/units.csv pcaps/campus/capture.pcap",
}
"""What a verb's commands need to be there, and the command that makes it."""


def run_in(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "poolwatch"), *shlex.split(command)[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("poolwatch")])
def test_command_runs(command: str, tmp_path: Path) -> None:
    for name in ("pcaps", "tests"):
        (tmp_path / name).symlink_to(REPO / name)
    if "capture.pcap" in command and "pcaps/" not in command:
        (tmp_path / "capture.pcap").symlink_to(REPO / "pcaps" / "office" / "capture.pcap")
    words = shlex.split(command)
    before = MADE_BEFORE.get(words[1]) or MADE_BEFORE.get(" ".join(words[1:3]))
    if before is not None:
        assert run_in(tmp_path, before).returncode == 0
    done = run_in(tmp_path, command)
    assert done.returncode == (1 if "--exit-code" in command else 0), done.stderr
    assert done.stdout or " -o " in command


def test_every_other_command_is_a_make_target() -> None:
    others = [c for c in commands() if not c.startswith("poolwatch")]
    assert others
    for command in others:
        program, target = shlex.split(command)
        assert program == "make"
        assert target in targets()


def test_demo_prints_what_the_readme_shows() -> None:
    shown = re.search(
        r"`make demo` prints:\n\n```text\n(.*?)```", (REPO / "README.md").read_text("utf-8"), re.S
    )
    assert shown
    recipe = subprocess.run(
        ["make", "--no-print-directory", "--silent", "-o", ".venv/.run", "-n", "demo"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    command = shlex.split(recipe.stdout.strip().splitlines()[-1])
    done = subprocess.run(
        [str(BIN / Path(command[0]).name), *command[1:]],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    assert done.stdout == shown[1]


def test_readme_names_every_dialect_and_bound_kind() -> None:
    from poolwatch.match.dialects import DIALECTS

    text = (REPO / "README.md").read_text("utf-8")
    for row in DIALECTS:
        assert row.title.split()[-1] in text, row.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), link
