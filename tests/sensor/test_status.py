"""`poolwatch status` asks the sensor on this machine and nobody else."""

from __future__ import annotations

import contextlib
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from poolwatch.cli.status import command
from poolwatch.errors import PoolwatchError
from poolwatch.sensor.health import Verdict
from poolwatch.sensor.metrics import Metrics
from poolwatch.sensor.web import HealthServer
from tests.sensor.test_metrics import started


@contextlib.contextmanager
def answering(data: bytes) -> Iterator[str]:
    """Somebody who answers that to whatever is asked."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                asked, _ = listening.accept()
                with asked:
                    asked.recv(65_536)
                    asked.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def status(address: str) -> Result:
    return CliRunner().invoke(command, ["--address", address], standalone_mode=False)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"healthy": true}',
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000,
        b"",
    ],
)
def test_what_is_no_sensor_is_said_to_be_none(data: bytes) -> None:
    with answering(data) as address:
        run = status(address)
    assert isinstance(run.exception, PoolwatchError)
    assert address in str(run.exception)


def test_no_proxy_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setattr(urllib.request, "_opener", None)  # what an earlier call remembered
    sensor = started(tmp_path)
    web = HealthServer(
        ("127.0.0.1", 0), Metrics(sensor).registry(), lambda: Verdict((), ("a warning",))
    )
    web.start()
    try:
        run = status(f"127.0.0.1:{web.port}")
    finally:
        web.stop()
        sensor.stop()
    assert run.return_value == 0
    assert "healthy" in run.output
    assert "warning: a warning" in run.output
