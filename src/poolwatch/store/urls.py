"""URLs of stores: which there are, and how to show one without its secret."""

from __future__ import annotations

import re
import urllib.parse
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from poolwatch.errors import UsageError

_ADVICE = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_SECRETS = ("password", "sslpassword")
_MASK = "***"


def read_url(text: str) -> URL:
    """The URL of a store, with the driver used here. Raises UsageError."""
    try:
        url = make_url(text)
        port = url.port
    except (ArgumentError, ValueError):
        raise UsageError(f"{shown_url(text)}: not the URL of a store", _ADVICE) from None
    name = url.get_backend_name()
    if name not in _DRIVERS or url.drivername not in (name, _DRIVERS[name]):
        raise UsageError(f"{shown_url(text)}: no store of this kind", _ADVICE)
    if name == "sqlite":
        if not url.database or url.database == ":memory:" or url.query or url.host:
            raise UsageError(f"{shown_url(text)}: names no file", _ADVICE)
    elif port is not None and not 0 < port < 1 << 16:
        raise UsageError(f"{shown_url(text)}: no such port", _ADVICE)
    return url.set(drivername=_DRIVERS[name])


def file_of(text: str) -> Path | None:
    """The file a URL names, None for a database that is none. Raises UsageError."""
    url = read_url(text)
    is_file = url.get_backend_name() == "sqlite" and url.database
    return Path(url.database or "") if is_file else None


def shown_url(text: str) -> str:
    """The URL with every password in it masked."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Not understood, so anything before the last @ may hold the password.
        return re.sub(r"(?s)://.*@", f"://{_MASK}@", text) if "@" in text else text.split("?")[0]
    masked = dict.fromkeys(set(_SECRETS) & url.query.keys(), _MASK)
    shown = url.update_query_dict(masked).render_as_string(hide_password=True)
    return shown.replace(urllib.parse.quote(_MASK), _MASK)


def secrets_of(url: URL) -> list[str]:
    """The passwords in a URL, in every way they may be written, the longest first."""
    values = [url.password or ""]
    for name in _SECRETS:
        value = url.query.get(name, ())
        values += [value] if isinstance(value, str) else value
    ways = {way for value in values for way in (value, urllib.parse.quote(value, safe=""))}
    return sorted(filter(None, ways), key=len, reverse=True)


def without_secrets(text: str, secrets: list[str]) -> str:
    """A message of a driver, with the passwords masked should they stand in it."""
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return text
