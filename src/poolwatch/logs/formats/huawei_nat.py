"""Huawei firewalls, SECLOG: SESSION_TEARDOWN (with both times) and SESSION_BUILT.

The times are seconds since 1970 whatever the zone of the line's head.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import read_address, read_port, read_protocol
from poolwatch.logs.formats.base import each, pairs
from poolwatch.logs.said import UNKNOWN, Line, ReadError, Reason, Said, Source, TranslationSaid
from poolwatch.logs.syslog import read_entry

_MARKS = ("SESSION_TEARDOWN", "SESSION_BUILT")


def looks_like(lines: list[str]) -> bool:
    """Whether a session is built or torn down, in the form with key and value."""
    return any(mark in line and "SourceIP=" in line for line in lines for mark in _MARKS)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Sessions that are translated; others are not its matter."""
    return each(lines, lambda number, text: _line(number, text, source))


def _line(number: int, text: str, source: Source) -> TranslationSaid | None:
    mark = next((mark for mark in _MARKS if mark in text), None)
    if mark is None or "NatIP=" not in text:
        return None
    words = pairs(text[text.index(mark) :].rstrip("."))
    try:
        near = (read_address(words["SourceIP"]), read_port(words["SourcePort"]))
        far = (read_address(words["DestinationIP"]), read_port(words["DestinationPort"]))
        near_nat = _mapped(words, "Source") or near
        far_nat = _mapped(words, "Destination") or far
        begun = source.clock.epoch(words["BeginTime"])
        ended = source.clock.epoch(words["EndTime"]) if "EndTime" in words else UNKNOWN
        protocol = read_protocol(words["Protocol"])
    except KeyError as error:
        raise ReadError(Reason.FORM, str(error.args[0])) from error
    if ended != UNKNOWN and ended < begun:
        raise ReadError(Reason.ENDS_FIRST, words["EndTime"])
    inside, outside, remote = near, near_nat, far_nat
    if near == near_nat:
        inside, outside, remote = far_nat, far, near
    if inside == outside:
        return None
    act = LogAct.END if mark == _MARKS[0] else LogAct.BEGIN
    said = TranslationSaid(number, act, protocol, *_range(inside), *_range(outside), from_ns=begun)
    said.until_ns = ended
    said.remote, said.remote_port = remote
    said.device = _host(text, source)
    return said


def _range(end: tuple[int, int]) -> tuple[int, int, int]:
    return end[0], end[1], end[1]


def _mapped(words: dict[str, str], side: str) -> tuple[int, int] | None:
    address = words.get(f"{side}NatIP")
    if not address or address == "0.0.0.0":  # noqa: S104 — how it writes that there is none
        return None
    return read_address(address), read_port(words.get(f"{side}NatPort", "0"))


def _host(text: str, source: Source) -> str | None:
    try:
        return read_entry(text, source.clock).host
    except ReadError:
        return None  # a head without a time; the times that count stand behind it
