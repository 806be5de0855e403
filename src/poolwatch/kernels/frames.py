"""Binary openings: does the first payload of a side begin one of the framed dialects?

Each answer rests on lengths that have to agree with each other, and on fixed bytes beside
them; no single magic number is enough. What the messages mean is the dialects' affair.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, b1, i8, kernel, part
from poolwatch.kernels.intrinsics import big16, big32, little16, little32

_STEPS = 16  # frames of one payload walked over
_STR3 = 0x53545233  # "STR3": a draft of Stratum V2 that negotiates in clear
_STR3_CODES = 32
_LEVEL = 0x87D70000  # what DATUM's constant key makes of the upper half of a hello's header
_DATUM_KEY = 0x1829  # of its lower half, little-endian
_DATUM_LEAST = 240
_DATUM_MOST = 700
_ZKWORK_MOST = 512


@part(i8(BYTES, i8, i8))
def _btcagent_size(buffer: Any, position: int, end: int) -> int:
    """The length of the BTCAgent frame there, 0 when it is none."""
    if end - position < 6 or i8(buffer[position]) != 0x7F:
        return 0
    command = i8(buffer[position + 1])
    size = little16(buffer, position + 2)
    if command == 2:
        return size if size == 15 else 0
    if command == 3 or command == 0x12:
        return size if size == 19 else 0
    if command == 0x13:
        return size if size == 23 else 0
    if command == 4:
        return size if size == 6 else 0
    if command == 1:
        return size if 8 <= size <= 520 else 0
    if command == 5 and end - position >= 7:
        return size if size == 7 + 2 * little16(buffer, position + 5) else 0
    return 0


@part(i8(BYTES, i8, i8))
def _sv2_size(buffer: Any, position: int, end: int) -> int:
    """The length of the Stratum V2 message there, 0 when it is none of mining."""
    if end - position < 6 or i8(buffer[position]) != 0:
        return 0
    if i8(buffer[position + 1]) & 0x7F != 0:
        return 0
    kind = i8(buffer[position + 2])
    size = little16(buffer, position + 3) + (i8(buffer[position + 5]) << 16)
    fits = False
    if kind == 0:  # SetupConnection: for mining and its kin, in version 2
        fits = 16 <= size <= 1400 and end - position >= 11 and i8(buffer[position + 6]) <= 2
        fits = fits and big32(buffer, position + 7) == 0x02000200
    elif kind == 1:
        fits = size == 6
    elif kind == 0x15:
        fits = size == 45 or size == 49
    elif kind == 0x1A:
        fits = size == 24
    elif kind == 0x1B:
        fits = 25 <= size <= 57
    elif kind == 0x1C:
        fits = size == 20
    elif kind == 0x20:
        fits = size == 48
    elif kind == 0x21:
        fits = size == 36
    return 6 + size if fits else 0


@part(b1(BYTES, i8, i8))
def _opens_btcagent(buffer: Any, position: int, end: int) -> bool:
    """Whole frames up to the end, or up to a line of JSON."""
    for _ in range(_STEPS):
        size = _btcagent_size(buffer, position, end)
        if size == 0 or position + size > end:
            return False
        position += size
        if position == end or i8(buffer[position]) == 0x7B:
            return True
    return False


@part(b1(BYTES, i8, i8))
def _opens_sv2(buffer: Any, position: int, end: int) -> bool:
    """Whole messages up to the end; the setup may be longer than its segment."""
    if _sv2_size(buffer, position, end) and i8(buffer[position + 2]) == 0:
        return True
    for _ in range(_STEPS):
        size = _sv2_size(buffer, position, end)
        if size == 0 or position + size > end:
            return False
        position += size
        if position == end:
            return True
    return False


@part(b1(BYTES, i8, i8))
def _opens_alephium(buffer: Any, position: int, end: int) -> bool:
    """Jobs, a result or a block of an Alephium node and its miner; a version may precede."""
    if end - position < 13 or big16(buffer, position) > 15:
        return False
    size = big32(buffer, position)
    at = position + 4
    if i8(buffer[at]) == 1 and i8(buffer[at + 1]) <= 1 and size != 10:
        at += 1
    kind = i8(buffer[at])
    at += 1
    rest = position + 4 + size - at  # of the message, behind its kind
    if kind == 1:
        if rest != 9 or position + 4 + size != end:
            return False
        groups = big32(buffer, at) < 16 and big32(buffer, at + 4) < 16
        return groups and i8(buffer[at + 8]) <= 1
    if kind != 0 or rest < 32:
        return False
    first = big32(buffer, at) if at + 4 <= end else 0
    if first == rest - 4 and first >= 150:  # the block itself
        return True
    if at + 16 > end or not 1 <= first <= 16:  # a job for each pair of groups
        return False
    header = big32(buffer, at + 12)
    return big32(buffer, at + 4) < 16 and big32(buffer, at + 8) < 16 and 100 <= header <= 1024


@part(b1(BYTES, i8, i8))
def _opens_datum(buffer: Any, position: int, end: int) -> bool:
    """A hello of DATUM: under its constant key the header gives the length of the payload."""
    rest = end - position - 4
    if rest < _DATUM_LEAST or rest > _DATUM_MOST:
        return False
    if big32(buffer, position) & 0xFFFF != _LEVEL >> 16:
        return False
    return (little16(buffer, position) ^ _DATUM_KEY) == rest


@part(b1(BYTES, i8, i8))
def _opens_betterhash(buffer: Any, position: int, end: int) -> bool:
    """The handshake of BetterHash, of which only two bits are free on the client's side."""
    if end - position >= 10 and big32(buffer, position) == 0x01060000:
        return big32(buffer, position + 4) == 0x01000100 and little16(buffer, position + 8) <= 3
    if end - position >= 41 and big32(buffer, position) == 0x02250000:
        key = i8(buffer[position + 8])
        flags = little16(buffer, position + 6)
        return little16(buffer, position + 4) == 1 and flags <= 3 and (key == 2 or key == 3)
    return False


