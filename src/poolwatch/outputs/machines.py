"""Machines in words: how many mined behind an address, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterator

from poolwatch.messages import Messages
from poolwatch.terms import Finding, Rigs


def machine_sentences(finding: Finding, messages: Messages) -> Iterator[str]:
    """What is known of the machines behind a host."""
    if finding.rigs is not None:
        yield _rig_sentence(finding.rigs, messages)


def _rig_sentence(rigs: Rigs, messages: Messages) -> str:
    if rigs.high is None:
        key = "rigs.open"
    elif rigs.low == rigs.high:
        key = "rigs.one" if rigs.low == 1 else "rigs.exactly"
    else:
        key = "rigs.range"
    proven = [count.method for count in rigs.methods if count.low == rigs.low]
    methods = ", ".join(messages.say(f"rig_method.{method}") for method in proven)
    return messages.say(key, low=rigs.low, high=rigs.high or 0, methods=methods)
