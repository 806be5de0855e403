"""Of a password only recognised options are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.dialects.password import password_options
from tests.running import MINER, read_lines


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("x", None),
        ("", None),
        (None, None),
        (123, None),
        ("hunter2", None),
        ("p=hunter2", None),
        ("d=hunter2", None),
        ("c=hunter2hunter2", None),
        ("c=BTC,d=1024", ["c=BTC", "d=1024"]),
        ("C=BTC;mc=DOGE/LTC m=solo", ["c=BTC", "mc=DOGE/LTC", "m=solo"]),
        ("hunter2,d=512.5", ["d=512.5"]),
        ("rig1:me@x.example~rx/0", ["algo=rx/0"]),
        ("hunter~2", None),
        ("x" * 1000 + ",d=1", None),
    ],
)
def test_options(text: object, options: list[str] | None) -> None:
    assert password_options(text) == options


@given(st.text(max_size=100))
def test_no_password_gets_through(text: str) -> None:
    for option in password_options(text) or ():
        assert "=" in option


@pytest.mark.parametrize(
    "line",
    [
        '{"id":2,"method":"mining.authorize","params":["a.b","hunter2,d=64"]}',
        '{"id":2,"method":"eth_submitLogin","worker":"w","params":["0x%s","hunter2,d=64"]}'
        % ("ab" * 20),
        '{"id":1,"method":"login","params":{"login":"a","pass":"hunter2,d=64","agent":"XMRig/6.1"}}',
    ],
)
def test_the_dialects_keep_options_and_no_password(line: str) -> None:
    hit = read_lines((MINER, line))
    assert hit is not None
    assert hit.options == ("d=64",)
    assert "hunter2" not in repr([hit.options, hit.logins, hit.agent])
