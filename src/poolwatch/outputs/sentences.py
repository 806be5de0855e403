"""Sentences that several faces share: what could not be read, and which verdict is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolwatch.messages import printable
from poolwatch.terms import Grade, Role, Stage

if TYPE_CHECKING:
    from poolwatch.inventory.notes import Note
    from poolwatch.logs.notes import LogNote
    from poolwatch.messages import Messages
    from poolwatch.terms import Problem


def note_line(note: Note, messages: Messages) -> str:
    """What is to be said about a row of a unit table: file, row, column, reason."""
    column = messages.say("units.note.column", column=note.column) if note.column else ""
    place = f"{note.file}:{note.row}" if note.row else note.file
    sentence = messages.say(f"units.reason.{note.reason}", **note.fields)
    return messages.say("units.note.line", place=place, column=column, sentence=sentence)


def log_note_line(note: LogNote, messages: Messages) -> str:
    """What is to be said about a line of a log, or a whole file: where, and why."""
    place = f"{note.file}:{note.line}" if note.line else note.file
    sentence = messages.say(f"log.reason.{note.reason}", text=note.text)
    return messages.say("log.note.line", place=place, sentence=sentence)


def problem_line(problem: Problem, messages: Messages) -> str:
    """What is to be said about an input that was not read to its end."""
    line = messages.say(
        "problem.line", path=problem.path, offset=problem.offset, reason=problem.reason
    )
    return f"{line} ({printable(problem.advice)})" if problem.advice else line


_OF_ROLE = {
    Role.TARGET: "target",
    Role.RELAY: "relays",
    Role.POOL: "serves",
    Role.RESOLVER: "resolves",
}


def verdict_id(role: Role, stage: Stage, grade: Grade, *, refused: bool) -> str:
    """The verdict's message id, below `verdict.`: never more than the stage allows."""
    if role in _OF_ROLE:
        return _OF_ROLE[role]
    if stage is Stage.LOOKED_UP:
        return "looked_up"
    if stage >= Stage.SUBMITTING and grade >= Grade.PROBABLE:
        return "mines"
    if grade is Grade.NOTED:
        return "noted"
    return "refused" if refused else "spoke"
