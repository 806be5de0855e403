"""The page in a real browser: nothing sticks out, nothing is fetched, Chinese is drawn."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from poolwatch.messages import Messages
from poolwatch.report.statistics.page import write_page
from tests.report.statistics.browser import CHROMIUM, Browser
from tests.report.statistics.making import hostile, many, statistics_of, twelve

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
PAGES = ("twelve-en", "many-zh", "hostile-en")

# What stands beyond the right edge and is in no box that scrolls.
STICKING_OUT = """
[...document.body.querySelectorAll('*')].filter(one => !one.closest('.box, svg') &&
  one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.tagName + ' ' + one.className)
"""
# A text of a chart that reaches into its value, or out of its picture.
TEXTS_OVER_TEXTS = """
[...document.querySelectorAll('svg g')].filter(group => {
  const name = group.querySelector('.name'), value = group.querySelector('.value');
  return name && name.getBoundingClientRect().right > value.getBoundingClientRect().left;
}).map(group => group.textContent)
"""
# Whether characters look alike: one that no font has is drawn as a box.
DIFFERENT_INK = """
(() => {
  const draw = text => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 40;
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.font = '32px ' + getComputedStyle(document.body).fontFamily;
    context.fillText(text, 2, 34);
    return context.getImageData(0, 0, 40, 40).data.join();
  };
  return new Set(['统', '计', '矿', '\\u{10FFFE}'].map(draw)).size;
})()
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as one:
        yield one


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    events = {"twelve": twelve(), "many": many(), "hostile": hostile()}
    for page in PAGES:
        name, language = page.split("-")
        statistics = statistics_of(folder, events[name], zone="Asia/Shanghai")
        with (folder / f"{page}.html").open("w", encoding="utf-8") as stream:
            write_page(statistics, Messages(language), 1000, stream)
    return folder


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_sticks_out_and_nothing_is_fetched(
    browser: Browser, pages: Path, page: str, width: int
) -> None:
    path = pages / f"{page}.html"
    browser.requests.clear()
    browser.complaints.clear()
    browser.open(path, width)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(STICKING_OUT) == []
    assert browser.value(TEXTS_OVER_TEXTS) == []
    assert browser.complaints == []
    assert set(browser.requests) == {path.as_uri()}
    assert browser.picture().startswith(b"\x89PNG")


def test_the_page_s_own_style_is_let_in(browser: Browser, pages: Path) -> None:
    browser.open(pages / "twelve-en.html", 1280)
    assert browser.value("getComputedStyle(document.querySelector('.tiles')).display") == "grid"


def test_wide_tables_scroll_in_their_place(browser: Browser, pages: Path) -> None:
    browser.open(pages / "many-zh.html", 390)
    overflow = "[...document.querySelectorAll('.box')].filter(b => b.scrollWidth > b.clientWidth)"
    assert browser.value(f"{overflow}.length") > 0
    assert browser.value(f"{overflow}.every(box => box.tabIndex === 0)")


def test_chinese_is_drawn(browser: Browser, pages: Path) -> None:
    browser.open(pages / "many-zh.html", 1280)
    assert browser.value(DIFFERENT_INK) == 4


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_printed_it_says_the_same(browser: Browser, pages: Path, tmp_path: Path) -> None:
    browser.open(pages / "many-zh.html", 1280)
    pdf = tmp_path / "printed.pdf"
    pdf.write_bytes(browser.pdf())
    read = subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True, text=True
    ).stdout
    sheets = read.removesuffix("\f").split("\f")
    assert 8 <= len(sheets) <= 20
    text = re.sub(r"\s", "", read)
    for words in ("虚拟货币挖矿统计", "按单位类别：电量", "数字的含义", "至少591"):
        assert words in text
    units = [sheet for sheet in sheets if "浙州大学信息科学与技术学院" in sheet]
    tables = [sheet for sheet in units if re.search(r"\d / \d", sheet)]
    assert all("地址数" in sheet for sheet in tables)  # the header is repeated
