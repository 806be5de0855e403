"""The scenarios of packets inside packets: found as their truth says, and as tshark sees them."""

from __future__ import annotations

import ipaddress
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poolwatch.aggregate.judge import flow_id
from poolwatch.aggregate.places import Inside
from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.capture.source import Batch
from poolwatch.catalog import Catalog, load_catalog
from poolwatch.engine import Engine
from poolwatch.kernels.doors import decode_packets
from poolwatch.layouts import FRAME, Carrier, tunnel_of, vlans_of
from poolwatch.match.matcher import Matcher
from poolwatch.match.slices import merge
from poolwatch.messages import Messages
from poolwatch.outputs import View
from poolwatch.outputs.eve import EveOutput
from poolwatch.settings import Limits
from poolwatch.terms import Hit, Session, Stats

PCAPS = Path(__file__).resolve().parents[1] / "pcaps"
NAMES = sorted(path.parent.name for path in PCAPS.glob("carrier-*/truth.json"))
LIMITS = Limits(flows=4096)
TSHARK = shutil.which("tshark")
UNLIKE_TSHARK = {
    "carrier-mpls-ethernet",  # tshark does not guess the control word
    "carrier-near-misses",  # tshark goes by the port alone
    "carrier-too-deep",  # tshark reads on
}


@cache
def catalog() -> Catalog:
    return load_catalog(())


@cache
def scanned(name: str) -> tuple[list[Session], Stats]:
    engine = Engine(catalog(), LIMITS, Inside(), "test", seed=1)
    items = list(engine.run([str(PCAPS / name / "capture.pcap")]))
    (stats,) = (item for item in items if isinstance(item, Stats))
    return [item for item in items if isinstance(item, Session)], stats


def truth(name: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((PCAPS / name / "truth.json").read_text("utf-8"))
    return said


def said_of(session: Session) -> dict[str, Any]:
    hit = session.hit
    return {
        "grade": session.grade.word,
        "stage": hit.stage.word,
        "refused": hit.refused,
        "dialect": hit.dialect,
        "midstream": not hit.opened,
        "jobs": hit.jobs,
        "submitted": hit.shares.submitted,
        "accepted": hit.shares.accepted,
        "rejected": hit.shares.rejected,
        "agent": hit.agent,
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_flow_is_what_its_truth_says(name: str) -> None:
    sessions, _ = scanned(name)
    got = sorted((tuple(s.miner), tuple(s.pool_end), json.dumps(said_of(s))) for s in sessions)
    wanted = sorted(
        (tuple(flow["miner"]), tuple(flow["pool"]), json.dumps(flow["expect"]))
        for flow in truth(name)["flows"]
        if flow["expect"]
    )
    assert [row[:2] for row in got] == [row[:2] for row in wanted]
    assert [json.loads(row[2]) for row in got] == [json.loads(row[2]) for row in wanted]


def tunnels(name: str) -> list[tuple[Carrier, int, list[int]]]:
    sessions, _ = scanned(name)
    keys = [s.hit.key for s in sorted(sessions, key=lambda s: s.hit.first_packet)]
    return [(*tunnel_of(key.tags), vlans_of(key.tags)) for key in keys]


@pytest.mark.parametrize(
    ("name", "carrier", "tunnel"),
    [
        ("carrier-vxlan", Carrier.VXLAN, 42),
        ("carrier-geneve", Carrier.GENEVE, 42),
        ("carrier-gre", Carrier.GRE, 7),
        ("carrier-erspan-1", Carrier.ERSPAN, 0),
        ("carrier-erspan-2", Carrier.ERSPAN, 77),
        ("carrier-erspan-3", Carrier.ERSPAN, 78),
        ("carrier-ip-in-ip", Carrier.IP_IN_IP, 0),
        ("carrier-6in4", Carrier.IPV6_IN_IP, 0),
        ("carrier-teredo", Carrier.TEREDO, 0),
        ("carrier-mpls", Carrier.NONE, 0),
        ("carrier-pppoe", Carrier.NONE, 0),
        ("carrier-ppp", Carrier.NONE, 0),
    ],
)
def test_tunnels_are_kept(name: str, carrier: Carrier, tunnel: int) -> None:
    assert tunnels(name) == [(carrier, tunnel, [])]


def test_nested_carriers_keep_the_innermost_id_and_the_outermost_vlans() -> None:
    assert tunnels("carrier-nested") == [
        (Carrier.VXLAN, 42, [5, 7]),
        (Carrier.GRE, 7, []),
        (Carrier.VXLAN, 43, [6]),
        (Carrier.GTP, 0, []),
    ]


def test_the_same_ends_in_two_networks_are_two_flows() -> None:
    assert tunnels("carrier-two-vnis") == [(Carrier.VXLAN, 42, []), (Carrier.VXLAN, 43, [])]
    sessions, stats = scanned("carrier-two-vnis")
    assert stats.counts["flows"] == 2
    assert len({flow_id("capture", s.hit) for s in sessions}) == 2


def test_two_subscribers_with_the_same_address_are_two_flows() -> None:
    sessions, stats = scanned("carrier-gtp-overlap")
    assert stats.counts["flows"] == 2
    teids = sorted(sorted(session.hit.teids) for session in sessions)
    assert teids == [[0x1001, 0x2002], [0x3003, 0x4004]]


def test_beyond_the_bound_is_counted() -> None:
    sessions, stats = scanned("carrier-too-deep")
    assert sessions == []
    assert stats.not_understood == {"carrier_depth": stats.counts["packets"]}


def test_near_misses_stay_plain_udp() -> None:
    sessions, stats = scanned("carrier-near-misses")
    assert sessions == []
    assert stats.not_understood == {}
    assert stats.counts["flows"] == len(truth("carrier-near-misses")["flows"])
    for batch in batches("carrier-near-misses"):
        frames = np.zeros(batch.count, FRAME)
        decode_packets(batch.buffer, batch.packets, batch.count, frames)
        assert frames["tags"].tolist() == [0] * batch.count


class Lines:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def write(self, line: str) -> None:
        self.events.append(json.loads(line))


@pytest.mark.parametrize(
    ("name", "tunnel"),
    [
        ("carrier-vxlan", {"carrier": "vxlan", "id": 42}),
        ("carrier-gtp", {"carrier": "gtp", "id": 0x1001, "dest_id": 0x2002}),
        ("carrier-6in4", {"carrier": "ipv6-in-ip", "id": 0}),
        ("carrier-mpls", None),
    ],
)
def test_event_lines_name_the_tunnel(name: str, tunnel: dict[str, Any] | None) -> None:
    lines = Lines()
    (session,) = scanned(name)[0]
    EveOutput(lines, View(Messages("en"))).write(session)  # type: ignore[arg-type]
    assert lines.events[0]["tunnel"] == tunnel
    assert lines.events[0]["vlan"] == []


def batches(name: str) -> Iterator[Batch]:
    with closing(ByteStream(str(PCAPS / name / "capture.pcap"), 200)) as stream:
        yield from open_source(stream, LIMITS).batches()


def part(batch: Batch, begin: int, end: int) -> Batch:
    return Batch(batch.buffer, batch.packets[begin:end].copy(), end - begin)


def whole(batch: Batch) -> list[Hit]:
    matcher = Matcher(catalog(), LIMITS, seed=1)
    return matcher.feed(batch) + matcher.finish()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "carrier-gtp-overlap"])
