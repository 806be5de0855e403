"""`/metrics` and `/healthz`, for this machine alone."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from poolwatch.errors import UsageError
from poolwatch.sensor.health import Verdict

_CLIENT_SECONDS = 5


class HealthServer:
    """Answers one request after another; a slow asker is dropped after five seconds."""

    def __init__(
        self, address: tuple[str, int], registry: CollectorRegistry, verdict: Callable[[], Verdict]
    ) -> None:
        self._address = address
        self._registry = registry
        self._verdict = verdict
        self._server: HTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1]) if self._server else 0

    def start(self) -> None:
        """Listen. Raises UsageError where that is not to be had."""
        handler = _handler(self._registry, self._verdict)
        server_class = _Server6 if ":" in self._address[0] else HTTPServer
        try:
            self._server = server_class(self._address, handler)
        except OSError as error:
            host, port = self._address
            raise UsageError(
                f"health.listen = {host}:{port}: {error.strerror or error}",
                "choose another port",
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="health"
        )
        self._thread.daemon = True
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join(timeout=_CLIENT_SECONDS + 1)
            self._server.server_close()
            self._server = None


class _Server6(HTTPServer):
    address_family = socket.AF_INET6


def _handler(
    registry: CollectorRegistry, verdict: Callable[[], Verdict]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _CLIENT_SECONDS
        server_version = "poolwatch"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif path == "/healthz":
                said = verdict()
                body = {
                    "healthy": said.healthy,
                    "problems": list(said.problems),
                    "warnings": list(said.warnings),
                }
                status = 200 if said.healthy else 503
                self._answer(status, "application/json", json.dumps(body).encode() + b"\n")
            else:
                self._answer(404, "text/plain", b"only /metrics and /healthz\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            with contextlib.suppress(OSError):  # whoever asked is gone
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
