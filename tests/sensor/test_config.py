"""The configuration: strict, complete when printed, and within its memory."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from poolwatch.errors import UsageError
from poolwatch.sensor.budget import make_budget
from poolwatch.sensor.config import Config, dump_config, load_config, parse_config, with_options
from poolwatch.settings import Limits


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"store": {"urk": 1}}, "f.toml: store.urk: no such setting"),
        ({"tell": {"eve": {"pathh": ""}}}, "f.toml: tell.eve.pathh: no such setting"),
        ({"foo": 1}, "f.toml: foo: no such setting"),
        ({"sensor": {"threads": 0}}, "f.toml: sensor.threads: Expected `int` >= 1"),
        ({"sensor": {"threads": "2"}}, "f.toml: sensor.threads: Expected `int`, got `str`"),
        ({"sensor": {"interfaces": "eth0"}}, "f.toml: sensor.interfaces: Expected `array`"),
        ({"capture": {"tick_ms": 0}}, "f.toml: capture: tick_ms = 0"),
        ({"limits": {"flowz": 1}}, "limits.flowz: no such limit"),
        ({"limits": {"memory_bytes": 1 << 20}}, "too low for these rings"),
        ({"tables": {"zone": "Mars"}}, "f.toml: tables.zone Mars: no such time zone"),
        ({"health": {"listen": "0.0.0.0:9187"}}, "not an address of this machine alone"),
        ({"health": {"listen": "127.0.0.1"}}, "not an address of this machine alone"),
        ({"live": {"states": 0}}, "f.toml: live.states: Expected `int` >= 1"),
        ({"live": {"settle_seconds": -1.0}}, "f.toml: live.settle_seconds: Expected `float` >= 0"),
        ({"report": {"refresh_seconds": float("nan")}}, "f.toml: report.refresh_seconds"),
        ({"live": {"refresh_seconds": float("inf")}}, "f.toml: live.refresh_seconds = inf"),
        ({"sensor": {"interfaces": ["a", "a"]}}, "sensor.interfaces: one is named twice"),
        ({"store": {"url": "mysql://x"}}, "mysql://x: no store of this kind"),
        ({"tell": {"webhook": {"url": "ftp://x"}}}, "tell.webhook.url: neither https://"),
        ({"tell": {"syslog": {"host": "x", "ca_file": "/nope"}}}, "ca_file = /nope: no such file"),
        ({"tell": {"syslog": {"host": "x" * 70}}}, "tell.syslog.host: no name of a host"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_config(document, "f.toml")
    assert complaint in str(raised.value)


def test_all_defaults_are_printed_and_what_is_printed_can_be_read() -> None:
    text = dump_config(Config())
    document = tomllib.loads(text)
    assert parse_config(document, "dump") == parse_config(
        {"limits": {"memory_bytes": 2 << 30}}, "default"
    )
    for name in Config.__struct_fields__:
        part = getattr(Config(), name)
        keys = getattr(part, "__struct_fields__", ())
        assert set(keys) == (set(document[name]) if keys else set())
    for name in Limits.__slots__:
        assert f"# {name} = " in text


def test_a_file_is_read_and_the_command_line_counts_more(tmp_path: Path) -> None:
    path = tmp_path / "sensor.toml"
    path.write_text(
        '[sensor]\nname="校园 \\"one\\""\ninterfaces = ["eth1"]\n[limits]\nflows=5000\n',
        "utf-8",
    )
    config = load_config(path)
    assert config.name == '校园 "one"'
    assert config.budget().limits.flows == 5000
    assert tomllib.loads(dump_config(config))["sensor"]["name"] == config.name
    changed = with_options(config, ("eth2", "eth3"), 2)
    assert (changed.sensor.interfaces, changed.sensor.threads) == (("eth2", "eth3"), 2)
    assert with_options(config, (), None) is config
    with pytest.raises(UsageError, match="No such file"):
        load_config(tmp_path / "none.toml")
    path.write_text("[sensor\n", "utf-8")
    with pytest.raises(UsageError, match=r"sensor\.toml"):
        load_config(path)


def test_bounds_follow_the_ceiling() -> None:
    small = make_budget(700 << 20, 64 << 20, 1, {})
    large = make_budget(8 << 30, 64 << 20, 1, {})
    shared = make_budget(700 << 20, 64 << 20, 2, {})
    assert small.limits.flows < large.limits.flows == Limits().flows
    assert shared.limits.flows < small.limits.flows
    assert make_budget(700 << 20, 64 << 20, 1, {"flows": 77}).limits.flows == 77
    assert small.shed_bytes < small.memory_bytes
    assert small.mailbox_states < large.mailbox_states
    kept = make_budget(700 << 20, 64 << 20, 1, {}, flow_bytes=200)
    assert kept.limits.flows <= small.limits.flows // 2 + 1


def test_all_queues_are_below_the_ceiling() -> None:
    """What is set larger leaves less for the rest."""
    config = msgspec.convert({"limits": {"memory_bytes": 3 << 29}}, Config)
    flows = config.budget().limits.flows
    for part, settings in (
        ("keep", {"queue_bytes": 3 << 26}),
        ("keep", {"flows": 500_000}),
        ("tell", {"eve": {"path": "eve.json", "queue_bytes": 1 << 27}}),
        ("store", {"memory_bytes": 3 << 26}),
    ):
        more = msgspec.convert({"limits": {"memory_bytes": 3 << 29}, part: settings}, Config)
        assert more.budget().limits.flows < flows, part


def test_a_pipe_is_no_table_and_no_configuration(tmp_path: Path) -> None:
    pipe = tmp_path / "units.csv"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="not a regular file"):
        load_config(pipe)
    config = parse_config({"tables": {"units": [str(pipe)]}}, "f.toml")
    with pytest.raises(UsageError, match="not a regular file"):
        config.plan(config.budget())


def test_values_too_deep_are_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(f"a = {'[' * 20_000}{']' * 20_000}\n", "utf-8")
    with pytest.raises(UsageError, match="values within values"):
        load_config(path)
