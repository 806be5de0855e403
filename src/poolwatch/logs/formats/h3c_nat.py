"""H3C, NAT sessions: `key(number)=value` (NAT/6/NAT_FLOW, SESSION_IPV4_FLOW) and the older
USERLOG/7/NAT.

The moment is that of the line's head; the times within, whose zone depends on settings, only
say how long the session lasted.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import read_address, read_port, read_protocol
from poolwatch.logs.formats.base import each
from poolwatch.logs.said import UNKNOWN, Line, ReadError, Reason, Said, Source, TranslationSaid
from poolwatch.logs.syslog import Entry, read_entry

_PAIR = re.compile(r"([A-Za-z]{2,24}(?:_e)?)\((\d{4})\)=([^;]*)")
_OLD = re.compile(
    r"USERLOG/\d/NAT: ?(\w{1,8}); ?([\d.]{7,15}):(\d{1,5})-+>([\d.]{7,15}):(\d{1,5}); ?"
    r"([\d.]{7,15}):(\d{1,5}); ?\[([\d/: ]{19})-([\d/: ]{19})\]; ?Operator (\d{1,3})"
)
_PLACE = re.compile(r"^%@\d{1,10}%")
_CREATED, _GOES_ON = ("8",), ("6",)
_NAT = ("NAT_FLOW", "SESSION_IPV4_FLOW", "NAT_IPV4_MATCH")


def looks_like(lines: list[str]) -> bool:
    """Whether a session is told with its numbered keys, or in the older form."""
    return any(
        ("(1003)=" in line and "SrcIPAddr" in line and "(1005)=" in line) or "USERLOG/7/NAT" in line
        for line in lines
    )


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Sessions that are translated; other messages are not its matter."""
    return each(lines, lambda number, text: _line(number, text, source))


def _line(number: int, text: str, source: Source) -> TranslationSaid | None:
    if "USERLOG/" in text and "/NAT:" in text:
        return _older(number, text, source)
    if "(1005)=" not in text and "(1009)=" not in text:
        return None
    entry = read_entry(text, source.clock)
    words = {found[2]: found[3].strip() for found in _PAIR.finditer(text)}
    try:
        near = (read_address(words["1003"]), read_port(words["1004"]))
        near_nat = (read_address(words["1005"]), read_port(words["1006"]))
        far = (read_address(words["1007"]), read_port(words["1008"]))
    except KeyError as error:
        raise ReadError(Reason.FORM, f"({error.args[0]})") from error
    far_nat = far
    if "1009" in words:
        far_nat = (read_address(words["1009"]), read_port(words.get("1010", "0")))
    event = words.get("1048", "").lstrip("(")[:1]
    lasted = _lasted(words.get("1013", ""), words.get("1014", ""), "%m%d%Y%H%M%S")
    protocol = read_protocol(words.get("1001", ""))
    ends = (near, near_nat, far, far_nat)
    return _session(number, entry, event, lasted, protocol, ends)


def _older(number: int, text: str, source: Source) -> TranslationSaid | None:
    entry = read_entry(_PLACE.sub("", text), source.clock)
    found = _OLD.search(text)
    if found is None:
        raise ReadError(Reason.FORM, text[:80])
    near = (read_address(found[2]), read_port(found[3]))
    near_nat = (read_address(found[4]), read_port(found[5]))
    far = (read_address(found[6]), read_port(found[7]))
    lasted = _lasted(found[8], found[9], "%Y/%m/%d %H:%M:%S")
    ends = (near, near_nat, far, far)
    return _session(number, entry, found[10], lasted, read_protocol(found[1]), ends)


_End = tuple[int, int]


def _session(
    number: int,
    entry: Entry,
    event: str,
    lasted: int | None,
    protocol: int | None,
    ends: tuple[_End, _End, _End, _End],
) -> TranslationSaid | None:
    near, near_nat, far, far_nat = ends
    inside, outside, remote = near, near_nat, far_nat
    if near == near_nat:
        inside, outside, remote = far_nat, far, near
    if inside == outside:
        return None
    act = LogAct.END
    if event in _CREATED:
        act = LogAct.BEGIN
    elif event in _GOES_ON:
        act = LogAct.ALIVE
    at = entry.at_ns
    said = TranslationSaid(
        number,
        act,
        protocol,
        inside[0],
        inside[1],
        inside[1],
        outside[0],
        outside[1],
        outside[1],
        at,
    )
    if act is not LogAct.BEGIN:
        said.from_ns, said.until_ns = UNKNOWN if lasted is None else at - lasted, at
    said.remote, said.remote_port = remote
    said.device = entry.host
    return said


def _lasted(begun: str, ended: str, form: str) -> int | None:
    """How long a session lasted, where both times are there."""
    if not begun or not ended or ended.startswith("0000"):
        return None
    try:
        first = datetime.datetime.strptime(begun, form)  # noqa: DTZ007 — only their distance counts
        last = datetime.datetime.strptime(ended, form)  # noqa: DTZ007
    except ValueError as error:
        raise ReadError(Reason.TIME, f"{begun} {ended}") from error
    return max(int((last - first).total_seconds()), 0) * SECOND
