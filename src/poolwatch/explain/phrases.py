"""Statements in a language: sentences, with wallets masked and times in a zone."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Sequence

from poolwatch.explain.facts import Message
from poolwatch.explain.statements import Field, Moment, Secret, Sentences, Statement, Word
from poolwatch.messages import Messages, printable
from poolwatch.outputs.masking import concealed, mask, without_passwords
from poolwatch.terms import Speaker

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_SHORTEST = 4
HIDDEN = "█"
"""Stands for one byte that is not shown."""


class Phrases:
    """Says statements. `secrets`: wallets and accounts that are masked wherever they stand."""

    def __init__(
        self, messages: Messages, zone: str, secrets: Sequence[str], *, reveal: bool
    ) -> None:
        self.messages = messages
        self.zone = zone
        self._zone = zoneinfo.ZoneInfo(zone)
        self._reveal = reveal
        self._secrets = tuple(sorted(secrets, key=len, reverse=True))

    def say(self, statement: Statement) -> str:
        """The sentence of a statement."""
        return self.messages.say(f"explain.{statement.id}", **self.fields(statement))

    def word(self, key: str, **fields: object) -> str:
        """A word or heading of explanations."""
        return self.messages.say(f"explain.{key}", **fields)

    def fields(self, statement: Statement) -> dict[str, str | int]:
        """The fields of a statement as they are shown."""
        return {name: self._field(value) for name, value in statement.fields.items()}

    def reads(self, message: Message) -> str:
        """What a quoted message says, as far as the event holds it."""
        from_miner = message.speaker is Speaker.MINER
        if self._reveal:
            return printable(without_passwords(message.text, from_miner=from_miner))
        return printable(concealed(message.text, self._secrets, from_miner=from_miner))

    def masked(self, text: str) -> str:
        """A text from elsewhere, with known wallets and accounts masked."""
        if not self._reveal:
            for secret in self._secrets:
                if len(secret) >= _SHORTEST or text == secret:
                    text = text.replace(secret, mask(secret))
        return printable(text)

    def _field(self, value: Field) -> str | int:
        if isinstance(value, Word):
            return self.messages.say(value.key)
        if isinstance(value, Sentences):
            return self.masked(value.zh if self.messages.language == "zh" else value.en)
        if isinstance(value, Moment):
            return self._moment(value.us)
        if isinstance(value, Secret):
            return printable(value.text if self._reveal else mask(value.text))
        return self.masked(value) if isinstance(value, str) else value

    def _moment(self, us: int) -> str:
        try:
            moment = (_EPOCH + datetime.timedelta(microseconds=us)).astimezone(self._zone)
        except OverflowError:
            return f"{us} µs"
        return f"{moment:%Y-%m-%d %H:%M:%S} {self.zone}"
