"""The sensor's configuration: one TOML file, every default visible, unknown keys refused."""

from __future__ import annotations

import math
import re
import socket
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from poolwatch.capture.live import RingSettings
from poolwatch.errors import UsageError
from poolwatch.match.live import LiveSettings
from poolwatch.plan import Plan, time_zone
from poolwatch.sensor.budget import Budget, make_budget
from poolwatch.sensor.keep import KeepSettings, RetentionSettings
from poolwatch.sensor.keep import memory_bytes as keep_bytes
from poolwatch.sensor.tell import TellSettings
from poolwatch.store.settings import StoreSettings
from poolwatch.store.urls import read_url

Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
_KEY = re.compile(r"^[A-Za-z0-9_-]+$")
_UNKNOWN = re.compile(r"^Object contains unknown field `([^`]*)`")
_PLACE = re.compile(r"(?: - at `\$\.?([^`]*)`)$")


class SensorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[sensor]`: what it watches, and where it stands."""

    name: str = ""
    """Of this observation point; empty: the host's name."""
    interfaces: tuple[str, ...] = ()
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Rings that share the packets by flow, each read by a thread of its own."""
    state: str = "/var/lib/poolwatch"
    """Folder of what is kept, made with mode 0700."""
    tap: str = ""
    """The tap point: which link, which switch, which port."""
    nat: Literal["", "inside", "outside"] = ""
    """On which side of address translation."""
    authority: str = ""
    """Number of the order or permission it runs under."""
    note: str = ""
    keep_rights: bool = False
    """Give none of the rights of the process away at start."""
    stop_seconds: Seconds = 10.0
    """In which it ends once it is told to."""


class TableSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[tables]`: signatures, whose the addresses are, where pools stand. Read again on SIGHUP."""

    internal: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    unit_field: str = "unit"
    zone: str = "UTC"
    mmdb: tuple[str, ...] = ()
    home: str = ""
    exemptions: tuple[str, ...] = ()


class HealthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[health]`: how it shows that it works."""

    listen: str = "127.0.0.1:9187"
    """Address and port of `/metrics` and `/healthz`; empty: none. Loopback alone is allowed."""
    canary_seconds: Seconds = 120.0
    """How often a made-up handshake goes through everything behind the ring."""
    canary_late_seconds: Seconds = 60.0
    """How long one may take until the sensor calls itself unhealthy."""
    stuck_seconds: Seconds = 30.0
    """How long a thread may not move until the sensor calls itself unhealthy."""
    coverage_seconds: Seconds = 60.0
    """How often a row of coverage goes to the store."""


class ReportSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[report]`: how findings go from the rings to the store."""

    collect_seconds: Seconds = 0.25
    """How often what the rings found is gathered."""
    refresh_seconds: Seconds = 1.0
    """How often a finding of which only the counts grow is written again: what a crash loses."""
    mailbox_states: Positive = 50_000
    """States of conversations on their way, if the memory ceiling leaves room for so many; beyond,
    those worth least are dropped, counted."""
    flush_seconds: Seconds = 5.0
    """How long to wait until a finding is on the disk, before trying again."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it."""

    sensor: SensorSettings = SensorSettings()
    capture: RingSettings = RingSettings()
    live: LiveSettings = LiveSettings()
    tables: TableSettings = TableSettings()
    report: ReportSettings = ReportSettings()
    store: StoreSettings = StoreSettings()
    keep: KeepSettings = KeepSettings()
    retention: RetentionSettings = RetentionSettings()
    tell: TellSettings = TellSettings()
    health: HealthSettings = HealthSettings()
    limits: dict[str, int] = {}
    """`memory_bytes`: the ceiling; any bound of a scan by its name, instead of the derived one."""

    @property
    def name(self) -> str:
        """Of the observation point."""
        return self.sensor.name or socket.gethostname()

    @property
    def memory_bytes(self) -> int:
        """The ceiling."""
        return self.limits.get("memory_bytes", DEFAULT_MEMORY)

    def budget(self) -> Budget:
        """The bounds that keep below the ceiling. Raises UsageError."""
        rings = (len(self.sensor.interfaces) or 1) * self.sensor.threads
        fixed = rings * self.capture.ring_bytes + self.store.memory_bytes
        fixed += self.tell.eve.queue_bytes if self.tell.eve.path else 0
        kept = keep_bytes(self.keep, 0, self.sensor.threads)
        by_flow = keep_bytes(self.keep, 1, 1) - keep_bytes(self.keep, 0, 1)
        wanted = {name: value for name, value in self.limits.items() if name != "memory_bytes"}
        return make_budget(
            self.memory_bytes, fixed + kept, self.sensor.threads, wanted, flow_bytes=by_flow
        )

    def plan(self, budget: Budget) -> Plan:
        """What the tables are read by. Raises UsageError for what cannot be one.

        Reading a pipe or a device may never end, and a reload would wait for it.
        """
        tables = self.tables
        for path in (*tables.units, *tables.mmdb, *tables.exemptions):
            _require_file(Path(path))
        return Plan(
            internal=tables.internal,
            signatures=tuple(map(Path, tables.signatures)),
            units=tuple(map(Path, tables.units)),
            unit_field=tables.unit_field,
            zone=tables.zone,
            mmdb=tuple(map(Path, tables.mmdb)),
            home=tables.home or None,
            exemptions=tuple(map(Path, tables.exemptions)),
            sensor=self.name,
            limits=budget.limits,
        )

    def health_address(self) -> tuple[str, int] | None:
        """Where to listen. Raises UsageError for what is not loopback."""
        return _loopback(self.health.listen)


DEFAULT_MEMORY = 2 << 30


def load_config(path: Path | None) -> Config:
    """Read a file, or the defaults. Raises UsageError naming the key."""
    if path is None:
        return Config()
    _require_file(path)
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    except RecursionError:
        raise UsageError(f"{path}: values within values, too deep to be read") from None
    return parse_config(document, str(path))


def _require_file(path: Path) -> None:
    """Raises UsageError for what is there and no regular file; whoever opens it says the rest."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path}: not a regular file", "pipes and devices are not read")


def parse_config(document: dict[str, Any], where: str) -> Config:
    """A configuration from a TOML document. Raises UsageError naming the key."""
    try:
        config = msgspec.convert(document, Config, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {_said(str(error))}") from error
    check_config(config, where)
    return config


def check_config(config: Config, where: str) -> None:
    """What types cannot say. Raises UsageError."""
    time_zone(config.tables.zone, f"{where}: tables.zone")
    _check_numbers(msgspec.to_builtins(config), where)
    names = config.sensor.interfaces
    if len(set(names)) < len(names):
        raise UsageError(f"{where}: sensor.interfaces: one is named twice", "name each once")
    if config.store.url:
        read_url(config.store.url)
    _check_receivers(config.tell, where)
    config.budget()
    config.health_address()


def _check_numbers(value: Any, where: str, key: str = "") -> None:
    """TOML has numbers that are none. Raises UsageError."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_numbers(inner, where, f"{key}.{name}" if key else name)
    elif isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{where}: {key} = {value}: not a number of seconds")


def _check_receivers(tell: TellSettings, where: str) -> None:
    """Receivers of alerts that nothing could be sent to. Raises UsageError."""
    url = tell.webhook.url
    if url and not url.startswith(("https://", "http://")):
        raise UsageError(f"{where}: tell.webhook.url: neither https:// nor http://")
    for key, path in (
        ("tell.syslog.ca_file", tell.syslog.ca_file if tell.syslog.host else ""),
        ("tell.webhook.ca_file", tell.webhook.ca_file if url else ""),
    ):
        if path and not Path(path).is_file():
            raise UsageError(f"{where}: {key} = {path}: no such file")
    try:
        tell.syslog.host.encode("idna")
    except UnicodeError:
        raise UsageError(f"{where}: tell.syslog.host: no name of a host") from None


def with_options(config: Config, interfaces: tuple[str, ...], threads: int | None) -> Config:
    """The same with what the command line says."""
    values: dict[str, Any] = {}
    if interfaces:
        values["interfaces"] = interfaces
    if threads:
        values["threads"] = threads
    if not values:
        return config
    sensor = msgspec.structs.replace(config.sensor, **values)
    return msgspec.structs.replace(config, sensor=sensor)


def dump_config(config: Config) -> str:
    """The configuration as TOML, with every default, and the bounds that were derived.

    A secret stays as it was written: whoever may read the file may read this.
    """
    lines: list[str] = []
    for name in config.__struct_fields__:
        part = getattr(config, name)
        if isinstance(part, msgspec.Struct):
            lines += _table(name, part)
    lines += ["", "[limits]", f"memory_bytes = {config.memory_bytes}"]
    lines += ["# The bounds below follow from memory_bytes, threads and rings; set one to fix it."]
    limits = config.budget().limits
    for key in limits.__slots__:
        mark = "" if key in config.limits else "# "
        lines.append(f"{mark}{key} = {getattr(limits, key)}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _table(name: str, part: msgspec.Struct) -> Iterator[str]:
    """A table, its own values first, then the tables in it."""
    values = {key: getattr(part, key) for key in part.__struct_fields__}
    inner = {key: value for key, value in values.items() if isinstance(value, msgspec.Struct)}
    yield ""
    yield f"[{name}]"
    yield from (f"{key} = {_value(v)}" for key, v in values.items() if key not in inner)
    for key, value in inner.items():
        yield from _table(f"{name}.{key}", value)


def _value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_name(k)} = {_value(v)}' for k, v in value.items())} }}"
    raise TypeError(f"no form in TOML: {type(value).__name__}")


def _name(key: str) -> str:
    return key if _KEY.match(key) else _text(key)


def _text(value: str) -> str:
    """A basic string: TOML knows JSON's escapes, and takes no control characters."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _said(reason: str) -> str:
    """The library's complaint with the key in front, as the file would have it."""
    match = _PLACE.search(reason)
    place = match[1] if match else ""
    text = _PLACE.sub("", reason)
    unknown = _UNKNOWN.match(text)
    if unknown:
        key = f"{place}.{unknown[1]}" if place else unknown[1]
        return f"{key}: no such setting"
    return f"{place}: {text}" if place else text


def _loopback(listen: str) -> tuple[str, int] | None:
    if not listen:
        return None
    host, colon, port = listen.rpartition(":")
    host = host.strip("[]")
    good = colon and port.isdecimal() and int(port) < 1 << 16
    if not good or host not in ("127.0.0.1", "::1", "localhost"):
        raise UsageError(
            f'health.listen = "{listen}": not an address of this machine alone',
            "for example 127.0.0.1:9187; put a proxy with authentication in front for others",
        )
    return host, int(port)
