"""From a hit to a grade, a role, a place, an identity."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.judge import flow_id, grade_of
from poolwatch.aggregate.places import DEFAULT_INSIDE, Inside, address_text
from poolwatch.errors import UsageError
from poolwatch.match.matcher import Matcher
from poolwatch.terms import FlowKey, Grade, Hit, Role, Session, Shares, Stage, Strength
from tests import running
from tests.match.test_conversation import SESSION, SUBMIT
from tests.running import MINER, NOON_NS, POOL, XMR, Talk, blank_hit, judged, match, read_lines

SAFE, BARE, FORM = Strength.SAFE, Strength.BARE, Strength.FORM
CONFIRMED, PROBABLE, SUSPECTED = Grade.CONFIRMED, Grade.PROBABLE, Grade.SUSPECTED


def hit_with(
    miner: Strength | None,
    pool: Strength | None,
    *,
    greeted: bool = False,
    answered: bool = False,
    jobs: int = 0,
    shares: tuple[int, int, int] = (0, 0, 0),
) -> Hit:
    hit = blank_hit()
    return replace(
        hit,
        strength=(miner, pool),
        greeted=greeted,
        answered=answered,
        jobs=jobs,
        shares=Shares(*shares),
        said=(3, 3),
        miner_side=0,
        signatures=("test",),
    )


GRADES: list[tuple[str, Hit, Grade | None]] = [
    ("nothing", hit_with(None, None), None),
    ("forms of both sides", hit_with(FORM, FORM, greeted=True, answered=True), None),
    ("a bare call", hit_with(BARE, None, greeted=True), SUSPECTED),
    ("a bare call, answered", hit_with(BARE, BARE, greeted=True, answered=True), SUSPECTED),
    ("a bare call and a form", hit_with(BARE, FORM, greeted=True, answered=True), SUSPECTED),
    ("greeting without an answer", hit_with(SAFE, None, greeted=True), PROBABLE),
    ("greeting refused", hit_with(SAFE, FORM, greeted=True), PROBABLE),
    ("greeting answered", hit_with(SAFE, None, greeted=True, answered=True), CONFIRMED),
    ("only the pool", hit_with(None, SAFE, answered=True, jobs=3), PROBABLE),
    ("a share without an answer", hit_with(SAFE, None, shares=(1, 0, 0)), PROBABLE),
    (
        "mid-stream, a share and its answer",
        hit_with(SAFE, None, answered=True, shares=(1, 1, 0)),
        CONFIRMED,
    ),
    (
        "mid-stream, a share and its rejection",
        hit_with(SAFE, None, answered=True, shares=(1, 0, 1)),
        CONFIRMED,
    ),
    (
        "mid-stream, work and a share",
        hit_with(SAFE, SAFE, answered=True, jobs=1, shares=(1, 0, 0)),
        CONFIRMED,
    ),
    ("mid-stream, work only", hit_with(FORM, SAFE, answered=True, jobs=1), PROBABLE),
]


@pytest.mark.parametrize(
    ("hit", "grade"), [row[1:] for row in GRADES], ids=[row[0] for row in GRADES]
)
def test_grades_of_conversations(hit: Hit, grade: Grade | None) -> None:
    assert grade_of(hit, hit.strength[0]) == grade


@given(
    st.sampled_from((None, *Strength)),
    st.sampled_from((None, *Strength)),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2),
    st.integers(0, 2),
)
def test_nothing_is_confirmed_without_both_sides(
    miner: Strength | None,
    pool: Strength | None,
    greeted: bool,
    answered: bool,
    jobs: int,
    submitted: int,
) -> None:
    hit = hit_with(
        miner, pool, greeted=greeted, answered=answered, jobs=jobs, shares=(submitted, 0, 0)
    )
    grade = grade_of(hit, miner)
    if SAFE not in (miner, pool):
        assert grade in (None, SUSPECTED)
    if grade is CONFIRMED:
        assert miner is not None
        assert answered
        assert greeted or submitted


def session_of(*said: tuple[int, str]) -> Session | None:
    return judged(read_lines(*said))


LOGIN = '{"id":1,"method":"login","params":{"login":"%s","pass":"x","agent":"%s"}}'


@pytest.mark.parametrize(
    ("login", "agent", "grade", "signature"),
    [
        ("ann", "renamed/1", None, ""),
        ("ann", "XMRig/6.21.0 (Linux)", PROBABLE, "agent:"),
        (XMR + ".rig", "renamed/1", PROBABLE, "login:wallet"),
    ],
)
def test_agent_or_wallet_make_a_login_mining(
    login: str, agent: str, grade: Grade | None, signature: str
) -> None:
    session = session_of((MINER, LOGIN % (login, agent)))
    assert (session and session.grade) == grade
    if session is not None:
        assert any(s.startswith(signature) for s in session.hit.signatures)


@pytest.mark.parametrize(
    ("login", "wallet", "worker"),
    [
        ("a.b", None, "b"),
        ("account", None, None),
        ("account.", None, None),
        (XMR, XMR, None),
        (XMR + ".rig7", XMR, "rig7"),
        (XMR + "+5000", XMR, None),
        ("a.b.c", None, "b.c"),
    ],
)
def test_logins_are_taken_apart(login: str, wallet: str | None, worker: str | None) -> None:
    line = f'{{"id":2,"method":"mining.authorize","params":["{login}","x"]}}'
    session = session_of((MINER, line))
    assert session is not None
    assert session.wallets == ((wallet,) if wallet else ())
    assert session.workers == ((worker,) if worker else ())


# -- places and roles ------------------------------------------------------------------------

INSIDE_HOST, OTHER_INSIDE, OUTSIDE_HOST = "10.0.0.5", "10.0.0.9", "198.51.100.7"
YES = SESSION
NO_ANSWER = SESSION[:1]
REFUSED = (SESSION[0], (POOL, '{"id":1,"result":null,"error":[20,"no",null]}'))
Lines = tuple[tuple[int, str], ...]

ROLES: list[tuple[str, str, Lines, Role, str, bool, bool]] = [
    (INSIDE_HOST, OUTSIDE_HOST, YES, Role.MINER, INSIDE_HOST, True, True),
    (INSIDE_HOST, OUTSIDE_HOST, NO_ANSWER, Role.MINER, INSIDE_HOST, True, True),
    (INSIDE_HOST, OTHER_INSIDE, YES, Role.MINER, INSIDE_HOST, True, True),
    (OUTSIDE_HOST, INSIDE_HOST, YES, Role.POOL, INSIDE_HOST, True, True),
    (OUTSIDE_HOST, INSIDE_HOST, NO_ANSWER, Role.TARGET, INSIDE_HOST, True, False),
    (OUTSIDE_HOST, INSIDE_HOST, REFUSED, Role.TARGET, INSIDE_HOST, True, False),
    (OUTSIDE_HOST, "203.0.113.9", YES, Role.MINER, OUTSIDE_HOST, False, True),
]


@pytest.mark.parametrize(("miner", "pool", "lines", "role", "host", "inside", "graded"), ROLES)
def test_roles(
    miner: str, pool: str, lines: Lines, role: Role, host: str, inside: bool, graded: bool
) -> None:
    talk = Talk(miner=(miner, 50001), pool=(pool, 3333)).greet().say(*lines)
    (hit,), _ = match(talk.packets)
    session = judged(hit)
    assert session is not None
    assert (session.role, session.host, session.inside) == (role, host, inside)
    assert (session.miner.address, session.pool_end.address) == (miner, pool)
    assert (session.grade >= PROBABLE) is graded
    assert graded or session.grade is Grade.NOTED


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.0.0.0", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("192.168.255.255", True),
        ("192.169.0.0", False),
        ("100.64.0.1", True),
        ("100.128.0.1", False),
        ("fc00::1", True),
        ("fdff::1", True),
        ("fe80::1", False),
        ("2001:db8::1", False),
        ("8.8.8.8", False),
        ("127.0.0.1", False),
    ],
)
def test_what_is_inside_unless_told(address: str, inside: bool) -> None:
    assert Inside().holds(address) is inside


def test_what_is_inside_when_told() -> None:
    inside = Inside(("198.51.100.0/24", "2001:db8::/32"))
    assert inside.holds("198.51.100.7")
    assert inside.holds("2001:db8::7")
    assert not inside.holds("10.0.0.1")
    assert len(DEFAULT_INSIDE) == 5


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "office", "", "10.0.0.0-10.0.0.9"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--internal") as caught:
        Inside((text,))
    assert "10.20.0.0/16" in caught.value.advice()


def test_told_places_turn_the_roles() -> None:
    talk = Talk(miner=(OUTSIDE_HOST, 50001), pool=(INSIDE_HOST, 3333)).greet().say(*YES)
    (hit,), _ = match(talk.packets)
    session = judged(hit, internal=("198.51.100.0/24",))
    assert session is not None
    assert (session.role, session.host) == (Role.MINER, OUTSIDE_HOST)


@pytest.mark.parametrize(
    ("version", "number", "text"),
    [
        (4, 0xC6336407, "198.51.100.7"),
        (6, 1, "::1"),
        (6, 0x20010DB8000000000000000000000001, "2001:db8::1"),
        (6, 0x20010DB8000000010001000100010001, "2001:db8:0:1:1:1:1:1"),
    ],
)
def test_addresses_as_text(version: int, number: int, text: str) -> None:
    assert address_text(version, number) == text


# -- listed endpoints ---------------------------------------------------------------------

LISTED = running.ROOT / "tests" / "data" / "listed"  # 192.0.2.66:3333, in January 2026


def listed_session(day: datetime.datetime, *payload: tuple[int, bytes]) -> Session | None:
    talk = Talk(pool=("192.0.2.66", 3333), ts_ns=int(day.timestamp()) * 10**9).greet()
    for side, data in payload:
        talk.send(side, data)
    using = running.catalog(LISTED)
    matcher = Matcher(using, running.LIMITS)
    hits = matcher.feed(running.make_batch(talk.packets)) + matcher.finish()
    sessions = [judged(hit, using=using) for hit in hits]
    return sessions[0] if sessions else None


def day(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


BOTH = ((MINER, b"\x01\x02\x03"), (POOL, b"\x04\x05\x06"))


@pytest.mark.parametrize(
    ("when", "payload", "grade"),
    [
        ("2026-01-01T00:00:00", BOTH, SUSPECTED),
        ("2026-01-31T23:59:58", BOTH, SUSPECTED),
        ("2026-01-12T08:00:00", BOTH[:1], Grade.NOTED),
        ("2026-01-12T08:00:00", (), Grade.NOTED),
        ("2025-12-31T23:59:58", BOTH, None),
        ("2026-02-01T00:00:00", BOTH, None),
    ],
)
def test_a_listed_endpoint_counts_within_its_dates(
    when: str, payload: tuple[tuple[int, bytes], ...], grade: Grade | None
) -> None:
    session = listed_session(day(when), *payload)
    assert (session and session.grade) == grade
    if session is not None:
        assert (session.pool, session.coin, session.coin_basis) == (
            "Example Pool",
            "BTC",
            "pool_endpoint",
        )
        assert session.hit.stage is Stage.CONTACTED
        assert session.pool_end.address == "192.0.2.66"


def test_the_name_the_miner_says_goes_before_the_list() -> None:
    line = '{"id":1,"method":"mining.subscribe","params":["m/1",null,"zec-eu.suprnova.cc","2142"]}'
    session = listed_session(day("2026-01-12T08:00:00"), (MINER, line.encode() + b"\n"))
    assert session is not None
    assert (session.pool, session.coin, session.coin_basis) == ("Suprnova", "ZEC", "pool_name")
    assert "endpoint:192.0.2.66:3333" in session.hit.signatures


def test_without_a_name_or_a_list_there_is_no_pool_and_the_work_alone_may_say_the_coin() -> None:
    session = session_of(*SESSION)
    assert session is not None
    assert (session.pool, session.coin, session.coin_basis) == (None, "BTC", "network")
    session = session_of(*SESSION[:2])
    assert session is not None
    assert (session.pool, session.coin, session.coin_basis) == (None, None, None)


# -- identity -------------------------------------------------------------------------------


def test_a_flow_id_is_stable_and_has_63_bits() -> None:
    hit = blank_hit()
    assert flow_id("0" * 64, hit) == flow_id("0" * 64, blank_hit())
    changed = [
        replace(hit, key=hit.key._replace(a_port=50002)),
        replace(hit, key=hit.key._replace(tags=30)),
        replace(hit, key=hit.key._replace(version=6)),
        replace(hit, first_packet=2),
    ]
    ids = {flow_id("0" * 64, one) for one in (hit, *changed)} | {flow_id("1" * 64, hit)}
    assert len(ids) == 6
    assert all(0 <= one < 2**63 for one in ids)


@given(st.integers(0, 2**32 - 1), st.integers(0, 65535), st.integers(1, 2**40))
def test_flow_ids_fit_for_any_flow(address: int, port: int, packet: int) -> None:
    key = FlowKey(4, 6, address, port, 2**32 - 1, 3333, 0)
    hit = Hit(key, packet, NOON_NS, NOON_NS, 0, True, (True, True))
    assert 0 <= flow_id("ab", hit) < 2**63


def test_the_community_id_is_that_of_the_standard() -> None:
    session = session_of(*SESSION)
    assert session is not None
    assert re.fullmatch(r"1:[A-Za-z0-9+/]{27}=", session.community_id)
    turned = judged(replace(session.hit, miner_side=POOL))
    assert turned is not None
    assert turned.community_id == session.community_id  # whoever mines


def test_a_submit_alone_counts_mid_stream() -> None:
    talk = Talk().say((MINER, SUBMIT), (POOL, '{"id":3,"result":true,"error":null}'))
    (hit,), _ = match(talk.packets)
    session = judged(hit)
    assert not hit.opened
    assert session is not None
    assert (session.grade, hit.stage) == (CONFIRMED, Stage.MINING)
