"""Threads that show that they move, for whoever watches over them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Beating(threading.Thread):
    """A daemon thread whose target calls `move` at every turn, also when it has nothing to do.

    `beat` is when it moved last, by the monotonic clock; `patience` how many seconds one turn may
    take beyond what is usual: a receiver that does not answer is no reason to call it stuck.
    """

    def __init__(self, target: Callable[[], None], name: str, patience: float = 0.0) -> None:
        super().__init__(target=target, name=name, daemon=True)
        self.patience = patience
        self.beat = time.monotonic()

    def move(self) -> None:
        """It moves."""
        self.beat = time.monotonic()


def unforeseen(error: Exception) -> str:
    """An error that nobody foresaw, in a line: its kind, what it says, and where it was raised."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    text = " ".join(str(error).split())[:200]
    return f"unforeseen {type(error).__name__}{f': {text}' if text else ''} (in {place})"
