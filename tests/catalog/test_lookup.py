"""Names, agents, wallets: what is found in the catalogue, and what never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.catalog.load import load_rows
from poolwatch.catalog.lookup import find_rows
from poolwatch.catalog.shapes import compile_fields, compile_shape
from tests import running


@pytest.mark.parametrize(
    ("host", "pool"),
    [
        ("f2pool.com", "F2Pool 鱼池"),
        ("btc.f2pool.com", "F2Pool 鱼池"),
        ("BTC.F2Pool.COM.", "F2Pool 鱼池"),
        (" stratum.antpool.com ", "AntPool 蚂蚁矿池"),
        ("eth-eu1.nanopool.org", "Nanopool"),
        ("xmr.2miners.com", "2Miners"),
    ],
)
def test_pool_names(host: str, pool: str) -> None:
    row = running.catalog().find_pool(host)
    assert row is not None
    assert row.pool == pool


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "com",
        "org",
        "pool.ntp.org",
        "0.cn.pool.ntp.org",
        "mypool.example",
        "minerals.com",
        "mining.example.com",
        "notf2pool.com",
        "f2pool.com.example.org",
        "f2pool.org",
        "xn--f2pool.com",
        "f2pool",
        "carpool.com",
        "swimmingpool.net",
        "antpool.com.cn",
        "btc.community",
        "my-antpool.com",
        "198.51.100.7",
    ],
)
def test_names_that_are_no_pools(host: str) -> None:
    assert running.catalog().find_pool(host) is None


@given(st.text(max_size=80))
def test_any_name_is_looked_up_without_an_error(host: str) -> None:
    row = running.catalog().find_pool(host)
    if row is not None:
        name = host.strip().rstrip(".").lower()
        assert name == row.suffix or name.endswith("." + row.suffix)


def test_the_longest_suffix_wins() -> None:
    catalog = running.catalog()
    assert "eth-eu1.nanopool.org" in catalog.pools
    row = catalog.find_pool("a.eth-eu1.nanopool.org")
    assert row is not None
    assert row.suffix == "eth-eu1.nanopool.org"


@pytest.mark.parametrize(
    ("agent", "software"),
    [
        ("cgminer/4.11.1", "cgminer"),
        ("CGMiner/4.11.1", "cgminer"),
        ("xmrig/6.21.0 (Linux x86_64)", "XMRig"),
        ("XMRig/6.21.0", "XMRig"),
    ],
)
def test_agents(agent: str, software: str) -> None:
    found = running.catalog().agents.find(agent)
    assert found is not None
    assert found.row.software.startswith(software)


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "x",
        "curl/8.5.0",
        "Mozilla/5.0 (X11; Linux x86_64)",
        "my cgminer",
        "python-requests/2",
        "xmr",
    ],
)
def test_agents_that_are_no_miners(agent: str) -> None:
    assert running.catalog().agents.find(agent) is None


@pytest.mark.parametrize(
    ("agent", "software", "version", "device"),
    [
        ("cgminer/4.11.1", "cgminer 4", "4.11.1", "asic"),
        ("cgminer 3.7.2", "cgminer", "3.7.2", "any"),
        ("XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/9.3.0", "XMRig", "6.21.0", "cpu"),
        ("XMRig/2.6.0-beta2 (Linux x86_64)", "XMRig", "2.6.0-beta2", "cpu"),
        ("xmrig-proxy/6.20.0", "xmrig-proxy", "6.20.0", "proxy"),
        ("xmr-stak-cpu/1.3.0-1.5.0", "xmr-stak-cpu", "1.3.0", "cpu"),
        ("bitaxe/BM1370/v2.13.1", "Bitaxe ESP-Miner", "2.13.1", "asic"),
        ("Antminer S21/Fri Feb  2 17:03:40 CST 2024", "Antminer firmware", None, "asic"),
        ("Antminer S19j Pro+|LUXminer 2026.3.30|BHB42612", "LuxOS", "2026.3.30", "asic"),
        ("2026-04-14-0-plus;bosminer-plus-tuner 0.9.0-912d", "Braiins OS", "0.9.0", "asic"),
        ("cpuminer-opt-26.1-x64L", "cpuminer-opt", "26.1", "cpu"),
        ("lolMiner 1.98a", "lolMiner", "1.98a", "gpu"),
        ("BzMiner-v11.1.0", "BzMiner", "11.1.0", "gpu"),
        ("NiceHash/1.0.0", "NiceHash", "1.0.0", "rental"),
        ("EWBF 0.3.4b", "EWBF", "0.3.4b", "gpu"),
        ("stratum-ping/1.0.0", "stratum-ping", "1.0.0", "monitor"),
    ],
)
def test_what_an_agent_says(agent: str, software: str, version: str | None, device: str) -> None:
    found = running.catalog().agents.find(agent)
    assert found is not None
    assert (found.row.software, found.version, found.row.device) == (software, version, device)


def test_a_name_that_nobody_identified_is_mapped_to_no_coin() -> None:
    assert [placed.row.symbol for placed in find_rows(load_rows(), "喜鹊币")] == [""]
    assert running.catalog().coins.known("喜鹊币") is None
    assert running.catalog().coins.known("") is None
    for name in ("渡鸦币", "乌鸦币", "ravencoin"):
        assert [placed.row.symbol for placed in find_rows(load_rows(), name)] == ["RVN"]


SHAPES: list[tuple[str, list[object], list[object]]] = [
    ("any", [None, 0, "", [], {}], []),
    ("text", ["", "a"], [1, None, [], True]),
    ("text:2", ["ab"], ["a", "abc", ["a", "b"]]),
    ("text:1+", ["a", "a" * 99], [""]),
    ("text:2-3", ["ab", "abc"], ["a", "abcd"]),
    ("number", [0, 1.5, -2], [True, "1", None]),
    ("int", [0, -2, 10**30], [1.0, True, "1"]),
    ("bool", [True, False], [0, 1, None]),
    ("null", [None], [0, False, ""]),
    ("true", [True], [1, False, "true"]),
    ("false", [False], [0, None, True]),
    ("object", [{}, {"a": 1}], [[], None]),
    ("list", [[], [1]], [{}, "ab", None]),
    ("list:2", [[1, 2]], [[1], [1, 2, 3]]),
    ("hex", ["", "aF09"], ["0x", "g", 10, "ab\n"]),
    ("hex:4", ["beef", "BEEF"], ["bee", "beefs", "beeg"]),
    ("0xhex:2", ["0xab", "0XAB"], ["ab", "0xabc", "0xag"]),
    ("dec:1-3", ["0", "123"], ["", "1234", "12a", 12]),
    ("base64", ["AQAAz+/=", "zz"], ["beef", "", "a b=", "====", 7, "ab\n"]),
    ("base64:4+", ["abcg"], ["abg"]),
    ("upper:3", ["ABC"], ["ABc", "AB", "AB1"]),
    ("is:Pool/1.0", ["Pool/1.0", "POOL/1.0"], ["Pool/1.00", "", 1, None]),
    ("is:Pool/1*", ["pool/1", "Pool/1.0.3"], ["Pool/2", "a Pool/1"]),
    ("null|text:1+", [None, "a"], ["", 1]),
    (" null | int ", [None, 3], ["3"]),
]


@pytest.mark.parametrize(("shape", "fits", "others"), SHAPES)
def test_shapes(shape: str, fits: list[object], others: list[object]) -> None:
    test = compile_shape(shape)
    assert [value for value in fits if not test(value)] == []
    assert [value for value in others if test(value)] == []


@pytest.mark.parametrize(
    "shape", ["", "txt", "list:", "hex:-1", "text:1-", "text:a", "null:3", "int|", "is", "is:"]
)
def test_shapes_that_are_none(shape: str) -> None:
    with pytest.raises(ValueError, match=r"is no shape|the (size|text) is"):
        compile_shape(shape)


PATHS: list[tuple[dict[str, str], object, bool]] = [
    ({}, {}, True),
    ({"a.b.0": "int"}, {"a": {"b": [1]}}, True),
    ({"a.b.1": "int"}, {"a": {"b": [1]}}, False),
    ({"a.b.1": "absent"}, {"a": {"b": [1]}}, True),
    ({"a.0": "any"}, {"a": {"0": 1}}, False),
    ({"a.b": "any"}, {"a": [1]}, False),
    ({"a.b": "absent"}, {"a": None}, True),
    ({"a": "absent"}, [], True),
    ({"a": "int", "b": "text"}, {"a": 1, "b": "x"}, True),
    ({"a": "int", "b": "text"}, {"a": 1, "b": 2}, False),
]


@pytest.mark.parametrize(("fields", "message", "fits"), PATHS)
def test_paths(fields: dict[str, str], message: object, fits: bool) -> None:
    assert compile_fields(fields)(message) is fits
