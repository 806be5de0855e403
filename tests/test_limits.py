"""Limits: what may be said, and what is refused with a sentence."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest

from poolwatch.errors import UsageError
from poolwatch.settings import Limits


@pytest.mark.parametrize("name", [f.name for f in fields(Limits)])
def test_every_limit_has_a_highest_value(name: str) -> None:
    with pytest.raises(UsageError, match=f"limits.{name} = 99999999999999: too high") as refused:
        Limits().changed({name: "99999999999999"})
    assert refused.value.advice().startswith("at most ")


def test_the_highest_value_is_taken_and_one_more_is_not() -> None:
    assert Limits().changed({"flows": 1 << 26}).flows == 1 << 26
    with pytest.raises(UsageError, match="too high"):
        Limits().changed({"flows": (1 << 26) + 1})


def test_defaults_are_within_their_own_bounds() -> None:
    assert Limits().changed(asdict(Limits())) == Limits()


@pytest.mark.parametrize("value", ["", "x", "-1", "0", "1.5", 0, -3, 1.5, True, None, [3], {}])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="not a whole number"):
        Limits().changed({"flows": value})


def test_an_unknown_limit_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(UsageError, match=r"limits\.flow: no such limit") as refused:
        Limits().changed({"flow": 1})
    assert "flows" in refused.value.advice()
