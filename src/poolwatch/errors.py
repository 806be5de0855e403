"""One base error; each error can say what to do about it."""

from __future__ import annotations


class PoolwatchError(Exception):
    """Something poolwatch refuses or could not do, said in plain words."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self._advice = advice

    def advice(self) -> str:
        """What the user can do about it; empty when there is nothing to add."""
        return self._advice


class PoolwatchWarning(UserWarning):
    """Something that was not read, while the rest was: the answer stands, but for that."""


class UsageError(PoolwatchError):
    """A command line or a configuration that cannot be carried out (exit status 2)."""


class CatalogError(PoolwatchError):
    """A row of the catalogue that cannot be used; the message begins with `file:line`."""


class UnitsError(PoolwatchError):
    """A unit table or asset register that cannot be used: not readable, no header understood."""


class CaptureError(PoolwatchError):
    """An input that cannot be read at all, with the byte offset at which that showed."""

    def __init__(self, message: str, offset: int = 0, advice: str = "") -> None:
        super().__init__(message, advice)
        self.offset = offset


class StoreError(PoolwatchError):
    """A store that cannot be used as it is; trying again does not help."""


class StoreDownError(StoreError):
    """A store that does not answer, is locked, or has no room: later it may."""


class StoreRowError(StoreError):
    """A row that a store does not take as it is."""
