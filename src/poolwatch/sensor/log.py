"""Lines for the operator: to standard error, with the level where the journal reads it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter

from poolwatch.messages import printable

ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6  # syslog's levels, as sd-daemon(3) wants them
_AGAIN_SECONDS = 60.0
_KINDS = 1000


class Log:
    """Says a thing once a minute at most, and then how often it was."""

    def __init__(self) -> None:
        self._journal = "JOURNAL_STREAM" in os.environ
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}
        self._kept: Counter[str] = Counter()

    def say(self, level: int, text: str) -> None:
        """One line, from any thread."""
        now = time.monotonic()
        with self._lock:
            if now - self._said.get(text, -_AGAIN_SECONDS) < _AGAIN_SECONDS:
                self._kept[text] += 1
                return
            if len(self._said) >= _KINDS:
                self._said.clear()
                self._kept.clear()
            self._said[text] = now
            again = self._kept.pop(text, 0)
        prefix = f"<{level}>" if self._journal else ""
        times = f" ({again} times more)" if again else ""
        line = f"{prefix}poolwatch: {printable(text)}{times}\n"
        try:
            sys.stderr.write(line)
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody reads; that must not stop the sensor
            return
