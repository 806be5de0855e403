"""From a hit to a session: grade, role, pool, coin. Pure functions of hit and catalogue.

A grade says how sure we are of the conversation, a stage how far it got; neither is ever
raised by a port number, a word, or an address without a date.
"""

from __future__ import annotations

import hashlib
import ipaddress
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import communityid

from poolwatch.aggregate.fields import FieldReader, Fields, day_of
from poolwatch.aggregate.hashrates import (
    crowd_of,
    estimate_hashrate,
    seconds_of_work,
    worth_by_day,
    worth_in_hashes,
)
from poolwatch.aggregate.named import SERVICE_PORTS, WEB_PORTS, Named, weigh_names
from poolwatch.aggregate.places import Inside, address_text
from poolwatch.match.dialects import ROWS
from poolwatch.terms import (
    Capture,
    Endpoint,
    Grade,
    Hit,
    Quote,
    Role,
    Session,
    Stage,
    Strength,
)

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.catalog.rows import EndpointRow, PoolRow, PrefixRow

_ALONE = 2  # messages of a pool from which on they stand by themselves, mid-stream
_MOST_PROVEN = {"assembled": Grade.PROBABLE, "nursery": Grade.SUSPECTED}
_community = communityid.CommunityID()


class Judge:
    """Turns hits into sessions."""

    def __init__(self, catalog: Catalog, inside: Inside, sensor: str) -> None:
        self._catalog = catalog
        self._inside = inside
        self._sensor = sensor
        self._fields = FieldReader(catalog)
        self._nursery = {needle.id for needle in catalog.needles if needle.nursery}
        self._stratum_ports = {
            (row.pool, row.port)
            for row in catalog.endpoints
            if row.use == "stratum" and not row.nursery and row.port
        }

    def judge(self, hit: Hit, capture: Capture) -> Session | None:
        """The session of a hit, None when nothing in it is worth a line."""
        signatures = list(hit.signatures)
        grounds = _Grounds(weigh_names(hit, self._catalog), self._endpoint(hit), self._prefix(hit))
        grade = self._listed(hit, grounds, self._spoken(hit, signatures), signatures)
        grade = _as_proven(grade, hit.dialect)
        if grade is None:
            return None
        pool = self._named_pool(hit)
        if pool is not None:
            signatures.append(f"pool:{pool.suffix}")
        hit.signatures = tuple(dict.fromkeys(signatures))
        if grounds.named is not None:
            hit.quotes = (*_name_quotes(grounds.named), *hit.quotes)
        side, ends = self._miner_side(hit, grounds), _ends(hit)
        return self._session(hit, capture, grade, ends[side], ends[1 - side], grounds)

    def _spoken(self, hit: Hit, signatures: list[str]) -> Grade | None:
        """The grade of what was said; adds to `signatures` what else speaks for it."""
        strength = hit.strength[0]
        agent = self._fields.agent(hit)
        if agent is not None and agent.row.device != "monitor" and strength is not None:
            strength = Strength.SAFE
            signatures.append(f"agent:{agent.row.prefix}")
        if strength is not None and self._fields.marks(hit) and not _answered_otherwise(hit):
            strength = Strength.SAFE
            signatures.append("login:wallet")
        grade = grade_of(hit, strength)
        if grade is None:
            grade = self._in_nursery(hit)
        return Grade.NOTED if grade is not None and _is_unasked(hit) else grade

    def _in_nursery(self, hit: Hit) -> Grade | None:
        """What the nursery's needles are worth without full ones."""
        if hit.contradictory or self._nursery.isdisjoint(hit.signatures):
            return None
        return Grade.SUSPECTED if all(hit.said) else Grade.NOTED

    def _listed(
        self, hit: Hit, grounds: _Grounds, grade: Grade | None, signatures: list[str]
    ) -> Grade | None:
        """The grade with what is listed: address and port, a proxy's target, names, networks."""
        endpoint, named, prefix = grounds.endpoint, grounds.named, grounds.prefix
        if endpoint is not None:
            signatures.append(f"endpoint:{endpoint.address}:{endpoint.port}")
            grade = _at_least(grade, _listed_grade(hit, endpoint))
        way = self._catalog.find_pool(hit.named_host) if hit.tunnel and hit.named_host else None
        if way is not None:
            grade = _at_least(grade, _way_grade(hit, way))
        if named is not None:
            signatures += dict.fromkeys(f"{seen.via}:{seen.suffix}" for seen in named.names)
            grade = _at_least(grade, named.grade)
        if prefix is not None and (grade is not None or not prefix.shared):
            signatures.append(f"prefix:{prefix.network}")
            grade = _at_least(grade, self._prefix_grade(hit, prefix))
        return grade

    def _miner_side(self, hit: Hit, grounds: _Grounds) -> int:
        """Which end acts as miner: by what it said, else by what is listed."""
        if hit.miner_side is not None:
            return hit.miner_side
        if grounds.endpoint is not None:
            return 1 - self._listed_side(hit)
        if grounds.named is not None:
            return grounds.named.side
        return self._side_outside(hit, grounds.prefix)

    def _session(
        self,
        hit: Hit,
        capture: Capture,
        grade: Grade,
        miner: Endpoint,
        pool_end: Endpoint,
        grounds: _Grounds,
    ) -> Session:
        miner_inside = self._inside.holds(miner.address)
        pool_inside = self._inside.holds(pool_end.address)
        role, host = Role.MINER, miner.address
        if hit.stage is Stage.LOOKED_UP:  # whoever answers a lookup is no pool
            role = Role.RESOLVER if hit.asks_for_others else Role.MINER
            pool_inside = False
        elif pool_inside and not miner_inside:
            host = pool_end.address
            role = Role.POOL if _serves(hit) else Role.TARGET
        elif _is_unasked(hit):
            role = Role.TARGET
        if role is Role.TARGET:
            grade = Grade.NOTED
        named = self._named_pool(hit) or (grounds.named.pool if grounds.named else None)
        fields = self._fields.read(hit, named, (grounds.endpoint, grounds.prefix))
        worth, algorithm = worth_in_hashes(hit, fields.algorithm, self._catalog.difficulties)
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
            **_field_values(fields),
            worth=worth,
            worth_by=algorithm,
            hashrate=estimate_hashrate(worth, seconds_of_work(hit), algorithm),
            crowd=crowd_of(hit, fields.agent),
            days=worth_by_day(hit, algorithm, self._catalog.difficulties),
        )

    def _endpoint(self, hit: Hit) -> EndpointRow | None:
        """The listed endpoint of a hit, if its dates cover the packets."""
        if hit.endpoint < 0:
            return None
        row = self._catalog.endpoints[hit.endpoint]
        return row if row.seen_from <= day_of(hit.first_ns) <= row.seen_until else None

    def _prefix(self, hit: Hit) -> PrefixRow | None:
        """The listed network of a hit, if its dates cover the packets."""
        if hit.prefix < 0:
            return None
        row = self._catalog.prefixes[hit.prefix]
        return row if row.seen_from <= day_of(hit.first_ns) <= row.seen_until else None

    def _prefix_grade(self, hit: Hit, prefix: PrefixRow) -> Grade:
        """A network alone is `noted`; with a port at which that pool is listed, more."""
        side = self._side_outside(hit, prefix)
        port = hit.key.a_port if side else hit.key.b_port
        listed = (prefix.pool, port) in self._stratum_ports and prefix.use != "web"
        sure = listed and not prefix.nursery and not prefix.shared
        return Grade.SUSPECTED if sure and all(hit.payload) else Grade.NOTED

    def _side_outside(self, hit: Hit, prefix: PrefixRow | None) -> int:
        """The side that is not in the listed network; without one the side that began."""
        if prefix is None:
            return hit.initiator
        network = ipaddress.ip_network(prefix.network)
        return 0 if ipaddress.ip_address(_ends(hit)[1].address) in network else 1

    def _listed_side(self, hit: Hit) -> int:
        row = self._catalog.endpoints[hit.endpoint]
        a_end = _ends(hit)[0]
        return 0 if a_end.address == row.address and row.port in (0, a_end.port) else 1

    def _named_pool(self, hit: Hit) -> PoolRow | None:
        return self._catalog.find_pool(hit.named_host) if hit.named_host else None


