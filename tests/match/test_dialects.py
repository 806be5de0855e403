"""What each dialect makes of its openings, answers, jobs and shares."""

from __future__ import annotations

import pytest

from poolwatch.match.dialects import DIALECTS, ROWS, get_dialect
from poolwatch.match.dialects.base import is_error, is_yes, target_difficulty
from poolwatch.terms import Hit, Stage
from tests.running import MINER, POOL, Reading, http_answer, http_post, read_lines

HEX64, BLOB = "ab" * 32, "06" * 76
NO = '"error":{"code":-1,"message":"no"}'

# -- over lines --------------------------------------------------------------------------

SUB = '{"id":1,"method":"mining.subscribe","params":["m/1"]}'
AUTH = '{"id":2,"method":"mining.authorize","params":["a.b","x"]}'
SHARE = '{"id":3,"method":"mining.submit","params":["a.b","j1","00","65a0f1c0","00000001"]}'
ZSUB = '{"id":1,"method":"mining.subscribe","params":["equihashminer",null,"zec.pool.test","2142"]}'
LOGIN = '{"id":1,"method":"login","params":{"login":"4x","pass":"x","agent":"XMRig/6.21.0"}}'
XJOB = f'{{"blob":"{BLOB}","job_id":"j","target":"b88d0600"}}'
XSHARE = (
    '{"id":2,"method":"submit","params":{"id":"s","job_id":"j","nonce":"220c0000",'
    f'"result":"{HEX64}"}}}}'
)
ELOGIN = '{"id":2,"method":"eth_submitLogin","params":["0x9c99/w"]}'
EWORK = f'"result":["0x{HEX64}","0x{HEX64}","0x{"0" * 8}{"db" * 28}"]'
ESHARE = f'{{"id":4,"method":"eth_submitWork","params":["0x{"07" * 8}","0x{HEX64}","0x{HEX64}"]}}'
GET = '{"id":3,"method":"eth_getWork","params":[]}'

M, P = MINER, POOL
Said = tuple[int, str]

