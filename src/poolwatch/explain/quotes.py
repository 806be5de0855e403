"""The quoted packets read anew: from the captures, or from what a sensor kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from poolwatch.errors import CaptureError
from poolwatch.explain.captures import Captures, Found, Located, base_name
from poolwatch.explain.facts import Flow, Message, Piece
from poolwatch.explain.frames import read_frames
from poolwatch.explain.hiding import Span, spans_of_rest, spans_to_hide, split
from poolwatch.explain.kept import Kept
from poolwatch.explain.spelling import agrees, unpacked
from poolwatch.settings import Limits


class State(StrEnum):
    """What became of a quote when its packet was read anew."""

    READ = "read"
    PACKED = "packed"  # read; in frames or packed, so the bytes are not the text themselves
    NOT_GIVEN = "not_given"
    MISSING = "missing"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    BEYOND = "beyond"  # no such packet, or it is shorter
    DIFFERS = "differs"  # what stands there does not read as the event says
    NOT_KEPT = "not_kept"


_STATE_OF = {
    Found.NOT_GIVEN: State.NOT_GIVEN,
    Found.MISSING: State.MISSING,
    Found.CHANGED: State.CHANGED,
    Found.UNREADABLE: State.UNREADABLE,
}
FAILED = frozenset((State.MISSING, State.CHANGED, State.UNREADABLE, State.BEYOND, State.DIFFERS))
"""States in which what was asked for could not be done."""


@dataclass(frozen=True, slots=True)
class Part:
    """Quoted bytes of one packet. `data` is what is shown of them, empty where nothing was read.

    `offset` counts from the start of the captured frame. `hidden`: from, to in `data`. `path`:
    the file read; `proven`: it is the one the event speaks of, by its identity.
    """

    file: str
    packet: int
    offset: int
    length: int
    state: State
    data: bytes = b""
    hidden: tuple[Span, ...] = ()
    path: Path | None = None
    proven: bool = False
    reason: str = ""


Parts = dict[Message, tuple[Part, ...]]
_Bytes = dict[Piece, bytes]


@dataclass(frozen=True, slots=True)
class QuoteReader:
    """Reads quoted messages. `kept` comes in where there is no capture."""

    captures: Captures
    kept: Kept | None
    limits: Limits
    reveal: bool

    def read(self, quoted: Iterable[tuple[Flow, Message]], known: Sequence[str]) -> Parts:
        """The parts of messages; each capture is read once, in order."""
        quoted = list(quoted)
        by_path: dict[Path, set[int]] = {}
        for flow, message in quoted:
            located = self.captures.find(flow)
            if located.path is not None and located.found in (Found.SAME, Found.UNPROVEN):
                wanted = by_path.setdefault(located.path, set())
                wanted.update(piece.packet for piece in message.pieces)
        pieces = [piece for _, message in quoted for piece in message.pieces]
        read = {path: self._read(path, packets, pieces) for path, packets in by_path.items()}
        parts: Parts = {}
        for flow, message in quoted:
            located = self.captures.find(flow)
            if located.path is None and self.kept is not None:
                parts[message] = self._of_kept(flow, message, known)
            else:
                parts[message] = self._of_capture(flow, message, located, read, known)
        return parts

    def _read(self, path: Path, packets: set[int], pieces: list[Piece]) -> _Bytes | str:
        """The bytes of pieces; why not, where the capture cannot be read."""
        wanted: dict[int, list[Piece]] = {}
        for piece in pieces:
            wanted.setdefault(piece.packet, []).append(piece)
        found: _Bytes = {}
        try:
            for frame in read_frames(path, packets, self.limits):
                for piece in wanted[frame.packet]:
                    data = frame.data[piece.offset : piece.offset + piece.length]
                    if len(data) == piece.length:
                        found[piece] = data[: self.limits.explain_message_bytes]
        except CaptureError as error:
            return str(error)
        return found

    def _of_capture(
        self,
        flow: Flow,
        message: Message,
        located: Located,
        read: dict[Path, _Bytes | str],
        known: Sequence[str],
    ) -> tuple[Part, ...]:
        name = base_name(flow.capture) or flow.capture
        path = located.path
        got = read.get(path) if path is not None else None
        if path is None or got is None or isinstance(got, str):
            state = _STATE_OF.get(located.found, State.UNREADABLE)
            reason = got if isinstance(got, str) else located.reason
            return tuple(_unread(name, piece, state, reason) for piece in message.pieces)
        data = [got.get(piece) for piece in message.pieces]
        proven = located.found is Found.SAME
        file = path.name if flow.capture in ("", "-") else name
        places = [(file, piece.packet, path) for piece in message.pieces]
        return self._parts(message, data, places, known, proven=proven)

    def _of_kept(self, flow: Flow, message: Message, known: Sequence[str]) -> tuple[Part, ...]:
        assert self.kept is not None
        found = self.kept.find(flow, message)
        if not any(found):
            name = base_name(flow.capture) or flow.capture
            return tuple(_unread(name, piece, State.NOT_KEPT) for piece in message.pieces)
        data = [one.data if one else None for one in found]
        places = [
            (one.path.name, one.packet, one.path) if one else ("", piece.packet, None)
            for one, piece in zip(found, message.pieces, strict=True)
        ]
        return self._parts(message, data, places, known, proven=True, gone=State.NOT_KEPT)

    def _parts(
        self,
        message: Message,
        data: list[bytes | None],
        places: Sequence[tuple[str, int, Path | None]],
        known: Sequence[str],
        *,
        proven: bool,
        gone: State = State.BEYOND,
    ) -> tuple[Part, ...]:
        """Parts of a message whose packets were looked up; None: not there."""
        data = _within(data, self.limits.explain_message_bytes)
        whole = None not in data
        joined = b"".join(piece or b"" for piece in data)
        front = data[0] or b""
        is_plain = agrees(joined, message.text) if whole else agrees(front, message.text)
        is_packed = not is_plain and bool(front) and unpacked(joined) is not None
        state = State.READ if is_plain else State.PACKED if is_packed else State.DIFFERS
        hidden = self._hidden(message, data, known, is_plain=is_plain)
        most = self.limits.explain_bytes
        parts = []
        for piece, found, (file, packet, path), spans in zip(
            message.pieces, data, places, hidden, strict=True
        ):
            shown = (found or b"")[:most] if state is not State.DIFFERS else b""
            cut = tuple((a, min(b, len(shown))) for a, b in spans if a < len(shown))
            parts.append(
                Part(
                    file,
                    packet,
                    piece.offset,
                    piece.length,
                    gone if found is None else state,
                    shown,
                    cut,
                    path,
                    proven,
                )
            )
        return tuple(parts)

    def _hidden(
        self, message: Message, data: list[bytes | None], known: Sequence[str], *, is_plain: bool
    ) -> list[list[Span]]:
        """What is hidden of each piece; runs of pieces that are there are read as one."""
        hidden: list[list[Span]] = []
        run: list[bytes] = []
        is_front = True

        def end_run() -> None:
            nonlocal is_front
            joined = b"".join(run)
            if is_front or not is_plain:
                spans = spans_to_hide(
                    joined, known, message.speaker, reveal=self.reveal, is_plain=is_plain
                )
            else:
                spans = spans_of_rest(joined, known, reveal=self.reveal)
            hidden.extend(split(spans, [len(piece) for piece in run]))
            run.clear()

        for piece in data:
            if piece is None:
                end_run()
                is_front = False
                hidden.append([])
            else:
                run.append(piece)
        end_run()
        return hidden


def _within(data: list[bytes | None], most: int) -> list[bytes | None]:
    """The pieces of a message up to a number of bytes; what is beyond is empty."""
    within: list[bytes | None] = []
    for piece in data:
        within.append(None if piece is None else piece[:most])
        most -= len(within[-1] or b"")
    return within


def _unread(file: str, piece: Piece, state: State, reason: str = "") -> Part:
    return Part(file, piece.packet, piece.offset, piece.length, state, reason=reason)
