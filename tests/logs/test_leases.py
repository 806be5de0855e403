"""Lease logs: ISC and Kea."""

from __future__ import annotations

from pathlib import Path

from tests.logs.reading import EVER, book_of, complaints, ip, ns, sample, who


def test_isc_leases_renew_end_and_go_to_others(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"dhcpd.leases": sample("dhcpd.leases")})
    assert who(book, "10.1.0.5") == [
        ("aabbcc000001 lab-1", "2021-09-06 02:00:00", "2021-09-06 03:10:00", "said"),
        ("aabbcc000002", "2021-09-06 03:15:00", "2199-12-31 23:59:59", "expiry"),
    ]
    assert who(book, "2001:db8::5") == [
        ("aabbcc000003", "2021-09-06 02:00:00", "2021-09-06 02:10:00", "expiry")
    ]
    assert complaints(book) == [(33, "address"), (50, "unfinished")]
    [coverage] = book.coverage()
    assert (coverage.source, coverage.records, coverage.unread) == ("isc-dhcp", 5, 2)
    assert coverage.first_ns == ns("2021-09-06T02:00:00")
    [one] = book.bindings_of_mac(0xAABBCC000001, *EVER)
    assert book.line(one.origin) == "lease 10.1.0.5 {"


def test_kea_renews_and_releases(tmp_path: Path) -> None:
    book = book_of(
        tmp_path,
        {
            "kea-leases4.csv": sample("kea-leases4.csv"),
            "kea-leases6.csv": sample("kea-leases6.csv"),
        },
    )
    assert who(book, "10.2.0.7") == [
        ("aabbcc000007 pc-7.example", "2021-09-06 02:00:00", "2021-09-06 02:46:40", "next"),
        ("aabbcc000008 a,b", "2021-09-06 02:46:40", "2021-09-06 03:46:40", "expiry"),
    ]
    assert who(book, "10.2.0.8") == [
        ("aabbcc000009", "2021-09-06 02:46:40", "2021-09-06 03:46:40", "assumed")
    ]
    assert who(book, "2001:db8:2::7") == [
        ("aabbcc00000a v6", "2021-09-06 02:00:00", "2021-09-06 03:00:00", "expiry")
    ]
    assert complaints(book) == [(8, "form"), (9, "number")]


def test_a_lease_on_two_servers_is_shown_twice(tmp_path: Path) -> None:
    head = sample("kea-leases4.csv").splitlines()[0] + "\n"
    one = head + "10.2.0.7,aa:bb:cc:00:00:07,,3600,1630897200,1,0,0,,0,,0\n"
    other = head + "10.2.0.7,aa:bb:cc:00:00:08,,3600,1630897300,1,0,0,,0,,0\n"
    book = book_of(tmp_path, {"a/leases.csv": one, "b/leases.csv": other})
    assert [row[3] for row in who(book, "10.2.0.7")] == ["expiry", "expiry"]
    rotated = book_of(tmp_path / "r", {"leases.csv": other, "leases.csv.1": one})
    assert [row[3] for row in who(rotated, "10.2.0.7")] == ["next", "expiry"]
    at = ns("2021-09-06T02:30:00")
    assert len(book.bindings(ip("10.2.0.7"), at, at)) == 2
