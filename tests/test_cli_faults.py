"""The command line where something is wrong: outputs, names, configurations, packets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import builders, running
from tests.builders import enhanced, interface, section, simple
from tests.match.test_conversation import SESSION
from tests.running import ROOT, Talk, capture_of, command_line, events_of, write_pcap

OFFICE = capture_of("office")
FULL = Path("/dev/full")
needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")


def frames() -> list[bytes]:
    return [packet.data for packet in Talk().greet().say(*SESSION).packets]


# -- writing ---------------------------------------------------------------------------


@needs_full_device
@pytest.mark.parametrize("form", ["table", "eve"])
@pytest.mark.parametrize("way", ["stdout", "option"])
def test_a_full_disk_is_said_and_is_not_found(form: str, way: str) -> None:
    arguments = ["scan", "--format", form, "--exit-code", str(OFFICE)]
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "poolwatch", *arguments]
            + (["-o", str(FULL)] if way == "option" else []),
            stdout=full if way == "stdout" else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"poolwatch: the output cannot be written: No space left on device\n"


@needs_full_device
def test_nowhere_to_complain_is_no_crash() -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "poolwatch", "scan", str(OFFICE)],
            stdout=full,
            stderr=full,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 2


@pytest.mark.parametrize("verb", [["scan", str(OFFICE)], ["signatures", "check"]])
def test_a_reader_that_is_gone_before_the_first_line(verb: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "poolwatch", *verb],
            stdout=write,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


# -- names -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["table", "eve"])
@pytest.mark.parametrize("to_file", [False, True])
def test_a_file_name_that_is_no_text(form: str, to_file: bool, tmp_path: Path) -> None:
    write_pcap(tmp_path / "d\udcff.pcap", Talk().greet().say(*SESSION).packets)
    (tmp_path / "e\udcfe.pcap").write_bytes(b"nope")
    out = tmp_path.parent / f"{tmp_path.name}.out"
    option: list[str | Path] = ["-o", out] if to_file else []
    run = command_line("scan", "--format", form, *option, tmp_path)
    assert run.returncode == 3
    written = (out.read_bytes() if to_file else run.stdout).decode()
    assert ("d\\\\xff.pcap" if form == "eve" else "d\\xff.pcap") in written
    assert b"e\\xfe.pcap: byte 0: no capture" in run.stderr


# -- settings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scan = 3", "scan: not a table"),
        ("limits = 3", "limits: not a table"),
        ("[[scan]]\ntz = 'UTC'", "scan: not a table"),
        ("[scan]\ntz = ['UTC']", "scan.tz = ['UTC']: one value is wanted"),
        ("[scan]\ntz = 1.5", "scan.tz = 1.5: not a text"),
        ("[scan]\ninternal = [1.5]", "scan.internal = [1.5]: not a text"),
        ("[scan]\ninternal = {a = 1}", "not a text"),
        ("[scan]\nhelp = true", "scan.help: no such setting"),
        ("[scan]\nconfig = 'x'", "scan.config: no such setting"),
        ("[limits]\nflows = [1]", "limits.flows = [1]: not a whole number"),
        ("[limits]\nflows = 99999999999999", "limits.flows = 99999999999999: too high"),
    ],
)
def test_a_configuration_of_the_wrong_kind(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(text)
    run = command_line("scan", "--config", tmp_path / "c.toml", OFFICE)
    assert (run.returncode, run.stdout) == (2, b"")
    assert said in run.stderr.decode()
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize("value", ['"10.30.0.0/16"', '["10.30.0.0/16"]'])
def test_one_network_may_stand_as_a_text_or_a_list(value: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(f'[scan]\nformat = "eve"\ninternal = {value}\n')
    run = command_line("scan", "--config", tmp_path / "c.toml", OFFICE)
    assert run.returncode == 0
    given = command_line("scan", "--format", "eve", "--internal", "10.30.0.0/16", OFFICE)
    assert run.stdout == given.stdout


def limits_of(run: subprocess.CompletedProcess[bytes]) -> dict[str, int]:
    limits: dict[str, int] = events_of(run.stdout)[-1]["stats"]["limits"]
    return limits


def test_format_and_limits_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[limits]\nflows = 3000\nheads = 300\nhosts = 30\n")
    run = command_line(
        "scan", "--config", tmp_path / "c.toml", "--limit", "flows=5000", OFFICE,
        env={
            "POOLWATCH_SCAN_FORMAT": "eve",
            "POOLWATCH_LIMIT_FLOWS": "4000",
            "POOLWATCH_LIMIT_HEADS": "400",
            "POOLWATCH_LIMIT_QUOTE_CHARS": "",
        },
    )  # fmt: skip
    limits = limits_of(run)
    assert (limits["flows"], limits["heads"], limits["hosts"]) == (5000, 400, 30)
    assert limits["quote_chars"] == running.LIMITS.quote_chars


def test_a_limit_of_the_environment_that_is_none_is_refused() -> None:
    run = command_line("scan", OFFICE, env={"POOLWATCH_LIMIT_FLOW": "1"})
    assert run.returncode == 2
    assert b"limits.flow: no such limit" in run.stderr


# -- what is said when nothing is sure enough ------------------------------------------


def test_nothing_sure_enough_is_not_nothing() -> None:
    capture = capture_of("stratum-v1-refused")
    run = command_line("scan", "--min-grade", "confirmed", "--exit-code", capture)
    text = run.stdout.decode()
    assert run.returncode == 1
    assert "Nothing that mines" not in text
    assert "No finding of grade confirmed or surer." in text
    assert "1 finding(s) below grade confirmed" in text


# -- packets ---------------------------------------------------------------------------


def stats_of(run: subprocess.CompletedProcess[bytes]) -> dict[str, object]:
    stats: dict[str, object] = events_of(run.stdout)[-1]["stats"]
    return stats


def test_packets_of_an_unknown_interface_are_packets_not_understood(tmp_path: Path) -> None:
    ticks = 1_700_000_000_000_000
    known = [enhanced(f, ticks=ticks) for f in frames()]
    unknown = [enhanced(f, ticks=ticks, index=7) for f in frames()[:3]]
    path = tmp_path / "a.pcapng"
    path.write_bytes(section() + interface() + b"".join(known + unknown))
    run = command_line("scan", "--format", "eve", path)
    assert run.returncode == 0
    stats = stats_of(run)
    assert stats["packets"] == len(known) + 3
    assert stats["not_understood"] == {"interface_unknown": 3}


def test_a_capture_of_unknown_interfaces_only_was_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(section() + interface() + b"".join(enhanced(f, index=7) for f in frames()))
    run = command_line("scan", path)
    assert run.returncode == 3
    assert b"no packet is of an interface that the file describes" in run.stderr
    text = " ".join(run.stdout.decode().split())
    assert f"interface unknown {len(frames())}" in text
    assert "no packets" not in text


def test_a_capture_without_a_clock_has_no_times(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(section() + interface() + b"".join(simple(f) for f in frames()))
    text = command_line("scan", path).stdout.decode()
    assert "mines" in text
    assert "1970" not in text
    assert "time not recorded" in text
    assert "no times were recorded" in text
    run = command_line("scan", "--format", "eve", path)
    assert b"1970" not in run.stdout
    for event in events_of(run.stdout):
        inner = event.get("mining", event.get("stats", event))
        times = event["timestamp"], inner["first_seen"], inner["last_seen"]
        assert times == (None, None, None)


def test_a_clockless_capture_beside_another_does_not_hide_its_times(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(section() + interface() + b"".join(simple(f) for f in frames()))
    for order in ([path, OFFICE], [OFFICE, path]):
        stats = stats_of(command_line("scan", "--format", "eve", *order))
        assert str(stats["first_seen"]).startswith("2026-01-12")
        assert str(stats["last_seen"]).startswith("2026-01-12")


def test_bytes_are_at_least_those_captured(tmp_path: Path) -> None:
    packets = [builders.Packet(frame, wirelen=10) for frame in frames()]
    path = tmp_path / "a.pcap"
    path.write_bytes(builders.pcap(packets))
    assert stats_of(command_line("scan", "--format", "eve", path))["bytes"] == sum(
        map(len, frames())
    )


def test_interfaces_beyond_the_bound_are_said(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    beyond = enhanced(frames()[0], index=4097)
    path.write_bytes(section() + interface() * 4099 + beyond + b"".join(map(enhanced, frames())))
    run = command_line("scan", path)
    assert run.returncode == 0
    text = " ".join(run.stdout.decode().split())
    assert "Bounds that bit: interfaces left out 3." in text
    assert "interface unknown 1" in text
    assert "mines" in text
