"""The grounds by which causes are judged: rows, with their thresholds and sentences read."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from poolwatch.catalog.cause_rows import GroundRow
from poolwatch.catalog.load import Placed, RawTable
from poolwatch.errors import CatalogError

SHAPES: dict[str, tuple[str, str]] = {
    "listed": ("kind confidence", "family count"),
    "listed_fetch": ("confidence", "family count"),
    "sweeping": ("ports peers failed", "ports peers flows"),
    "guessing": ("ports flows each", "ports peers flows"),
    "fetched_before": ("endings seconds", "count"),
    "guessed_before": ("ports flows seconds", "ports flows"),
    "entered_before": ("ports flows seconds", "ports flows"),
    "shared_units": ("units kinds hardware", "units"),
    "shared_unlike": ("hosts kinds", "hosts"),
    "account_login": ("chars longest", "count"),
    "worker_series": ("payee hardware workers", "count"),
    "rental": ("at", "pools"),
    "exchange_pool": ("at", "pools"),
    "several_pools": ("pools", "count"),
    "test_net": ("prefixes chars", ""),
    "hardware": ("classes", "hardware"),
    "great_rate": ("algorithms rate", "rate"),
    "day_and_night": ("classes hours days", "days"),
    "off_hours": ("begin end hours days share", "hours days zone"),
    "office_hours": ("begin end hours days share", "hours days zone"),
    "short_runs": ("seconds quiet_seconds", "seconds"),
    "long_runs": ("hours", "hours"),
    "own_pool": ("what dialects", "ends"),
    "bare_pool": ("ports", "ends"),
    "named": ("names", "names"),
    "exempt": ("registered", "document times"),
    "exempt_otherwise": ("registered", "document times"),
}
"""Of each checker the parameters its rows give, and the fields it fills in."""
_WORDS = {
    *("algorithms", "classes", "confidence", "dialects", "endings", "hardware", "kind"),
    *("names", "at", "payee", "ports", "prefixes", "registered", "what"),
}
_VOCABULARY = {
    "kind": {"wallet", "name", "endpoint"},
    "registered": {"research", "filed project"},
    "confidence": {"high", "medium", "low"},
    "payee": {"wallet", "account"},
    "what": {"node", "pool"},
}
_PARAMETER = re.compile(r"([a-z_]+)(>=|<=|=)(\S+)")
_RANKS = ("strong", "leaning", "weak")


@dataclass(frozen=True, slots=True)
class Parameters:
    """Thresholds and words of a row, by name."""

    numbers: Mapping[str, float]
    words: Mapping[str, tuple[str, ...]]

    def number(self, name: str) -> float:
        """A threshold. Raises KeyError."""
        return self.numbers[name]

    def numbers_of(self, name: str) -> frozenset[int]:
        """Words that are whole numbers, as ports. Raises KeyError."""
        return frozenset(int(word) for word in self.words[name])

    def of(self, name: str) -> tuple[str, ...]:
        """Words. Raises KeyError."""
        return self.words[name]

    @property
    def names(self) -> set[str]:
        """All names."""
        return {*self.numbers, *self.words}


@dataclass(frozen=True, slots=True)
class GroundRule:
    """A row of grounds, ready to be asked."""

    row: GroundRow
    parameters: Parameters
    place: str


class Grounds:
    """The rows of grounds, the strongest first; one of a folder of one's own replaces ours."""

    def __init__(self, tables: Iterable[RawTable] = ()) -> None:
        self._tables = [table for table in tables if table.path.name == "grounds.csv"]

    @cached_property
    def rules(self) -> tuple[GroundRule, ...]:
        """All rows. Raises CatalogError for one that does not fit."""
        found: dict[str, GroundRule] = {}
        for table in self._tables:
            for placed in table.read():
                found[placed.row.id] = _rule(placed)
        return tuple(sorted(found.values(), key=lambda rule: _RANKS.index(rule.row.rank)))

    def find(self, name: str) -> GroundRow | None:
        """The row of that id."""
        return next((rule.row for rule in self.rules if rule.row.id == name), None)


def read_parameters(text: str) -> Parameters:
    """Thresholds (`peers>=20`, `hours<=8`) and words (`ports=22|445`). Raises ValueError."""
    numbers: dict[str, float] = {}
    words: dict[str, tuple[str, ...]] = {}
    for piece in text.split():
        match = _PARAMETER.fullmatch(piece)
        if match is None:
            raise ValueError(f"{piece!r} is neither NAME>=N, NAME<=N nor NAME=WORD|WORD")
        name, relation, value = match.groups()
        if name in numbers or name in words:
            raise ValueError(f"{name} stands twice")
        if relation == "=":
            words[name] = tuple(word.replace("_", " ") for word in value.split("|"))
        else:
            numbers[name] = float(value)
    return Parameters(numbers, words)


def fields_of(sentence: str) -> set[str]:
    """The fields a sentence names. Raises ValueError for one that cannot be filled in."""
    fields: set[str] = set()
    for _, name, spec, conversion in string.Formatter().parse(sentence):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} is no plain field")
        fields.add(name)
    return fields


def sentence_of(row: GroundRow, language: str, fields: Mapping[str, str]) -> str:
    """The sentence of a row, filled in; a field nobody gave stays a dash."""
    template = row.zh if language == "zh" else row.en
    wanted = fields_of(template)
    return template.format(**{name: fields.get(name, "–") for name in wanted})


def _check_values(parameters: Parameters) -> None:
    """Whether words are words, and those known ones that have to be. Raises ValueError."""
    for name in parameters.names:
        if (name in parameters.words) is not (name in _WORDS):
            raise ValueError(f"{name} is given as {name}{'=' if name in _WORDS else '>='}…")
    for name, known in _VOCABULARY.items():
        unknown = set(parameters.words.get(name, ())) - known
        if unknown:
            raise ValueError(f"{name}={sorted(unknown)[0]}: one of {', '.join(sorted(known))}")
    for port in parameters.words.get("ports", ()):
        if not (port.isascii() and port.isdecimal() and int(port) < 65536):
            raise ValueError(f"ports={port}: no port")


def _rule(placed: Placed[GroundRow]) -> GroundRule:
    row = placed.row
    try:
        shape = SHAPES.get(row.checker)
        if shape is None:
            raise ValueError(f"checker {row.checker!r} is none of {', '.join(SHAPES)}")
        parameters = read_parameters(row.parameters)
        if parameters.names != set(shape[0].split()):
            raise ValueError(f"the parameters of {row.checker} are {shape[0]}")
        _check_values(parameters)
        fields = fields_of(row.en)
        if fields != fields_of(row.zh):
            raise ValueError("en and zh name different fields")
        if not fields <= set(shape[1].split()):
            raise ValueError(f"the fields of {row.checker} are {shape[1] or 'none'}")
        return GroundRule(row, parameters, placed.place)
    except ValueError as error:
        raise CatalogError(f"{placed.place}: {placed.row.id}: {error}") from error
