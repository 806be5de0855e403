"""What the faces of a chain share: moments and spans in words, and what is masked.

Accounts and the owners of equipment name persons; unless wanted they are masked wherever they
stand, in quoted lines too.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Iterable

from poolwatch.chain.hops import Hop, Missing, Step, Trace
from poolwatch.messages import Messages
from poolwatch.outputs.masking import mask

_SECOND = 1_000_000_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_LONGEST = 200
_SHORT = 4  # shorter names are looked for as whole words: they would be found everywhere


class Masker:
    """Hides the accounts and owners that chains name, unless they are to be shown."""

    def __init__(self, traces: Iterable[Trace], *, reveal: bool) -> None:
        names = set() if reveal else {name for trace in traces for name in _names(trace)}
        self._names = sorted(names, key=len, reverse=True)
        self._known = frozenset(names)
        self.hides = bool(names)

    def text(self, text: str) -> str:
        """A text with every such name in it masked."""
        if text in self._known:
            return mask(text)
        for name in self._names:
            if len(name) >= _SHORT:
                text = text.replace(name, mask(name))
            elif name in text:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda m: mask(m[0]), text)
        return text

    def value(self, hop: Hop) -> str:
        """What a hop leads to."""
        return self.text(hop.value) if hop.step is Step.ACCOUNT else hop.value

    def quote(self, quote: str) -> str:
        """A line of a log, as it is shown: bounded, with names masked."""
        text = self.text(quote.strip())
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _names(trace: Trace) -> Iterable[str]:
    for hop in trace.root.walk():
        if hop.step is Step.ACCOUNT:
            yield hop.value
        if hop.details.get("owner"):
            yield hop.details["owner"]
        for broken in hop.breaks:
            if broken.missing is Missing.LOGIN:
                yield from (hint.value for hint in broken.hints if hint.value)


def moment(ns: int, zone: str) -> str:
    """A moment in a zone, to the second; the calendar's ends for what lies beyond them."""
    try:
        utc = _EPOCH + datetime.timedelta(seconds=ns // _SECOND)
        local = utc.astimezone(zoneinfo.ZoneInfo(zone))
    except OverflowError:
        return "…"
    return f"{local:%Y-%m-%d %H:%M:%S}"


def minutes(first_ns: int, last_ns: int, zone: str, messages: Messages) -> str:
    """Minutes to ask for, the day said once if it is one."""
    first, last = moment(first_ns, zone)[:-3], moment(last_ns, zone)[:-3]
    if first[:10] == last[:10]:
        last = last[11:]
    return messages.say("chain.minutes", first=first, last=f"{last} {zone}")


def distance(ns: int, messages: Messages) -> str:
    """How long before or after, in words."""
    seconds = abs(ns) / _SECOND
    if seconds < 120:
        span = messages.say("span.seconds", number=f"{seconds:.0f}")
    else:
        span = messages.say("span.minutes", number=f"{seconds / 60:.1f}")
    return messages.say("chain.before" if ns <= 0 else "chain.after", span=span)
