"""Writes the log files of a scenario, in the forms that servers, switches and translators write.

A log of a recipe is `file`, `format`, `rows`, and perhaps `device`, `zone` (hours east of UTC
in which it writes times) and `ahead` (seconds its clock is fast). Times of rows are seconds
after the beginning of the scenario; the columns stand above each writer.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

Row = list[Any]
Moment = Callable[[float], datetime.datetime]


def write(folder: Path, logs: list[dict[str, Any]], day: datetime.datetime) -> None:
    """Write every log of a recipe below `folder`."""
    for log in logs:
        path = folder / log["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = _WRITERS[log["format"]](log, _clock(log, day))
        path.write_text("".join(line + "\n" for line in lines), "utf-8")


def _clock(log: dict[str, Any], day: datetime.datetime) -> Moment:
    zone = datetime.timezone(datetime.timedelta(hours=log.get("zone", 0)))

    def moment(seconds: float) -> datetime.datetime:
        ahead = datetime.timedelta(seconds=seconds + log.get("ahead", 0))
        return (day + ahead).astimezone(zone)

    return moment


def _isc(log: dict[str, Any], moment: Moment) -> Iterator[str]:
    """address, mac, host name, from, until, `active` or `free`."""
    yield "# The format of this file is documented in the dhcpd.leases(5) manual page."
    yield "authoring-byte-order little-endian;"
    yield ""
    for address, mac, host_name, first, last, state in log["rows"]:
        starts, ends = (f"{moment(s):%w %Y/%m/%d %H:%M:%S}" for s in (first, last))
        yield f"lease {address} {{"
        yield f"  starts {starts};"
        yield f"  ends {ends};"
        yield f"  cltt {starts};"
        yield f"  binding state {state};"
        yield "  next binding state free;"
        yield f"  hardware ethernet {mac};"
        yield f'  client-hostname "{host_name}";'
        yield "}"


def _kea(log: dict[str, Any], moment: Moment) -> Iterator[str]:
    """address, mac, host name, from, until."""
    yield (
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,"
        "state,user_context,pool_id"
    )
    for address, mac, host_name, first, last in log["rows"]:
        expire = int(moment(last).timestamp())
        client = f"01:{mac}"
        yield f"{address},{mac},{client},{last - first},{expire},1,0,0,{host_name},0,,0"


def _radius(log: dict[str, Any], moment: Moment) -> Iterator[str]:
    """user, address, mac or nothing, port, from, until (below 0: no Stop came)."""
    entries: list[tuple[float, str, int, Row]] = []
    for number, row in enumerate(log["rows"], 1):
        entries.append((row[4], "Start", number, row))
        if row[5] >= 0:
            entries.append((row[5], "Stop", number, row))
    for at, status, number, (user, address, mac, port, first, _) in sorted(entries):
        when = moment(at)
        yield f"{when:%a %b %e %H:%M:%S %Y}"
        yield f'\tAcct-Session-Id = "{log["device"]}-{number:08x}"'
        yield f"\tAcct-Status-Type = {status}"
        yield f'\tUser-Name = "{user}"'
        yield f"\tFramed-IP-Address = {address}"
        if mac:
            yield f'\tCalling-Station-Id = "{mac.upper().replace(":", "-")}"'
        yield f"\tNAS-IP-Address = {log['nas']}"
        yield f'\tNAS-Port-Id = "{port}"'
        if status == "Stop":
            yield f"\tAcct-Session-Time = {int(at - first)}"
        yield f"\tTimestamp = {int(when.timestamp())}"
        yield ""


def _conntrack(log: dict[str, Any], moment: Moment) -> Iterator[str]:
    """inside, outside, remote (each `address:port`), from, until."""
    yield from _in_order(_tracked(row, moment) for row in log["rows"])


def _tracked(row: Row, moment: Moment) -> Iterator[tuple[float, str]]:
    inside, outside, remote = ([*end.rpartition(":")][::2] for end in row[:3])
    there = f"src={inside[0]} dst={remote[0]} sport={inside[1]} dport={remote[1]}"
    back = f"src={remote[0]} dst={outside[0]} sport={remote[1]} dport={outside[1]}"
    first, last = row[3], row[4]
    begun = f"[{moment(first).timestamp():.6f}]"
    ended = f"[{moment(last).timestamp():.6f}]"
    yield first, f"{begun}\t    [NEW] tcp      6 120 SYN_SENT {there} [UNREPLIED] {back}"
    yield last, f"{ended}\t[DESTROY] tcp      6 {there} {back} [ASSURED]"


def _asa(log: dict[str, Any], moment: Moment) -> Iterator[str]:
    """inside, outside, remote (each `address:port`), from, until.

    Of a block of ports: inside address, outside address, `low-high`, from, until.
    """
    device = log["device"]
    entries: list[Iterable[tuple[float, str]]] = []
    for number, row in enumerate(log["rows"], 1):
        entries.append(_block(row) if "-" in row[2] else _connection(row, 4000 + number))
    for at, text in sorted(entry for some in entries for entry in some):
        yield f"<166>{moment(at):%b %d %Y %H:%M:%S} {device} : {text}"


def _connection(row: Row, number: int) -> Iterator[tuple[float, str]]:
    inside, outside, remote = (end.replace(":", "/") for end in row[:3])
    first, last = row[3], row[4]
    lasted = datetime.timedelta(seconds=int(last - first))
    ends = f"for outside:{remote} ({remote}) to inside:{inside} ({outside})"
    yield first, f"%ASA-6-302013: Built outbound TCP connection {number} {ends}"
    ends = f"for outside:{remote} to inside:{inside} duration {lasted}"
    yield last, f"%ASA-6-302014: Teardown TCP connection {number} {ends} bytes 4096 TCP FINs"


def _block(row: Row) -> Iterator[tuple[float, str]]:
    inside, outside, ports, first, last = row
    for at, act in ((first, "Allocated"), (last, "Released")):
        code = 305014 if act == "Allocated" else 305015
        ends = f"inside:{inside} to outside:{outside}/{ports}"
        yield at, f"%ASA-6-{code}: {act} TCP block of ports for translation from {ends}"


def _cisco_table(log: dict[str, Any], moment: Moment) -> Iterator[str]:
    """mac, port, vlan; one dump at each of `at`."""
    device = log["device"]
    for at in log["at"]:
        yield f"{device}#show clock"
        when = moment(at)
        yield f"{when:%H:%M:%S}.000 {log['zone_name']} {when:%a %b} {when.day} {when.year}"
        yield f"{device}#show mac address-table"
        yield "          Mac Address Table"
        yield "-------------------------------------------"
        yield ""
        yield "Vlan    Mac Address       Type        Ports"
        yield "----    -----------       --------    -----"
        for mac, port, vlan in log["rows"]:
            plain = mac.replace(":", "")
            dotted = ".".join(plain[n : n + 4] for n in (0, 4, 8))
            yield f"{vlan:>4}    {dotted}    DYNAMIC     {port}"
        yield f"Total Mac Addresses for this criterion: {len(log['rows'])}"


def _in_order(entries: Iterable[Iterable[tuple[float, str]]]) -> Iterator[str]:
    yield from (text for _, text in sorted(entry for some in entries for entry in some))


_WRITERS: dict[str, Callable[[dict[str, Any], Moment], Iterator[str]]] = {
    "isc-dhcp": _isc,
    "kea-csv": _kea,
    "radius-detail": _radius,
    "conntrack": _conntrack,
    "cisco-asa": _asa,
    "cisco-table": _cisco_table,
}
