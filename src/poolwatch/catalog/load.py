"""`signatures/` to validated rows. An error names the file and the line."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from poolwatch.catalog.cause_rows import GroundRow, MalwareRow
from poolwatch.catalog.figure_rows import (
    FactorRow,
    HardwareRow,
    NetworkMonthRow,
    RewardRow,
)
from poolwatch.catalog.rows import (
    AgentRow,
    CoinbaseTagRow,
    CoinRow,
    DifficultyRow,
    EndpointRow,
    NeedleRow,
    NetworkRow,
    PoolRow,
    PrefixRow,
    SharedSuffixRow,
    WalletRow,
)
from poolwatch.errors import CatalogError

Row = TypeVar("Row")

FILES: dict[str, type[msgspec.Struct]] = {
    "pools.csv": PoolRow,
    "endpoints.csv": EndpointRow,
    "prefixes.csv": PrefixRow,
    "agents.csv": AgentRow,
    "coins.csv": CoinRow,
    "wallets.csv": WalletRow,
    "coinbase_tags.csv": CoinbaseTagRow,
    "networks.csv": NetworkRow,
    "difficulties.csv": DifficultyRow,
    "needles.toml": NeedleRow,
    "shared_suffixes.csv": SharedSuffixRow,
}

FIGURES: dict[str, type[msgspec.Struct]] = {
    "network.csv": NetworkMonthRow,
    "rewards.csv": RewardRow,
    "hardware.csv": HardwareRow,
    "factors.csv": FactorRow,
    "grounds.csv": GroundRow,
    "malware.csv": MalwareRow,
}
"""Tables that few scans ask: they are held as bytes, and read when first asked."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """A file that few scans ask, as it was when the catalogue was loaded."""

    path: Path
    data: bytes

    def read(self) -> list[Placed[Any]]:
        """Its rows. Raises CatalogError for one that does not fit."""
        return list(_read(self.path, self.data, FIGURES[self.path.name]))


@dataclass(frozen=True, slots=True)
class Placed(Generic[Row]):
    """A row and where it stands."""

    row: Row
    file: str
    line: int

    @property
    def place(self) -> str:
        """`file:line`, as editors understand it."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of one or more signature folders, and the digest of their files."""

    pools: tuple[Placed[PoolRow], ...]
    endpoints: tuple[Placed[EndpointRow], ...]
    prefixes: tuple[Placed[PrefixRow], ...]
    agents: tuple[Placed[AgentRow], ...]
    coins: tuple[Placed[CoinRow], ...]
    wallets: tuple[Placed[WalletRow], ...]
    coinbase_tags: tuple[Placed[CoinbaseTagRow], ...]
    networks: tuple[Placed[NetworkRow], ...]
    difficulties: tuple[Placed[DifficultyRow], ...]
    needles: tuple[Placed[NeedleRow], ...]
    shared_suffixes: tuple[Placed[SharedSuffixRow], ...]
    digest: str
    figures: tuple[RawTable, ...] = ()


def holding_pools(pools: Iterable[Placed[PoolRow]]) -> dict[str, Placed[PoolRow]]:
    """Of the rows for a suffix the one that holds: a full one, then the one read first."""
    holding: dict[str, Placed[PoolRow]] = {}
    for placed in pools:
        known = holding.get(placed.row.suffix)
        if known is None or (known.row.nursery and not placed.row.nursery):
            holding[placed.row.suffix] = placed
    return holding


def shipped_folder() -> Path:
    """Where the signatures that come with poolwatch are."""
    installed = Path(str(resources.files("poolwatch"))) / "signatures"
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parents[3] / "signatures"  # a source checkout


