"""The scenarios are whole, can be made anew, and are what other tools take them for."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from itertools import accumulate
from pathlib import Path

import pytest
from pcaps import forge

from poolwatch.match.dialects import ALIKE, DIALECTS, ROWS
from tests.running import PCAPS, SCENARIOS, batched, capture_of, read_batch, truth_of

VARIANTS = ("clean", "midstream", "oneway", "oneway-pool", "refused", "unanswered")
LACKING = {
    # Known by the lengths of both sides' turns, from the first byte on.
    "stratum-v2-noise": {"midstream", "oneway", "oneway-pool", "refused", "unanswered"},
    # Nothing behind its hello can be read, and the server's side holds nothing else.
    "datum": {"midstream", "oneway-pool", "refused"},
    # Only what begins a conversation is told from other protocols; there is no word for a no.
    "betterhash": {"midstream", "refused"},
    "zkwork": {"midstream", "oneway-pool"},
    # A node takes whoever comes.
    "alephium-node": {"refused"},
    "dero-getwork": {"refused"},
    "xelis-getwork": {"refused"},
    # Answers alone are what any server may say.
    "chia-pool": {"oneway-pool"},
}
"""Ways in which a dialect cannot be met."""
MISTAKEN = {
    # Its setup begins like one of SMPP, a protocol of text messages.
    *(f"stratum-v2-{variant}" for variant in ("clean", "oneway", "refused", "unanswered")),
}
"""Scenarios of which the other tool takes something for what it is not."""
TSHARK = shutil.which("tshark")
MERGECAP = shutil.which("mergecap")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_making_it_anew_gives_the_same_bytes(scenario: str, tmp_path: Path) -> None:
    folder = tmp_path / scenario
    folder.mkdir()
    shutil.copy(PCAPS / scenario / "recipe.toml", folder)
    forge.make(folder)
    made = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert made >= {"capture.pcap", "truth.json"}
    for name in made:
        assert (folder / name).read_bytes() == (PCAPS / scenario / name).read_bytes(), name


def test_every_folder_is_whole() -> None:
    folders = {path for path in PCAPS.iterdir() if path.is_dir()} - {PCAPS / "transcripts"}
    named = sorted(path.name for path in folders if not path.name.startswith("_"))
    assert named == SCENARIOS
    for folder in forge.scenarios():
        assert {path.name for path in folder.iterdir()} >= {
            "recipe.toml",
            "capture.pcap",
            "truth.json",
        }
    assert [folder.name for folder in forge.scenarios()] == SCENARIOS


# What is seen of these other protocols say too, in the same form: nothing may be said of them.
UNSAID = {
    ("oneway", "alephium-node"),
    ("unanswered", "alephium-node"),
    ("oneway", "arweave-stratum"),
    ("refused", "beam-stratum"),
    ("unanswered", "beam-stratum"),
}


@pytest.mark.parametrize("dialect", [row.name for row in DIALECTS])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_dialect_is_shown_in_every_way(dialect: str, variant: str) -> None:
    if variant in LACKING.get(dialect, ()):
        assert f"{dialect}-{variant}" not in SCENARIOS
        return
    truth = truth_of(f"{dialect}-{variant}")
    expected = [flow["expect"] for flow in truth["flows"]]
    assert expected
    if (variant, dialect) in UNSAID:
        assert not any(expected)
        return
    # What several dialects say alike is called by the name of one, and never by one of the
    # nursery; a login of unknown software that got no work is anybody's.
    alike = [row for row in ALIKE if dialect in row.dialects]
    names = {dialect}
    if variant in ("oneway", "refused", "unanswered") or ROWS[dialect].proof == "nursery":
        names |= {row.called for row in alike}
    if variant in ("refused", "unanswered") and any("a login" in row.what for row in alike):
        expected = [expect for expect in expected if expect]
    assert all(expect and expect["dialect"] in names for expect in expected)


def test_titles_tell_the_scenarios_apart() -> None:
    titles = [truth_of(scenario)["title"] for scenario in SCENARIOS]
    assert all(titles)
    assert len(set(titles)) == len(titles)


@pytest.mark.skipif(None in (TSHARK, MERGECAP), reason="tshark is not installed")
@pytest.mark.parametrize("scenarios", batched(SCENARIOS, 16), ids=lambda names: names[0])
def test_other_tools_find_nothing_malformed(scenarios: tuple[str, ...], tmp_path: Path) -> None:
    """Several captures one behind the other, as tshark takes longer to start than to read."""
    assert TSHARK is not None
    assert MERGECAP is not None
    captures, merged = [str(capture_of(name)) for name in scenarios], tmp_path / "merged.pcapng"
    run = partial(subprocess.run, capture_output=True, text=True, check=True, timeout=60)
    run([MERGECAP, "-a", "-w", str(merged), *captures])
    fields = ("-T", "fields", "-e", "_ws.malformed")
    lines = run([TSHARK, "-n", "-r", str(merged), *fields]).stdout.splitlines()
    counts = [read_batch(capture_of(name)).count for name in scenarios]
    assert len(lines) == sum(counts)
    found = {
        name
        for name, end, count in zip(scenarios, accumulate(counts), counts, strict=True)
        if any(lines[end - count : end])
    }
    assert found == MISTAKEN & set(scenarios)
