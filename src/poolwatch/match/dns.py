"""DNS messages (RFC 1035): questions and answers, with their places. Hostile bytes never raise.

The bounds are those of `kernels/dns.py`: what the kernel did not read is not read here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

HOPS = 16
QUESTIONS = 4
ANSWERS = 64

A, CNAME, AAAA = 1, 5, 28
_HEADER = 12
_NAME_BYTES = 256


class Question(NamedTuple):
    """A name asked for, lower-cased; `at` and `length` give its bytes, `text` as they spell it."""

    name: str
    kind: int
    at: int
    length: int
    text: str


class Answer(NamedTuple):
    """An alias (`target`) or an address (`version`, `address`) of a name."""

    owner: str
    seconds: int
    target: str = ""
    version: int = 0
    address: int = 0
    at: int = 0  # where the address stands


@dataclass(slots=True)
class Message:
    """What could be read of a DNS message."""

    is_answer: bool
    questions: list[Question] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def chain(self, name: str) -> list[str]:
        """A name and the aliases its answers lead on to."""
        names = [name]
        aliases = {a.owner: a.target for a in reversed(self.answers) if a.target}
        while len(names) <= len(aliases):
            target = aliases.get(names[-1])
            if target is None or target in names:
                break
            names.append(target)
        return names

    def addresses(self, names: list[str]) -> list[Answer]:
        """The addresses of some names, each once."""
        found: dict[tuple[int, int], Answer] = {}
        for answer in self.answers:
            if answer.version and answer.owner in names:
                found.setdefault((answer.version, answer.address), answer)
        return list(found.values())


class _BadName(Exception):
    """Bytes that are no name."""


def parse_dns(data: bytes) -> Message | None:
    """What can be read of a message, None when it is no query or answer."""
    if len(data) < _HEADER:
        return None
    flags = int.from_bytes(data[2:4], "big")
    if flags & 0x7800:
        return None
    message = Message(bool(flags & 0x8000))
    position = _HEADER
    try:
        for _ in range(min(int.from_bytes(data[4:6], "big"), QUESTIONS)):
            at = position
            raw, position = _read_name(data, position)
            if position + 4 > len(data):
                return message
            kind = int.from_bytes(data[position : position + 2], "big")
            text = as_text(raw)
            message.questions.append(Question(text.lower(), kind, at, position - at, text))
            position += 4
        if message.is_answer:
            _read_answers(data, position, message)
    except _BadName:
        pass
    return message


def _read_answers(data: bytes, position: int, message: Message) -> None:
    for _ in range(min(int.from_bytes(data[6:8], "big"), ANSWERS)):
        owner, position = _read_name(data, position)
        fixed = data[position : position + 10]
        if len(fixed) < 10:
            return
        kind, size = int.from_bytes(fixed[:2], "big"), int.from_bytes(fixed[8:], "big")
        seconds = int.from_bytes(fixed[4:8], "big")
        body, position = position + 10, position + 10 + size
        if position > len(data):
            return
        answer = Answer(as_text(owner).lower(), 0 if seconds & 0x80000000 else seconds)
        if kind == CNAME:
            target = as_text(_read_name(data[:position], body)[0]).lower()
            message.answers.append(answer._replace(target=target))
        elif (kind, size) in ((A, 4), (AAAA, 16)):
            number = int.from_bytes(data[body:position], "big")
            version = 4 if kind == A else 6
            message.answers.append(answer._replace(version=version, address=number, at=body))


def _read_name(data: bytes, position: int) -> tuple[list[bytes], int]:
    """The labels of a name, and where the record goes on."""
    labels: list[bytes] = []
    length = hops = 0
    resume = -1
    while True:
        if position >= len(data):
            raise _BadName
        size = data[position]
        if size == 0:
            return labels, resume if resume >= 0 else position + 1
        if size >= 0xC0:
            if position + 2 > len(data) or hops == HOPS:
                raise _BadName
            resume = position + 2 if resume < 0 else resume
            position = int.from_bytes(data[position : position + 2], "big") & 0x3FFF
            hops += 1
            continue
        label = data[position + 1 : position + 1 + size]
        if size > 63 or len(label) < size or length + size + 1 >= _NAME_BYTES:
            raise _BadName
        length += size + (1 if labels else 0)
        labels.append(label)
        position += 1 + size


def as_text(labels: list[bytes]) -> str:
    """A name as text; what is no plain character of a label stands as backslash and number."""
    return ".".join("".join(map(_character, label)) for label in labels)


def _character(byte: int) -> str:
    return chr(byte) if 33 <= byte <= 126 and byte not in b".\\" else f"\\{byte:03d}"