@part(b1(BYTES, i8, i8))
def _opens_zkwork(buffer: Any, position: int, end: int) -> bool:
    """A worker of zk.work connects: one message, whose length it begins with."""
    size = end - position - 4
    if size < 16 or size > _ZKWORK_MOST or little32(buffer, position) != size:
        return False
    if i8(buffer[position + 4]) != 128:
        return False
    name = i8(buffer[position + 10])
    return i8(buffer[position + 5]) < 16 and i8(buffer[position + 6]) < 16 and 7 + name < size


@kernel(b1(BYTES, i8, i8))
def opens_frames(buffer: Any, position: int, end: int) -> bool:
    """Whether the first payload of a side begins a framed dialect."""
    if end - position < 6:
        return False
    first = i8(buffer[position])
    if first == 0 and (_opens_sv2(buffer, position, end) or _opens_alephium(buffer, position, end)):
        return True
    if first == 0x7F and _opens_btcagent(buffer, position, end):
        return True
    if (first == 1 or first == 2) and _opens_betterhash(buffer, position, end):
        return True
    if big32(buffer, position) == _STR3:
        codes = i8(buffer[position + 4])
        return codes <= _STR3_CODES and end - position == 5 + 4 * codes
    return _opens_datum(buffer, position, end) or _opens_zkwork(buffer, position, end)


@part(b1(BYTES, i8, i8, b1))
def opens_websocket(buffer: Any, position: int, end: int, upgraded: bool) -> bool:
    """Whether a payload begins a WebSocket frame with a JSON object in it.

    Without the upgrade before it the frame has to end with the payload.
    """
    if end - position < 4:
        return False
    second = i8(buffer[position + 1])
    size = second & 0x7F
    at = position + 2
    if size == 126:
        size = big16(buffer, at)
        at += 2
        if size < 126:
            return False
    elif size == 127:
        return False  # longer than any line that is read
    masked = second >= 0x80
    if masked:
        at += 4
    if size < 2 or at + 2 > end or (not upgraded and at + size != end):
        return False
    first = i8(buffer[at])
    next_ = i8(buffer[at + 1])
    if masked:
        first ^= i8(buffer[at - 4])
        next_ ^= i8(buffer[at - 3])
    if first == 0x5B:  # [
        return next_ == 0x7B
    return first == 0x7B and (next_ == 0x22 or next_ == 32 or next_ == 10 or next_ == 13)
