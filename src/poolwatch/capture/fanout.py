"""How several sockets share the packets of an interface (PACKET_FANOUT in packet(7)).

The kernel's own hash deals out by addresses and ports. That keeps both directions of a plain
flow together, but not of one in a tunnel over UDP: VXLAN and GENEVE choose the outer source port
anew at each end. So by default a small program deals out by the two outer addresses alone;
fragments come to the same socket then, too.
"""

from __future__ import annotations

import secrets
import socket
import struct
from typing import Literal

from poolwatch.capture.bpf import Program, with_program

SHARINGS = Literal["addresses", "flow"]

_SOL_PACKET = 263
_FANOUT = 18
_FANOUT_DATA = 22
_BY_HASH = 0
_BY_CPU = 2
_BY_PROGRAM = 6

_TRIES = 32
_LOOPBACK = "lo"
_NO_PROTOCOL = 0x88B5  # set aside for experiments (IEEE 802): a socket must have one to join

_NETWORK = 0xFFF00000  # in a load's offset: counted from the network header
_PROTOCOL = 0xFFFFF000  # instead of an offset: the ethertype
_LOAD_HALF, _LOAD_WORD_BEHIND_X = 0x28, 0x40
_SET_X, _STORE, _STORED_TO_X = 0x01, 0x02, 0x61
_XOR_X, _MULTIPLY, _SHIFT_RIGHT = 0xAC, 0x24, 0x74
_IF_EQUAL, _RETURN_A, _RETURN = 0x15, 0x16, 0x06
_MIX = 0x9E3779B1


def _by_addresses() -> Program:
    """Deals out by the addresses of IPv4 or IPv6, behind a second VLAN tag too; the rest to one."""
    mixed: Program = [(_MULTIPLY, 0, 0, _MIX), (_SHIFT_RIGHT, 0, 0, 16), (_RETURN_A, 0, 0, 0)]
    v4 = _xored([12, 16]) + mixed
    v6 = _xored(list(range(8, 40, 4))) + mixed
    return [
        (_SET_X, 0, 0, 0),
        (_LOAD_HALF, 0, 0, _PROTOCOL),
        (_IF_EQUAL, 1, 0, 0x8100),
        (_IF_EQUAL, 0, 2, 0x88A8),
        (_SET_X, 0, 0, 4),
        (_LOAD_HALF, 0, 0, _NETWORK + 2),
        (_IF_EQUAL, 0, len(v4), 0x0800),
        *v4,
        (_IF_EQUAL, 0, len(v6), 0x86DD),
        *v6,
        (_RETURN, 0, 0, 0),
    ]


def _xored(places: list[int]) -> Program:
    """All 32-bit words at these places of the header, XORed."""
    program: Program = []
    for number, place in enumerate(places):
        program.append((_LOAD_WORD_BEHIND_X, 0, 0, _NETWORK + place))
        if number < len(places) - 1:
            program.append((_STORE, 0, 0, number))
    for number in range(len(places) - 1):
        program += [(_STORED_TO_X, 0, 0, number), (_XOR_X, 0, 0, 0)]
    return program


def free_groups(count: int) -> int:
    """The first of `count` numbers in a row that no group of this network has.

    By chance where that cannot be told, and never by what other sensors would choose as well: in
    containers all of them have the same process number.
    """
    first = 0
    for _ in range(_TRIES):
        first = secrets.randbelow((1 << 16) - count)
        if all(is_free(first + number) for number in range(count)):
            break
    return first


def is_free(group: int) -> bool:
    """Whether a socket can join a group in a way and at a place that no other has.

    One that exists with other ones refuses it. The socket is gone before a packet is dealt out.
    """
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as probe:
        probe.bind((_LOOPBACK, _NO_PROTOCOL))
        try:
            probe.setsockopt(_SOL_PACKET, _FANOUT, struct.pack("I", group | _BY_CPU << 16))
        except OSError:
            return False
    return True


def join(packet_socket: socket.socket, group: int, share_by: SHARINGS) -> None:
    """Share packets with all sockets of this group, which are bound to the same interface.

    Raises OSError where the group is of other sockets.
    """
    kind = _BY_HASH if share_by == "flow" else _BY_PROGRAM
    word = group & 0xFFFF | kind << 16
    packet_socket.setsockopt(_SOL_PACKET, _FANOUT, struct.pack("I", word))
    if kind == _BY_PROGRAM:
        with with_program(_by_addresses()) as value:
            packet_socket.setsockopt(_SOL_PACKET, _FANOUT_DATA, value)
