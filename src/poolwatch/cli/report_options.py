"""What reports have in common: ranges as they are written, prices, where the report goes."""

from __future__ import annotations

import contextlib
import math
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from poolwatch.errors import UsageError
from poolwatch.messages import LANGUAGES, Messages, default_language

if TYPE_CHECKING:
    from poolwatch.catalog.figures import Figures
    from poolwatch.report.energy.prices import Price
    from poolwatch.settings import Limits

F = TypeVar("F", bound=Callable[..., Any])
_RANGE = re.compile(r"([0-9][0-9.eE+]{0,30})(?:-([0-9][0-9.eE+]{0,30}))?")


class RangeType(click.ParamType[tuple[float, float]]):
    """A number, or two with a hyphen between them: 1.3, 0.9-1.6."""

    name = "range"

    def __init__(self, most: float = math.inf) -> None:
        self._most = most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Both ends of the range."""
        if isinstance(value, tuple):
            return value
        match = _RANGE.fullmatch(str(value).strip())
        try:
            if match is None:
                raise ValueError
            low = float(match[1])
            high = float(match[2]) if match[2] else low
        except ValueError:
            self.fail(f"{value!r} is neither a number nor a range such as 0.9-1.6", param, ctx)
        if not 0 <= low <= high < math.inf:
            self.fail(f"{value!r} is not a range from low to high", param, ctx)
        if high > self._most:
            self.fail(f"{value!r} goes beyond {self._most:g}", param, ctx)
        return low, high


def output_options(function: F) -> F:
    """`--format`, `-o`, `--lang`, `--signatures`, `--limit` of a report."""
    return output_options_of(("text", "csv", "json"))(function)


def output_options_of(formats: tuple[str, ...]) -> Callable[[F], F]:
    """The same with other formats; the first is the default."""

    def add(function: F) -> F:
        for option in _output_options(formats):
            function = option(function)
        return function

    return add


def _output_options(formats: tuple[str, ...]) -> tuple[Callable[[F], F], ...]:
    return (
        click.option(
            "--limit",
            multiple=True,
            metavar="NAME=N",
            help="Change a bound, for example meter_rows=5000000; may be given several times.",
        ),
        click.option(
            "--signatures",
            multiple=True,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            metavar="DIR",
            help="Rows of your own (network.csv, rewards.csv, hardware.csv, factors.csv).",
        ),
        click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the report."),
        click.option(
            "-o", "--output", type=click.Path(dir_okay=False), help="Write to FILE.  [default: - ]"
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
        ),
    )


def price_options(function: F) -> F:
    """`--price` and `--prices`."""
    for option in (
        click.option(
            "--prices",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="A CSV with the columns coin, date, price, and perhaps currency, source.",
        ),
        click.option(
            "--price",
            multiple=True,
            metavar="COIN=PRICE@DATE",
            help="What a coin cost on a day, for example ETH=3100@2021-09-07 (USD), "
            "ETH=20000CNY@2021-09-07. Without one no value is told.",
        ),
    ):
        function = option(function)
    return function


def read_all_prices(options: dict[str, Any], limits: Limits) -> list[Price]:
    """The prices given, one by one and as a table."""
    from poolwatch.report.energy.prices import read_price, read_prices

    prices = [read_price(text) for text in options["price"]]
    if options["prices"] is not None:
        prices += read_prices(options["prices"], limits.price_rows)
    return prices


def load_figures(folders: tuple[Path, ...]) -> Figures:
    """The tables of figures, with the rows of some folders."""
    from poolwatch.catalog.figures import Figures
    from poolwatch.catalog.load import load_rows

    return Figures(load_rows(folders).figures)


def report_messages(language: str | None) -> Messages:
    """The sentences of a report."""
    return Messages(language or default_language())


@contextlib.contextmanager
def opened(output: str | None) -> Iterator[IO[str]]:
    """Where a report goes: a file, or standard output."""
    if output in (None, "-"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        yield sys.stdout
        return
    try:
        with Path(str(output)).open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        raise UsageError(f"-o {output}: {error.strerror}") from error


@contextlib.contextmanager
def opened_bytes(output: str | None, what: str) -> Iterator[IO[bytes]]:
    """Where a report that is no text goes: a file, or standard output if that is no terminal."""
    if output in (None, "-"):
        if sys.stdout.isatty():
            raise UsageError(f"{what} is no text", "name a file: -o FILE")
        yield sys.stdout.buffer
        return
    try:
        with Path(str(output)).open("wb") as stream:
            yield stream
    except OSError as error:
        raise UsageError(f"-o {output}: {error.strerror}") from error
