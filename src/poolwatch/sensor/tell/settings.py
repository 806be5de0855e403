"""Who is told, and how: [tell] of the configuration. Sizes are bytes, times seconds."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
GradeWord = Literal["noted", "suspected", "probable", "confirmed"]


class EveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[tell.eve]: every event as a line of a file."""

    path: str = ""
    """The file; empty: none is written."""
    rotate_bytes: NotNegative = 1 << 28
    """Size at which it is put aside under a name with the time; 0: somebody else rotates it."""
    rotate_seconds: NotNegative = 86_400
    """Age at which it is."""
    files: NotNegative = 30
    """Files put aside that are kept; 0: all."""
    mode: Annotated[int, msgspec.Meta(ge=0, le=0o777)] = 0o640
    queue_bytes: Positive = 1 << 25
    """Memory for lines that wait to be written."""


class SyslogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[tell.syslog]: alerts in the form of RFC 5424."""

    host: str = ""
    """The receiver; empty: none."""
    port: Port = 514
    transport: Literal["udp", "tcp", "tls"] = "udp"
    """tcp counts octets (RFC 6587), tls is RFC 5425 (port 6514 by custom)."""
    facility: Literal[
        "user", "daemon", "auth", "authpriv",
        "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ] = "local0"  # fmt: skip
    ca_file: str = ""
    """Certificates by which the receiver is verified; empty: those of the system."""
    enterprise: Positive = 32_473
    """Number behind the name of structured data; 32473 is the one set aside for examples."""
    datagram_bytes: Annotated[int, msgspec.Meta(ge=480, le=65_000)] = 2048
    """Longest UDP message; a longer one loses the end of its text."""
    timeout_seconds: Positive = 10
    retry_most_seconds: Positive = 60
    queue: Positive = 1000


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[tell.webhook]: alerts as signed POSTs."""

    url: str = ""
    """https://…, or http:// to this machine; empty: none."""
    secret_file: str = ""
    """A file that holds the secret, readable by nobody else."""
    secret_variable: str = "POOLWATCH_WEBHOOK_SECRET"  # noqa: S105 - a name
    """The environment variable that holds it when no file is named."""
    ca_file: str = ""
    timeout_seconds: Positive = 10
    retry_most_seconds: Positive = 300
    """Longest pause between two tries."""
    give_up_seconds: Positive = 86_400
    queue: Positive = 1000


class TellSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[tell]."""

    min_grade: GradeWord = "suspected"
    """The least sure finding that is an alert."""
    silence_seconds: Positive = 86_400
    """Silence after which a host that is seen again is an alert again."""
    language: Literal["en", "zh"] = "en"
    hosts: Positive = 65_536
    """Hosts whose last state is remembered."""
    eve: EveSettings = EveSettings()
    syslog: SyslogSettings = SyslogSettings()
    webhook: WebhookSettings = WebhookSettings()
