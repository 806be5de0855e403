"""What speaks for a finding, and what against it, in order. Pure functions of the events."""

from __future__ import annotations

from collections.abc import Iterator

from poolwatch.aggregate.named import WEB_PORTS
from poolwatch.explain.facts import Flow, Message, Subject
from poolwatch.explain.statements import (
    Field,
    Moment,
    Quoted,
    Secret,
    Statement,
    Word,
    joined,
    pool_of,
)
from poolwatch.match.dialects import ROWS
from poolwatch.outputs.rates import rate_text
from poolwatch.outputs.sentences import verdict_id
from poolwatch.terms import Grade, Role, Stage

STEPS = (
    "lookup",
    "answer",
    "address",
    "sni",
    "host",
    "certificate",
    "tunnel",
    "upgrade",
    "greeting",
    "welcome",
    "subscribed",
    "authorized",
    "job",
    "submit",
    "accept",
    "reject",
    "refusal",
)
"""What messages can show, in the order in which it is told."""
_TOLD = ("accept", "submit", "job", "authorized", "subscribed", "greeting", "sni", "host")
"""Of a further conversation one message is quoted: the first of these there is."""


def conclusion(subject: Subject) -> Statement:
    """The verdict, never more than the stage allows."""
    verdict = verdict_id(subject.role, subject.stage, subject.grade, refused=subject.refused)
    return Statement(
        "conclusion",
        {
            "host": subject.host,
            "verdict": Word(f"verdict.{verdict}"),
            "grade": Word(f"grade.{subject.grade.word}"),
            "stage": Word(f"stage.{subject.stage.word}"),
            "role": Word(f"role.{subject.role.value}"),
        },
    )


def grounds_for(subject: Subject, told: int) -> Iterator[Statement]:
    """What speaks for it; the conversation that says most first, `told` of them one by one."""
    best = subject.best
    if best is None:
        yield Statement("for.no_flow")
        return
    yield from _who(subject, best)
    yield from _steps(best)
    yield from _counts(subject)
    yield from _identities(best)
    yield from _rates(subject)
    yield _basis(best, subject)
    others = subject.flows[1:]
    for flow in others[: max(told - 1, 0)]:
        yield _further(flow)
    rest = len(others) - max(told - 1, 0) + subject.more_flows
    if rest > 0:
        yield Statement("for.more_flows", {"count": rest})


def grounds_against(subject: Subject) -> Iterator[Statement]:
    """What speaks against it, or for less than it seems; always something, if only that."""
    found = list(_against(subject))
    yield from found or [Statement("against.nothing")]


def _who(subject: Subject, flow: Flow) -> Iterator[Statement]:
    """Who spoke with whom, where and when. Who only contacted a pool is no miner."""
    key = "who" if flow.dialect else "who_contact"
    if flow.stage is Stage.LOOKED_UP:
        key = "who_lookup"
    elif flow.role is Role.TARGET and subject.host == flow.miner[0]:
        key = "who_called"
    yield Statement(
        f"for.{key}",
        {
            "miner": joined(*flow.miner),
            "pool": joined(*flow.pool_end) if key == "who_lookup" else pool_of(flow),
            "proto": flow.proto,
            "file": flow.capture.replace("\\", "/").rsplit("/", 1)[-1],
            "packet": flow.first_packet or 0,
        },
    )
    if flow.first_us is None or flow.last_us is None:
        yield Statement("for.when_unknown")
    else:
        times = {"first": Moment(flow.first_us), "last": Moment(flow.last_us)}
        yield Statement("for.when", times)


def _steps(flow: Flow) -> Iterator[Statement]:
    """What each quoted message proves. One message may prove several steps."""
    told: set[Message] = set()
    for step in STEPS:
        for message in flow.messages:
            if step in message.shows and message not in told:
                told.add(message)
                yield _step(flow, step, message)


def _step(flow: Flow, step: str, message: Message) -> Statement:
    fields: dict[str, Field] = {
        "dialect": flow.dialect_title,
        "name": message.text
        if step in ("lookup", "answer", "address", "sni", "certificate")
        else "",
        "pool": joined(*flow.pool_end),
        "target": flow.via_target or "",
        "agent": flow.agent or "",
    }
    key = f"for.step.{step}"
    if step == "greeting" and flow.agent:
        key = "for.step.greeting_as"
    if step == "authorized" and "job" in message.shows:
        key = "for.step.authorized_job"
    return Statement(key, fields, (Quoted(flow, message),))


