"""Zeek's dhcp.log: conversations of clients with DHCP servers, as seen on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import clean, mac_or_none, read_address
from poolwatch.logs.formats import zeek
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, ReadError, Reason, Said, Source

_NAMES = frozenset(("msg_types", "mac"))


def looks_like(lines: list[str]) -> bool:
    """Whether it is Zeek's log of DHCP."""
    return zeek.looks_like(lines, "dhcp", _NAMES)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Conversations in which a server acknowledged, or a client released."""
    return zeek.read_rows(lines, lambda number, row: _row(number, row, source))


def _row(number: int, row: zeek.Row, source: Source) -> BindingSaid | None:
    messages = row.get("msg_types", "").upper().split(",")
    at = zeek.moment(row, source.clock)
    mac = mac_or_none(row.get("mac"))
    name = clean(row.get("host_name") or row.get("client_fqdn"))
    server = row.get("server_addr")
    if "RELEASE" in messages and "client_addr" in row:
        address = read_address(row["client_addr"])
        return BindingSaid(
            number, Kind.LEASE, LogAct.END, address, UNKNOWN, at, mac, name, device=server
        )
    if "ACK" not in messages or "assigned_addr" not in row:
        return None
    if "DECLINE" in messages[messages.index("ACK") :]:
        return None  # the client found somebody else at the address
    until = at + _lease(row["lease_time"]) if "lease_time" in row else UNKNOWN
    address = read_address(row["assigned_addr"])
    return BindingSaid(
        number, Kind.LEASE, LogAct.GRANT, address, at, until, mac, name, device=server
    )


def _lease(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError as error:
        raise ReadError(Reason.NUMBER, text) from error
    if not 0 <= seconds <= 1 << 32:
        raise ReadError(Reason.NUMBER, text)
    return int(seconds) * SECOND
