"""Chains and requests for people: a tree of hops with their lines, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poolwatch.chain.hops import Break, Hint, Hop, Missing, Proof, Query, Step, Trace
from poolwatch.chain.requests import LogRequest
from poolwatch.inventory.register import Standing
from poolwatch.messages import Messages, printable
from poolwatch.outputs.chain_words import Masker, distance, minutes, moment
from poolwatch.outputs.eve_queries import FoundHost
from poolwatch.outputs.sentences import verdict_id
from poolwatch.terms import Grade, Role, Stage

_PROTOCOLS = {6: "TCP", 17: "UDP", 1: "ICMP"}
_INDENT = "  "
_STANDINGS = {
    Standing.REGISTERED: "registered",
    Standing.NOT_LISTED: "not_listed",
    Standing.UNKNOWN: "made_up",
}


class ChainText:
    """Writes chains in one language and time zone."""

    def __init__(self, messages: Messages, zone: str, masker: Masker) -> None:
        self._messages = messages
        self._zone = zone
        self._masker = masker

    def chain(self, trace: Trace) -> Iterator[str]:
        """The lines of a chain."""
        yield self._title(trace.query)
        yield from self._about(trace.root, 1)
        if not trace.root.next:
            yield _INDENT + self._say("nothing")
        if trace.left_out:
            yield self._say("left_out", count=trace.left_out)

    def finding(self, found: FoundHost) -> str:
        """The line above the chains of a finding."""
        stage, grade = Stage[found.stage.upper()], Grade[found.grade.upper()]
        role = next((role for role in Role if role.value == found.role), Role.MINER)
        verdict = verdict_id(role, stage, grade, refused=found.refused)
        line = self._say(
            "finding", host=found.host, verdict=self._messages.say(f"verdict.{verdict}")
        )
        return f"{line} ({self._say('vantage')})" if found.outside else line

    def distinct(self, traces: Iterable[Trace]) -> Iterator[tuple[Trace, int]]:
        """Chains that differ in more than ports and times, each with how many are like it."""
        groups: dict[object, list[Trace]] = {}
        for trace in traces:
            groups.setdefault(_likeness(trace), []).append(trace)
        for alike in groups.values():
            yield alike[0], len(alike) - 1

    def requests(self, requests: list[LogRequest]) -> Iterator[str]:
        """The lines of a list of what to ask for."""
        if not requests:
            yield self._messages.say("request.nothing")
            return
        yield self._messages.say("request.title", zone=self._zone)
        for number, request in enumerate(requests, 1):
            key = "line" if request.missing.is_log else "notice"
            yield self._messages.say(
                f"request.{key}",
                number=number,
                log=self._say(f"log.{request.missing}"),
                device=self._device(request.device),
                minutes=self._minutes(request.from_ns, request.until_ns),
                about=self.listed(request.about),
                settles=self.listed(self._say(f"settles.{step}") for step in request.settles),
            )
            for hint in request.hints:
                yield _INDENT + self._messages.say(
                    "request.hint",
                    place=f"{hint.proof.file}:{hint.proof.line}",
                    distance=distance(hint.distance_ns, self._messages),
                )

    def listed(self, items: Iterable[str]) -> str:
        """Items one after another."""
        return self._messages.say("request.and").join(items)

    def broken(self, broken: Break) -> str:
        """A break as a sentence."""
        return self._say(
            f"why.{broken.why}",
            settles=self._say(f"settles.{broken.settles}"),
            log=self._say(f"log.{broken.missing}"),
            device=self._device(broken.device),
            about=broken.about,
            minutes=self._minutes(broken.from_ns, broken.until_ns),
        )

    def _title(self, query: Query) -> str:
        from poolwatch.chain.near import joined

        address = joined(query.address, query.port)
        if query.remote is not None:
            remote = joined(query.remote, query.remote_port)
            address = f"{address} {self._say('remote', remote=remote)}"
        protocol = ""
        if query.protocol is not None:
            name = _PROTOCOLS.get(query.protocol, str(query.protocol))
            protocol = self._say("protocol", protocol=name)
        first, last = (moment(ns, self._zone) for ns in (query.from_ns, query.until_ns - 1))
        if first == last:
            time = f"{first} {self._zone}"
            return self._say("title", address=address, protocol=protocol, time=time)
        last = f"{last} {self._zone}"
        return self._say("span", address=address, protocol=protocol, first=first, last=last)

    def _hop(self, hop: Hop, depth: int) -> Iterator[str]:
        named = "".join(self._details(hop))
        shared = ""
        if hop.shared_by > 1:
            key = "machines" if hop.step is Step.ACCOUNT else "shared"
            shared = self._say(key, count=hop.shared_by)
        step = self._say(f"step.{hop.step}")
        value = self._value(hop)
        yield _INDENT * depth + self._say(
            "hop", step=step, value=value, details=named, shared=shared
        )
        for proof in hop.proofs:
            yield _INDENT * (depth + 2) + self._proof(proof)
            if proof.quote:
                quote = self._masker.quote(proof.quote)
                yield _INDENT * (depth + 3) + self._say("quote", quote=quote)
        if hop.proofs_left_out:
            yield _INDENT * (depth + 2) + self._say("proofs_more", count=hop.proofs_left_out)
        yield from self._about(hop, depth + 1)

    def _about(self, hop: Hop, depth: int) -> Iterator[str]:
        """What contradicts, what follows, and where it stops."""
        for clash in hop.clashes:
            sentence = self._say(f"clash.{clash}")
            yield _INDENT * depth + self._say("contradiction", sentence=sentence)
        for follower in hop.next:
            yield from self._hop(follower, depth)
        for broken in hop.breaks:
            yield _INDENT * depth + self._say("broken", sentence=self.broken(broken))
            for hint in broken.hints:
                yield _INDENT * (depth + 2) + self._hint(hint, broken.missing)

    def _details(self, hop: Hop) -> Iterator[str]:
        for name, text in hop.details.items():
            if name == "machines":
                continue  # said by `shared`
            shown = self._say("word.yes") if text == "yes" else self._masker.text(text)
            yield self._say("detail", name=self._say(f"name.{name}"), text=shown)

    def _value(self, hop: Hop) -> str:
        if hop.step is Step.EQUIPMENT:
            return self._say(f"word.{_STANDINGS[Standing(hop.value)]}")
        return self._masker.value(hop)

    def _proof(self, proof: Proof) -> str:
        fields = {
            "place": f"{proof.file}:{proof.line}",
            "kind": self._say(f"kind.{proof.kind}"),
            "device": self._say("device", device=proof.device) if proof.device else "",
        }
        if proof.from_ns is None or proof.until_ns is None:
            return self._say("proof_always", **fields)
        first, last = moment(proof.from_ns, self._zone), moment(proof.until_ns, self._zone)
        validity = self._say("minutes", first=first, last=last)
        if proof.end is not None:
            end = self._say(f"end.{proof.end}")
            validity = self._say("end_open", first=first, last=last, end=end)
        return self._say("proof", validity=validity, **fields)

    def _hint(self, hint: Hint, missing: Missing) -> str:
        value = self._masker.text(hint.value) if missing is Missing.LOGIN else hint.value
        place = f"{hint.proof.file}:{hint.proof.line}"
        away = distance(hint.distance_ns, self._messages)
        return self._say("hint", value=value, distance=away, place=place)

    def _device(self, device: str | None) -> str:
        return printable(device) if device else self._say("unknown.device")

    def _minutes(self, first_ns: int, last_ns: int) -> str:
        return minutes(first_ns, last_ns, self._zone, self._messages)

    def _say(self, key: str, **fields: object) -> str:
        return self._messages.say(f"chain.{key}", **fields)


def _likeness(trace: Trace) -> object:
    """What chains have in common that differ in ports and times alone."""
    hops = tuple(
        (hop.step, _without_port(hop), hop.shared_by, hop.clashes) for hop in trace.root.walk()
    )
    return hops, tuple((b.settles, b.missing, b.why, b.device) for b in trace.breaks())


def _without_port(hop: Hop) -> str:
    if hop.step not in (Step.ADDRESS, Step.INSIDE, Step.OUTSIDE):
        return hop.value
    head, colon, tail = hop.value.rpartition(":")
    is_port = colon and tail.isdigit() and (head.count(":") == 0 or head.endswith("]"))
    return head if is_port else hop.value
