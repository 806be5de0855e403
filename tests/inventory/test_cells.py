"""Single cells: addresses, dates, paths, headers."""

from __future__ import annotations

import ipaddress
import tomllib
import zoneinfo
from contextlib import suppress
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.inventory import dates
from poolwatch.inventory.addresses import (
    MAPPED,
    Span,
    address_of,
    position,
    read_piece,
    split_cell,
)
from poolwatch.inventory.headers import field_of, read_headers
from poolwatch.inventory.notes import CellError
from poolwatch.inventory.unit_rows import join_path, split_path
from tests.inventory.building import ns

UTC = zoneinfo.ZoneInfo("UTC")

V4 = st.integers(0, 2**32 - 1).map(lambda number: MAPPED | number)
V6 = st.integers(2**64, 2**128 - 1)
ENDS = st.one_of(st.tuples(V4, V4), st.tuples(V6, V6))
WIDE = str.maketrans("0123456789abcdef.:/-", "０１２３４５６７８９ａｂｃｄｅｆ．：／－")


@given(ENDS)
def test_a_span_is_read_as_it_is_written(ends: tuple[int, int]) -> None:
    span = Span(min(ends), max(ends))
    if (span.low, span.high) in ((MAPPED, MAPPED | 0xFFFFFFFF), (0, 2**128 - 1)):
        return
    for text in (str(span), str(span).translate(WIDE)):
        [piece] = split_cell(text)
        assert read_piece(piece).span == span


@given(st.ip_addresses(v=4), st.integers(1, 32))
def test_networks_agree_with_the_standard_library(
    address: ipaddress.IPv4Address, bits: int
) -> None:
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    for mask in (str(bits), str(network.netmask)):
        written = read_piece(f"{address}/{mask}")
        assert str(address_of(written.span.low)) == str(network.network_address)
        assert written.span.size == network.num_addresses
        assert written.host_bits == (network.network_address != address)


@given(st.ip_addresses())
def test_a_position_leads_back_to_its_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped
    if not mapped:
        assert address_of(position(address.version, int(address))) == address


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for piece in split_cell(text):
        with suppress(CellError):
            assert read_piece(piece).span.size > 0
    for read in (dates.read_from, dates.read_until):
        with suppress(CellError):
            assert dates.ALWAYS_FROM <= read(text, UTC) <= dates.ALWAYS_TO


@given(st.lists(st.text(min_size=1, max_size=8).map(str.strip).filter(bool), max_size=5))
def test_a_path_is_read_as_it_is_written(parts: list[str]) -> None:
    assert split_path(join_path(parts)) == tuple(parts)


@pytest.mark.parametrize(
    "text",
    [
        "2021-09-06",
        "2021-9-6",
        "2021/9/6",
        "2021.9.6",
        "2021年9月6日",
        "20210906",
        "44445",
        "44445.0",
        "２０２１年９月６日",
        " 2021-09-06 ",
        "2021-09-06 00:00",
        "2021-09-06T00:00:00Z",
        "2021-09-06T08:00:00+08:00",
        "2021-09-06 08:00:00 +0800",
        "2021-09-06T00:00:00.000000+00:00",
    ],
)
def test_dates_as_people_write_them(text: str) -> None:
    assert dates.read_from(text, UTC) == ns("2021-09-06")


def test_a_whole_day_ends_with_it_and_a_moment_with_itself() -> None:
    assert dates.read_until("2021-09-06", UTC) == ns("2021-09-07")
    assert dates.read_until("2021-09-06 12:00", UTC) == ns("2021-09-06T12:00")
    shanghai = zoneinfo.ZoneInfo("Asia/Shanghai")
    assert dates.read_until("2021-09-06", shanghai) == ns("2021-09-06T16:00")


@pytest.mark.parametrize("text", ["", " ", "-", "长期", "至今", "永久", "never", "9999-12-31"])
def test_words_for_no_end(text: str) -> None:
    assert dates.read_until(text, UTC) == dates.ALWAYS_TO


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1679 < moment.year < 2261))
def test_a_moment_is_read_as_it_is_written(moment: object) -> None:
    since = dates.read_from(str(moment), UTC)
    assert dates.read_from(dates.write(since), UTC) == since


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("IP地址段（CIDR）", "prefix"),
        ("＊单位名称", "name"),
        ("Unit_Name", "name"),
        ("联系电话(手机)", "contact"),
        ("Valid-From", "valid_from"),
        ("Colour", None),
        ("", None),
    ],
)
def test_headers_as_people_write_them(header: str, field: str | None) -> None:
    assert field_of(header) == field


def test_a_word_stands_under_one_heading_only() -> None:
    text = resources.files("poolwatch.inventory").joinpath("headers.toml").read_text("utf-8")
    words = [word for words in tomllib.loads(text)["columns"].values() for word in words]
    assert len(words) == len(set(words))
    for field, listed in tomllib.loads(text)["columns"].items():
        assert {field_of(word) for word in listed} == {field}


def test_headers_need_an_address_and_a_name() -> None:
    assert read_headers(["网段", "楼层"]) is None
    assert read_headers(["单位", "起始IP"]) is None
    assert read_headers(["单位", "起始IP", "终止IP"]) is not None
