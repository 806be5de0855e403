"""Long runs: `make soak` sets POOLWATCH_SOAK, and what they measured is printed with its date."""

from __future__ import annotations

import datetime
import os
import sys

SOAK = bool(os.environ.get("POOLWATCH_SOAK"))


def say(text: str) -> None:
    """A dated line of what was measured."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    line = f"{now} {text}"
    print(line, file=sys.stderr)  # noqa: T201
    path = os.environ.get("POOLWATCH_SOAK_FILE")
    if path:
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(line + "\n")
