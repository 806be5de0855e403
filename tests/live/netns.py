"""Network namespaces with veth pairs for tests of live capture: made, used, and removed again.

    def test_something(wire: Wire) -> None:
        with wire.inside():            # this thread is in the namespace; sockets stay there
            source = open_live([wire.tap], RingSettings())
        wire.replay(path)              # tcpreplay into the other end

Programs are started in it with `wire.command(...)`. Everything needs root; without, or without
the programs, a test that asks for a wire is skipped with the reason.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MTU = 65_535
_CLONE_NEWNET = 0x40000000
_NAMESPACES = Path("/run/netns")
_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)


def missing(*programs: str) -> str:
    """Why no namespace can be made here, empty if it can; with the programs a test needs."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    for program in ("ip", "ethtool", *programs):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return ""


def skip_without(*programs: str) -> None:
    """Skip the test where namespaces or programs are not to be had."""
    reason = missing(*programs)
    if reason:
        pytest.skip(reason)


def run(*command: str) -> str:
    """Run a program to its end and return what it printed; what it complained of is raised."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@dataclass(slots=True)
class Namespace:
    """A network namespace of a name that no other has."""

    name: str = field(default_factory=lambda: f"pw{os.getpid()}n{next(_numbers)}")

    def make(self) -> None:
        run("ip", "netns", "add", self.name)
        with contextlib.suppress(OSError, RuntimeError):  # else IPv6 talks by itself
            for which in ("all", "default"):
                path = f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6"
                self.run("sh", "-c", f"test ! -e {path} || echo 1 > {path}")

    def remove(self) -> None:
        run("ip", "netns", "del", self.name)

    def command(self, *command: str) -> list[str]:
        """The command line that runs a program in the namespace."""
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command: str) -> str:
        return run(*self.command(*command))

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.name, *arguments)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread is in the namespace; sockets it makes stay in it for life."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(_NAMESPACES / self.name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(there)
            yield
        finally:
            _enter(home)
            os.close(home)
            os.close(there)

    def add_pair(self, one: str, other: str, *, up: bool = True) -> None:
        """A veth pair that hands frames over as they are."""
        self.ip("link", "add", one, "mtu", str(MTU), "type", "veth", "peer", other, "mtu", str(MTU))
        for name in (one, other):
            # What an offload does not do is what the frame shows: no checksum left to a card,
            # nothing joined or split. Some are fixed on some kernels: ethtool says so and goes on.
            subprocess.run(
                self.command(
                    *("ethtool", "-K", name),
                    *("tx", "off", "rx", "off", "gso", "off", "tso", "off", "gro", "off"),
                ),
                capture_output=True,
                check=False,
            )
            if up:
                self.ip("link", "set", name, "up")


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@dataclass(slots=True)
class Wire(Namespace):
    """A namespace with one veth pair: what goes into `feed` comes out at `tap`."""

    feed: str = "feed0"
    tap: str = "tap0"

    def make(self) -> None:
        Namespace.make(self)
        self.add_pair(self.feed, self.tap)

    def lay(self, *, up: bool = True) -> None:
        """Lay the pair anew after `cut`."""
        self.add_pair(self.feed, self.tap, up=up)

    def cut(self) -> None:
        """Remove the pair: both ends vanish."""
        self.ip("link", "del", self.tap)

    def replay(self, capture: Path | str, *options: str) -> str:
        """Send a capture's frames into the wire, at once unless options say another speed."""
        skip_without("tcpreplay")
        speed = options or ("--topspeed",)
        return self.run("tcpreplay", *speed, "-q", "-i", self.feed, str(capture))

    def send(self, frames: Sequence[bytes], interface: str | None = None) -> None:
        """Send frames one by one into `feed`, or out of another interface."""
        with self.inside():
            sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        with sender:
            sender.bind((interface or self.feed, 0))
            for frame in frames:
                sender.send(frame)


@contextlib.contextmanager
def laid_wire() -> Iterator[Wire]:
    """A wire for as long as the block lasts."""
    skip_without()
    wire = Wire()
    wire.make()
    try:
        yield wire
    finally:
        wire.remove()
