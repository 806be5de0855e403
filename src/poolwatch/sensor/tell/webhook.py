"""Alerts as signed POSTs of JSON.

Headers, which receivers may rely on:

* `X-Poolwatch-Timestamp`: seconds since 1970 when this try was made;
* `X-Poolwatch-Signature`: `sha256=` and, in hexadecimal, HMAC-SHA256 under the shared secret of
  the timestamp, a full stop and the body as sent. Refuse what is older than some minutes;
* `X-Poolwatch-Key`: the alert's key, the same in every try: what was taken once can be left.

Any 2xx is taken as received. 408, 425, 429 and 5xx are tried again, as is no answer; redirects
are not followed, and every other status is final.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import os
import ssl
import stat
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from poolwatch import __version__
from poolwatch.errors import UsageError
from poolwatch.outputs.eve import event_line
from poolwatch.sensor.tell.changes import Alert
from poolwatch.sensor.tell.courier import DeliveryError
from poolwatch.sensor.tell.settings import WebhookSettings
from poolwatch.sensor.tell.wording import body

_AGAIN = (408, 425, 429)
_ANSWER_BYTES = 4096
_LEAST_SECRET = 16
_MOST_SECRET = 4096


class _Target(NamedTuple):
    secure: bool
    host: str
    port: int
    path: str

    @property
    def shown(self) -> str:
        """Without path: those of chat services hold secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}/…"


def sign(secret: bytes, moment: int, data: bytes) -> str:
    """The value of the signature's header."""
    digest = hmac.new(secret, b"%d." % moment + data, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


class WebhookReceiver:
    """One URL. Raises UsageError when made for one that will not do, or without a secret."""

    name = "webhook"

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        self._target = parse_url(settings.url)
        self._secret = read_secret(settings)
        self._tls = _context(settings) if self._target.secure else None

    def send(self, alert: Alert, text: str) -> None:
        """Make one try. Raises DeliveryError."""
        data = event_line(body(alert, text)).rstrip("\n").encode()
        moment = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"poolwatch/{__version__}",
            "X-Poolwatch-Timestamp": str(moment),
            "X-Poolwatch-Signature": sign(self._secret, moment, data),
            "X-Poolwatch-Key": alert.key,
        }
        connection = self._connection()
        try:
            connection.request("POST", self._target.path, data, headers)
            answer = connection.getresponse()
            status, after = answer.status, _seconds(answer.getheader("Retry-After"))
            answer.read(_ANSWER_BYTES)
        except ssl.SSLCertVerificationError as error:
            reason = f"its certificate is not accepted: {error.verify_message}"
            raise DeliveryError(f"webhook {self._target.shown}: {reason}") from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise DeliveryError(f"webhook {self._target.shown}: {reason}") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            self._refuse(status, after)

    def close(self) -> None:
        """Nothing stays open between two alerts."""

    def _connection(self) -> http.client.HTTPConnection:
        target, seconds = self._target, self._settings.timeout_seconds
        if self._tls is None:
            return http.client.HTTPConnection(target.host, target.port, timeout=seconds)
        return http.client.HTTPSConnection(
            target.host, target.port, timeout=seconds, context=self._tls
        )

    def _refuse(self, status: int, after: float) -> None:
        again = status in _AGAIN or status >= 500
        said = f"answered {status}"
        if 300 <= status < 400:
            said += "; redirects are not followed"
        raise DeliveryError(f"webhook {self._target.shown}: {said}", again=again, after=after)


def parse_url(url: str) -> _Target:
    """Where to send to. Raises UsageError for what is not https, or http beyond this machine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError("tell.webhook.url: not a URL", "for example https://…/hook") from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError("tell.webhook.url: not a URL of https", "for example https://…/hook")
    if parts.username is not None or parts.password is not None:
        raise UsageError("tell.webhook.url: it holds a user or a password", "leave them out")
    if not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise UsageError("tell.webhook.url: blanks or other characters that URLs do not have")
    secure = parts.scheme == "https"
    if not secure and not _is_here(host):
        raise UsageError("tell.webhook.url: http would show findings to the network", "use https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(secure, host, port or (443 if secure else 80), path)


def read_secret(settings: WebhookSettings) -> bytes:
    """The shared secret, from the file or the environment. Raises UsageError, never with it."""
    if settings.secret_file:
        secret = _secret_of(Path(settings.secret_file))
    else:
        secret = os.environ.get(settings.secret_variable, "").encode()
        if not secret:
            raise UsageError(
                f"tell.webhook: no secret; {settings.secret_variable} is not set",
                "set it, or name a file: tell.webhook.secret_file",
            )
    secret = secret.strip()
    if len(secret) < _LEAST_SECRET:
        raise UsageError(
            f"tell.webhook: the secret has fewer than {_LEAST_SECRET} bytes",
            "make one, for example with: openssl rand -hex 32",
        )
    return secret


def _secret_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o007:
                raise UsageError(
                    f"tell.webhook.secret_file {path}: everybody may read it", "chmod o= it"
                )
            return file.read(_MOST_SECRET)
    except OSError as error:
        raise UsageError(f"tell.webhook.secret_file {path}: {error.strerror}") from error


def _context(settings: WebhookSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"tell.webhook.ca_file {settings.ca_file}: {error}") from error


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(text: str | None) -> float:
    """A Retry-After in seconds; its other form, a date, is left alone."""
    return float(text) if text and text.isdecimal() and len(text) < 8 else 0.0
