"""Filters in the language of tcpdump, compiled by libpcap, which scapy finds and calls.

scapy is GPL-2.0-only, so it is no dependency: it comes with `poolwatch[live]`, and only this
file and `capture/libpcap.py` import it, when a filter or libpcap is asked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import re
import struct
from collections.abc import Iterator

from poolwatch.errors import UsageError

Program = list[tuple[int, int, int, int]]
"""Instructions of classic BPF: code, jump if true, jump if false, k."""

_RETURN = 0x06  # of a constant: the bytes to keep
_MOST_INSTRUCTIONS = 4096  # the kernel's bound
_MISSING = (
    "pip install 'poolwatch[live]', and libpcap as the system's package libpcap0.8 or libpcap"
)


def accept_all(snap_bytes: int) -> Program:
    """Keep so many bytes of every packet."""
    return [(_RETURN, 0, 0, snap_bytes)]


REJECT_ALL: Program = [(_RETURN, 0, 0, 0)]


@contextlib.contextmanager
def with_program(program: Program) -> Iterator[bytes]:
    """The value of a socket option that takes a program (struct sock_fprog), while it is set."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    held = ctypes.create_string_buffer(code, len(code))
    yield struct.pack("HP", len(program), ctypes.addressof(held))


def compile_filter(text: str, dlt: int, snap_bytes: int) -> Program:
    """The program of a filter for a link layer; what it lets through is cut at `snap_bytes`.

    Raises UsageError for a filter that libpcap refuses, or one that cannot do here what it says.
    """
    if not text.strip():
        return accept_all(snap_bytes)
    _refuse_tags(text)
    program = _compile(text, dlt)
    if len(program) > _MOST_INSTRUCTIONS:
        raise UsageError(
            f"bpf: {len(program)} instructions, the kernel takes {_MOST_INSTRUCTIONS}",
            "make the filter shorter",
        )
    return [
        (code, true, false, snap_bytes if code == _RETURN and k else k)
        for code, true, false, k in program
    ]


def check_filter(text: str) -> None:
    """Raise UsageError for a filter that would not be taken on Ethernet."""
    compile_filter(text, 1, 65_535)


def _refuse_tags(text: str) -> None:
    """`vlan` looks for a tag in the frame, and moves what stands behind it: here is none.

    The kernel takes the outermost tag out before it filters; so `tcp port 3333` finds tagged
    packets too, and `vlan 7 and tcp port 3333` would find none.
    """
    if re.search(r"\bvlan\b", text):
        raise UsageError(
            f"bpf = {text!r}: the outermost VLAN tag is taken off before the filter sees a frame",
            "leave `vlan` out: the rest of the filter fits tagged frames too",
        )


def _compile(text: str, dlt: int) -> Program:
    logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # of interfaces we do not use
    try:
        from scapy.arch.common import compile_filter as compile_text
        from scapy.error import Scapy_Exception
    except (ImportError, OSError) as error:
        raise UsageError(f"bpf = {text!r}: scapy or libpcap is missing", _MISSING) from error
    try:
        compiled = compile_text(text, linktype=dlt)
    except Scapy_Exception as error:
        raise UsageError(f"bpf = {text!r}: {error}", "see pcap-filter(7)") from error
    except ImportError as error:
        raise UsageError(f"bpf = {text!r}: libpcap is missing", _MISSING) from error
    rows = compiled.bf_insns
    return [
        (rows[i].code, rows[i].jt, rows[i].jf, rows[i].k & 0xFFFFFFFF)
        for i in range(compiled.bf_len)
    ]
