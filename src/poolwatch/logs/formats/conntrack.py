"""Linux, `conntrack -E -o timestamp[,id]`: sessions as they come and go.

The first tuple is as the inside sees it, the second as the answers come: their destination
is what the inside address went out as. `-o timestamp` is needed; a line without is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from poolwatch.layouts import LOG_TRANSLATION, LogAct
from poolwatch.logs import template as t
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import read_address, read_number, read_port, read_protocol
from poolwatch.logs.formats.base import each
from poolwatch.logs.said import (
    UNKNOWN,
    Line,
    ReadError,
    Reason,
    Said,
    Source,
    TranslationSaid,
)

if TYPE_CHECKING:
    from poolwatch.logs.bulk import Batch

_LINE = re.compile(r"(?:\[(\d{1,11}\.\d{1,9})\s*\])?\s*\[(NEW|UPDATE|DESTROY)\]\s+(.*)")
_ACTS = {"NEW": LogAct.BEGIN, "UPDATE": LogAct.ALIVE, "DESTROY": LogAct.END}


def looks_like(lines: list[str]) -> bool:
    """Whether a line is an event with a tuple."""
    return any(_LINE.match(line) and "src=" in line for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each line of a session that is translated is an entry."""
    return each(lines, line_reader(source))


def line_reader(source: Source) -> t.LineReader:
    """Reads one line."""

    def parse(number: int, line: str) -> Said | None:
        text = line.strip()
        if not text or text.startswith(("#", "conntrack v")):
            return None
        return _session(number, text, source)

    return parse


def _session(number: int, text: str, source: Source) -> TranslationSaid | None:
    found = _LINE.fullmatch(text)
    if found is None:
        raise ReadError(Reason.FORM, text[:80])
    if found[1] is None:
        raise ReadError(Reason.NO_TIME, text[:80])
    at = source.clock.epoch(found[1])
    sent, answered, rest = _tuples(found[3])
    inside, outside = read_address(sent["src"]), read_address(answered["dst"])
    inside_port, outside_port = _ports(sent, "sport"), _ports(answered, "dport")
    remote = read_address(answered["src"])
    if (inside, inside_port) == (outside, outside_port):
        # Not the sender is translated; perhaps where it sends to: a server behind us.
        inside, outside = read_address(answered["src"]), read_address(sent["dst"])
        inside_port, outside_port = _ports(answered, "sport"), _ports(sent, "dport")
        remote = read_address(sent["src"])
        if (inside, inside_port) == (outside, outside_port):
            return None
        remote_port = _ports(sent, "sport")
    else:
        remote_port = _ports(answered, "sport")
    act = _ACTS[found[2]]
    lasted = rest.get("delta-time")
    begun = at if act is LogAct.BEGIN else UNKNOWN
    if act is LogAct.END and lasted:
        begun = at - read_number(lasted, 1 << 32) * SECOND
    return TranslationSaid(
        number,
        act,
        read_protocol(found[3].split(None, 1)[0]),
        inside,
        inside_port,
        inside_port,
        outside,
        outside_port,
        outside_port,
        begun,
        UNKNOWN if act is LogAct.BEGIN else at,
        remote,
        remote_port,
    )


def _tuples(text: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """The tuple sent, the tuple answered, and what stands beside them."""
    sent: dict[str, str] = {}
    answered: dict[str, str] = {}
    rest: dict[str, str] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            continue
        if name in ("src", "dst", "sport", "dport", "type", "code", "id"):
            into = answered if "dst" in sent and (name == "src" or answered) else sent
            into.setdefault(name, value)
        else:
            rest[name] = value
    if not all("src" in ends and "dst" in ends for ends in (sent, answered)):
        raise ReadError(Reason.FORM, text[:80])
    return sent, answered, rest


def _ports(words: dict[str, str], name: str) -> int:
    """A port; of ICMP the id; of a protocol without either 0."""
    if name in words:
        return read_port(words[name])
    return read_port(words["id"]) if "type" in words and "id" in words else 0


_AT, _ACT, _PROTOCOL = 0, 1, 2
_SENT, _ANSWERED = 3, 7  # each: address, address, port, port


def _tuple(field: int) -> tuple[t.Step, ...]:
    return (
        t.ipv4(field),
        t.literal(" dst="),
        t.ipv4(field + 1),
        t.literal(" sport="),
        t.number(field + 2, 65535),
        t.literal(" dport="),
        t.number(field + 3, 65535),
        t.edge(" "),
    )


def _fill(batch: Batch, rows: Any) -> None:
    """As `_session` does: the side that differs is the one that is translated."""
    at = batch.utc(batch.field(_AT))
    source, target, sport, dport = (batch.field(_SENT + n) for n in range(4))
    back, mapped, back_port, mapped_port = (batch.field(_ANSWERED + n) for n in range(4))
    near = (source != mapped) | (sport != mapped_port)
    rows["inside"] = np.where(near, source, back)
    rows["inside_low"] = rows["inside_high"] = np.where(near, sport, back_port)
    rows["outside"] = np.where(near, mapped, target)
    rows["outside_low"] = rows["outside_high"] = np.where(near, mapped_port, dport)
    rows["remote"] = np.where(near, back, source)
    rows["remote_port"] = np.where(near, back_port, sport)
    rows["protocol"] = batch.field(_PROTOCOL)
    translated = near | (target != back) | (dport != back_port)
    rows["act"] = np.where(translated, batch.field(_ACT), LogAct.DEAD)
    begins = rows["act"] == LogAct.BEGIN
    rows["from_ns"] = np.where(begins, at, UNKNOWN)
    rows["until_ns"] = np.where(begins, UNKNOWN, at)
    rows["group"] = batch.groups()


FAST = t.Fast(
    templates=(
        (
            t.literal("["),
            t.epoch(_AT),
            t.literal("]"),
            t.blanks(),
            t.literal("["),
            t.choice(_ACT, {name: int(act) for name, act in _ACTS.items()}),
            t.literal("]"),
            t.blanks(),
            t.choice(_PROTOCOL, {"tcp ": 6, "udp ": 17}),
            t.plain(" src="),
            *_tuple(_SENT),
            t.plain(" src="),
            *_tuple(_ANSWERED),
            t.absent("delta-time="),
        ),
    ),
    rows=_fill,
    dtype=LOG_TRANSLATION,
)
