"""One direction of a conversation: pieces of bytes in, messages out.

At every message boundary the first bytes decide what comes: a JSON line, an HTTP message,
or something that is neither and is passed over up to the next line.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

from poolwatch.match import http
from poolwatch.match.bytequeue import ByteQueue
from poolwatch.match.jsontext import TooDeep, may_be_whole, parse_line, parse_one
from poolwatch.match.message import NOT_JSON, UNREADABLE, Head, Message, Piece, Span, Tally
from poolwatch.settings import Limits

_BLANKS = b" \t\r\n\0"
_BOM = b"\xef\xbb\xbf"
# Possessive, and never tried again within a run of blanks: linear in hostile bytes.
_SENSE = re.compile(rb"(?<![ \t\r\n])[ \t\r]*+\n[ \t\r\n]*+(?:(?=[{\[]|HTTP/1\.|POST |GET )|\Z)")
_SPANS = 256  # of one body; evidence quotes fewer
_TRIES = 16  # parses of one unterminated message; then its line end is waited for


class Channel:
    """Splits the bytes of one side into messages."""

    __slots__ = (
        "_body",
        "_body_left",
        "_body_spans",
        "_head",
        "_limits",
        "_lost",
        "_overflowed",
        "_queue",
        "_side",
        "_tally",
        "_tries",
        "junk",
        "prose",
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
        self.junk = 0  # bytes that were no message
        self.prose = 0  # whole lines that were neither JSON nor HTTP

    def feed(self, piece: Piece) -> list[Message]:
        """Take one piece; return the messages that are complete now."""
        if piece.gap:
            self._lose()
        if self._lost:
            found = _resume(piece)
            if found is None:
                self._skipped(len(piece.data))
                return []
            self._lost = False
            piece = found
        if not self._queue and self._head is None and piece.data[-1:] == b"\n":
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
        self._body_spans = [
            span._replace(packet=span.packet + packets) for span in self._body_spans
        ]

    def count_in(self, tally: Tally) -> None:
        """Count in another tally from now on."""
        self._tally = tally

    def _whole_line(self, piece: Piece) -> list[Message] | None:
        """The common case without the queue: one packet, one JSON line."""
        data = piece.data
        if data[:1] not in (b"{", b"[") or data.find(b"\n") != len(data) - 1:
            return None
        return self._parse(data, [Span(piece.packet, piece.offset, len(data))], piece.ts_ns)

    def _drain(self, final: bool) -> list[Message]:
        messages: list[Message] = []
        queue = self._queue
        while True:
            before = len(queue)
            if self._head is not None:
                progress = self._read_body(messages, final)
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
        self._tries = 0
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
        self._tries = 0
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
        flat: list[Any] = []
        for value in values:
            flat += value[: self._limits.batch_members] if isinstance(value, list) else [value]
        if len(flat) < sum(len(v) if isinstance(v, list) else 1 for v in values):
            self._tally["batches_cut"] += 1
        return [value for value in flat if isinstance(value, dict)]

    def _is_whole(self, data: bytearray) -> bool:
        """Whether unterminated bytes are complete JSON; asked a bounded number of times."""
        if self._tries >= _TRIES or not may_be_whole(data):
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
        return len(self._queue) + len(self._body)

    def _skipped(self, count: int) -> None:
        self._tally["bytes_not_understood"] += count
        self.junk += count

    def _lose(self) -> None:
        self._queue.clear()
        self._head = None
        self._body.clear()
        self._body_spans = []
        self._lost = True


def _resume(piece: Piece) -> Piece | None:
    """The part of a piece from which on reading makes sense again, if any."""
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
