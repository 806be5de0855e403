"""For people: one row and one plain sentence per finding, and what was looked at."""

from __future__ import annotations

import datetime
import io
import os
import re
import shutil
import zoneinfo
from typing import IO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from poolwatch.match.dialects import ROWS
from poolwatch.messages import Messages, printable
from poolwatch.outputs import Item, View
from poolwatch.terms import (
    Endpoint,
    Finding,
    Grade,
    Hit,
    Quote,
    Role,
    Session,
    Speaker,
    Stage,
    Stats,
    Strength,
)

WIDTH = 100  # where the output is no terminal
_QUOTE_CHARS = 110
_TEXT_FORM = r'"((?:[^"\\]|\\.)*)'
_CREDENTIALS = re.compile(r"(authorization: *\w+ +)\S+", re.IGNORECASE)
_PRIVATE_MEMBER = re.compile(
    rf'"(?:login|pass|password|user|wallet|worker|rigid|email)"\s*:\s*{_TEXT_FORM}', re.IGNORECASE
)
_FIRST_PARAMETERS = re.compile(rf'"params"\s*:\s*\[\s*{_TEXT_FORM}(?:"\s*,\s*{_TEXT_FORM})?')
_SUBSCRIBE = re.compile("subscribe", re.IGNORECASE)
_SHORTEST_KNOWN = 4  # shorter ones would be found everywhere
_LONG_WORD = re.compile("[0-9A-Za-z]{25,}")
_STEPS = {
    Stage.SUBSCRIBED: "subscribed",
    Stage.AUTHORIZED: "authorized",
    Stage.RECEIVING_WORK: "job",
    Stage.SUBMITTING: "submit",
    Stage.MINING: "accept",
}
_STYLES = {
    Grade.CONFIRMED: "bold red",
    Grade.PROBABLE: "red",
    Grade.SUSPECTED: "yellow",
    Grade.NOTED: "",
}


