"""FortiGate traffic logs: `key=value`, one line a session when it closes, with its duration.

Logs of a session's start, and of long sessions that go on, are joined by the session's number.
Events 22015 and 22016 tell of blocks of ports (FortiOS Log Message Reference).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND, Clock
from poolwatch.logs.fields import clean, read_address, read_number, read_port, read_protocol
from poolwatch.logs.formats.base import each, pairs
from poolwatch.logs.said import UNKNOWN, Line, ReadError, Reason, Said, Source, TranslationSaid

_UNITS = {10: SECOND, 13: 1_000_000, 16: 1000, 19: 1}  # ns of a unit, by digits of eventtime

_BLOCKS = {"22015": LogAct.BEGIN, "22016": LogAct.END}


def looks_like(lines: list[str]) -> bool:
    """Whether a line says that it is of traffic, with addresses."""
    return any(
        (("type=traffic" in line or 'type="traffic"' in line) and " srcip=" in line)
        or (" logid=" in line and " saddr=" in line and " portbegin=" in line)
        for line in lines
    )


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Sessions that are translated; others, and events, are not its matter."""
    return each(lines, lambda number, text: _line(number, text, source))


def _line(number: int, text: str, source: Source) -> TranslationSaid | None:
    if "logid=" in text and "portbegin=" in text:
        return _block(number, pairs(text), source)
    if "transip=" not in text and "tranip=" not in text:
        return None
    words = pairs(text)
    shift = words.get("trandisp", "snat")
    if shift == "noop" or "srcip" not in words:
        return None
    at = _moment(words, source.clock)
    action = words.get("action", "")
    act = LogAct.END
    if action == "start":
        act = LogAct.BEGIN
    elif action == "accept" and words.get("logid", "").endswith("000020"):
        act = LogAct.ALIVE
    lasted = words.get("duration")
    begun = at - read_number(lasted, 1 << 32) * SECOND if lasted else UNKNOWN
    said = _ends(number, act, words)
    if said is None:
        return None
    said.from_ns = at if act is LogAct.BEGIN else begun
    said.until_ns = UNKNOWN if act is LogAct.BEGIN else at
    said.device = clean(words.get("devname") or words.get("devid"))
    if words.get("sessionid"):
        said.session = f"{words.get('devid', said.device)}/{words['sessionid']}"
    return said


def _block(number: int, words: dict[str, str], source: Source) -> TranslationSaid | None:
    """A block of ports of an IP pool, given (22015) or taken back (22016)."""
    act = _BLOCKS.get(words.get("logid", "")[-5:])
    if act is None:
        return None
    low, high = _port(words, "portbegin"), _port(words, "portend")
    if high < low:
        raise ReadError(Reason.PORT, f"{low}-{high}")
    at = _moment(words, source.clock)
    inside, outside = _address(words, "saddr"), _address(words, "nat")
    said = TranslationSaid(number, act, None, inside, 0, 65535, outside, low, high, at)
    if act is LogAct.END:
        said.from_ns, said.until_ns = UNKNOWN, at
    said.device = clean(words.get("devname") or words.get("devid"))
    return said


def _ends(number: int, act: LogAct, words: dict[str, str]) -> TranslationSaid | None:
    protocol = read_protocol(words.get("proto", ""))
    source = (_address(words, "srcip"), _port(words, "srcport"))
    target = (_address(words, "dstip"), _port(words, "dstport"))
    if "transip" in words and words.get("trandisp") != "dnat":
        inside, outside, remote = (
            source,
            (_address(words, "transip"), _port(words, "transport")),
            target,
        )
    else:
        inside, outside, remote = (
            (_address(words, "tranip"), _port(words, "tranport")),
            target,
            source,
        )
    if inside == outside:
        return None
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
        0,
    )
    said.remote, said.remote_port = remote
    return said


def _address(words: dict[str, str], name: str) -> int:
    if name not in words:
        raise ReadError(Reason.FORM, name)
    return read_address(words[name])


def _port(words: dict[str, str], name: str) -> int:
    return read_port(words.get(name) or "0")


def _moment(words: dict[str, str], clock: Clock) -> int:
    """The device's own count of time, whose unit is told by its digits; else date and time."""
    said = words.get("eventtime", "")
    unit = _UNITS.get(len(said))
    if unit and said.isdecimal():
        seconds, ns = divmod(int(said) * unit, SECOND)
        return clock.utc(seconds, ns)
    zone = words.get("tz", "")
    return clock.iso(f"{words.get('date', '')} {words.get('time', '')}{zone}")
