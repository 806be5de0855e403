"""The same figures in every format; hostile texts stay texts; what is public names nobody."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from poolwatch.messages import LANGUAGES, Messages
from poolwatch.report.statistics import By, Sort, Statistics
from poolwatch.report.statistics.files import COLUMNS, write_csv, write_json
from poolwatch.report.statistics.page import write_page
from poolwatch.report.statistics.public import FEWEST, MASKED
from poolwatch.report.statistics.text import report_lines
from poolwatch.report.statistics.words import label
from poolwatch.report.statistics.xlsx import write_xlsx
from tests.report.statistics.making import (
    HOSTILE,
    A,
    B,
    C,
    D,
    at,
    host,
    hostile,
    many,
    statistics_of,
    stats,
    table_of,
    talk,
    twelve,
)

FORMATS = ("text", "csv", "json", "html", "xlsx")


def written(statistics: Statistics, form: str, language: str = "en") -> bytes:
    """The report in one format."""
    messages, stream, content = Messages(language), io.StringIO(newline=""), io.BytesIO()
    if form == "xlsx":
        write_xlsx(statistics, messages, content)
        return content.getvalue()
    if form == "text":
        stream.write("\n".join(report_lines(statistics, messages, 1000)))
    elif form == "html":
        write_page(statistics, messages, 1000, stream)
    else:
        (write_csv if form == "csv" else write_json)(statistics, stream)
    return stream.getvalue().encode()


def shown(statistics: Statistics, form: str, language: str = "en") -> str:
    """All text a reader of that format can come by."""
    content = written(statistics, form, language)
    if form != "xlsx":
        return content.decode()
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [str(c.value) for sheet in book for row in sheet.rows for c in row]
    return "\n".join([*book.sheetnames, *cells, repr(book.properties)])


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Statistics:
    return statistics_of(tmp_path_factory.mktemp("formats"), twelve())


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Statistics:
    return statistics_of(tmp_path_factory.mktemp("hostile"), hostile())


# -- the figures ---------------------------------------------------------------------------


def test_json(counted: Statistics) -> None:
    document = json.loads(written(counted, "json"))
    assert document["all"]["addresses"] == 9
    assert document["all"]["machines"] == {"low": 8, "high": None, "not_known": 1}
    assert document["all"]["kwh"] == {"low": 37.0, "high": 63.0}
    assert document["below"] == {"suspected": 1}
    assert set(document["tables"]) == {by.value for by in By}
    weeks = {row["name"]: row for row in document["tables"]["week"]}
    assert weeks["2026-W02"]["kwh"] == {"low": 10.5, "high": 21.0}
    assert weeks["2026-W03"]["watched_hours"] == 144
    coverage = document["coverage"]
    assert (coverage["packets"], coverage["hours"], coverage["drops"]) == (1000, 312, 0)


def test_csv_has_a_row_a_figure(counted: Statistics) -> None:
    rows = list(csv.DictReader(io.StringIO(written(counted, "csv").decode())))
    assert tuple(rows[0]) == COLUMNS
    found = {(r["table"], r["group"], r["figure"], r["of"]): r for r in rows}
    assert len(found) == len(rows)
    kwh = found["coin", "BTC", "kwh", ""]
    assert (kwh["low"], kwh["high"], kwh["unit"], kwh["not_known"]) == ("32", "53", "kWh", "1")
    rate = found["all", "", "hashrate", "SHA-256d"]
    assert float(rate["estimate"]) == 310e12
    unknown = found["unit", "江苏省 / 丙局", "kwh", ""]
    assert (unknown["low"], unknown["high"]) == ("", "")
    assert found["all", "", "machines", ""]["high"] == ""  # open
    assert found["coverage", "", "packets", ""]["low"] == "1000"


@pytest.mark.parametrize("language", LANGUAGES)
def test_xlsx_is_read_back(counted: Statistics, language: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(counted, "xlsx", language)))
    say = Messages(language).say
    names = [say(f"statistics.by.{by}") for by in By]
    assert book.sheetnames == [say("statistics.read_me"), *names, say("statistics.rates")]
    sheet = book[say("statistics.by.coin")]
    assert sheet.freeze_panes == "B2"
    heads = [cell.value for cell in sheet[1]]
    btc = dict(zip(heads, (cell.value for cell in sheet[2]), strict=True))
    assert btc[say("statistics.by.coin")] == "BTC"
    assert btc[say("statistics.column.addresses")] == 5
    assert btc[say("statistics.column.kwh_low")] == 32
    assert btc[say("statistics.column.machines_high")] is None
    assert btc[say("statistics.column.coal_high")] == pytest.approx(53 * 0.1 / 1000)
    last = [cell.value for cell in sheet[sheet.max_row]]
    assert last[:2] == [say("statistics.total"), 9]
    rates = [[cell.value for cell in row] for row in book[say("statistics.rates")].rows]
    assert [say("statistics.total"), None, "SHA-256d", 3, 289e12, 310e12, 331e12] in [
        [value or None for value in row] for row in rates
    ]
    read_me = "\n".join(str(row[0].value or "") for row in book.worksheets[0].rows)
    for word in ("1,000", "official-2023", "Good machine", say("statistics.notes")):
        assert word in read_me


def test_columns_of_chinese_are_wide_enough(counted: Statistics) -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(counted, "xlsx", "zh")))
    sheet = book["单位"]
    assert sheet.column_dimensions["A"].width >= 2 * len("浙江省乙公司") + 3


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_statistics_give_the_same_file(tmp_path: Path, form: str) -> None:
    events = many(40)
    assert written(statistics_of(tmp_path, events), form) == written(
        statistics_of(tmp_path, events), form
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["text", "html", "xlsx"])
def test_what_was_looked_at_stands_at_the_head(
    tmp_path: Path, counted: Statistics, form: str, language: str
) -> None:
    nothing = statistics_of(tmp_path, [stats(at(5), at(6), drops=7)])
    none = statistics_of(tmp_path, host("10.0.0.1", [], grade="noted"))
    say = Messages(language).say
    packets, found = "1,000", say("statistics.nothing", grade=say("grade.probable"))
    for statistics in (counted, nothing):
        text = shown(statistics, form, language)
        tables = text.find(say("statistics.heading.region"))
        assert 0 < text.find(packets) < (tables if form != "xlsx" and tables > 0 else len(text))
    assert found in shown(nothing, form, language)
    assert "7" in shown(nothing, form, language)
    assert say("statistics.coverage_none") in shown(none, form, language)


@pytest.mark.parametrize("form", ["text", "html"])
def test_rows_beyond_the_bound_are_counted(tmp_path: Path, form: str) -> None:
    statistics = statistics_of(tmp_path, many(), by=(By.UNIT,))
    stream = io.StringIO()
    if form == "html":
        write_page(statistics, Messages("en"), 5, stream)
    else:
        stream.write("\n".join(report_lines(statistics, Messages("en"), 5)))
    assert "16 more" in stream.getvalue()


# -- hostile texts -------------------------------------------------------------------------


class _Page(html.parser.HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: bytes) -> _Page:
    parser = _Page()
    parser.feed(page.decode())
    return parser


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_escapes_everything_and_fetches_nothing(attacked: Statistics, language: str) -> None:
    attacked.title = attacked.issuer = HOSTILE[4]
    page = parsed(written(attacked, "html", language))
    attacked.title = attacked.issuer = None
    assert not page.tags & {"script", "img", "link", "iframe", "object", "base", "form", "b"}
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "style"}
    links = [value for name, value in page.attributes if name == "href"]
    assert all(value.startswith("#") for value in links)
    [policy] = [value for name, value in page.attributes if value.startswith("default-src")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    text = "".join(page.text)
    assert all(piece in text for piece in ("<script>alert(1)</script>", HOSTILE[4], HOSTILE[7]))
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(attacked: Statistics) -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(attacked, "xlsx")))
    cells = [cell for sheet in book for row in sheet.rows for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    assert {HOSTILE[0], HOSTILE[1], HOSTILE[2]} <= {cell.value for cell in cells}


def test_no_cell_of_csv_begins_a_formula(attacked: Statistics) -> None:
    for row in csv.reader(io.StringIO(written(attacked, "csv").decode())):
        assert not [cell for cell in row if cell[:1] in ("=", "@", "+") or cell[:2] == "-2"]


def test_text_does_not_steer_a_terminal(attacked: Statistics) -> None:
    text = written(attacked, "text").decode()
    assert not [c for c in text if c != "\n" and not c.isprintable()]


def test_odd_numbers_of_strangers(tmp_path: Path) -> None:
    odd: dict[str, Any] = {
        "hashrate": {"low": 5.0, "estimate": -1.0, "high": 1e300, "basis": "x"},
        "shares": {"submitted": -5, "accepted": -7},
        "sessions": -1,
    }
    odd |= {"first_seen": "0001-01-01T00:00:00+0000", "last_seen": "9999-12-31T23:59:59+0000"}
    events = host("10.0.0.1", [], rigs=(7, 2), kwh=(1e200, 1e300), **odd)
    for form in FORMATS:
        statistics = statistics_of(tmp_path, events, zone="Asia/Shanghai")
        assert statistics.total.kwh is None
        assert statistics.total.rates == ()
        assert (statistics.total.machines.low, statistics.total.machines.high) == (7, None)
        assert (statistics.total.submitted, statistics.total.conversations) == (0, 0)
        assert written(statistics, form)


# -- for publication -----------------------------------------------------------------------


def secrets_in(events: list[dict[str, Any]]) -> set[str]:
    """Every text of the events that names a host, a person, a unit or a file."""
    found: set[Any] = {"contact-secret", "source-secret", "secret.csv", "second"}
    for event in events:
        mining = event.get("mining", {})
        found |= {event.get("host"), event.get("src_ip"), event.get("dest_ip"), event["sensor"]}
        found |= {event.get("pcap_filename"), mining.get("wallet"), mining.get("login")}
        for name in ("wallets", "accounts", "workers", "mails", "agents"):
            found |= set(event.get(name) or ())
        unit = event.get("unit") or {}
        found |= {unit.get("name"), unit.get("prefix")}
    return {text for text in found if text}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", FORMATS)
def test_public_names_nobody(tmp_path: Path, form: str, language: str) -> None:
    for events in (twelve(), many()):
        text = shown(statistics_of(tmp_path, events, public=True), form, language)
        assert not [secret for secret in secrets_in(events) if secret in text]
        assert not re.findall(r"\b10\.\d+\.\d+\.\d+\b", text)


@pytest.mark.parametrize("form", FORMATS)
def test_public_takes_no_text_of_anybody_as_a_formula(tmp_path: Path, form: str) -> None:
    """Events may be anyone's."""
    events = twelve()
    for event in events:
        for record in (event.get("energy") or {}).get("basis", ()):
            record["formula"] = "the rig of Dr. Secret"
            record["unit"] = record["figure"] = "Secret"
            for factor in record["factors"]:
                factor["source"] = factor["unit"] = "the meter of Dr. Secret"
    assert "Secret" in shown(statistics_of(tmp_path, events), "json")
    assert "Secret" not in shown(statistics_of(tmp_path, events, public=True), form)


