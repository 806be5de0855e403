"""Rights given away at start: only the one to capture is kept, and no way back to others.

Capabilities belong to threads, and a thread begins with those of the one that started it. So
this has to happen before any other thread starts, also those that numeric libraries start
when they are imported; `drop` checks that.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from poolwatch.errors import PoolwatchError

CAP_NET_RAW = 13  # linux/capability.h
_CAP_SETPCAP = 8
_VERSION_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3: two words of 32 bits
_PR_CAPBSET_READ = 23  # linux/prctl.h
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_MOST_CAPABILITIES = 64


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def drop() -> str:
    """Keep the right to capture, if it is there, and nothing else. Says what was done.

    Raises PoolwatchError where other threads run already, or the kernel does not do it.
    """
    if not sys.platform.startswith("linux"):
        return "rights are left as they are: not Linux"
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise PoolwatchError(
            f"{threads} threads run already, and each has its own rights",
            "set OPENBLAS_NUM_THREADS=1",
        )
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    data = (_Data * 2)()
    header = _Header(_VERSION_3, 0)
    _checked(libc.capget(ctypes.byref(header), data), "capget")
    had = data[0].permitted | data[1].permitted << 32
    if had >> _CAP_SETPCAP & 1:
        _shrink_bounding_set(libc)
    _prctl(libc, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    kept = had & (1 << CAP_NET_RAW)
    for index, word in enumerate((kept & 0xFFFFFFFF, kept >> 32)):
        data[index].effective = data[index].permitted = word
        data[index].inheritable = 0
    _checked(libc.capset(ctypes.byref(header), data), "capset")
    return "kept CAP_NET_RAW alone" if kept else "no right to capture is there; kept none"


def held(task: str = "self") -> int:
    """The effective capabilities of a task, as a bit set."""
    for line in Path(f"/proc/{task}/status").read_text("ascii", "replace").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _shrink_bounding_set(libc: ctypes.CDLL) -> None:
    """What is started from here cannot get other rights either, not even as root."""
    for number in range(_MOST_CAPABILITIES):
        if number == CAP_NET_RAW:
            continue
        if libc.prctl(_PR_CAPBSET_READ, number, 0, 0, 0) < 0:
            return  # the kernel knows no more
        _prctl(libc, _PR_CAPBSET_DROP, number)


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    _checked(libc.prctl(option, value, 0, 0, 0), f"prctl({option})")


def _checked(result: int, call: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise PoolwatchError(
            f"{call}: {os.strerror(number)}", "set sensor.keep_rights = true where that is meant"
        )
