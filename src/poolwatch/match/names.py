"""Names seen in flows, and what DNS answers taught: what the kernels found, read again.

The kernels go by hashes; here the text is compared, and the bytes are quoted.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from poolwatch.catalog.names import normal_name
from poolwatch.layouts import Opening
from poolwatch.match.dns import Answer, parse_dns
from poolwatch.match.message import Span, Tally
from poolwatch.match.nametables import places
from poolwatch.match.tls import (
    ClientHello,
    Place,
    certificate_names,
    ja4,
    parse_client_hello,
)
from poolwatch.terms import FlowKey, NameSeen, Quote, Speaker, TlsSeen, Via, is_public

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.match.nametables import NameTables, Opened
    from poolwatch.settings import Limits

_DNS_LENGTH = 2  # bytes in front of a DNS message over TCP
_NOBODY = -1  # the record of a flow that has none any more
_ADDRESSES_QUOTED = 4
_LISTED_OTHERS = 8  # names of a certificate or an answer kept beside the listed one


Spans = tuple[tuple[int, Span], ...]
"""Where bytes stand: each span behind its place among them."""


class Row(NamedTuple):
    """Where and when something was said in a flow."""

    record: int
    side: int
    ts_ns: int
    packet: int
    spans: Spans


class Lesson(NamedTuple):
    """An answer that told a client the addresses of a listed name."""

    client: int
    version: int
    name: NameSeen
    addresses: dict[tuple[int, int], tuple[Quote, ...]]  # version and number: what says so

    def shifted(self, packets: int) -> Lesson:
        """The same with packets counted from an earlier beginning."""
        addresses = {
            address: tuple(quote._replace(packet=quote.packet + packets) for quote in quotes)
            for address, quotes in self.addresses.items()
        }
        return self._replace(name=self.name.shifted(packets), addresses=addresses)


@dataclass(slots=True)
class FlowNames:
    """The names of one flow, while it lives."""

    names: dict[tuple[Via, str, str], NameSeen] = field(default_factory=dict)
    read: set[Opening] = field(default_factory=set)  # openings that are read already
    tls: TlsSeen = field(default_factory=TlsSeen)

    @property
    def listed(self) -> bool:
        """Whether a listed name is among them."""
        return any(seen.suffix for seen in self.names.values())

    def copy(self) -> FlowNames:
        """The same, to be changed apart."""
        return FlowNames(dict(self.names), set(self.read), self.tls)

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        self.names = {key: seen.shifted(packets) for key, seen in self.names.items()}

    def join(self, later: FlowNames) -> None:
        """Take over what a later slice saw."""
        for key, seen in later.names.items():
            self.names.setdefault(key, seen)
        self.read |= later.read
        self.tls = _joined(self.tls, later.tls)


class NameWatch:
    """Reads what the kernels picked out; knows the names of every living flow."""

    def __init__(self, catalog: Catalog, tables: NameTables, limits: Limits, tally: Tally) -> None:
        self._catalog = catalog
        self._limits = limits
        self._tally = tally
        self.tables = tables
        self.flows: dict[int, FlowNames] = {}  # by record
        self.lessons: dict[int, Lesson] = {}  # by packet
        self.taught: list[int] | None = None  # packets of new lessons, where somebody asks

    def read_dns(self, row: Row, key: FlowKey, data: bytes) -> None:
        """One DNS message."""
        message = parse_dns(data)
        if message is None:
            return
        for question in message.questions:
            chain = message.chain(question.name)
            listed = next((name for name in chain if self._suffix(name)), None)
            if listed is None:
                continue
            told = message.addresses(chain)
            speaker, what = Speaker.MINER, "lookup"
            if message.is_answer:
                speaker, what = Speaker.POOL, "answer"
            place = Place(question.text, question.at, question.length)
            quotes = self._quotes(row.spans, place, speaker, what)
            addresses = [self._quote_address(row, answer) for answer in told]
            seen = NameSeen(
                Via.LOOKUP,
                listed,
                self._suffix(listed),
                1 - row.side if message.is_answer else row.side,
                row.packet,
                row.ts_ns,
                (*quotes, *itertools.chain(*addresses[:_ADDRESSES_QUOTED])),
                tuple(name for name in chain if name != listed)[:_LISTED_OTHERS],
            )
            self._add(row.record, seen, what)
            if told:
                where = {
                    (answer.version, answer.address): (*quotes, *places)
                    for answer, places in zip(told, addresses, strict=True)
                }
                self._learn(key, seen, where)

    def read_host(self, row: Row, data: bytes) -> None:
        """The host of an HTTP request."""
        name = data.decode("latin-1")
        quotes = self._quotes(row.spans, Place(name, 0, len(data)), Speaker.MINER, "host")
        self._add_said(row, Via.HOST, name, quotes)

    def read_opening(self, row: Row, number: int, key: FlowKey) -> None:
        """An opening that is complete."""
        opened = self.tables.take(number)
        if opened is None:
            self._tally["openings_forgotten"] += 1
        elif opened.what is Opening.DNS:
            spans = tuple((at - _DNS_LENGTH, span) for at, span in opened.spans)
            self.read_dns(row._replace(spans=spans), key, opened.data[_DNS_LENGTH:])
        else:
            self._read_once(row.record, opened)

    def finish(
        self,
        flow: FlowNames | None,
        key: FlowKey,
        named: int,
        openings: Iterable[int],
        *,
        seen: bool,
    ) -> FlowNames | None:
        """Everything about the names of a flow that is over, None when nothing is listed.

        `seen`: the flow matters for other reasons already.
        """
        learned = self._learned(key, self.lessons.get(named)) if named > 0 else None
        if not (seen or learned or (flow is not None and flow.listed)):
            return None
        flow = flow or FlowNames()
        for number in openings:
            if number:
                self._complete(flow, number, learned is not None)
        if learned is not None:
            flow.names[learned.via, learned.name, ""] = learned
        return flow

    def use(self, catalog: Catalog) -> None:
        """Go by another catalogue; its names stand in the tables already."""
        self._catalog = catalog

    def hello_of(self, number: int) -> tuple[int, TlsSeen] | None:
        """Side and fingerprint of a client, from the opening of that number."""
        opened = self.tables.take(number)
        if opened is None:
            self._tally["openings_forgotten"] += 1
        if opened is None or opened.what is not Opening.HELLO:
            return None
        hello = parse_client_hello(opened.data)
        return (opened.side, self._tls_of(hello)) if hello else None

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        for flow in self.flows.values():
            flow.shift(packets)
        self.lessons = {
            packet + packets: lesson.shifted(packets) for packet, lesson in self.lessons.items()
        }

    def count_in(self, tally: Tally) -> None:
        """Count in another tally from now on."""
        self._tally = tally

    def adopt(self, record: int, later: FlowNames | None) -> None:
        """Go on with what a later slice saw of a flow."""
        if later is None:
            return
        own = self.flows.get(record)
        if own is None:
            self.flows[record] = later
        else:
            own.join(later)

    # -- reading ---------------------------------------------------------------------------

    def _complete(self, flow: FlowNames, number: int, learned: bool) -> None:
        """Read an opening that was not read when it was complete, if it says anything here."""
        opened = self.tables.take(number)
        if opened is None:
            if not flow.read:
                self._tally["openings_forgotten"] += 1
            return
        # A certificate beside a name that was asked for and not listed says nothing more.
        sni = flow.tls.sni
        idle = opened.what is Opening.FLIGHT and sni and not learned and not self._suffix(sni)
        if opened.what is not Opening.DNS and opened.what not in flow.read and not idle:
            self.flows[_NOBODY] = flow
            self._read_once(_NOBODY, opened)
            del self.flows[_NOBODY]

    def _read_once(self, record: int, opened: Opened) -> None:
        flow = self.flows.setdefault(record, FlowNames())
        if opened.what in flow.read or not opened.spans:
            return
        flow.read.add(opened.what)
        row = Row(record, opened.side, opened.ts_ns, opened.spans[0][1].packet, opened.spans)
        if opened.what is Opening.HELLO:
            self._read_hello(row, flow, opened.data)
        elif opened.what is Opening.FLIGHT:
            self._read_flight(row, flow, opened.data)
        else:
            self.read_host(row, opened.data)

    def _read_hello(self, row: Row, flow: FlowNames, data: bytes) -> None:
        hello = parse_client_hello(data)
        if hello is None:
            return
        flow.tls = _joined(self._tls_of(hello), flow.tls)
        place = hello.server_name
        if place is not None:
            quotes = self._quotes(row.spans, place, Speaker.MINER, "sni")
            self._add_said(row, Via.SNI, place.text, quotes)

    def _read_flight(self, row: Row, flow: FlowNames, data: bytes) -> None:
        found = [
            (place, normal_name(place.text.removeprefix("*."))) for place in certificate_names(data)
        ]
        names = tuple(self._cut(place.text) for place, _ in found)
        flow.tls = _joined(flow.tls, TlsSeen(certificate_names=names))
        others = tuple(self._cut(place.text) for place, name in found if not self._suffix(name))
        for place, name in found:
            if self._suffix(name):
                quotes = self._quotes(row.spans, place, Speaker.POOL, "certificate")
                seen = NameSeen(
                    Via.CERTIFICATE,
                    name,
                    self._suffix(name),
                    1 - row.side,
                    row.packet,
                    row.ts_ns,
                    quotes,
                    others[:_LISTED_OTHERS],
                )
                self._add(row.record, seen)

    def _add_said(self, row: Row, via: Via, text: str, quotes: tuple[Quote, ...]) -> None:
        """A name the client said itself, listed or not."""
        name = self._cut(normal_name(text) or text)
        suffix = self._suffix(name)
        self._add(row.record, NameSeen(via, name, suffix, row.side, row.packet, row.ts_ns, quotes))

    def _add(self, record: int, seen: NameSeen, what: str = "") -> None:
        flow = self.flows.setdefault(record, FlowNames())
        key = seen.via, seen.name, what
        if key in flow.names:
            return
        if len(flow.names) >= self._limits.flow_names:
            self._tally["names_left_out"] += 1
            return
        flow.names[key] = seen

    # -- what DNS taught -------------------------------------------------------------------

    def _learn(
        self, key: FlowKey, seen: NameSeen, where: dict[tuple[int, int], tuple[Quote, ...]]
    ) -> None:
        client = key.b_address if seen.side else key.a_address
        resolver = key.a_address if seen.side else key.b_address
        # A filter answers with an address of its own, or with one that leads nowhere.
        where = {
            (version, address): quotes
            for (version, address), quotes in where.items()
            if address != resolver and is_public((version, address))
        }
        told = seen._replace(via=Via.ADDRESS, quotes=())
        self.lessons[seen.packet] = Lesson(client, key.version, told, where)
        if self.taught is not None:
            self.taught.append(seen.packet)
        while len(self.lessons) > self._limits.learned_addresses:
            del self.lessons[next(iter(self.lessons))]

    def _learned(self, key: FlowKey, lesson: Lesson | None) -> NameSeen | None:
        """The name by which a flow's client came to its address."""
        if lesson is None or key.protocol != 6 or lesson.version != key.version:
            return None
        ends = (key.a_address, key.b_address)
        for side in (0, 1):
            quotes = lesson.addresses.get((key.version, ends[1 - side]))
            if quotes is not None and ends[side] == lesson.client:
                return lesson.name._replace(side=side, quotes=quotes)
        return None

    # -- small things ----------------------------------------------------------------------

    def _suffix(self, name: str) -> str:
        found = self._catalog.pool_names.find(name)
        return found[0] if found else ""

    def _tls_of(self, hello: ClientHello) -> TlsSeen:
        place = hello.server_name
        return TlsSeen(
            sni=self._cut(normal_name(place.text) or place.text) if place else None,
            alpn=tuple(self._cut(name.decode("latin-1")) for name in hello.alpn[:16]),
            ja4=ja4(hello),
        )

    def _quote_address(self, row: Row, answer: Answer) -> tuple[Quote, ...]:
        make = ipaddress.IPv4Address if answer.version == 4 else ipaddress.IPv6Address
        size = 4 if answer.version == 4 else 16
        place = Place(str(make(answer.address)), answer.at, size)
        return self._quotes(row.spans, place, Speaker.POOL, "address")

    def _quotes(
        self, spans: Spans, place: Place, speaker: Speaker, shows: str
    ) -> tuple[Quote, ...]:
        """The bytes of a place as they stand in the capture, its text on the first of them."""
        found = places(spans, place.at, place.length)
        texts = [self._cut(place.text)] + [""] * len(found)
        return tuple(
            Quote(*span, speaker, text, shows) for span, text in zip(found, texts, strict=False)
        )

    def _cut(self, text: str) -> str:
        """A text from the wire, bounded and without what would upset a terminal."""
        clean = "".join(c if c.isprintable() else "�" for c in text[: self._limits.quote_chars])
        return clean if len(text) <= self._limits.quote_chars else clean[:-1] + "…"


def _joined(one: TlsSeen, other: TlsSeen) -> TlsSeen:
    return TlsSeen(
        one.sni or other.sni,
        one.alpn or other.alpn,
        one.ja4 or other.ja4,
        one.certificate_names or other.certificate_names,
    )
