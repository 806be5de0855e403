"""What the coinbase halves of Bitcoin's work show: the block's height and the pool's own words.

Sources: BIP 34 (the height is the first thing pushed); the wire format of transactions
(developer.bitcoin.org); recorded notifications (nesfit cgminer.s1).
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

_HALF = 4000  # hex digits of a half that are looked at
_INPUT = "0" * 64 + "f" * 8  # a coinbase spends nothing: no hash, and no index
_INPUT_WITHIN = 120  # digits: version, some coins' time, a count
_SCRIPT = 100  # bytes, by consensus
_HEIGHT_BYTES = range(1, 5)
_HIGHEST = 100_000_000  # other coins push a time there
_NBITS = re.compile(r"[0-9a-fA-F]{8}")
_SEQUENCES = (b"\xff\xff\xff\xff", b"\0\0\0\0")
_LONGEST = 100  # characters kept
_RUN, _FROM_CJK = 4, "\u2e80"


def work_facts(params: list[Any]) -> dict[str, Any]:
    """`height`, `nbits` and `coinbase` of a notification, as far as it shows them.

    `coinbase` is a function that gives the text: one of a flow's many notifications will do.
    """
    if len(params) < 9 or not isinstance(params[4], list):  # other coins' work
        return {}
    if not all(isinstance(params[at], str) for at in (2, 3, 6)):
        return {}
    facts: dict[str, Any] = {}
    if _NBITS.fullmatch(params[6]):
        facts["nbits"] = params[6].lower()
    half = params[2][:_HALF].lower()
    at = half.find(_INPUT, 0, _INPUT_WITHIN + len(_INPUT))
    if at >= 0:
        script = half[at + len(_INPUT) :]
        height, _ = _height(_bytes(script[2 : 2 + 2 * _HEIGHT_BYTES.stop]))
        if height:
            facts["height"] = height
        facts["coinbase"] = partial(_text, script, params[3])
    return facts


def _text(half: str, behind: str) -> str:
    """The readable text in a coinbase's script, whose halves are these."""
    data = _bytes(half)
    if not data or data[0] > _SCRIPT:
        return ""
    script = data[1 : 1 + data[0]]
    _, begin = _height(script)
    return _words(script[begin:], _end_of_script(behind, data[0] - len(script)))


def _height(script: bytes) -> tuple[int, int]:
    """The height, 0 where none is, and where the script goes on."""
    size = script[0] if script else 0
    if size not in _HEIGHT_BYTES or len(script) <= size:
        return 0, 0
    value = int.from_bytes(script[1 : 1 + size], "little")
    shortest = (value.bit_length() + 8) // 8  # with room for the sign
    if not 0 < value <= _HIGHEST or size != shortest:
        return 0, 0
    return value, 1 + size


def _end_of_script(half: str, room: int) -> bytes:
    """What stands of the script behind the extranonce, whose size is not known."""
    data = _bytes(half[:_HALF])[:room]
    ends = [at for sequence in _SEQUENCES if (at := data.find(sequence)) >= 0]
    return data[: min(ends, default=len(data))]


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits[: len(digits) // 2 * 2])
    except ValueError:
        return b""


def _words(*parts: bytes) -> str:
    """The readable text in some bytes: longer runs, and signs that chance seldom makes."""
    runs: list[str] = []
    for part in parts:
        text = part.decode("utf-8", "replace")
        clean = "".join(c if c.isprintable() and c != "\ufffd" else "\0" for c in text)
        runs += [run.strip() for run in clean.split("\0") if _is_text(run)]
    return " ".join(runs)[:_LONGEST].strip()


def _is_text(run: str) -> bool:
    return len(run) >= _RUN or any(character >= _FROM_CJK for character in run)
