"""The rows of the tables: poolwatch itself, its yardsticks, and other tools where installed."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Run, Task

_NFSTREAM = (
    "import sys; from nfstream import NFStreamer; "
    "print(sum(1 for _ in NFStreamer(source=sys.argv[1], n_meters=1)))"
)


def poolwatch(*arguments: str) -> list[str]:
    """The command line of the installed poolwatch."""
    return [str(Path(sys.executable).parent / "poolwatch"), *arguments]


def whole(path: Path) -> Task:
    """The whole process, from exec to exit, as a user runs it."""
    return Task("whole process", poolwatch("scan", str(path)))


def whole_eve(path: Path, check: Callable[[Run], None] | None = None) -> Task:
    """The same with event lines, whose identities rest on the SHA-256 of the file."""
    return Task("whole process, eve", poolwatch("scan", "--format", "eve", str(path)), check=check)


def inside(what: str, path: Path) -> Task:
    """The walk or the scan, timed from inside one process."""
    command = [sys.executable, "-m", "benchmarks.inside", what, str(path)]
    name = "walk (in-process)" if what == "walk" else "scan (in-process)"
    return Task(name, command, times_itself=True)


def yardsticks(path: Path) -> list[Task]:
    """What any tool that reads every byte is held against.

    grep writes to a file, for into /dev/null it would stop at its first hit.
    """
    name = str(path)
    tasks = [
        Task("cat", ["cat", name], keep_output=False),
        Task(
            "grep -c -a -F",
            ["grep", "-c", "-a", "-F", '"mining.', name],
            environment={"LC_ALL": "C"},
        ),
    ]
    if shutil.which("tcpdump"):
        tasks.append(Task("tcpdump -w", ["tcpdump", "-r", name, "-w", "/dev/null"]))
    return tasks


def peers(path: Path) -> list[Task]:
    """Tools that look into flows, those of them that are installed."""
    name = str(path)
    found = []
    if shutil.which("ndpiReader"):
        found.append(Task("ndpiReader", ["ndpiReader", "-q", "-i", name]))
    if importlib.util.find_spec("nfstream"):
        found.append(Task("nfstream", [sys.executable, "-c", _NFSTREAM, name]))
    return found


def slow_peers(path: Path) -> list[Task]:
    """The same, for tools that take minutes over a GB."""
    if not shutil.which("tshark"):
        return []
    return [Task("tshark", ["tshark", "-n", "-r", str(path), "-Y", 'tcp contains "mining."'])]


def missing() -> list[str]:
    """Tools of the tables that are not installed here."""
    names = [tool for tool in ("tcpdump", "tshark", "ndpiReader") if not shutil.which(tool)]
    return names + ([] if importlib.util.find_spec("nfstream") else ["nfstream"])
