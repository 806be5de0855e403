"""Events about hosts as statistics need them, and twelve hosts that are counted by hand."""

from __future__ import annotations

import copy
import itertools
import json
from functools import cache
from pathlib import Path
from typing import Any

from poolwatch.catalog.figures import Figures
from poolwatch.catalog.load import load_rows
from poolwatch.report.energy import FactorSets
from poolwatch.report.energy.rows import read_events
from poolwatch.report.statistics import By, Statistics, Table
from poolwatch.report.statistics.make import Wishes, make_statistics
from poolwatch.settings import Limits
from tests.report.events import event_of

_ids = itertools.count(1)
Event = dict[str, Any]
TERA, GIGA = 1e12, 1e9
POOLS = {"F2Pool": "198.51.100.1", "Nanopool": "198.51.100.2", None: "198.51.100.9"}


def at(day: int, hour: float = 0, month: int = 1) -> str:
    """A time of 2026 as events have it."""
    minutes = round(hour * 60)
    return f"2026-{month:02}-{day:02}T{minutes // 60:02}:{minutes % 60:02}:00.000000+0000"


@cache
def _template(kind: str) -> Event:
    return event_of(kind)


def talk(
    first: str,
    last: str,
    coin: str | None,
    pool: str | None,
    dialect: str | None,
    shares: tuple[int, int] = (0, 0),
    dest: str | None = None,
) -> Event:
    """A conversation; whose it is, `host` says. `shares`: accepted, sent."""
    event = copy.deepcopy(_template("mining"))
    event |= {"flow_id": next(_ids), "timestamp": first, "dest_ip": dest or POOLS.get(pool, "::9")}
    event["mining"] |= {"coin": coin, "pool": pool, "dialect": dialect, "algorithm": None}
    event["mining"] |= {"first_seen": first, "last_seen": last}
    event["mining"]["shares"] |= {"accepted": shares[0], "submitted": shares[1]}
    return event


def host(
    address: str,
    talks: list[Event],
    *,
    unit: tuple[str, ...] = (),
    kind: str | None = None,
    rigs: tuple[int, int | None] | None = (1, 1),
    rate: tuple[str | None, float, float, float] | None = None,
    kwh: tuple[float, float] | None = None,
    asked: bool = False,
    **more: Any,
) -> list[Event]:
    """A finding with its conversations. `rate`: algorithm, low, estimate, high."""
    event = copy.deepcopy(_template("finding"))
    event |= {"finding_id": next(_ids), "host": address, "role": "miner", "rigs": None}
    event |= {"cause": None, "decision": None}
    event |= {"flows": [one["flow_id"] for one in talks], "sessions": len(talks)}
    for one in talks:
        one["src_ip"] = address
    told = [one["mining"] for one in talks]
    if told:
        event["first_seen"] = min(one["first_seen"] for one in told)
        event["last_seen"] = max(one["last_seen"] for one in told)
        for name in ("accepted", "submitted"):
            event["shares"][name] = sum(one["shares"][name] for one in told)
    event["unit"] = unit and {
        "name": unit[-1],
        "path": list(unit),
        "kind": kind,
        "contact": "contact-secret",
        "prefix": "10.0.0.0/24",
        "source": "source-secret",
        "place": "secret.csv:2",
    }
    event["unit"] = event["unit"] or None
    if rigs is not None:
        event["rigs"] = {"low": rigs[0], "high": rigs[1], "basis": "", "methods": []}
    if rate is not None:
        event["hashrate"] = dict(zip(("low", "estimate", "high"), rate[1:], strict=True))
        event["hashrate"]["basis"] = "shares"
    if kwh is not None:
        event["energy"] = energy_of(kwh, rate[0] if rate else None)
    event["unknown"] = [{"question": "energy", "needs": "hardware"}] if asked else []
    return [*talks, event | more]


