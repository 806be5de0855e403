"""What a flow has said often enough to be read the short way.

Most of a mining session are three messages over and over: a job, a share, its accept. Which
needle fits one of them is asked of all needles the first times, and of all again every now
and then; in between it is enough that it has the same members, and as many parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poolwatch.match.dialects.base import Dialect, Event

if TYPE_CHECKING:
    from poolwatch.catalog import Needle

_ENOUGH = 2  # messages in a row that were read in full and said the same of their form
_OF_SHARES = frozenset(("login", "worker", "job", "nonce"))  # facts that accounting takes
_TRUSTED = 256  # messages of a form read the short way, then one is read in full again


class Form:
    """A method with some members and some number of parameters, and how it was read.

    `body` is the message it was learned from; `event` all that the message did.
    """

    __slots__ = (
        "_seen",
        "act",
        "left",
        "members",
        "method",
        "needle",
        "plain",
        "said",
        "size",
        "spoken",
    )

    def __init__(
        self, needle: Needle, method: str, dialect: Dialect, event: Event, body: dict[str, Any]
    ) -> None:
        self.needle = needle
        self.method = method  # lower case
        self.said = dialect.said
        self.act = event.act
        self.plain = event.facts.keys() <= _OF_SHARES  # it says nothing else
        self.spoken = needle.dialect
        self.members = body.keys()
        self.size = size_of(body.get("params"))
        self.left = 0  # messages that may be read the short way
        self._seen = 1

    def is_like(self, other: Form) -> bool:
        """Whether another message was read the same way."""
        return (self.needle, self.said, self.act, self.size, self.plain, self.members) == (
            other.needle,
            other.said,
            other.act,
            other.size,
            other.plain,
            other.members,
        )

    def confirm(self) -> None:
        """One more message was read in full, and said the same."""
        self._seen += 1
        if self._seen > _ENOUGH:
            self.left = _TRUSTED


def size_of(params: Any) -> int:
    """How many parameters there are; what they are, those who read them look at anyway."""
    return len(params) if isinstance(params, list | dict) else -1
