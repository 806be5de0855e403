"""A hundred thousand names of honest hosts, made by rule of popular words and of listed names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from poolwatch.catalog import Catalog

COUNT = 100_000


def words(text: str) -> list[str]:
    return text.split()


FIRST = words(
    "pool pools poolside swimming billiard car motor carpool whirl liver talent tide data db "
    "connection thread worker mine mines miner mines-rescue mining mineral minerals minecraft "
    "gold copper coal data-mining text process-mining image coin coins coin-laundry collect "
    "hash hashing hashtag rehash crypto cryptography currency exchange wallet block blocks "
    "chain supply bit bits byte stratum strata geology proxy xmas xml monitor eth ether "
    "ethernet zec rig rigs drilling nano nanotech antelope viaduct fish slush braid ocean luxor "
    "school library hospital museum railway weather news sport travel bank post mail shop"
)
SECOND = words(
    "service services online shop store supply club house hotel resort garden world life "
    "tech lab labs research institute university academy school forum blog wiki news times "
    "media studio works group team network cloud host hosting systems solutions design "
    "builders repair rental party association museum review guide info center express"
)
JOINTS = ("", "-")
TLDS = words(
    "com org net cn com.cn edu.cn gov.cn org.cn edu ac.uk co.uk de fr jp co.jp kr ru io info "
    "eu us ca com.au co.nz in nl se no fi pl cz it es pt br"
)
HOSTS = ("", "www.", "pool.", "mail.", "stratum.", "xmr.", "eu1.")

ODD = (
    "pool.ntp.org",
    "0.pool.ntp.org",
    "2.cn.pool.ntp.org",
    "debian.pool.ntp.org",
    "cn.ntp.org.cn",
    "ntppool.org",
    "mypool.example",
    "minerals.com",
    "mineralsminers.org",
    "miner.com",
    "pool.com",
    "coin-operated.laundry.example",
    "liverpool.gov.uk",
    "blackpool.ac.uk",
    "minexmr.com.evil.example",
    "nanopool.org.cdn.example",
    "xn--pool-9d0a.example",
    "bitcoin.org",
    "getmonero.org",
    "ethereum.org",
    "coinbase.com",
    "binance.com",
    "okx.com",
    "huobi.com",
    "metamask.io",
    "electrum.org",
    "github.io",
    "mooo.com",
    "amazonaws.com",
    "cloudflare.com",
    "baidu.com",
    "taobao.com",
    "localhost",
    "com",
)


def plain_names() -> Iterator[str]:
    """Word and word, below hosts and top-level domains; the joint, not chance, varies them."""
    pairs = [
        f"{one}{joint}{two}" for one in FIRST for two in SECOND for joint in JOINTS if one != two
    ]
    ends = itertools.cycle(itertools.product(HOSTS, TLDS))
    for turn in itertools.count():
        for pair in pairs:
            host, tld = next(ends)
            yield f"{host}{pair}{turn or ''}.{tld}"


def near_names(catalog: Catalog) -> Iterator[str]:
    """Names that end or begin as a listed one does, but not at the boundary of a label."""
    for suffix in (name for name in catalog.pools if name.count(".") == 1):
        glued = [name for name in (f"my{suffix}", f"the{suffix}") if name not in catalog.pools]
        yield from (*glued, *(f"eu1.{name}" for name in glued))
        yield from (f"{suffix}.evil.example", f"{suffix}x", f"not-{suffix}")


def benign_names(catalog: Catalog) -> list[str]:
    """All of them, the same ones every time, none twice."""
    made = itertools.chain(ODD, near_names(catalog), plain_names())
    unlike = dict.fromkeys(itertools.islice(made, 2 * COUNT))
    return list(itertools.islice(unlike, COUNT))
