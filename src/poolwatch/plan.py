"""What a scan needs beside its captures, and the engine made of it.

The command line and the Python interface both come through here, so that the same wishes
give the same answer.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from poolwatch.errors import UsageError
from poolwatch.settings import Limits

if TYPE_CHECKING:
    from poolwatch.chain.trace import Tracer
    from poolwatch.engine import Engine
    from poolwatch.inventory.exemptions import Exemptions
    from poolwatch.inventory.geo import Geo
    from poolwatch.inventory.notes import Note
    from poolwatch.inventory.units import UnitTable
    from poolwatch.logs.book import LogBook
    from poolwatch.logs.devices import Devices
    from poolwatch.logs.notes import Notes
    from poolwatch.tables import Tables


VANTAGES = (None, "inside", "outside")
"""Sides of address translation that captures are taken on; None: not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The wishes of a user. Nothing is read before `make_engine`."""

    internal: tuple[str, ...] = ()
    signatures: tuple[Path, ...] = ()
    units: tuple[Path, ...] = ()
    unit_field: str = "unit"
    zone: str = "UTC"  # of dates in unit tables
    mmdb: tuple[Path, ...] = ()
    home: str | None = None
    logs: tuple[Path, ...] = ()
    logs_config: Path | None = None
    register: tuple[Path, ...] = ()
    exemptions: tuple[Path, ...] = ()
    vantage: str | None = None  # `inside` or `outside` of address translation
    sensor: str | None = None
    limits: Limits = field(default_factory=Limits)
    identify: bool = True


def make_engine(
    plan: Plan,
    *,
    unreadable_rows: Callable[[list[Note]], None],
    unread_logs: Callable[[Notes], None] = lambda _: None,
    compiling: Callable[[], None],
) -> Engine:
    """Read the tables and make the engine. Raises PoolwatchError.

    `unreadable_rows` is called with the rows of unit tables and registers that are not used, if
    any; `unread_logs` with the remarks on logs;
    `compiling` before kernels are compiled, which takes a while once.
    """
    if plan.vantage not in VANTAGES:
        raise UsageError(f"vantage {plan.vantage!r}: no such side", "inside or outside")
    tables = load_tables(plan, unreadable_rows)
    warm_kernels(compiling)

    from poolwatch.engine import Engine

    try:
        return Engine(
            tables.catalog,
            plan.limits,
            tables.inside,
            sensor_name(plan.sensor),
            units=tables.units,
            geo=tables.geo,
            tracer=load_tracer(
                plan, unreadable_rows, unread_logs, units=tables.units, quotes=False
            ),
            exemptions=tables.exemptions,
            zone=tables.zone,
            vantage=plan.vantage,
            identify=plan.identify,
        )
    except MemoryError as error:
        raise UsageError(
            f"limits.flows = {plan.limits.flows}: more than there is memory for",
            "choose a lower one",
        ) from error


def load_tables(plan: Plan, unreadable_rows: Callable[[list[Note]], None]) -> Tables:
    """Read signatures, unit tables, exemptions and files of places. Raises PoolwatchError."""
    from poolwatch.aggregate.places import Inside
    from poolwatch.catalog import load_catalog
    from poolwatch.tables import Tables

    units = _load_units(plan, unreadable_rows)
    geo = _open_geo(plan)
    return Tables(
        load_catalog(plan.signatures),
        Inside(plan.internal, units),
        units,
        geo,
        _load_exemptions(plan, unreadable_rows),
        plan.zone,
    )


def load_tracer(
    plan: Plan,
    unreadable_rows: Callable[[list[Note]], None],
    unread_logs: Callable[[Notes], None],
    *,
    units: UnitTable | None = None,
    quotes: bool = True,
) -> Tracer | None:
    """What follows chains through logs and register; None where neither was given.

    `units`: the unit tables, if they are loaded already. `quotes`: whether lines of logs are
    quoted, for which files are read anew.
    """
    if not plan.logs and not plan.register:
        return None
    from poolwatch.chain.trace import Tracer
    from poolwatch.inventory.register import load_register

    book, devices = _load_logs(plan)
    if book.notes.kept:
        unread_logs(book.notes)
    register = load_register(plan.register, plan.limits) if plan.register else None
    if register is not None and register.unreadable:
        unreadable_rows(register.unreadable)
    return Tracer(
        book,
        units=units or _load_units(plan, unreadable_rows),
        register=register,
        devices=devices,
        limits=plan.limits,
        quotes=quotes,
    )


def warm_kernels(compiling: Callable[[], None]) -> None:
    """Have the kernels ready; `compiling` is called before they are compiled, once."""
    from poolwatch import kernels

    if kernels.is_cold():
        compiling()
        kernels.warm()


def sensor_name(wanted: str | None) -> str:
    """The name of the observation point: as wanted, else the host's."""
    return wanted or socket.gethostname()


def time_zone(name: str, option: str = "--tz") -> str:
    """The name of a time zone, once it is known to be one. Raises UsageError."""
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"{option} {name}: no such time zone", "for example Asia/Shanghai"
        ) from error
    return name


def _load_logs(plan: Plan) -> tuple[LogBook, Devices]:
    """The records of all logs, and the devices that the configuration names."""
    from poolwatch.logs.book import LogBook
    from poolwatch.logs.config import NAME, load_log_config
    from poolwatch.logs.devices import Devices
    from poolwatch.logs.load import load_logs

    if not plan.logs:
        return LogBook.of(()), Devices()
    config = load_log_config(plan.logs_config) if plan.logs_config else None
    own = [path / NAME for path in plan.logs if (path / NAME).is_file()]
    configs = [config] if config else [load_log_config(path) for path in own]
    book = load_logs(plan.logs, config, plan.limits, plan.zone)
    return book, Devices(device for one in configs for device in one.devices)


def _load_units(plan: Plan, unreadable_rows: Callable[[list[Note]], None]) -> UnitTable | None:
    if not plan.units:
        return None
    from poolwatch.inventory.unit_files import load_units

    table = load_units(plan.units, plan.limits, plan.zone, plan.unit_field)
    if table.unreadable:
        unreadable_rows(table.unreadable)
    return table


def _load_exemptions(
    plan: Plan, unreadable_rows: Callable[[list[Note]], None]
) -> Exemptions | None:
    """The exemption registers; None where none was given. Raises UnitsError."""
    if not plan.exemptions:
        return None
    from poolwatch.inventory import exemptions

    register = exemptions.load_exemptions(plan.exemptions, plan.limits, plan.zone)
    if register.unreadable:
        unreadable_rows(register.unreadable)
    return register


def _open_geo(plan: Plan) -> Geo | None:
    if not plan.mmdb and plan.home is None:
        return None
    from poolwatch.inventory.geo import Geo

    return Geo(plan.mmdb, plan.home)
