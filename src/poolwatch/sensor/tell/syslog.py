"""Alerts as syslog messages: RFC 5424 over UDP (RFC 5426), TCP with octets counted (RFC 6587)
or TLS (RFC 5425).

TCP has no acknowledgement of messages: what was on its way when the receiver went is lost.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import time

from poolwatch.errors import UsageError
from poolwatch.outputs.times import timestamp
from poolwatch.sensor.tell.changes import Alert
from poolwatch.sensor.tell.courier import DeliveryError
from poolwatch.sensor.tell.settings import SyslogSettings
from poolwatch.sensor.tell.wording import unit_name

FACILITIES = {"user": 1, "daemon": 3, "auth": 4, "authpriv": 10} | {
    f"local{number}": 16 + number for number in range(8)
}
SEVERITIES = {"confirmed": 3, "probable": 4, "suspected": 5, "noted": 6}
"""error, warning, notice, informational."""

_BOM = b"\xef\xbb\xbf"
_NOT_PRINTABLE = re.compile(r"[^!-~]")
_ESCAPED = re.compile(r'(["\\\]])')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_MOST_VALUE = 512
_POOLS = 10


def format_message(alert: Alert, text: str, settings: SyslogSettings, sensor: str) -> bytes:
    """One message, without what frames it."""
    event = alert.event
    priority = FACILITIES[settings.facility] * 8 + SEVERITIES[str(event["grade"])]
    moment = timestamp(time.time_ns()).removesuffix("+0000") + "Z"
    host = _token(sensor, 255)
    head = f"<{priority}>1 {moment} {host} poolwatch {os.getpid()} {alert.change.value}"
    values = {
        "key": alert.key,
        "change": ",".join(change.value for change in alert.changes),
        "host": alert.host,
        "role": event["role"],
        "grade": event["grade"],
        "stage": event["stage"],
        "finding_id": event.get("finding_id"),
        "sightings": alert.sightings,
        "unit": unit_name(event),
        "pools": ",".join(map(str, list(event.get("pools") or ())[:_POOLS])),
        "coins": ",".join(map(str, list(event.get("coins") or ())[:_POOLS])),
        "first_seen": event.get("first_seen"),
        "last_seen": event.get("last_seen"),
    }
    data = "".join(
        f' {name}="{_value(str(value))}"'
        for name, value in values.items()
        if value not in (None, "")
    )
    message = f"{head} [poolwatch@{settings.enterprise}{data}] ".encode()
    return message + _BOM + _CONTROL.sub(" ", text).encode()


class SyslogReceiver:
    """A receiver reached over the network; connects when there is something to say."""

    name = "syslog"

    def __init__(self, settings: SyslogSettings, sensor: str) -> None:
        self._settings = settings
        self._sensor = sensor
        self._socket: socket.socket | None = None
        self._tls = _context(settings) if settings.transport == "tls" else None

    def send(self, alert: Alert, text: str) -> None:
        """Send one message. Raises DeliveryError."""
        message = format_message(alert, text, self._settings, self._sensor)
        try:
            if self._settings.transport == "udp":
                self._send_datagram(message)
            else:
                self._send_counted(message)
        except (OSError, ssl.CertificateError, UnicodeError) as error:  # the last: no host's name
            self.close()
            raise DeliveryError(f"syslog {self._place()}: {_reason(error)}") from error

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send_datagram(self, message: bytes) -> None:
        settings = self._settings
        if self._socket is None:
            family, _, _, _, address = socket.getaddrinfo(
                settings.host, settings.port, type=socket.SOCK_DGRAM
            )[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.settimeout(settings.timeout_seconds)
            self._socket.connect(address)
        if len(message) > settings.datagram_bytes:
            message = message[: settings.datagram_bytes].decode("utf-8", "ignore").encode()
        self._socket.send(message)

    def _send_counted(self, message: bytes) -> None:
        if self._socket is not None and not self._is_alive(self._socket):
            self.close()
        if self._socket is None:
            self._socket = self._connect()
        self._socket.sendall(b"%d %b" % (len(message), message))

    def _connect(self) -> socket.socket:
        settings = self._settings
        plain = socket.create_connection((settings.host, settings.port), settings.timeout_seconds)
        try:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._tls is None:
                return plain
            return self._tls.wrap_socket(plain, server_hostname=settings.host)
        except (OSError, ssl.CertificateError):
            plain.close()
            raise

    def _is_alive(self, connection: socket.socket) -> bool:
        """Whether the receiver, which never says anything, has not closed its end."""
        connection.settimeout(0)
        try:
            return connection.recv(1) != b""
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        finally:
            connection.settimeout(self._settings.timeout_seconds)

    def _place(self) -> str:
        return f"{self._settings.transport}://{self._settings.host}:{self._settings.port}"


def _context(settings: SyslogSettings) -> ssl.SSLContext:
    """How the receiver is verified. Raises UsageError."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"tell.syslog.ca_file {settings.ca_file}: {error}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or "timed out"


def _token(text: str, most: int) -> str:
    return _NOT_PRINTABLE.sub("_", text)[:most] or "-"


def _value(text: str) -> str:
    """A parameter's value: what closes it is escaped, control characters go."""
    return _ESCAPED.sub(r"\\\1", _CONTROL.sub(" ", text[:_MOST_VALUE]))
