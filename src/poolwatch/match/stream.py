"""One candidate flow: its two directions put together and read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poolwatch.match.channel import Channel
from poolwatch.match.conversation import Conversation
from poolwatch.match.dialects.sv2noise import Lengths, may_begin
from poolwatch.match.headers import UNKNOWN, Header
from poolwatch.match.jsontext import parse_plain
from poolwatch.match.message import Piece, Segment, Tally
from poolwatch.match.reassembly import Reassembler
from poolwatch.match.traits import Traits
from poolwatch.match.wrappers import WRAPPERS, Unwrapper

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.settings import Limits
    from poolwatch.terms import Hit


_BRACE = ord("{")
_MASK = 0xFFFFFFFF  # of sequence numbers


class Stream:
    """Segments of one flow in, a conversation out.

    `expected`: where each side's payload starts, for the sides whose beginning was seen.
    """

    __slots__ = (
        "_begun",
        "_bytes",
        "_held",
        "_lengths",
        "_limits",
        "_next",
        "_unwrapper",
        "channels",
        "conversation",
        "reassemblers",
        "traits",
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
        self._lengths: Lengths | None = None  # it begins like what only lengths tell
        self._held: list[tuple[int, Piece]] = []  # what else it may be the beginning of
        self._begun = False  # some payload was read
        self._next = [-1, -1]  # by side: where the next line begins; -1: ask the reassembler
        self.channels = (Channel(0, limits, tally), Channel(1, limits, tally))
        self.conversation = Conversation(catalog, limits, tally)
        self.traits: tuple[Traits, Traits] | None = None  # once there is something of mining

    def feed(self, segment: Segment) -> None:
        """Read one segment."""
        self._bytes += len(segment.data)
        side = segment.side
        before = self._waiting(side)
        for piece in self.reassemblers[side].push(segment):
            self._read(side, piece)
        self.waiting_bytes += self._waiting(side) - before
        at_line = (
            self.channels[side].at_line
            and (self._unwrapper is None or self._unwrapper.over)
            and self._lengths is None
            and self.conversation.found
        )
        self._next[side] = self.reassemblers[side].calm_at if at_line else -1

    def read_again(self, side: int, ts_ns: int, seq: int, data: bytes) -> bool:
        """Read one whole segment the short way: a line of a form that was read in full before.

        False when it is anything else; then nothing was done.
        """
        size = len(data)
        if seq != self._next[side] or data[0] != _BRACE or data.find(b"\n") != size - 1:
            return False
        body = parse_plain(data, self._limits.json_depth)
        if body is None or not self.conversation.read_again(side, ts_ns, body):
            return False
        upto = self._next[side] = (seq + size) & _MASK
        self.reassemblers[side].pass_over(upto)
        self._bytes += size
        return True

    def wants_header(self, side: int, ts_ns: int) -> bool:
        """A payload of a side was read; whether the headers before it are wanted as a sample."""
        if self.traits is None:
            if not self.conversation.found:
                return False
            most = self._limits.flow_samples
            self.traits = (Traits(most), Traits(most))
        own = self.traits[side]  # in line: it comes with every message
        if ts_ns > own.last_ns:
            own.last_ns = ts_ns
        return ts_ns >= own.due_ns

    def sample(self, side: int, ts_ns: int, header: Header | None) -> None:
        """Take the headers that were wanted; None: they could not be read."""
        assert self.traits is not None, "nobody wanted them"
        own = self.traits[side]
        own.take(ts_ns, header or UNKNOWN)
        if self.conversation.is_pool(side):  # whose machine is of no interest, if it is one at all
            own.rest()

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
        if self._lengths is not None:
            return False  # it is something, or nothing after a few hundred bytes
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
        if self._lengths is not None and not self._lengths.certain:
            self._let_go()
        if self._unwrapper is not None:
            for side, piece in self._unwrapper.finish():
                self._read_inside(side, piece)
        for side in (0, 1):
            for message in self.channels[side].finish():
                self.conversation.read(message)
        self._fill(hit)

    def peek(self, hit: Hit) -> None:
        """Write what was read so far into `hit`; the stream goes on as if nobody had asked."""
        self._fill(hit)
        work = hit.work
        hit.shares = replace(hit.shares)
        hit.work = replace(
            work,
            hashes=replace(work.hashes),
            numbers=replace(work.numbers),
            days={key: day.copy() for key, day in work.days.items()},
        )

    def use(self, catalog: Catalog) -> None:
        """Read what comes from now on by another catalogue."""
        self.conversation.use(catalog)

    def _fill(self, hit: Hit) -> None:
        """Write into `hit` what was read."""
        unwrapper = self._unwrapper
        if unwrapper is not None and unwrapper.refused:
            return  # whatever was said, it reached nobody
        if unwrapper is not None and unwrapper.wrapped:
            hit.encrypted |= unwrapper.dark
            hit.payload = (unwrapper.inside[0], unwrapper.inside[1])
        self.conversation.fill(hit)
        hit.encrypted |= self._lengths is not None and self._lengths.certain
        miner = hit.miner_side or 0
        if self.traits is not None:
            hit.traits = (self.traits[0].seen(), self.traits[1].seen())
        prose = [channel.prose > 0 for channel in self.channels]
        hit.prose = (prose[miner], prose[1 - miner])

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        for part in (*self.reassemblers, *self.channels, self.conversation):
            part.shift(packets)
        if self._unwrapper is not None:
            self._unwrapper.shift(packets)
        if self._lengths is not None:
            self._lengths.shift(packets)
        self._held = [
            (side, piece._replace(packet=piece.packet + packets)) for side, piece in self._held
        ]

    def count_in(self, tally: Tally) -> None:
        """Count in another tally from now on."""
        for part in (*self.reassemblers, *self.channels, self.conversation):
            part.count_in(tally)

    def _read(self, side: int, piece: Piece) -> None:
        """Read one piece of a side, in order."""
        if not self._begun and piece.data:
            self._begun = True
            if not piece.gap and may_begin(piece.data):
                self._lengths = Lengths(side)
            if not piece.gap and piece.data[0] in WRAPPERS:
                self._unwrapper = Unwrapper()
        if self._lengths is not None:
            self._read_lengths(self._lengths, side, piece)
        else:
            self._read_wrapped(side, piece)

    def _read_wrapped(self, side: int, piece: Piece) -> None:
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

    def _read_lengths(self, lengths: Lengths, side: int, piece: Piece) -> None:
        """Read on by lengths alone, until they are those of something else."""
        if not lengths.certain:
            self._held.append((side, piece))
        for message in lengths.feed(side, piece):
            self.conversation.read(message)
        if lengths.certain:
            self._held = []
        elif lengths.failed:
            self._let_go()

    def _let_go(self) -> None:
        """What was held for its lengths is read as anything else."""
        held, self._held, self._lengths = self._held, [], None
        for side, piece in held:
            self._read_wrapped(side, piece)

    def _read_inside(self, side: int, piece: Piece) -> None:
        channel = self.channels[side]
        for message in channel.feed(piece):
            self.conversation.read(message)
            if self.hopeless:
                return
        if channel.is_socket:
            self.channels[1 - side].asked = True
        if self.conversation.packs:
            self.channels[0].unpacks = self.channels[1].unpacks = True