class _Grounds(NamedTuple):
    """What the catalogue says about a flow beside its conversation."""

    named: Named | None
    endpoint: EndpointRow | None
    prefix: PrefixRow | None


def _name_quotes(named: Named) -> Iterator[Quote]:
    """The bytes in which the names stand, each once."""
    yield from dict.fromkeys(quote for seen in named.names for quote in seen.quotes)


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


def _answered_otherwise(hit: Hit) -> bool:
    """Whether the other side answered, seen whole, and neither as a pool does nor with a no.

    So does a service whose users log in with an address.
    """
    answers = hit.opened and all(hit.payload) and hit.said[1] > 0
    return answers and hit.strength[1] is None and not hit.answered and not hit.refused


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
    served = port >= SERVICE_PORTS and port not in WEB_PORTS
    stratum = pool.use == "stratum" or (pool.use == "any" and served)
    sure = stratum and not pool.nursery
    return Grade.SUSPECTED if sure and all(hit.payload) else Grade.NOTED


def _at_least(grade: Grade | None, floor: Grade) -> Grade:
    return floor if grade is None else max(grade, floor)


def _as_proven(grade: Grade | None, dialect: str | None) -> Grade | None:
    """At most probable in a dialect nobody has recorded, and no document specifies.

    At most suspected in one of the nursery.
    """
    row = ROWS.get(dialect) if dialect else None
    most = _MOST_PROVEN.get(row.proof) if row else None
    return grade if grade is None or most is None else min(grade, most)


def _field_values(fields: Fields) -> dict[str, Any]:
    """The fields as a session holds them."""
    logins, agent = fields.logins, fields.agent
    return {
        "pool": fields.pool,
        "pool_basis": fields.pool_basis,
        "coin": fields.coin.coin,
        "coin_basis": fields.coin.basis,
        "coins": fields.coin.candidates,
        "algorithm": fields.algorithm,
        "algorithm_basis": fields.algorithm_basis,
        "wallets": _known(login.wallet.text for login in logins if login.wallet),
        "wallet_check": fields.wallet_check,
        "accounts": _known(login.account for login in logins),
        "workers": _known(login.worker for login in logins),
        "mails": _known(login.mail for login in logins),
        "options": fields.options,
        "software": agent.row.software if agent else None,
        "software_version": agent.version if agent else None,
        "hardware_class": agent.row.device if agent and agent.row.device != "any" else None,
    }


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
