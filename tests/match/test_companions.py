"""What else inside hosts did: beside a naive model, at its bounds, and as findings tell it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.aggregate.companions import companions_of
from poolwatch.aggregate.places import DEFAULT_INSIDE, Inside
from poolwatch.inventory.addresses import address_of, position
from poolwatch.layouts import Link
from poolwatch.match.companions import CompanionTable, HostCompanions, inside_rows
from poolwatch.match.nametables import NameTables
from poolwatch.match.prefilter import Endpoints, FlowTable
from poolwatch.settings import Limits
from poolwatch.terms import Companions, Endpoint, Fan, Inbound
from tests import naive, naive_companions, running
from tests.running import ACK, FIN, NOON_NS, PSH, RST, SYN, Sent, tcp_frame, udp_frame

LIMITS = Limits(flows=4096, companion_hosts=256, companion_rows=4096)
NETWORKS = tuple(ipaddress.ip_network(text) for text in DEFAULT_INSIDE)
INSIDES = inside_rows(Inside().spans())
HOSTS = ("10.0.0.1", "10.0.0.2", "192.168.7.7", "198.51.100.9", "203.0.113.4", "239.1.1.1")
PORTS = (22, 445, 40001)
FLAGS = (SYN, SYN, SYN | ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK)
NS = 10**9


def table_of(packets: Sequence[Sent], limits: Limits, *, step: int = 7) -> CompanionTable:
    """The companions of packets that come in small batches."""
    names = NameTables((), (), limits)
    companions = CompanionTable(limits, INSIDES, names, (3, 5))
    table = FlowTable(limits, Endpoints(()), seed=1, keep=False, names=names, companions=companions)
    batch = running.make_batch(packets)
    for start in range(0, batch.count, step):
        for _ in table.scan(running.part_of(batch, start, min(start + step, batch.count))):
            pass
    for _ in table.end():
        pass
    companions.finish(table, last=False)
    return companions


def modelled(
    packets: Sequence[Sent], limits: Limits
) -> dict[naive_companions.Address, naive_companions.Host]:
    model = naive.FlowTable(
        capacity=limits.flows,
        idle_ns=limits.flow_idle_seconds * NS,
        long_ns=limits.long_flow_seconds * NS,
    )
    for packet in packets:
        model.packet(Link.ETHERNET, packet.data, packet.ts_ns, len(packet.data))
    model.end()
    return naive_companions.companions(model.flows, NETWORKS)


@st.composite
def traffic(draw: st.DrawFn) -> list[Sent]:
    """Packets of few hosts and ports, in whatever order: SYN alone, resets, payload, pauses."""
    now = NOON_NS
    made: list[Sent] = []
    for _ in range(draw(st.integers(1, 60))):
        now += draw(st.sampled_from((1_000_000, NS, 2000 * NS)))
        source, destination = draw(
            st.tuples(st.sampled_from(HOSTS), st.sampled_from(HOSTS)).filter(lambda p: p[0] != p[1])
        )
        ports = draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))
        ends = (source, ports[0]), (destination, ports[1])
        payload = draw(st.sampled_from((b"", b"", b"abc")))
        if draw(st.integers(0, 4)):
            made.append(Sent(now, tcp_frame(*ends, payload, flags=draw(st.sampled_from(FLAGS)))))
        else:
            made.append(Sent(now, udp_frame(*ends, payload)))
    return made


def check(
    table: CompanionTable, model: dict[naive_companions.Address, naive_companions.Host]
) -> None:
    assert {address_of(place) for place in table.positions()} == set(model)
    for address, host in model.items():
        found = table.of(position(address.version, int(address)))
        assert found is not None
        assert (found.spoke, found.heard, found.left_out) == (host.spoke, host.heard, 0)
        rows = {
            naive_companions.Key(
                row.inbound,
                row.udp,
                row.inside,
                row.port,
                address_of(row.peer) if row.inbound else None,
            ): row
            for row in found.rows
        }
        assert len(rows) == len(found.rows)
        assert rows.keys() == host.rows.keys()
        for key, wanted in host.rows.items():
            row = rows[key]
            assert (row.flows, row.silent, row.reset) == (wanted.flows, wanted.silent, wanted.reset)
            assert (row.first_ns, row.last_ns) == (wanted.first_ns, wanted.last_ns)
            assert row.first_packet == wanted.first_packet
            assert key.inbound or row.peers == len(wanted.peers)


@given(traffic())
@settings(deadline=None)
def test_counts_as_the_model(packets: list[Sent]) -> None:
    check(table_of(packets, LIMITS), modelled(packets, LIMITS))


@given(traffic())
@settings(deadline=None)
def test_counts_as_the_model_when_flows_are_given_up(packets: list[Sent]) -> None:
    limits = Limits(flows=4, companion_hosts=256, companion_rows=4096)
    check(table_of(packets, limits, step=1), modelled(packets, limits))


# -- one host ------------------------------------------------------------------------------

MINER = "10.0.0.5"


def syn(to: str, port: int, *, at: int, source: str = MINER, own: int = 40000) -> Sent:
    return Sent(NOON_NS + at * 1000, tcp_frame((source, own), (to, port), flags=SYN))


def told(packets: Sequence[Sent], limits: Limits = LIMITS) -> Companions:
    found = table_of(packets, limits, step=4096).of(position(4, int(ipaddress.ip_address(MINER))))
    assert found is not None
    return companions_of(found, {0: "id"})


def test_a_sweep_of_many_addresses_is_one_row() -> None:
    heard = Sent(NOON_NS, udp_frame(("198.51.100.1", 53), (MINER, 40000), b"x"))
    sweep = [
        syn(str(ipaddress.ip_address("11.0.0.0") + number), 22, at=number)
        for number in range(100_000)
    ]
    told_of = told([heard, *sweep], Limits(flows=200_000, companion_rows=4096))
    (fan,) = [fan for fan in told_of.fans if fan.proto == "tcp"]
    assert (fan.port, fan.flows, fan.failed, fan.inside) == (22, 100_000, 100_000, False)
    assert 1000 < fan.peers <= 100_000
    assert (fan.first_packet, fan.last_ns) == (2, NOON_NS + 99_999_000)
    assert told_of.left_out == 0


def test_a_sweep_shows_among_more_ports_than_there_is_room_for() -> None:
    packets = [syn(f"198.51.100.{n % 200}", 1000 + n, at=n) for n in range(3000)]
    packets += [syn(f"198.51.{n // 250}.{n % 250}", 445, at=3000 + n) for n in range(3000)]
    packets += [syn(f"198.51.100.{n % 200}", 9000 + n, at=6000 + n) for n in range(3000)]
    limits = Limits(flows=16_384, companion_rows=4096, host_companions=16)
    told_of = told(packets, limits)
    assert len(told_of.fans) == 16
    assert told_of.fans[0].port == 445
    assert told_of.fans[0].flows > 2000
    assert told_of.left_out + sum(fan.flows for fan in told_of.fans) == 9000


def test_hosts_that_never_spoke_give_way() -> None:
    dark = [syn(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}", 445, at=n) for n in range(5000)]
    limits = Limits(flows=16_384, companion_hosts=64, companion_rows=4096)
    told_of = told(dark, limits)
    assert [(fan.port, fan.flows, fan.inside) for fan in told_of.fans] == [(445, 5000, True)]


def test_one_direction_alone_makes_nothing_fail() -> None:
    packets = [syn(f"198.51.100.{n}", 22, at=n) for n in range(50)]
    assert [(fan.flows, fan.failed) for fan in told(packets).fans] == [(50, 0)]
    answer = tcp_frame(("198.51.100.0", 22), (MINER, 40000), flags=SYN | ACK)
    packets.append(Sent(NOON_NS + NS, answer))
    assert [(fan.flows, fan.failed) for fan in told(packets).fans] == [(50, 49)]


@pytest.mark.parametrize(
    ("said", "failed"),
    [
        ([], 1),
        ([(1, RST | ACK, b"")], 1),
        ([(1, SYN | ACK, b""), (0, RST, b"")], 1),
        ([(1, SYN | ACK, b""), (0, ACK, b"")], 0),
        ([(1, SYN | ACK, b""), (0, PSH | ACK, b"x"), (1, RST, b"")], 0),
    ],
)
def test_what_counts_as_failed(said: list[tuple[int, int, bytes]], failed: int) -> None:
    ends = (MINER, 40000), ("198.51.100.9", 22)
    packets = [
        Sent(NOON_NS, udp_frame(("198.51.100.1", 53), (MINER, 53), b"x")),
        syn(*ends[1], at=1),
    ]
    for number, (side, flags, payload) in enumerate(said):
        frame = tcp_frame(ends[side], ends[1 - side], payload, flags=flags)
        packets.append(Sent(NOON_NS + 2000 + number, frame))
    (fan,) = [fan for fan in told(packets).fans if fan.proto == "tcp"]
    assert (fan.flows, fan.failed) == (1, failed)


def test_who_opened_without_a_syn_is_not_told() -> None:
    middle = Sent(NOON_NS, tcp_frame((MINER, 22), ("203.0.113.9", 50000), b"x"))
    assert told([middle]) == Companions(capture="id")


def test_who_came_from_outside_is_told_one_by_one() -> None:
    packets = []
    for number, guesser in enumerate(("203.0.113.8", "203.0.113.8", "10.9.9.9")):
        ends = (guesser, 50000 + number), (MINER, 22)
        packets.append(Sent(NOON_NS + number, tcp_frame(*ends, flags=SYN)))
        packets.append(Sent(NOON_NS + number, tcp_frame(*ends[::-1], flags=SYN | ACK)))
    assert told(packets).inbound == (
        Inbound(22, "203.0.113.8", True, 2, 0, NOON_NS, NOON_NS + 1, 1),
        Inbound(22, "10.9.9.9", False, 1, 0, NOON_NS + 2, NOON_NS + 2, 5),
    )


# -- fetches -------------------------------------------------------------------------------


def get(path: str, host: str | None, *, to: str = "203.0.113.60", own: int = 40000) -> list[Sent]:
    head = f"GET {path} HTTP/1.1\r\n" + (f"Host: {host}\r\n" if host is not None else "")
    ends = (MINER, own), (to, 8080)
    payload = f"{head}User-Agent: x\r\n\r\n".encode()
    return [
        Sent(NOON_NS + own, tcp_frame(*ends, flags=SYN, seq=1)),
        Sent(NOON_NS + own + 1, tcp_frame(*ends, payload, seq=2)),
    ]


@pytest.mark.parametrize(
    ("path", "host", "kept"),
    [
        ("/x.sh", "203.0.113.60", "/x.sh"),
        ("/x.sh", "203.0.113.60:8080", "/x.sh"),
        ("/x.sh", "[2001:db8::1]:8080", "/x.sh"),
        ("/x.sh", None, "/x.sh"),
        ("/x.sh", "files.example", None),
        ("/x.sh", "1.example", None),
        ("/" + "a" * 300, "203.0.113.60", "/" + "a" * 199),
        ("/\x01b", "203.0.113.60", "/"),
    ],
)
def test_what_is_fetched_of_a_bare_address(path: str, host: str | None, kept: str | None) -> None:
    fetches = told(get(path, host)).fetches
    assert [fetch.path for fetch in fetches] == ([] if kept is None else [kept])
    for fetch in fetches:
        assert fetch.server == Endpoint("203.0.113.60", 8080)
        assert (fetch.ts_ns, fetch.packet) == (NOON_NS + 40001, 2)


def test_a_server_inside_is_no_fetch() -> None:
    assert told(get("/metrics", "10.0.0.9", to="10.0.0.9")).fetches == ()


def test_fetches_are_bounded_and_told_once() -> None:
    packets = [
        packet
        for number in range(40)
        for packet in get(f"/{number % 20}", "203.0.113.60", own=41000 + number)
    ]
    told_of = told(packets)
    assert [fetch.path for fetch in told_of.fetches] == [f"/{n}" for n in range(16)]
    assert told_of.left_out == 4


def test_a_row_in_terms() -> None:
    found = table_of([syn("10.0.0.8", 445, at=1)], LIMITS).of(position(4, 0x0A000008))
    assert isinstance(found, HostCompanions)
    assert companions_of(found, {}).inbound[0].failed == 0
    (fan,) = told([syn("10.0.0.8", 445, at=1)]).fans
    assert fan == Fan("tcp", 445, 1, 1, 0, NOON_NS + 1000, NOON_NS + 1000, 1, True)
