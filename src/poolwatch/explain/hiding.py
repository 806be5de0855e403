"""Which of the quoted bytes are shown: passwords never, wallets and accounts when wanted.

What is hidden stays in its place, so that offsets and lengths are true.
"""

from __future__ import annotations

from collections.abc import Sequence

from poolwatch.explain.spelling import unpacked
from poolwatch.outputs.masking import hidden_spans
from poolwatch.terms import Speaker

Span = tuple[int, int]
_SHORTEST = 4
_LONGEST_PART = 256


def spans_to_hide(
    data: bytes, known: Sequence[str], speaker: Speaker, *, reveal: bool, is_plain: bool
) -> list[Span]:
    """Where in a message's bytes stands what is not shown, from and to.

    Of what stands in frames or packed, all goes when some must: its key stands beside it.
    """
    if not is_plain:
        inner = unpacked(data)
        harmless = bool(inner) and not _spans(inner or b"", known, speaker, reveal=reveal)
        return [] if harmless or (reveal and not inner) else [(0, len(data))]
    return _spans(data, known, speaker, reveal=reveal)


def spans_of_rest(data: bytes, known: Sequence[str], *, reveal: bool) -> list[Span]:
    """Like it, of bytes whose message began in a packet that is not at hand.

    A wallet may be torn there: what could be the end of one is hidden too.
    """
    spans = _spans(data, known, Speaker.MINER, reveal=reveal)
    if reveal:
        return spans
    torn = max((_torn(data, secret) for secret in known), default=0)
    return [(0, torn), *(span for span in spans if span[0] >= torn)] if torn else spans


def split(spans: Sequence[Span], sizes: Sequence[int]) -> list[list[Span]]:
    """The spans of a message as spans of its pieces."""
    pieces: list[list[Span]] = []
    start = 0
    for size in sizes:
        end = start + size
        cut = [(max(a, start) - start, min(b, end) - start) for a, b in spans]
        pieces.append([(a, b) for a, b in cut if a < b])
        start = end
    return pieces


def _spans(data: bytes, known: Sequence[str], speaker: Speaker, *, reveal: bool) -> list[Span]:
    """Found in the bytes with a character a byte, so that places in both are the same."""
    forms = dict.fromkeys((*known, *(_as_bytes(secret) for secret in known)))
    from_miner = speaker is Speaker.MINER
    return hidden_spans(data.decode("latin-1"), forms, from_miner=from_miner, reveal=reveal)


def _torn(data: bytes, secret: str) -> int:
    """How many bytes at the front are the end of a secret."""
    whole = secret.encode("utf-8", "replace")[-_LONGEST_PART:]
    ends = (len(whole) - cut for cut in range(1, len(whole) - _SHORTEST + 1))
    return next((size for size in ends if data.startswith(whole[-size:])), 0)


def _as_bytes(secret: str) -> str:
    return secret.encode("utf-8", "replace").decode("latin-1")
