"""Chains out of records made in memory: every candidate, every clash, the one missing log."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.chain.hops import Clash, Hop, Missing, Step, Trace, Why
from poolwatch.chain.requests import requests_of
from poolwatch.chain.trace import Tracer
from poolwatch.errors import UsageError
from poolwatch.inventory.macs import read_mac
from poolwatch.inventory.register import Equipment, Register
from poolwatch.logs.book import LogBook, Record
from poolwatch.logs.devices import Devices, read_devices
from poolwatch.logs.records import Coverage, End, Kind
from poolwatch.settings import Limits
from tests.chain.building import (
    block,
    covers,
    lease,
    login,
    nat,
    ns,
    query,
    seen_at,
)

A, B = "02:00:00:00:00:0a", "00:1a:2b:00:00:0b"
PUBLIC, INNER, HOST = ("203.0.113.7", 51322), ("100.64.3.9", 40001), ("10.1.2.3", 5000)
NETWORK = Devices(
    read_devices(
        [
            {"name": "dhcp-1", "logs": ["lease"], "networks": ["10.1.0.0/16"]},
            {"name": "radius-1", "logs": ["login"], "networks": ["10.1.0.0/16"]},
            {"name": "gw-1", "logs": ["neighbour"], "networks": ["10.1.0.0/16"]},
            {"name": "sw-1", "logs": ["port"], "networks": ["10.1.0.0/16"]},
            {
                "name": "nat-1",
                "logs": ["translation"],
                "networks": ["203.0.113.0/24"],
                "inside": ["100.64.0.0/10"],
            },
            {
                "name": "nat-2",
                "logs": ["translation"],
                "networks": ["100.64.0.0/10"],
                "inside": ["10.0.0.0/8"],
            },
        ],
        "logs.toml",
    )
)
WHOLE: dict[Kind | str, list[Record]] = {
    "nat-1": [nat(INNER, PUBLIC, device="nat-1")],
    "nat-2": [nat(HOST, INNER, device="nat-2")],
    Kind.LEASE: [lease(HOST[0], A, host_name="pc-7")],
    Kind.PORT: [seen_at(A, "Gi1/0/7")],
    Kind.LOGIN: [login(HOST[0], "zhangsan", A)],
}


def inwards(
    records: Sequence[Record],
    address: str = HOST[0],
    port: int | None = None,
    at: float = 0,
    *,
    devices: Devices | None = None,
    coverage: list[Coverage] | None = None,
    register: Register | None = None,
    limits: Limits | None = None,
    **more: object,
) -> Trace:
    book = LogBook.of(records, coverage or [])
    tracer = Tracer(book, devices=devices, register=register, limits=limits)
    return tracer.inwards(query(address, port, at, **more))


def everything() -> list[Record]:
    return [record for records in WHOLE.values() for record in records]


def said(trace: Trace) -> list[tuple[Step, str]]:
    return [(hop.step, hop.value) for hop in trace.root.walk()]


def missing(trace: Trace) -> list[tuple[Missing, str | None]]:
    return [(broken.missing, broken.device) for broken in trace.breaks()]


def test_two_layers_down_to_port_and_account() -> None:
    trace = inwards(everything(), *PUBLIC, devices=NETWORK)
    assert said(trace) == [
        (Step.ADDRESS, "203.0.113.7:51322"),
        (Step.INSIDE, "100.64.3.9:40001"),
        (Step.INSIDE, "10.1.2.3:5000"),
        (Step.MACHINE, A),
        (Step.PORT, "sw-1 Gi1/0/7"),
        (Step.ACCOUNT, "zhangsan"),
    ]
    assert trace.breaks() == []
    for hop in trace.root.walk():
        assert hop.step is Step.ADDRESS or hop.proofs
        assert not hop.clashes
    [machine] = trace.of(Step.MACHINE)
    assert machine.details == {"host_name": "pc-7", "made_up": "yes"}
    assert {(p.kind, p.file, p.device) for p in machine.proofs} == {
        ("lease", "lease.log", "dhcp-1"),
        ("login", "login.log", "radius-1"),
    }


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ("nat-1", (Missing.TRANSLATION, "nat-1")),
        ("nat-2", (Missing.TRANSLATION, "nat-2")),
        (Kind.PORT, (Missing.PORT, "sw-1")),
        (Kind.LOGIN, (Missing.LOGIN, "radius-1")),
    ],
)
def test_the_log_left_out_is_the_one_that_is_named(
    left_out: Kind | str, expected: tuple[Missing, str]
) -> None:
    records = [r for name, some in WHOLE.items() if name != left_out for r in some]
    trace = inwards(records, *PUBLIC, devices=NETWORK)
    assert missing(trace) == [expected]
    [broken] = trace.breaks()
    assert broken.why is Why.ABSENT
    assert (broken.from_ns, broken.until_ns) == (ns(-300), ns(360))


def test_without_leases_and_logins_the_dhcp_server_is_asked() -> None:
    records = [*WHOLE["nat-1"], *WHOLE["nat-2"], *WHOLE[Kind.PORT]]
    trace = inwards(records, *PUBLIC, devices=NETWORK)
    assert missing(trace) == [(Missing.LEASE, "dhcp-1"), (Missing.LOGIN, "radius-1")]
    assert trace.breaks()[0].about == "10.1.2.3"


def test_what_a_log_says_at_other_times_tells_whose_it_is() -> None:
    later = [nat(INNER, PUBLIC, 7200, 7260, device="nat-9")]
    assert missing(inwards(later, *PUBLIC)) == [(Missing.TRANSLATION, "nat-9")]
    lapsed = [lease(HOST[0], A, -7200, -3700, device="dhcp-9")]
    assert missing(inwards(lapsed)) == [(Missing.LEASE, "dhcp-9")]


def test_nothing_known_of_a_public_address_asks_for_a_translation() -> None:
    trace = inwards([], "203.0.113.9", 1)
    assert missing(trace) == [(Missing.TRANSLATION, None)]
    assert missing(inwards([], "10.9.9.9")) == [(Missing.LEASE, None)]
    assert missing(inwards([], "2001:db8::9")) == [(Missing.NEIGHBOUR, None)]
    assert missing(inwards([], "fd00::9")) == [(Missing.NEIGHBOUR, None)]


def test_a_double_lease_stays_double() -> None:
    records: list[Record] = [lease(HOST[0], A), lease(HOST[0], B, -10, 10)]
    trace = inwards([*records, seen_at(A, "1"), seen_at(B, "2")], devices=NETWORK)
    assert [hop.value for hop in trace.of(Step.MACHINE)] == [A, B]
    assert trace.root.clashes == (Clash.TWO_MACHINES,)
    assert all(hop.shared_by == 2 for hop in trace.of(Step.MACHINE))
    disputed = [b for b in trace.breaks() if b.why is Why.DISPUTED]
    assert [(b.missing, b.device) for b in disputed] == [(Missing.NEIGHBOUR, "gw-1")]
    answered: list[Record] = [*records, lease(HOST[0], B, -1, 1, Kind.NEIGHBOUR)]
    trace = inwards(answered, devices=NETWORK)
    assert len(trace.of(Step.MACHINE)) == 2
    assert [b for b in trace.breaks() if b.settles is Step.MACHINE] == []


def test_turnover_within_the_time_asked_for() -> None:
    records: list[Record] = [lease(HOST[0], A, -100, 0), lease(HOST[0], B, 10, 100)]
    trace = inwards(records, at=-20, until=30, devices=NETWORK)
    assert [hop.value for hop in trace.of(Step.MACHINE)] == [A, B]
    assert trace.root.clashes == (Clash.TURNOVER,)
    assert [b.why for b in trace.breaks() if b.settles is Step.MACHINE] == [Why.TURNOVER]
    before = inwards(records, at=-20, devices=NETWORK)
    assert [hop.value for hop in before.of(Step.MACHINE)] == [A]
    between = inwards(records, at=5, devices=NETWORK)
    assert between.of(Step.MACHINE) == []
    [broken] = [b for b in between.breaks() if b.settles is Step.MACHINE]
    assert [(hint.value, hint.distance_ns) for hint in broken.hints] == [
        (A, ns(0) - ns(5)),
        (B, ns(10) - ns(5)),
    ]


def test_a_clock_that_is_off_gives_hints_and_no_fact() -> None:
    records: list[Record] = [nat(INNER, PUBLIC, 150, 240, device="nat-1")]
    log = covers(Kind.TRANSLATION)
    trace = inwards(records, *PUBLIC, devices=NETWORK, coverage=[log])
    assert trace.of(Step.INSIDE) == []
    [broken] = trace.breaks()
    assert (broken.missing, broken.device, broken.why) == (
        Missing.TRANSLATION,
        "nat-1",
        Why.SILENT,
    )
    assert [hint.value for hint in broken.hints] == ["100.64.3.9:40001"]
    assert broken.hints[0].distance_ns == 150 * 10**9


def test_an_address_without_port_is_shared() -> None:
    records: list[Record] = [
        nat((f"10.1.2.{n}", 5000), ("203.0.113.7", 40000 + n), device="nat-1") for n in (1, 2, 3)
    ]
    trace = inwards(records, "203.0.113.7", devices=NETWORK)
    assert [hop.shared_by for hop in trace.of(Step.INSIDE)] == [3, 3, 3]
    assert (Missing.SOURCE_PORT, Why.VAGUE) in [(b.missing, b.why) for b in trace.breaks()]
    assert trace.root.clashes == ()


def test_one_port_for_two_destinations() -> None:
    records: list[Record] = [
        nat(("10.1.2.1", 5000), PUBLIC, remote="198.51.100.1", device="nat-1"),
        nat(("10.1.2.2", 5000), PUBLIC, remote="198.51.100.2", device="nat-1"),
    ]
    vague = inwards(records, *PUBLIC, devices=NETWORK)
    assert Missing.DESTINATION in [b.missing for b in vague.breaks()]
    told = inwards(records, *PUBLIC, devices=NETWORK, remote="198.51.100.2")
    assert [hop.value for hop in told.of(Step.INSIDE)] == ["10.1.2.2:5000"]


def test_two_inside_addresses_for_one_port_contradict() -> None:
    records: list[Record] = [
        nat(("10.1.2.1", 5000), PUBLIC, device="nat-1"),
        nat(("10.1.2.2", 5000), PUBLIC, device="nat-1"),
    ]
    trace = inwards(records, *PUBLIC, devices=NETWORK)
    assert trace.root.clashes == (Clash.TWO_INSIDE,)
    assert [hop.shared_by for hop in trace.of(Step.INSIDE)] == [2, 2]
    disputed = [b for b in trace.breaks() if b.settles is Step.INSIDE]
    assert [(b.missing, b.device, b.why) for b in disputed] == [
        (Missing.TRANSLATION, "nat-1", Why.DISPUTED)
    ]


def test_a_port_block_is_one_subscriber() -> None:
    records: list[Record] = [
        block("100.64.3.9", "203.0.113.7", (51200, 51711)),
        block("100.64.3.10", "203.0.113.7", (51712, 52223)),
        lease("100.64.3.9", A),
    ]
    trace = inwards(records, *PUBLIC)
    assert said(trace)[1:3] == [(Step.INSIDE, "100.64.3.9"), (Step.MACHINE, A)]
    [inside] = trace.of(Step.INSIDE)
    assert inside.shared_by == 1


def test_two_accounts_of_which_one_never_ended() -> None:
    lost = lease(HOST[0], A, -900, 900, Kind.LOGIN, account="lisi", end=End.ASSUMED)
    trace = inwards([lost, login(HOST[0], "wangwu", A)], devices=NETWORK)
    [machine] = trace.of(Step.MACHINE)
    assert machine.clashes == (Clash.TWO_ACCOUNTS,)
    assert [hop.value for hop in trace.of(Step.ACCOUNT)] == ["lisi", "wangwu"]
    disputed = [b for b in trace.breaks() if b.settles is Step.ACCOUNT]
    assert [(b.missing, b.device, b.why) for b in disputed] == [
        (Missing.LOGIN, "radius-1", Why.DISPUTED)
    ]


def test_an_account_on_many_machines_says_on_how_many() -> None:
    records: list[Record] = [
        login(HOST[0], "lab", A),
        login("10.1.2.4", "lab", B),
        login("10.1.2.5", "lab", "00:00:00:00:00:0c"),
    ]
    [account] = inwards(records).of(Step.ACCOUNT)
    assert account.shared_by == 3


def test_a_login_without_mac_hangs_at_the_address() -> None:
    trace = inwards([login(HOST[0], "zhangsan")], devices=NETWORK)
    assert [hop.step for hop in trace.root.next] == [Step.ACCOUNT]
    assert missing(trace) == [(Missing.LEASE, "dhcp-1")]


def test_a_port_to_another_switch_is_no_end() -> None:
    records: list[Record] = [lease(HOST[0], A), seen_at(A, "Gi1/0/48", uplink=True)]
    trace = inwards(records)
    [port] = trace.of(Step.PORT)
    assert port.details["uplink"] == "yes"
    assert [(b.missing, b.why) for b in trace.breaks()] == [(Missing.PORT, Why.UPLINK)]


def test_a_machine_at_two_ports_at_once() -> None:
    records: list[Record] = [lease(HOST[0], A), seen_at(A, "1"), seen_at(A, "2")]
    trace = inwards(records)
    [machine] = trace.of(Step.MACHINE)
    assert machine.clashes == (Clash.TWO_PORTS,)


def test_a_static_address_asks_the_router_once_dhcp_was_heard() -> None:
    other = lease("10.1.2.99", B)
    trace = inwards([other], devices=NETWORK, coverage=[covers(Kind.LEASE)])
    assert missing(trace)[0] == (Missing.NEIGHBOUR, "gw-1")


def test_the_register_knows_or_does_not() -> None:
    register = Register()
    register.add(Equipment(read_mac(A), "pc-7", "A-1", "赵六", "301", "r.csv:2"))
    trace = inwards([lease(HOST[0], A, host_name="PC-7.example")], register=register)
    [row] = trace.of(Step.EQUIPMENT)
    assert (row.value, row.details["room"], row.proofs[0].line) == ("registered", "301", 2)
    assert trace.of(Step.MACHINE)[0].clashes == ()
    renamed = inwards([lease(HOST[0], A, host_name="xmrig")], register=register)
    assert renamed.of(Step.MACHINE)[0].clashes == (Clash.HOST_NAME,)
    [unlisted] = inwards([lease(HOST[0], "00:11:22:33:44:55")], register=register).of(
        Step.EQUIPMENT
    )
    assert unlisted.value == "not on the register"
    [made_up] = inwards([lease(HOST[0], "02:00:00:00:00:09")], register=register).of(Step.EQUIPMENT)
    assert made_up.value == "unknown"
    assert inwards([lease(HOST[0], B)]).of(Step.EQUIPMENT) == []
    register.add(Equipment(read_mac(A), "pc-7", "A-2", "赵六", "302", "r.csv:3"))
    twice = inwards([lease(HOST[0], A)], register=register)
    assert twice.of(Step.MACHINE)[0].clashes == (Clash.TWO_ROWS,)


def test_outwards_to_the_public_address() -> None:
    tracer = Tracer(LogBook.of(everything()), devices=NETWORK)
    trace = tracer.outwards(query(*HOST))
    assert [hop.value for hop in trace.of(Step.OUTSIDE)] == [
        "100.64.3.9:40001",
        "203.0.113.7:51322",
    ]
    assert [hop.value for hop in trace.of(Step.MACHINE)] == [A]
    assert trace.breaks() == []


def test_outwards_names_the_translating_device() -> None:
    records = [r for name, some in WHOLE.items() if name != "nat-1" for r in some]
    trace = Tracer(LogBook.of(records), devices=NETWORK).outwards(query(*HOST))
    assert missing(trace) == [(Missing.TRANSLATION, "nat-1")]


def test_translations_in_a_circle_end() -> None:
    records: list[Record] = [nat(INNER, PUBLIC), nat(PUBLIC, INNER)]
    trace = inwards(records, *PUBLIC, limits=Limits(chain_depth=4))
    assert len(trace.of(Step.INSIDE)) == 4
    out = Tracer(LogBook.of(records)).outwards(query(*INNER))
    assert len(out.of(Step.OUTSIDE)) == Limits().chain_depth


def test_candidates_beyond_the_bound_are_counted() -> None:
    records: list[Record] = [
        nat((f"10.1.{n // 250}.{n % 250}", 5000), ("203.0.113.7", 2000 + n)) for n in range(40)
    ]
    trace = inwards(records, "203.0.113.7", limits=Limits(chain_candidates=10))
    assert len(trace.of(Step.INSIDE)) == 10
    assert trace.left_out == 30
    assert {hop.shared_by for hop in trace.of(Step.INSIDE)} == {40}


def test_requests_of_one_device_become_one() -> None:
    first = inwards([], "10.1.2.3", devices=NETWORK)
    second = inwards([], "10.1.2.4", at=120, devices=NETWORK)
    later = inwards([], "10.1.2.5", at=86400, devices=NETWORK)
    leases = [r for r in requests_of([first, second, later]) if r.missing is Missing.LEASE]
    assert [(r.device, r.about) for r in leases] == [
        ("dhcp-1", ("10.1.2.3", "10.1.2.4")),
        ("dhcp-1", ("10.1.2.5",)),
    ]
    assert (leases[0].from_ns, leases[0].until_ns) == (ns(-300), ns(480))


def test_unknown_devices_are_not_thrown_together() -> None:
    traces = [inwards([], "10.1.2.3"), inwards([], "10.9.2.4")]
    assert len([r for r in requests_of(traces) if r.missing is Missing.LEASE]) == 2


@pytest.mark.parametrize(
    "rows",
    [
        "nat",
        [{"logs": ["lease"]}],
        [{"name": "x", "logs": ["gossip"]}],
        [{"name": "x"}],
        [{"name": "x", "logs": ["lease"], "networks": ["10.1.2.3/16"]}],
        [{"name": "x", "logs": ["lease"], "colour": 1}],
    ],
)
def test_devices_that_cannot_be_read(rows: object) -> None:
    with pytest.raises(UsageError) as error:
        read_devices(rows, "logs.toml")
    assert "logs.toml" in str(error.value)


times = st.integers(-600, 600)
macs = st.sampled_from([A, B, "00:00:00:00:00:0c"])
addresses = st.sampled_from(["10.1.2.3", "10.1.2.4"])
spans = st.tuples(times, times).filter(lambda span: span[0] < span[1])
leases = st.builds(lambda a, m, s: lease(a, m, *s), addresses, macs, spans)
logins = st.builds(lambda a, n, m, s: login(a, n, m, *s), addresses, st.text(), macs, spans)
ports = st.builds(lambda m, p, s: seen_at(m, p, *s), macs, st.sampled_from("123"), spans)
nats = st.builds(
    lambda a, b, p, q, s: nat((a, p), (b, q), *s),
    addresses,
    addresses,
    st.integers(1, 3),
    st.integers(1, 3),
    spans,
)


@given(st.lists(st.one_of(leases, logins, ports, nats), max_size=12), times, st.booleans())
def test_no_candidate_is_lost_and_every_line_covers_its_time(
    records: list[Record], at: int, outwards: bool
) -> None:
    book = LogBook.of(records)
    tracer = Tracer(book, devices=NETWORK)
    asked = query("10.1.2.3", at=at)
    trace = tracer.outwards(asked) if outwards else tracer.inwards(asked)
    held = {r.mac for r in book.bindings(asked.address, asked.from_ns, asked.until_ns) if r.mac}
    direct = [hop for hop in trace.root.next if hop.step is Step.MACHINE]
    assert {read_mac(hop.value) for hop in direct} == held
    for hop in trace.root.walk():
        for proof in hop.proofs:
            assert proof.from_ns is not None
            assert proof.until_ns is not None
            assert proof.from_ns < asked.until_ns
            assert proof.until_ns > asked.from_ns
    assert bool(trace.root.next) or trace.breaks()
    assert isinstance(trace.root, Hop)
