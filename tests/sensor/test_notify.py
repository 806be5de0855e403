"""What systemd hears, on a real datagram socket."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from poolwatch.sensor.notify import Notifier


@pytest.mark.parametrize("abstract", [False, True])
def test_every_word_arrives(tmp_path: Path, abstract: bool) -> None:
    name = f"@poolwatch-test-{time.monotonic_ns()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name[1:] if abstract else name)
        heard.settimeout(5)
        notifier = Notifier(name, watchdog_usec="30000000")
        assert notifier.watchdog_seconds == 30
        notifier.ready("all is well")
        assert heard.recv(4096) == b"READY=1\nSTATUS=all is well"
        before = time.monotonic_ns() // 1000
        notifier.reloading()
        word, at = heard.recv(4096).decode().splitlines()
        assert word == "RELOADING=1"
        assert before <= int(at.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        notifier.alive()
        assert heard.recv(4096) == b"WATCHDOG=1"
        notifier.status("busy")
        assert heard.recv(4096) == b"STATUS=busy"
        notifier.stopping()
        assert heard.recv(4096) == b"STOPPING=1"
        notifier.close()
        notifier.alive()  # says nothing more, and does not fail


def test_nobody_asks_nobody_is_told() -> None:
    notifier = Notifier("", watchdog_usec="")
    notifier.ready()
    assert notifier.watchdog_seconds == 0
    notifier.close()


def test_a_listener_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "nobody"), watchdog_usec="x")
    notifier.ready()
    notifier.close()


def test_another_process_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert Notifier("", watchdog_usec="1000").watchdog_seconds == 0
