"""For people: one row and one plain sentence per finding, and what was looked at."""

from __future__ import annotations

import datetime
import io
import os
import shutil
import zoneinfo
from typing import IO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from poolwatch.inventory.tree import sum_up
from poolwatch.match.dialects import ROWS
from poolwatch.messages import Messages, printable
from poolwatch.outputs import Item, View
from poolwatch.outputs.causes import cause_sentences
from poolwatch.outputs.logged_text import logged_sentences
from poolwatch.outputs.machines import machine_sentences
from poolwatch.outputs.masking import concealed, without_passwords
from poolwatch.outputs.rates import rate_sentences
from poolwatch.outputs.sentences import verdict_id
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
    Via,
)

WIDTH = 100  # where the output is no terminal
_UNIT_LABELS = 2
_QUOTE_CHARS = 110
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
        self._findings: list[Finding] = []  # those to be shown: the first, so the surest
        self._beyond = 0  # more of them
        self._below = 0  # less sure than wanted
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
            self._take(item)
        elif isinstance(item, Stats):
            self._print(item)

    def _take(self, finding: Finding) -> None:
        if finding.grade < self._view.min_grade:
            self._below += 1
        elif len(self._findings) < self._view.most:
            self._findings.append(finding)
        else:
            self._beyond += 1

    def _print(self, stats: Stats) -> None:
        grade = self._messages.say(f"grade.{self._view.min_grade.word}")
        if self._findings:
            self._print_table(self._findings)
            self._print_sentences(self._findings)
            if "unit_rows" in stats.counts:
                self._print_units(self._findings)
        elif self._below:
            self._say("table.nothing_at", grade=grade)
        else:
            self._say("table.nothing")
        if self._beyond:
            self._say("table.more", count=self._beyond)
        if self._below:
            self._say("table.below", count=self._below, grade=grade)
        self._console.print()
        self._print_stats(stats)
        self._emit()

    def write_stats(self, stats: Stats) -> None:
        """Write only what was looked at and what was not, as the table ends."""
        self._print_stats(stats)
        self._emit()

    def _emit(self) -> None:
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
        table.add_column(say("table.verdict"), max_width=15)
        table.add_column(say("table.grade"))
        table.add_column(say("table.shares"), justify="right")
        table.add_column(say("table.seen", zone=self._view.zone), min_width=19)
        for number, finding in enumerate(findings, 1):
            style = _STYLES[finding.grade]
            grade = Text(say(f"grade.{finding.grade.word}"), style=style)
            table.add_row(
                str(number),
                Text(self._parties(finding)),
                say(f"verdict.{verdict(finding)}"),
                Text.assemble(grade, f"\n{say(f'stage.{finding.stage.word}')}"),
                f"{finding.shares.accepted}/{finding.shares.submitted}",
                self._seen(finding),
            )
        self._console.print(table)

    def _parties(self, finding: Finding) -> str:
        """The host, its unit and the other end, one a line."""
        foreign = [printable(line) for line in (*_unit_line(finding), _partner(finding))]
        return "\n".join([self._host(finding), *foreign])

    def _host(self, finding: Finding) -> str:
        if finding.vantage == "outside":
            return self._messages.say("table.address", host=finding.host)
        if finding.inside:
            return finding.host
        return f"{finding.host} ({self._messages.say('table.outside')})"

    def _seen(self, finding: Finding) -> str:
        if not finding.last_ns:
            return self._messages.say("table.no_time")
        first, last = self._moment(finding.first_ns), self._moment(finding.last_ns)
        if first.date() == last.date():
            return f"{first:%Y-%m-%d}\n{first:%H:%M:%S} – {last:%H:%M:%S}"
        return f"{first:%Y-%m-%d %H:%M} –\n{last:%Y-%m-%d %H:%M}"

    def _print_sentences(self, findings: list[Finding]) -> None:
        self._console.print(f"[bold]{self._messages.say('table.why')}[/]")
        for number, finding in enumerate(findings, 1):
            text = why(finding, self._messages, reveal=self._view.reveal)
            logged = logged_sentences(
                finding, self._messages, self._view.zone, reveal=self._view.reveal
            )
            self._indented(" ".join([f"{number}. {text}", *logged]))
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

    def _print_units(self, findings: list[Finding]) -> None:
        """How many findings each unit has, and each place in the tree above units."""
        say = self._messages.say
        table = Table(
            title=say("units.title"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
        )
        table.add_column(say("units.unit"), overflow="fold")
        for heading in ("units.findings", "units.hosts"):
            table.add_column(say(heading), justify="right")
        for grade in reversed(Grade):
            table.add_column(say(f"grade.{grade.word}"), justify="right")
        tree = sum_up([finding for finding in findings if finding.unit])
        rest = sum_up([finding for finding in findings if not finding.unit])
        rows = [("  " * (len(path) - 1) + branch.name, branch) for path, branch in tree.walk()]
        if rest.findings:
            rows.append((say("units.nobody"), rest))
        for name, branch in rows:
            counts = [branch.findings, len(branch.hosts), *map(branch.grades.get, reversed(Grade))]
            table.add_row(Text(name), *(str(count or "–") for count in counts))
        self._console.print(table)

    def _print_stats(self, stats: Stats) -> None:
        counts = stats.counts
        if not counts.get("packets"):
            self._say("stats.empty", files=stats.files)
        else:
            self._say(
                "stats.read" if stats.last_ns else "stats.read_no_time",
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
        if "unit_rows" in counts:
            self._say(
                "stats.units", rows=counts["unit_rows"], unreadable=counts["unit_rows_unreadable"]
            )
        if counts.get("candidates_dismissed"):
            self._say("stats.dismissed", count=f"{counts['candidates_dismissed']:,}")
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
    "candidates_shed_for_bytes",
    "candidates_ended_early",
    "heads_forgotten",
    "requests_forgotten",
    "logins_left_out",
    "workers_left_out",
    "jobs_forgotten",
    "days_left_out",
    "finding_days_left_out",
    "lines_too_long",
    "bodies_too_long",
    "heads_too_long",
    "batches_cut",
    "json_too_deep",
    "texts_cut",
    "quotes_cut",
    "slice_payload_shed",
    "slice_flows_shed",
    "learned_forgotten",
    "resolvers_forgotten",
    "lookups_settled_early",
    "openings_forgotten",
    "names_left_out",
    "interfaces_left_out",
    "finding_entries_left_out",
    "finding_spans_joined",
    "finding_miners_joined",
    "finding_repeats_forgotten",
    "rig_sessions_left_out",
    "hosts_left_out",
    "neighbours_left_out",
    "announcements_left_out",
    "identities_left_out",
    "identity_names_left_out",
    "unit_bounds_met",
    "unit_depth_cut",
)
"""Counts that say a bound bit."""


def verdict(finding: Finding) -> str:
    """The verdict's message id: never more than the stage allows."""
    return verdict_id(finding.role, finding.stage, finding.grade, refused=finding.refused)


def why(finding: Finding, messages: Messages, *, reveal: bool) -> str:
    """One plain sentence: on what the finding rests, with the bytes."""
    best = finding.best
    hit = best.hit
    key = _why_key(finding)
    agent = messages.say("why.as_agent", agent=hit.agent) if hit.agent else ""
    quote = _best_quote(hit)
    sentence = messages.say(
        f"why.{key}",
        host=_named(finding, messages),
        miner=_joined(best.miner),
        pool=_pool_name(best),
        pool_name=best.pool or "",
        name=_name(hit),
        dialect=ROWS[hit.dialect].title if hit.dialect else "",
        as_agent=agent,
        accepted=finding.shares.accepted,
        submitted=finding.shares.submitted,
        rejected=finding.shares.rejected,
        jobs=finding.jobs,
        span=_span(finding.active_ns if hit.idle_ns is None else hit.idle_ns, messages),
        packet=quote.packet if quote else hit.first_packet,
        file=os.path.basename(best.capture.named),
        quote=f"«{_excerpt(quote, finding, reveal)}»" if quote else "",
    )
    told = (
        *rate_sentences(finding, messages),
        *machine_sentences(finding, messages),
        *cause_sentences(finding, messages),
    )
    rates = " ".join(told)
    if rates:
        sentence = messages.say("why.and", sentence=sentence, more=rates)
    if finding.sessions > 1:
        more = messages.say(
            "why.more_sessions", count=finding.sessions, pools=len(finding.pool_ends)
        )
        sentence = f"{sentence} {more}"
    return sentence


def _named(finding: Finding, messages: Messages) -> str:
    """What the sentence is about: beyond address translation never more than an address."""
    if finding.vantage == "outside":
        return messages.say("table.address", host=finding.host)
    return finding.host


def _was_called_up(finding: Finding) -> bool:
    """Whether a pool's words came to the host unasked, from the end that opened."""
    return finding.role is Role.TARGET and finding.host == finding.best.miner.address


def _why_key(finding: Finding) -> str:
    hit = finding.best.hit
    if finding.role is Role.TARGET:
        return "unasked" if _was_called_up(finding) else "target"
    if finding.role is Role.RELAY:
        return "relays" if finding.stage >= Stage.SUBMITTING else "relays_idle"
    if finding.role is Role.POOL:
        return "serves"
    if finding.role is Role.RESOLVER:
        return "resolves"
    if hit.stage is Stage.LOOKED_UP:
        return "looked_up"
    if hit.dialect is None:
        return _contact_key(finding)
    if Strength.SAFE not in hit.strength and finding.grade <= Grade.SUSPECTED:
        return "bare"
    if hit.dialect in ROWS and ROWS[hit.dialect].proof == "nursery":
        return "weak"
    if hit.stage <= Stage.GREETED:
        return "refused" if hit.refused else "greeted"
    if hit.stage is Stage.MINING and finding.grade < Grade.CONFIRMED:
        return "mining_probable"
    if hit.stage is Stage.SUBMITTING and not finding.shares.rejected:
        return "submitting_unanswered"
    return hit.stage.word


def _contact_key(finding: Finding) -> str:
    """Which sentence tells of a contact whose content shows no mining."""
    hit = finding.best.hit
    ways = {seen.via for seen in hit.names if seen.suffix}
    if not ways:
        return "listed" if all(hit.payload) else "contacted"
    if finding.grade is Grade.NOTED:
        return "named_noted" if all(hit.payload) else "named_tried"
    if hit.encrypted:
        return "named_encrypted"
    return "named_listed"


def _name(hit: Hit) -> str:
    """The listed name a flow is about: the one said in it before the one that led to it."""
    order = (Via.SNI, Via.HOST, Via.CERTIFICATE, Via.ADDRESS, Via.LOOKUP)
    listed = sorted((seen for seen in hit.names if seen.suffix), key=lambda s: order.index(s.via))
    return listed[0].name if listed else ""


def _best_quote(hit: Hit) -> Quote | None:
    """The message that proves the furthest step, or refusing if that is all there was."""
    step = _STEPS.get(hit.stage, "greeting" if hit.dialect else "")
    if hit.refused and hit.stage <= Stage.GREETED:
        step = "refusal"
    spoken = [quote for quote in hit.quotes if quote.text]
    proving = [quote for quote in spoken if step and step in quote.shows.split()]
    return next(iter(proving or spoken), None)


def _excerpt(quote: Quote, finding: Finding, reveal: bool) -> str:
    from_miner = quote.speaker is Speaker.MINER
    if reveal:
        text = without_passwords(quote.text, from_miner=from_miner)
    else:
        best = finding.best
        known = (
            *best.hit.logins,
            *best.wallets,
            *best.accounts,
            *best.mails,
            *finding.wallets,
            *finding.accounts,
            *finding.mails,
            *finding.logins,
        )
        text = concealed(quote.text, known, from_miner=from_miner)
    text = printable(text)
    return text if len(text) <= _QUOTE_CHARS else text[: _QUOTE_CHARS - 1] + "…"


def _partner(finding: Finding) -> str:
    """The other end, and who turned to whom."""
    if _was_called_up(finding):
        return f"← {_joined(finding.best.pool_end)}"
    if finding.role in (Role.POOL, Role.TARGET):
        return f"← {_joined(finding.best.miner)}"
    return f"→ {_pool_name(finding.best)}"


def _unit_line(finding: Finding) -> list[str]:
    """The end of the unit's place in the tree, if it is known; the whole stands further down."""
    return [" / ".join(finding.unit.path[-_UNIT_LABELS:])] if finding.unit else []


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