def energy_of(kwh: tuple[float, float], algorithm: str | None) -> Event:
    """Energy with 0.1 kg of coal and 0.5 kg of CO2 a kWh."""

    def ends(factor: float) -> Event:
        return {"low": kwh[0] * factor, "high": kwh[1] * factor}

    source = "Good machine (2024) to Bad machine (2016); maker's page"
    joules = {"name": "joules_per_hash", "low": 2e-11, "high": 4e-11, "unit": "J"}
    basis = {"figure": "kw", "unit": "kW", "formula": "hashrate * joules_per_hash / 1000"}
    return {
        "kw": ends(0.1),
        "hours": 10.0,
        "kwh": ends(1.0),
        "kwh_per_day": ends(2.4),
        "coal_kg": ends(0.1),
        "co2_kg": ends(0.5),
        "factor_set": "official-2023",
        "algorithms": [algorithm] if algorithm else ["SHA-256d", "Scrypt"],
        "devices": [],
        "basis": [basis | {"factors": [joules | {"source": source, "date": "2026-11-24"}]}],
    }


def stats(first: str, last: str, **more: Any) -> Event:
    """What was looked at."""
    event = copy.deepcopy(_template("stats"))
    event["stats"] |= {"first_seen": first, "last_seen": last, "drops": 0, "packets": 1000} | more
    return event


A, B = ("浙江省", "甲大学"), ("浙江省", "乙公司")
C, D = ("江苏省", "丙局"), ("丁所",)


def twelve() -> list[Event]:
    """Twelve hosts, three of which do not count; and one host a second sensor saw too."""
    sha = ("SHA-256d", 90 * TERA, 100 * TERA, 110 * TERA)
    behind = ("SHA-256d", 190 * TERA, 200 * TERA, 210 * TERA)
    btc, xmr = ("BTC", "F2Pool", "stratum-v1"), ("XMR", "Nanopool", "cryptonote")
    mixed = [
        talk(at(6), at(6, 2), *btc, (5, 6)),
        talk(at(6, 1), at(6, 2), "XMR", None, "cryptonote", (4, 4)),
    ]
    seen_again = [talk(at(5, 1), at(5, 2), *btc, (9, 9))]
    flowless: dict[str, Any] = {
        "first_seen": at(16),
        "last_seen": at(16, 6),
        "sessions": 2,
        "coins": ["XMR"],
        "pools": ["Nanopool"],
        "dialects": ["cryptonote"],
    }
    hosts = [
        host("10.0.1.1", [talk(at(5), at(5, 10), *btc, (90, 100))], unit=A, kind="高校",
             rigs=(2, 3), rate=sha, kwh=(10, 20), active_seconds=36000.0),
        host("10.0.1.1", seen_again, unit=A, kind="高校", kwh=(5, 6), active_seconds=3600.0,
             sensor="second"),
        host("10.0.1.2", [talk(at(11, 12), at(12, 12), *xmr, (20, 20))], unit=A, kind="高校",
             rate=("RandomX", 900, 1000, 1100), kwh=(1, 2)),
        host("10.0.1.3", mixed, unit=A, kind="高校", rigs=(1, None), rate=(None, 1, 2, 3),
             asked=True),
        host("10.0.2.1", [talk(at(13), at(13, 5), "LTC", "F2Pool", "stratum-v1", (8, 8))],
             unit=B, kind="企业", rigs=(1, 2), rate=("Scrypt", 4 * GIGA, 5 * GIGA, 6 * GIGA),
             kwh=(4, 8), grade="probable"),
        host("10.0.2.2", [talk(at(14), at(14, 8), *btc, (50, 50))], unit=B, kind="企业",
             rigs=(1, 4), rate=behind, role="relay"),
        host("10.0.2.3",
             [talk(at(14), at(14, 8), "BTC", None, "stratum-v1", (50, 50), dest="10.0.2.2")],
             unit=B, kind="企业", rate=behind, kwh=(20, 30)),
        host("10.0.3.1", [talk(at(15), at(15), None, "F2Pool", "stratum-v1")], unit=C,
             kind="机关", grade="probable", stage="greeted"),
        host("10.0.3.2", [], rigs=None, **flowless),
        host("10.0.4.1", [talk(at(17), at(17, 1), *btc, (7, 7))], unit=D,
             rate=("SHA-256d", 9 * TERA, 10 * TERA, 11 * TERA), kwh=(2, 3)),
        host("10.0.5.1", [talk(at(17), at(17), *btc)], grade="suspected", stage="greeted"),
        host("10.0.5.2", [talk(at(17), at(17), *btc)], role="pool"),
        host("10.0.5.3", [talk(at(17), at(17), *btc)], role="target", grade="noted"),
    ]  # fmt: skip
    events = [event for one in hosts for event in one]
    for event in events:
        if event.get("host") == "10.0.3.2":
            event["shares"] |= {"accepted": 3, "submitted": 4}
    return [*events, stats(at(5), at(18))]


