"""CryptoNote (Monero and kin) login, job, submit over JSON lines (D19), with the extensions
of xmrig and MoneroOcean (D20): algorithms to choose from, keepalives, other coins' work.

`login`, `job` and `submit` are words of many protocols; the needles ask for the members
only miners and pools put beside them.
Sources: recorded sessions (nesfit xmr-*, ntop/nDPI mining, jsiwek/zeek-cryptomining
coinhive-stratum); xmrig/xmrig-proxy doc/STRATUM.md, doc/STRATUM_EXT.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    height_at,
    is_error,
    is_yes,
    named_params,
    result_of,
    share_event,
    target_difficulty,
    text_at,
)
from poolwatch.match.dialects.password import password_options
from poolwatch.match.message import Message

# Members of a login that are no part of the plain protocol, and say which extension is meant.
_ASKED = ("algo", "algo-perf", "rigid", "nicehash")
_EXTENSIONS = frozenset((*_ASKED, "keepalive", "connect", "tls"))


class CryptoNote:
    """Login answered with a job, jobs pushed, shares submitted by session id."""

    openings = frozenset({"login", "getjob"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Requests of the miner, jobs pushed by the pool."""
        named = named_params(message)
        if method == "login":
            login = text_at([named.get("login")], 0)
            agent = text_at([named.get("agent")], 0)
            asked = [name for name in _ASKED if name in named] or None
            options = password_options(named.get("pass"))
            yield Event(
                Act.GREETING, facts(login=login, agent=agent, extensions=asked, options=options)
            )
        elif method == "submit":
            job, nonce = named.get("job_id"), text_at([named.get("nonce")], 0)
            yield Event(Act.SUBMIT, facts(job=job, nonce=nonce))
        elif method == "keepalived":
            yield Event(Act.DETAIL, facts(extensions=["keepalive"]))
        elif method == "job":
            yield _job(named)
        else:
            yield Event(Act.DETAIL)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A job, or yes or no to a share."""
        body = message.body
        result = result_of(body)
        job = result.get("job") if isinstance(result, dict) else None
        granted = _granted(result)
        if granted:
            yield Event(Act.DETAIL, facts(extensions=granted))
        if request.method == "submit":
            yield share_event(body)
        elif is_error(body):
            yield Event(Act.REFUSAL if request.opening else Act.DETAIL)
        elif isinstance(job, dict) and job.get("blob"):
            if request.method == "login":
                yield Event(Act.AUTHORIZED, facts(session_id=text_at([result.get("id")], 0)))
            yield _job(job)
        elif isinstance(result, dict) and result.get("blob"):  # getjob; empty when nothing is new
            yield _job(result)
        elif request.method == "login" and _is_other_work(result):
            # From here on the pool hands out another family's work over this connection.
            yield Event(
                Act.AUTHORIZED, facts(algorithm=text_at([result.get("algo")], 0), speaks="stratum")
            )
        elif request.method == "login" and is_yes(body):
            yield Event(Act.AUTHORIZED)
        else:
            yield Event(Act.DETAIL)

    def shown(self, message: Message) -> Iterable[Event]:
        """A login's answer whose request was not seen."""
        result = result_of(message.body)
        job = result.get("job") if isinstance(result, dict) else None
        yield _job(job if isinstance(job, dict) else {})


def _granted(result: Any) -> list[str] | None:
    """The extensions a pool lists in its answer to a login."""
    listed = result.get("extensions") if isinstance(result, dict) else None
    names = listed if isinstance(listed, list) else []
    return [name for name in names if isinstance(name, str) and name in _EXTENSIONS] or None


def _is_other_work(result: Any) -> bool:
    """Whether a login was taken for KawPow or GhostRider, whose work comes as in Stratum."""
    return (
        isinstance(result, dict)
        and isinstance(result.get("extra_nonce"), str)
        and isinstance(result.get("algo"), str)
    )


def _job(job: dict[str, Any]) -> Event:
    target = job.get("target")
    algorithm = job.get("algo")
    return Event(
        Act.JOB,
        facts(
            hashes=_expected(target, algorithm) if isinstance(target, str) else None,
            job=job.get("job_id"),
            height=height_at(job.get("height")),
            algorithm=algorithm if isinstance(algorithm, str) else None,
        ),
    )


def _expected(target: str, algorithm: Any) -> float | None:
    """Hashes a share stands for: 2**32 / t or 2**64 / t, t little-endian.

    Only `rx/yada` writes its target as a plain number (xmrig src/base/net/stratum/Job.cpp).
    """
    if algorithm == "rx/yada":
        return target_difficulty(target, 64)
    if len(target) not in (8, 16):
        return None
    try:
        value = int.from_bytes(bytes.fromhex(target), "little")
    except ValueError:
        return None
    return float((1 << 4 * len(target)) // value) if value else None


DIALECT = CryptoNote()
