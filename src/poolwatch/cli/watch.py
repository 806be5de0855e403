"""`poolwatch watch`: the sensor on a mirror port."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poolwatch.messages import Messages, default_language

if TYPE_CHECKING:
    from poolwatch.sensor.config import Config


@click.command("watch")
@click.option(
    "-i",
    "--interface",
    "interfaces",
    multiple=True,
    metavar="IF",
    help="An interface to watch; may be given several times.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    help="Rings that share the packets by flow, each read by a thread of its own.",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A TOML file; --dump-config shows all that may stand in it.",
)
@click.option("--dump-config", is_flag=True, help="Print the configuration with every default.")
@click.option("-T", "--test", is_flag=True, help="Check configuration and tables, and exit.")
def command(
    interfaces: tuple[str, ...],
    threads: int | None,
    config: Path | None,
    dump_config: bool,
    test: bool,
) -> int:
    """Watch a mirror port until it is told to end.

    SIGHUP opens log files anew and reads signatures and unit tables again; SIGTERM ends within
    ten seconds, with everything written that was found.

    Exit status: 0 ended as it was told to, 1 a part ended by itself, 2 usage or configuration.
    """
    # Numeric libraries start threads when they are imported, and rights belong to threads.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from poolwatch.sensor import config as configuration

    def read() -> Config:
        return configuration.with_options(configuration.load_config(config), interfaces, threads)

    wanted = read()
    if dump_config:
        click.echo(configuration.dump_config(wanted), nl=False)
        return 0
    if test:
        return _check(wanted, str(config) if config else "the defaults")
    return _watch(wanted, read)


def _check(config: Config, where: str) -> int:
    """Read everything that would be read. Raises PoolwatchError."""
    from poolwatch.capture.bpf import check_filter
    from poolwatch.plan import load_tables

    check_filter(config.capture.bpf)
    _warn_of_places(config)
    budget = config.budget()
    tables = load_tables(config.plan(budget), lambda notes: _unused(len(notes)))
    limits = budget.limits
    click.echo(
        f"poolwatch: {where}: good; catalogue {tables.catalog.digest[:12]}, "
        f"at most {budget.memory_bytes >> 20} MiB (flows={limits.flows}, "
        f"candidates={limits.candidates}, hosts={limits.hosts})"
    )
    return 0


def _warn_of_places(config: Config) -> None:
    """Warn where this user cannot write, and of interfaces that are not there.

    No more than that: the service may run as another user, and an interface may come later.
    """
    eve = config.tell.eve.path
    places = {
        "sensor.state": Path(config.sensor.state),
        "store.spool": Path(config.store.spool) if config.store.spool else None,
        "tell.eve.path": Path(eve).absolute().parent if eve else None,
    }
    for key, path in places.items():
        if path is None:
            continue
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            click.echo(f"poolwatch: {key} = {path}: this user cannot write there", err=True)
    for name in config.sensor.interfaces:
        if not Path("/sys/class/net", name).exists():
            click.echo(f"poolwatch: {name}: no such interface now", err=True)


def _unused(count: int) -> None:
    click.echo(f"poolwatch: {count} rows of unit tables are not used", err=True)


def _watch(config: Config, read: Callable[[], Config]) -> int:
    from poolwatch.sensor import signals
    from poolwatch.sensor.daemon import Sensor, require_interfaces
    from poolwatch.sensor.privileges import drop

    require_interfaces(config)
    signals.hold()  # before any thread
    said = drop() if not config.sensor.keep_rights else "all rights are kept"
    from poolwatch.plan import warm_kernels

    messages = Messages(default_language())
    warm_kernels(lambda: click.echo(f"poolwatch: {messages.say('progress.compiling')}", err=True))
    sensor = Sensor(config, read)
    sensor.log.say(6, said)
    sensor.start()
    return sensor.run()
