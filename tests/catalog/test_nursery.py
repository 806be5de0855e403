"""What one source alone says is listed, and never raised above noted."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from poolwatch.aggregate.judge import Judge
from poolwatch.aggregate.places import Inside
from poolwatch.catalog import load_catalog
from poolwatch.terms import Capture, FlowKey, Grade, Hit, Stage, Strength

HEADER = "address,port,pool,use,coins,seen_from,seen_until,sources,date,nursery"
DAY = int(datetime.datetime(2026, 1, 12, tzinfo=datetime.UTC).timestamp()) * 1_000_000_000


def hit(endpoint: int, **facts: object) -> Hit:
    key = FlowKey(4, 6, 0x0A000001, 40000, 0xC6336442, 3333, 0)
    return Hit(key, 1, DAY, DAY, 0, True, (True, True), endpoint=endpoint, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("nursery", "grade"), [("", Grade.SUSPECTED), ("true", Grade.NOTED)])
def test_nursery_endpoint_never_exceeds_noted(tmp_path: Path, nursery: str, grade: Grade) -> None:
    cells = f"198.51.100.66,3333,Own,stratum,BTC,2026-01-01,2026-01-31,test,2026-01-12,{nursery}"
    (tmp_path / "endpoints.csv").write_text(f"{HEADER}\n{cells}\n", "utf-8")
    catalog = load_catalog((tmp_path,))
    judge = Judge(catalog, Inside(), "test")
    session = judge.judge(hit(len(catalog.endpoints) - 1), Capture("x.pcap", "0" * 64))
    assert session is not None
    assert session.grade is grade
    assert session.hit.signatures == ("endpoint:198.51.100.66:3333",)


def test_the_row_that_named_a_pool_is_among_the_signatures() -> None:
    judge = Judge(load_catalog(), Inside(), "test")
    named = hit(
        -1,
        dialect="stratum-v1",
        miner_side=0,
        strength=(Strength.SAFE, None),
        stage=Stage.GREETED,
        greeted=True,
        named_host="eu1-zcash.flypool.org",
        signatures=("stratum-subscribe",),
    )
    session = judge.judge(named, Capture("x.pcap", "0" * 64))
    assert session is not None
    assert session.pool == "Flypool"
    assert session.hit.signatures == ("stratum-subscribe", "pool:eu1-zcash.flypool.org")
