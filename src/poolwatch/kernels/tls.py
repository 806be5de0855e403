"""TLS handshakes in clear: the name a ClientHello asks for, the names in a certificate."""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, INT64S, b1, i8, part
from poolwatch.kernels.intrinsics import big16, big32
from poolwatch.kernels.names import NAMES_TYPE, holds_name, tables_of, take_text

CLIENT_HELLO = 1
SERVER_HELLO = 2
_CERTIFICATE = 11
_HANDSHAKE = 0x16
_RECORD = 5  # bytes of a record header

_SERVER_NAME = 0
_SUPPORTED_VERSIONS = 43
_TLS13 = 0x0304

_ALTERNATIVE_NAME = 0x0603551D  # the object identifiers 2.5.29.17 and 2.5.4.3, first 4 bytes
_COMMON_NAME = 0x06035504
_DNS_NAME = 0x82  # [2] of GeneralName
CERTIFICATE_NAMES = 128
"""Names of one certificate that are looked at."""

# What `find_certificate` says.
NOT_YET = 0
NONE = 1
FOUND = 2


@part(i8(BYTES, i8), inline=True)
def _big24(buffer: Any, index: int) -> int:
    return (i8(buffer[index]) << 16) | big16(buffer, index + 1)


@part(b1(BYTES, i8, i8, i8), inline=True)
def begins_handshake(buffer: Any, position: int, end: int, kind: int) -> bool:
    """Whether a TLS record with this handshake message begins here."""
    return (
        position + _RECORD < end
        and i8(buffer[position]) == _HANDSHAKE
        and i8(buffer[position + 1]) == 3
        and i8(buffer[position + 2]) <= 4
        and i8(buffer[position + _RECORD]) == kind
    )


@part(b1(BYTES, i8, i8, INT64S))
def find_server_name(buffer: Any, position: int, end: int, work: Any) -> bool:
    """The server name of a ClientHello whose record begins at `position`.

    Its place and length go into `work[1]` and `work[2]`.
    """
    position += _RECORD + 4 + 2 + 32
    if position + 1 > end:
        return False
    position += 1 + i8(buffer[position])  # session id
    if position + 2 > end:
        return False
    position += 2 + big16(buffer, position)  # cipher suites
    if position + 1 > end:
        return False
    position += 1 + i8(buffer[position])  # compression methods
    if position + 2 > end:
        return False
    stop = min(end, position + 2 + big16(buffer, position))
    position += 2
    while position + 4 <= stop:
        size = big16(buffer, position + 2)
        body = position + 4
        if big16(buffer, position) == _SERVER_NAME:
            if size < 5 or body + 5 > stop or i8(buffer[body + 2]) != 0:
                return False
            length = big16(buffer, body + 3)
            if length == 0 or body + 5 + length > stop:
                return False
            work[1] = body + 5
            work[2] = length
            return True
        position = body + size
    return False


@part(b1(BYTES, i8, i8))
def speaks_tls13(buffer: Any, position: int, end: int) -> bool:
    """Whether a ServerHello whose record begins at `position` chose TLS 1.3."""
    position += _RECORD + 4 + 2 + 32
    if position + 1 > end:
        return False
    position += 1 + i8(buffer[position]) + 3  # session id, cipher suite, compression method
    if position + 2 > end:
        return False
    stop = min(end, position + 2 + big16(buffer, position))
    position += 2
    while position + 4 <= stop:
        size = big16(buffer, position + 2)
        if big16(buffer, position) == _SUPPORTED_VERSIONS and size == 2 and position + 6 <= stop:
            return big16(buffer, position + 4) == _TLS13
        position += 4 + size
    return False


@part(i8(BYTES, i8, i8, INT64S))
def find_certificate(buffer: Any, position: int, end: int, work: Any) -> int:
    """The server's own certificate among the records from `position` on.

    FOUND: it stands from `work[1]` to `work[2]`. Handshake messages are looked for at the
    beginning of records and behind one another; one that goes on in a second record, as no
    usual server sends it, ends the search.
    """
    while position + _RECORD <= end:
        if i8(buffer[position]) != _HANDSHAKE or i8(buffer[position + 1]) != 3:
            return NONE
        stop = position + _RECORD + big16(buffer, position + 3)
        message = position + _RECORD
        while message + 4 <= stop:
            if message + 4 > end:
                return NOT_YET
            size = _big24(buffer, message + 1)
            if i8(buffer[message]) == _CERTIFICATE:
                if message + 10 > stop:
                    return NONE
                if message + 10 > end:
                    return NOT_YET
                first = message + 10
                last = first + _big24(buffer, message + 7)
                if last > message + 4 + size or last > stop:
                    return NONE
                if last > end:
                    return NOT_YET
                work[1] = first
                work[2] = last
                return FOUND
            message += 4 + size
        if message != stop:
            return NONE
        position = stop
    return NOT_YET


@part(i8(BYTES, i8, i8), inline=True)
def _der_length(buffer: Any, position: int, end: int) -> int:
    """Length and width of a DER length at `position`, as length * 8 + width; -1 for none."""
    if position >= end:
        return -1
    first = i8(buffer[position])
    if first < 0x80:
        return first * 8 + 1
    if first == 0x81 and position + 2 <= end:
        return i8(buffer[position + 1]) * 8 + 2
    if first == 0x82 and position + 3 <= end:
        return big16(buffer, position + 1) * 8 + 3
    return -1


@part(b1(BYTES, i8, i8, NAMES_TYPE))
def _holds_alternative_name(buffer: Any, position: int, end: int, names: Any) -> bool:
    """Whether a listed dNSName stands in the extension behind its identifier."""
    tables = tables_of(names)
    if position + 3 <= end and i8(buffer[position]) == 0x01:  # critical
        position += 3
    for tag in (0x04, 0x30):  # the octet string, and the sequence in it
        if position >= end or i8(buffer[position]) != tag:
            return False
        length = _der_length(buffer, position + 1, end)
        if length < 0:
            return False
        position += 1 + (length & 7)
        end = min(end, position + (length >> 3))
    for _ in range(CERTIFICATE_NAMES):
        if position >= end:
            break
        length = _der_length(buffer, position + 1, end)
        if length < 0:
            break
        body = position + 1 + (length & 7)
        size = length >> 3
        if body + size > end:
            break
        if i8(buffer[position]) == _DNS_NAME and holds_name(
            names, take_text(buffer, body, size, tables.flat)
        ):
            return True
        position = body + size
    return False


@part(b1(BYTES, i8, i8, NAMES_TYPE))
def certificate_is_listed(buffer: Any, position: int, end: int, names: Any) -> bool:
    """Whether a certificate may have a listed name: as common name or alternative name.

    The identifiers are searched for, not walked to; whoever judges it walks.
    """
    tables = tables_of(names)
    while position + 8 <= end:
        if i8(buffer[position]) == 0x06:
            head = big32(buffer, position)
            last = i8(buffer[position + 4])
            if head == _ALTERNATIVE_NAME and last == 17:
                if _holds_alternative_name(buffer, position + 5, end, names):
                    return True
            elif head == _COMMON_NAME and last == 3:
                length = _der_length(buffer, position + 6, end)
                body = position + 6 + (length & 7)
                if length >= 0 and body + (length >> 3) <= end:
                    if holds_name(names, take_text(buffer, body, length >> 3, tables.flat)):
                        return True
        position += 1
    return False
