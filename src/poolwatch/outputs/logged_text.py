"""What logs say of a finding's host, in a sentence or two below it."""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.messages import Messages
from poolwatch.outputs.chain_words import minutes
from poolwatch.outputs.masking import mask
from poolwatch.terms import Finding, LoggedIdentity

_MOST = 3  # candidates and missing logs named; EVE has all


def logged_sentences(
    finding: Finding, messages: Messages, zone: str, *, reveal: bool
) -> Iterable[str]:
    """What the logs lead to, and the logs that are missing; accounts masked unless wanted."""
    logged = finding.logged
    if logged is None:
        return
    yield _machines(finding, logged, messages, reveal=reveal)
    for need in logged.needs[:_MOST]:
        device = need.device or messages.say("chain.unknown.device")
        yield messages.say(
            "chain.logged_need",
            log=messages.say(f"chain.log.{need.log}"),
            device=device,
            about=need.look_for,
            minutes=minutes(need.from_ns, need.until_ns, zone, messages),
        )


def _machines(finding: Finding, logged: LoggedIdentity, messages: Messages, *, reveal: bool) -> str:
    say = messages.say
    if not logged.macs:
        return say("chain.logged_nobody")
    accounts = logged.accounts if reveal else tuple(map(mask, logged.accounts))
    several = len(logged.macs) > 1
    machines = _listed(logged.macs, messages)
    if logged.host_names and not several:
        names = _listed(logged.host_names, messages)
        machines = say("chain.logged_named", mac=machines, names=names)
    return say(
        "chain.logged_several" if several else "chain.logged",
        count=len(logged.macs),
        machines=machines,
        ports=_part("ports", logged.ports, messages),
        accounts=_part("accounts", accounts, messages),
        standing=_standing(finding.equipment, messages),
    )


def _part(name: str, values: tuple[str, ...], messages: Messages) -> str:
    if not values:
        return ""
    return messages.say(f"chain.logged_{name}", **{name: _listed(values, messages)})


def _standing(equipment: str | None, messages: Messages) -> str:
    keys = {"registered": "registered", "not on the register": "not_listed"}
    if equipment not in keys:
        return ""
    standing = messages.say(f"chain.word.{keys[equipment]}")
    return messages.say("chain.logged_standing", standing=standing)


def _listed(values: tuple[str, ...], messages: Messages) -> str:
    more = ["…"] if len(values) > _MOST else []
    return messages.say("request.and").join([*values[:_MOST], *more])
