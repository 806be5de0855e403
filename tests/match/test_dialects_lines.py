"""The dialects of single coins over JSON lines: told apart, and what each message says."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.match.dialects import ALIKE, DIALECTS, ROWS, get_dialect
from poolwatch.match.dialects.base import Act, Request
from poolwatch.match.message import Message
from poolwatch.terms import Grade, Hit, Stage
from tests import running
from tests.running import MINER, POOL, judged, read_lines
from tests.test_forge import LACKING

M, P = MINER, POOL
HEX64, MIX, SEED = "ab" * 32, "cd" * 32, "ef" * 32
TARGET = "00000000" + "db" * 28
EXPECTED = float((1 << 256) // int(TARGET, 16))
CYCLE = str(list(range(1000, 1042)))
PRE_POW = "00" * 238
BOUND = str((1 << 256) // 4000)
TEMPLATE = (
    f'{{"blocktemplate_blob":"{"10" * 130}","algo":"rx/0","difficulty":300000000000,"height":7,'
    '"reserved_offset":130,"client_nonce_offset":138,"client_pool_offset":134,'
    '"target_diff":40000,"job_id":"t1"}'
)
OPENINGS = (
    '["m/1"]',
    '["m/1",null]',
    '["m/1","EthereumStratum/1.0.0"]',
    '["m/1",null,"pool.test","3333"]',
    "[]",
)
WORK = {  # parameters of mining.notify
    "verushash-stratum": (
        f'["j","04000000","{HEX64}","{SEED}","{MIX}","16ee7c58","83837b1c",true,"{"07" * 100}"]'
    ),
    "kaspa-stratum": '["17",[2769687437080,264245585265497,16370749824715,18446744073709551615],9]',
    "alephium-stratum": (
        f'[{{"jobId":"j1","fromGroup":0,"toGroup":1,"headerBlob":"{"07" * 150}","txsBlob":"",'
        f'"targetBlob":"{TARGET}"}},{{"jobId":"j2","fromGroup":0,"toGroup":2,'
        f'"headerBlob":"{"08" * 150}","txsBlob":""}}]'
    ),
    "ergo-stratum": f'["j",650123,"{HEX64}","","","03","{BOUND}","",true]',
    "conflux-stratum": f'["j","2302785","0x{HEX64}","0x{TARGET}"]',
    "aeternity-stratum": f'["j","{HEX64}",true]',
    "ckb-stratum": f'["j","{HEX64}",2302785,"{SEED}",true]',
    "kadena-stratum": f'["j","{"07" * 286}",true]',
}
OTHER_WORK = {  # other forms of the same
    "kaspa-stratum": f'["17","{"85" * 40}"]',
    "ergo-stratum": f'["j","{HEX64}",4738,true]',
    "conflux-stratum": f'["0x{HEX64}","0x{HEX64}","0x{TARGET[8:]}"]',
    "aeternity-stratum": f'["j",4,"{HEX64}",true]',
}
SHARES = {  # parameters of mining.submit that name the dialect
    "kaspa-stratum": '["kaspa:q.rig","17","0x0029000000a3f1c2"]',
    "alephium-stratum": (
        f'{{"jobId":"j1","fromGroup":0,"toGroup":1,"nonce":"{"51" * 24}","worker":"1D.rig"}}'
    ),
    "ergo-stratum": '["9p.rig","j","00239534","undefined","28000000a3f1c200"]',
    "conflux-stratum": f'["a.rig","j","0x30000000002978da","0x{HEX64}"]',
    "aeternity-stratum": f'["ak_2.rig","j","98b6ac44d2",{CYCLE}]',
    "ckb-stratum": f'["ckb1.rig","j","{"00" * 12}"]',
}
JOBS = {  # of dialects that log in
    "xmr-node-proxy": f'{{"jsonrpc":"2.0","method":"job","params":{TEMPLATE}}}',
    "grin-stratum": (
        '{"id":"Stratum","jsonrpc":"2.0","method":"job","params":'
        f'{{"difficulty":40000,"height":16375,"job_id":5,"pre_pow":"{PRE_POW}"}}}}'
    ),
    "beam-stratum": (
        f'{{"difficulty":138455134,"height":7,"id":"212","input":"{HEX64}","jsonrpc":"2.0",'
        '"method":"job"}'
    ),
}
LOGIN = '{"id":"0","jsonrpc":"2.0","method":"login","params":{"login":"a.b","pass":"x"}}'
BEAM = '{"method":"login","api_key":"a.b","id":"login","jsonrpc":"2.0"}'
GRIN_SHARE = (
    '{"id":"2","jsonrpc":"2.0","method":"submit","params":{"edge_bits":32,"height":16375,'
    f'"job_id":5,"nonce":8895699060858340771,"pow":{CYCLE}}}}}'
)
BEAM_SHARE = (
    f'{{"id":"212","jsonrpc":"2.0","method":"solution","nonce":"{"0b" * 8}",'
    f'"output":"{"a3" * 104}"}}'
)
CN_SHARE = (
    '{"method":"submit","id":4,"params":{"id":"s","job_id":"7","nonce":"220c0000",'
    f'"result":"{HEX64}"}}}}'
)
PROXY_SHARE = (
    '{"method":"submit","id":7,"params":{"job_id":"t1","nonce":"220c0000","workerNonce":12,'
    f'"poolNonce":3,"result":"{HEX64}"}}}}'
)


YES = '{"id":4,"result":true,"error":null}'


def notify(params: str) -> str:
    return f'{{"id":null,"method":"mining.notify","params":{params}}}'


def submit(params: str) -> str:
    return f'{{"id":4,"method":"mining.submit","params":{params}}}'


def subscribe(params: str) -> str:
    return f'{{"id":1,"method":"mining.subscribe","params":{params}}}'


def told(dialect: str, line: str) -> list[tuple[Act, dict[str, Any]]]:
    """The acts of a message with a method, with their facts."""
    body = json.loads(line)
    events = get_dialect(dialect).said(body["method"].lower(), Message(P, 0, body, b"", []))
    return [(event.act, dict(event.facts)) for event in events]


def answer_to(dialect: str, method: str, line: str) -> list[Act]:
    """The acts of an answer to a method."""
    request = Request("1", method, dialect, True, False, False)
    message = Message(P, 0, json.loads(line), b"", [])
    return [event.act for event in get_dialect(dialect).answered(request, message)]


# -- told apart ------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize("dialect", sorted(WORK))
def test_the_form_of_work_names_the_dialect(dialect: str, opening: str) -> None:
    for work in {WORK[dialect], OTHER_WORK.get(dialect, WORK[dialect])}:
        assert read_lines((P, notify(work))).dialect == dialect
        hit = read_lines((M, subscribe(opening)), (P, notify(work)))
        assert (hit.dialect, hit.stage) == (dialect, Stage.RECEIVING_WORK)


@pytest.mark.parametrize("dialect", sorted(JOBS))
def test_the_members_of_a_job_name_the_dialect(dialect: str) -> None:
    assert read_lines((P, JOBS[dialect])).dialect == dialect
    login = BEAM if dialect == "beam-stratum" else LOGIN
    hit = read_lines((M, login), (P, JOBS[dialect]))
    assert (hit.dialect, hit.stage, hit.jobs) == (dialect, Stage.RECEIVING_WORK, 1)


@pytest.mark.parametrize("dialect", sorted(SHARES))
def test_a_share_that_names_the_dialect(dialect: str) -> None:
    hit = read_lines((M, submit(SHARES[dialect])))
    assert (hit.dialect, hit.stage, hit.shares.submitted) == (dialect, Stage.SUBMITTING, 1)
    for opening in OPENINGS:
        assert read_lines((M, subscribe(opening)), (M, submit(SHARES[dialect]))).dialect == dialect


@pytest.mark.parametrize(
    ("line", "dialect"),
    [
        (GRIN_SHARE, "grin-stratum"),
        (BEAM_SHARE, "beam-stratum"),
        (PROXY_SHARE, "xmr-node-proxy"),
        (BEAM, "beam-stratum"),
        (LOGIN.replace('"pass"', '"agent":"grin-miner","pass"'), "grin-stratum"),
        (
            LOGIN.replace('"pass"', '"agent":"xmr-node-proxy/0.2","algo":["rx/0"],"pass"'),
            "xmr-node-proxy",
        ),
        (subscribe('["cfxmine",""]'), "conflux-stratum"),
        (subscribe('["ckbminer-v1.0.0",null]'), "ckb-stratum"),
        (subscribe('["kdaminer-v1.0.0",null]'), "kadena-stratum"),
        (
            '{"id":"0","method":"mining.hello","params":["m/1","AlephiumStratum/1.0.0"]}',
            "alephium-stratum",
        ),
    ],
)
def test_what_a_miner_says_that_names_the_dialect(line: str, dialect: str) -> None:
    assert read_lines((M, line)).dialect == dialect


ALONE = {  # an example of each form that several dialects have
    "a subscription with software, or nothing": [(M, subscribe('["m/1"]')), (M, subscribe("[]"))],
    "a subscription with software, session, host and port": [(M, subscribe(OPENINGS[3]))],
    "a subscription answered with two subscriptions, extranonce and size": [
        (P, '{"id":1,"result":[[["mining.notify","1"],["mining.set_difficulty","2"]],"28",4]}')
    ],
    "a subscription answered with null, extranonce and size": [],
    "a subscription with software and `EthereumStratum/1.0.0`": [(M, subscribe(OPENINGS[2]))],
    "an authorization": [(M, '{"id":2,"method":"mining.authorize","params":["a.b","x"]}')],
    "a difficulty that is set": [(P, '{"id":null,"method":"mining.set_difficulty","params":[4]}')],
    "a target that is set": [(P, f'{{"method":"mining.set_target","params":["{TARGET}"]}}')],
    "a share of job, nonce, header and mix": [
        (M, submit(f'["a.b","j1","0x{"07" * 8}","0x{HEX64}","0x{MIX}"]'))
    ],
    "a share of worker, job and at most 16 digits": [
        (M, submit('["a.b","j","00239534"]')),
        (M, submit(f'["{HEX64}.b","j","6789abcdef"]')),
    ],
    "a share of worker, job, extranonce, time and nonce": [
        (M, submit('["a.b","j","00239534","65a0f1c0","28000000a3f1c200"]'))
    ],
    "a share with an Equihash solution": [
        (M, submit(f'["a.b","j","16ee7c58","00","fd400507{"00" * 1343}"]'))
    ],
    "a login with name and password": [(M, LOGIN)],
    "a subscription without parameters that says `jsonrpc` 2.0": [
        (M, '{"jsonrpc":"2.0","id":1,"method":"mining.subscribe","params":[]}')
    ],
    "a share of session, job, nonce and result": [(M, CN_SHARE)],
}


@pytest.mark.parametrize("row", ALIKE, ids=lambda row: row.what.replace(" ", "-").replace("`", ""))
def test_what_several_dialects_have_alike_is_called_as_the_table_says(row: Any) -> None:
    assert set(row.dialects) <= set(ROWS)
    assert row.called in ROWS
    for side, line in ALONE[row.what]:
        assert read_lines((side, line)).dialect == row.called
    page = (running.ROOT / "docs" / "dialects.md").read_text("utf-8")
    others = ", ".join(f"`{name}`" for name in row.dialects if name != row.called)
    assert f"| {row.what} | `{row.called}` | {others} |" in page


def test_a_subscription_that_ckb_and_kadena_take_alike() -> None:
    for given_nonce, size in (("00c904bd", 12), ("a331", 6)):
        answer = f'{{"id":1,"result":[null,"{given_nonce}",{size}],"error":null}}'
        hit = read_lines((M, subscribe('["m/1",null]')), (P, answer))
        assert (hit.dialect, hit.stage) == ("stratum-v1", Stage.SUBSCRIBED)


@pytest.mark.parametrize(
    ("answer", "dialect"),
    [
        ('{"id":1,"result":[true,"EthereumStratum/1.0.0"],"error":null}', "kaspa-stratum"),
        ('{"id":1,"method":"set_extranonce","params":["0029",6]}', "kaspa-stratum"),
        ('{"id":1,"result":"result","error":null}', "alephium-stratum"),
        ('{"id":1,"result":["ed70df83","080000"],"error":null}', "aeternity-stratum"),
    ],
)
@pytest.mark.parametrize("opening", OPENINGS)
def test_the_answer_to_a_subscription_names_the_dialect(
    opening: str, answer: str, dialect: str
) -> None:
    hit = read_lines((M, subscribe(opening)), (P, answer))
    assert (hit.dialect, hit.stage, hit.answered) == (dialect, Stage.SUBSCRIBED, True)


# -- what messages say -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "line", "wanted"),
    [
        ("kaspa-stratum", notify(WORK["kaspa-stratum"]), {"job": "17", "unit": 2.0**32}),
        ("ergo-stratum", notify(WORK["ergo-stratum"]), {"height": 650123, "bound": 4000.0}),
        ("ergo-stratum", notify(OTHER_WORK["ergo-stratum"]), {"height": 4738, "job": "j"}),
        (
            "conflux-stratum",
            notify(WORK["conflux-stratum"]),
            {"job": "j", "height": 2302785, "hashes": EXPECTED, "algorithm": "Octopus"},
        ),
        ("conflux-stratum", notify(OTHER_WORK["conflux-stratum"]), {"hashes": EXPECTED}),
        ("ckb-stratum", notify(WORK["ckb-stratum"]), {"job": "j", "height": 2302785}),
        ("kadena-stratum", notify(WORK["kadena-stratum"]), {"job": "j", "algorithm": "Blake2s"}),
        ("aeternity-stratum", notify(WORK["aeternity-stratum"]), {"job": "j", "algorithm": None}),
        ("xmr-node-proxy", JOBS["xmr-node-proxy"], {"job": "t1", "hashes": 40000.0, "height": 7}),
        (
            "grin-stratum",
            JOBS["grin-stratum"],
            {"job": "5", "height": 16375, "hashes": (42 * 40000 / 16384, 42 * 40000 / 1856)},
        ),
        ("beam-stratum", JOBS["beam-stratum"], {"job": "212", "height": 7}),
    ],
)
def test_the_facts_of_a_job(dialect: str, line: str, wanted: dict[str, Any]) -> None:
    ((act, facts),) = told(dialect, line)
    assert act is Act.JOB
    assert {name: facts.get(name) for name in wanted} == wanted


def test_each_chain_of_alephium_has_its_job() -> None:
    events = told("alephium-stratum", notify(WORK["alephium-stratum"]))
    assert [(act, facts["job"]) for act, facts in events] == [(Act.JOB, "j1"), (Act.JOB, "j2")]
    assert events[0][1]["hashes"] == 16 * EXPECTED
    assert "hashes" not in events[1][1]  # that of its difficulty
    many = notify(str([{"jobId": str(n)} for n in range(100)]).replace("'", '"'))
    assert len(told("alephium-stratum", many)) == 16


@pytest.mark.parametrize(
    ("dialect", "line", "hashes"),
    [
        ("kaspa-stratum", '{"method":"mining.set_difficulty","params":[4]}', 4 * 2.0**32),
        ("alephium-stratum", '{"method":"mining.set_difficulty","params":[2]}', 2 * 16 * 2.0**30),
        ("aeternity-stratum", f'{{"method":"mining.set_target","params":["{TARGET}"]}}', 42),
        ("ckb-stratum", f'{{"method":"mining.set_target","params":["{TARGET}"]}}', 1),
        ("kadena-stratum", f'{{"method":"mining.set_target","params":["{TARGET}"]}}', 1),
        ("ergo-stratum", f'{{"method":"mining.set_target","params":["{TARGET}"]}}', 1),
        ("kadena-stratum", '{"method":"mining.set_target","params":["zz"]}', None),
        ("kaspa-stratum", '{"method":"mining.set_difficulty","params":["4"]}', None),
    ],
)
def test_what_a_share_stands_for_from_the_next_job_on(
    dialect: str, line: str, hashes: float | None
) -> None:
    ((act, facts),) = told(dialect, line)
    scale = EXPECTED if "set_target" in line else 1
    assert act is Act.DETAIL
    assert facts.get("hashes") == (None if hashes is None else hashes * scale)


@pytest.mark.parametrize(
    ("packed", "hashes"),
    [
        (0x08000000, 256.0),
        (0x08800000, 384.0),
        (50331701, 8 * (1 + 53 / (1 << 24))),
        (3441671469, None),  # an example of NiceHash that no share can have
        (-1, None),
        (1 << 32, None),
        ("8", None),
    ],
)
def test_beams_difficulty(packed: object, hashes: float | None) -> None:
    line = json.dumps({"method": "job", "id": "1", "input": HEX64, "difficulty": packed})
    ((_, facts),) = told("beam-stratum", line)
    assert facts.get("hashes") == hashes


@pytest.mark.parametrize(
    ("dialect", "line", "wanted"),
    [
        ("alephium-stratum", submit(SHARES["alephium-stratum"]), {"job": "j1", "worker": "1D.rig"}),
        ("xmr-node-proxy", PROXY_SHARE, {"job": "t1", "worker": "12"}),
        ("grin-stratum", GRIN_SHARE, {"job": "5", "algorithm": "Cuckatoo32"}),
        ("beam-stratum", BEAM_SHARE, {"job": "212"}),
    ],
)
def test_the_facts_of_a_share(dialect: str, line: str, wanted: dict[str, Any]) -> None:
    ((act, facts),) = told(dialect, line)
    assert act is Act.SUBMIT
    assert {name: facts.get(name) for name in wanted} == wanted


def test_a_login_without_a_name_for_software() -> None:
    hit = read_lines((M, subscribe('["cfxmine",""]')))
    assert (hit.login, hit.agent) == ("cfxmine", None)  # an account, as conflux-doc says
    assert read_lines((M, BEAM)).login == "a.b"


@pytest.mark.parametrize(
    ("dialect", "difficulty", "hashes"),
    [
        ("ergo-stratum", 1, 4000.0),  # the bound is a share's
        ("ergo-stratum", 3, 4000 / 3),  # a divisor
        ("ergo-stratum", 4294967296, 4000.0),  # no divisor: nothing would be left
        ("kaspa-stratum", 4, 4 * 2.0**32),  # set before anything named the dialect
        ("alephium-stratum", 2, 16 * EXPECTED),  # each job has a target of its own
    ],
)
def test_a_number_set_before_the_work_that_says_what_it_means(
    dialect: str, difficulty: int, hashes: float
) -> None:
    number = f'{{"id":null,"method":"mining.set_difficulty","params":[{difficulty}]}}'
    share = submit(SHARES[dialect])
    hit = read_lines(
        (M, subscribe("[]")), (P, number), (P, notify(WORK[dialect])), (M, share), (P, YES)
    )
    assert (hit.work.hashes.shares, hit.work.numbers.shares) == (1, 0)
    assert hit.work.hashes.low == hit.work.hashes.high == pytest.approx(hashes)


# -- answers ---------------------------------------------------------------------------------


def counts(hit: Hit) -> tuple[int, int, int]:
    return hit.shares.submitted, hit.shares.accepted, hit.shares.rejected


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ('{"id":4,"result":[true]}', (1, 1, 0)),
        ('{"id":4,"result":["true"]}', (1, 1, 0)),
        ('{"id":4,"result":true}', (1, 1, 0)),
        ('{"id":4,"result":[false,"why"]}', (1, 0, 1)),
        ('{"id":4,"result":["false","stale"]}', (1, 0, 1)),
    ],
)
def test_answers_of_conflux(answer: str, wanted: tuple[int, int, int]) -> None:
    hit = read_lines((M, submit(SHARES["conflux-stratum"])), (P, answer))
    assert counts(hit) == wanted


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ('"result":"ok","error":null', (1, 1, 0)),
        ('"result":"blockfound - 23025af9"', (1, 1, 0)),
        ('"result":"block - 23025af9"', (1, 1, 0)),
        ('"error":{"code":-32503,"message":"Solution submitted too late"}', (1, 0, 1)),
        ('"error":{"code":-32501,"message":"Share rejected due to low difficulty"}', (1, 0, 1)),
    ],
)
@pytest.mark.parametrize("key", ["2", "7"])  # the document's own examples answer with other ids
def test_answers_of_grin_repeat_the_method(
    answer: str, wanted: tuple[int, int, int], key: str
) -> None:
    keepalive = '{"id":"7","jsonrpc":"2.0","method":"keepalive","params":null}'
    line = f'{{"id":"{key}","jsonrpc":"2.0","method":"submit",{answer}}}'
    assert counts(read_lines((M, GRIN_SHARE), (M, keepalive), (P, line))) == wanted


@pytest.mark.parametrize(
    ("code", "stage", "wanted"),
    [
        (1, Stage.MINING, (1, 1, 0)),
        (2, Stage.SUBMITTING, (1, 0, 1)),
        (3, Stage.SUBMITTING, (1, 0, 1)),
        (-32000, Stage.SUBMITTING, (1, 0, 1)),
        (0, Stage.SUBMITTING, (1, 0, 0)),
    ],
)
def test_results_of_beam(code: int, stage: Stage, wanted: tuple[int, int, int]) -> None:
    result = f'{{"code":{code},"id":"212","jsonrpc":"2.0","method":"result"}}'
    hit = read_lines((M, BEAM), (P, JOBS["beam-stratum"]), (M, BEAM_SHARE), (P, result))
    assert (hit.stage, counts(hit)) == (stage, wanted)


def test_a_result_of_a_share_that_was_not_seen_counts_nothing() -> None:
    result = '{"code":1,"id":"212","jsonrpc":"2.0","method":"result"}'
    hit = read_lines((P, JOBS["beam-stratum"]), (P, result))
    assert (hit.stage, counts(hit)) == (Stage.RECEIVING_WORK, (0, 0, 0))


def test_why_shares_were_rejected() -> None:
    expired = '{"code":3,"id":"212","jsonrpc":"2.0","method":"result"}'
    ((act, facts),) = told("beam-stratum", expired)
    assert (act, facts) == (Act.REJECT, {"answers": "212", "reject": "stale"})


@pytest.mark.parametrize(
    ("dialect", "method", "line", "acts"),
    [
        ("alephium-stratum", "mining.hello", '{"result":["AlephiumStratum/1.0.0"]}', [Act.WELCOME]),
        ("alephium-stratum", "mining.hello", '{"result":["shift/1"]}', [Act.DETAIL]),
        ("alephium-stratum", "mining.hello", '{"error":[20,"no"]}', [Act.REFUSAL]),
        ("alephium-stratum", "mining.subscribe", '{"result":""}', [Act.SUBSCRIBED]),
        ("alephium-stratum", "mining.authorize", '{"result":"w-1"}', [Act.AUTHORIZED]),
        ("alephium-stratum", "mining.authorize", '{"result":false}', [Act.REFUSAL]),
        ("conflux-stratum", "mining.subscribe", '{"result":"true"}', [Act.SUBSCRIBED]),
        ("conflux-stratum", "mining.subscribe", '{"result":false}', [Act.REFUSAL]),
        ("grin-stratum", "login", '{"method":"login","result":"ok"}', [Act.AUTHORIZED]),
        ("grin-stratum", "getjobtemplate", '{"error":{"code":-32500}}', [Act.REFUSAL]),
        (
            "xmr-node-proxy",
            "login",
            f'{{"result":{{"id":"s","job":{TEMPLATE}}}}}',
            [Act.AUTHORIZED, Act.JOB],
        ),
        ("xmr-node-proxy", "getjob", f'{{"result":{TEMPLATE}}}', [Act.JOB]),
        ("xmr-node-proxy", "login", '{"error":{"code":-1}}', [Act.REFUSAL]),
    ],
)
def test_answers_to_openings(dialect: str, method: str, line: str, acts: list[Act]) -> None:
    assert answer_to(dialect, method, line) == acts


def test_work_in_answer_to_a_request_that_was_not_seen() -> None:
    grin = json.dumps(
        {
            "id": "0",
            "method": "getjobtemplate",
            "result": json.loads(JOBS["grin-stratum"])["params"],
        }
    )
    welcome = '{"id":"0","result":["AlephiumStratum/1.0.0",false,"b4","5","pool"]}'
    for line, dialect, jobs in (
        (grin, "grin-stratum", 1),
        (f'{{"id":1,"result":{{"id":"s","job":{TEMPLATE}}}}}', "xmr-node-proxy", 1),
        (f'{{"id":1,"result":{TEMPLATE}}}', "xmr-node-proxy", 1),
        (welcome, "alephium-stratum", 0),
        ('{"id":1,"result":[true,"EthereumStratum/1.0.0"]}', "kaspa-stratum", 0),
    ):
        hit = read_lines((P, line))
        assert (hit.dialect, hit.miner_side, hit.jobs) == (dialect, M, jobs)


# -- caution ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        [(M, '{"method":"login","api_key":"k","id":1,"jsonrpc":"2.0"}')],
        [(M, '{"method":"login","api_key":"k","id":"login","jsonrpc":"2.0","params":{}}')],
        [(P, '{"method":"result","id":"login","code":0,"description":"Success"}')],
        [(M, '{"id":"2","jsonrpc":"2.0","method":"getjobtemplate","params":null}')],
        [(M, LOGIN), (P, '{"id":"0","jsonrpc":"2.0","method":"login","result":"ok"}')],
        [(P, '{"id":1,"method":"set_extranonce","params":["on"]}')],
        [
            (
                P,
                '{"method":"job","params":{"pre_pow":"coffee","difficulty":1,"height":1,"job_id":1}}',
            )
        ],
        [(M, '{"id":"1","method":"connection.set_gzip"}')],
    ],
)
def test_what_is_no_mining_by_itself(lines: list[tuple[int, str]]) -> None:
    session = judged(read_lines(*lines))
    assert session is None or session.grade <= Grade.NOTED


KNOWN = sorted({*WORK, *JOBS})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("0x1fa", max_size=70),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        ["id", "code", "difficulty", "input", "height", "job_id", "jobId", "pow", "job"]
    )
    | st.sampled_from(["pre_pow", "targetBlob", "target_diff", "workerNonce", "edge_bits"])
    | st.just("blocktemplate_blob"),
    VALUES,
)
METHODS = ["login", "job", "submit", "result", "solution", "set_extranonce", "mining.hello"] + [
    f"mining.{word}" for word in ("subscribe", "notify", "submit", "set_target", "set_difficulty")
]


@settings(max_examples=600)
@given(st.sampled_from(KNOWN), st.sampled_from(METHODS), MEMBERS | st.lists(VALUES), MEMBERS)
def test_no_message_that_fits_no_needle_breaks_a_reading(
    dialect: str, method: str, params: Any, beside: dict[str, Any]
) -> None:
    reader = get_dialect(dialect)
    message = Message(P, 0, {**beside, "method": method, "params": params}, b"", [])
    list(reader.said(method, message))
    answer = Message(P, 0, {**beside, "result": params}, b"", [])
    list(reader.answered(Request("1", method, dialect, True, False, False), answer))
    list(reader.shown(answer))


def test_every_dialect_has_its_scenarios() -> None:
    for row in DIALECTS:
        lacking = LACKING.get(row.name, set())
        for kind in ("clean", "midstream", "oneway", "oneway-pool", "refused", "unanswered"):
            assert (f"{row.name}-{kind}" in running.SCENARIOS) == (kind not in lacking)
        path = running.PCAPS / "transcripts" / f"{row.name}.toml"
        parts = {"session", "refused", "unanswered"} - lacking
        assert parts <= set(tomllib.loads(path.read_text("utf-8")))