# Each: what was said; dialect, stage, refused, answered; submitted, accepted, rejected; jobs.
LINES: dict[str, tuple[list[Said], str, Stage, bool, bool, tuple[int, int, int], int]] = {
    "subscribe": ([(M, SUB)], "stratum-v1", Stage.GREETED, False, False, (0, 0, 0), 0),
    "subscribe taken": (
        [(M, SUB), (P, '{"id":1,"result":[[["mining.notify","1"]],"00b61738",4]}')],
        "stratum-v1",
        Stage.SUBSCRIBED,
        False,
        True,
        (0, 0, 0),
        0,
    ),
    "subscribe taken with true": (
        [(M, SUB), (P, '{"id":1,"result":true,"error":null}')],
        "stratum-v1",
        Stage.SUBSCRIBED,
        False,
        True,
        (0, 0, 0),
        0,
    ),
    "subscribe taken with a status": (
        [(M, SUB), (P, '{"id":1,"result":{"status":"OK"},"error":null}')],
        "stratum-v1",
        Stage.SUBSCRIBED,
        False,
        True,
        (0, 0, 0),
        0,
    ),
    "subscribe refused": (
        [(M, SUB), (P, '{"id":1,"result":null,"error":[20,"no",null]}')],
        "stratum-v1",
        Stage.GREETED,
        True,
        False,
        (0, 0, 0),
        0,
    ),
    "subscribe answered with nothing": (
        [(M, SUB), (P, '{"id":1,"result":null,"error":null}')],
        "stratum-v1",
        Stage.GREETED,
        True,
        False,
        (0, 0, 0),
        0,
    ),
    "authorize refused with false": (
        [(M, AUTH), (P, '{"id":2,"result":false,"error":null}')],
        "stratum-v1",
        Stage.GREETED,
        True,
        False,
        (0, 0, 0),
        0,
    ),
    "authorize refused without an id": (
        [(M, AUTH), (P, '{"id":null,"result":null,"error":[24,"Unauthorized",null]}')],
        "stratum-v1",
        Stage.GREETED,
        True,
        False,
        (0, 0, 0),
        0,
    ),
    "a difficulty alone is no job": (
        [(P, '{"id":null,"method":"mining.set_difficulty","params":[512]}')],
        "stratum-v1",
        Stage.CONTACTED,
        False,
        False,
        (0, 0, 0),
        0,
    ),
    "a share without an answer": (
        [(M, SHARE)],
        "stratum-v1",
        Stage.SUBMITTING,
        False,
        False,
        (1, 0, 0),
        0,
    ),
    "a share answered with neither yes nor no": (
        [(M, SHARE), (P, '{"id":3,"result":{"queued":1}}')],
        "stratum-v1",
        Stage.SUBMITTING,
        False,
        False,
        (1, 0, 0),
        0,
    ),
    "a share accepted in a list": (
        [(M, SHARE), (P, '{"id":3,"result":[true]}')],
        "stratum-v1",
        Stage.MINING,
        False,
        True,
        (1, 1, 0),
        0,
    ),
    "a share rejected in a list": (
        [(M, SHARE), (P, '{"id":3,"result":[false,"why"]}')],
        "stratum-v1",
        Stage.SUBMITTING,
        False,
        False,
        (1, 0, 1),
        0,
    ),
    "a share answered with null": (
        [(M, SHARE), (P, '{"id":3,"result":null,"error":null}')],
        "stratum-v1",
        Stage.SUBMITTING,
        False,
        False,
        (1, 0, 1),
        0,
    ),
    "Zcash taken": (
        [(M, ZSUB), (P, f'{{"id":1,"result":[null,"{"c2" * 16}"],"error":null}}')],
        "zcash-stratum",
        Stage.SUBSCRIBED,
        False,
        True,
        (0, 0, 0),
        0,
    ),
    "Zcash target alone is no job": (
        [(P, f'{{"id":null,"method":"mining.set_target","params":["{"00" * 2}{"41" * 30}"]}}')],
        "zcash-stratum",
        Stage.CONTACTED,
        False,
        False,
        (0, 0, 0),
        0,
    ),
    "CryptoNote login with a job": (
        [(M, LOGIN), (P, f'{{"id":1,"result":{{"id":"s","job":{XJOB},"status":"OK"}}}}')],
        "cryptonote",
        Stage.RECEIVING_WORK,
        False,
        True,
        (0, 0, 0),
        1,
    ),
    "CryptoNote login refused": (
        [(M, LOGIN), (P, f'{{"id":1,{NO}}}')],
        "cryptonote",
        Stage.GREETED,
        True,
        False,
        (0, 0, 0),
        0,
    ),
    "CryptoNote login taken without a job": (
        [(M, LOGIN), (P, '{"id":1,"result":{"status":"OK"},"error":null}')],
        "cryptonote",
        Stage.AUTHORIZED,
        False,
        True,
        (0, 0, 0),
        0,
    ),
    "CryptoNote share": (
        [(M, XSHARE), (P, '{"id":2,"result":{"status":"OK"},"error":null}')],
        "cryptonote",
        Stage.MINING,
        False,
        True,
        (1, 1, 0),
        0,
    ),
    "CryptoNote share rejected": (
        [(M, XSHARE), (P, f'{{"id":2,{NO}}}')],
        "cryptonote",
        Stage.SUBMITTING,
        False,
        False,
        (1, 0, 1),
        0,
    ),
    "CryptoNote job pushed": (
        [(P, f'{{"method":"job","params":{XJOB}}}')],
        "cryptonote",
        Stage.RECEIVING_WORK,
        False,
        True,
        (0, 0, 0),
        1,
    ),
    "eth-proxy login": (
        [(M, ELOGIN), (P, '{"id":2,"jsonrpc":"2.0","result":true}')],
        "eth-proxy",
        Stage.AUTHORIZED,
        False,
        True,
        (0, 0, 0),
        0,
    ),
    "eth-proxy login refused": (
        [(M, ELOGIN), (P, f'{{"id":2,{NO}}}')],
        "eth-proxy",
        Stage.GREETED,
        True,
        False,
        (0, 0, 0),
        0,
    ),
    "eth-proxy work asked for": (
        [(M, GET), (P, f'{{"id":3,{EWORK}}}')],
        "eth-proxy",
        Stage.RECEIVING_WORK,
        False,
        True,
        (0, 0, 0),
        1,
    ),
    "eth-proxy work pushed": (
        [(M, ELOGIN), (P, f'{{"id":0,{EWORK}}}')],
        "eth-proxy",
        Stage.RECEIVING_WORK,
        False,
        True,
        (0, 0, 0),
        1,
    ),
    "eth-proxy share": (
        [(M, ESHARE), (P, '{"id":4,"result":true}')],
        "eth-proxy",
        Stage.MINING,
        False,
        True,
        (1, 1, 0),
        0,
    ),
    "eth-proxy share rejected": (
        [(M, ESHARE), (P, '{"id":4,"result":false}')],
        "eth-proxy",
        Stage.SUBMITTING,
        False,
        False,
        (1, 0, 1),
        0,
    ),
}


