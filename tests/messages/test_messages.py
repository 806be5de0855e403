"""Both languages say the same things about the same facts."""

from __future__ import annotations

import re
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.dialects import DIALECTS
from poolwatch.messages import LANGUAGES, Messages, load, printable
from poolwatch.terms import Grade, Role, Stage

EN, ZH = load("en"), load("zh")


def fields_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_there_are_two_languages() -> None:
    assert LANGUAGES == ("en", "zh")


def test_both_have_the_same_sentences() -> None:
    assert EN.keys() == ZH.keys()
    assert len(EN) > 60


@pytest.mark.parametrize("key", sorted(EN))
def test_both_fill_in_the_same_fields(key: str) -> None:
    assert fields_of(ZH[key]) == fields_of(EN[key])


@pytest.mark.parametrize("key", sorted(ZH))
def test_chinese_is_chinese(key: str) -> None:
    cjk = [c for c in ZH[key] if unicodedata.name(c, "").startswith("CJK UNIFIED")]
    words = re.sub(r"\{\w*\}|poolwatch", "", ZH[key])
    assert cjk or not any(letter.isalpha() for letter in words)
    assert not [c for c in EN[key] if unicodedata.name(c, "").startswith("CJK UNIFIED")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "key",
    [f"grade.{grade.word}" for grade in Grade]
    + [f"stage.{stage.word}" for stage in Stage]
    + [f"role.{role.value}" for role in Role],
)
def test_every_word_of_the_vocabulary_has_a_sentence(language: str, key: str) -> None:
    messages = Messages(language)
    assert messages.knows(key)
    assert messages.say(key)


def test_an_unknown_sentence_is_an_error() -> None:
    assert not Messages("en").knows("table.nonsense")
    with pytest.raises(KeyError):
        Messages("en").say("table.nonsense")


def test_only_verdicts_and_reasons_speak_of_hosts_that_mine() -> None:
    spoken = {key.split(".")[0] for key, sentence in EN.items() if " mines" in f" {sentence}"}
    assert spoken == {"verdict", "why", "table"}  # the table says that nothing mines


def test_confirmed_mining_is_said_in_one_sentence_only() -> None:
    assert [key for key, sentence in ZH.items() if "确认挖矿" in sentence] == ["why.mining"]
    mines = {key for key, sentence in EN.items() if " mines" in sentence and key[:4] == "why."}
    assert mines == {
        "why.mining",
        "why.mining_probable",
        "why.submitting",
        "why.submitting_unanswered",
        "why.relays",
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2J", "a\nb", "\x07", "\x9b31m", "\u202egnp", "\u2066x", "\udcff", "\u200b", "\r"],
)
def test_what_is_filled_in_cannot_steer_a_terminal(language: str, hostile: str) -> None:
    line = Messages(language).say("problem.line", path=hostile, offset=0, reason="r")
    assert hostile not in line
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


@pytest.mark.parametrize("text", ["cgminer/4.11.1", "矿机 №7", "{host}", "a b", "[red]x[/]", "é·…"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert text in Messages("en").say("problem.line", path=text, offset=0, reason="r")


@given(st.text())
def test_printable_is_steady_and_one_line(text: str) -> None:
    safe = printable(text)
    assert printable(safe) == safe
    assert len(safe) >= len(text)
    assert safe.splitlines() in ([], [safe])


def test_dialect_titles_are_printable() -> None:
    assert [row.name for row in DIALECTS if printable(row.title) != row.title] == []
