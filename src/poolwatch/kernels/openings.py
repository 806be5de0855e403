"""What a side of a TCP flow says first, put together where it came in several packets.

Openings stand in a ring of bytes: the newest ones are there, the others are forgotten. A
hello whose second part comes before its first is put in order; one whose first packet is not
the one that begins it is not seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from poolwatch.kernels import BYTES, INT64S, b1, i8, kernel, part, row, rows, u8, void
from poolwatch.kernels.dns import read_dns
from poolwatch.kernels.intrinsics import big16, big32, fold
from poolwatch.kernels.names import (
    NAMES_TYPE,
    OWN_BYTES,
    find_learned,
    find_prefix,
    holds_name,
    tables_of,
    take_text,
)
from poolwatch.kernels.tls import (
    CLIENT_HELLO,
    FOUND,
    NOT_YET,
    SERVER_HELLO,
    begins_handshake,
    certificate_is_listed,
    find_certificate,
    find_server_name,
    speaks_tls13,
)
from poolwatch.layouts import (
    FETCH_PATH,
    FLOW,
    FLOW_START,
    NAMED,
    NAMES,
    OPENING,
    OPENING_PIECES,
    SEGMENT,
    FlowFlag,
    Gate,
    Opening,
    OpeningBit,
    What,
)

NAME_OPENERS = np.zeros(256, np.bool_)
"""First bytes of a payload that may hold a name: a TLS handshake, an HTTP request."""
NAME_OPENERS[[0x16, *b"GPHOD"]] = True

HELLO_BYTES = 5 + (1 << 14)  # a TLS record
FLIGHT_BYTES = 1 << 13  # of a server's first records
HEAD_BYTES = 4096  # of an HTTP request looked through for its host
DNS_BYTES = 1 << 14  # of a DNS message over TCP
DNS_MESSAGES = 4  # in one segment
ROWS_PER_PAYLOAD = DNS_MESSAGES + 1
"""The most rows one payload gives here."""

_OPENING_A = int(Gate.OPENING_A)
_HELLO = int(Opening.HELLO)
_FLIGHT = int(Opening.FLIGHT)
_DNS = int(Opening.DNS)
_HOST = int(Opening.HOST)
_SNI = int(OpeningBit.SNI)
_CUT = int(OpeningBit.CUT)
_HELD = int(OpeningBit.HELD)
_WHAT_DNS = int(What.DNS)
_WHAT_HOST = int(What.HOST)
_WHAT_OPENING = int(What.OPENING)
_LISTED = int(FlowFlag.LISTED)
_MAPPED = 0xFFFF_0000_0000
_FNV_PRIME = 0x100000001B3
_SERIAL = 0xFFFFFFFF
_NOWHERE = -(1 << 62)  # a place no ring reaches
_PORT_DNS = 53

_VERBS = (
    0x47455420,  # "GET "
    0x504F5354,  # "POST"
    0x48454144,  # "HEAD"
    0x50555420,  # "PUT "
    0x4F505449,  # "OPTI"
    0x44454C45,  # "DELE"
    0x50415443,  # "PATC"
)
_GET = 0x47455420
_HOST_HEADER = 0x686F7374  # "host"


# -- the ring --------------------------------------------------------------------------------


@part(i8(NAMES_TYPE, i8, i8, i8, i8, i8))
def begin_opening(names: Any, what: int, want: int, seq: int, side: int, ts_ns: int) -> int:
    """Reserve room for an opening of `want` bytes; its number, 0 when it is too large."""
    tables = tables_of(names)
    size = i8(tables.ring.shape[0])
    if want > size // 4:
        return 0
    at = names["bytes"]
    if at % size + want > size:
        at += size - at % size
    names["bytes"] = at + want
    number = (names["openings"] + 1) & _SERIAL
    if number == 0:
        number = 1
    names["openings"] = number
    opening = tables.openings[number % tables.openings.shape[0]]
    opening["at"] = at
    opening["ts_ns"] = ts_ns
    opening["seq"] = seq
    opening["want"] = want
    opening["have"] = 0
    opening["ahead"] = 0
    opening["ahead_end"] = 0
    opening["pieces"] = 0
    opening["what"] = what
    opening["bits"] = 0
    opening["side"] = side
    return number


@part(b1(NAMES_TYPE, i8), inline=True)
def is_kept(names: Any, number: int) -> bool:
    """Whether the opening of that number is still in the ring."""
    tables = tables_of(names)
    if number == 0:
        return False
    if ((names["openings"] - number) & _SERIAL) >= tables.openings.shape[0]:
        return False
    opening = tables.openings[number % tables.openings.shape[0]]
    return names["bytes"] - opening["at"] <= tables.ring.shape[0]


@part(void(OWN_BYTES, row(OPENING), BYTES, i8, i8, i8, i8, i8))
def add_piece(
    ring: Any,
    opening: Any,
    buffer: Any,
    position: int,
    length: int,
    place: int,
    number: int,
    frame_offset: int,
) -> None:
    """Put captured bytes at `place` of an opening; packet `number` holds them."""
    length = min(length, i8(opening["want"]) - place)
    if length <= 0 or place + length <= i8(opening["have"]):
        return
    start = i8(opening["at"]) % i8(ring.shape[0]) + place
    for index in range(length):
        ring[start + index] = buffer[position + index]
    have = i8(opening["have"])
    if place <= have:
        have = place + length
        if opening["ahead"] <= have and have < i8(opening["ahead_end"]):
            have = i8(opening["ahead_end"])
        opening["have"] = have
    elif opening["ahead_end"] <= have:  # nothing was behind the hole yet
        opening["ahead"] = place
        opening["ahead_end"] = place + length
    elif place == i8(opening["ahead_end"]):
        opening["ahead_end"] = place + length
    else:
        return
    piece = i8(opening["pieces"])
    if piece < OPENING_PIECES:
        opening["packets"][piece] = number
        opening["places"][piece] = place
        opening["frames"][piece] = frame_offset
        opening["sizes"][piece] = length
        opening["pieces"] = piece + 1


@kernel(void(rows(NAMES), rows(NAMES), i8))
def adopt_openings(ours: Any, others: Any, packets: int) -> None:
    """Append the openings of a later slice, whose packets are numbered from `packets` on.

    Opening n of the slice becomes the n-th behind ours.
    """
    names = ours[0]
    later = others[0]
    tables = tables_of(names)
    theirs = tables_of(later)
    count = i8(later["openings"])
    first = max(count - i8(theirs.openings.shape[0]), 0) + 1
    names["openings"] = (names["openings"] + first - 1) & _SERIAL
    for number in range(first, count + 1):
        source = theirs.openings[number % theirs.openings.shape[0]]
        if not is_kept(later, number):  # its number is used up all the same
            serial = (names["openings"] + 1) & _SERIAL
            names["openings"] = serial
            tables.openings[serial % tables.openings.shape[0]]["at"] = _NOWHERE
            continue
        serial = begin_opening(
            names,
            i8(source["what"]),
            i8(source["want"]),
            i8(source["seq"]),
            i8(source["side"]),
            i8(source["ts_ns"]),
        )
        opening = tables.openings[serial % tables.openings.shape[0]]
        begin = i8(source["at"]) % i8(theirs.ring.shape[0])
        start = i8(opening["at"]) % i8(tables.ring.shape[0])
        for index in range(i8(source["want"])):
            tables.ring[start + index] = theirs.ring[begin + index]
        opening["have"] = source["have"]
        opening["ahead"] = source["ahead"]
        opening["ahead_end"] = source["ahead_end"]
        opening["pieces"] = source["pieces"]
        opening["bits"] = source["bits"]
        for piece in range(OPENING_PIECES):
            opening["packets"][piece] = source["packets"][piece] + packets
            opening["places"][piece] = source["places"][piece]
            opening["frames"][piece] = source["frames"][piece]
            opening["sizes"][piece] = source["sizes"][piece]


@part(i8(row(FLOW_START), i8), inline=True)
def _opening_of(start: Any, side: int) -> int:
    return i8(start["opening_b"]) if side else i8(start["opening_a"])


@part(void(row(FLOW_START), i8, i8), inline=True)
def _set_opening(start: Any, side: int, number: int) -> None:
    if side:
        start["opening_b"] = number
    else:
        start["opening_a"] = number


@part(i8(rows(SEGMENT), i8, i8, i8, i8, i8, i8, i8, i8, i8, i8))
def _write_row(
    segments: Any,
    written: int,
    what: int,
    ts_ns: int,
    number: int,
    record: int,
    side: int,
    offset: int,
    length: int,
    wire: int,
    frame_offset: int,
) -> int:
    """One SEGMENT row; for What.OPENING `wire` is the number of the opening."""
    segment = segments[written]
    segment["ts_ns"] = ts_ns
    segment["packet"] = number
    segment["flow"] = record
    segment["offset"] = offset
    segment["length"] = length
    segment["wire"] = wire
    segment["seq"] = 0
    segment["frame_offset"] = frame_offset
    segment["side"] = side
    segment["what"] = what
    segment["bits"] = 0
    return written + 1


# -- what is in them -------------------------------------------------------------------------


@part(b1(NAMES_TYPE, row(OPENING)))
def _hello_is_listed(names: Any, opening: Any) -> bool:
    """Whether a hello asks for a listed name; notes whether it asks for any."""
    tables = tables_of(names)
    begin = i8(opening["at"]) % i8(tables.ring.shape[0])
    end = begin + i8(opening["have"])
    if not find_server_name(tables.ring_read, begin, end, tables.work):
        return False
    opening["bits"] = i8(opening["bits"]) | _SNI
    return holds_name(
        names, take_text(tables.ring_read, tables.work[1], tables.work[2], tables.flat)
    )


@part(i8(NAMES_TYPE, row(OPENING)))
def _look_for_certificate(names: Any, opening: Any) -> int:
    """Whether the certificate of a flight is there, and -1 when it is and has a listed name."""
    tables = tables_of(names)
    begin = i8(opening["at"]) % i8(tables.ring.shape[0])
    end = begin + i8(opening["have"])
    found = find_certificate(tables.ring_read, begin, end, tables.work)
    if found == FOUND and certificate_is_listed(
        tables.ring_read, tables.work[1], tables.work[2], names
    ):
        return -1
    return found


@part(
    i8(NAMES_TYPE, i8, row(FLOW), row(FLOW_START), i8, i8, i8, b1, rows(SEGMENT), i8),
)
def _advance(
    names: Any,
    serial: int,
    flow: Any,
    start: Any,
    record: int,
    ts_ns: int,
    number: int,
    cut: bool,
    segments: Any,
    written: int,
) -> int:
    """An opening has got more bytes: if it is complete, see what is in it."""
    tables = tables_of(names)
    opening = tables.openings[serial % tables.openings.shape[0]]
    side = i8(opening["side"])
    what = i8(opening["what"])
    complete = opening["have"] == opening["want"] or cut
    listed = False
    if what == _FLIGHT:
        found = _look_for_certificate(names, opening)
        listed = found < 0 and not i8(opening["bits"]) & _HELD
        complete |= found != NOT_YET
    if not complete:
        flow["gate"] = i8(flow["gate"]) | (_OPENING_A << side)
        return written
    flow["gate"] = i8(flow["gate"]) & ~(_OPENING_A << side)
    if cut:
        opening["bits"] = i8(opening["bits"]) | _CUT
    if opening["at"] + opening["want"] == names["bytes"]:  # give back what was not needed
        names["bytes"] = opening["at"] + opening["have"]
    if what == _HELLO:
        listed = _hello_is_listed(names, opening)
    elif what == _DNS:
        begin = i8(opening["at"]) % i8(tables.ring.shape[0])
        end = begin + i8(opening["have"])
        listed = read_dns(tables.ring_read, begin + 2, end, flow, side, ts_ns, number, names)
    if listed and start["named"] == 0:
        start["named"] = NAMED
    if listed or (start["named"] != 0 and what != _DNS):
        written = _write_row(
            segments,
            written,
            _WHAT_OPENING,
            i8(opening["ts_ns"]),
            number,
            record,
            side,
            0,
            i8(opening["have"]),
            serial,
            0,
        )
    if what == _DNS:
        _set_opening(start, side, 0)
    return written


@part(b1(BYTES, i8, i8, INT64S))
def _find_host(buffer: Any, position: int, end: int, work: Any) -> bool:
    """The host an HTTP request head names: its place and length go to `work[1]`, `work[2]`."""
    stop = min(end, position + HEAD_BYTES)
    while position + 6 < stop:
        if i8(buffer[position]) != 10:
            position += 1
            continue
        position += 1
        if i8(buffer[position]) <= 13:  # a blank line: the head is over
            return False
        if (big32(buffer, position) | 0x20202020) != _HOST_HEADER:
            continue
        if i8(buffer[position + 4]) != 58:  # :
            continue
        position += 5
        while position < stop and (i8(buffer[position]) == 32 or i8(buffer[position]) == 9):
            position += 1
        begin = position
        while position < stop and i8(buffer[position]) > 32 and i8(buffer[position]) != 58:
            position += 1
        work[1] = begin
        work[2] = position - begin
        return position > begin and position < stop
    return False


@part(b1(BYTES, i8, i8), inline=True)
def _is_bare(buffer: Any, begin: int, size: int) -> bool:
    """Whether a host is an address: three dots between digits, or the [ of IPv6."""
    if i8(buffer[begin]) == 0x5B:
        return True
    dots = 0
    for index in range(begin, begin + size):
        byte = i8(buffer[index])
        if byte == 0x2E:
            dots += 1
        elif byte < 0x30 or byte > 0x39:
            return False
    return dots == 3


@part(b1(BYTES, i8), inline=True)
def _ends_head(buffer: Any, end: int) -> bool:
    """Whether a blank line ends a request's payload: its head is whole."""
    if i8(buffer[end - 1]) != 10:
        return False
    return i8(buffer[end - 2]) == 10 or (i8(buffer[end - 2]) == 13 and i8(buffer[end - 3]) == 10)


@part(void(NAMES_TYPE, row(FLOW), i8, i8, i8, BYTES, i8, i8))
def _note_fetch(
    names: Any,
    flow: Any,
    side: int,
    ts_ns: int,
    number: int,
    buffer: Any,
    position: int,
    end: int,
) -> None:
    """Keep a request whose path begins there, if it goes from inside to outside and is new."""
    tables = tables_of(names)
    version = 4 if i8(flow["kind"]) <= 2 else 6
    a_inside = find_prefix(tables.insides, version, flow["a_hi"], flow["a_lo"]) >= 0
    b_inside = find_prefix(tables.insides, version, flow["b_hi"], flow["b_lo"]) >= 0
    if a_inside == b_inside or a_inside != (side == 0):
        return
    mapped = u8(_MAPPED) if version == 4 else u8(0)
    client_hi = flow["a_hi"]
    client_lo = flow["a_lo"] | mapped
    server_hi = flow["b_hi"]
    server_lo = flow["b_lo"] | mapped
    port = i8(flow["ports"]) & 0xFFFF
    if side:
        client_hi = flow["b_hi"]
        client_lo = flow["b_lo"] | mapped
        server_hi = flow["a_hi"]
        server_lo = flow["a_lo"] | mapped
        port = i8(flow["ports"]) >> 16
    stop = min(end, position + FETCH_PATH)
    size = i8(0)
    hashed = fold(client_hi ^ names["seed_a"], client_lo ^ names["seed_b"])
    hashed = fold(hashed ^ server_hi, server_lo ^ names["seed_a"]) ^ u8(port)
    while position + size < stop and i8(buffer[position + size]) > 32:
        hashed = (hashed ^ u8(buffer[position + size])) * u8(_FNV_PRIME)
        size += 1
    place = i8(hashed >> u8(32)) & (tables.fetch_hashes.shape[0] - 1)
    if tables.fetch_hashes[place] == hashed:
        return
    tables.fetch_hashes[place] = hashed
    fetch = tables.fetches[names["fetches"] % tables.fetches.shape[0]]
    names["fetches"] += 1
    fetch["client_hi"] = client_hi
    fetch["client_lo"] = client_lo
    fetch["server_hi"] = server_hi
    fetch["server_lo"] = server_lo
    fetch["ts_ns"] = ts_ns
    fetch["packet"] = number
    fetch["capture"] = names["capture"]
    fetch["port"] = port
    fetch["size"] = size
    for index in range(size):
        fetch["path"][index] = buffer[position + index]


@part(b1(BYTES, i8, i8), inline=True)
def _is_request(buffer: Any, position: int, end: int) -> bool:
    if position + 16 > end:
        return False
    verb = big32(buffer, position)
    for known in _VERBS:
        if verb == known:
            return True
    return False


@part(b1(BYTES, i8, i8), inline=True)
def opens_name(buffer: Any, position: int, end: int) -> bool:
    """Whether a payload that begins with one of NAME_OPENERS may be what they stand for."""
    if i8(buffer[position]) != 0x16:
        return _is_request(buffer, position, end)
    if position + 6 > end:
        return False
    kind = i8(buffer[position + 5])
    return i8(buffer[position + 1]) == 3 and (kind == CLIENT_HELLO or kind == SERVER_HELLO)


# -- doors -----------------------------------------------------------------------------------


@part(
    i8(
        BYTES,
        i8,
        i8,
        b1,
        i8,
        i8,
        i8,
        i8,
        i8,
        row(FLOW),
        row(FLOW_START),
        i8,
        NAMES_TYPE,
        rows(SEGMENT),
        i8,
    )
)
def _read_dns_stream(
    buffer: Any,
    position: int,
    length: int,
    cut: bool,
    seq: int,
    side: int,
    ts_ns: int,
    number: int,
    frame_offset: int,
    flow: Any,
    start: Any,
    record: int,
    names: Any,
    segments: Any,
    written: int,
) -> int:
    """Messages of DNS over TCP, each behind its length, from the beginning of a payload on."""
    tables = tables_of(names)
    end = position + length
    begin = position
    for _ in range(DNS_MESSAGES):
        if position + 2 > end:
            break
        want = 2 + big16(buffer, position)
        if want < 14:
            break
        if position + want <= end or cut:
            stop = min(position + want, end)
            if read_dns(buffer, position + 2, stop, flow, side, ts_ns, number, names):
                if start["named"] == 0:
                    start["named"] = NAMED
                written = _write_row(
                    segments,
                    written,
                    _WHAT_DNS,
                    ts_ns,
                    number,
                    record,
                    side,
                    position + 2,
                    stop - position - 2,
                    want - 2,
                    frame_offset + position + 2 - begin,
                )
            position += want
            continue
        if want <= DNS_BYTES:
            serial = begin_opening(names, _DNS, want, seq + position - begin, side, ts_ns)
            if serial != 0:
                _set_opening(start, side, serial)
                opening = tables.openings[serial % tables.openings.shape[0]]
                add_piece(
                    tables.ring,
                    opening,
                    buffer,
                    position,
                    end - position,
                    0,
                    number,
                    frame_offset + position - begin,
                )
                flow["gate"] = i8(flow["gate"]) | (_OPENING_A << side)
        break
    return written


@part(
    i8(
        BYTES,
        i8,
        i8,
        i8,
        i8,
        i8,
        i8,
        row(FLOW),
        row(FLOW_START),
        i8,
        NAMES_TYPE,
        rows(SEGMENT),
        i8,
    )
)
def _read_host(
    buffer: Any,
    position: int,
    length: int,
    side: int,
    ts_ns: int,
    number: int,
    frame_offset: int,
    flow: Any,
    start: Any,
    record: int,
    names: Any,
    segments: Any,
    written: int,
) -> int:
    """An HTTP request: its host, if it is listed or the flow's address was learned.

    Notes what is fetched of an outside server without a name.
    """
    tables = tables_of(names)
    found = _find_host(buffer, position, position + length, tables.work)
    begin = tables.work[1]
    size = tables.work[2]
    if tables.insides.shape[0] > 0 and big32(buffer, position) == _GET:
        bare = _is_bare(buffer, begin, size) if found else _ends_head(buffer, position + length)
        if bare and not i8(flow["flags"]) & _LISTED:
            _note_fetch(names, flow, side, ts_ns, number, buffer, position + 4, position + length)
    if not found:
        return written
    first = _opening_of(start, side) == 0
    listed = holds_name(names, take_text(buffer, begin, size, tables.flat))
    if listed and start["named"] == 0:
        start["named"] = NAMED
    if first and (start["named"] != 0 or names["keep"] != 0):
        # The first host decides about a learned address; a slice may not know of it yet.
        serial = begin_opening(names, _HOST, size, 0, side, ts_ns)
        if serial != 0:
            _set_opening(start, side, serial)
            opening = tables.openings[serial % tables.openings.shape[0]]
            place = frame_offset + begin - position
            add_piece(tables.ring, opening, buffer, begin, size, 0, number, place)
    if listed or (first and start["named"] != 0):
        return _write_row(
            segments,
            written,
            _WHAT_HOST,
            ts_ns,
            number,
            record,
            side,
            begin,
            size,
            size,
            frame_offset + begin - position,
        )
    return written


@part(
    i8(
        BYTES,
        i8,
        i8,
        b1,
        i8,
        i8,
        i8,
        i8,
        i8,
        row(FLOW),
        row(FLOW_START),
        i8,
        NAMES_TYPE,
        rows(SEGMENT),
        i8,
    )
)
def read_payload(
    buffer: Any,
    position: int,
    length: int,
    cut: bool,
    seq: int,
    side: int,
    ts_ns: int,
    number: int,
    frame_offset: int,
    flow: Any,
    start: Any,
    record: int,
    names: Any,
    segments: Any,
    written: int,
) -> int:
    """One TCP payload that may hold a name; returns the new number of rows."""
    tables = tables_of(names)
    end = position + length
    ports = i8(flow["ports"])
    is_dns = ports >> 16 == _PORT_DNS or ports & 0xFFFF == _PORT_DNS
    if i8(flow["gate"]) & (_OPENING_A << side):
        serial = _opening_of(start, side)
        if is_kept(names, serial):
            opening = tables.openings[serial % tables.openings.shape[0]]
            place = (seq - i8(opening["seq"])) & _SERIAL
            if place < opening["want"]:
                add_piece(
                    tables.ring, opening, buffer, position, length, place, number, frame_offset
                )
                return _advance(
                    names,
                    serial,
                    flow,
                    start,
                    record,
                    ts_ns,
                    number,
                    cut,
                    segments,
                    written,
                )
        # Bytes beyond it, or it is forgotten: it will not become complete.
        flow["gate"] = i8(flow["gate"]) & ~(_OPENING_A << side)
        if is_dns:
            _set_opening(start, side, 0)
    if is_dns:
        return _read_dns_stream(
            buffer,
            position,
            length,
            cut,
            seq,
            side,
            ts_ns,
            number,
            frame_offset,
            flow,
            start,
            record,
            names,
            segments,
            written,
        )
    if i8(buffer[position]) != 0x16:
        if not _is_request(buffer, position, end):
            return written
        return _read_host(
            buffer,
            position,
            length,
            side,
            ts_ns,
            number,
            frame_offset,
            flow,
            start,
            record,
            names,
            segments,
            written,
        )
    if _opening_of(start, side) != 0:
        return written
    held = 0
    if begins_handshake(buffer, position, end, CLIENT_HELLO):
        want = min(5 + big16(buffer, position + 3), HELLO_BYTES)
        what = _HELLO
    elif begins_handshake(buffer, position, end, SERVER_HELLO):
        other = _opening_of(start, 1 - side)
        if start["named"] == 0 and is_kept(names, other):
            if i8(tables.openings[other % tables.openings.shape[0]]["bits"]) & _SNI:
                # The client said whom it wants, and it is not listed: the certificate matters
                # only if the address was learned, which a slice may not know yet.
                if names["keep"] == 0:
                    return written
                held = _HELD
        if speaks_tls13(buffer, position, end):
            return written
        want = FLIGHT_BYTES
        what = _FLIGHT
    else:
        return written
    serial = begin_opening(names, what, want, seq, side, ts_ns)
    if serial == 0:
        return written
    _set_opening(start, side, serial)
    opening = tables.openings[serial % tables.openings.shape[0]]
    opening["bits"] = held
    add_piece(tables.ring, opening, buffer, position, length, 0, number, frame_offset)
    return _advance(names, serial, flow, start, record, ts_ns, number, cut, segments, written)


@part(
    i8(
        BYTES,
        i8,
        i8,
        i8,
        i8,
        i8,
        i8,
        row(FLOW),
        row(FLOW_START),
        i8,
        NAMES_TYPE,
        rows(SEGMENT),
        i8,
    )
)
def read_datagram(
    buffer: Any,
    position: int,
    length: int,
    side: int,
    ts_ns: int,
    number: int,
    frame_offset: int,
    flow: Any,
    start: Any,
    record: int,
    names: Any,
    segments: Any,
    written: int,
) -> int:
    """One UDP payload from or to port 53; returns the new number of rows."""
    if not read_dns(buffer, position, position + length, flow, side, ts_ns, number, names):
        return written
    if start["named"] == 0:
        start["named"] = NAMED
    return _write_row(
        segments,
        written,
        _WHAT_DNS,
        ts_ns,
        number,
        record,
        side,
        position,
        length,
        length,
        frame_offset,
    )


# -- learned addresses, asked for a flow -----------------------------------------------------


@part(i8(NAMES_TYPE, row(FLOW), row(FLOW_START)))
def name_of_address(names: Any, flow: Any, start: Any) -> int:
    """The packet that taught one end of a flow the other's address, before the flow began."""
    first_ns = i8(start["first_ns"])
    before = i8(start["first_packet"])
    return max(
        find_learned(
            names, flow["a_hi"], flow["a_lo"], flow["b_hi"], flow["b_lo"], first_ns, before
        ),
        find_learned(
            names, flow["b_hi"], flow["b_lo"], flow["a_hi"], flow["a_lo"], first_ns, before
        ),
    )


@part(void(NAMES_TYPE, row(FLOW), row(FLOW_START)))
def mark_flow(names: Any, flow: Any, start: Any) -> None:
    """Note of a flow that begins which answer taught its address, and which listed network."""
    tables = tables_of(names)
    if i8(flow["kind"]) & 1:
        start["named"] = name_of_address(names, flow, start)
    if tables.prefixes.shape[0] > 0:
        version = 4 if i8(flow["kind"]) <= 2 else 6
        listed = find_prefix(tables.prefixes, version, flow["b_hi"], flow["b_lo"])
        if listed < 0:
            listed = find_prefix(tables.prefixes, version, flow["a_hi"], flow["a_lo"])
        start["prefix"] = listed
