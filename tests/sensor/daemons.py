"""A whole sensor in its own process, on a real wire, driven as systemd and an operator do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from poolwatch.sensor.status import Samples, read_samples
from poolwatch.store import open_store
from poolwatch.store.rows import CoverageRow, FindingRow, SensorRow, SessionRow
from tests.live.netns import Wire
from tests.running import ROOT

START_SECONDS = 120.0  # kernels may have to be compiled


@dataclass
class Daemon:
    """`poolwatch watch` in the namespace of a wire; `folder` holds all it writes."""

    wire: Wire
    folder: Path
    settings: str = ""  # more TOML, below [health]
    sensor: str = ""  # more TOML of [sensor]
    arguments: tuple[str, ...] = ()
    words: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    port: int = 9187

    def __post_init__(self) -> None:
        self.config = self.folder / "sensor.toml"
        self.eve = self.folder / "eve.json"
        self.log = self.folder / "log.txt"
        self.url = f"sqlite:///{self.folder / 'store.db'}"
        self.units = self.folder / "units.csv"
        self._notify = self.folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._notify))
        self.write_config()

    def write_config(self, tables: str = "") -> None:
        """Write the configuration; `tables` is what stands in [tables]."""
        self.config.write_text(
            f"""
[sensor]
name = "test-sensor"
state = "{self.folder / "state"}"
tap = "core switch, port 7"
nat = "inside"
authority = "No. 12"
note = "a test"
{self.sensor}
[capture]
backend = "ring"
ring_bytes = {1 << 27}
tick_ms = 50
[live]
settle_seconds = 0.05
refresh_seconds = 1
sweep_seconds = 1
[tables]
{tables}
[report]
collect_seconds = 0.05
refresh_seconds = 1
[store]
url = "{self.url}"
spool = "{self.folder / "spool"}"
sync_seconds = 0.1
[tell.eve]
path = "{self.eve}"
[health]
listen = "127.0.0.1:{self.port}"
{self.settings}
""",
            "utf-8",
        )

    @property
    def command(self) -> list[str]:
        arguments = ["watch", "-i", self.wire.tap, "--config", str(self.config), *self.arguments]
        return self.wire.command(sys.executable, "-m", "poolwatch", *arguments)

    def start(self) -> Daemon:
        """Start it and wait until it says that it is ready."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("POOLWATCH_", "LC_"))}
        env = clean | {"NOTIFY_SOCKET": str(self._notify), "LANG": "C.UTF-8"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=env, cwd=ROOT)
        self.hear("READY=1", START_SECONDS)
        return self

    def hear(self, word: str, seconds: float = 15.0) -> str:
        """Wait for a word to systemd."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"it ended: {self.log.read_text('utf-8')}")
            self._socket.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                heard = self._socket.recv(4096).decode()
                self.words.append(heard)
                if word in heard:
                    return heard
        raise AssertionError(f"{word} was not heard; log: {self.log.read_text('utf-8')}")

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.words.append(self._socket.recv(4096).decode())
        self.process.send_signal(number)

    def end(self, seconds: float = 10.0) -> tuple[int, float]:
        """SIGTERM: its status, and how long it took."""
        assert self.process is not None
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        status = self.process.wait(seconds + 5)
        return status, time.monotonic() - began

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        """Whatever happened: the process is gone."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self._socket.close()

    # -- what it says --------------------------------------------------------------------

    def get(self, path: str) -> tuple[int, str]:
        """A page of its own, as the namespace's loopback has it."""
        with self.wire.inside():
            request = f"http://127.0.0.1:{self.port}{path}"
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()

    def verdict(self) -> dict[str, Any]:
        """What `/healthz` says."""
        said: dict[str, Any] = json.loads(self.get("/healthz")[1])
        return said

    def metrics(self) -> Samples:
        return read_samples(self.get("/metrics")[1])

    def metric(self, which: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels."""
        rows = self.metrics().get(f"poolwatch_{which}", [])
        return sum(v for have, v in rows if labels.items() <= have.items())

    def events(self) -> list[dict[str, Any]]:
        """Whole lines of its EVE file."""
        if not self.eve.exists():
            return []
        lines = self.eve.read_bytes().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def stored(self) -> tuple[list[SessionRow], list[FindingRow], list[CoverageRow]]:
        """What its store holds."""
        with open_store(self.url, "reader") as store:
            return list(store.sessions()), list(store.findings()), list(store.coverage())

    def sensors(self) -> list[SensorRow]:
        with open_store(self.url, "reader") as store:
            return store.sensors()

    def segments(self) -> list[Path]:
        """Kept packets."""
        return sorted((self.folder / "state" / "kept").rglob("*.pcapng"))