class TableOutput:
    """Gathers the findings and prints them with the stats, which come last."""

    def __init__(self, stream: IO[str], view: View) -> None:
        self._messages = view.messages
        self._view = view
        self._findings: list[Finding] = []
        self._zone = zoneinfo.ZoneInfo(view.zone)
        self._stream = stream
        self._page = io.StringIO()
        self._console = Console(
            file=self._page,
            width=shutil.get_terminal_size((WIDTH, 24)).columns if stream.isatty() else WIDTH,
            force_terminal=view.colour,
            no_color=not view.colour,
            highlight=False,
            emoji=False,
        )

    def write(self, item: Item) -> None:
        """Take an item; the stats print everything."""
        if isinstance(item, Finding):
            self._findings.append(item)
        elif isinstance(item, Stats):
            self._print(item)

    def _print(self, stats: Stats) -> None:
        shown = [f for f in self._findings if f.grade >= self._view.min_grade]
        if shown:
            self._print_table(shown)
            self._print_sentences(shown)
        else:
            self._say("table.nothing")
        hidden = len(self._findings) - len(shown)
        if hidden:
            grade = self._messages.say(f"grade.{self._view.min_grade.word}")
            self._say("table.below", count=hidden, grade=grade)
        self._console.print()
        self._print_stats(stats)
        for line in self._page.getvalue().splitlines():
            self._stream.write(line.rstrip() + "\n")

    def _print_table(self, findings: list[Finding]) -> None:
        say = self._messages.say
        table = Table(
            title=say("table.title"),
            title_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        table.add_column(say("table.number"), justify="right")
        table.add_column(say("table.host"), overflow="fold", min_width=28)
        table.add_column(say("table.verdict"))
        table.add_column(say("table.grade"))
        table.add_column(say("table.shares"), justify="right")
        table.add_column(say("table.seen", zone=self._view.zone), no_wrap=True)
        for number, finding in enumerate(findings, 1):
            style = _STYLES[finding.grade]
            grade = Text(say(f"grade.{finding.grade.word}"), style=style)
            table.add_row(
                str(number),
                Text(f"{self._host(finding)}\n{printable(_partner(finding))}"),
                say(f"verdict.{verdict(finding)}"),
                Text.assemble(grade, f"\n{say(f'stage.{finding.stage.word}')}"),
                f"{finding.shares.accepted}/{finding.shares.submitted}",
                self._seen(finding),
            )
        self._console.print(table)

    def _host(self, finding: Finding) -> str:
        if finding.inside:
            return finding.host
        return f"{finding.host} ({self._messages.say('table.outside')})"

    def _seen(self, finding: Finding) -> str:
        first, last = self._moment(finding.first_ns), self._moment(finding.last_ns)
        if first.date() == last.date():
            return f"{first:%Y-%m-%d}\n{first:%H:%M:%S} – {last:%H:%M:%S}"
        return f"{first:%Y-%m-%d %H:%M} –\n{last:%Y-%m-%d %H:%M}"

    def _print_sentences(self, findings: list[Finding]) -> None:
        self._console.print(f"[bold]{self._messages.say('table.why')}[/]")
        for number, finding in enumerate(findings, 1):
            text = why(finding, self._messages, reveal=self._view.reveal)
            self._indented(f"{number}. {text}")
        asking: dict[str, list[str]] = {}
        for number, finding in enumerate(findings, 1):
            for question, _ in finding.unknown:
                asking.setdefault(question, []).append(str(number))
        self._console.print(f"[bold]{self._messages.say('unknown.title')}[/]")
        for question, numbers in asking.items():
            of_all = len(numbers) == len(findings)
            which = "" if of_all else f" [{', '.join(numbers)}]"
            self._indented(f"· {self._messages.say(f'unknown.{question}')}{which}")
        if not self._view.reveal and any(f.logins for f in findings):
            self._say("table.hidden")

    def _print_stats(self, stats: Stats) -> None:
        counts = stats.counts
        if not counts.get("packets"):
            self._say("stats.empty", files=stats.files)
        else:
            self._say(
                "stats.read",
                files=stats.files,
                packets=f"{counts['packets']:,}",
                bytes=_size(counts["bytes"]),
                flows=f"{counts['flows']:,}",
                first=f"{self._moment(stats.first_ns):%Y-%m-%d %H:%M:%S}",
                last=f"{self._moment(stats.last_ns):%Y-%m-%d %H:%M:%S}",
                zone=self._view.zone,
            )
            reasons = _listed(stats.not_understood)
            self._say("stats.not_understood" if reasons else "stats.nothing_left", reasons=reasons)
            drops = self._messages.say("stats.not_told") if stats.drops is None else stats.drops
            self._say(
                "stats.coverage",
                one_way=counts["one_way"],
                encrypted_long=counts["encrypted_long"],
                gaps=counts.get("stream_gaps", 0),
                truncated=counts["truncated"],
                drops=drops,
            )
        bounds = _listed({name: counts.get(name, 0) for name in BOUNDS if counts.get(name)})
        if bounds:
            self._say("stats.bounds", bounds=bounds)
        if stats.files_skipped:
            self._say("stats.files_skipped", skipped=_listed(stats.files_skipped))
        if stats.problems:
            self._say("stats.problems", count=len(stats.problems))
        self._say("stats.catalogue", version=stats.version, digest=stats.catalogue[:12])

    def _say(self, key: str, **fields: object) -> None:
        self._console.print(escape(self._messages.say(key, **fields)))

    def _indented(self, text: str) -> None:
        self._console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))

    def _moment(self, ns: int) -> datetime.datetime:
        base = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        try:
            return (base + datetime.timedelta(seconds=ns // 1_000_000_000)).astimezone(self._zone)
        except OverflowError:
            return base


BOUNDS = (
    "evicted",
    "candidates_shed",
    "candidates_ended_early",
    "heads_forgotten",
    "requests_forgotten",
    "lines_too_long",
    "bodies_too_long",
    "heads_too_long",
    "json_too_deep",
    "texts_cut",
    "quotes_left_out",
    "slice_payload_shed",
    "finding_entries_left_out",
)
"""Counts that say a bound bit."""


def verdict(finding: Finding) -> str:
    """The verdict's message id: never more than the stage allows."""
    if finding.role is Role.TARGET:
        return "target"
    if finding.role is Role.RELAY:
        return "relays"
    if finding.role is Role.POOL:
        return "serves"
    if finding.stage >= Stage.SUBMITTING and finding.grade >= Grade.PROBABLE:
        return "mines"
    if finding.grade is Grade.NOTED:
        return "noted"
    return "refused" if finding.refused else "spoke"


def why(finding: Finding, messages: Messages, *, reveal: bool) -> str:
    """One plain sentence: on what the finding rests, with the bytes."""
    best = finding.best
    hit = best.hit
    key = _why_key(finding)
    agent = messages.say("why.as_agent", agent=hit.agent) if hit.agent else ""
    quote = _best_quote(hit)
    sentence = messages.say(
        f"why.{key}",
        host=finding.host,
        miner=_joined(best.miner),
        pool=_pool_name(best),
        dialect=ROWS[hit.dialect].title if hit.dialect else "",
        as_agent=agent,
        accepted=finding.shares.accepted,
        submitted=finding.shares.submitted,
        rejected=finding.shares.rejected,
        jobs=finding.jobs,
        span=_span(finding.active_ns, messages),
        packet=quote.packet if quote else hit.first_packet,
        file=os.path.basename(best.capture.named),
        quote=f"«{_excerpt(quote, finding, reveal)}»" if quote else "",
    )
    if finding.sessions > 1:
        more = messages.say(
            "why.more_sessions", count=finding.sessions, pools=len(finding.pool_ends)
        )
        sentence = f"{sentence} {more}"
    return sentence


def _why_key(finding: Finding) -> str:
    hit = finding.best.hit
    if finding.role is Role.TARGET:
        return "target"
    if finding.role is Role.RELAY:
        return "relays" if finding.stage >= Stage.SUBMITTING else "relays_idle"
    if finding.role is Role.POOL:
        return "serves"
    if hit.dialect is None:
        return "listed" if all(hit.payload) else "contacted"
    if Strength.SAFE not in hit.strength and finding.grade <= Grade.SUSPECTED:
        return "bare"
    if hit.stage <= Stage.GREETED:
        return "refused" if hit.refused else "greeted"
    if hit.stage is Stage.MINING and finding.grade < Grade.CONFIRMED:
        return "mining_probable"
    return hit.stage.word


def _best_quote(hit: Hit) -> Quote | None:
    """The message that proves the furthest step, or refusing if that is all there was."""
    step = _STEPS.get(hit.stage, "greeting")
    if hit.refused and hit.stage <= Stage.GREETED:
        step = "refusal"
    spoken = [quote for quote in hit.quotes if quote.text]
    proving = [quote for quote in spoken if step in quote.shows.split()]
    return next(iter(proving or spoken), None)


def _excerpt(quote: Quote, finding: Finding, reveal: bool) -> str:
    text = quote.text if reveal else _conceal(quote, {*finding.logins, *finding.wallets})
    return text if len(text) <= _QUOTE_CHARS else text[: _QUOTE_CHARS - 1] + "…"


def _conceal(quote: Quote, known: set[str]) -> str:
    """A quoted message with wallets, accounts and passwords masked, known ones or not.

    A flow may carry more logins than the one a finding names, written with escapes or cut.
    """
    text = quote.text
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= _SHORTEST_KNOWN:
            text = text.replace(secret, mask(secret))
    text = _CREDENTIALS.sub(r"\1…", text)
    text = _PRIVATE_MEMBER.sub(_mask_groups, text)
    if quote.speaker is Speaker.MINER and not _SUBSCRIBE.search(text):
        text = _FIRST_PARAMETERS.sub(_mask_groups, text)
    return _LONG_WORD.sub(lambda match: mask(match[0]), text)


def _mask_groups(match: re.Match[str]) -> str:
    """The match with each of its groups masked that is not yet."""
    text, begin = match[0], match.start()
    for group in range(match.re.groups, 0, -1):
        said = match[group]
        if said and "…" not in said:
            start, end = match.start(group) - begin, match.end(group) - begin
            text = text[:start] + mask(said) + text[end:]
    return text


def mask(text: str) -> str:
    """A wallet or account with its middle hidden."""
    return f"{text[:4]}…{text[-4:]}" if len(text) > 11 else f"{text[:1]}…"


def _partner(finding: Finding) -> str:
    """The other end, and who turned to whom."""
    if finding.role in (Role.POOL, Role.TARGET):
        return f"← {_joined(finding.best.miner)}"
    return f"→ {_pool_name(finding.best)}"


def _pool_name(session: Session) -> str:
    name = _joined(session.pool_end)
    tunnel = session.hit.tunnel
    if tunnel is not None:
        target = _joined(Endpoint(printable(tunnel.host), tunnel.port))
        name = f"{target} via {tunnel.via} {name}"
    return f"{session.pool} ({name})" if session.pool else name


def _joined(end: Endpoint) -> str:
    host = f"[{end.address}]" if ":" in end.address else end.address
    return f"{host}:{end.port}"


def _span(ns: int, messages: Messages) -> str:
    seconds = ns / 1e9
    if seconds < 120:
        return messages.say("span.seconds", number=f"{seconds:.0f}")
    if seconds < 7200:
        return messages.say("span.minutes", number=f"{seconds / 60:.0f}")
    return messages.say("span.hours", number=f"{seconds / 3600:.1f}")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {count:,}" for name, count in sorted(counts.items())
    )


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def open_output(stream: IO[str], view: View) -> TableOutput:
    """A table into `stream`."""
    return TableOutput(stream, view)
