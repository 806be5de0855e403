"""From a hit to a session: grade, role, pool, coin. Pure functions of hit and catalogue.

A grade says how sure we are of the conversation, a stage how far it got; neither is ever
raised by a port number, a word, or an address without a date.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

import communityid

from poolwatch.aggregate.places import Inside, address_text
from poolwatch.match.dialects import ROWS
from poolwatch.terms import (
    Capture,
    Endpoint,
    Grade,
    Hit,
    Role,
    Session,
    Strength,
)

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.catalog.rows import EndpointRow, PoolRow

_ALONE = 2  # messages of a pool from which on they stand by themselves, mid-stream
_WEB_PORTS = (80, 443)
_SEPARATORS = re.compile(r"[.+/@:;,_]")
_community = communityid.CommunityID()


class Judge:
    """Turns hits into sessions."""

    def __init__(self, catalog: Catalog, inside: Inside, sensor: str) -> None:
        self._catalog = catalog
        self._inside = inside
        self._sensor = sensor

    def judge(self, hit: Hit, capture: Capture) -> Session | None:
        """The session of a hit, None when nothing in it is worth a line."""
        endpoint = self._endpoint(hit)
        agent = self._catalog.find_agent(hit.agent) if hit.agent else None
        miner_strength = hit.strength[0]
        signatures = list(hit.signatures)
        if agent is not None and agent.device != "monitor" and miner_strength is not None:
            miner_strength = Strength.SAFE
            signatures.append(f"agent:{agent.prefix}")
        if miner_strength is not None and self._login_marks(hit):
            miner_strength = Strength.SAFE
            signatures.append("login:wallet")
        grade = grade_of(hit, miner_strength)
        if grade is not None and _is_unasked(hit):
            grade = Grade.NOTED
        if endpoint is not None:
            signatures.append(f"endpoint:{endpoint.address}:{endpoint.port}")
            grade = _at_least(grade, _listed_grade(hit, endpoint))
        way = self._catalog.find_pool(hit.named_host) if hit.tunnel and hit.named_host else None
        if way is not None:
            grade = _at_least(grade, _way_grade(hit, way))
        grade = _as_proven(grade, hit.dialect)
        if grade is None:
            return None
        pool = self._named_pool(hit)
        if pool is not None:
            signatures.append(f"pool:{pool.suffix}")
        hit.signatures = tuple(signatures)
        side = hit.miner_side
        if side is None:
            side = 1 - self._listed_side(hit) if endpoint else hit.initiator
        ends = _ends(hit)
        return self._session(hit, capture, grade, ends[side], ends[1 - side], endpoint)

    def _session(
        self,
        hit: Hit,
        capture: Capture,
        grade: Grade,
        miner: Endpoint,
        pool_end: Endpoint,
        endpoint: EndpointRow | None,
    ) -> Session:
        miner_inside = self._inside.holds(miner.address)
        pool_inside = self._inside.holds(pool_end.address)
        role, host = Role.MINER, miner.address
        if pool_inside and not miner_inside:
            host = pool_end.address
            role = Role.POOL if _serves(hit) else Role.TARGET
        elif _is_unasked(hit):
            role = Role.TARGET
        if role is Role.TARGET:
            grade = Grade.NOTED
        pool, coin, basis = self._pool_and_coin(hit, endpoint)
        accounts = [self._split_login(login) for login in hit.logins]
        return Session(
            capture=capture,
            sensor=self._sensor,
            hit=hit,
            flow_id=flow_id(capture.id, hit) if capture.id else None,
            community_id=_community_id(hit, miner, pool_end),
            miner=miner,
            pool_end=pool_end,
            grade=grade,
            role=role,
            host=host,
            inside=miner_inside or pool_inside,
            pool_inside=pool_inside,
            pool=pool,
            coin=coin,
            coin_basis=basis,
            wallets=_known(wallet for wallet, _ in accounts),
            workers=_known(worker for _, worker in accounts),
        )

    def _endpoint(self, hit: Hit) -> EndpointRow | None:
        """The listed endpoint of a hit, if its dates cover the packets."""
        if hit.endpoint < 0:
            return None
        row = self._catalog.endpoints[hit.endpoint]
        seconds = hit.first_ns // 1_000_000_000
        day = (
            datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=seconds)
        ).date()
        return row if row.seen_from <= day <= row.seen_until else None

    def _listed_side(self, hit: Hit) -> int:
        row = self._catalog.endpoints[hit.endpoint]
        a_end = _ends(hit)[0]
        return 0 if a_end.address == row.address and row.port in (0, a_end.port) else 1

    def _login_marks(self, hit: Hit) -> bool:
        dialect = hit.dialect
        return dialect is not None and any(
            self._catalog.is_mining_login(login, dialect) for login in hit.logins
        )

    def _named_pool(self, hit: Hit) -> PoolRow | None:
        return self._catalog.find_pool(hit.named_host) if hit.named_host else None

    def _pool_and_coin(
        self, hit: Hit, endpoint: EndpointRow | None
    ) -> tuple[str | None, str | None, str | None]:
        """Pool and coin, each only where a listed name or endpoint says so."""
        named = self._named_pool(hit)
        if named is not None:
            coins = named.coins.split()
            return named.pool, *(_single(coins, "pool_name"))
        if endpoint is not None:
            return endpoint.pool, *(_single(endpoint.coins.split(), "pool_endpoint"))
        return None, None, None

    def _split_login(self, login: str) -> tuple[str | None, str | None]:
        """Wallet (only a distinctive address) and worker of a login."""
        wallet = self._catalog.find_wallet(login)
        rest = login[len(wallet) :] if wallet else login
        parts = _SEPARATORS.split(rest, maxsplit=1) if wallet else rest.split(".", 1)
        worker = parts[1] if len(parts) > 1 and parts[1] else None
        return wallet, worker


def grade_of(hit: Hit, miner: Strength | None) -> Grade | None:
    """The grade the conversation itself gives (the contract's rules, in its order)."""
    pool = hit.strength[1]
    if hit.contradictory:
        return None
    if miner is None and not hit.opened and hit.said[1] < _ALONE:
        # One packet, that anybody may have sent under any address.
        return Grade.SUSPECTED if Strength.SAFE in hit.strength else None
    safe = Strength.SAFE in (miner, pool)
    if not safe:
        if Strength.BARE in (miner, pool):
            return Grade.SUSPECTED
        return None
    answered_share = hit.shares.accepted + hit.shares.rejected > 0
    mid_stream = hit.shares.submitted > 0 and (hit.jobs > 0 or answered_share)
    both = miner is not None and hit.answered and (hit.greeted or mid_stream)
    return Grade.CONFIRMED if both else Grade.PROBABLE


def _is_unasked(hit: Hit) -> bool:
    """Whether only a pool's words were said, by the end that opened the connection.

    Whoever was called up so has said nothing: it is no miner.
    """
    if hit.miner_side is None or hit.strength[0] is not None or not hit.opened:
        return False
    return hit.initiator != hit.miner_side


def _serves(hit: Hit) -> bool:
    """Whether an inside server answered as a pool does; a bare yes is anybody's."""
    return hit.answered and hit.strength[1] is Strength.SAFE


def _known(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _listed_grade(hit: Hit, endpoint: EndpointRow) -> Grade:
    """What a listed address:port alone is worth: payload both ways, or a mere attempt."""
    if endpoint.use == "stratum" and not endpoint.nursery and all(hit.payload):
        return Grade.SUSPECTED
    return Grade.NOTED


def _way_grade(hit: Hit, pool: PoolRow) -> Grade:
    """What a proxy's way to a listed name alone is worth: like an address, by what lives there."""
    port = hit.tunnel.port if hit.tunnel else 0
    stratum = pool.use == "stratum" or (pool.use == "any" and port not in _WEB_PORTS)
    return Grade.SUSPECTED if stratum and all(hit.payload) else Grade.NOTED


def _at_least(grade: Grade | None, floor: Grade) -> Grade:
    return floor if grade is None else max(grade, floor)


def _as_proven(grade: Grade | None, dialect: str | None) -> Grade | None:
    """At most probable in a dialect nobody has recorded, and no document specifies."""
    row = ROWS.get(dialect) if dialect else None
    if grade is None or row is None or row.proof != "assembled":
        return grade
    return min(grade, Grade.PROBABLE)


def _single(coins: list[str], basis: str) -> tuple[str | None, str | None]:
    return (coins[0], basis) if len(coins) == 1 else (None, None)


def _ends(hit: Hit) -> tuple[Endpoint, Endpoint]:
    key = hit.key
    return (
        Endpoint(address_text(key.version, key.a_address), key.a_port),
        Endpoint(address_text(key.version, key.b_address), key.b_port),
    )


def flow_id(capture_id: str, hit: Hit) -> int:
    """63-bit identity of a flow: capture, both ends, outer tags, first packet."""
    key = hit.key
    packed = struct.pack(
        ">BB16sH16sHQQ",
        key.version,
        key.protocol,
        key.a_address.to_bytes(16, "big"),
        key.a_port,
        key.b_address.to_bytes(16, "big"),
        key.b_port,
        key.tags,
        hit.first_packet,
    )
    digest = hashlib.blake2b(capture_id.encode() + packed, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _community_id(hit: Hit, miner: Endpoint, pool: Endpoint) -> str:
    make = (
        communityid.FlowTuple.make_tcp if hit.key.protocol == 6 else communityid.FlowTuple.make_udp
    )
    text: str = _community.calc(make(miner.address, pool.address, miner.port, pool.port))
    return text
