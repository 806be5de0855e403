"""Suricata rules that name a domain in DNS, TLS or HTTP, or a list of destination addresses.

A rule is understood when a name or an address is all it asks for. One that asks for more, such
as a path or another pattern beside the name, says less of the name than a row here would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from poolwatch.catalog.imports.entry import (
    Entry,
    Fault,
    numbered_lines,
    read_port,
    read_target,
    shown,
    too_long,
)
from poolwatch.catalog.imports.rule import Option, Rule, split_rule

_RULE = re.compile(r"(?:alert|drop|pass|reject|rejectsrc|rejectdst|rejectboth)\s+[a-z0-9-]+\s")
_BUFFERS = {
    "dns.query": "dns.query",
    "dns_query": "dns.query",
    "tls.sni": "tls.sni",
    "tls_sni": "tls.sni",
    "http.host": "http.host",
    "http_host": "http.host",
}
_ABOUT = {"msg", "classtype", "sid", "rev", "gid", "metadata", "reference", "priority"}
_WHEN = {"flow", "flowbits", "threshold", "target", "noalert", "app-layer-protocol"}
_WHERE = {"nocase", "fast_pattern", "endswith", "startswith", "dotprefix", "bsize", "isdataat"}
_HARMLESS = _ABOUT | _WHEN | _WHERE | {"depth", "offset"}
_MOST_PORTS = 64


def looks_like(head: str) -> bool:
    """Whether a line begins as a rule does."""
    return any(_RULE.match(line) and "sid" in line for _, line in numbered_lines(head))


def read(text: str) -> Iterator[Entry | Fault]:
    """What the active rules of a file name."""
    for number, line in numbered_lines(text):
        if line.startswith("#"):
            continue
        fault = too_long(number, line)
        if fault:
            yield fault
            continue
        rule = split_rule(line)
        if isinstance(rule, str):
            yield Fault(number, rule)
        else:
            yield from _read_rule(number, rule)


def _read_rule(number: int, rule: Rule) -> Iterator[Entry | Fault]:
    contents = [option for option in rule.options if option.key == "content"]
    if contents:
        yield _read_name(number, rule, contents)
    else:
        yield from _read_addresses(number, rule)


def _read_name(number: int, rule: Rule, contents: list[Option]) -> Entry | Fault:
    buffers = {_BUFFERS[o.key] for o in rule.options if o.key in _BUFFERS}
    others = _others(rule)
    if len(buffers) != 1 or others:
        what = f"asks for {others[0]}" if others else "looks in no name of DNS, TLS or HTTP"
        return Fault(number, f"the rule {what}")
    if len(contents) != 1 or contents[0].negated:
        return Fault(number, "the rule has more than one pattern, or one that must not be there")
    return read_target(number, contents[0].value.lstrip("."))


def _others(rule: Rule) -> list[str]:
    """Keywords that narrow a rule beyond its name or addresses."""
    known = _HARMLESS | _BUFFERS.keys() | {"content"}
    return [option.key for option in rule.options if option.key not in known]


def _read_addresses(number: int, rule: Rule) -> Iterator[Entry | Fault]:
    others = _others(rule)
    ports = _ports(rule.port)
    if others or ports is None:
        what = f"asks for {others[0]}" if others else f"has the port list {shown(rule.port)}"
        yield Fault(number, f"the rule {what}")
        return
    addresses = [part.strip() for part in rule.destination.strip("[]").split(",")]
    if rule.arrow != "->" or not addresses or any(not _plain(part) for part in addresses):
        yield Fault(number, f"the rule's destination is {shown(rule.destination)}")
        return
    for address in addresses:
        for port in ports if "/" not in address else [0]:
            target = f"[{address}]:{port}" if port else address
            yield read_target(number, target)


def _plain(address: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F:.]+(?:/\d{1,3})?", address))


def _ports(text: str) -> list[int] | None:
    if text == "any":
        return [0]
    ports = [read_port(part) for part in text.strip("[]").split(",")]
    if len(ports) > _MOST_PORTS or any(not port for port in ports):
        return None
    return [port for port in ports if port]