def write_eve(path: Path, events: list[Event]) -> Path:
    """The events as a file of lines."""
    lines = [json.dumps(event, ensure_ascii=False) for event in events]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def statistics_of(folder: Path, events: list[Event], **wishes: Any) -> Statistics:
    """The statistics of some events, through a file."""
    path = write_eve(folder / "made.eve", events)
    complaints: list[str] = []
    read = read_events([path], None, Limits(), complaints.append)
    assert not complaints
    factors = wishes.get("factors")
    sets = FactorSets(Figures(load_rows(()).figures), (factors,) if factors else ())
    limits = wishes.pop("limits", Limits())
    return make_statistics(read, Wishes(**wishes), sets, limits)


def table_of(statistics: Statistics, by: By) -> Table:
    [table] = [table for table in statistics.tables if table.by is by]
    return table


HOSTILE = (
    '=HYPERLINK("http://evil.test")',
    "@SUM(A1)",
    "-2+3",
    "<script>alert(1)</script>",
    '"><img src=http://evil.test/x onerror=alert(1)>',
    "&lt;b&gt; ' \" `",
    "\u202eevil\u0007\x1b[31m",
    "{name} %s {0}",
    "http://evil.test/",
    "a" * 300,
    "中" * 120,
)


def many(count: int = 120) -> list[Event]:
    """Many hosts of many units over half a year, in which for some weeks nothing was captured."""
    coins = [("BTC", "SHA-256d", 1e13), ("XMR", "RandomX", 4e3), ("LTC", "Scrypt", 5e9)]
    coins += [("ETC", "Etchash", 3e8), ("RVN", "KawPow", 2e7), ("KAS", "kHeavyHash", 1e12)]
    pools = ["F2Pool", "Nanopool", "AntPool", None, "2Miners", "ViaBTC"]
    units = [(f"{place}省", f"{place}{what}") for place in "苏浙皖闽赣" for what in _WHAT]
    dialects = ["stratum-v1", "cryptonote", "eth-proxy", "stratum-v2"]
    events: list[Event] = []
    for number in range(count):
        coin, algorithm, rate = coins[number * number % len(coins)]
        month, day = 1 + number % 6, 1 + number * 7 % 27
        if month == 3:
            day = 28  # for most of March nothing was captured
        more = (pools[number % 6], dialects[number % 4], (number, number + 3))
        talks = [talk(at(day, 1, month), at(day, 20, month), coin, *more)]
        known = number % 5 != 0
        scale = 1 + number % 9
        events += host(
            f"10.7.{number // 200}.{number % 200 + 1}",
            talks,
            unit=units[number * 11 % len(units)] if number % 17 else (),
            kind=["高校", "企业", "机关", "医院"][number % 4],
            rigs=(scale, scale + number % 3 if number % 13 else None),
            rate=(algorithm, rate * scale * 0.8, rate * scale, rate * scale * 1.3),
            kwh=(scale * 20.0, scale * 33.0) if known else None,
            asked=not known,
        )
    return [*events, stats(at(1), at(4, 0, 3)), stats(at(26, 0, 3), at(28, 0, 6))]


_WHAT = ("州大学信息科学与技术学院", "市第一人民医院", "科技有限公司", "县财政局")


def hostile() -> list[Event]:
    """Every text that comes from others is one that tries something."""
    events: list[Event] = []
    for number, text in enumerate(HOSTILE):
        events += host(
            f"10.8.0.{number + 1}",
            [talk(at(5), at(5, 1), text, text, text, (1, 1))],
            unit=(text, text + "2"),
            kind=text,
            rate=(text, 1.0, 2.0, 3.0),
            kwh=(1.0, 2.0),
        )
    return [*events, stats(at(5), at(6))]