def test_slices_merge_to_the_whole(name: str) -> None:
    """Not promised where two GTP flows with the same ends run while the capture is cut."""
    (batch,) = batches(name)
    wanted = sorted(whole(batch), key=repr)
    for cut in range(8, batch.count, 7):
        first = Matcher(catalog(), LIMITS, seed=1)
        later = Matcher(catalog(), LIMITS, first=False, seed=2)
        hits = first.feed(part(batch, 0, cut))
        hits += later.feed(part(batch, cut, batch.count))
        hits += merge(first, later)
        hits += first.finish()
        assert sorted(hits, key=repr) == wanted, cut


def fields(name: str) -> list[tuple[str, ...]]:
    """tshark's innermost addresses and ports, TCP length and sequence number."""
    assert TSHARK is not None
    wanted = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport",
              "tcp.seq_raw", "tcp.len", "frame.protocols")  # fmt: skip
    command = [TSHARK, "-n", "-r", str(PCAPS / name / "capture.pcap"), "-T", "fields"]
    for field in wanted:
        command += ["-e", field]
    read = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    rows = []
    for line in read.stdout.splitlines():
        *values, protocols = line.split("\t")
        last = [value.split(",")[-1] for value in values]
        hosts = last[:2] if innermost(protocols) == "ip" else last[2:4]
        rows.append((*hosts, *last[4:]))
    return rows


def innermost(protocols: str) -> str:
    return next(p for p in reversed(protocols.split(":")) if p in ("ip", "ipv6"))


@pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNLIKE_TSHARK])
def test_tshark_sees_the_same_innermost_packet(name: str) -> None:
    (batch,) = batches(name)
    frames = np.zeros(batch.count, FRAME)
    decode_packets(batch.buffer, batch.packets, batch.count, frames)
    ours = []
    for frame in frames:
        ends = [
            (int(frame["a_hi"]) << 64 | int(frame["a_lo"]), int(frame["ports"]) >> 16),
            (int(frame["b_hi"]) << 64 | int(frame["b_lo"]), int(frame["ports"]) & 0xFFFF),
        ]
        (source, sport), (destination, dport) = ends[:: -1 if frame["side"] else 1]
        make = ipaddress.IPv4Address if frame["kind"] <= 2 else ipaddress.IPv6Address
        ours.append((str(make(source)), str(make(destination)), str(sport), str(dport),
                     str(frame["seq"]), str(frame["wire"])))  # fmt: skip
    assert ours == fields(name)
