"""The Python in docs/python.md runs as it stands, from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from poolwatch.cli import command
from tests.running import ROOT, capture_of

PAGES = [ROOT / "docs" / "python.md", ROOT / "README.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_it_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "capture.pcap").symlink_to(capture_of("office"))
    monkeypatch.chdir(tmp_path)
    command.main(
        ["scan", "--format", "eve", "-o", "findings.json", "capture.pcap"], standalone_mode=False
    )
    names: dict[str, Any] = {}
    blocks = BLOCK.findall(page.read_text("utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)
    assert len(names["report"].findings) == 8
