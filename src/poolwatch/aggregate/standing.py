"""What gives way first where there is room for so many only: the least sure, then the silent."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from poolwatch.terms import Grade

_Key = TypeVar("_Key")


class Standing(Generic[_Key]):
    """Keys by grade, and by when each was heard of last. No call takes longer for many keys."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        # Plain dicts search for their first key among those that went before.
        self._keys: tuple[OrderedDict[_Key, None], ...] = tuple(OrderedDict() for _ in Grade)

    def note(self, key: _Key, grade: Grade) -> None:
        """A key has this grade, and was heard of just now."""
        self.forget(key)
        self._keys[grade][key] = None

    def raise_to(self, key: _Key, grade: Grade) -> None:
        """A key was heard of just now, and has at least this grade."""
        known = self._of(key)
        self.note(key, grade if known is None else max(known, grade))

    def heard(self, key: _Key) -> None:
        """A key was heard of just now, if it is known."""
        known = self._of(key)
        if known is not None:
            self._keys[known].move_to_end(key)

    def forget(self, key: _Key) -> None:
        """A key is gone."""
        for keys in self._keys:
            keys.pop(key, None)

    def least(self) -> tuple[Grade, _Key] | None:
        """The one that goes first: of the lowest grade the longest silent."""
        for grade, keys in zip(Grade, self._keys, strict=True):
            if keys:
                return grade, next(iter(keys))
        return None

    def _of(self, key: _Key) -> Grade | None:
        return next((g for g, keys in zip(Grade, self._keys, strict=True) if key in keys), None)
