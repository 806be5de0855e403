"""Stratum V2 inside Noise (D08), and its older drafts (D09): told by lengths, never read.

The handshake takes turns and has lengths that nothing else has: a key of 64 bytes, an answer
of 234, a setup of 54 to 400, and exactly 44 for "set up". Bitcoin's encrypted transport
(BIP 324) begins with 64 random bytes too, but from both sides, with garbage behind them.
After it each message is a record: its payload and 38 bytes. A share of a standard channel has
62, of an extended one 63 and its extranonce, and what acknowledges has 58, for one share or
for a whole batch: accepted shares are acknowledgements, and may be far more (an error
"stale-share" has 58 too). How much a share is worth cannot be seen.
Sources: stratum-mining/sv2-spec 04-Protocol-Security; stratum-mining/stratum sv2/noise-sv2;
bitaxeorg/ESP-Miner components/stratum_v2; braiins/braiins open/protocols/stratum (2020).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from poolwatch.match.dialects.base import Act, Event
from poolwatch.match.dialects.named import Named
from poolwatch.match.framing import call
from poolwatch.match.message import Message, Piece, Span

_STR3 = b"STR3"
_CODES = 32  # ciphers offered by the draft of September 2022
_KEPT = 1 << 10  # bytes of one turn
_EXTRANONCE = 32
_UPDATE = 78  # bytes of an UpdateChannel record, which is no share
_BATCH = 8  # shares or acknowledgements in one segment


class Scheme(NamedTuple):
    """The lengths of one draft: both turns of the handshake, and what a record adds."""

    key: int
    answer: int
    added: int  # bytes of a record beside its payload


SCHEMES = (
    Scheme(64, 234, 38),  # ElligatorSwift keys
    Scheme(32, 170, 38),  # the drafts from October 2022 on
    Scheme(34, 172, 24),  # Braiins, 2020: each message has its length in front
)
_SETUP = range(16, 363)  # bytes of a SetupConnection
_SET_UP = 6
_OPEN = range(41, 300)
_OPENED = range(45, 80)
_JOBS = frozenset((45, 49))
_OF_WORK = frozenset((45, 48, 49, 36))
_STANDARD, _EXTENDED = 24, 25
_RECEIPT = 20


def may_begin(data: bytes) -> bool:
    """Whether a first payload can be a key: as long as one, and as random."""
    if data[:4] == _STR3:
        return len(data) > 4 and data[4] <= _CODES and len(data) == 5 + 4 * data[4]
    if len(data) == 34:
        return data[:2] == b"\x20\0" and _is_random(data[2:])
    return len(data) in (32, 64) and _is_random(data)


def _is_random(data: bytes) -> bool:
    """Unlike text, counters and padding: for random bytes the odds against are 1 to 10**4."""
    high = sum(byte >= 0x80 for byte in data)
    return len(set(data)) >= len(data) * 5 // 8 and len(data) // 5 <= high <= len(data) * 4 // 5


class Turn:
    """What one side said before the other went on."""

    __slots__ = ("data", "size", "spans", "ts_ns")

    def __init__(self) -> None:
        self.size = 0
        self.ts_ns = 0
        self.data = b""
        self.spans: list[Span] = []

    def add(self, piece: Piece) -> None:
        """More of it."""
        self.size += len(piece.data)
        self.ts_ns = piece.ts_ns
        if len(self.data) < _KEPT:
            self.data += piece.data
            self.spans.append(Span(piece.packet, piece.offset, len(piece.data)))


class Lengths:
    """Pieces of both sides in, messages out. `failed`: it is something else."""

    __slots__ = ("_client", "_extra", "_scheme", "_stage", "_turns", "failed")

    def __init__(self, client: int) -> None:
        self._client = client
        self._turns: list[Turn] = []
        self._scheme: Scheme | None = None
        self._stage = 0  # 1: set up, 2: a channel was asked for, 3: it was opened
        self._extra = 0  # bytes of the extranonce in a share
        self.failed = False

    def feed(self, side: int, piece: Piece) -> list[Message]:
        """Take one piece."""
        if self.failed or not piece.data:
            return []
        if self._stage:
            return self._read(side, piece)
        if piece.gap:
            self.failed = True
            return []
        if side != self._speaker(len(self._turns) - 1):
            self._turns.append(Turn())
        self._turns[-1].add(piece)
        self.failed = not self._may_go_on()
        return [] if self.failed else self._set_up()

    @property
    def certain(self) -> bool:
        """Whether the handshake was seen whole."""
        return self._stage > 0

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        for turn in self._turns:
            turn.spans = [span._replace(packet=span.packet + packets) for span in turn.spans]

    def _speaker(self, turn: int) -> int:
        """Whose turn it was; the client begins."""
        if turn < 0:
            return -1
        return self._client if turn % 2 == 0 else 1 - self._client

    def _sizes(self) -> list[int]:
        """The lengths of the turns, without those that negotiated in clear."""
        turns = self._turns
        if turns and turns[0].data[:4] == _STR3:
            if len(turns) > 1 and turns[1].size > 4:
                return [0, 0, 0]
            turns = turns[2:]
        return [turn.size for turn in turns]

    def _may_go_on(self) -> bool:
        """Whether what was said so far can be the beginning of a handshake."""
        sizes = self._sizes()
        return any(_is_begin(sizes, scheme) for scheme in SCHEMES)

    def _set_up(self) -> list[Message]:
        """The messages of the handshake, once it is whole."""
        sizes = self._sizes()
        scheme = next((s for s in SCHEMES if len(sizes) == 4 and _is_whole(sizes, s)), None)
        if scheme is None:
            return []
        self._scheme, self._stage = scheme, 1
        key, answer = self._turns[-4], self._turns[-3]
        asked, granted = f"{sizes[0]} {sizes[2]}", f"{sizes[1]} {sizes[3]}"
        self._turns = []
        return [
            _message(self._client, key, "noise.setup", asked),
            _message(1 - self._client, answer, "noise.success", granted),
        ]

    def _read(self, side: int, piece: Piece) -> list[Message]:
        """A segment behind the handshake."""
        assert self._scheme is not None
        size, added = len(piece.data), self._scheme.added
        names = self._said(size, added) if side == self._client else self._answered(size, added)
        turn = Turn()
        turn.add(piece)
        return [_message(side, turn, name, str(size)) for name in names]

    def _said(self, size: int, added: int) -> list[str]:
        """What the client says in a segment of that size."""
        if self._stage < 3:
            if size - added in _OPEN:
                self._stage = 2
                return ["noise.open"]
            return []
        extended = size - added - _EXTENDED
        if self._extra == 0 and 0 <= extended <= _EXTRANONCE and size != _UPDATE:
            self._extra = extended + 1
        records = [_STANDARD + added]
        if self._extra:
            records.append(_EXTENDED + self._extra - 1 + added)
        return ["noise.submit"] * _count(size, records)

    def _answered(self, size: int, added: int) -> list[str]:
        """What the server says in a segment of that size; several records may share it."""
        if self._stage == 1:
            return []
        if self._stage == 2:
            if size - added >= _OPENED[0]:
                self._stage = 3
                jobs = ["noise.job"] if size - added not in _OPENED else []
                return ["noise.open.success", *jobs]
            return []
        receipts = _count(size, [_RECEIPT + added])
        if receipts:
            return ["noise.submit.success"] * receipts
        kinds = _split(size, [kind + added for kind in _OF_WORK])
        if kinds:
            return ["noise.job"] if any(kind - added in _JOBS for kind in kinds) else []
        return []


def _is_begin(sizes: list[int], scheme: Scheme) -> bool:
    """Whether turns of these lengths, the last one unfinished, fit a scheme."""
    most = (scheme.key, scheme.answer, _SETUP[-1] + scheme.added, _SET_UP + scheme.added)
    if len(sizes) > len(most):
        return False
    done = sizes[:-1]
    exact = all(
        size == wanted
        for index, (size, wanted) in enumerate(zip(done, most, strict=False))
        if index != 2
    )
    setup = len(done) < 3 or done[2] - scheme.added in _SETUP
    return exact and setup and (not sizes or sizes[-1] <= most[len(sizes) - 1])


def _is_whole(sizes: list[int], scheme: Scheme) -> bool:
    return sizes[:2] == [scheme.key, scheme.answer] and (
        sizes[2] - scheme.added in _SETUP and sizes[3] == _SET_UP + scheme.added
    )


def _count(size: int, records: list[int]) -> int:
    """How many records of one kind fill a segment, 0 when they do not."""
    return next((size // one for one in records if size % one == 0 and size // one <= _BATCH), 0)


def _split(size: int, kinds: list[int], depth: int = 4) -> list[int]:
    """A few records that fill a segment, empty when none do."""
    for kind in kinds:
        if kind == size:
            return [kind]
        if depth > 1 and kind < size:
            rest = _split(size - kind, kinds, depth - 1)
            if rest:
                return [kind, *rest]
    return []


def _message(side: int, turn: Turn, name: str, lengths: str) -> Message:
    body = call(name, lengths=lengths)
    return Message(side, turn.ts_ns, body, turn.data, turn.spans, carrier="frames")


class Noise(Named):
    """Records by their lengths."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Each name stands for one act."""
        act = _ACTS.get(method, Act.DETAIL)
        if method == "noise.open":  # who opens a channel says its name: STR0_255 behind 4 bytes
            return [Event(act, {"login_bytes": int(message.body["params"]["lengths"])})]
        return [Event(act)]


_ACTS = {
    "noise.setup": Act.GREETING,
    "noise.success": Act.SUBSCRIBED,
    "noise.open.success": Act.AUTHORIZED,
    "noise.job": Act.JOB,
    "noise.submit": Act.SUBMIT,
    "noise.submit.success": Act.ACCEPT,
}

DIALECT = Noise()
