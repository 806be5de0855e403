"""The command line as scripts and people rely on it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

import pytest

from poolwatch.outputs.eve import VERSION
from tests import running
from tests.match.test_conversation import SESSION
from tests.running import MINER, ROOT, Talk, capture_of, command_line, events_of, write_pcap

OFFICE = capture_of("office")
CLEAN = capture_of("near-chat")
BINARY = (sys.executable, "-m", "poolwatch")


def said(run: subprocess.CompletedProcess[bytes]) -> str:
    return run.stderr.decode()


def test_findings_go_to_standard_output_and_nothing_else_does() -> None:
    run = command_line("scan", OFFICE)
    assert (run.returncode, run.stderr) == (0, b"")
    text = run.stdout.decode()
    assert "10.30.1.21" in text
    assert "\x1b" not in text


# -- exit status -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([OFFICE], 0),
        ([CLEAN], 0),
        (["--exit-code", CLEAN], 0),
        (["--exit-code", OFFICE], 1),
        (["--exit-code", capture_of("node-owner")], 0),
        (["--exit-code", capture_of("scanner-outside")], 0),
        (["--exit-code", capture_of("stratum-v1-unanswered")], 1),
        (["--exit-code", "--min-grade", "confirmed", capture_of("stratum-v1-unanswered")], 1),
        ([], 2),
        (["--no-such-option", OFFICE], 2),
        (["--format", "xml", OFFICE], 2),
        (["--min-grade", "certain", OFFICE], 2),
        (["--internal", "10.0.0.1/8", OFFICE], 2),
        (["--tz", "Mars/Olympus", OFFICE], 2),
        (["--limit", "flows", OFFICE], 2),
        (["--limit", "flows=0", OFFICE], 2),
        (["--limit", "flowers=7", OFFICE], 2),
        (["--limit", "flows=many", OFFICE], 2),
        (["--lang", "fr", OFFICE], 2),
        (["--signatures", "no/such/folder", OFFICE], 2),
        (["-o", "no/such/folder/out", OFFICE], 2),
        (["no-such-file"], 3),
        ([OFFICE, "no-such-file"], 3),
        (["--exit-code", OFFICE, "no-such-file"], 3),
        (["README.md"], 3),
        (["/dev/null"], 3),
    ],
)
def test_exit_status(arguments: list[str | Path], status: int) -> None:
    run = command_line("scan", *arguments)
    assert run.returncode == status, said(run)
    assert b"Traceback" not in run.stderr
    assert bool(run.stderr) is (status >= 2)
    if status == 2:
        assert run.stdout == b""


def test_a_verb_that_is_none() -> None:
    run = command_line("mine", OFFICE)
    assert run.returncode == 2
    assert "mine" in said(run)


def test_advice_follows_a_refusal() -> None:
    run = command_line("scan", "--limit", "flowers=7", OFFICE)
    assert said(run).startswith("poolwatch: limits.flowers: no such limit\n")
    assert "flow_idle_seconds" in said(run)


# -- inputs that fail ----------------------------------------------------------------------


def damaged(folder: Path) -> dict[str, tuple[Path, int, str]]:
    """Inputs that fail: where, at which byte, a word of the reason."""
    whole = OFFICE.read_bytes()
    made = {
        "empty": (b"", 0, "empty"),
        "text": (b"hello world, this is no capture\n", 0, "no capture"),
        "cut": (whole[:-7], len(whole) - 7, ""),
        "zip": (b"PK\x03\x04" + b"\0" * 40, 0, "zip"),
    }
    found = {}
    for name, (data, offset, word) in made.items():
        path = folder / f"{name}.pcap"
        path.write_bytes(data)
        found[name] = (path, offset, word)
    return found


@pytest.mark.parametrize("name", ["empty", "text", "cut", "zip"])
def test_an_input_that_fails_is_named_with_byte_and_reason(name: str, tmp_path: Path) -> None:
    path, _, word = damaged(tmp_path)[name]
    run = command_line("scan", "--format", "eve", path)
    assert run.returncode == 3
    (line,) = said(run).splitlines()
    assert line.startswith(f"poolwatch: {path}: byte ")
    assert word in line
    problem = events_of(run.stdout)[-1]["stats"]["problems"][0]
    assert problem["file"] == str(path)
    assert f"byte {problem['offset']}: {problem['reason']}" in line


def test_the_rest_is_done_all_the_same(tmp_path: Path) -> None:
    files = [path for path, _, _ in damaged(tmp_path).values()]
    run = command_line("scan", "--format", "eve", *files, capture_of("stratum-v1-clean"))
    assert run.returncode == 3
    assert len(said(run).splitlines()) == len(files)
    events = events_of(run.stdout)
    kinds = [event["event_type"] for event in events]
    assert kinds[-1] == "stats"
    assert "10.21.0.15" in {event.get("host") for event in events} or kinds.count("mining") >= 2


def test_what_stands_before_the_damage_is_found(tmp_path: Path) -> None:
    cut, _, _ = damaged(tmp_path)["cut"]
    run = command_line("scan", "--format", "eve", cut)
    hosts = {event.get("host") for event in events_of(run.stdout)}
    assert "10.30.1.21" in hosts


def test_many_failures_are_counted_after_some(tmp_path: Path) -> None:
    for n in range(12):
        (tmp_path / f"{n:02}").write_bytes(b"x")
    run = command_line("scan", "--limit", "file_messages=5", tmp_path)
    lines = said(run).splitlines()
    assert len(lines) == 6
    assert "7" in lines[-1]


HOSTILE = ["\x1b[2J", "a\nb", "\u202egnp", "\x9b1m", "\udcff", "\r", "[red]x", "{path}"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_file_name_cannot_steer_the_terminal(language: str, tmp_path: Path) -> None:
    for name in HOSTILE:
        (tmp_path / name).write_bytes(b"x")
    run = command_line("scan", "--lang", language, tmp_path)
    assert run.returncode == 3
    lines = said(run).split("\n")[:-1]
    assert len(lines) == len(HOSTILE)
    assert not any(bad in line for line in lines for bad in ("\x1b", "\u202e", "\x9b", "\r"))
    assert any("/[red]x" in line for line in lines)
    assert any("/{path}" in line for line in lines)


# -- where captures come from --------------------------------------------------------------


def verdicts(run: subprocess.CompletedProcess[bytes]) -> list[tuple[str, str, str]]:
    return sorted(
        (event["src_ip"], event["mining"]["grade"], event["mining"]["stage"])
        for event in events_of(run.stdout)
        if event["event_type"] == "mining"
    )


@cache
def whole() -> list[tuple[str, str, str]]:
    """What a plain scan says of the office."""
    return verdicts(command_line("scan", "--format", "eve", OFFICE))


def test_standard_input() -> None:
    run = command_line("scan", "--format", "eve", "-", stdin=OFFICE.read_bytes())
    assert run.returncode == 0
    assert verdicts(run) == whole() != []


def test_standard_input_compressed() -> None:
    packed = gzip.compress(OFFICE.read_bytes())
    run = command_line("scan", "--format", "eve", "-", stdin=packed)
    assert verdicts(run) == whole()


def test_a_pipe_named_on_the_command_line_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(OFFICE.read_bytes(),), daemon=True)
    writer.start()
    run = command_line("scan", "--format", "eve", pipe)
    writer.join(10)
    assert verdicts(run) == whole()


def test_a_folder_is_walked_in_order_and_pipes_in_it_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    os.mkfifo(tmp_path / "a-pipe")
    for name in ("c.pcap", "b/2.pcap", "b/1.pcap"):
        (tmp_path / name).write_bytes(capture_of("stratum-v1-clean").read_bytes())
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    run = command_line("scan", "--format", "eve", tmp_path)
    assert run.returncode == 0
    events = events_of(run.stdout)
    names = [e["pcap_filename"] for e in events if e["event_type"] == "mining"]
    assert names == [str(tmp_path / name) for name in ("b/1.pcap", "b/2.pcap", "c.pcap")]
    assert events[-1]["stats"]["files_skipped"] == {"fifo": 1}
    assert events[-1]["stats"]["files"] == 3


def test_a_capture_without_packets_is_fine(tmp_path: Path) -> None:
    run = command_line("scan", write_pcap(tmp_path / "none.pcap", []))
    assert (run.returncode, run.stderr) == (0, b"")
    assert "no packets" in run.stdout.decode()


# -- options, environment, configuration ---------------------------------------------------


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    run = command_line("scan", "--format", "eve", "-o", out, OFFICE)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    direct = command_line("scan", "--format", "eve", OFFICE).stdout
    assert out.read_bytes() == direct


def test_a_table_of_a_file_with_an_odd_name_goes_to_a_file(tmp_path: Path) -> None:
    odd = tmp_path / "d\udcff.pcap"
    odd.write_bytes(capture_of("stratum-v1-clean").read_bytes())
    for form in ("table", "eve"):
        run = command_line("scan", "--format", form, "-o", tmp_path / "out", odd)
        assert (run.returncode, run.stderr) == (0, b"")
        assert (tmp_path / "out").read_text("utf-8")


def test_min_grade_leaves_out_the_rest() -> None:
    run = command_line("scan", "--format", "eve", "--min-grade", "confirmed", OFFICE)
    assert {grade for _, grade, _ in verdicts(run)} == {"confirmed"}


def test_internal_says_who_is_inside() -> None:
    options = ("--internal", "203.0.113.0/24", "--internal", "198.51.100.0/24")
    run = command_line("scan", "--format", "eve", *options, capture_of("stratum-v1-clean"))
    mining = [e["mining"] for e in events_of(run.stdout) if e["event_type"] == "mining"]
    assert [(m["role"], m["inside"]) for m in mining] == [("pool", True)]


def test_the_zone_of_the_table() -> None:
    run = command_line("scan", "--tz", "Asia/Shanghai", capture_of("stratum-v1-clean"))
    assert "Asia/Shanghai" in run.stdout.decode()
    assert "16:00:" in run.stdout.decode()


@pytest.mark.parametrize(
    ("env", "word"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "挖矿"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "mines"),
        ({"LANG": "C"}, "mines"),
        ({"LANG": "zh_CN.UTF-8", "POOLWATCH_SCAN_LANG": "en"}, "mines"),
        ({"POOLWATCH_SCAN_LANG": "zh"}, "挖矿"),
        ({"LANG": "zh_CN.GB18030"}, "挖矿"),
    ],
)
def test_the_language_of_the_table(env: dict[str, str], word: str) -> None:
    run = command_line("scan", capture_of("stratum-v1-clean"), env=env)
    assert word in run.stdout.decode()


def test_reveal_shows_what_is_masked(tmp_path: Path) -> None:
    authorize = '{"id":2,"method":"mining.authorize","params":["eve.account.rig","x"]}'
    path = write_pcap(tmp_path / "a.pcap", Talk().greet().say((MINER, authorize)).packets)
    assert "eve.account.rig" not in command_line("scan", path).stdout.decode()
    assert "eve.account.rig" in command_line("scan", "--reveal", path).stdout.decode()


def test_sensor_names_the_observation_point() -> None:
    run = command_line("scan", "--format", "eve", "--sensor", "gate-3", OFFICE)
    assert {event["sensor"] for event in events_of(run.stdout)} == {"gate-3"}


def test_a_limit_is_changed_and_said() -> None:
    run = command_line("scan", "--format", "eve", "--limit", "flows=4", OFFICE)
    stats = events_of(run.stdout)[-1]["stats"]
    assert stats["limits"]["flows"] == 4
    assert stats["evicted"] > 0


def config(folder: Path, text: str) -> Path:
    path = folder / "poolwatch.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_configuration_gives_defaults(tmp_path: Path) -> None:
    text = '[scan]\nformat = "eve"\nmin-grade = "confirmed"\nsensor = "a"\n[limits]\nflows = 5000\n'
    run = command_line("scan", "--config", config(tmp_path, text), OFFICE)
    assert {grade for _, grade, _ in verdicts(run)} == {"confirmed"}
    stats = events_of(run.stdout)[-1]
    assert (stats["sensor"], stats["stats"]["limits"]["flows"]) == ("a", 5000)


@pytest.mark.parametrize(
    ("env", "options", "sensor"),
    [
        ({}, (), "from-file"),
        ({"POOLWATCH_SCAN_SENSOR": "from-env"}, (), "from-env"),
        ({"POOLWATCH_SCAN_SENSOR": "from-env"}, ("--sensor", "from-option"), "from-option"),
    ],
)
def test_option_before_environment_before_file_before_default(
    env: dict[str, str], options: tuple[str, ...], sensor: str, tmp_path: Path
) -> None:
    path = config(tmp_path, '[scan]\nsensor = "from-file"\n[limits]\nflows = 5000\n')
    run = command_line("scan", "--format", "eve", "--config", path, *options, OFFICE, env=env)
    assert events_of(run.stdout)[-1]["sensor"] == sensor


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[scan]\nformta = 'eve'\n", "formta"),
        ("[scan]\nconfig = 'x'\n", "config"),
        ("[limits]\nflowers = 7\n", "flowers"),
        ("[limits]\nflows = 0\n", "flows"),
        ("[limits]\nflows = true\n", "flows"),
        ("[limits]\nflows = 'x'\n", "flows"),
        ("[watch]\nx = 1\n", "watch"),
        ("x = 1\n", "x"),
        ("[scan\n", "line 1"),
        ("[scan]\nformat = 'xml'\n", "xml"),
        ("scan = 3\n", "scan"),
        ("limits = 'x'\n", "limits"),
    ],
)
def test_a_configuration_that_cannot_be_carried_out(text: str, word: str, tmp_path: Path) -> None:
    run = command_line("scan", "--config", config(tmp_path, text), OFFICE)
    assert (run.returncode, run.stdout) == (2, b"")
    assert word in said(run)
    assert "Traceback" not in said(run)


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    run = command_line("scan", "--config", tmp_path / "none.toml", OFFICE)
    assert run.returncode == 2
    assert "none.toml" in said(run)


def test_signatures_of_ones_own(tmp_path: Path) -> None:
    options = ("--signatures", "tests/data/listed")
    run = command_line("scan", "--format", "eve", *options, capture_of("listed-endpoint"))
    assert [grade for _, grade, _ in verdicts(run)] == ["noted", "suspected"]
    without = command_line("scan", "--format", "eve", capture_of("listed-endpoint"))
    assert verdicts(without) == []
    assert (
        events_of(run.stdout)[-1]["stats"]["catalogue"]
        != events_of(without.stdout)[-1]["stats"]["catalogue"]
    )
    (tmp_path / "pools.csv").write_text("suffix\n")
    bad = command_line("scan", "--signatures", tmp_path, OFFICE)
    assert bad.returncode == 2
    assert f"{tmp_path / 'pools.csv'}:1: " in said(bad)


# -- good manners --------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["table", "eve"])
def test_a_reader_that_leaves_early_is_no_error(form: str, tmp_path: Path) -> None:
    packets = []
    for n in range(300):
        packets += Talk(miner=(f"10.1.{n % 250}.{n // 250}", 40000)).greet().say(*SESSION).packets
    path = write_pcap(tmp_path / "many.pcap", packets)
    run = subprocess.run(
        f"{' '.join(BINARY)} scan --format {form} {path} | head -c 10",
        shell=True,
        capture_output=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert len(run.stdout) == 10
    assert run.stderr == b""


def test_the_order_of_output_is_the_same_every_time() -> None:
    runs = [command_line("scan", "--format", "eve", OFFICE, CLEAN) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout
    assert json.loads(runs[0].stdout.splitlines()[0])["v"] == VERSION


def test_no_colour_without_a_terminal() -> None:
    for env in ({"FORCE_COLOR": "1"}, {"CLICOLOR_FORCE": "1", "TERM": "xterm-256color"}):
        run = command_line("scan", OFFICE, env=env)
        assert b"\x1b" not in run.stdout


@pytest.mark.parametrize(
    ("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, False)]
)
def test_colour_on_a_terminal_unless_unwanted(env: dict[str, str], coloured: bool) -> None:
    ours, theirs = os.openpty()
    clean = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    process = subprocess.Popen(
        [*BINARY, "scan", "-q", str(OFFICE)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=clean | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | env,
        cwd=ROOT,
    )
    os.close(theirs)
    output = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end closed
            break
        if not chunk:
            break
        output += chunk
    os.close(ours)
    assert process.wait(60) == 0
    assert (b"\x1b[" in output) is coloured
    assert b"10.30.1.21" in output


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["scan", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['poolwatch', *{arguments!r}]\n"
        "from poolwatch.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as error:\n    assert not error.code\n"
        "heavy = {'numba', 'pandas', 'numpy', 'rich', 'llvmlite', 'scapy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    assert b"poolwatch" in run.stdout.lower()


def test_help_names_verbs_and_exit_status() -> None:
    assert "scan" in command_line("--help").stdout.decode()
    text = " ".join(command_line("scan", "--help").stdout.decode().split())
    for status in ("0 done", "1 with --exit-code", "2 usage", "3 some input"):
        assert status in text
    for option in ("--format", "--internal", "--min-grade", "--limit", "--tz", "--config"):
        assert option in text


def test_it_runs_as_a_module_and_by_its_name() -> None:
    script = Path(sys.executable).parent / "poolwatch"
    if not script.exists():
        pytest.skip("poolwatch is not installed as a command here")
    run = subprocess.run([script, "--version"], capture_output=True, check=True)
    assert run.stdout == command_line("--version").stdout
    assert running.ROOT.is_dir()
