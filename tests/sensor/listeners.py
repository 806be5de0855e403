"""Receivers of alerts, small and real: they listen on sockets of this machine."""

from __future__ import annotations

import contextlib
import http.server
import queue
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

WAIT = 5.0


class Listener:
    """A socket and a thread; what came stands in `got`."""

    def __init__(self) -> None:
        self.got: queue.Queue[bytes] = queue.Queue()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        raise NotImplementedError

    def next(self) -> bytes:
        return self.got.get(timeout=WAIT)


class UdpSyslog(Listener):
    def __init__(self) -> None:
        super().__init__()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join(WAIT)
        self.socket.close()

    def run(self) -> None:
        while (message := self.socket.recv(1 << 16)) != b"end":
            self.got.put(message)


class TcpSyslog(Listener):
    """Counts octets. `drop()` closes what is connected, `close()` listens no more."""

    def __init__(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        super().__init__()
        self.context = context
        self.server = socket.create_server(("127.0.0.1", port))
        self.port = int(self.server.getsockname()[1])
        self.connections: list[socket.socket] = []
        self.accepted = 0

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.drop()
        self.thread.join(WAIT)

    def drop(self) -> None:
        while self.connections:
            connection = self.connections.pop()
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
            self.accepted += 1
            with connection, connection.makefile("rb") as stream:
                while digits := _until_blank(stream.read):
                    self.got.put(stream.read(int(digits)))
        except OSError:
            connection.close()


def _until_blank(read: Callable[[int], bytes]) -> bytes:
    digits = b""
    while (byte := read(1)) not in (b" ", b""):
        digits += byte
    return digits


class HttpReceiver:
    """Answers with what `answers` says, in turn, then 200; `got` holds headers and body."""

    def __init__(
        self,
        answers: list[tuple[int, dict[str, str]]] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.answers = list(answers or [])
        self.got: queue.Queue[tuple[str, dict[str, str], bytes]] = queue.Queue()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.put((self.path, dict(self.headers), data))
                status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """A handshake that failed is the client's to tell."""

        self.server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if context else "http"
        host = "localhost" if context else "127.0.0.1"
        self.url = f"{scheme}://{host}:{self.server.server_address[1]}/hook?to=soc"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(WAIT)

    def next(self) -> tuple[str, dict[str, str], bytes]:
        return self.got.get(timeout=WAIT)


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of localhost that vouches for itself, and a server's context with it."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context
