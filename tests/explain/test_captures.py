"""Captures found again, missing, changed; events that lie."""

from __future__ import annotations

import copy
import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.explain.events import flow_of
from poolwatch.explain.hiding import spans_of_rest, spans_to_hide
from poolwatch.explain.spelling import agrees, unpacked
from poolwatch.outputs.masking import hidden_spans
from poolwatch.outputs.rows import UnfitError, rows_of
from poolwatch.terms import Speaker
from tests.explain.explaining import Event, Said, events_of, kind, run, write_events
from tests.running import capture_of, command_line

SCENARIO = "stratum-v1-clean"


def explained(tmp: Path, events: list[Event], *arguments: str | Path) -> Said:
    return run(tmp, "--eve", write_events(tmp / "events.json", events), *arguments)


def states(said: Said) -> set[str]:
    return {part["state"] for quote in said.account["quotes"] for part in quote["parts"]}


def test_without_captures_the_text_is_the_events(tmp_path: Path) -> None:
    said = explained(tmp_path, events_of(SCENARIO))
    assert (said.status, states(said)) == (0, {"not_given"})
    assert "mining.subscribe" in said.account["quotes"][0]["reads"]
    assert {p["hex"] for q in said.account["quotes"] for p in q["parts"]} == {""}


def test_a_missing_capture(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = explained(tmp_path, events_of(SCENARIO), "--captures", tmp_path / "empty")
    assert (said.status, states(said)) == (3, {"missing"})


def test_a_changed_capture(tmp_path: Path) -> None:
    changed = tmp_path / "capture.pcap"
    data = bytearray(capture_of(SCENARIO).read_bytes())
    data[-1] ^= 1
    changed.write_bytes(data)
    said = explained(tmp_path, events_of(SCENARIO), "--captures", changed)
    assert (said.status, states(said)) == (3, {"changed"})
    text = explained(tmp_path, events_of(SCENARIO), "--captures", changed, "--format", "text").text
    assert "its SHA-256 differs" in text


def test_a_capture_that_is_none(tmp_path: Path) -> None:
    other = tmp_path / "capture.pcap"
    other.mkdir()
    said = explained(tmp_path, events_of(SCENARIO), "--captures", other)
    assert states(said) == {"missing"}


def test_a_capture_of_another_name_is_known_by_its_digest(tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.pcap"
    shutil.copy(capture_of(SCENARIO), renamed)
    said = explained(tmp_path, events_of(SCENARIO), "--captures", renamed)
    assert (said.status, states(said)) == (0, {"read"})


def test_among_many_of_one_name_the_right_one_is_found(tmp_path: Path) -> None:
    for number, scenario in enumerate(("office", "relay-inside", SCENARIO, "wire-vlan")):
        (tmp_path / str(number)).mkdir()
        shutil.copy(capture_of(scenario), tmp_path / str(number) / "capture.pcap")
    said = explained(tmp_path, events_of(SCENARIO), "--captures", tmp_path)
    assert (said.status, states(said)) == (0, {"read"})


def test_packed_captures_are_unpacked(tmp_path: Path) -> None:
    packed = tmp_path / "day.pcap.gz"
    packed.write_bytes(gzip.compress(capture_of(SCENARIO).read_bytes()))
    scan = command_line("scan", "--format", "eve", packed)
    (tmp_path / "day.json").write_bytes(scan.stdout)
    said = run(tmp_path, "--eve", tmp_path / "day.json", "--captures", packed)
    assert (said.status, states(said)) == (0, {"read"})


def test_a_scan_of_a_pipe_is_known_by_its_first_packet(tmp_path: Path) -> None:
    data = capture_of(SCENARIO).read_bytes()
    scan = command_line("scan", "--format", "eve", "--sensor", "tap", "-", stdin=data)
    (tmp_path / "pipe.json").write_bytes(scan.stdout)
    said = run(tmp_path, "--eve", tmp_path / "pipe.json", "--captures", capture_of(SCENARIO))
    assert (said.status, states(said)) == (0, {"read"})
    other = run(tmp_path, "--eve", tmp_path / "pipe.json", "--captures", capture_of("office"))
    assert (other.status, states(other)) == (3, {"missing"})


def test_an_older_event_without_identity_is_compared_by_its_bytes(tmp_path: Path) -> None:
    events = events_of(SCENARIO)
    for event in kind(events, "mining"):
        del event["capture_id"]
    said = explained(tmp_path, events, "--captures", capture_of(SCENARIO).parent)
    assert (said.status, states(said)) == (0, {"read"})
    assert not any(part["proven"] for q in said.account["quotes"] for part in q["parts"])
    wrong = explained(tmp_path, events, "--captures", capture_of("cryptonote-clean").parent)
    assert wrong.status == 3
    assert "read" not in states(wrong)
    assert {p["hex"] for q in wrong.account["quotes"] for p in q["parts"]} == {""}


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../../../../etc/passwd",
        "{}/secret.pcap",
        "..",
        ".",
        "",
        "-",
        "a\0b",
        "\x1b[2J",
        "x" * 5000,
    ],
)
def test_paths_in_events_are_not_followed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "given").mkdir()
    secret = tmp_path / "outside" / "secret.pcap"
    shutil.copy(capture_of(SCENARIO), secret)
    opened: list[str] = []
    real = Path.open

    def spy(self: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(os.path.abspath(self))
        return real(self, *arguments, **options)

    events = events_of(SCENARIO)
    for event in kind(events, "mining"):
        event["pcap_filename"] = name.replace("{}", str(secret.parent))
    path = write_events(tmp_path / "events.json", events)
    monkeypatch.setattr(Path, "open", spy)
    said = run(tmp_path, "--eve", path, "--captures", tmp_path / "given", "--format", "text")
    assert said.status == 3
    assert "no such capture was found" in " ".join(said.text.split())
    assert "\x1b" not in said.text
    assert str(secret) not in opened
    assert "/etc/passwd" not in opened


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"packet": 1 << 40}, "beyond"),
        ({"offset": 1 << 40}, "beyond"),
        ({"length": 1 << 40}, "beyond"),
        ({"offset": 56, "length": 60}, "differs"),
        ({"length": 10}, "differs"),
        ({"packet": 6}, "differs"),
        ({"text": "something else"}, "differs"),
        ({"text": ""}, "differs"),
    ],
)
def test_a_quote_that_is_not_there_is_not_shown(
    change: dict[str, Any], state: str, tmp_path: Path
) -> None:
    events = events_of(SCENARIO)
    for event in kind(events, "mining"):
        event["mining"]["evidence"] = event["mining"]["evidence"][:1]
        event["mining"]["evidence"][0] |= change
    said = explained(tmp_path, events, "--captures", capture_of(SCENARIO))
    assert said.status == 3
    (quote,) = said.account["quotes"]
    assert [(part["state"], part["hex"], part["text"]) for part in quote["parts"]] == [
        (state, "", "")
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"packet": 0},
        {"packet": "4"},
        {"packet": None},
        {"offset": -1},
        {"length": 0},
        {"length": True},
        {"packet": 1 << 70},
        {"side": "both"},
        {"side": None},
        {"shows": "greeting"},
        {"shows": [1]},
    ],
)
def test_evidence_that_does_not_fit_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    events = events_of(SCENARIO)
    for event in kind(events, "mining"):
        event["mining"]["evidence"][0] |= change
    said = explained(tmp_path, events, "--captures", capture_of(SCENARIO))
    assert said.status == 3
    assert "mining.evidence" in said.complaints
    assert [one["id"] for one in said.account["for"]] == ["for.no_flow"]


