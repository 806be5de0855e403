"""Both sides of a flow: what is recognised however it is written, and what never is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.settings import Limits
from poolwatch.terms import Grade, Hit, Stage, Strength
from tests.running import (
    MINER,
    POOL,
    Reading,
    Talk,
    http_answer,
    http_post,
    judged,
    match,
    read_lines,
    without_places,
)

SUBSCRIBE = '{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}'
SUBSCRIBED = '{"id":1,"result":[[["mining.notify","1"]],"00b61738",4],"error":null}'
AUTHORIZE = '{"id":2,"method":"mining.authorize","params":["a.b","x"]}'
AUTHORIZED = '{"id":2,"result":true,"error":null}'
NOTIFY = json.dumps(
    {
        "id": None,
        "method": "mining.notify",
        "params": [
            "j1",
            "ab" * 32,
            "cd" * 40,
            "ef" * 20,
            [],
            "20000000",
            "17034219",
            "65a0f1c0",
            True,
        ],
    }
)
SUBMIT = '{"id":3,"method":"mining.submit","params":["a.b","j1","00","65a0f1c0","00000001"]}'
ACCEPTED = '{"id":3,"result":true,"error":null}'
SESSION = (
    (MINER, SUBSCRIBE),
    (POOL, SUBSCRIBED),
    (MINER, AUTHORIZE),
    (POOL, AUTHORIZED),
    (POOL, NOTIFY),
    (MINER, SUBMIT),
    (POOL, ACCEPTED),
)


def rewritten(line: str, way: str) -> str:
    value: dict[str, Any] = json.loads(line)
    if way == "reversed":
        return json.dumps(dict(reversed(value.items())))
    if way == "spaced":
        return " " + json.dumps(value, separators=("  ,\t", " :  ")) + " "
    if way == "tight":
        return json.dumps(value, separators=(",", ":"))
    if way == "more members":
        return json.dumps({"jsonrpc": "2.0", "extra": {"method": "x"}, **value, "z": [1]})
    method = value.get("method")
    if not isinstance(method, str):
        return line
    if way == "capitals":
        return json.dumps(value | {"method": method.title()})
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in method)
    return json.dumps(value).replace(json.dumps(method), f'"{escaped}"')


WAYS = ("reversed", "spaced", "tight", "more members", "capitals", "escaped")


@pytest.mark.parametrize("way", WAYS)
def test_the_same_session_written_another_way(way: str) -> None:
    plain, other = read_lines(*SESSION), read_lines(*((s, rewritten(x, way)) for s, x in SESSION))
    assert plain.stage is Stage.MINING
    assert [quote._replace(text="") for quote in without_places(other).quotes] == [
        quote._replace(text="") for quote in without_places(plain).quotes
    ]
    assert facts(other) == facts(plain)


def facts(hit: Hit) -> tuple[object, ...]:
    return (
        hit.dialect,
        hit.stage,
        hit.strength,
        hit.miner_side,
        hit.answered,
        hit.greeted,
        hit.refused,
        hit.jobs,
        hit.shares,
        hit.agent,
        hit.login,
        hit.signatures,
    )


@given(st.lists(st.integers(1, 90), min_size=1, max_size=30))
def test_the_same_session_in_other_segments(sizes: list[int]) -> None:
    reading = Reading(Limits(evidence_spans=10_000))
    for side, line in SESSION:
        data, at = line.encode() + b"\n", 0
        while at < len(data):
            size = sizes[reading.packet % len(sizes)]
            reading.send(side, data[at : at + size])
            at += size
    hit = reading.hit()
    assert without_places(hit) == without_places(read_lines(*SESSION))
    for first, later in zip(hit.quotes, hit.quotes[1:], strict=False):
        assert later.text or later.packet == first.packet + 1  # a message goes on in the next


@given(st.integers(0, len(SESSION)), st.integers(0, len(SESSION)))
def test_a_part_of_a_session_never_says_more_than_the_whole(start: int, stop: int) -> None:
    part, whole = read_lines(*SESSION[start:stop]), read_lines(*SESSION)
    assert part.stage <= whole.stage
    assert part.shares.accepted <= part.shares.submitted <= whole.shares.submitted
    assert not part.refused
    assert part.dialect in (None, whole.dialect)


def test_each_step_is_quoted_once_with_what_it_shows() -> None:
    hit = read_lines(*SESSION, *SESSION[5:])
    assert [quote.shows for quote in hit.quotes] == [
        "greeting",
        "subscribed",
        "authorized",
        "job",
        "submit",
        "accept",
    ]
    assert [quote.packet for quote in hit.quotes] == [1, 2, 4, 5, 6, 7]


def test_whoever_speaks_first_the_miner_is_the_miner() -> None:
    early = '{"id":null,"method":"mining.set_difficulty","params":[512]}'
    hit = read_lines((POOL, early), *SESSION)
    assert hit.miner_side == MINER
    swapped = read_lines(*((1 - side, line) for side, line in SESSION))
    assert swapped.miner_side == POOL
    assert facts(swapped)[0:3] == facts(read_lines(*SESSION))[0:3]


def test_a_side_does_not_change() -> None:
    hit = read_lines((MINER, SUBSCRIBE), (POOL, SUBMIT), (POOL, SUBSCRIBED))
    assert hit.miner_side == MINER
    assert hit.shares.submitted == 0


def test_answers_are_paired_whatever_their_ids() -> None:
    for key in ("null", "7", '"x-1"', "[1]", "1.5", "true"):
        hit = read_lines(
            (MINER, SUBSCRIBE.replace('"id":1', f'"id":{key}')),
            (POOL, SUBSCRIBED.replace('"id":1', f'"id":{key}')),
        )
        assert hit.stage is Stage.SUBSCRIBED, key


def test_equal_ids_are_paired_in_order() -> None:
    submit = SUBMIT.replace('"id":3', '"id":4')
    yes, no = '{"id":4,"result":true}', '{"id":4,"result":false,"error":[23,"low",null]}'
    hit = read_lines(*[(MINER, submit)] * 3, (POOL, yes), (POOL, no), (POOL, yes))
    assert (hit.shares.submitted, hit.shares.accepted, hit.shares.rejected) == (3, 2, 1)


def test_an_answer_is_used_once() -> None:
    hit = read_lines((MINER, SUBMIT), (POOL, ACCEPTED), (POOL, ACCEPTED))
    assert (hit.shares.submitted, hit.shares.accepted) == (1, 1)


def test_a_refusal_stands_until_something_is_accepted() -> None:
    no = '{"id":2,"result":null,"error":[24,"Unauthorized worker",null]}'
    refused = read_lines((MINER, AUTHORIZE), (POOL, no))
    assert (refused.refused, refused.stage, refused.answered) == (True, Stage.GREETED, False)
    later = read_lines((MINER, AUTHORIZE), (POOL, no), (MINER, AUTHORIZE), (POOL, AUTHORIZED))
    assert (later.refused, later.stage) == (False, Stage.AUTHORIZED)


def test_a_rejected_share_is_no_refusal() -> None:
    no = '{"id":3,"result":null,"error":[21,"Stale",null]}'
    hit = read_lines(*SESSION[:6], (POOL, no))
    assert (hit.refused, hit.stage, hit.shares.rejected) == (False, Stage.SUBMITTING, 1)


def test_an_answer_over_http_to_a_greeting_refuses_it() -> None:
    reading = Reading().send(MINER, SUBSCRIBE.encode() + b"\n")
    reading.send(POOL, http_answer("<html>bad request</html>", "400 Bad Request"))
    hit = reading.hit()
    assert (hit.refused, hit.stage) == (True, Stage.GREETED)


def test_a_web_server_that_speaks_first_refuses_as_well() -> None:
    reading = Reading().send(POOL, http_answer("", "408 Request Timeout"))
    reading.send(MINER, SUBSCRIBE.encode() + b"\n")
    assert reading.hit().refused


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        ("cgminer/4.11.1", "cgminer/4.11.1"),
        ("  矿机 ⛏ ", "  矿机 ⛏ "),
        ("\x1b[31mred", "\x1b[31mred"),
        ("", None),
        ("x" * 600, "x" * 512),
    ],
)
def test_the_agent_is_the_miners_own_string(agent: str, kept: str | None) -> None:
    line = json.dumps({"id": 1, "method": "mining.subscribe", "params": [agent]})
    assert read_lines((MINER, line)).agent == kept


def test_a_lone_surrogate_does_not_get_far() -> None:
    hit = read_lines((MINER, SUBSCRIBE.replace("cgminer", "\\ud800")))
    assert hit.agent == "?/4.11.1"


def test_names_are_kept_from_the_first_message_that_gives_them() -> None:
    hit = read_lines(*SESSION[:4], (MINER, AUTHORIZE.replace("a.b", "c.d")))
    assert hit.login == "a.b"
    assert hit.logins == ("a.b", "c.d")


# -- what only looks like it ---------------------------------------------------------------

RPC = '{"jsonrpc":"2.0","id":%d,"method":"%s","params":%s}'
NEAR: dict[str, tuple[tuple[int, str], ...]] = {
    "Electrum": (
        (MINER, RPC % (0, "server.version", '["electrum/4.5.4","1.4"]')),
        (POOL, '{"jsonrpc":"2.0","id":0,"result":["ElectrumX 1.16","1.4"]}'),
        (MINER, RPC % (1, "blockchain.headers.subscribe", "[]")),
        (POOL, '{"id":1,"result":{"hex":"%s","height":825000}}' % ("00" * 80)),
        (MINER, RPC % (2, "blockchain.scripthash.get_history", '["%s"]' % ("ab" * 32))),
    ),
    "language server": (
        (MINER, RPC % (1, "initialize", '{"processId":1,"capabilities":{}}')),
        (POOL, '{"jsonrpc":"2.0","id":1,"result":{"capabilities":{}}}'),
        (POOL, RPC % (2, "window/showMessage", '{"type":3,"message":"mining.notify"}')),
    ),
    "Ethereum node": (
        (MINER, RPC % (1, "eth_blockNumber", "[]")),
        (POOL, '{"jsonrpc":"2.0","id":1,"result":"0x12a05f2"}'),
        (MINER, RPC % (2, "eth_getBlockByNumber", '["latest",false]')),
        (POOL, '{"jsonrpc":"2.0","id":2,"result":{"hash":"0x%s","nonce":"0x00"}}' % ("ab" * 32)),
        (MINER, RPC % (3, "eth_getLogs", '[{"fromBlock":"0x1"}]')),
        (POOL, '{"jsonrpc":"2.0","id":3,"result":[]}'),
        (MINER, RPC % (4, "eth_hashrate", "[]")),
        (MINER, RPC % (5, "eth_mining", "[]")),
        (POOL, '{"jsonrpc":"2.0","id":5,"result":true}'),
    ),
    "MQTT topics": ((MINER, '{"topic":"mining.notify","params":["j1","x"],"qos":1}'),),
    "chat": (
        (MINER, '{"type":"message","text":"{\\"method\\":\\"mining.subscribe\\"}"}'),
        (POOL, '{"user":"eve","text":"mining.submit is how shares are sent"}'),
    ),
    "a session of an application": (
        (MINER, '{"id":1,"method":"login","params":{"user":"ann","password":"x"}}'),
        (POOL, '{"id":1,"result":{"status":"OK","id":"77"},"error":null}'),
        (MINER, '{"id":2,"method":"submit","params":{"id":"77","job_id":"12","form":"leave"}}'),
        (POOL, '{"id":2,"result":{"status":"OK"}}'),
        (POOL, '{"method":"job","params":{"job_id":"12","target":"prod"}}'),
        (MINER, '{"id":3,"method":"keepalive","params":{"id":"77"}}'),
    ),
    "a batch runner": (
        (MINER, '{"id":1,"method":"getjob","params":["nightly"]}'),
        (POOL, '{"id":1,"result":{"job_id":"3","blob":"build","target":"all"}}'),
        (MINER, '{"id":2,"method":"submit","params":["3","done"]}'),
    ),
    "a mining company": (
        (MINER, '{"id":1,"method":"mining.subscribe","params":"trucks"}'),
        (MINER, '{"id":2,"method":"mining.submit","params":["tonnes",12]}'),
        (POOL, '{"id":null,"method":"mining.notify","params":{"pit":4}}'),
        (MINER, '{"id":3,"method":"mining.configure","params":["drill",4]}'),
        (POOL, '{"id":null,"method":"mining.set_target","params":["production"]}'),
        (POOL, '{"id":null,"method":"mining.set_difficulty","params":["steep"]}'),
    ),
    "lists of three": (
        (POOL, '{"id":1,"result":["a","b","c"],"error":null}'),
        (POOL, '{"id":2,"result":[[1,2],"x",4],"error":null}'),
        (POOL, '{"id":3,"result":[[],"",0],"error":"x"}'),
        (POOL, '{"id":4,"result":["0x12","0x34","0x56"]}'),
    ),
    "Lightning": (
        (MINER, RPC % (1, "getinfo", "{}")),
        (POOL, '{"jsonrpc":"2.0","id":1,"result":{"id":"02ab","blockheight":825000}}'),
        (MINER, RPC % (2, "submitblockhash", '["%s"]' % ("ab" * 32))),
    ),
    "Monero wallet": (
        (MINER, RPC % (0, "get_balance", '{"account_index":0}')),
        (MINER, RPC % (1, "get_last_block_header", "{}")),
    ),
    "no objects": (
        (MINER, '["mining.subscribe"]'),
        (MINER, "[[[]]]"),
        (MINER, '"x"'),
        (MINER, "1"),
    ),
    "methods that are no text": (
        (MINER, '{"id":1,"method":["mining.subscribe"],"params":[]}'),
        (MINER, '{"id":1,"method":null,"params":[]}'),
        (MINER, '{"id":1,"method":{"mining":"subscribe"}}'),
    ),
}


@pytest.mark.parametrize("name", NEAR)
def test_near_misses_over_lines_are_silent(name: str) -> None:
    assert judged(read_lines(*NEAR[name])) is None


@pytest.mark.parametrize("name", NEAR)
def test_near_misses_over_http_are_silent(name: str) -> None:
    reading = Reading()
    for side, line in NEAR[name]:
        reading.send(side, http_post(line) if side == MINER else http_answer(line))
    assert judged(reading.hit()) is None


@pytest.mark.parametrize("name", NEAR)
def test_near_misses_in_captures_are_silent(name: str) -> None:
    talk = Talk(pool=("198.51.100.7", 3333)).greet().say(*NEAR[name])
    hits, counts = match(talk.packets)
    assert [session for session in map(judged, hits) if session] == []
    assert counts["flows"] == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"id":1,"method":"login","params":{"login":"ann","pass":"x"}}',
        '{"id":1,"method":"keepalived","params":{"id":"77"}}',
        '{"id":1,"method":"mining.extranonce.subscribe","params":[]}',
        '{"id":1,"method":"mining.suggest_difficulty","params":[1000]}',
    ],
)
def test_a_form_many_share_gives_no_grade_alone(line: str) -> None:
    hit = read_lines((MINER, line))
    assert hit.strength == (Strength.FORM, None)
    assert judged(hit) is None


@pytest.mark.parametrize("method", ["eth_getWork", "getblocktemplate", "getwork"])
def test_a_bare_call_for_work_is_suspected_at_most(method: str) -> None:
    hit = Reading().send(MINER, http_post(RPC % (1, method, "[]"))).hit()
    session = judged(hit)
    assert hit.strength == (Strength.BARE, None)
    assert session is not None
    assert session.grade is Grade.SUSPECTED


# -- one end cannot speak for both ------------------------------------------------------------


def test_an_echo_is_no_conversation() -> None:
    echo = [(side, line) for _, line in SESSION for side in (MINER, POOL)]
    assert judged(read_lines(*echo)) is None


def test_a_log_of_a_session_sent_along_is_no_conversation() -> None:
    assert judged(read_lines(*((MINER, line) for _, line in SESSION))) is None


def test_people_talking_about_mining_are_no_conversation() -> None:
    said = [(MINER, "so I sent this:"), (MINER, SUBSCRIBE), (POOL, "and then?"), (POOL, NOTIFY)]
    assert judged(read_lines(*said)) is None


def test_a_session_with_one_stray_line_is_still_a_session() -> None:
    stray = (POOL, '{"id":9,"method":"mining.submit","params":["a","b","00000001"]}')
    session = judged(read_lines(*SESSION, (POOL, NOTIFY.replace("j1", "j2")), stray))
    assert session is not None
    assert (session.grade, session.hit.stage) == (Grade.CONFIRMED, Stage.MINING)


def test_who_is_called_up_by_a_pool_has_said_nothing() -> None:
    talk = Talk(miner=("198.51.100.7", 3333), pool=("10.0.0.5", 50001)).greet()
    hits, _ = match(talk.say((MINER, NOTIFY), (MINER, NOTIFY.replace("j1", "j2"))).packets)
    sessions = [session for session in map(judged, hits) if session]
    assert [session.grade for session in sessions] in ([], [Grade.NOTED])
