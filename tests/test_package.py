"""What is built and shipped: a wheel without git, with the signatures in it."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import poolwatch

REPO = Path(__file__).resolve().parents[1]


def test_wheel_builds_without_git_and_holds_the_signatures(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("src", "signatures", "pyproject.toml", "README.md", "LICENSE"):
        where = REPO / name
        (shutil.copytree if where.is_dir() else shutil.copy)(where, source / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "unpacked")
    for path in (REPO / "signatures").iterdir():
        assert f"poolwatch/signatures/{path.name}" in names
    listed = subprocess.run(
        [sys.executable, "-m", "poolwatch", "signatures", "check"],
        cwd=tmp_path / "unpacked",
        check=True,
        capture_output=True,
        text=True,
    )
    assert "all fit" in listed.stdout


def test_version_stands_in_the_changelog() -> None:
    changes = (REPO / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## {re.escape(poolwatch.__version__)}\b", changes, re.MULTILINE)
    project = (REPO / "pyproject.toml").read_text("utf-8")
    assert f'version = "{poolwatch.__version__}"' in project


def test_every_package_needed_is_pinned() -> None:
    pins = {
        canonicalize_name(line.split("==")[0])
        for line in (REPO / "constraints.txt").read_text("utf-8").split()
    }
    needed = _needed("poolwatch", ["dev"])
    assert "numba" in needed
    assert needed - pins == {"poolwatch"}


def _needed(name: str, extras: list[str]) -> set[str]:
    """A distribution and all it asks for on this platform."""
    found: set[str] = set()
    todo = [(name, extras)]
    while todo:
        name, extras = todo.pop()
        if canonicalize_name(name) in found:
            continue
        found.add(canonicalize_name(name))
        for text in importlib.metadata.requires(name) or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ["", *extras]):
                todo.append((requirement.name, list(requirement.extras)))
    return found
