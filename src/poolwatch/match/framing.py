"""What the binary dialects have in common: bytes in, frames out, each shown as a message.

A frame becomes a message with a method and named parameters, so that the catalogue's needles
and the dialects read it as they read JSON. The bytes are told by lengths that agree with
each other and by fixed values, never by one magic number.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class Unlike(Exception):
    """These bytes are not the frame they should be."""


class Frame(NamedTuple):
    """One frame: its length, and what it says. `body` None: it belongs there, and says nothing."""

    length: int
    body: dict[str, Any] | None = None


class Framing(Protocol):
    """How the frames of one dialect are told and read. It keeps no state.

    `mixed`: lines of JSON may stand between the frames.
    """

    mixed: bool

    def opens(self, data: bytes) -> bool | None:
        """Whether a conversation begins so on either side; None: too few bytes to tell."""
        ...

    def read(self, data: bytes, final: bool) -> Frame | None:
        """The frame at the front; None when it is not complete. Raises Unlike.

        `final`: no more bytes will come.
        """
        ...


def call(method: str, **params: Any) -> dict[str, Any]:
    """A frame as a message."""
    return {"method": method, "params": params}


def text_of(data: bytes) -> str:
    """Text of a frame, whatever its bytes are."""
    return data.decode("utf-8", "replace")
