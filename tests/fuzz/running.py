"""A fuzzer for some seconds, as a test: skipped, saying so, where atheris is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.running import ROOT


def fuzz_for(seconds: int, *targets: str, work: Path, env: Mapping[str, str] | None = None) -> None:
    """Fuzz targets, which share the time; a find fails the test, with the bytes in its message."""
    pytest.importorskip("atheris", reason="atheris is not installed: no coverage-guided fuzzing")
    options = ["--seconds", str(seconds), "--seed", "1", "--work", str(work)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *targets, *options],
        cwd=ROOT,
        env=dict(env or os.environ),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds + 240,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "Instrumenting" not in line]
    finds = sorted(path.name for path in work.glob("*-crash-*")) if work.is_dir() else []
    assert (done.returncode, finds) == (0, []), "\n".join(said[-60:])
