"""The notebooks run from top to bottom, and are kept without what a run left in them."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import pytest

import poolwatch
from tests.running import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")


def notebook(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    for cell in notebook(path).cells:
        assert not cell.get("outputs"), cell.source
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path) -> None:
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    client = pytest.importorskip("nbclient", reason="nbclient is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the notebook machinery are not ours
        done = client.NotebookClient(
            notebook(path), timeout=300, resources={"metadata": {"path": str(path.parent)}}
        ).execute(env=os.environ | {"PYTHONPATH": str(Path(poolwatch.__file__).parents[1])})
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    said = [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    assert all("compiling kernels" in text for text in said), said
    shown = [kind for output in outputs for kind in output.get("data", {})]
    assert "image/png" in shown
    assert "text/html" in shown
