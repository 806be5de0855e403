"""What was last told of each host, across restarts: one small file, replaced whole."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from poolwatch.sensor.tell import HostState

_MOST_BYTES = 1 << 28


class ToldFile:
    """The states of a teller in `told.json`. A file that cannot be read counts as none."""

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self._states: dict[str, HostState] = {}

    def read(self) -> dict[str, HostState]:
        """The states of before the restart."""
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if self._path.stat().st_size <= _MOST_BYTES:
                data = self._path.read_bytes()
                self._states = msgspec.json.decode(data, type=dict[str, HostState])
        return dict(self._states)

    def write(self, changed: dict[str, HostState]) -> bool:
        """Take over what changed; False where the disk does not take it."""
        if not changed:
            return True
        for host, state in changed.items():
            self._states.pop(host, None)
            self._states[host] = state
        while len(self._states) > self._most:
            del self._states[next(iter(self._states))]
        part = self._path.with_suffix(".part")
        try:
            number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(msgspec.json.encode(self._states))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError:
            return False
        return True
