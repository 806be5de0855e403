"""`poolwatch status`: what the sensor on this machine says of itself, for people."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import click

from poolwatch.errors import PoolwatchError

_SECONDS = 5
_UNHEALTHY = 1
_MOST_BYTES = 1 << 24


@click.command("status")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The sensor's configuration: where it listens.",
)
@click.option("--address", metavar="HOST:PORT", help="Where it listens.")
def command(config: Path | None, address: str | None) -> int:
    """Say how the sensor on this machine is doing.

    Exit status: 0 healthy, 1 not, 2 no sensor answers.
    """
    from poolwatch.sensor.status import read_samples, status_lines

    where = address or _address(config)
    verdict = json.loads(_get(where, "/healthz"))
    samples = read_samples(_get(where, "/metrics").decode())
    for line in status_lines(verdict, samples):
        click.echo(line)
    return 0 if verdict.get("healthy") else _UNHEALTHY


def _address(config: Path | None) -> str:
    from poolwatch.sensor.config import load_config

    listen = load_config(config).health.listen
    if not listen:
        raise PoolwatchError("the sensor listens nowhere", "set health.listen")
    return listen


def _get(where: str, path: str) -> bytes:
    try:
        with urllib.request.urlopen(f"http://{where}{path}", timeout=_SECONDS) as answer:
            return bytes(answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:  # 503: it answers, and is not well
        with error:
            return bytes(error.read(_MOST_BYTES))
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise PoolwatchError(
            f"no sensor answers at {where}: {reason}", "systemctl status poolwatch"
        ) from error
