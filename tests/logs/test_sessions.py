"""Logins and translated sessions: FreeRADIUS, conntrack, Cisco ASA."""

from __future__ import annotations

from pathlib import Path

from tests.logs.reading import EVER, book_of, complaints, ip, ns, outside, sample, who


def test_radius_lost_stops_and_late_addresses(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"radius-detail": sample("radius-detail")}, "Asia/Shanghai")
    assert who(book, "10.3.0.1") == [
        ("aabbcc000001 s001", "2021-09-06 02:00:00", "2021-09-06 03:00:01", "said"),
        ("aabbcc000002 s002", "2021-09-06 03:10:00", "2021-09-06 04:00:00", "next"),
        ("- s003", "2021-09-06 04:00:00", "2021-09-07 04:00:00", "assumed"),
    ]
    assert complaints(book) == [(48, "address")]
    [one] = book.bindings_of_account("s001", *EVER)
    assert one.device_port == "slot=1;subslot=0;port=3;vlanid=30"
    assert one.origin.device == "10.0.0.2"
    assert book.bindings_of_account("nobody", *EVER) == []


def test_conntrack_both_directions(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"conntrack.log": sample("conntrack.log")})
    assert outside(book, "203.0.113.7", 51322) == [
        ("10.4.0.1:40001", "2021-09-06 02:00:00", "2021-09-06 02:01:00", "said"),
        ("10.4.0.2:5353", "2021-09-06 02:01:40", "2021-09-06 02:05:00", "next"),
        ("10.4.0.5:5353", "2021-09-06 02:05:00", "2021-09-07 02:05:00", "assumed"),
    ]
    assert outside(book, "203.0.113.7", 6000) == [
        ("10.4.0.3:6000", "2021-09-06 02:01:45", "2021-09-06 02:01:51", "said")
    ]
    assert outside(book, "203.0.113.8", 80)[0][0] == "10.4.0.80:8080"
    assert outside(book, "203.0.113.7", 78)[0][0] == "10.4.0.4:77"
    assert complaints(book) == [(7, "no_time"), (8, "port")]
    at = ns("2021-09-06T02:00:30")
    [one] = book.translations_of_inside(ip("10.4.0.1"), 40001, 6, at, at)
    assert (str(one.remote), one.remote_port) == ("198.51.100.9", 3333)
    assert book.translations_of_inside(ip("10.4.0.1"), 40001, 17, at, at) == []
    assert len(book.translations_of_outside(ip("203.0.113.7"), None, None, *EVER)) == 5


def test_asa_connections_and_translations(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"cisco-asa.log": sample("cisco-asa.log")}, "+08:00")
    assert outside(book, "203.0.113.5", 1025) == [
        ("10.5.0.1:40001", "2021-09-06 02:00:00", "2021-09-06 02:05:01", "said")
    ]
    assert outside(book, "203.0.113.5", 1026) == [
        ("10.5.0.3:40002", "2021-09-06 02:06:00", "2021-09-06 02:08:01", "said")
    ]
    assert outside(book, "203.0.113.6", 4711)[0][0] == "10.5.1.1:*"
    assert outside(book, "203.0.113.9", 8080)[0][0] == "10.5.1.2:80"
    assert outside(book, "203.0.113.10", 2500)[0][0] == "10.5.2.1:*"
    assert outside(book, "203.0.113.10", 2560) == []
    assert complaints(book) == [(10, "form"), (11, "time")]
    [coverage] = book.coverage()
    assert coverage.device == "fw1"