def test_more_evidence_than_is_believed_is_refused(tmp_path: Path) -> None:
    events = events_of(SCENARIO)
    for event in kind(events, "mining"):
        event["mining"]["evidence"] *= 1000
    said = explained(tmp_path, events)
    assert said.status == 3
    assert "explain_pieces" in said.complaints


def test_a_long_message_is_read_up_to_the_bound(tmp_path: Path) -> None:
    limits = ("--limit", "explain_message_bytes=300", "--limit", "explain_bytes=250")
    said = explained(tmp_path, events_of(SCENARIO), "--captures", capture_of(SCENARIO), *limits)
    parts = [part for quote in said.account["quotes"] for part in quote["parts"]]
    assert said.status == 0
    assert max(part["shown"] for part in parts) == 250
    assert all(len(part["hex"]) == 2 * part["shown"] for part in parts)


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda data: b"\x81" + data))
def test_any_bytes_can_be_looked_into(data: bytes) -> None:
    inner = unpacked(data)
    assert inner is None or isinstance(inner, bytes)
    assert agrees(data, data.hex()) is bool(data)
    assert spans_to_hide(data, ["secret"], Speaker.MINER, reveal=False, is_plain=False) in (
        [],
        [(0, len(data))],
    )


@given(st.binary(max_size=80), st.integers(0, 90))
def test_a_torn_wallet_is_hidden(after: bytes, cut: int) -> None:
    wallet = b"47mr7jYTroxQMwdKoPQuJoc9Vs9S9qCUAL6Ek4qyNFWJdqgBZRn4RYY2Qj"
    rest = (wallet + after)[min(cut, len(wallet) - 8) :]
    spans = spans_of_rest(rest, [wallet.decode()], reveal=False)
    hidden = {at for start, end in spans for at in range(start, end)}
    end_of_wallet = len(wallet) - min(cut, len(wallet) - 8)
    if cut > 0:
        shown = [at for at in range(end_of_wallet) if at not in hidden]
        assert len(shown) <= 8


