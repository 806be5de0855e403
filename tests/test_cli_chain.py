"""`units who` and `units request` by logs: what is asked for, what is refused, what is hostile."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import pytest

from poolwatch.cli.targets import query_of, split_target
from poolwatch.errors import UsageError
from tests.inventory.building import command_line

HEADER = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
    "user_context,pool_id\n"
)
# until 2021-09-06 03:00 UTC
KEA = HEADER + "10.1.2.3,00:1a:2b:3c:4d:5e,,3600,1630897200,1,0,0,pc-7,0,,0\n"
AT = "2021-09-06T10:30+08:00"


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    path = tmp_path / "kea.csv"
    path.write_text(KEA, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("10.1.2.3", ("10.1.2.3", None, None)),
        ("10.1.2.3:80", ("10.1.2.3", 80, None)),
        ("10.1.2.3@2021-09-06", ("10.1.2.3", None, "2021-09-06")),
        (f"203.0.113.7:51322@{AT}", ("203.0.113.7", 51322, AT)),
        ("2001:db8::7@2021-09-06", ("2001:db8::7", None, "2021-09-06")),
        ("[2001:db8::7]:443", ("2001:db8::7", 443, None)),
        ("[2001:db8::7]", ("2001:db8::7", None, None)),
    ],
)  # fmt: skip
def test_targets(text: str, parts: tuple[str, int | None, str | None]) -> None:
    address, port, time = parts
    assert split_target(text) == (ipaddress.ip_address(address), port, time)


@pytest.mark.parametrize(
    "text", ["", "10.1.2", "10.1.2.3:0", "10.1.2.3:70000", "10.1.2.3:x", "[10.1.2", "a@b", "::1:x"]
)
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(UsageError):
        split_target(text)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("2021-09-06", 86400), ("2021-09-06T10:00", 60), ("2021-09-06T10:00:30+08:00", 1)],
)
def test_a_time_lasts_as_long_as_it_is_exact(time: str, seconds: int) -> None:
    query = query_of(f"10.1.2.3@{time}", "Asia/Shanghai", None, None)
    assert query.until_ns - query.from_ns == seconds * 10**9
    assert query.protocol is None


def test_a_chain_of_one_lease(lease: Path) -> None:
    run = command_line("units", "who", f"10.1.2.3@{AT}", "--logs", lease, "--lang", "en")
    assert run.returncode == 0, run.stderr
    for line in (
        "10.1.2.3, 2021-09-06 02:30:00 – 2021-09-06 02:30:59 UTC",
        "machine (MAC): 00:1a:2b:3c:4d:5e; host name pc-7",
        f"{lease}:2 (DHCP), 2021-09-06 02:00:00 – 2021-09-06 03:00:00, until it lapsed",
        "«10.1.2.3,00:1a:2b:3c:4d:5e,",
        "the MAC address table of a device not known for 00:1a:2b:3c:4d:5e",
    ):
        assert line in run.stdout
    assert run.stderr == ""


def test_a_time_is_needed(lease: Path) -> None:
    run = command_line("units", "who", "10.1.2.3", "--logs", lease)
    assert run.returncode == 2
    assert "without a time" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("who",), "no address given"),
        (("who", "10.1.2.3"), "no table given"),
        (("request", f"10.1.2.3@{AT}"), "no log given"),
        (("request", "--logs", "LOG"), "neither an address nor --eve"),
        (("who", f"10.1.2.3@{AT}", "--logs", "/nonexistent"), "no such file or folder"),
        (("who", "nonsense@2021-09-06", "--logs", "LOG"), "no address"),
        (("who", "--eve", "/nonexistent", "--logs", "LOG"), "--eve"),
        (("who", "10.1.2.3@yesterday", "--logs", "LOG"), "no time"),
    ],
)
def test_what_cannot_be_carried_out(arguments: tuple[str, ...], said: str, lease: Path) -> None:
    given = [str(lease) if word == "LOG" else word for word in arguments]
    run = command_line("units", *given)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_what_is_no_log_is_named_and_the_rest_used(lease: Path) -> None:
    lease.with_name("notes.txt").write_text("hello\n", "utf-8")
    lease.write_text(KEA + "10.1.300.4,,,3600,1630897200,1,0,0,pc-8,0,,0\n", "utf-8")
    run = command_line("units", "request", f"10.1.2.3@{AT}", "--logs", lease.parent, "--lang", "en")
    assert run.returncode == 0
    assert "notes.txt: the format is not recognised; it begins with: hello" in run.stderr
    assert f"{lease}:3: “10.1.300.4” is no IPv4 or IPv6 address" in run.stderr
    assert "the MAC address table" in run.stdout


def test_devices_are_named_by_the_configuration(lease: Path) -> None:
    config = lease.with_name("logs.toml")
    config.write_text(
        '[[device]]\nname = "sw-9"\nlogs = ["port"]\nnetworks = ["10.1.0.0/16"]\n', "utf-8"
    )
    for options in (("--logs", lease.parent), ("--logs", lease, "--logs-config", config)):
        run = command_line("units", "request", f"10.1.2.3@{AT}", *options, "--lang", "en")
        assert "the MAC address table of sw-9, 2021-09-06 02:25 – 02:36 UTC" in run.stdout
    config.write_text('[[device]]\nname = "sw-9"\nlogs = ["gossip"]\n', "utf-8")
    run = command_line("units", "request", f"10.1.2.3@{AT}", "--logs", lease.parent)
    assert run.returncode == 2
    assert "logs.toml: device[0]: logs: 'gossip' is no kind of log" in run.stderr


def eve_lines(host: str, first: str = "2021-09-06T02:30:00.000000+0000") -> list[dict[str, object]]:
    seen = {"first_seen": first, "last_seen": first, "grade": "confirmed", "stage": "mining"}
    return [
        {"v": 1, "event_type": "mining", "timestamp": first, "flow_id": 7, "src_ip": host,
         "src_port": 5000, "dest_ip": "198.51.100.1", "dest_port": 3333, "proto": "TCP",
         "mining": seen},
        {"v": 1, "event_type": "finding", "timestamp": first, "host": host, "inside": True,
         "role": "miner", "flows": [7, 8], "sessions": 2, **seen},
    ]  # fmt: skip


@pytest.mark.parametrize("host", ["10.1.2.3", "nonsense", "\x1b[2J", "10.1.2.3/24"])
def test_findings_of_a_file_from_strangers(host: str, lease: Path) -> None:
    eve = lease.with_name("eve.json.txt")
    eve.write_text(
        "".join(json.dumps(line) + "\n" for line in eve_lines(host)) + "{broken\n", "utf-8"
    )
    run = command_line("units", "who", "--eve", eve, "--logs", lease, "--lang", "en")
    assert run.returncode == 0
    assert "1 line(s) could not be used" in run.stderr
    assert "\x1b" not in run.stdout + run.stderr
    if host == "10.1.2.3":
        assert "Finding: 10.1.2.3, mines" in run.stdout
        assert "00:1a:2b:3c:4d:5e" in run.stdout
        assert "1 more conversation(s) of it are not followed" in run.stdout
    else:
        assert "No finding is in" in run.stderr
