"""One direction of a conversation: pieces of bytes in, messages out.

At every message boundary the first bytes decide what comes: a JSON line, an HTTP message, a
binary frame, or something that is none of them and is passed over up to the next line. After
an upgrade WebSocket frames come, and after an agreed hello packed lines.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

from poolwatch.match import http, websocket
from poolwatch.match.bytequeue import ByteQueue
from poolwatch.match.dialects import framings
from poolwatch.match.framing import Framing, Unlike
from poolwatch.match.gunzip import MAGIC, Gunzip
from poolwatch.match.jsontext import TooDeep, may_be_whole, parse_line, parse_one
from poolwatch.match.message import NOT_JSON, UNREADABLE, Head, Message, Piece, Span, Tally
from poolwatch.settings import Limits

_BLANKS = b" \t\r\n\0"
_BOM = b"\xef\xbb\xbf"
# Possessive, and never tried again within a run of blanks: linear in hostile bytes.
_SENSE = re.compile(rb"(?<![ \t\r\n])[ \t\r]*+\n[ \t\r\n]*+(?:(?=[{\[]|HTTP/1\.|POST |GET )|\Z)")
_FRAMED = (b"\x01", b"\x81", b"\x82")
_SPANS = 256  # of one body; evidence quotes fewer
_RESYNC = re.compile(rb"[\x7f{]")  # what a mixed dialect goes on with
_UNDECIDED = 1 << 10  # bytes waited for before it is known which framing they begin
_GROWTH = 16  # one part in so many has to be new before it is looked at again
_TRIES = 16  # parses of one unterminated message; then its line end is waited for


class Channel:
    """Splits the bytes of one side into messages."""

    __slots__ = (
        "_body",
        "_body_left",
        "_body_spans",
        "_framing",
        "_gunzip",
        "_head",
        "_joiner",
        "_limits",
        "_lost",
        "_mixed",
        "_overflowed",
        "_queue",
        "_side",
        "_skip",
        "_spans",
        "_started",
        "_tally",
        "_tried",
        "_tries",
        "asked",
        "junk",
        "prose",
        "unpacks",
    )

    def __init__(self, side: int, limits: Limits, tally: Tally) -> None:
        self._side = side
        self._limits = limits
        self._tally = tally
        self._queue = ByteQueue()
        self._lost = False  # between a hole and the next line
        self._head: Head | None = None  # of the body being read
        self._body = bytearray()
        self._body_left = 0  # bytes, CHUNKED or UNTIL_CLOSE
        self._body_spans: list[Span] = []
        self._overflowed = False  # the body being read is longer than its bound
        self._tries = 0
        self._tried = 0  # bytes there were when it was last looked at
        self._started = False  # it is known what the first bytes are
        self._framing: Framing | None = None  # of the binary dialect that is spoken
        self._mixed = False  # binary frames stood between lines
        self._joiner: websocket.Joiner | None = None  # once it is a WebSocket
        self._skip = 0  # payload bytes of a frame that is too long
        self._gunzip: Gunzip | None = None
        self._spans: list[Span] = []  # of a message in several frames, or packed
        self.asked = False  # the other side asked for a WebSocket, or granted it
        self.unpacks = False  # packed messages may come
        self.junk = 0  # bytes that were no message
        self.prose = 0  # whole lines that were neither JSON nor HTTP

    def feed(self, piece: Piece) -> list[Message]:
        """Take one piece; return the messages that are complete now."""
        if piece.gap:
            self._lose()
        if self._lost:
            found = self._resume(piece)
            if found is None:
                self._skipped(len(piece.data))
                return []
            self._lost = False
            piece = found
        if piece.data[-1:] == b"\n" and self.at_line:
            quick = self._whole_line(piece)
            if quick is not None:
                return quick
        self._queue.append(piece)
        return self._drain(final=False)

    def finish(self) -> list[Message]:
        """The last messages: no more bytes will come."""
        return self._drain(final=True)

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        self._queue.shift(packets)
        self._body_spans, self._spans = (
            [span._replace(packet=span.packet + packets) for span in spans]
            for spans in (self._body_spans, self._spans)
        )

    def count_in(self, tally: Tally) -> None:
        """Count in another tally from now on."""
        self._tally = tally

    @property
    def at_line(self) -> bool:
        """Whether the next byte begins a line, or an HTTP message."""
        return not self._lost and not self._queue and self._head is None and self._plain

    @property
    def is_socket(self) -> bool:
        """Whether frames of a WebSocket come."""
        return self._joiner is not None

    @property
    def _plain(self) -> bool:
        """Whether lines and HTTP are what comes."""
        return self._joiner is None and self._framing is None and self._gunzip is None

    def _whole_line(self, piece: Piece) -> list[Message] | None:
        """The common case without the queue: one packet, one JSON line."""
        data = piece.data
        if data[:1] not in (b"{", b"[") or data.find(b"\n") != len(data) - 1:
            return None
        self._started = True
        return self._parse(data, [Span(piece.packet, piece.offset, len(data))], piece.ts_ns)

    def _drain(self, final: bool) -> list[Message]:
        messages: list[Message] = []
        queue = self._queue
        while True:
            before = len(queue)
            if self._head is not None:
                progress = self._read_body(messages, final)
            elif self._joiner is not None:
                progress = self._read_socket(messages, self._joiner)
            elif self._framing is not None:
                progress = self._read_frames(messages, self._framing, final)
            elif self._gunzip is not None:
                progress = self._read_packed(messages, self._gunzip)
            elif not self._started:
                progress = bool(queue) and self._find_framing(final)
            else:
                _skip_blanks(queue)
                if not queue:
                    break
                progress = self._read_start(messages, final)
            if not progress and len(queue) == before:
                break
        return messages

    def _read_start(self, messages: list[Message], final: bool) -> bool:
        """What begins at the front of the queue; False when it needs more bytes."""
        data = self._queue.data
        if data[0] in b"{[":
            return self._read_line(messages, final)
        if http.may_start(data):
            return self._read_head(messages, final)
        if self.unpacks and MAGIC.startswith(bytes(data[: len(MAGIC)])):
            self._gunzip = Gunzip(self._limits.line_bytes)
            return True
        verdict = websocket.opens(data)
        if verdict or (self.asked and websocket.may_go_on(data)):
            self._joiner = websocket.Joiner(self._limits.line_bytes)
            return True
        if verdict is None and not final:
            return False
        for framing in framings():
            if framing.mixed and framing.opens(bytes(data[:_UNDECIDED])) is not False:
                self._mixed = True
                return self._read_frame(messages, framing, final)
        if self._mixed:
            return self._step_on()
        if not final and len(data) < len(_BOM) and _BOM.startswith(data):
            return False
        return self._skip_line()

    def _read_line(self, messages: list[Message], final: bool) -> bool:
        data = self._queue.data
        end = data.find(b"\n")
        if end < 0:
            if len(data) > self._limits.line_bytes:
                self._tally["lines_too_long"] += 1
                return self._skip_line()
            # Without a line end it is complete if it parses: no JSON value extends another.
            if not final and not self._is_whole(data):
                return False
            end = len(data) - 1
        if end >= self._limits.line_bytes:
            self._tally["lines_too_long"] += 1
            self._queue.drop(end + 1)
            return True
        ts_ns = self._queue.ts_ns
        line, spans = self._queue.take(end + 1)
        messages += self._parse(line, spans, ts_ns)
        return True

    def _parse(self, line: bytes, spans: list[Span], ts_ns: int) -> list[Message]:
        self._tries = self._tried = 0
        try:
            values = parse_line(line, self._limits.json_depth)
        except TooDeep:
            self._tally["json_too_deep"] += 1
            return []
        except ValueError:
            self._tally["lines_not_json"] += 1
            return []
        return [Message(self._side, ts_ns, value, line, spans) for value in self._unbatch(values)]

    def _read_head(self, messages: list[Message], final: bool) -> bool:
        data = self._queue.data
        length = http.head_end(data)
        if not length:
            if len(data) > self._limits.head_bytes:
                self._tally["heads_too_long"] += 1
                return self._skip_line()
            if not final:
                return False
            length = len(data)
        head = http.parse_head(bytes(data[:length]))
        if head is None:
            return self._skip_line()
        ts_ns = self._queue.ts_ns
        text, spans = self._queue.take(length)
        messages.append(Message(self._side, ts_ns, None, text, spans, head))
        if websocket.upgrades(head):
            self._joiner = websocket.Joiner(self._limits.line_bytes)
            return True
        self._body_left = http.body_length(head)
        if self._body_left:
            self._head = head
        elif head.status >= 200:
            messages.append(Message(self._side, ts_ns, NOT_JSON, b"", spans, head))
        return True

    def _read_body(self, messages: list[Message], final: bool) -> bool:
        if self._body_left == http.CHUNKED:
            done = self._read_chunk()
        elif self._body_left == http.UNTIL_CLOSE:
            self._keep_body(len(self._queue))
            done = self._is_whole(self._body)
        else:
            count = min(self._body_left, len(self._queue))
            self._body_left -= count
            self._keep_body(count)
            done = self._body_left == 0
        if not done and not (final and not self._queue):
            return False
        messages += self._finish_body(whole=done and not self._overflowed)
        return True

    def _read_chunk(self) -> bool:
        """Move whole chunks into the body; True at the last one."""
        queue = self._queue
        while True:
            end = queue.data.find(b"\n", 0, 64)
            if end < 0 and len(queue) < 64:
                return False
            size = http.chunk_size(bytes(queue.data[:end])) if end > 0 else None
            if size is None or size > self._limits.body_bytes:
                return True  # no chunk: the body ends here, what follows is looked at anew
            if size == 0:
                queue.drop(end + 1)
                return True
            if len(queue) < end + 1 + size + 2:
                return False
            queue.drop(end + 1)
            self._keep_body(size)
            queue.drop(2)

    # -- what is no text -----------------------------------------------------------

    def _find_framing(self, final: bool) -> bool:
        """Whether it is known now what the first bytes are; False when it needs more."""
        data = bytes(self._queue.data[:_UNDECIDED])
        verdicts = [(framing.opens(data), framing) for framing in framings()]
        for verdict, framing in verdicts:
            if verdict:
                self._framing = None if framing.mixed else framing
                self._started = True
                return True
        undecided = any(verdict is None for verdict, _ in verdicts)
        if undecided and not final and len(data) < _UNDECIDED:
            return False
        self._started = True
        return True

    def _read_frames(self, messages: list[Message], framing: Framing, final: bool) -> bool:
        """One frame of the binary dialect that is spoken; out of step, all that is there."""
        if not self._queue:
            return False
        before = len(self._queue)
        progress = self._read_frame(messages, framing, final)
        if progress or final or len(self._queue) < before:
            return progress
        if len(self._queue) > self._limits.line_bytes:
            self._tally["frames_too_long"] += 1
            self._give_up()
        return False

    def _read_frame(self, messages: list[Message], framing: Framing, final: bool) -> bool:
        """A frame at the front of the queue; False when it needs more bytes."""
        queue = self._queue
        try:
            frame = framing.read(bytes(queue.data[: self._limits.line_bytes]), final)
        except Unlike:
            if framing.mixed:
                return self._step_on()
            self._give_up()
            return True
        if frame is None:
            return False
        ts_ns = queue.ts_ns
        data, spans = queue.take(min(frame.length, len(queue)))
        if frame.body is not None:
            messages.append(Message(self._side, ts_ns, frame.body, data, spans, carrier="frames"))
        return True

    def _give_up(self) -> None:
        self._skipped(len(self._queue))
        self._lose()

    def _step_on(self) -> bool:
        """Pass over what is neither a frame nor a line, up to what may be one."""
        found = _RESYNC.search(self._queue.data, 1)
        count = found.start() if found else len(self._queue)
        self._skipped(count)
        self._queue.drop(count)
        return True

    def _read_socket(self, messages: list[Message], joiner: websocket.Joiner) -> bool:
        """One frame of a WebSocket; False when it needs more bytes."""
        queue = self._queue
        if self._skip:
            count = min(self._skip, len(queue))
            queue.drop(count)
            self._skip -= count
            return count > 0
        try:
            head = websocket.read_head(queue.data)
        except Unlike:  # it was not granted, or there is a hole nobody saw
            self._joiner = None
            return True
        if head is None:
            return False
        if head.length > self._limits.line_bytes:
            self._tally["frames_too_long"] += 1
            queue.drop(head.size)
            self._skip = head.length
            joiner.add(head, None)
            return True
        if len(queue) < head.size + head.length:
            return False
        ts_ns = queue.ts_ns
        data, spans = queue.take(head.size + head.length)
        if head.is_control:
            return True
        if head.opcode:
            self._spans = []
        if len(self._spans) < _SPANS:
            self._spans += spans
        text = joiner.add(head, data[head.size :])
        if text is None:
            self._tally["frames_unreadable"] += 1
        elif text:
            self._take_text(messages, text, ts_ns, "websocket")
        return True

    def _read_packed(self, messages: list[Message], gunzip: Gunzip) -> bool:
        """Unpack what is there, up to the end of a member."""
        queue = self._queue
        if not queue:
            return False
        taken, lines = gunzip.feed(bytes(queue.data))
        ts_ns = queue.ts_ns
        _, spans = queue.take(taken)
        if len(self._spans) < _SPANS:
            self._spans += spans
        for line in lines:
            self._take_text(messages, line, ts_ns, "")
        if gunzip.dead:
            self._tally["packed_unreadable"] += 1
            self._give_up()
        elif not gunzip.within:
            self._gunzip, self._spans = None, []
        return True

    def _take_text(self, messages: list[Message], text: bytes, ts_ns: int, carrier: str) -> None:
        """The messages of a text that came in frames, or packed."""
        for message in self._parse(text, list(self._spans), ts_ns):
            message.carrier = carrier
            messages.append(message)
        if carrier:
            self._spans = []

    def _keep_body(self, count: int) -> None:
        """Move bytes from the queue to the body, as far as its bound."""
        room = self._limits.body_bytes - len(self._body)
        if count > room and not self._overflowed:
            self._overflowed = True
            self._tally["bodies_too_long"] += 1
        kept = min(count, max(room, 0))
        if kept:
            data, spans = self._queue.take(kept)
            self._body += data
            if len(self._body_spans) < _SPANS:
                self._body_spans += spans
        self._queue.drop(count - kept)

    def _finish_body(self, *, whole: bool) -> list[Message]:
        head, data, spans = self._head, bytes(self._body), self._body_spans
        assert head is not None
        self._head, self._body, self._body_spans = None, bytearray(), []
        self._overflowed = False
        self._tries = self._tried = 0
        value = self._parse_body(head, data, whole)
        ts_ns = self._queue.ts_ns
        if value is NOT_JSON or value is UNREADABLE:
            return [Message(self._side, ts_ns, value, data, spans, head)]
        return [
            Message(self._side, ts_ns, one, data, spans, head) for one in self._unbatch([value])
        ]

    def _parse_body(self, head: Head, data: bytes, whole: bool) -> Any:
        """The JSON value of a body, NOT_JSON, or UNREADABLE where that cannot be told."""
        limits = self._limits
        text = http.unpack_body(head, data, limits.body_bytes)
        if text is None:
            self._tally["bodies_unreadable"] += 1
            return UNREADABLE
        if not text:
            return NOT_JSON
        try:
            return parse_one(text, limits.json_depth)
        except TooDeep:
            self._tally["json_too_deep"] += 1
            return UNREADABLE
        except ValueError:
            self._tally["bodies_not_json"] += 1
        return NOT_JSON if whole else UNREADABLE

    def _unbatch(self, values: list[Any]) -> list[dict[str, Any]]:
        """Messages of a line: the members of a batch stand for themselves, within a bound."""
        if len(values) == 1 and isinstance(values[0], dict):
            return values
        flat: list[Any] = []
        for value in values:
            flat += value[: self._limits.batch_members] if isinstance(value, list) else [value]
        if len(flat) < sum(len(v) if isinstance(v, list) else 1 for v in values):
            self._tally["batches_cut"] += 1
        if self._joiner is not None:  # a bare word is how some write a message without members
            flat = [{value: None} if isinstance(value, str) else value for value in flat]
        return [value for value in flat if isinstance(value, dict)]

    def _is_whole(self, data: bytearray) -> bool:
        """Whether unterminated bytes are complete JSON; asked a bounded number of times."""
        if self._tries >= _TRIES or len(data) < self._tried + self._tried // _GROWTH:
            return False
        self._tried = len(data)
        if not may_be_whole(data):
            return False
        self._tries += 1
        with contextlib.suppress(ValueError):
            parse_line(bytes(data), self._limits.json_depth, whole=True)
            return True
        return False

    def _skip_line(self) -> bool:
        """Pass over everything up to the next line that makes sense, wherever it begins."""
        found = _SENSE.search(self._queue.data)
        count = found.end() if found else len(self._queue)
        self._skipped(count)
        if self._queue.data[:count].strip().isascii():
            self.prose += 1
        self._queue.drop(count)
        if not found:
            self._lose()
        return True

    @property
    def waiting_bytes(self) -> int:
        """Bytes kept until a message is complete."""
        joined = self._joiner.waiting_bytes if self._joiner else 0
        unpacked = self._gunzip.waiting_bytes if self._gunzip else 0
        return len(self._queue) + len(self._body) + joined + unpacked

    def _skipped(self, count: int) -> None:
        self._tally["bytes_not_understood"] += count
        self.junk += count

    def _lose(self) -> None:
        self._queue.clear()
        self._head = None
        self._body.clear()
        self._body_spans = []
        self._gunzip, self._spans, self._skip = None, [], 0
        if self._joiner is not None:
            self._joiner = websocket.Joiner(self._limits.line_bytes)
        self._lost = True

    def _resume(self, piece: Piece) -> Piece | None:
        """The part of a piece from which on reading makes sense again, if any."""
        if self._joiner is not None:
            return piece._replace(gap=False) if websocket.opens(piece.data) else None
        if self._framing is not None:
            return piece._replace(gap=False) if self._framing.opens(piece.data) else None
        if not self._started:
            for framing in framings():
                if framing.opens(piece.data[:_UNDECIDED]):
                    return piece._replace(gap=False)
        if self.unpacks and piece.data.startswith(MAGIC):
            return piece._replace(gap=False)
        if piece.data[:1] in _FRAMED and websocket.opens(piece.data):
            return piece._replace(gap=False)
        if self.asked and websocket.may_go_on(piece.data):
            return piece._replace(gap=False)
        if piece.data[:1] == b"\x7f" and any(f.mixed and f.opens(piece.data) for f in framings()):
            return piece._replace(gap=False)
        return _find_line(piece)


def _find_line(piece: Piece) -> Piece | None:
    """The part of a piece from which on lines make sense again, if any."""
    stripped = piece.data.lstrip(_BLANKS)
    if stripped[:1] in (b"{", b"[") or stripped.startswith((b"HTTP/1.", b"POST ", b"GET ")):
        return piece._replace(gap=False)
    found = _SENSE.search(piece.data)
    if not found:
        return None
    start = found.end()
    return Piece(piece.data[start:], piece.packet, piece.offset + start, piece.ts_ns, False)


def _skip_blanks(queue: ByteQueue) -> None:
    data = queue.data
    if data.startswith(_BOM):
        queue.drop(len(_BOM))
    if data and data[0] in _BLANKS:
        queue.drop(len(data) - len(data.lstrip(_BLANKS)))
