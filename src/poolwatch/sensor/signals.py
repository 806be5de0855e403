"""Signals are waited for, not handled: they come between two rounds of the main thread."""

from __future__ import annotations

import queue
import signal

WATCHED = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
_came: queue.SimpleQueue[int] = queue.SimpleQueue()
_waits = hasattr(signal, "sigtimedwait")  # not everywhere


def hold() -> None:
    """From now on they wait. Before the first thread starts: threads begin with what is held."""
    if _waits:
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        return
    for number in WATCHED:
        signal.signal(number, lambda number, _: _came.put(number))


def wait(seconds: float) -> int:
    """The next one within that time, 0: none."""
    if _waits:
        got = signal.sigtimedwait(WATCHED, seconds)
        return got.si_signo if got else 0
    try:
        return _came.get(timeout=seconds)
    except queue.Empty:
        return 0
