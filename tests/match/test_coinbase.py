"""Height, target and the pool's words from the work of Bitcoin's Stratum."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.dialects.coinbase import work_facts

INPUT = "01000000" + "01" + "00" * 32 + "ff" * 4


def params_of(
    script: bytes, behind: bytes = b"", *, extra: int = 8, nbits: str = "172f4f7b"
) -> list[Any]:
    """A notification whose coinbase script is `script`, an extranonce, and `behind`."""
    size = len(script) + extra + len(behind)
    first = INPUT + f"{size:02x}" + script.hex()
    second = behind.hex() + "ffffffff01" + "00" * 8 + "00" + "00000000"
    return ["job", "00" * 32, first, second, [], "20000000", nbits, "5b6d3b30", True]


def text_of(params: list[Any]) -> str | None:
    text = work_facts(params).get("coinbase", str)()
    assert isinstance(text, str)
    return text or None


HEIGHTS: list[tuple[bytes, int | None]] = [
    (bytes.fromhex("035f9505"), 365919),  # recorded
    (bytes.fromhex("03e42908"), 535012),  # recorded
    (bytes.fromhex("03ffff7f"), 8388607),
    (bytes.fromhex("0400008000"), 8388608),  # a byte for the sign
    (bytes.fromhex("03000001"), 65536),
    (bytes.fromhex("03010000"), None),  # longer than it need be
    (bytes.fromhex("04ffff001d"), None),  # a target, as blocks had before BIP 34
    (bytes.fromhex("04d3ad6d5b"), None),  # a time
    (bytes.fromhex("0802000000"), None),
    (bytes.fromhex("03ff"), None),  # cut
    (b"", None),
]


@pytest.mark.parametrize(("script", "height"), HEIGHTS)
def test_heights(script: bytes, height: int | None) -> None:
    facts = work_facts(params_of(script))
    assert facts.get("height") == height
    assert facts["nbits"] == "172f4f7b"


@pytest.mark.parametrize(
    ("script", "behind", "text"),
    [
        (b"\x03\xe4\x29\x08BitMinter", b"", "BitMinter"),
        (b"\x03\xe4\x29\x08", b"/nodeStratum/", "/nodeStratum/"),
        (b"\x03\xe4\x29\x08\x04\x01\x02\x03\x04/ViaBTC/", b"/rig/", "/ViaBTC/ /rig/"),
        (b"\x03\xe4\x29\x08" + "七彩神仙鱼".encode(), b"", "七彩神仙鱼"),
        (b"\x03\xe4\x29\x08\x00ab\x00\xff\xfe", b"", None),
    ],
)
def test_what_the_pool_writes(script: bytes, behind: bytes, text: str | None) -> None:
    assert text_of(params_of(script, behind)) == text


@pytest.mark.parametrize(
    "params",
    [
        [],
        ["job"] * 9,
        ["job", "00", None, "00", [], "20000000", "172f4f7b", "00", True],
        ["job", "00" * 32, INPUT, "", "00" * 32, "20000000", "172f4f7b", "5b6d3b30", True],
        ["job", "00" * 32, "zz" * 60, "yy", [], "20000000", "no bits", "5b6d3b30", True],
        ["job", "00" * 32, "00" * 50, "00" * 50, [], "20000000", "", "5b6d3b30", True],
    ],
)
def test_what_shows_nothing(params: list[Any]) -> None:
    assert work_facts(params) == {}


@given(st.lists(st.text(max_size=200) | st.integers() | st.none(), max_size=12))
def test_any_parameters_are_read(params: list[Any]) -> None:
    text_of(params)


@given(st.binary(max_size=90), st.binary(max_size=40))
def test_any_script_is_read(script: bytes, behind: bytes) -> None:
    facts = work_facts(params_of(script, behind))
    assert 0 < facts.get("height", 1) <= 100_000_000
    assert len(facts["coinbase"]()) <= 100
