"""`/metrics` and `/healthz`, for this machine alone."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from poolwatch.errors import UsageError
from poolwatch.sensor.health import Verdict

_CLIENT_SECONDS = 5  # of a whole connection, however slowly it speaks
_CLIENTS = 16  # at a time
_THREADS = 2 * _CLIENTS  # with those that were cut off and have not noticed yet


class HealthServer:
    """Answers several at a time; who is not done after five seconds is cut off.

    When too many ask at once the one that has asked longest is cut off, so slow ones keep
    nobody out.
    """

    def __init__(
        self, address: tuple[str, int], registry: CollectorRegistry, verdict: Callable[[], Verdict]
    ) -> None:
        self._address = address
        self._registry = registry
        self._verdict = verdict
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1]) if self._server else 0

    def start(self) -> None:
        """Listen. Raises UsageError where that is not to be had."""
        handler = _handler(self._registry, self._verdict)
        server_class = _Server6 if ":" in self._address[0] else _Server
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


class _Server(ThreadingMixIn, HTTPServer):
    """A thread for each of a bounded number of connections."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = _CLIENTS

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._lock = threading.Lock()
        self._begun: dict[socket.socket, float] = {}  # connections, the oldest first
        self._threads_now = 0
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, in place of the oldest when there are too many."""
        with self._lock:
            if len(self._begun) >= _CLIENTS:
                self._cut_off(next(iter(self._begun)))
            is_full = self._threads_now >= _THREADS
            if not is_full:
                self._begun[request] = time.monotonic()
                self._threads_now += 1
        if is_full:
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread is to be had
            self._end(request)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._end(request)

    def service_actions(self) -> None:
        """Between connections: cut off those that take too long."""
        until = time.monotonic() - _CLIENT_SECONDS
        with self._lock:
            for request in [one for one, begun in self._begun.items() if begun < until]:
                self._cut_off(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked is gone, or was cut off."""

    def _cut_off(self, request: socket.socket) -> None:
        del self._begun[request]
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)

    def _end(self, request: socket.socket) -> None:
        with self._lock:
            self._begun.pop(request, None)
            self._threads_now -= 1


class _Server6(_Server):
    address_family = socket.AF_INET6


def _handler(
    registry: CollectorRegistry, verdict: Callable[[], Verdict]
) -> type[BaseHTTPRequestHandler]:
    asking = threading.Lock()  # those who are asked answer one after another

    class Handler(BaseHTTPRequestHandler):
        timeout = _CLIENT_SECONDS
        server_version = "poolwatch"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                with asking:
                    shown = generate_latest(registry)
                self._answer(200, CONTENT_TYPE_LATEST, shown)
            elif path == "/healthz":
                with asking:
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
