"""`poolwatch status`: what the sensor on this machine says of itself, for people."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolwatch.errors import PoolwatchError

if TYPE_CHECKING:
    from poolwatch.sensor.status import Samples

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
    from poolwatch.sensor.status import status_lines

    where = address or _address(config)
    verdict, samples = _ask(where)
    for line in status_lines(verdict, samples):
        click.echo(line)
    return 0 if verdict.get("healthy") else _UNHEALTHY


def _address(config: Path | None) -> str:
    from poolwatch.sensor.config import load_config

    listen = load_config(config).health.listen
    if not listen:
        raise PoolwatchError("the sensor listens nowhere", "set health.listen")
    return listen


def _ask(where: str) -> tuple[dict[str, Any], Samples]:
    """What the sensor there says of itself. Raises PoolwatchError for what is no sensor."""
    from poolwatch.sensor.status import read_samples

    verdict, metrics = _get(where, "/healthz"), _get(where, "/metrics")
    try:
        read = json.loads(verdict)
        samples = read_samples(metrics.decode())
        if isinstance(read, dict) and "healthy" in read and "poolwatch_info" in samples:
            return read, samples
    except (ValueError, RecursionError):
        pass
    raise PoolwatchError(
        f"what answers at {where} is not poolwatch", "see health.listen, or give --address"
    )


def _get(where: str, path: str) -> bytes:
    # Never by a proxy: the sensor listens to its own machine alone.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(f"http://{where}{path}", timeout=_SECONDS) as answer:
            return bytes(answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:  # 503: it answers, and is not well
        with error:
            return bytes(error.read(_MOST_BYTES))
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise PoolwatchError(
            f"no sensor answers at {where}: {reason}", "systemctl status poolwatch"
        ) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Nobody is sent elsewhere: the answer is an error as it stands."""