def test_what_is_not_public_names_units(tmp_path: Path) -> None:
    text = shown(statistics_of(tmp_path, twelve()), "text")
    assert all(unit[-1] in text for unit in (A, B, C, D))


def test_small_groups_are_put_together(tmp_path: Path) -> None:
    statistics = statistics_of(tmp_path, twelve(), public=True)
    regions = table_of(statistics, By.REGION).groups
    assert [(g.name, g.sort, g.figures.addresses, g.merged) for g in regions] == [
        ("浙江省", Sort.VALUE, 6, 0),
        ("", Sort.OTHERS, 3, 2),  # one of Jiangsu, two of no region
    ]
    units = table_of(statistics, By.UNIT).groups
    assert [(g.sort, g.figures.addresses) for g in units] == [
        (Sort.VALUE, 3),
        (Sort.VALUE, 3),
        (Sort.OTHERS, 3),
    ]
    said = [label(group, By.UNIT, statistics, Messages("en")) for group in units]
    assert said == ["unit 1", "unit 2", "others (3 groups)"]


def test_the_few_cannot_be_told_by_subtraction(tmp_path: Path) -> None:
    sizes = {("省", "大"): 5, ("省", "中"): 3, ("省", "小"): 1}
    events = [
        event
        for at_unit, (unit, size) in enumerate(sizes.items())
        for number in range(size)
        for event in host(
            f"10.0.{at_unit}.{number}",
            [talk(at(5), at(5, 1), "BTC", None, None, (1, 1))],
            unit=unit,
        )
    ]
    for by in MASKED:
        table = table_of(statistics_of(tmp_path, events, public=True, by=(by,)), by)
        assert all(group.figures.addresses >= FEWEST for group in table.groups)
    table = table_of(statistics_of(tmp_path, events, public=True), By.UNIT)
    assert [g.figures.addresses for g in table.groups] == [5, 4]


def test_every_sentence_is_said() -> None:
    """No sentence of the catalogue is left over."""
    text = Path(__file__).parents[3].joinpath("src/poolwatch/messages/en.toml").read_text("utf-8")
    keys = tomllib.loads(text)["statistics"]
    sources = "".join(
        path.read_text("utf-8")
        for path in Path(__file__).parents[3].joinpath("src/poolwatch/report").rglob("*.py")
    )
    sentences = {key for key, value in keys.items() if isinstance(value, str)}
    patterns = {"chart_addresses", "chart_energy"}
    assert not {key for key in sentences - patterns if f"statistics.{key}" not in sources}
