"""Times as events have them."""

from __future__ import annotations

import datetime


def timestamp(ns: int) -> str:
    """ISO 8601 with microseconds and a numeric zone, as EVE has it."""
    seconds, rest = divmod(ns, 1_000_000_000)
    base = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    try:
        moment = base + datetime.timedelta(seconds=seconds)
    except OverflowError:
        moment = base
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}+0000"


def known_time(ns: int) -> str | None:
    """The time of an event; none where the capture has no clock."""
    return timestamp(ns) if ns else None
