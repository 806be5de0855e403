"""How a report shows itself in a notebook: a small page of HTML, without wallets.

Every text in it comes from the wire or from a file of a stranger, and is escaped.
"""

from __future__ import annotations

import html
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poolwatch.messages import Messages, default_language, printable
from poolwatch.outputs.columns import GRADES
from poolwatch.outputs.rows import time_text

if TYPE_CHECKING:
    from poolwatch.report import Report

_MOST = 20
_HEADINGS = ("host", "role", "unit", "grade", "stage", "pools", "shares", "seen")


def headline(report: Report, messages: Messages | None = None) -> str:
    """One line: how many findings of which grade, and in what was read."""
    say = (messages or Messages("en")).say
    counts = Counter(row["grade"] for row in report.rows("findings"))
    grades = ", ".join(
        f"{counts[grade]} {say(f'grade.{grade}')}" for grade in reversed(GRADES) if counts[grade]
    )
    stats = report.rows("stats")
    return say(
        "report.headline",
        source=Path(report.source).name,
        findings=sum(counts.values()),
        grades=f" ({grades})" if grades else "",
        flows=len(report.rows("flows")),
        packets=_sum(stats, "packets"),
    )


def page(report: Report) -> str:
    """The report as HTML, in the language of the environment."""
    messages = Messages(default_language())
    findings = report.rows("findings")
    parts = [_paragraph(headline(report, messages), strong=True)]
    if findings:
        parts.append(_table(findings[:_MOST], messages))
    elif report.whole:
        parts.append(_paragraph(messages.say("table.nothing")))
    parts += [_paragraph(line) for line in _remarks(report, messages)]
    return f'<div class="poolwatch">{"".join(parts)}</div>'


def _remarks(report: Report, messages: Messages) -> list[str]:
    """What else has to be known: what is not shown, what was not read, what was not seen."""
    say = messages.say
    stats = report.rows("stats")
    lines = []
    more = len(report.rows("findings")) - _MOST
    if more > 0:
        lines.append(say("report.more", count=more))
    lines += [_coverage(row, messages) for row in stats[:_MOST]]
    problems = sum(len(_as_list(row["problems"])) for row in stats)
    if problems:
        lines.append(say("report.problems", count=problems))
    if not report.whole:
        lines.append(say("report.no_stats"))
    if report.bad_line_count:
        first = report.bad_lines[0]
        count = report.bad_line_count
        lines.append(say("report.bad_lines", count=count, line=first.line, reason=first.reason))
    left_out = sum(report.rows_left_out.values())
    if left_out:
        lines.append(say("report.left_out", count=left_out))
    return lines


def _coverage(row: dict[str, Any], messages: Messages) -> str:
    """What one scan looked at and what it could not judge."""
    not_understood = sum((row["not_understood"] or {}).values())
    drops = messages.say("stats.not_told") if row["drops"] is None else row["drops"]
    return messages.say(
        "report.read",
        files=row["files"] or 0,
        packets=f"{row['packets'] or 0:,}",
        flows=f"{row['flows'] or 0:,}",
        first=_moment(row["first_seen"]),
        last=_moment(row["last_seen"]),
        not_understood=not_understood,
        one_way=row["one_way"] or 0,
        encrypted_long=row["encrypted_long"] or 0,
        truncated=row["truncated"] or 0,
        drops=drops,
    )


def _table(findings: list[dict[str, Any]], messages: Messages) -> str:
    head = "".join(f"<th>{_escape(messages.say(f'report.{name}'))}</th>" for name in _HEADINGS)
    body = "".join(f"<tr>{_table_row(finding, messages)}</tr>" for finding in findings)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _table_row(finding: dict[str, Any], messages: Messages) -> str:
    role = f"role.{finding['role']}"
    cells = (
        finding["host"],
        messages.say(role) if messages.knows(role) else finding["role"],
        " / ".join(_as_list(finding["unit_path"])),
        messages.say(f"grade.{finding['grade']}"),
        messages.say(f"stage.{finding['stage']}"),
        ", ".join(_as_list(finding["pools"])[:_MOST]),
        f"{finding['shares_accepted'] or 0}/{finding['shares_submitted'] or 0}",
        f"{_moment(finding['first_seen'])} – {_moment(finding['last_seen'])}",
    )
    return "".join(f"<td>{_escape(str(cell or ''))}</td>" for cell in cells)


def _moment(cell: int | None) -> str:
    return "…" if cell is None else time_text(cell)[:19].replace("T", " ")


def _sum(rows: list[dict[str, Any]], name: str) -> str:
    return f"{sum(row[name] or 0 for row in rows):,}"


def _as_list(cell: Any) -> list[Any]:
    return cell or []


def _paragraph(text: str, *, strong: bool = False) -> str:
    inner = _escape(text)
    return f"<p><strong>{inner}</strong></p>" if strong else f"<p>{inner}</p>"


def _escape(text: str) -> str:
    return html.escape(printable(text))
