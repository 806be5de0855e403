"""What systemd is told: ready, reloading, stopping, still alive (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket
import time

_PATIENCE_SECONDS = 1.0


class Notifier:
    """Sends to the socket that NOTIFY_SOCKET names; without one it says nothing.

    A datagram that cannot be sent is dropped: systemd notices by itself when none comes.
    """

    def __init__(self, address: str | None = None, *, watchdog_usec: str | None = None) -> None:
        wanted = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        self._address = "\0" + wanted[1:] if wanted.startswith("@") else wanted
        usec = os.environ.get("WATCHDOG_USEC", "") if watchdog_usec is None else watchdog_usec
        mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_seconds = int(usec) / 1e6 if usec.isdecimal() and mine else 0.0
        """How often systemd wants to hear from us, 0: it does not."""
        self._socket: socket.socket | None = None
        if self._address and self._address[0] in "/\0":
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def ready(self, status: str = "") -> None:
        """Started, or done with reloading."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Reading the configuration and the tables again."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """On the way out."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """All threads move."""
        if self.watchdog_seconds:
            self._send("WATCHDOG=1", wait=False)

    def status(self, text: str) -> None:
        """A line for `systemctl status`."""
        self._send(f"STATUS={text}", wait=False)

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str, wait: bool = True) -> None:
        """Send; what changes systemd's mind waits a moment for room."""
        if self._socket is None:
            return
        self._socket.settimeout(_PATIENCE_SECONDS if wait else 0)
        with contextlib.suppress(OSError):
            self._socket.sendto("\n".join(lines).encode(), self._address)
