"""What the configuration adds: zones, clock errors, years, columns, deterministic NAT."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from poolwatch.errors import UsageError
from poolwatch.logs.config import load_log_config
from poolwatch.logs.load import load_logs
from poolwatch.settings import Limits
from tests.logs.reading import EVER, book_of, clock, complaints, ip, ns, outside, sample, who
from tests.logs.shown import lines_of

ACCOUNTING = """
zone = "Asia/Shanghai"

[[source]]
files = ["accounting*.csv"]
format = "accounting-csv"
device = "drcom"

[source.columns]
address = "IP地址"
account = "学号"
mac = "MAC地址"
start = "上线时间"
end = "下线时间"
port = "区域"
"""


def test_accounting_by_a_map_of_columns(tmp_path: Path) -> None:
    text = sample("accounting.csv")
    for name, data in (("utf8", text.encode()), ("gbk", text.encode("gb18030"))):
        folder = tmp_path / name
        book = book_of(folder, {"logs.toml": ACCOUNTING, "accounting.csv": data})
        assert who(book, "10.19.0.1") == [
            ("aabbcc000b01 s020", "2021-09-06 02:00:00", "2021-09-06 03:00:00", "said"),
            ("aabbcc000b02 s021", "2021-09-06 03:30:00", "2021-09-07 03:30:00", "assumed"),
        ]
        assert who(book, "10.19.0.3")[0][1:3] == ("2021-09-06 04:00:00", "2021-09-06 04:30:00")
        assert complaints(book) == [(5, "ends_first"), (6, "address")]
        [one] = book.bindings_of_account("s020", *EVER)
        assert (one.device_port, one.origin.device, one.origin.line) == ("图书馆", "drcom", 3)


EVENTS = """\
time;user;ip;what
2021-09-06 10:00:00;s1;10.0.0.1;上线
2021-09-06 10:30:00;s1;10.0.0.1;下线
2021-09-06 10:30:00;s1;10.0.0.1;什么
"""
EVENT_CONFIG = """
[[source]]
files = ["*.csv"]
format = "accounting-csv"
columns = { address = "ip", account = "user", time = "time", event = "what" }
words.event = { "上线" = "start", "下线" = "stop" }
"""


def test_accounting_by_events(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"logs.toml": EVENT_CONFIG, "a.csv": EVENTS})
    assert who(book, "10.0.0.1") == [("- s1", "2021-09-06 10:00:00", "2021-09-06 10:30:01", "said")]
    assert complaints(book) == [(4, "form")]


def test_missing_columns_are_named(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"logs.toml": EVENT_CONFIG, "a.csv": "a,b\n1,2\n"})
    assert complaints(book) == [(0, "column")]


def test_a_clock_that_is_ahead_is_put_right(tmp_path: Path) -> None:
    config = '[[source]]\nfiles = ["nat.log"]\noffset_seconds = 180\ndevice = "gw"\n'
    files = {"logs.toml": config, "nat.log": sample("conntrack.log")}
    book = book_of(tmp_path, files)
    assert outside(book, "203.0.113.7", 51322)[0][1] == "2021-09-06 01:57:00"
    assert {one.device for one in book.coverage()} == {"gw"}


@pytest.mark.parametrize(("year", "expected"), [(2019, "2019"), (0, "2021")])
def test_years_that_are_left_out(tmp_path: Path, year: int, expected: str) -> None:
    lines = [
        "Dec 31 23:59:00 mx1 x: _NAT_PORT_BLOCK_ALLOC: 10.0.0.1 -> 203.0.113.1:1024-2047",
        "Jan  1 00:01:00 mx1 x: _NAT_PORT_BLOCK_RELEASE: 10.0.0.1 -> 203.0.113.1:1024-2047",
        "Dec 31 23:59:59 mx1 x: _NAT_PORT_BLOCK_ALLOC: 10.0.0.2 -> 203.0.113.1:2048-3071",
    ]
    path = tmp_path / "blocks.log"
    path.write_text("\n".join(lines))
    at = ns("2022-01-02T00:00:00") // 10**9
    os.utime(path, (at, at))
    if year:
        config = f'[[source]]\nfiles = ["*.log"]\nyear = {year}\n'
        (tmp_path / "logs.toml").write_text(config)
    book = load_logs([tmp_path], None, Limits(), "UTC")
    [first] = outside(book, "203.0.113.1", 1500)
    assert first[1:3] == (f"{expected}-12-31 23:59:00", f"{int(expected) + 1}-01-01 00:01:01")
    [second] = outside(book, "203.0.113.1", 2048)
    assert second[1] == f"{expected}-12-31 23:59:59"
    assert complaints(book) == ([] if year else [(0, "year")])


STATIC = "fw : %ASA-6-305009: Built static translation from a:10.0.0.1 to b:203.0.113.1\n"


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Asia/Shanghai", "2021-09-05 18:00:00"),
        ("America/New_York", "2021-09-06 06:00:00"),  # summer time
        ("+05:30", "2021-09-05 20:30:00"),
    ],
)
def test_zones(tmp_path: Path, zone: str, begins: str) -> None:
    line = f"Sep 06 2021 02:00:00 {STATIC}"
    book = book_of(tmp_path, {"asa.log": line}, zone)
    assert outside(book, "203.0.113.1", 1)[0][1] == begins


def test_the_hour_that_comes_twice_is_the_first(tmp_path: Path) -> None:
    line = f"Nov 07 2021 01:30:00 {STATIC}"
    book = book_of(tmp_path, {"asa.log": line}, "America/New_York")
    assert outside(book, "203.0.113.1", 1)[0][1] == "2021-11-07 05:30:00"


DETERMINISTIC = """
[[deterministic]]
inside = "100.64.0.0/29"
outside = "203.0.113.0/31"
ratio = 4
first_port = 1024
device = "cgn1"
"""


def test_deterministic_nat_both_ways(tmp_path: Path) -> None:
    (tmp_path / "logs.toml").write_text(DETERMINISTIC)
    book = load_logs([tmp_path])
    assert [one[0] for one in outside(book, "203.0.113.0", 1024)] == ["100.64.0.0:*"]
    assert [one[0] for one in outside(book, "203.0.113.1", 65535)] == ["100.64.0.7:*"]
    assert len(outside(book, "203.0.113.1")) == 4
    assert outside(book, "203.0.113.1", 80) == []
    for number in range(8):
        address = ip(f"100.64.0.{number}")
        [one] = book.translations_of_inside(address, 5, 6, 0, 1)
        for port in (one.outside_low, one.outside_high):
            [back] = book.translations_of_outside(one.outside, port, 17, 0, 1)
            assert back == one
        assert (one.origin.source, one.origin.line, one.origin.device) == (
            "cgn-deterministic",
            2,
            "cgn1",
        )
        assert book.line(one.origin) == "[[deterministic]]"


def test_deterministic_round_robin(tmp_path: Path) -> None:
    (tmp_path / "logs.toml").write_text(DETERMINISTIC + 'algorithm = "round_robin"\n')
    book = load_logs([tmp_path])
    [one] = book.translations_of_inside(ip("100.64.0.3"), None, None, 0, 1)
    assert (str(one.outside), one.outside_low) == ("203.0.113.1", 1024 + 16128)
    assert outside(book, "203.0.113.1", one.outside_high)[0][0] == "100.64.0.3:*"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zones = 1", "zones: no such setting"),
        ('[[source]]\nfiles = ["a"]\nzoned = 1', "source[0].zoned: no such setting"),
        ('[[source]]\nfiles = ["a"]\nzone = "Nowhere/X"', "source[0].zone = 'Nowhere/X'"),
        ('[[source]]\nfiles = ["a"]\nformat = "x"', "source[0].format = 'x': no such format"),
        ('[[deterministic]]\ninside = "1"\noutside = "2"\nratio = 1', "deterministic[0].inside"),
        (DETERMINISTIC + 'algorithm = "random"', "deterministic[0].algorithm = 'random'"),
        ("x = [", "logs.toml: "),
    ],
)
def test_what_is_refused_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "logs.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        load_log_config(path)
    assert said in str(refused.value)


def test_a_dump_needs_a_time(tmp_path: Path) -> None:
    dump = "10.0.0.1 dev eth0 lladdr aa:bb:cc:00:00:01 STALE\n"
    assert complaints(book_of(tmp_path, {"n.txt": dump})) == [(1, "no_time")]
    (tmp_path / "logs.toml").write_text('[[source]]\nfiles = ["n.txt"]\nfile_time = true\n')
    os.utime(tmp_path / "n.txt", (1630893600, 1630893600))
    [line] = lines_of(load_logs([tmp_path]))
    assert clock(1630893600 * 10**9) in line
