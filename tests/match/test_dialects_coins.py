"""The dialects of single coins, from Siacoin on, and those of the nursery."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.match.dialects import DIALECTS, ROWS, get_dialect
from poolwatch.match.dialects.base import Act, Request
from poolwatch.match.message import Message
from poolwatch.terms import Grade, Hit, Stage, Strength
from tests.running import MINER, POOL, catalog, judged, read_lines

M, P = MINER, POOL
A64, B64, C64 = "ab" * 32, "cd" * 32, "ef" * 32
TARGET = "00000000" + "db" * 28
EXPECTED = float((1 << 256) // int(TARGET, 16))
HEADER = A64 + B64 + "01000000000000000500000000a00000" + "ffff001d" + "00" * 8 + "a1860c00"
QUBIC = "BZBQFLLBNCXEMGLOBHUVFTLUPLVCPQUASSILFABOFFBCADQSSUPNWLZBQEXK"
BASE64 = "AQAAz+/" * 20
BYTOM = (
    f'{{"version":"01","height":"2315000000000000","previous_block_hash":"{A64}",'
    f'"seed":"{B64}","job_id":"16368","target":"c5a70000"}}'
)
LISTED = f'["1","1","5411","{A64}","5a","{B64}","{C64}","80","20","{A64}","bdba0400"]'
TARI = f'{{"height":42150,"job_id":"90071992547409931","target":"120000","blob":"{BASE64}"}}'
ARWEAVE = (
    f'{{"job_id":"q7P","bds":"{A64}","target":"b88d0600","timestamp":7656576474,"height":223344}}'
)
QUANTUS = f'{{"algo":"qpow","job_id":"14","mining_hash":"{A64}","target":"{TARGET}{"00" * 32}"}}'
PEARL = f'{{"job_id":"0_2","header":"{"20" * 76}","target":"{TARGET}","height":101009}}'
ALEO = "aleo1" + "q" * 58


def notify(params: str) -> str:
    return f'{{"id":null,"method":"mining.notify","params":{params}}}'


def submit(params: str) -> str:
    return f'{{"id":4,"method":"mining.submit","params":{params}}}'


def call(method: str, params: str, key: str = "null") -> str:
    return f'{{"id":{key},"method":"{method}","params":{params}}}'


def body(method: str, members: str, key: int = 1) -> str:
    return f'{{"id":{key},"method":"{method}","body":{members}}}'


NIMIQ = "x5QTvY2YAAGsVQY12geOtGYwahifzANxC+6fZJyGnRI="  # 32 bytes in base64
WORK = {
    "siacoin-stratum": [
        notify(f'["3a","{A64}","01000000","00",["{B64}"],"","1a0ffff0","b1a0c05a00000000",true]')
    ],
    "decred-stratum": [
        notify(f'["2b","{A64}","{HEADER}00100000","",[],"00000001","","5fff9c70",true]'),
        notify(f'["2b","{A64}","{HEADER}00100000","0a000000",[],"0a000000","","5fff9c70",true]'),
    ],
    "handshake-stratum": [
        notify(
            f'["7c","{A64}","{"01" * 20}","02",[],"{B64}","{C64}","{A64}","00000000","1a0ffff0",'
            '"5aff9c70",true]'
        ),
        notify(f'["7c","{A64}","{B64}","{C64}","{A64}","{B64}","00000000","1a0ffff0","5aff9c70"]'),
    ],
    "ironfish-stratum": [
        body("mining.notify", f'{{"miningRequestId":21713,"header":"{A64 * 5}"}}')
    ],
    "aleo-stratum": [
        notify(f'["0802","08020000{A64}ff1f0000",null,true]'),
        notify(f'["0802","08020000{A64}ff1f0000","{ALEO}",true]'),
    ],
    "nimiq-pool": [
        (
            f'{{"message":"new-block","bodyHash":"{NIMIQ}","accountsHash":"{NIMIQ}",'
            f'"previousBlock":"{NIMIQ * 4}"}}'
        )
    ],
    "xelis-stratum": [notify(f'["7","0000019243d1a1c0","{A64}","xel/v2",true]')],
    "nexa-stratum": [notify(f'["7","{A64}",473812,"1b00ffff"]')],
    "tari-stratum": [
        f'{{"jsonrpc":"2.0","method":"job","params":{TARI}}}',
        f'{{"id":"0","jsonrpc":"2.0","result":{{"id":"s1","job":{TARI}}}}}',
        f'{{"id":"s1","jsonrpc":"2.0","result":{TARI}}}',
    ],
    "qatum": [f'{{"id":3,"seed":"{A64}","isEmpty":false}}'],
    "arweave-stratum": [f'{{"method":"job","params":{ARWEAVE}}}'],
    "bytom-stratum": [
        f'{{"jsonrpc":"2.0","method":"job","params":{BYTOM}}}',
        f'{{"jsonrpc":"2.0","method":"job","params":{LISTED}}}',
        f'{{"id":1,"result":{{"id":"antminer_1","job":{BYTOM},"status":"OK"}},"error":null}}',
        f'{{"id":7,"jsonrpc":"2.0","result":{LISTED}}}',
    ],
    "aion-stratum": [notify(f'["000120c9",true,"{TARGET}","{A64}"]')],
    "codechain-stratum": [notify(f'["0x{A64}","100"]'), notify(f'["0x{A64}","0xffff"]')],
    "warthog-stratum": [
        notify(f'["7","{A64}","{B64}","00000002","1a0ffff0","65af9c70",false]'),
        notify(f'["7","{A64}","{B64}",2,"1a0ffff0","65af9c70",false]'),
    ],
    "pearl-stratum": [notify(PEARL)],
    "quantus-stratum": [
        f'{{"jsonrpc":"2.0","method":"job","params":{{"clean_jobs":true,"job":{QUANTUS}}}}}',
        f'{{"id":1,"result":{{"id":"s","status":"OK","job":{QUANTUS}}}}}',
    ],
}
SHARES = {
    "siacoin-stratum": submit(f'["{A64}.rig","3a","00000001","{"b1" * 8}","{"a3" * 8}"]'),
    "ironfish-stratum": body(
        "mining.submit", '{"miningRequestId":21713,"randomness":"000500000000000e"}', 4
    ),
    "aleo-stratum": submit(f'["a.rig","0802","2298959d223f3bd1","{"c0" * 48}","{"0f" * 49}"]'),
    "tari-stratum": (
        '{"id":"4","method":"submit","params":{"id":"s1","job_id":90071992547409931,'
        f'"nonce":8895699060858340771,"hash":"{A64}"}}}}'
    ),
    "arweave-stratum": (
        f'{{"id":4,"method":"submit","params":{{"job_id":"q7P","nonce":"d0030040","hash":"{A64}"}}}}'
    ),
    "nimiq-pool": (
        f'{{"message":"share","blockHeader":"{NIMIQ * 4}","minerAddrProof":"{NIMIQ}",'
        f'"extraDataProof":"{NIMIQ}"}}'
    ),
    "qatum": f'{{"id":4,"nonce":"{B64}","seed":"{A64}","computorId":"{QUBIC}"}}',
    "codechain-stratum": submit(f'["0x{A64}",["0x{B64}"]]'),
    "warthog-stratum": submit('["7","0000","a5b378fe","a28a04a2"]'),
    "pearl-stratum": submit(f'{{"job_id":"0_2","plain_proof":"{BASE64}"}}'),
    "quantus-stratum": call("submit", f'{{"id":"s","job_id":"14","nonce":"{A64}{B64}"}}', "4"),
}
OPENINGS = {
    "ironfish-stratum": body(
        "mining.subscribe", f'{{"version":2,"agent":"m/1","publicAddress":"{A64}","name":"r"}}'
    ),
    "aleo-stratum": call("mining.subscribe", '["m/1","AleoStratum/2.0.0",null]', "1"),
    "nimiq-pool": (
        '{"message":"register","mode":"smart","address":"NQ48 8CKH","deviceId":12,'
        '"genesisHash":"Jkqvik"}'
    ),
    "xelis-stratum": call("mining.subscribe", '["m/1",["xel/v2"]]', "1"),
    "qatum": f'{{"id":1,"wallet":"{QUBIC}","worker":"r"}}',
}
V1 = call("mining.subscribe", '["m/1"]', "1")
LOGIN = call("login", '{"login":"a.b","pass":"x","agent":"m/1"}', "1")


def told(dialect: str, line: str) -> list[tuple[Act, dict[str, Any]]]:
    """The acts of a message nobody asked for, with their facts."""
    message = Message(P, 0, json.loads(line), b"", [])
    method = message.body.get("method")
    reader = get_dialect(dialect)
    events = reader.said(method.lower(), message) if method else reader.shown(message)
    return [(event.act, dict(event.facts)) for event in events]


def counts(hit: Hit) -> tuple[int, int, int]:
    return hit.shares.submitted, hit.shares.accepted, hit.shares.rejected


def opening_of(dialect: str) -> str:
    family = ROWS[dialect].family
    return OPENINGS.get(dialect) or (V1 if family == "stratum" else LOGIN)


# -- told apart ------------------------------------------------------------------------------


FORMS = [(dialect, line) for dialect, lines in WORK.items() for line in lines]


@pytest.mark.parametrize(
    ("dialect", "line"), FORMS, ids=[f"{d}-{n}" for n, (d, _) in enumerate(FORMS)]
)
def test_the_form_of_work_names_the_dialect(dialect: str, line: str) -> None:
    alone = read_lines((P, line))
    assert (alone.dialect, alone.stage, alone.jobs) == (dialect, Stage.RECEIVING_WORK, 1)
    hit = read_lines((M, opening_of(dialect)), (P, line))
    full = ROWS[dialect].proof != "nursery" or ROWS[dialect].family != "stratum"
    assert hit.dialect == (dialect if full else "stratum-v1")
    assert (hit.stage, hit.miner_side) == (Stage.RECEIVING_WORK, M)


@pytest.mark.parametrize("dialect", sorted({*SHARES} - {"tari-stratum", "arweave-stratum"}))
def test_a_share_that_names_the_dialect(dialect: str) -> None:
    hit = read_lines((M, SHARES[dialect]))
    assert (hit.dialect, hit.stage, counts(hit)) == (dialect, Stage.SUBMITTING, (1, 0, 0))


@pytest.mark.parametrize("dialect", sorted(OPENINGS))
def test_an_opening_that_names_the_dialect(dialect: str) -> None:
    hit = read_lines((M, OPENINGS[dialect]))
    assert (hit.dialect, hit.stage) == (dialect, Stage.GREETED)
    assert hit.strength[0] is Strength.SAFE


def test_every_dialect_here_is_tried_with_work() -> None:
    later = {row.name for row in DIALECTS if "D35" <= row.number <= "D49" or row.number == "D58"}
    assert set(WORK) == later - {"zkwork", "dero-getwork", "xelis-getwork"}  # no lines


# -- what messages say -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "form", "wanted"),
    [
        ("siacoin-stratum", 0, {"job": "3a", "nbits": "1a0ffff0", "unit": 2.0**32}),
        ("decred-stratum", 0, {"job": "2b", "nbits": "1d00ffff", "height": 820897}),
        ("handshake-stratum", 0, {"job": "7c", "nbits": "1a0ffff0"}),
        ("handshake-stratum", 1, {"job": "7c", "nbits": "1a0ffff0", "unit": 2.0**32}),
        ("ironfish-stratum", 0, {"job": "21713", "algorithm": "FishHash"}),
        ("aleo-stratum", 0, {"job": "0802"}),
        ("nimiq-pool", 0, {"algorithm": "Argon2d"}),
        ("xelis-stratum", 0, {"job": "7", "unit": 1.0, "algorithm": "XelisHash"}),
        ("nexa-stratum", 0, {"job": "7", "height": 473812, "nbits": "1b00ffff"}),
        ("tari-stratum", 0, {"job": "90071992547409931", "hashes": 120000.0, "height": 42150}),
        ("qatum", 0, {"job": A64}),
        ("arweave-stratum", 0, {"job": "q7P", "hashes": 10000.0, "height": 223344}),
        ("bytom-stratum", 0, {"job": "16368", "height": 5411, "hashes": None}),
        ("bytom-stratum", 1, {"job": "1"}),
        ("aion-stratum", 0, {"job": "000120c9", "hashes": EXPECTED}),
        ("codechain-stratum", 0, {"job": f"0x{A64}"}),
        ("warthog-stratum", 0, {"job": "7", "nbits": "1a0ffff0", "unit": 1.0}),
        ("pearl-stratum", 0, {"job": "0_2", "height": 101009, "hashes": None}),
        ("quantus-stratum", 0, {"job": "14", "hashes": EXPECTED}),
    ],
)
def test_the_facts_of_a_job(dialect: str, form: int, wanted: dict[str, Any]) -> None:
    ((act, facts),) = told(dialect, WORK[dialect][form])
    assert act is Act.JOB
    assert {name: facts.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("dialect", "line", "wanted"),
    [
        ("siacoin-stratum", call("mining.set_difficulty", "[4]"), {"hashes": 4 * 2.0**32}),
        ("xelis-stratum", call("mining.set_difficulty", "[20000]"), {"hashes": 20000.0}),
        ("warthog-stratum", call("mining.set_difficulty", "[100000]"), {"hashes": 100000.0}),
        ("nexa-stratum", call("mining.set_difficulty", '["4"]'), {"hashes": None}),
        ("aleo-stratum", call("mining.set_target", "[256]"), {"hashes": 256.0}),
        ("aleo-stratum", call("mining.set_target", '["x"]'), {"hashes": None}),
        (
            "ironfish-stratum",
            body("mining.set_target", f'{{"target":"{TARGET}"}}'),
            {"hashes": EXPECTED},
        ),
        (
            "nimiq-pool",
            '{"message":"settings","targetCompact":520159232}',
            {"hashes": 65536.0},
        ),
        ("nimiq-pool", '{"message":"settings","targetCompact":-1}', {"hashes": None}),
        ("nimiq-pool", '{"message":"settings","targetCompact":4294967295}', {"hashes": None}),
        ("qatum", '{"id":6,"difficulty":123}', {"difficulty": 123.0, "hashes": None}),
        ("qatum", f'{{"id":5,"computorId":"{QUBIC}","hashrate":1240}}', {"reported": 1240.0}),
        ("xelis-stratum", call("mining.hashrate", "[10500]"), {"reported": 10500.0}),
    ],
)
def test_what_shares_of_later_jobs_stand_for(
    dialect: str, line: str, wanted: dict[str, Any]
) -> None:
    ((act, facts),) = told(dialect, line)
    assert act is Act.DETAIL
    assert {name: facts.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("dialect", "wanted"),
    [
        ("ironfish-stratum", {"job": "21713"}),
        ("tari-stratum", {"job": "90071992547409931"}),
        ("arweave-stratum", {"job": "q7P"}),
        ("codechain-stratum", {"job": f"0x{A64}"}),
        ("warthog-stratum", {"job": "7", "login": None}),
        ("pearl-stratum", {"job": "0_2", "login": None}),
        ("quantus-stratum", {"job": "14"}),
        ("qatum", {"job": A64}),
    ],
)
def test_the_facts_of_a_share(dialect: str, wanted: dict[str, Any]) -> None:
    ((act, facts),) = told(dialect, SHARES[dialect])
    assert act is Act.SUBMIT
    assert {name: facts.get(name) for name in wanted} == wanted


def test_who_opens() -> None:
    hit = read_lines((M, OPENINGS["ironfish-stratum"]))
    assert (hit.agent, hit.login) == ("m/1", A64)
    assert read_lines((M, OPENINGS["qatum"])).login == QUBIC
    assert read_lines((M, OPENINGS["nimiq-pool"])).login == "NQ48 8CKH"
    hit = read_lines((M, call("mining.authorize", '["xel:ys4","rig","x"]', "2")))
    assert (hit.dialect, hit.login) == ("xelis-stratum", "xel:ys4")


# -- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (body("mining.submitted", '{"id":4,"result":true}', 99), (1, 1, 0)),
        (body("mining.submitted", '{"id":4,"result":false,"message":"stale"}', 99), (1, 0, 1)),
        (body("mining.submitted", '{"id":5,"result":true}', 99), (1, 0, 0)),
        ('{"id":99,"error":{"id":4,"message":"Duplicate share"}}', (1, 0, 1)),
        ('{"id":4,"error":{"id":1,"message":"banned"}}', (1, 0, 0)),  # of the subscription
    ],
)
def test_answers_of_iron_fish_name_the_request(answer: str, wanted: tuple[int, int, int]) -> None:
    lines = (OPENINGS["ironfish-stratum"], SHARES["ironfish-stratum"])
    hit = read_lines((M, lines[0]), (P, WORK["ironfish-stratum"][0]), (M, lines[1]), (P, answer))
    assert (hit.dialect, counts(hit)) == ("ironfish-stratum", wanted)
    assert hit.refused is ("banned" in answer)


@pytest.mark.parametrize(
    ("members", "act"),
    [
        ('{"reason":"banned"}', Act.REFUSAL),
        ('{"reason":"bad_version","versionExpected":2}', Act.REFUSAL),
        ('{"reason":"unknown"}', Act.DETAIL),
        ("null", Act.DETAIL),
    ],
)
def test_iron_fish_turns_away(members: str, act: Act) -> None:
    assert told("ironfish-stratum", body("mining.disconnect", members)) == [(act, {})]


@pytest.mark.parametrize(
    ("answer", "stage", "refused"),
    [
        ('{"id":1,"result":true,"error":null}', Stage.AUTHORIZED, False),
        ('{"id":1,"result":false,"error":"no such wallet"}', Stage.GREETED, True),
    ],
)
def test_a_request_without_a_method_is_answered_by_its_id(
    answer: str, stage: Stage, refused: bool
) -> None:
    hit = read_lines((M, OPENINGS["qatum"]), (P, answer))
    assert (hit.stage, hit.refused) == (stage, refused)


def test_shares_of_qatum_are_answered_one_after_the_other() -> None:
    share, yes = SHARES["qatum"], '{"id":4,"result":true,"error":null}'
    no = '{"id":4,"result":false,"error":"wrong seed"}'
    lines = [(M, share), (M, share.replace(B64, C64)), (P, yes), (P, no), (P, yes)]
    assert counts(read_lines((M, OPENINGS["qatum"]), *lines)) == (2, 1, 1)


def test_nimiq_answers_only_shares_it_refuses() -> None:
    bad = '{"message":"error","reason":"invalid share: pow"}'
    share = SHARES["nimiq-pool"]
    hit = read_lines((M, OPENINGS["nimiq-pool"]), *[(M, share)] * 40, (P, bad), (P, bad))
    assert (hit.stage, counts(hit), hit.refused) == (Stage.SUBMITTING, (40, 0, 1), False)
    hit = read_lines((M, OPENINGS["nimiq-pool"]), (P, '{"message":"error","reason":"genesis"}'))
    assert (hit.stage, hit.refused) == (Stage.GREETED, True)


@pytest.mark.parametrize(
    ("opening", "answer", "dialect"),
    [
        (V1, f'{{"id":1,"result":["","{A64[:60]}",30,"{B64}"]}}', "xelis-stratum"),
        (V1, f'{{"id":1,"result":[null,null,"{ALEO}"]}}', "aleo-stratum"),
        (call("mining.subscribe", "[]", "1"), '{"id":1,"result":[],"error":null}', None),
    ],
)
def test_answers_to_a_subscription(opening: str, answer: str, dialect: str | None) -> None:
    hit = read_lines((M, opening), (P, answer))
    assert hit.dialect == (dialect or "stratum-v1")
    assert (hit.stage is Stage.SUBSCRIBED) is (dialect is not None)


def test_jobs_in_answers() -> None:
    for dialect, method, line in (
        ("tari-stratum", "login", WORK["tari-stratum"][1]),
        ("tari-stratum", "getjob", WORK["tari-stratum"][2]),
        ("bytom-stratum", "login", WORK["bytom-stratum"][2]),
        ("bytom-stratum", "getwork", WORK["bytom-stratum"][3]),
        ("quantus-stratum", "login", WORK["quantus-stratum"][1]),
    ):
        request = Request("1", method, dialect, True, False, False)
        message = Message(P, 0, json.loads(line), b"", [])
        acts = [event.act for event in get_dialect(dialect).answered(request, message)]
        assert acts == ([Act.AUTHORIZED, Act.JOB] if method == "login" else [Act.JOB])


def test_a_difficulty_set_before_the_first_work_is_counted_in_its_unit() -> None:
    set_to = (P, call("mining.set_difficulty", "[20000]"))
    share = submit('["xel:a","7","13639ca53f21df75"]')
    lines = [(M, V1), set_to, (P, WORK["xelis-stratum"][0]), (M, share)]
    hit = read_lines(*lines, (P, '{"id":4,"result":true}'))
    assert (hit.dialect, hit.work.hashes.low) == ("xelis-stratum", 20000.0)


# -- the nursery -----------------------------------------------------------------------------


IN_FRAMES = {"betterhash", "zkwork"}
NURSERY = sorted(
    row.name for row in DIALECTS if row.proof == "nursery" and row.name not in IN_FRAMES
)


def test_the_needles_of_the_nursery_are_those_of_its_dialects() -> None:
    assert NURSERY == ["pearl-stratum", "quantus-stratum", "warthog-stratum"]
    for needle in catalog().needles:
        assert needle.nursery is (needle.dialect in {*NURSERY, *IN_FRAMES}), needle.id


@pytest.mark.parametrize("dialect", NURSERY)
def test_the_nursery_alone_is_never_more_than_suspected(dialect: str) -> None:
    work, share = (P, WORK[dialect][0]), (M, SHARES[dialect])
    yes = (P, '{"id":4,"result":true,"error":null}')
    for lines, grade in (
        ([work], Grade.NOTED),
        ([share], Grade.NOTED),
        ([work, share, yes], Grade.SUSPECTED),
        ([share, yes, work], Grade.SUSPECTED),
    ):
        hit = read_lines(*lines)
        session = judged(hit)
        assert session is not None
        assert (hit.dialect, session.grade) == (dialect, grade)
        assert any(name.startswith(dialect.split("-")[0]) for name in hit.signatures)


@pytest.mark.parametrize("dialect", ["pearl-stratum", "warthog-stratum"])
def test_what_is_sure_is_not_hidden_behind_the_nursery(dialect: str) -> None:
    opening = [(M, V1), (P, '{"id":1,"result":[[["mining.notify","a"]],"a801",2],"error":null}')]
    work, share = (P, WORK[dialect][0]), (M, SHARES[dialect])
    for lines in ([*opening, work, share], [work, *opening, share]):
        hit = read_lines(*lines)
        session = judged(hit)
        assert session is not None
        assert (hit.dialect, session.grade) == ("stratum-v1", Grade.CONFIRMED)
        assert hit.jobs == 1
        assert f"{dialect.split('-')[0]}-notify" in hit.signatures


def test_software_that_is_known_does_not_lift_the_nursery() -> None:
    login = LOGIN.replace("m/1", "SRBMiner-MULTI/3.6.9")
    hit = read_lines((M, login), (P, WORK["quantus-stratum"][1]), (M, SHARES["quantus-stratum"]))
    session = judged(hit)
    assert session is not None
    assert (hit.dialect, session.grade) == ("quantus-stratum", Grade.SUSPECTED)
    assert judged(replace(hit, dialect="cryptonote")).grade > Grade.SUSPECTED  # type: ignore[union-attr]


# -- caution ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        [(M, '{"message":"register","mode":"trial","address":"ann","deviceId":7}')],
        [(P, '{"message":"registered"}'), (P, '{"message":"error","reason":"invalid share"}')],
        [(M, '{"id":1,"wallet":"leather","worker":"ann"}'), (P, '{"id":1,"result":true}')],
        [(P, '{"id":6,"difficulty":3}')],
        [(P, call("mining.set_target", "[500]"))],
        [(P, body("mining.notify", '{"miningRequestId":4,"header":"shift change"}'))],
        [(M, call("getwork", "[]", "1")), (P, '{"id":1,"result":[1,2,3,4,5,6,7,8,9,10,11]}')],
        [(M, call("submit", '["1","8000000000000001","010000001f020000"]', "1"))],
        [(M, LOGIN), (P, '{"id":1,"result":{"job":{"mining_hash":"coal"},"status":"OK"}}')],
    ],
)
def test_what_is_no_mining_by_itself(lines: list[tuple[int, str]]) -> None:
    session = judged(read_lines(*lines))
    assert session is None or session.grade <= Grade.NOTED


def test_hexadecimal_work_is_monero_s_also_with_numbers_in_decimal_digits() -> None:
    job = f'{{"blob":"{"0e" * 76}","target":"53521300","job_id":"118210459795","height":2231200}}'
    assert read_lines((P, f'{{"method":"job","params":{job}}}')).dialect == "cryptonote"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("0x1fa", max_size=70),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
NAMES = [
    "id",
    "code",
    "blob",
    "bds",
    "target",
    "height",
    "job_id",
    "job",
    "seed",
    "nonce",
    "hash",
    "wallet",
    "worker",
    "computorId",
    "isEmpty",
    "difficulty",
    "hashrate",
    "message",
    "reason",
    "targetCompact",
    "error",
    "result",
    "miningRequestId",
    "mining_hash",
    "previous_block_hash",
    "publicAddress",
    "body",
]
MEMBERS = st.dictionaries(st.sampled_from(NAMES), VALUES)
METHODS = [
    "mining.subscribe",
    "mining.authorize",
    "mining.notify",
    "mining.submit",
    "mining.submitted",
    "login",
    "job",
    "mining.set_target",
    "mining.set_difficulty",
    "mining.hashrate",
    "mining.disconnect",
    "submit",
    "getwork",
]


@settings(max_examples=600)
@given(st.sampled_from(sorted(WORK)), st.sampled_from(METHODS), VALUES, MEMBERS)
def test_no_message_breaks_a_reading(
    dialect: str, method: str, params: Any, beside: dict[str, Any]
) -> None:
    reader = get_dialect(dialect)
    message = Message(P, 0, {**beside, "method": method, "params": params}, b"", [])
    list(reader.said(method, message))
    answer = Message(P, 0, {"result": params, **beside}, b"", [])
    for submits in (False, True):
        list(reader.answered(Request("1", method, dialect, True, submits, False), answer))
    list(reader.shown(answer))
    list(reader.shown(Message(P, 0, beside, b"", [])))
