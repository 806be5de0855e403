"""The Ethereum, KawPow and node dialects, and what BIP 310 and xmrig add to older ones."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poolwatch.match.dialects import DIALECTS, ROWS, VARIANTS
from poolwatch.terms import Grade, Hit, Speaker, Stage
from tests import running
from tests.running import MINER, POOL, Reading, http_answer, http_post, judged, read_lines

M, P = MINER, POOL
HEX64, MIX, SEED = "ab" * 32, "cd" * 32, "ef" * 32
TARGET = "00000000" + "db" * 28
EXPECTED = (1 << 256) // int(TARGET, 16)

PLAIN = '{"id":1,"jsonrpc":"2.0","method":"mining.subscribe","params":[]}'
ONE = '{"id":1,"method":"mining.subscribe","params":["m/1","EthereumStratum/1.0.0"]}'
HELLO = (
    '{"id":0,"method":"mining.hello","params":{"agent":"ethminer-0.17","host":"eth.nanopool.org",'
    '"port":"4d2","proto":"EthereumStratum/2.0.0"}}'
)
WELCOME = '{"id":0,"result":{"proto":"EthereumStratum/2.0.0","encoding":"%s","timeout":"b4"}}'
SHORT = TARGET.lstrip("0")
SET = f'{{"method":"mining.set","params":{{"epoch":"dc","target":"{SHORT}","algo":"ethash"}}}}'
KAWPOW = '{"id":1,"method":"mining.subscribe","params":["kawpowminer/1.2.4"]}'
GMINER = '{"id":1,"method":"mining.subscribe","params":["GMiner/2.09",null,"rvn.pool.test","4505"]}'
AUTH = '{"id":2,"method":"mining.authorize","params":["a.b","x"]}'
WORK = {
    "ethereum-stratum": f'["j1","0x{HEX64}","0x{SEED}","0x{TARGET}",true]',
    "ethereum-stratum-1": f'["j1","{SEED}","{HEX64}",true]',
    "ethereum-stratum-2": f'["j1","6526d5","{HEX64}","0"]',
    "kawpow-stratum": f'["j1","{HEX64}","{SEED}","{TARGET}",true,3456789,"1b00ffff"]',
    "stratum-v1": f'["j","{HEX64}","{MIX}{MIX}","{SEED}",[],"20000000","17034219","65a0f1c0",true]',
    "zcash-stratum": f'["j1","04000000","{HEX64}","{SEED}","{MIX}","16ee7c58","83837b1c",true]',
}
FIVE = f'["a.b","j1","0x{"07" * 8}","0x{HEX64}","0x{MIX}"]'
SHARES = {
    "ethereum-stratum": FIVE,
    "ethereum-stratum-1": '["a.b","j1","cfae7df760"]',
    "ethereum-stratum-2": '["bf0488aa","68765fccd712","w-123"]',
    "kawpow-stratum": FIVE,
    "stratum-v1": '["a.b","j1","00","65a0f1c0","00000001"]',
}
STRATUM = sorted(WORK)


def notify(dialect: str) -> str:
    return f'{{"id":null,"method":"mining.notify","params":{WORK[dialect]}}}'


def submit(dialect: str, key: int = 4) -> str:
    return f'{{"id":{key},"method":"mining.submit","params":{SHARES[dialect]}}}'


# -- told apart ------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", ['["m/1"]', '["m/1","EthereumStratum/1.0.0"]', "[]"])
@pytest.mark.parametrize("dialect", STRATUM)
def test_the_form_of_work_names_the_dialect(dialect: str, opening: str) -> None:
    subscribe = f'{{"id":1,"jsonrpc":"2.0","method":"mining.subscribe","params":{opening}}}'
    assert read_lines((P, notify(dialect))).dialect == dialect
    hit = read_lines((M, subscribe), (P, notify(dialect)))
    assert (hit.dialect, hit.stage, hit.jobs) == (dialect, Stage.RECEIVING_WORK, 1)


@pytest.mark.parametrize("dialect", sorted(SHARES))
def test_the_form_of_a_share_names_the_dialect_when_nothing_else_does(dialect: str) -> None:
    hit = read_lines((M, submit(dialect)))
    # The same share in two dialects; and one whose form other, unknown dialects have too.
    doubtful = {"ethereum-stratum": "kawpow-stratum", "ethereum-stratum-1": "stratum-v1"}
    wanted = doubtful.get(dialect, dialect)
    assert (hit.dialect, hit.stage) == (wanted, Stage.SUBMITTING)
    assert read_lines((P, notify(dialect)), (M, submit(dialect))).dialect == dialect


@pytest.mark.parametrize(
    ("opening", "dialect"),
    [
        (PLAIN, "ethereum-stratum"),
        (ONE, "ethereum-stratum-1"),
        (HELLO, "ethereum-stratum-2"),
        (KAWPOW, "kawpow-stratum"),
        ('{"id":1,"method":"mining.subscribe","params":[]}', "stratum-v1"),
        ('{"id":1,"jsonrpc":"2.0","method":"mining.subscribe","params":["m/1"]}', "stratum-v1"),
    ],
)
def test_openings(opening: str, dialect: str) -> None:
    hit = read_lines((M, opening))
    assert (hit.dialect, hit.stage, hit.refused) == (dialect, Stage.GREETED, False)
    key = json.loads(opening)["id"]
    refused = read_lines((M, opening), (P, f'{{"id":{key},"error":[20,"no"]}}'))
    assert (refused.dialect, refused.stage, refused.refused) == (dialect, Stage.GREETED, True)


@pytest.mark.parametrize(
    ("result", "dialect"),
    [
        ('[[["mining.notify","1"]],"00b61738",4]', "stratum-v1"),
        ('[["mining.notify","ae68","EthereumStratum/1.0.0"],"080c"]', "ethereum-stratum-1"),
        ('[["mining.notify","ae68","EthereumStratum/1.0.0"],"080c",6]', "ethereum-stratum-1"),
        ('[null,"64290b"]', "kawpow-stratum"),
        (f'[null,"{"c2" * 16}"]', "zcash-stratum"),
    ],
)
@pytest.mark.parametrize("opening", [PLAIN, GMINER, '{"id":1,"method":"mining.subscribe"}'])
def test_the_answer_to_a_subscription_names_the_dialect(
    opening: str, result: str, dialect: str
) -> None:
    hit = read_lines((M, opening), (P, f'{{"id":1,"result":{result},"error":null}}'))
    assert (hit.dialect, hit.stage, hit.answered) == (dialect, Stage.SUBSCRIBED, True)


def test_a_hashrate_told_in_ethereums_words_does_not_name_the_dialect() -> None:
    rate = '{"id":9,"method":"eth_submitHashrate","params":["0x1d08a61","0x00"]}'
    assert read_lines((M, KAWPOW), (M, rate)).dialect == "kawpow-stratum"
    assert read_lines((M, AUTH), (M, rate)).dialect == "stratum-v1"
    assert read_lines((M, rate)).dialect == "eth-proxy"


# -- each one --------------------------------------------------------------------------------

YES = '{"id":4,"result":true,"error":null}'
NO = '{"id":4,"result":false,"error":[23,"Low difficulty",null]}'


@pytest.mark.parametrize("dialect", sorted(set(SHARES) - {"ethereum-stratum-2"}))
def test_shares(dialect: str) -> None:
    said = [(M, AUTH), (P, '{"id":2,"result":true}'), (P, notify(dialect)), (M, submit(dialect))]
    for answer, stage, counts in ((YES, Stage.MINING, (1, 0)), (NO, Stage.SUBMITTING, (0, 1))):
        hit = read_lines(*said, (P, answer))
        assert (hit.stage, hit.shares.accepted, hit.shares.rejected) == (stage, *counts)
        assert hit.login == "a.b"


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        ('{"id":4}', (1, 0)),
        ('{"id":4,"result":true}', (1, 0)),
        ('{"id":4,"error":null}', (1, 0)),
        ('{"id":4,"error":{"code":202,"message":"Stale, taken"}}', (1, 0)),
        ('{"id":4,"error":{"code":404,"message":"Job not found"}}', (0, 1)),
        ('{"id":4,"result":false}', (0, 1)),
        ('{"id":5}', (0, 0)),
    ],
)
def test_shares_answered_tersely(answer: str, counts: tuple[int, int]) -> None:
    hit = read_lines((M, HELLO), (M, submit("ethereum-stratum-2")), (P, answer))
    assert (hit.shares.accepted, hit.shares.rejected) == counts
    terse = read_lines((M, submit("stratum-v1")), (P, '{"id":4}'))
    assert terse.shares.accepted == 0  # anywhere else no result is no yes


def test_ethereum_stratum_2_step_by_step() -> None:
    said: list[tuple[int, str]] = [(M, HELLO)]
    steps = [
        (P, WELCOME % "plain", Stage.GREETED),
        (M, '{"id":1,"method":"mining.subscribe"}', Stage.GREETED),
        (P, '{"id":1,"result":"s-12345"}', Stage.SUBSCRIBED),
        (M, '{"id":2,"method":"mining.authorize","params":["a.b","x"]}', Stage.SUBSCRIBED),
        (P, '{"id":2,"result":"w-123"}', Stage.AUTHORIZED),
        (P, SET, Stage.AUTHORIZED),
        (P, notify("ethereum-stratum-2"), Stage.RECEIVING_WORK),
    ]
    for side, line, stage in steps:
        said.append((side, line))
        hit = read_lines(*said)
        assert (hit.dialect, hit.stage, hit.answered) == ("ethereum-stratum-2", stage, True)
    assert (hit.agent, hit.named_host) == ("ethminer-0.17", "eth.nanopool.org")
    assert (hit.algorithm, hit.login) == ("ethash", "a.b")
    assert hit.difficulty == pytest.approx(EXPECTED)
    session = judged(hit)
    assert session is not None
    assert (session.grade, session.pool) == (Grade.CONFIRMED, "Nanopool")


def test_what_comes_packed_after_a_hello_is_read() -> None:
    reading = Reading()
    reading.send(M, HELLO.encode() + b"\n").send(P, (WELCOME % "gzip").encode() + b"\n")
    for side, line in ((M, AUTH), (P, '{"id":2,"result":"w-1"}')):
        reading.send(side, gzip.compress(line.encode() + b"\n", mtime=0))
    hit = reading.hit()
    assert (hit.dialect, hit.stage) == ("ethereum-stratum-2", Stage.AUTHORIZED)


@pytest.mark.parametrize(
    ("line", "difficulty", "algorithm"),
    [
        (notify("ethereum-stratum"), EXPECTED, None),
        (notify("kawpow-stratum"), EXPECTED, None),
        (notify("kawpow-stratum").replace('"id":null', '"algo":"firopow"'), EXPECTED, "firopow"),
        (f'{{"method":"mining.set_target","params":["{TARGET}"]}}', EXPECTED, None),
        (notify("ethereum-stratum-1"), None, None),
        (notify("zcash-stratum"), None, "Equihash"),
    ],
)
def test_difficulty_and_algorithm(line: str, difficulty: float | None, algorithm: str) -> None:
    hit = read_lines((M, KAWPOW), (P, line)) if "target" in line else read_lines((P, line))
    assert hit.difficulty == (None if difficulty is None else pytest.approx(difficulty))
    assert hit.algorithm == algorithm


def test_a_target_does_not_say_equihash() -> None:
    target = f'{{"method":"mining.set_target","params":["{TARGET}"]}}'
    hit = read_lines((P, target), (P, notify("kawpow-stratum")))
    assert (hit.dialect, hit.algorithm) == ("kawpow-stratum", None)


# -- BIP 310 and xmrig -----------------------------------------------------------------------

CONFIGURE = (
    '{"id":1,"method":"mining.configure","params":[["version-rolling","minimum-difficulty",'
    '"x-own"],{"version-rolling.mask":"1fffe000"}]}'
)


@pytest.mark.parametrize(
    ("answer", "answered"),
    [
        ('{"id":1,"result":{"version-rolling":true,"minimum-difficulty":false}}', True),
        ('{"id":1,"result":{"minimum-difficulty":true},"error":null}', True),
        ('{"id":1,"result":null,"error":[20,"unknown method",null]}', False),
        ('{"id":1,"result":{"status":"?"},"error":null}', False),
    ],
)
def test_a_configuration(answer: str, answered: bool) -> None:
    hit = read_lines((M, CONFIGURE), (P, answer))
    assert (hit.dialect, hit.stage) == ("stratum-v1", Stage.GREETED)
    assert (hit.answered, hit.refused) == (answered, False)  # whoever does not know it goes on
    assert hit.extensions == ("version-rolling", "minimum-difficulty")


def test_a_configuration_whose_request_was_not_seen() -> None:
    hit = read_lines((P, '{"id":1,"result":{"version-rolling":true,"minimum-difficulty":false}}'))
    assert (hit.miner_side, hit.extensions) == (MINER, ("version-rolling",))


LOGIN = (
    '{"id":1,"method":"login","params":{"login":"4x","pass":"x","agent":"XMRig/6.21.0",'
    '"algo":["rx/0","cn/2"],"algo-perf":{"rx/0":4100.5},"rigid":"r1"}}'
)
JOB = f'{{"blob":"{"06" * 76}","job_id":"j","target":"b88d0600","algo":"rx/0"}}'


def test_the_extensions_of_xmrig() -> None:
    answer = (
        f'{{"id":1,"result":{{"id":"s","job":{JOB},"extensions":["algo","nicehash","odd",7],'
        '"status":"OK"}}'
    )
    keepalive = '{"id":2,"method":"keepalived","params":{"id":"s"}}'
    hit = read_lines((M, LOGIN), (P, answer), (M, keepalive))
    assert hit.extensions == ("algo", "algo-perf", "rigid", "nicehash", "keepalive")
    assert (hit.dialect, hit.algorithm, hit.stage) == ("cryptonote", "rx/0", Stage.RECEIVING_WORK)


def test_a_login_taken_for_other_work() -> None:
    answer = '{"id":1,"result":{"id":"s","algo":"kawpow","extra_nonce":"64290b","status":"OK"}}'
    hit = read_lines((M, LOGIN), (P, answer))
    assert (hit.stage, hit.algorithm) == (Stage.AUTHORIZED, "kawpow")
    work, share = notify("kawpow-stratum"), submit("kawpow-stratum")
    hit = read_lines((M, LOGIN), (P, answer), (P, work), (M, share), (P, YES))
    assert (hit.stage, hit.jobs, hit.shares.accepted) == (Stage.MINING, 1, 1)
    stray = read_lines((M, LOGIN), (P, work))
    assert stray.jobs == 0


# -- the node --------------------------------------------------------------------------------

ASKS = '{"id":1,"jsonrpc":"2.0","method":"%s","params":{"wallet_address":"4x","reserve_size":8}}'
GIVES = f'{{"blocktemplate_blob":"{"10" * 100}","difficulty":31000,"height":7,"status":"OK"}}'
BLOCK = f'{{"id":1,"jsonrpc":"2.0","method":"%s","params":["{"10" * 100}"]}}'
SPELLINGS = [("getblocktemplate", "submitblock"), ("get_block_template", "submit_block")]


def node(*calls: tuple[str, str], agent: str = "curl/8") -> Hit:
    reading = Reading()
    for request, answer in calls:
        reading.send(MINER, http_post(request, path="/json_rpc", agent=agent))
        reading.send(POOL, http_answer(answer))
    return reading.hit()


@pytest.mark.parametrize(("asks", "submits"), SPELLINGS)
def test_mining_at_a_node(asks: str, submits: str) -> None:
    bare = node((ASKS % asks, f'{{"id":1,"result":{GIVES}}}'))
    assert (bare.dialect, bare.stage, bare.difficulty) == (
        "monero-rpc-http",
        Stage.RECEIVING_WORK,
        31000,
    )
    assert bare.login == "4x"
    session = judged(bare)
    assert session is not None
    assert session.grade is Grade.SUSPECTED
    named = judged(node((ASKS % asks, f'{{"id":1,"result":{GIVES}}}'), agent="XMRig/6.21.0"))
    assert named is not None
    assert named.grade is Grade.PROBABLE
    for answer, accepted in (('"result":{"status":"OK"}', 1), ('"error":{"code":-7}', 0)):
        hit = node((BLOCK % submits, f'{{"id":1,{answer}}}'))
        assert (hit.shares.accepted, hit.shares.rejected) == (accepted, 1 - accepted)
        assert hit.dialect == ("monero-rpc-http" if accepted or "_" in submits else hit.dialect)


@pytest.mark.parametrize("answer", ['"error":{"code":-9}', '"result":{"status":"BUSY"}'])
def test_a_node_without_work(answer: str) -> None:
    hit = node((ASKS % "get_block_template", f'{{"id":1,{answer}}}'))
    assert (hit.stage, hit.refused, hit.answered) == (Stage.GREETED, True, False)


def test_a_block_of_bitcoin_is_still_bitcoins() -> None:
    block = '{"id":2,"jsonrpc":"2.0","method":"submitblock","params":["%s"]}' % ("20" * 100)
    hit = node((block, '{"id":2,"result":null,"error":null}'))
    assert (hit.dialect, hit.shares.accepted) == ("getblocktemplate-http", 1)


# -- proof -----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", DIALECTS, ids=lambda row: row.name)
def test_nobody_is_sure_of_a_dialect_not_seen_on_a_wire(row: Any) -> None:
    hit = read_lines((M, AUTH), (P, '{"id":2,"result":true}'), (P, notify("stratum-v1")))
    session = judged(replace(hit, dialect=row.name))
    assert session is not None
    most = {"assembled": Grade.PROBABLE, "nursery": Grade.SUSPECTED}
    assert session.grade is most.get(row.proof, Grade.CONFIRMED)


def test_what_the_recordings_hold_is_called_recorded(shared_captures: Path) -> None:
    captures = sorted((shared_captures / "mining").glob("*.pcap*"))
    seen = {session.hit.dialect for session in running.scan(captures).sessions}
    recorded = {row.name for row in DIALECTS if row.proof == "recorded"}
    assert "ethereum-stratum" in seen
    assert seen - {None} <= recorded


UNSEEN = {"assembled": "not yet seen on a real wire"}


def test_the_page_of_dialects_says_what_the_table_says() -> None:
    page = (running.ROOT / "docs" / "dialects.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()
            if re.match(r"\| `[a-z]|\| D\d\d", line)]  # fmt: skip
    wanted = []
    for row in DIALECTS:
        unseen = UNSEEN.get(row.proof, "")
        proof = f"{row.proof}: {unseen}" if unseen else row.proof
        wanted.append([f"`{row.name}`", row.number, row.title, proof, row.source])
    wanted += [[v.number, f"`{v.dialect}`", v.title, v.proof, v.source] for v in VARIANTS]
    assert rows == wanted
    assert {variant.dialect for variant in VARIANTS} <= set(ROWS)


# -- messages recorded or quoted elsewhere ---------------------------------------------------

FILE = running.ROOT.parent / "shared" / "reference" / "vectors.jsonl"
NUMBERS = {"D02", "D03", "D13", "D14", "D15", "D17", "D20", "D22"}
GRADES = ("P", "S", "I")
ASKED = {  # a request for answers whose own stands nowhere
    244: submit("ethereum-stratum-1", 244),
}


def vectors() -> list[dict[str, Any]]:
    if not FILE.is_file():
        return []
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    return [
        row
        for row in rows
        if row["grade"] in GRADES and NUMBERS & set(re.findall(r"D\d\d", row["dialect"]))
    ]


def request_of(answer: dict[str, Any], row: dict[str, Any]) -> str:
    """What an answer answers: the newest request of that dialect and number before it."""
    asked = [
        other["msg"]
        for other in vectors()
        if other["dialect"] == row["dialect"]
        and other["dir"] == "C"
        and other["n"] < row["n"]
        and json.loads(other["msg"])["id"] == answer["id"]
    ]
    return asked[-1] if asked else ASKED[answer["id"]]


@pytest.mark.skipif(not FILE.is_file(), reason=f"no collection of messages at {FILE}")
def test_every_message_is_recognised_in_its_direction() -> None:
    rows = vectors()
    assert len(rows) > 30
    missed = []
    for row in rows:
        side = M if row["dir"] == "C" else P
        message = json.loads(row["msg"])
        said = [] if "method" in message else [(M, request_of(message, row))]
        reading = Reading()
        for other, line in [*said, (side, row["msg"])]:
            reading.send(other, line.encode() + b"\n")
        conversation, hit = reading.stream.conversation, reading.hit()
        speaker = Speaker.MINER if side == M else Speaker.POOL
        alone = not said and hit.strength[0 if speaker is Speaker.MINER else 1] is None
        if conversation.misses or hit.miner_side != M or any(hit.misplaced) or alone:
            missed.append(row)
    assert missed == []
