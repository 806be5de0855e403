"""What of a quoted message is hidden, however it is written and wherever it is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.outputs.eve import _quote
from poolwatch.outputs.masking import concealed, without_credentials, without_passwords
from poolwatch.terms import Quote, Speaker

AUTHORIZE = '{"id":2,"method":"mining.authorize","params":["%s","%s"]}'


def hidden(text: str, *known: str, from_miner: bool = True) -> str:
    return concealed(text, known, from_miner=from_miner)


@pytest.mark.parametrize(
    ("sent", "login"),
    [
        ("bob\\/rig1secret", "bob/rig1secret"),
        ("\\u5f20\\u4e09.rig", "张三.rig"),
        ("\\u0061lice.account", "alice.account"),
        ("tab\\there", "tab\there"),
        ('quo\\"te.rig', 'quo"te.rig'),
    ],
)
@pytest.mark.parametrize("where", ["authorize", "submit", "member", "elsewhere", "known only"])
def test_a_login_is_found_behind_its_escapes(sent: str, login: str, where: str) -> None:
    form = {
        "authorize": AUTHORIZE % ("%s", "x"),
        "submit": '{"params":["%s","j1","00"],"method":"mining.submit"}',
        "member": '{"method":"login","params":{"login":"%s"}}',
        "elsewhere": '{"error":{"message":"no such account: %s"}}',
        "known only": '{"account_name":"%s"}',
    }[where]
    text = form.replace("%s", sent)
    shown = hidden(text, login, from_miner=where != "elsewhere")
    assert sent not in shown
    assert login not in shown
    assert login[1:] not in shown


def test_who_is_not_known_is_masked_where_accounts_stand() -> None:
    shown = hidden(AUTHORIZE % ("alice.secretaccount", "x"))
    assert shown == '{"id":2,"method":"mining.authorize","params":["alic…ount","…"]}'


def test_a_share_shows_its_job_but_not_its_account() -> None:
    text = '{"method":"mining.submit","params":["alice.secretaccount","job1","00000001"]}'
    assert hidden(text) == '{"method":"mining.submit","params":["alic…ount","job1","00000001"]}'


@pytest.mark.parametrize(
    "text",
    [
        '{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1","id"]}',
        '{"id":1,"method":"eth_submitWork","params":["0x01","0x02","0x03"]}',
        '{"id":1,"method":"eth_getWork","params":[]}',
        '{"id":4,"result":true,"error":null}',
        '{"id":4,"result":[1,2.5,"x"],"error":{"code":-1,"message":"low difficulty"}}',
    ],
)
def test_what_is_no_account_stays(text: str) -> None:
    assert hidden(text, "someone.else") == text
    assert without_passwords(text, from_miner=True) == text


def test_a_pools_parameters_stay() -> None:
    text = '{"id":null,"method":"mining.notify","params":["1","00ff","0101"]}'
    assert hidden(text, from_miner=False) == text
    assert without_passwords(text, from_miner=False) == text


@pytest.mark.parametrize(
    "text",
    [
        AUTHORIZE % ("bob", "s3cret"),
        '{"params":["bob","s3cret"],"method":"eth_submitLogin"}',
        '{"params":["bob","s3cret"],"method":"some.other_login"}',
        '{"params":["bob","s3cret"',
        '{"method":"login","params":{"login":"bob","pass":"s3cret"}}',
        '{"method":"login","params":{"pa\\u0073s":"s3cret"}}',
        '{"method":"login","params":[{"login":"bob","Password":"s3cret"}]}',
        '{"method":"login","params":{"pass":"s3cret',
        '{"method":"login","params":{"pass":"s3cret\\',
        'POST / HTTP/1.1  Authorization: Basic s3cret  Host: x',
        'POST / HTTP/1.1  Authorization:  s3cret  Host: x',
        'POST / HTTP/1.1  authorization:Bearer s3cret Host: x',
        'POST / HTTP/1.1  Authorization: Basic    s3cret',
        'POST / HTTP/1.1  Authorization: Digest username="b", response="s3cret", nc=1  Host: x',
        'POST / HTTP/1.1  Proxy-Authorization: Basic s3cret',
        'POST http://bob:s3cret@node.example/ HTTP/1.1',
    ],
)  # fmt: skip
def test_a_password_is_never_shown(text: str) -> None:
    for shown in (hidden(text), without_passwords(text, from_miner=True)):
        assert "s3cret" not in shown
        assert "…" in shown


def test_a_number_may_be_a_password() -> None:
    text = '{"method":"login","params":{"login":123456,"pass":98765}}'
    assert hidden(text) == '{"method":"login","params":{"login":1…,"pass":…}}'


def test_headers_behind_the_credentials_stay() -> None:
    text = "POST / HTTP/1.1  Authorization: Basic YTpi  Host: x  Accept: */*"
    assert without_credentials(text) == (
        "POST / HTTP/1.1  Authorization: Basic …  Host: x  Accept: */*"
    )
    lines = "POST / HTTP/1.1 Authorization: Basic YTpi Host: x"  # where lines end with one byte
    assert without_credentials(lines) == "POST / HTTP/1.1 Authorization: Basic … Host: x"


def test_events_keep_the_text_but_not_the_credentials() -> None:
    raw = AUTHORIZE % ("bob", "s3cret")
    assert _quote(Quote(1, 54, 9, Speaker.MINER, raw, "greeting"))["text"] == raw
    head = "POST / HTTP/1.1  Authorization: Basic YTpi"
    assert _quote(Quote(1, 54, 9, Speaker.MINER, head, "greeting"))["text"].endswith("Basic …")


LOGINS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=12, max_size=40
).filter(lambda login: len(set(login)) > 6 and "…" not in login)
PLACES = [
    lambda login: {"id": 2, "method": "mining.authorize", "params": [login, "x"]},
    lambda login: {"method": "login", "params": {"login": login, "pass": "x", "agent": "m/1"}},
    lambda login: {"id": 3, "error": {"message": login}},
    lambda login: {"params": [login, "job", "00"], "method": "mining.submit"},
]


@given(LOGINS, st.sampled_from(PLACES), st.booleans(), st.data())
def test_no_cut_and_no_escape_leaves_a_known_login_bare(
    login: str, place: object, ascii_only: bool, data: st.DataObject
) -> None:
    text = json.dumps(place(login), ensure_ascii=ascii_only)  # type: ignore[operator]
    cut = text[: data.draw(st.integers(0, len(text)))]
    shown = hidden(cut, login)
    assert login not in shown
    assert json.dumps(login, ensure_ascii=ascii_only)[1:-1] not in shown


@given(st.text(max_size=80), st.lists(st.text(max_size=10), max_size=3), st.booleans())
def test_any_text_can_be_read(text: str, known: list[str], from_miner: bool) -> None:
    hidden(text, *known, from_miner=from_miner)
    without_passwords(text, from_miner=from_miner)
