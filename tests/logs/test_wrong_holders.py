"""What would name the wrong machine or person if it were read carelessly."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from poolwatch.logs.fields import mac_or_none, station_or_none
from tests.logs.reading import book_of, ns, outside, who
from tests.logs.shown import lines_of

MAC = 0x001122334455
DAY = "2021-09-06"


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("00-11-22-33-44-55", MAC),
        ("0011.2233.4455", MAC),
        ("0011-2233-4455", MAC),
        ("001122-334455", MAC),
        ("00112233445A", 0x00112233445A),
        ("0:11:22:33:44:55", MAC),
        ("00-11-22-33-44-55:eduroam", MAC),
        ("00:11:22:33:44:55:66:77", None),
        ("202.119.101.123", None),
        ("10.20.30.40", None),
        ("862512345678", None),
        ("138-1234-5678", None),
        ("00:11-22:33:44:55", None),
        ("ff:ff:ff:ff:ff:ff", None),
        ("01:00:5e:00:00:01", None),
        ("", None),
    ],
)
def test_a_calling_station_is_a_machine_only_where_it_is_one(text: str, mac: int | None) -> None:
    assert station_or_none(text) == mac


def test_digits_alone_are_a_machine_where_only_machines_stand() -> None:
    assert mac_or_none("001122334455") == MAC


def detail(*blocks: str) -> str:
    """A detail file."""
    return "\n".join(blocks)


def block(time: str, status: str, user: str = "", *more: str, nas: str = "10.0.0.1") -> str:
    """A block of accounting on 10.3.0.1, session 1."""
    lines = [f"Acct-Status-Type = {status}", f"NAS-IP-Address = {nas}"]
    if user:
        lines += [f'User-Name = "{user}"', "Framed-IP-Address = 10.3.0.1"]
        lines += ['Acct-Session-Id = "00000001"']
    return "\n\t".join([f"Mon Sep  6 {time} 2021", *lines, *more]) + "\n"


def test_a_session_number_given_again_is_another_session(tmp_path: Path) -> None:
    stop = block("18:00:00", "Stop", "bob", "Acct-Session-Time = 600")
    book = book_of(tmp_path, {"detail": detail(block("10:00:00", "Start", "alice"), stop)})
    assert who(book, "10.3.0.1") == [
        ("- alice", f"{DAY} 10:00:00", f"{DAY} 17:50:00", "next"),
        ("- bob", f"{DAY} 17:50:00", f"{DAY} 18:00:01", "said"),
    ]


def test_one_machine_keeps_its_session_under_another_name(tmp_path: Path) -> None:
    mac = 'Calling-Station-Id = "00-11-22-33-44-55"'
    blocks = block("10:00:00", "Start", "001122334455", mac), block("11:00:00", "Stop", "bob", mac)
    book = book_of(tmp_path, {"detail": detail(*blocks)})
    assert who(book, "10.3.0.1") == [
        ("001122334455 001122334455", f"{DAY} 10:00:00", f"{DAY} 11:00:01", "said")
    ]


def test_a_device_that_restarts_has_no_sessions(tmp_path: Path) -> None:
    book = book_of(
        tmp_path,
        {
            "detail": detail(
                block("10:00:00", "Start", "alice"),
                block("10:30:00", "Interim-Update", "alice"),
                block("10:45:00", "Accounting-Off", nas="10.0.0.2"),
                block("11:00:00", "Accounting-Off"),
                block("12:00:00", "Accounting-On"),
                block("13:00:00", "Start", "bob"),
                block("13:10:00", "Stop", "bob"),
            )
        },
    )
    assert who(book, "10.3.0.1") == [
        ("- alice", f"{DAY} 10:00:00", f"{DAY} 11:00:00", "next"),
        ("- bob", f"{DAY} 13:00:00", f"{DAY} 13:10:01", "said"),
    ]


ASA = "Sep 06 2021 {} fw1 : %ASA-6-{}: "
BUILT = "Built outbound TCP connection 7 for out:192.0.2.9/443 (192.0.2.9/443) to "


def test_a_connection_number_given_again_does_not_end_the_old_one(tmp_path: Path) -> None:
    built = ASA.format("10:00:00", 302013) + BUILT + "in:10.1.1.1/5000 (203.0.113.1/6000)\n"
    torn = ASA.format("20:00:00", 302014) + "Teardown TCP connection 7 for out:192.0.2.9/443 to "
    torn += "in:10.1.1.2/5001 duration 0:00:30 bytes 100 TCP FINs\n"
    book = book_of(tmp_path, {"asa.log": built + torn})
    assert outside(book, "203.0.113.1") == [
        ("10.1.1.1:5000", f"{DAY} 10:00:00", f"{DAY} 19:59:30", "next")
    ]
    assert book.notes.counts.total() == 1


LEASE = """lease 10.1.1.5 {{
  starts 1 2021/09/06 {};
  ends 1 2021/09/06 {};
  binding state {};
{}}}
"""
HARDWARE = "  hardware ethernet 00:11:22:33:44:55;\n"
KEA = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n"
ZEEK = (
    '{"ts":1630922400.0,"mac":"00:11:22:33:44:55","assigned_addr":"10.1.1.5",'
    '"lease_time":3600.0,"msg_types":["REQUEST","ACK"%s]}\n'
)
WINDOWS = "ID,Date,Time,Description,IP Address,Host Name,MAC Address\n"
SYSLOG = "2021-09-06T{}+00:00 srv x: {}\n"
DECLINED = {
    "isc": LEASE.format("10:00:00", "22:00:00", "active", HARDWARE)
    + LEASE.format("10:05:00", "10:05:00", "abandoned", ""),
    "kea": KEA
    + "10.1.1.5,00:11:22:33:44:55,,43200,1630965600,1,0,0,,0\n"
    + "10.1.1.5,,,86400,1631009100,1,0,0,,1\n",
    "windows": WINDOWS
    + "10,09/06/21,10:00:00,Assign,10.1.1.5,,001122334455,\n"
    + "13,09/06/21,10:05:00,In use,10.1.1.5,,,\n",
    "dhcpd": SYSLOG.format("10:00:00", "DHCPACK on 10.1.1.5 to 00:11:22:33:44:55 via eth0")
    + SYSLOG.format("10:05:00", "DHCPDECLINE of 10.1.1.5 from 00:11:22:33:44:55 via eth0: gone"),
    "dnsmasq": SYSLOG.format("10:00:00", "DHCPACK(eth0) 10.1.1.5 00:11:22:33:44:55")
    + SYSLOG.format("10:05:00", "DHCPDECLINE(eth0) 10.1.1.5 00:11:22:33:44:55"),
    "kea-log": SYSLOG.format(
        "10:00:00",
        "DHCP4_LEASE_ALLOC [hwtype=1 00:11:22:33:44:55], cid=[no info], tid=0x1: "
        "lease 10.1.1.5 has been allocated for 3600 seconds",
    )
    + SYSLOG.format(
        "10:05:00",
        "DHCP4_DECLINE_LEASE Received DHCPDECLINE for addr 10.1.1.5 from client "
        "[hwtype=1 00:11:22:33:44:55], cid=[no info], tid=0x2. The lease will be unavailable",
    ),
}


@pytest.mark.parametrize("name", DECLINED)
def test_who_refuses_an_address_has_it_no_longer(name: str, tmp_path: Path) -> None:
    book = book_of(tmp_path, {"log": DECLINED[name]})
    [(_, begun, until, end)] = who(book, "10.1.1.5")
    assert (begun, until[:16], end) == (f"{DAY} 10:00:00", f"{DAY} 10:05", "said")


def test_a_conversation_that_ends_with_a_refusal_is_no_lease(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"d.log": ZEEK % "" + ZEEK.replace(".5", ".6") % ',"DECLINE"'})
    assert [len(who(book, address)) for address in ("10.1.1.5", "10.1.1.6")] == [1, 0]


def test_a_release_of_kea_says_no_time(tmp_path: Path) -> None:
    rows = "10.1.1.5,00:11:22:33:44:55,,43200,1630965600,1,0,0,,0\n"
    rows += "10.1.1.5,00:11:22:33:44:55,,0,1630922400,1,0,0,,0\n"
    later = "10.1.1.5,00:11:22:33:44:66,,3600,1630933200,1,0,0,,0\n"
    held = (f"{DAY} 10:00:00", f"{DAY} 22:00:00", "assumed")
    [(_, *found)] = who(book_of(tmp_path / "a", {"kea.csv": KEA + rows}), "10.1.1.5")
    assert tuple(found) == held
    first, _ = who(book_of(tmp_path / "b", {"kea.csv": KEA + rows + later}), "10.1.1.5")
    assert first[2:] == (f"{DAY} 12:00:00", "next")


def test_zones_in_the_head_of_a_line(tmp_path: Path) -> None:
    text = "%ASA-6-305011: Built dynamic TCP translation from in:10.1.1.1/5000 to out:203.0.113.1/"
    lines = [
        f"Sep  6 2021 10:00:00 UTC: {text}1\n",
        f"Sep  6 2021 10:00:00 CST: {text}2\n",
        f"2021-09-06T10:00:00+09 fw1 {text}3\n",
        f"Sep  6 2021 10:00:00 FW: {text}4\n",
    ]
    book = book_of(tmp_path, {"a.log": "".join(lines)}, "Asia/Shanghai")
    found = [(line.split(" by ")[-1].split(" | ")[0], line) for line in lines_of(book)]
    assert [name if " by " in line else None for name, line in found] == [None, None, "fw1", "FW"]
    assert [line.split(" | ")[1][11:16] for _, line in found] == [
        "10:00",
        "02:00",
        "01:00",
        "02:00",
    ]


def test_the_head_of_a_line_of_h3c_in_its_own_buffer(tmp_path: Path) -> None:
    text = "%Sep  6 10:00:00:123 2021 FW1 NAT/6/NAT_FLOW: Protocol(1001)=TCP;"
    text += "SrcIPAddr(1003)=10.1.1.1;SrcPort(1004)=5;NatSrcIPAddr(1005)=203.0.113.1;"
    text += "NatSrcPort(1006)=6;DstIPAddr(1007)=192.0.2.9;DstPort(1008)=443;"
    text += "BeginTime_e(1013)=09062021100000;EndTime_e(1014)=;Event(1048)=(8)Session created;\n"
    book = book_of(tmp_path, {"fw.log": text})
    assert [row[:2] for row in outside(book, "203.0.113.1")] == [("10.1.1.1:5", f"{DAY} 10:00:00")]


def test_logs_of_two_devices_stay_apart(tmp_path: Path) -> None:
    line = "2021-09-06T1{}:00:00+00:00 INFO x: DHCPACK on 10.1.1.5 to 00:11:22:33:44:5{} via eth0\n"
    first, second = line.format(0, 1), line.format(1, 2)
    apart = book_of(tmp_path / "a", {"10.9.0.1": first, "10.9.0.2": second})
    assert [row[3] for row in who(apart, "10.1.1.5")] == ["assumed", "assumed"]
    one = book_of(tmp_path / "b", {"dhcp-20210906.log": first, "dhcp-20210907.log": second})
    assert [row[3] for row in who(one, "10.1.1.5")] == ["next", "assumed"]


def test_ports_that_lead_to_other_switches(tmp_path: Path) -> None:
    row = "*  100     0050.56aa.000{}   dynamic  0         F      F    {}\n"
    text = "# 2021-09-06 10:00:00\nN9K# show mac address-table\n" + "".join(
        row.format(n, port)
        for n, port in enumerate(("Eth1/1", "vPC Peer-Link", "nve1(10.1.1.1)", "Eth1/2"))
    )
    book = book_of(tmp_path, {"nexus": text})
    assert [" uplink" in line for line in lines_of(book)] == [False, True, True, False]


@pytest.mark.parametrize(("written", "begun"), [("10:00", "10:00"), ("21:30", "21:00")])
def test_a_lease_of_dnsmasq_holds_when_its_file_is_written(
    tmp_path: Path, written: str, begun: str
) -> None:
    path = tmp_path / "dnsmasq.leases"
    path.write_text("1630965600 00:11:22:33:44:55 10.1.1.5 pc *\n")
    at = ns(f"{DAY}T{written}:00")
    os.utime(path, ns=(at, at))
    [(_, first, until, end)] = who(book_of(tmp_path, {}), "10.1.1.5")
    assert (first[11:16], until[11:16], end) == (begun, "22:00", "expiry")
