"""The systemd unit: understood by systemd, and as closed as a sensor can be."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

UNIT = ROOT / "packaging" / "poolwatch.service"
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there."""
    program = Path(sys.executable).with_name("poolwatch")
    path = tmp_path / "poolwatch.service"
    path.write_text(UNIT.read_text("utf-8").replace("/opt/poolwatch/bin/poolwatch", str(program)))
    return path


@needs_systemd
def test_systemd_has_nothing_to_complain_of(unit: Path) -> None:
    run = subprocess.run(
        ["systemd-analyze", "verify", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    complaints = [line for line in run.stderr.splitlines() if "poolwatch.service" in line]
    assert (run.returncode, complaints) == (0, [])


@needs_systemd
def test_little_is_exposed(unit: Path) -> None:
    run = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "Overall exposure" not in run.stdout:
        pytest.skip("this systemd-analyze cannot judge a file")
    match = re.search(r"exposure level[^:]*: ([0-9.]+)", run.stdout)
    assert match is not None
    assert float(match[1]) < 3.0


def test_what_it_must_have_is_there() -> None:
    lines = UNIT.read_text("utf-8").splitlines()
    for wanted in (
        "Type=notify",
        "NoNewPrivileges=yes",
        "AmbientCapabilities=CAP_NET_RAW",
        "CapabilityBoundingSet=CAP_NET_RAW",
        "PrivateTmp=yes",
        "ProtectSystem=strict",
        "StateDirectory=poolwatch",
        "SystemCallFilter=@system-service",
        "MemoryDenyWriteExecute=no",
    ):
        assert wanted in lines