def _counts(subject: Subject) -> Iterator[Statement]:
    submitted, accepted, rejected = subject.shares
    best = subject.flows[0]
    jobs = subject.finding.jobs if subject.finding else best.jobs
    if jobs or submitted:
        fields = {"jobs": jobs, "submitted": submitted, "accepted": accepted}
        yield Statement("for.counts", {**fields, "rejected": rejected})


def _identities(flow: Flow) -> Iterator[Statement]:
    if flow.wallet:
        check = flow.wallet_check if flow.wallet_check in ("checksum", "failed") else "format"
        yield Statement(
            f"for.wallet_{check}",
            {"wallet": Secret(flow.wallet)},
            _saying(flow, flow.wallet),
        )
    elif flow.account:
        account = {"account": Secret(flow.account)}
        yield Statement("for.account", account, _saying(flow, flow.account))
    if flow.worker:
        yield Statement("for.worker", {"worker": flow.worker})
    if flow.software:
        yield Statement("for.software", {"agent": flow.agent or "", "software": flow.software})
    if flow.pool and flow.pool_basis:
        yield Statement("for.pool", {"pool": flow.pool, "basis": flow.pool_basis})
    if flow.coin:
        yield Statement("for.coin", {"coin": flow.coin, "basis": flow.coin_basis or "-"})


def _rates(subject: Subject) -> Iterator[Statement]:
    finding = subject.finding
    if finding is None:
        return
    if finding.hashrate is not None:
        low, about, high = (rate_text(rate, 3) for rate in finding.hashrate)
        fields = {"rate": about, "low": low, "high": high, "basis": finding.hashrate_basis}
        yield Statement("for.hashrate", fields)
    if finding.reported is not None:
        yield Statement("for.reported", {"rate": rate_text(finding.reported, 3)})


def _basis(flow: Flow, subject: Subject) -> Statement:
    """Why the grade is what it is, and which signatures say so."""
    fields: dict[str, str | int] = {"signatures": ", ".join(flow.signatures) or "-"}
    if subject.grade is Grade.SUSPECTED and flow.dialect is None:
        return Statement("for.grade.suspected_listed", fields)
    return Statement(f"for.grade.{subject.grade.word}", fields)


def _further(flow: Flow) -> Statement:
    fields: dict[str, Field] = {
        "miner": joined(*flow.miner),
        "pool": pool_of(flow),
        "submitted": flow.submitted,
        "accepted": flow.accepted,
    }
    words = {"grade": Word(f"grade.{flow.grade.word}"), "stage": Word(f"stage.{flow.stage.word}")}
    key = "for.further" if flow.submitted else "for.further_without_shares"
    return Statement(key, {**fields, **words}, _quoted(flow, *_TOLD))


def _quoted(flow: Flow, *steps: str) -> tuple[Quoted, ...]:
    return tuple(Quoted(flow, message) for message in flow.proving(*steps))


def _saying(flow: Flow, text: str) -> tuple[Quoted, ...]:
    """The first quoted message in which a text stands as it is."""
    saying = (message for message in flow.messages if text in message.text)
    return tuple(Quoted(flow, message) for message in list(saying)[:1])


def _against(subject: Subject) -> Iterator[Statement]:
    flow = subject.best
    if flow is None:
        return
    submitted, accepted, rejected = subject.shares
    if subject.role is Role.TARGET:
        yield Statement("against.target", {"host": subject.host})
    elif subject.role is Role.RESOLVER:
        yield Statement("against.resolver")
    if flow.refused:
        yield Statement("against.refused", quotes=_quoted(flow, "refusal"))
    if submitted and not accepted:
        fields = {"submitted": submitted, "rejected": rejected}
        yield Statement("against.none_accepted", fields, _quoted(flow, "reject"))
    if flow.dialect and Stage.GREETED <= subject.stage < Stage.SUBMITTING:
        yield _no_share(flow)
    if flow.dialect is None:
        yield Statement("against.no_words")
    if flow.dialect in ROWS and ROWS[flow.dialect].proof in ("assembled", "nursery"):
        row = ROWS[flow.dialect]
        fields_of = {"dialect": row.title, "source": row.source}
        yield Statement(f"against.{row.proof}", fields_of)
    if flow.wallet_check == "failed":
        yield Statement("against.wallet_failed")
    if flow.dialect is None and flow.pool_end[1] in WEB_PORTS:
        yield Statement("against.web_port", {"port": flow.pool_end[1]})


def _no_share(flow: Flow) -> Statement:
    seconds = flow.no_share_seconds
    if seconds is None:
        return Statement("against.no_share")
    return Statement("against.no_share_in", {"seconds": f"{seconds:.0f}"})
