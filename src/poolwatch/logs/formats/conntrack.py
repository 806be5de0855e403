"""Linux, `conntrack -E -o timestamp[,id]`: sessions as they come and go.

The first tuple is as the inside sees it, the second as the answers come: their destination
is what the inside address went out as. `-o timestamp` is needed; a line without is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import read_address, read_number, read_port, read_protocol
from poolwatch.logs.said import (
    UNKNOWN,
    Line,
    ReadError,
    Reason,
    Said,
    Source,
    TranslationSaid,
    Unread,
)

_LINE = re.compile(r"(?:\[(\d{1,11}\.\d{1,9})\s*\])?\s*\[(NEW|UPDATE|DESTROY)\]\s+(.*)")
_ACTS = {"NEW": LogAct.BEGIN, "UPDATE": LogAct.ALIVE, "DESTROY": LogAct.END}


def looks_like(lines: list[str]) -> bool:
    """Whether a line is an event with a tuple."""
    return any(_LINE.match(line) and "src=" in line for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each line of a session that is translated is an entry."""
    for number, line in lines:
        text = line.strip()
        if not text or text.startswith(("#", "conntrack v")):
            continue
        try:
            said = _session(number, text, source)
        except ReadError as error:
            yield Unread(number, error.reason, error.text or text[:80])
            continue
        if said:
            yield said


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
    if "dst" not in sent or "dst" not in answered:
        raise ReadError(Reason.FORM, text[:80])
    return sent, answered, rest


def _ports(words: dict[str, str], name: str) -> int:
    """A port; of ICMP the id; of a protocol without either 0."""
    if name in words:
        return read_port(words[name])
    return read_port(words["id"]) if "type" in words and "id" in words else 0
