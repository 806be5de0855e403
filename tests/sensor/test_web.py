"""Whoever is slow to ask keeps nobody else from the answer."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from poolwatch.sensor import web
from poolwatch.sensor.health import Verdict
from poolwatch.sensor.web import HealthServer


@pytest.fixture
def server() -> Iterator[HealthServer]:
    server = HealthServer(("127.0.0.1", 0), CollectorRegistry(), lambda: Verdict((), ()))
    server.start()
    yield server
    server.stop()


def ask(server: HealthServer) -> float:
    """Seconds until `/healthz` was answered."""
    begun = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=10) as answer:
        assert json.loads(answer.read())["healthy"]
    return time.monotonic() - begun


def test_slow_askers_keep_nobody_out(server: HealthServer) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(100):
            slow = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            with contextlib.suppress(OSError):
                slow.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        assert ask(server) < 2
        assert sum(one.name.startswith("Thread-") for one in threading.enumerate()) <= 40
    assert ask(server) < 2


def test_one_who_dribbles_is_cut_off(server: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_CLIENT_SECONDS", 0.5)
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.settimeout(5)
        with contextlib.suppress(OSError):
            slow.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
            while time.monotonic() - begun < 5:
                slow.sendall(b"x")
                time.sleep(0.05)
        assert 0.4 < time.monotonic() - begun < 4
    assert ask(server) < 2
