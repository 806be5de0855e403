"""One candidate flow: its two directions put together and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolwatch.match.channel import Channel
from poolwatch.match.conversation import Conversation
from poolwatch.match.message import Piece, Segment, Tally
from poolwatch.match.reassembly import Reassembler
from poolwatch.match.wrappers import WRAPPERS, Unwrapper

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.settings import Limits
    from poolwatch.terms import Hit


class Stream:
    """Segments of one flow in, a conversation out.

    `expected`: where each side's payload starts, for the sides whose beginning was seen.
    """

    __slots__ = (
        "_begun",
        "_bytes",
        "_limits",
        "_unwrapper",
        "channels",
        "conversation",
        "reassemblers",
        "waiting_bytes",
    )

    def __init__(
        self,
        catalog: Catalog,
        limits: Limits,
        tally: Tally,
        expected: tuple[int | None, int | None],
    ) -> None:
        self._limits = limits
        self._bytes = 0
        self.waiting_bytes = 0  # kept until a hole is filled or a message complete
        self.reassemblers = (
            Reassembler(limits, tally, expected[0]),
            Reassembler(limits, tally, expected[1]),
        )
        self._unwrapper: Unwrapper | None = None
        self._begun = False  # some payload was read
        self.channels = (Channel(0, limits, tally), Channel(1, limits, tally))
        self.conversation = Conversation(catalog, limits, tally)

    def feed(self, segment: Segment) -> None:
        """Read one segment."""
        self._bytes += len(segment.data)
        side = segment.side
        before = self._waiting(side)
        for piece in self.reassemblers[side].push(segment):
            self._read(side, piece)
        self.waiting_bytes += self._waiting(side) - before

    def _waiting(self, side: int) -> int:
        return (
            self.reassemblers[side].waiting_bytes
            + (self._unwrapper.waiting_bytes if self._unwrapper else 0)
            + self.channels[side].waiting_bytes
        )

    @property
    def hopeless(self) -> bool:
        """Read for long enough, and nothing of mining in it; or a proxy said no, or it is dark."""
        conversation = self.conversation
        if conversation.promising:
            return False
        unwrapper = self._unwrapper
        if unwrapper is not None and (unwrapper.ended or unwrapper.dark):
            return True
        limits = self._limits
        calls = conversation.calls
        patience = limits.patience_calls if calls else limits.patience_messages
        room = limits.patience_bytes * (16 if calls else 1)
        return (
            conversation.misses >= patience
            or self._bytes >= room
            or (
                conversation.misses == 0
                and self.channels[0].junk + self.channels[1].junk >= limits.patience_junk
            )
        )

    def finish(self, hit: Hit) -> None:
        """Read what still waits and write the findings into `hit`."""
        for side in (0, 1):
            for piece in self.reassemblers[side].finish():
                self._read(side, piece)
        unwrapper = self._unwrapper
        if unwrapper is not None:
            for side, piece in unwrapper.finish():
                self._read_inside(side, piece)
        for side in (0, 1):
            for message in self.channels[side].finish():
                self.conversation.read(message)
        if unwrapper is not None and unwrapper.refused:
            return  # whatever was said, it reached nobody
        if unwrapper is not None and unwrapper.wrapped:
            hit.encrypted |= unwrapper.dark
            hit.payload = (unwrapper.inside[0], unwrapper.inside[1])
        self.conversation.fill(hit)
        miner = hit.miner_side or 0
        prose = [channel.prose > 0 for channel in self.channels]
        hit.prose = (prose[miner], prose[1 - miner])

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        for part in (*self.reassemblers, *self.channels, self.conversation):
            part.shift(packets)
        if self._unwrapper is not None:
            self._unwrapper.shift(packets)

    def count_in(self, tally: Tally) -> None:
        """Count in another tally from now on."""
        for part in (*self.reassemblers, *self.channels, self.conversation):
            part.count_in(tally)

    def _read(self, side: int, piece: Piece) -> None:
        if not self._begun and piece.data:
            self._begun = True
            if not piece.gap and piece.data[0] in WRAPPERS:
                self._unwrapper = Unwrapper()
        unwrapper = self._unwrapper
        if unwrapper is None or unwrapper.over:
            self._read_inside(side, piece)
            return
        pieces = unwrapper.feed(side, piece)
        while unwrapper.asked:
            tunnel, message = unwrapper.asked.pop(0)
            self.conversation.enter(tunnel, message)
        for inside in pieces:
            self._read_inside(side, inside)

    def _read_inside(self, side: int, piece: Piece) -> None:
        for message in self.channels[side].feed(piece):
            self.conversation.read(message)
            if self.hopeless:
                return
