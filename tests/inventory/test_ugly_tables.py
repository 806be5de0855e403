"""Unit tables as people keep them, each shape a file, through the command line.

`normalised/` holds what each means, written by hand: one prefix or range a row.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from poolwatch.cli import command

FOLDER = Path(__file__).resolve().parents[1] / "data" / "units"
SHAPES = {  # an address of each table, and whose it is on 2026-01-12
    "chinese-headers.csv": ("10.11.2.9", "物理学院 / 高能实验室"),
    "english-headers.csv": ("10.12.2.9", "Example University / Physics"),
    "utf-8.csv": ("10.13.3.9", "𠮷林学院"),
    "gbk.csv": ("10.14.2.9", "堃镕实验室"),
    "bom.csv": ("10.15.2.9", "图书馆"),
    "merged-cells.xlsx": ("10.16.3.9", "物理学院 / 二室"),
    "cidr.csv": ("10.17.3.129", "高能实验室"),
    "ranges.csv": ("10.18.2.199", "化学学院"),
    "masks.csv": ("10.19.3.255", "物理学院"),
    "full-width-digits.csv": ("10.20.3.99", "化学学院"),
    "full-width-commas.csv": ("10.21.5.9", "化学学院"),
    "several-in-a-cell.csv": ("10.22.5.9", "物理学院"),
    "tree-and-time.csv": ("10.23.2.9", "江苏 / 南京 / 鼓楼 / 某大学 / 物理系"),
    "netbox.csv": ("10.24.2.9", "Main Campus / Physics"),
}
each = pytest.mark.parametrize("shape", SHAPES)


def said(*words: str | Path) -> str:
    """What a verb of `units` prints, when it has nothing to complain of."""
    result = CliRunner().invoke(command, ["units", *map(str, words)])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def normalised(shape: str) -> Path:
    return FOLDER / "normalised" / Path(shape).with_suffix(".csv").name


def test_every_file_is_a_shape_that_is_tested() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.is_file()}
    assert files == set(SHAPES)
    assert {normalised(shape) for shape in SHAPES} == set(normalised("x").parent.iterdir())


@each
def test_a_shape_is_normalised_to_what_it_means(shape: str) -> None:
    assert said("normalise", FOLDER / shape) == normalised(shape).read_text("utf-8")


@each
def test_what_is_normalised_stays_as_it_is(shape: str, tmp_path: Path) -> None:
    written = tmp_path / "units.csv"
    said("normalise", FOLDER / shape, "-o", written)  # for spreadsheets: with a BOM
    assert said("normalise", written) == normalised(shape).read_text("utf-8")


@each
def test_both_forms_give_an_address_to_the_same_unit(shape: str) -> None:
    address, path = SHAPES[shape]
    for table in (FOLDER / shape, normalised(shape)):
        at_noon = f"{address}@2026-01-12T12:00Z"
        answer = said("who", at_noon, "--units", table, "--lang", "en")
        assert f"\npath: {path}\n" in answer