def test_foreign_text_cannot_steer_a_terminal_or_become_markup(tmp_path: Path) -> None:
    events = events_of(SCENARIO)
    for event in kind(events, "mining"):
        event["mining"] |= {"agent": "\x1b[2J<script>`x`\u202e", "pool": "]](x)\n# top"}
        event["mining"]["evidence"][0]["text"] = "\x1b]0;x\x07"
    for style in ("text", "markdown"):
        text = explained(tmp_path, events, "--format", style).text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\n# top" not in text
        if style == "markdown":
            assert "<script>" not in text.replace("\\<", "")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
MINING = kind(events_of(SCENARIO), "mining")[0]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(MINING["mining"])), json_values)
def test_any_value_makes_a_flow_or_is_refused(name: str, value: Any) -> None:
    event = copy.deepcopy(MINING)
    event["mining"][name] = value
    try:
        flow = flow_of(next(row for _, row in rows_of(event)), 100)
    except UnfitError:
        return
    assert all(message.pieces for message in flow.messages)


@given(
    st.text(alphabet=st.sampled_from('{}[]":,\\u0ab é界login user x'), max_size=120),
    st.lists(st.text(min_size=4, max_size=20), max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_spans_to_hide_are_in_order_and_within(
    text: str, known: list[str], from_miner: bool, reveal: bool
) -> None:
    at = 0
    for start, end in hidden_spans(text, known, from_miner=from_miner, reveal=reveal):
        assert at <= start < end <= len(text)
        at = end


@given(st.text(max_size=30), st.text(max_size=30), st.text(min_size=4, max_size=60))
def test_a_known_secret_is_hidden_wherever_it_stands(before: str, after: str, secret: str) -> None:
    text = before + secret + after
    spans = hidden_spans(text, [secret], from_miner=True, reveal=False)
    hidden = {at for start, end in spans for at in range(start, end)}
    shown = "".join("█" if at in hidden else c for at, c in enumerate(text))
    assert secret not in shown
