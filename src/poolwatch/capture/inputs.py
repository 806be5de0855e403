"""From what the user names to the captures that are there: files, folders, `-`, pipes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Input:
    """One capture to read, or one thing met and not read, with the reason."""

    path: str
    skipped: str = ""  # "fifo", "socket", "device", "folder_unreadable"; empty: read it


def find_inputs(names: list[str]) -> Iterator[Input]:
    """Captures in the order they are read.

    Folders are walked in path order; links to folders in them are not followed. A pipe
    named by the user is read, one met in a folder is not (nobody may ever write to it).
    """
    for name in names:
        if name != "-" and os.path.isdir(name):
            yield from _walk(name)
        else:
            yield Input(name)


def _walk(folder: str) -> Iterator[Input]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        yield Input(folder, "folder_unreadable")
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
                continue
            if entry.is_dir():  # a link to a folder
                continue
            mode = entry.stat().st_mode
        except OSError:  # a dangling or circular link: opening it will say so
            yield Input(entry.path)
            continue
        yield Input(entry.path, _special(mode))


def shown_name(path: str) -> str:
    """A path as text that can be written anywhere: bytes that are no UTF-8 as escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _special(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "fifo"
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "device"
    return ""