def said_by(hit: Hit) -> tuple[object, ...]:
    shares = hit.shares
    counts = (shares.submitted, shares.accepted, shares.rejected)
    return hit.dialect, hit.stage, hit.refused, hit.answered, counts, hit.jobs


@pytest.mark.parametrize("name", LINES)
def test_over_lines(name: str) -> None:
    said, *expected = LINES[name]
    assert said_by(read_lines(*said)) == tuple(expected)


# -- over HTTP ---------------------------------------------------------------------------

WORK = f'{{"id":0,"error":null,"result":{{"data":"{"00" * 128}","target":"{HEX64}"}}}}'
GETWORK = '{"method":"getwork","params":[],"id":0}'
SOLVED = f'{{"method":"getwork","params":["{"00" * 128}"],"id":1}}'
TEMPLATE = f'{{"id":0,"result":{{"previousblockhash":"{HEX64}","bits":"17034219","height":8}}}}'
GETTEMPLATE = '{"id":0,"method":"getblocktemplate","params":[{}]}'
BLOCK = f'{{"id":1,"method":"submitblock","params":["{"00" * 100}"]}}'
EGET = '{"id":1,"method":"eth_getWork"}'

HTTP: dict[str, tuple[list[tuple[str, str, str]], str, Stage, bool, tuple[int, int, int], int]] = {
    "getwork": (
        [(GETWORK, "200 OK", WORK)],
        "getwork-http",
        Stage.RECEIVING_WORK,
        False,
        (0, 0, 0),
        1,
    ),
    "getwork without work": (
        [(GETWORK, "200 OK", '{"id":0,"result":null,"error":null}')],
        "getwork-http",
        Stage.GREETED,
        True,
        (0, 0, 0),
        0,
    ),
    "getwork not allowed": (
        [(GETWORK, "401 Unauthorized", "")],
        "getwork-http",
        Stage.GREETED,
        True,
        (0, 0, 0),
        0,
    ),
    "getwork share": (
        [(GETWORK, "200 OK", WORK), (SOLVED, "200 OK", '{"id":1,"result":true,"error":null}')],
        "getwork-http",
        Stage.MINING,
        False,
        (1, 1, 0),
        1,
    ),
    "getwork share rejected": (
        [(SOLVED, "200 OK", '{"id":1,"result":false,"error":null}')],
        "getwork-http",
        Stage.SUBMITTING,
        False,
        (1, 0, 1),
        0,
    ),
    "template": (
        [(GETTEMPLATE, "200 OK", TEMPLATE)],
        "getblocktemplate-http",
        Stage.RECEIVING_WORK,
        False,
        (0, 0, 0),
        1,
    ),
    "template refused": (
        [(GETTEMPLATE, "500 Internal Server Error", f'{{"id":0,"result":null,{NO}}}')],
        "getblocktemplate-http",
        Stage.GREETED,
        True,
        (0, 0, 0),
        0,
    ),
    "block": (
        [(BLOCK, "200 OK", '{"id":1,"result":null,"error":null}')],
        "getblocktemplate-http",
        Stage.MINING,
        False,
        (1, 1, 0),
        0,
    ),
    "block not taken": (
        [(BLOCK, "200 OK", '{"id":1,"result":"high-hash","error":null}')],
        "getblocktemplate-http",
        Stage.SUBMITTING,
        False,
        (1, 0, 1),
        0,
    ),
    "eth getWork": (
        [(EGET, "200 OK", f'{{"id":1,{EWORK}}}')],
        "eth-getwork-http",
        Stage.RECEIVING_WORK,
        False,
        (0, 0, 0),
        1,
    ),
    "eth getWork refused": (
        [(EGET, "200 OK", f'{{"id":1,{NO}}}')],
        "eth-getwork-http",
        Stage.GREETED,
        True,
        (0, 0, 0),
        0,
    ),
    "eth share": (
        [(ESHARE, "200 OK", '{"id":4,"result":true}')],
        "eth-getwork-http",
        Stage.MINING,
        False,
        (1, 1, 0),
        0,
    ),
}


@pytest.mark.parametrize("name", HTTP)
def test_over_http(name: str) -> None:
    exchanges, *expected = HTTP[name]
    reading = Reading()
    for body, status, answer in exchanges:
        reading.send(MINER, http_post(body)).send(POOL, http_answer(answer, status))
    dialect, stage, refused, _, counts, jobs = said_by(reading.hit())
    assert [dialect, stage, refused, counts, jobs] == expected


