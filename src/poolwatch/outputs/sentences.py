"""What could not be read, in sentences: the command line prints them, Python warns with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolwatch.messages import printable

if TYPE_CHECKING:
    from poolwatch.inventory.notes import Note
    from poolwatch.messages import Messages
    from poolwatch.terms import Problem


def note_line(note: Note, messages: Messages) -> str:
    """What is to be said about a row of a unit table: file, row, column, reason."""
    column = messages.say("units.note.column", column=note.column) if note.column else ""
    place = f"{note.file}:{note.row}" if note.row else note.file
    sentence = messages.say(f"units.reason.{note.reason}", **note.fields)
    return messages.say("units.note.line", place=place, column=column, sentence=sentence)


def problem_line(problem: Problem, messages: Messages) -> str:
    """What is to be said about an input that was not read to its end."""
    line = messages.say(
        "problem.line", path=problem.path, offset=problem.offset, reason=problem.reason
    )
    return f"{line} ({printable(problem.advice)})" if problem.advice else line
