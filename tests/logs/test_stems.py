"""Which files are one log: what rotation adds is left off, what tells devices apart is not."""

from __future__ import annotations

import pytest

from poolwatch.logs.gather import stem_of


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("a/conntrack.log", "a/conntrack.log"),
        ("a/conntrack.log.1", "a/conntrack.log"),
        ("a/conntrack.log.12.gz", "a/conntrack.log"),
        ("a/dhcpd.leases~", "a/dhcpd.leases"),
        ("a/kea-leases4.csv.completed", "a/kea-leases4.csv"),
        ("a/messages-20210906", "a/messages"),
        ("a/messages-20210906.zst", "a/messages"),
        ("a/messages-1630893600", "a/messages"),
        ("a/detail-20210906:10", "a/detail"),
        ("a/detail-2021-09-06", "a/detail"),
        ("a/fw_2021-09.log", "a/fw.log"),
        ("a/dhcp-20210906.log", "a/dhcp.log"),
        ("a/dhcp-20210906.log.gz", "a/dhcp.log"),
        ("a/dhcp.2021-09-06T10-00-00.log", "a/dhcp.log"),
        ("a/DhcpSrvLog-Mon.log", "a/DhcpSrvLog.log"),
        ("a/DhcpSrvLog-Tue.log", "a/DhcpSrvLog.log"),
        ("a/10.1.1.1", "a/10.1.1.1"),
        ("a/10.1.1.2.gz", "a/10.1.1.2"),
        ("a/10.1.1.2.log.1", "a/10.1.1.2.log"),
        ("a/sw1001", "a/sw1001"),
        ("a/sw-1002", "a/sw-1002"),
        ("a/fw-2002.log", "a/fw-2002.log"),
        ("a/20210906", "a/20210906"),
        ("a/1", "a/1"),
    ],
)
def test_stem(path: str, stem: str) -> None:
    assert stem_of(path) == stem