def load_rows(extra: tuple[Path, ...] = ()) -> Rows:
    """Read the shipped signatures and those of the `extra` folders behind them.

    Raises CatalogError for a folder without signature files and for a row that does not fit.
    """
    digest = hashlib.sha256()
    found: dict[str, list[Placed[Any]]] = {name: [] for name in FILES}
    figures: list[RawTable] = []
    every = (*FILES, *FIGURES)
    for folder in (shipped_folder(), *extra):
        names = [name for name in every if (folder / name).is_file()]
        if not names:
            raise CatalogError(
                f"{folder}: no signature file here", f"expected one of {', '.join(every)}"
            )
        for name in names:
            path = folder / name
            data = path.read_bytes()
            digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
            if name in FIGURES:
                figures.append(RawTable(path, data))
            else:
                found[name] += _read(path, data, FILES[name])
    for table in figures:
        if table.path.parent in extra:  # what is not right is said before a scan, not after it
            table.read()
    return Rows(
        tuple(found["pools.csv"]),
        tuple(found["endpoints.csv"]),
        tuple(found["prefixes.csv"]),
        tuple(found["agents.csv"]),
        tuple(found["coins.csv"]),
        tuple(found["wallets.csv"]),
        tuple(found["coinbase_tags.csv"]),
        tuple(found["networks.csv"]),
        tuple(found["difficulties.csv"]),
        tuple(found["needles.toml"]),
        tuple(found["shared_suffixes.csv"]),
        digest.hexdigest(),
        tuple(figures),
    )


def _read(path: Path, data: bytes, kind: type[Any]) -> Iterator[Placed[Any]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path}: byte {error.start} is not UTF-8") from error
    if path.suffix == ".toml":
        return _read_toml(path, text, kind)
    return _read_csv(path, text, kind)


def _read_csv(path: Path, text: str, kind: type[msgspec.Struct]) -> Iterator[Placed[Any]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = next(reader, [])
        optional = _check_header(header, kind, path)
        for cells in reader:
            line = reader.line_num
            if not cells or cells[0].startswith("#"):
                continue
            if len(cells) != len(header):
                raise CatalogError(f"{path}:{line}: {len(cells)} cells, not {len(header)}")
            named = zip(header, cells, strict=True)
            values = {name: cell for name, cell in named if cell or name not in optional}
            yield Placed(_convert(values, kind, path, line), str(path), line)
    except csv.Error as error:
        raise CatalogError(f"{path}:{reader.line_num}: {error}") from error


def read_table(path: Path, kind: type[Row]) -> list[Row | str]:
    """A table as it stands: its rows, and its comment lines as text.

    Raises CatalogError for a row that does not fit.
    """
    data = path.read_bytes()
    items: dict[int, Any] = {placed.line: placed.row for placed in _read(path, data, kind)}
    for line, text in enumerate(data.decode("utf-8-sig").splitlines(), 1):
        if text.startswith("#"):
            items.setdefault(line, text)
    return [items[line] for line in sorted(items)]


def _check_header(header: list[str], kind: type[msgspec.Struct], path: Path) -> set[str]:
    """The columns that may be empty; raises CatalogError for a header that does not fit."""
    fields = msgspec.structs.fields(kind)
    optional = {field.name for field in fields if not field.required}
    wanted = [field.name for field in fields]
    fitting = [name for name in wanted if name in header or name not in optional]
    if header != fitting:
        raise CatalogError(
            f"{path}:1: the header is {','.join(header)}", f"expected {','.join(wanted)}"
        )
    return optional


def _read_toml(path: Path, text: str, kind: type[msgspec.Struct]) -> Iterator[Placed[Any]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path}: {error}") from error
    table = path.stem.removesuffix("s")
    unknown = set(document) - {table}
    if unknown:
        raise CatalogError(f"{path}: unknown table [[{sorted(unknown)[0]}]], expected [[{table}]]")
    lines = [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if re.match(rf"\s*\[\[\s*{table}\s*\]\]", line)
    ]
    for line, values in zip(lines, document.get(table, []), strict=True):
        yield Placed(_convert(values, kind, path, line), str(path), line)


def _convert(values: dict[str, Any], kind: type[Row], path: Path, line: int) -> Row:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{path}:{line}: {error}") from error
