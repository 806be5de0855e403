"""Machines in words: how many mined behind an address, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterator

from poolwatch.messages import Messages, printable
from poolwatch.terms import Finding, Identity, Rigs


def machine_sentences(finding: Finding, messages: Messages) -> Iterator[str]:
    """What is known of the machines behind a host."""
    if finding.rigs is not None and finding.rigs.high != 1:  # one is what everybody expects
        yield _rig_sentence(finding.rigs, messages)
    if finding.identity is not None:
        yield from _identity_sentences(finding.identity, messages)


def _identity_sentences(identity: Identity, messages: Messages) -> Iterator[str]:
    say = messages.say
    if identity.host_names:
        names = ", ".join(f"{printable(one.name)} ({one.source})" for one in identity.host_names)
        yield say("identity.names", names=names)
    if identity.mac is not None:
        vendor = say("identity.made_up") if identity.mac_local else identity.mac_vendor
        vendor = printable(vendor or say("identity.no_vendor"))
        yield say("identity.mac", mac=identity.mac, vendor=vendor, basis=identity.mac_basis)


def _rig_sentence(rigs: Rigs, messages: Messages) -> str:
    if rigs.high is None:
        key = "rigs.open"
    elif rigs.low == rigs.high:
        key = "rigs.exactly"
    else:
        key = "rigs.range"
    proven = [count.method for count in rigs.methods if count.low == rigs.low]
    methods = ", ".join(messages.say(f"rig_method.{method}") for method in proven)
    return messages.say(key, low=rigs.low, high=rigs.high or 0, methods=methods)
