"""Where machines were seen at ports of switches, from dumps of their tables."""

from __future__ import annotations

import re
from bisect import bisect_right

from poolwatch.logs.records import Attachment, End, Origin
from poolwatch.logs.said import AttachmentSaid
from poolwatch.logs.tables import FullError
from poolwatch.settings import Limits

_ONWARD = re.compile(
    r"(?:nve|vxlan|tunnel|vpc|evpn)\d*\b|peer-link|.*\(R\)$|\d+\.\d+\.\d+\.\d+$", re.I
)
"""Names of ports that are no socket: an overlay, the link between two switches of a pair."""
_NAME = re.compile(r"([A-Za-z-]+)[ ]?([\d/.:]*)")
_SHORT = {
    "gigabitethernet": "gi",
    "gige": "gi",
    "ge": "gi",
    "gig": "gi",
    "tengigabitethernet": "te",
    "ten-gigabitethernet": "te",
    "xgigabitethernet": "te",
    "xge": "te",
    "ten": "te",
    "tengige": "te",
    "twe": "twe",
    "twentyfivegige": "twe",
    "fastethernet": "fa",
    "fas": "fa",
    "ethernet": "eth",
    "et": "eth",
    "fortygigabitethernet": "fo",
    "hundredgige": "hu",
    "hge": "hu",
    "port-channel": "po",
    "eth-trunk": "trunk",
    "bridge-aggregation": "bagg",
}


class PortBook:
    """Sightings of machines, put together to spans."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seen: dict[tuple[str, int], list[tuple[AttachmentSaid, Origin, int]]] = {}
        self._dumps: dict[str, set[int]] = {}
        self._machines: dict[tuple[str, str, int], int] = {}
        self._uplinks: set[tuple[str, str]] = set()
        self._count = 0

    def add(self, said: AttachmentSaid, origin: Origin, device: str, longest_ns: int) -> None:
        """A row of a dump. Raises FullError."""
        self._count += 1
        if self._count > self._limits.log_rows:
            raise FullError
        self._seen.setdefault((device, said.mac), []).append((said, origin, longest_ns))
        self._dumps.setdefault(device, set()).add(said.until_ns)
        port = (device, short_port(said.port), said.until_ns)
        self._machines[port] = self._machines.get(port, 0) + 1
        onward = _ONWARD.match(said.port) is not None
        if said.uplink or onward or self._machines[port] > self._limits.log_port_machines:
            self._uplinks.add(port[:2])

    def uplink(self, device: str, port: str) -> None:
        """A port leads to another switch."""
        self._uplinks.add((device, short_port(port)))

    def attachments(self) -> list[Attachment]:
        """Spans: from a dump until the next one of the device, joined while the port stays."""
        dumps = {device: sorted(times) for device, times in self._dumps.items()}
        found: list[Attachment] = []
        for (device, _), seen in self._seen.items():
            seen.sort(key=lambda row: row[0].until_ns)
            found += self._spans(device, dumps[device], seen)
        return found

    def _spans(
        self, device: str, dumps: list[int], seen: list[tuple[AttachmentSaid, Origin, int]]
    ) -> list[Attachment]:
        spans: list[Attachment] = []
        open_spans: dict[tuple[str, int | None], int] = {}
        for said, origin, longest_ns in seen:
            after = bisect_right(dumps, said.until_ns)
            until, end = said.until_ns + longest_ns, End.ASSUMED
            if after < len(dumps) and dumps[after] < until:
                until, end = dumps[after], End.NEXT
            key = (said.port, said.vlan)
            place = open_spans.get(key)
            begun, first = said.from_ns, origin
            if place is not None and spans[place].until_ns >= said.from_ns:
                begun, first = spans[place].from_ns, spans[place].origin
            else:
                place = None
            span = Attachment(
                mac=said.mac,
                device=device,
                port=said.port,
                from_ns=begun,
                until_ns=until,
                end=end,
                origin=first,
                vlan=said.vlan,
                uplink=(device, short_port(said.port)) in self._uplinks,
            )
            if place is None:
                open_spans[key] = len(spans)
                spans.append(span)
            else:
                spans[place] = span
        return spans


def short_port(name: str) -> str:
    """One spelling of a port's name, as one table says `GE1/0/5` and another all of it."""
    found = _NAME.fullmatch(name.strip())
    if found is None:
        return name.strip().lower()
    word = found[1].lower()
    return _SHORT.get(word, word) + found[2]
