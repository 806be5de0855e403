"""What an argument is made of: statements without a language, and explanations tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from poolwatch.explain.facts import Flow, Message

Value = str | int


class Quoted(NamedTuple):
    """A message a statement rests on, and the flow it stands in."""

    flow: Flow
    message: Message


class Word(NamedTuple):
    """A field that is itself a sentence of the catalogue, by its id."""

    key: str


class Moment(NamedTuple):
    """A field that is a time: µs since 1970 UTC."""

    us: int


class Secret(NamedTuple):
    """A field that is a wallet or an account, masked unless wanted."""

    text: str


class Sentences(NamedTuple):
    """A field that is a sentence of a row, in both languages."""

    en: str
    zh: str


Field = Value | Word | Moment | Secret | Sentences


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence: the id of its message below `explain.`, its fields, what it rests on."""

    id: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    quotes: tuple[Quoted, ...] = ()


class Outcome(StrEnum):
    """How an innocent explanation fared."""

    EXCLUDED = "excluded"
    POSSIBLE = "possible"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Tested:
    """An innocent explanation and how it fared; the ground says why."""

    id: str
    outcome: Outcome
    ground: Statement


def joined(address: str, port: int) -> str:
    """An address and a port as people write them."""
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{port}" if port else host


def pool_of(flow: Flow) -> str:
    """The pool's end of a flow, with its name where it has one."""
    end = joined(*flow.pool_end)
    if flow.via_target:
        end = f"{flow.via_target} via {end}"
    return f"{flow.pool} ({end})" if flow.pool else end