def test_a_mining_header_is_an_opening_and_names_its_miner() -> None:
    post = http_post(
        GETTEMPLATE,
        agent="cgminer 3.7.2",
        headers=(
            "X-Mining-Extensions: longpoll midstate",
            "Authorization: Basic a3ZldGFrLndvcmtlcjE6c2VjcmV0",
        ),
    )
    hit = Reading().send(MINER, post).send(POOL, http_answer("", "404 Not Found")).hit()
    assert (hit.agent, hit.login, hit.named_host) == (
        "cgminer 3.7.2",
        "kvetak.worker1",
        "node.example",
    )
    assert (hit.stage, hit.refused) == (Stage.GREETED, True)
    assert "mining-extensions" in hit.signatures


def test_the_wallet_in_a_path_is_the_login() -> None:
    wallet = "0x" + "ab" * 20
    hit = Reading().send(MINER, http_post(EGET, path=f"/{wallet}/rig1")).hit()
    assert hit.login == f"{wallet}/rig1"


@pytest.mark.parametrize("value", ["Basic !!!", "Basic " + "A" * 5000, "Bearer abc", "Basic"])
def test_a_login_that_cannot_be_read_is_none(value: str) -> None:
    hit = Reading().send(MINER, http_post(GETWORK, headers=(f"Authorization: {value}",))).hit()
    assert hit.login is None


# -- facts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "difficulty"),
    [
        ('{"id":null,"method":"mining.set_difficulty","params":[32000]}', 32000),
        ('{"id":null,"method":"mining.set_difficulty","params":[0.5]}', 0.5),
        ('{"id":null,"method":"mining.set_difficulty","params":[0]}', None),
        ('{"id":null,"method":"mining.set_difficulty","params":[-1]}', None),
        ('{"id":null,"method":"mining.set_difficulty","params":[1%s]}' % ("0" * 400), None),
        ('{"method":"mining.set_target","params":["00041893%s"]}' % ("0" * 56), 16000),
        ('{"method":"mining.set_target","params":["%s"]}' % ("0" * 64), None),
        (f'{{"method":"job","params":{XJOB}}}', 10000),
        (f'{{"method":"job","params":{XJOB.replace("b88d0600", "00000000")}}}', None),
        (f'{{"method":"job","params":{XJOB.replace("b88d0600", "0000000000000001")}}}', 256),
    ],
)
def test_difficulty(line: str, difficulty: float | None) -> None:
    got = read_lines((POOL, line)).difficulty
    if "711b0d00" in line:  # 2**64 / t for the long form
        assert got == float(
            (1 << 64) // int.from_bytes(bytes.fromhex("711b0d0000000000"), "little")
        )
    else:
        assert got == (None if difficulty is None else pytest.approx(difficulty, rel=1e-4))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("f" * 64, 1),
        ("0x" + "0" * 16 + "1" + "0" * 47, 2**256 // 16**47),
        ("1", 2.0**256),
        ("0", None),
        ("", None),
        ("xyz", None),
        ("-1", None),
        ("1" + "0" * 64, None),
        ("0x_1", None),
    ],
)
def test_target_difficulty(target: str, expected: float | None) -> None:
    assert target_difficulty(target) == expected


YES = ["true", "[true]", '{"status":"OK"}', '{"status":"ok"}', '"ok"', '"true"', '["true"]']


@pytest.mark.parametrize("result", YES)
def test_yes_in_its_forms(result: str) -> None:
    hit = read_lines((MINER, SHARE), (POOL, f'{{"id":3,"result":{result}}}'))
    assert (hit.shares.accepted, hit.shares.rejected) == (1, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"result": True, "error": "x"},
        {"result": True, "error": [1]},
        {"result": True, "error": {"code": 1}},
        {"result": True, "error": True},
        {"result": False},
        {"result": [False, "x"]},
        {"result": {"status": "error"}},
        [],
        None,
    ],
)
def test_no_in_its_forms(body: object) -> None:
    assert is_error(body)
    assert not is_yes(body)


@pytest.mark.parametrize(
    "body", [{"result": True}, {"result": True, "error": None}, {"result": True, "error": False}]
)
def test_no_error(body: object) -> None:
    assert not is_error(body)
    assert is_yes(body)


def test_the_table_of_dialects_is_whole() -> None:
    assert len(ROWS) == len(DIALECTS)
    assert [row.number for row in DIALECTS] == sorted(row.number for row in DIALECTS)
    for row in DIALECTS:
        assert isinstance(get_dialect(row.name).openings, frozenset)
    with pytest.raises(KeyError):
        get_dialect("stratum-v9")
