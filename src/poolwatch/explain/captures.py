"""Finding the capture an event speaks of among files and folders the user gave.

The path in an event is foreign: only its last part is used, and only to look it up.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from poolwatch.capture.inputs import find_inputs
from poolwatch.errors import CaptureError, UsageError
from poolwatch.explain.facts import Flow
from poolwatch.explain.frames import digest_of, stream_id_of
from poolwatch.settings import Limits


class Found(StrEnum):
    """What became of looking for a capture."""

    SAME = "same"  # its identity is that of the event
    UNPROVEN = "unproven"  # it has the name; the event does not say its identity
    CHANGED = "changed"  # a file of that name is not the one that was read
    MISSING = "missing"
    UNREADABLE = "unreadable"
    NOT_GIVEN = "not_given"  # the user gave no captures


@dataclass(frozen=True, slots=True)
class Located:
    """Where a capture is, or why not."""

    found: Found
    path: Path | None = None
    reason: str = ""


class Captures:
    """The captures a user gave: files by name, and folders that are walked."""

    def __init__(self, given: Sequence[Path], limits: Limits) -> None:
        self._limits = limits
        self._given = bool(given)
        self._files: list[Path] = []
        self._by_name: dict[str, list[Path]] = {}
        self._digests: dict[Path, str] = {}
        self._unreadable: dict[Path, str] = {}
        self._known: dict[tuple[str | None, str, str], Located] = {}
        self._files_known = 0
        self.left_out = 0
        for path in given:
            self._add(path)

    def find(self, flow: Flow) -> Located:
        """The capture of a flow."""
        key = (flow.capture_id, base_name(flow.capture), flow.sensor)
        if key not in self._known:
            self._known[key] = self._find(*key)
        return self._known[key]

    def _add(self, path: Path) -> None:
        if not path.exists():
            raise UsageError(f"--captures {path}: there is no such file or folder")
        for one in find_inputs([str(path)]):
            if one.skipped:
                continue
            if self._files_known >= self._limits.explain_files:
                self.left_out += 1
                continue
            self._files_known += 1
            file = Path(one.path)
            self._by_name.setdefault(file.name, []).append(file)
        if path.is_file():
            self._files.append(path)

    def _find(self, capture_id: str | None, name: str, sensor: str) -> Located:
        if not self._given:
            return Located(Found.NOT_GIVEN)
        named = self._by_name.get(name, [])
        if capture_id is None:
            return Located(Found.UNPROVEN, named[0]) if named else Located(Found.MISSING)
        for file in (*named, *self._files):
            if self._digest(file) == capture_id:
                return Located(Found.SAME, file)
        for file in self._files:  # it may have been read from a pipe
            if self._stream(file, sensor) == capture_id:
                return Located(Found.SAME, file)
        for file in named:
            if file in self._unreadable:
                return Located(Found.UNREADABLE, file, self._unreadable[file])
        return Located(Found.CHANGED, named[0]) if named else Located(Found.MISSING)

    def _digest(self, file: Path) -> str:
        """SHA-256 of a file, worked out once; empty where it cannot be read."""
        if file not in self._digests:
            self._digests[file] = self._trying(file, digest_of)
        return self._digests[file]

    def _stream(self, file: Path, sensor: str) -> str:
        return self._trying(file, lambda path, limits: stream_id_of(path, sensor, limits))

    def _trying(self, file: Path, identify: Callable[[Path, Limits], str]) -> str:
        try:
            return identify(file, self._limits)
        except CaptureError as error:
            self._unreadable[file] = str(error)
            return ""


def base_name(path: str) -> str:
    """The last part of a foreign path; empty where it is none."""
    name = os.path.basename(path.replace("\0", ""))
    return "" if name in (".", "..", "-") else name
