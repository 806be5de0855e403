"""Whether the open file of a store is still the one at its path."""

from __future__ import annotations

from pathlib import Path


class Place:
    """A path, and which file was there when this was made. None: a store that is no file."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file = _identity(path)

    @property
    def holds(self) -> bool:
        """Whether that file is there still: neither moved away nor deleted nor replaced."""
        return self._file == _identity(self.path)


def _identity(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
