"""The gate: from the first bytes of a payload, does this flow deserve to be read?

Only flows it lets pass cost anything beyond their flow record. It must never turn away a
miner's opening; a false pass costs a look by the dialects, nothing more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from poolwatch.kernels import BYTES, b1, i8, kernel, part
from poolwatch.kernels.frames import opens_frames, opens_websocket
from poolwatch.kernels.intrinsics import big32
from poolwatch.layouts import Gate

_HTTP = int(Gate.HTTP)
_TLS = int(Gate.TLS)
_HEAD_A = int(Gate.HEAD_A)
_HEADS = int(Gate.HEAD_A | Gate.HEAD_B)

# What the gate says, beside the Gate bits it may set.
PASS = 256  # a candidate from this payload on
HOLD = 512  # an HTTP head without its body, or a noise: keep it until more shows

OPENERS = np.zeros(256, np.bool_)
"""First bytes worth a look; for any other `gate_payload` leaves the state as it is."""
OPENERS[[1, 4, 5, 9, 10, 13, 32, 0x16, 0x17, 0x5B, 0x7B, 0x81, 0x82, 0xC1, 0xEF]] = True
OPENERS[[*b"CDGHOP"]] = True

BLANKS = 16  # blanks looked past
SOCKS_METHODS = 8  # offered in a SOCKS5 greeting
SOCKS_METHOD = 9  # the highest number of one
SOCKS_TEXT = 255  # of a SOCKS4 user, and of a name
HEAD_BYTES = 4096  # of an HTTP head looked through

_POST = 0x504F5354  # "POST"
_GET = 0x47455420  # "GET "
_HEAD = 0x48454144  # "HEAD"
_PUT = 0x50555420  # "PUT "
_HTTP_STATUS = 0x48545450  # "HTTP"
_OPTIONS = 0x4F505449  # "OPTI"
_CONNECT = 0x434F4E4E  # "CONN"
_ECT = 0x45435420  # "ECT "
_PROXY = 0x50524F58  # "PROX"
_Y_TC = 0x59205443  # "Y TC"
_Y_UN = 0x5920554E  # "Y UN"
_DELETE = 0x44454C45  # "DELE"
_PATCH = 0x50415443  # "PATC"


@part(b1(i8), inline=True)
def _is_blank(byte: int) -> bool:
    return byte == 32 or byte == 9 or byte == 10 or byte == 13


@part(i8(BYTES, i8, i8), inline=True)
def _skip_blanks(buffer: Any, position: int, end: int) -> int:
    stop = min(end, position + BLANKS)
    while position < stop and _is_blank(i8(buffer[position])):
        position += 1
    return position


@part(b1(BYTES, i8, i8), inline=True)
def opens_json(buffer: Any, position: int, end: int) -> bool:
    """Whether bytes that begin here can be the beginning of a JSON object or batch.

    A byte order mark and blanks may precede; a payload that ends early gets the benefit
    of the doubt once its bracket was seen.
    """
    if position + 3 <= end and i8(buffer[position]) == 0xEF:
        if i8(buffer[position + 1]) != 0xBB or i8(buffer[position + 2]) != 0xBF:
            return False
        position += 3
    start = position
    position = _skip_blanks(buffer, position, end)
    if position >= end:
        return position - start == BLANKS  # blanks and no end of them: let it be read
    if _is_blank(i8(buffer[position])):
        return True
    bracket = i8(buffer[position])
    if bracket != 0x7B and bracket != 0x5B:  # { [
        return False
    position = _skip_blanks(buffer, position + 1, end)
    if position >= end or _is_blank(i8(buffer[position])):
        return True
    if bracket == 0x5B:
        return i8(buffer[position]) == 0x7B
    if i8(buffer[position]) != 0x22:  # an object worth reading has a key
        return False
    return position + 1 >= end or i8(buffer[position + 1]) >= 32


@part(b1(BYTES, i8, i8))
def _is_mining_header(buffer: Any, position: int, end: int) -> bool:
    """A header line that begins "x-mining", "x-stratum", "x-roll-" or "x-long-", any case."""
    if position + 8 > end:
        return False
    if (big32(buffer, position) | 0x20202020) == 0x782D6D69:  # x-mi
        return (big32(buffer, position + 4) | 0x20202020) == 0x6E696E67  # ning
    if (big32(buffer, position) | 0x20202020) == 0x782D7374:  # x-st
        return (big32(buffer, position + 4) | 0x20202020) == 0x72617475  # ratu
    if (big32(buffer, position) | 0x20202020) == 0x782D726F:  # x-ro
        return (big32(buffer, position + 4) | 0x20202020) == 0x6C6C2D6E  # ll-n
    if (big32(buffer, position) | 0x20202020) == 0x782D6C6F:  # x-lo
        return (big32(buffer, position + 4) | 0x20202020) == 0x6E672D70  # ng-p
    return False


@part(b1(BYTES, i8, i8))
def _is_packing_header(buffer: Any, position: int, end: int) -> bool:
    """A header line that begins "transfer-" or "content-enc", any case: no plain body follows."""
    if position + 12 > end:
        return False
    first = big32(buffer, position) | 0x20202020
    second = big32(buffer, position + 4) | 0x20202020
    if first == 0x7472616E:  # tran
        return second == 0x73666572  # sfer
    if first == 0x636F6E74:  # cont
        third = big32(buffer, position + 8) | 0x20202020
        return second == 0x656E742D and third == 0x656E636F  # ent-enco
    return False


@part(b1(BYTES, i8, i8))
def _is_upgrade_header(buffer: Any, position: int, end: int) -> bool:
    """A header line that begins "upgrade:", any case: a WebSocket, or hardly anything else."""
    if position + 8 > end or i8(buffer[position + 7]) != 0x3A:
        return False
    if (big32(buffer, position) | 0x20202020) != 0x75706772:  # upgr
        return False
    return (big32(buffer, position + 4) | 0x20202020) == 0x6164653A  # ade:


@part(b1(BYTES, i8, i8), inline=True)
def _is_post(buffer: Any, position: int, end: int) -> bool:
    return position + 4 <= end and big32(buffer, position) == _POST


@part(i8(BYTES, i8, i8, b1, b1))
def _gate_head(buffer: Any, position: int, end: int, has_body: bool, packed: bool) -> int:
    """An HTTP head: PASS, HOLD or 0. Without `has_body` only a mining header passes, or a
    second request behind that may have a body; a request to upgrade is held until a frame
    shows. `packed`: also pass what announces a body in chunks or compressed, whose first
    bytes say nothing.
    """
    stop = min(end, position + HEAD_BYTES)
    index = position
    upgrade = False
    while index < stop:
        if i8(buffer[index]) == 10:
            if _is_mining_header(buffer, index + 1, end):
                return PASS
            if packed and _is_packing_header(buffer, index + 1, end):
                return PASS
            upgrade |= _is_upgrade_header(buffer, index + 1, end)
            following = index + 1
            if following < end and i8(buffer[following]) == 13:
                following += 1
            if following < end and i8(buffer[following]) == 10:  # the head is complete
                if not has_body:
                    if upgrade:
                        return HOLD
                    return PASS if _is_post(buffer, following + 1, end) else 0
                if _skip_blanks(buffer, following + 1, end) >= end:
                    return HOLD
                return PASS if opens_json(buffer, following + 1, end) else 0
        index += 1
    return PASS if has_body or upgrade else 0  # the head goes on in a later segment


@part(b1(BYTES, i8, i8))
def opens_socks5(buffer: Any, position: int, end: int) -> bool:
    """Whether a payload is a SOCKS5 greeting or its beginning, with at most the next message
    behind it. These are few bytes, and binary: each has to be one that clients send.
    """
    if end - position < 2:
        return True
    count = i8(buffer[position + 1])
    if count < 1 or count > SOCKS_METHODS:
        return False
    behind = position + 2 + count
    for index in range(position + 2, min(behind, end)):
        if i8(buffer[index]) > SOCKS_METHOD:
            return False
    if behind >= end:
        return True
    if i8(buffer[behind]) == 1:  # user and password
        return behind + 1 >= end or i8(buffer[behind + 1]) > 0
    if i8(buffer[behind]) != 5:
        return False
    if behind + 1 < end and i8(buffer[behind + 1]) != 1:
        return False
    return behind + 2 >= end or i8(buffer[behind + 2]) == 0


@part(i8(BYTES, i8, i8))
def _text_end(buffer: Any, position: int, end: int) -> int:
    """Where a text of SOCKS4 ends with NUL; `end` when it goes on, -1 when it is none."""
    index = position
    while index < end:
        byte = i8(buffer[index])
        if byte == 0:
            return index
        if byte < 0x21 or byte > 0x7E or index - position >= SOCKS_TEXT:
            return -1
        index += 1
    return end


@part(b1(BYTES, i8, i8))
def opens_socks4(buffer: Any, position: int, end: int) -> bool:
    """Whether a payload is a SOCKS4 or 4a request to connect, or its beginning; behind it
    only what begins like something worth reading.
    """
    length = end - position
    if length > 1 and i8(buffer[position + 1]) != 1:
        return False
    if length > 3 and i8(buffer[position + 2]) == 0 and i8(buffer[position + 3]) == 0:
        return False
    if length < 8:
        return True
    named = big32(buffer, position + 4) < 256  # 4a: 0.0.0.x, and a name behind
    if not named and (i8(buffer[position + 4]) == 0 or i8(buffer[position + 4]) >= 224):
        return False
    if named and i8(buffer[position + 7]) == 0:
        return False
    index = position + 8
    for _ in range(2 if named else 1):
        index = _text_end(buffer, index, end)
        if index < 0 or index >= end:
            return index >= end
        index += 1
    return index >= end or OPENERS[buffer[index]]


@kernel(i8(BYTES, i8, i8, i8, i8, b1), inline=True)
def gate_payload(
    buffer: Any, position: int, end: int, gate: int, side: int, other_silent: bool
) -> int:
    """Look at one TCP payload of a flow in gate state `gate`.

    Returns the new state, with PASS or HOLD added. `other_silent`: no payload was ever
    seen from the other side (an HTTP answer alone is then read too).
    """
    first = i8(buffer[position])
    length = end - position
    waiting = gate & (_HEAD_A << side)
    if first == 0x7B or first == 0x5B or _is_blank(first) or first == 0xEF:
        if (waiting or not gate & _HTTP) and opens_json(buffer, position, end):
            return gate | PASS
        return gate & ~waiting
    if first == 4 or first == 5:
        if gate or not other_silent:
            return gate
        if first == 5:
            return gate | PASS if opens_socks5(buffer, position, end) else gate
        return gate | PASS if opens_socks4(buffer, position, end) else gate
    if first >= 0x81 or first == 1:  # of a WebSocket: texts, binary messages, packed ones
        upgraded = gate & _HTTP != 0 and gate & _HEADS != 0
        if first == 0xC1:
            return gate | PASS if upgraded else gate
        return gate | PASS if opens_websocket(buffer, position, end, upgraded) else gate
    if length < 4:
        # Too short for a verb: a request sent byte by byte still has to be read.
        if not gate and (first == 0x50 or (other_silent and (first == 0x48 or first == 0x43))):
            return gate | PASS
        return gate
    if first == 0x16 or first == 0x17:
        if i8(buffer[position + 1]) == 3 and i8(buffer[position + 2]) <= 4:
            gate |= _TLS
        return gate
    if first < 0x43 or first > 0x50:  # C .. P
        return gate
    verb = big32(buffer, position)
    gate &= ~(_HEAD_A << side)
    if verb == _POST or verb == _PUT:
        verdict = _gate_head(buffer, position, end, True, True)
        if verdict == HOLD:
            return gate | _HTTP | HOLD | (_HEAD_A << side)
        return gate | _HTTP | verdict
    if verb == _GET:
        verdict = _gate_head(buffer, position, end, False, False)
        if verdict == HOLD:
            return gate | _HTTP | HOLD | (_HEAD_A << side)
        return gate | _HTTP | verdict
    if verb == _HTTP_STATUS:
        if not other_silent:
            return gate | _HTTP
        # An answer before any question: what it answers may still come.
        if _gate_head(buffer, position, end, True, False) == PASS:
            return gate | _HTTP | PASS
        return gate | _HTTP | HOLD | (_HEAD_A << side)
    if verb == _CONNECT:  # a way through a proxy, and what comes out of it is still to be seen
        if other_silent and not gate and (length < 8 or big32(buffer, position + 4) == _ECT):
            return gate | _HTTP | PASS
        return gate | _HTTP
    if verb == _PROXY and other_silent and not gate:
        if length < 8:
            return gate | PASS
        kind = big32(buffer, position + 4)
        return gate | PASS if kind == _Y_TC or kind == _Y_UN else gate
    if verb == _HEAD or verb == _OPTIONS or verb == _DELETE or verb == _PATCH:
        return gate | _HTTP
    return gate


@part(i8(BYTES, i8, i8, i8, i8, b1), inline=True)
def gate_first(
    buffer: Any, position: int, end: int, gate: int, side: int, other_silent: bool
) -> int:
    """Look at the first payload of a side where its first byte says nothing.

    Of Stratum V2 only lengths show: the client's key is held until the server's answer has
    the one length it can have.
    """
    length = end - position
    key = gate & (_HEAD_A << (1 - side))
    if key:
        if length == 234 or length == 170 or length == 172:
            return gate | PASS
        gate &= ~key
    if opens_frames(buffer, position, end):
        return gate | PASS
    if other_silent and (length == 64 or length == 32 or length == 34):
        return gate | HOLD | (_HEAD_A << side)
    return gate
