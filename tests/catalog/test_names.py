"""From a host name to a pool: boundaries, spellings, and the packed form a kernel reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.catalog import load_catalog
from poolwatch.catalog.names import (
    FNV_OFFSET,
    PoolNames,
    find_packed,
    normal_name,
    pack_suffixes,
    suffix_hash,
    suffixes,
)


@dataclass(frozen=True)
class Row:
    label: str
    nursery: bool = False


NAMES = PoolNames(
    {
        "nanopool.org": Row("pool"),
        "xmr-eu1.nanopool.org": Row("host"),
        "one.nanopool.org": Row("said by one", nursery=True),
        "lone.example": Row("lone", nursery=True),
        "mine.lone.example": Row("lone host", nursery=True),
        "xn--fsqu00a.example": Row("idna"),
    }
)


def label(host: str) -> str | None:
    found = NAMES.find(host)
    return found[1].label if found else None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("nanopool.org", "pool"),
        ("eth-eu1.nanopool.org", "pool"),
        ("xmr-eu1.nanopool.org", "host"),
        ("a.b.xmr-eu1.nanopool.org", "host"),
        ("NANOPOOL.ORG.", "pool"),
        ("ｎａｎｏｐｏｏｌ.org", "pool"),  # full-width letters
        ("pool。nanopool。org", "pool"),  # ideographic dots
        ("例子.example", "idna"),
        ("XN--FSQU00A.Example", "idna"),
        ("one.nanopool.org", "pool"),  # a nursery row hides no full one
        ("x.lone.example", "lone"),
        ("x.mine.lone.example", "lone host"),
        ("ananopool.org", None),
        ("nanopool.org.evil.example", None),
        ("nanopool.orgs", None),
        ("org", None),
        ("", None),
        (".", None),
        ("\ud800.nanopool.org", "pool"),  # no IDNA, but what stands behind it counts
        ("a" * 300 + ".nanopool.org", None),  # longer than a name can be
    ],
)
def test_longest_suffix_at_label_boundaries(host: str, expected: str | None) -> None:
    assert label(host) == expected


@given(st.text(max_size=300))
def test_no_text_is_an_error(text: str) -> None:
    NAMES.find(text)


def test_suffixes_come_longest_first() -> None:
    assert list(suffixes("a.b.c")) == ["a.b.c", "b.c", "c"]


@pytest.mark.parametrize(
    ("text", "value"),
    [  # the published test vectors of FNV-1a, 64 bits
        (b"", FNV_OFFSET),
        (b"a", 0xAF63DC4C8601EC8C),
        (b"foobar", 0x85944171F73967E8),
    ],
)
def test_hash_is_fnv_1a(text: bytes, value: int) -> None:
    assert suffix_hash(text) == value
    assert suffix_hash(text.upper()) == value


def test_packed_form_holds_every_shipped_suffix_once() -> None:
    listed = list(load_catalog().pools)
    packed = pack_suffixes(listed)
    assert np.all(packed.hashes[1:] > packed.hashes[:-1])
    assert [int(h) for h in packed.hashes] == sorted(suffix_hash(n.encode()) for n in listed)
    assert int((packed.slots == 0).sum()) * 2 >= len(packed.slots)
    assert len(packed.slots) & (len(packed.slots) - 1) == 0
    assert sorted(packed.rows.tolist()) == list(range(len(listed)))
    for row, name in enumerate(listed):
        assert find_packed(packed, name.upper().encode() + b".") == row
    assert packed.most_labels == max(name.count(".") + 1 for name in listed)


LABELS = st.sampled_from(["a", "b", "pool", "x-1"])
HOSTS = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


@given(st.lists(HOSTS, unique=True, max_size=12), HOSTS)
def test_packed_form_answers_as_the_names_do(listed: list[str], host: str) -> None:
    packed = pack_suffixes(listed)
    found = PoolNames({name: Row(name) for name in listed}).find(host)
    expected = listed.index(found[0]) if found else -1
    assert find_packed(packed, host.encode()) == expected


def test_nothing_packed_finds_nothing() -> None:
    assert find_packed(pack_suffixes([]), b"nanopool.org") == -1


def test_two_suffixes_with_one_hash_are_refused() -> None:
    with pytest.raises(ValueError, match="have one hash"):
        pack_suffixes(["a.example", "a.example"])


def test_normal_name_keeps_what_is_no_idna() -> None:
    assert normal_name(" A..B. ") == "a..b"
    assert normal_name("x" * 256) == ""
