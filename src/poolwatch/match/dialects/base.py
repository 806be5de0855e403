"""What a dialect says about messages, and the habits JSON-RPC dialects share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from poolwatch.match.message import Message


class Act(Enum):
    """What a message does in a mining conversation."""

    TUNNEL = "tunnel"  # a proxy was asked for a way to the pool
    UPGRADE = "upgrade"  # the connection was asked to become a WebSocket
    GREETING = "greeting"  # the miner's opening
    WELCOME = "welcome"  # the server took an opening that is no step of its own
    SUBSCRIBED = "subscribed"  # the server took a subscription
    AUTHORIZED = "authorized"  # the server took a login
    JOB = "job"  # work was handed out
    SUBMIT = "submit"  # a share was sent
    ACCEPT = "accept"  # a share was accepted
    REJECT = "reject"  # a share was not accepted
    REFUSAL = "refusal"  # an opening or a request for work was answered with an error
    DETAIL = "detail"  # belongs to it, changes nothing; may carry facts


class Event(NamedTuple):
    """One act, with what the message says besides.

    Facts of who speaks: `agent`, `login`, `named_host`, `algorithm`, `extensions`, `speaks`,
    `session_id` (the pool's name for the connection), `login_bytes` (of one that is encrypted).
    Facts of what is counted (`poolwatch.match.accounting`):

    | fact | on | is |
    |---|---|---|
    | `difficulty` | JOB, DETAIL | the raw number on the wire |
    | `hashes` | JOB, DETAIL | expected hashes a share: a number, or (low, high) |
    | `unit` | JOB | hashes a share at difficulty 1, should one have been set as a bare number |
    | `bound` | JOB | hashes a share at difficulty 1, of which a number set before is a divisor |
    | `job` | JOB, SUBMIT | the id of the job as text; on ACCEPT, REJECT if no request is answered |
    | `height`, `nbits` | JOB | of the block: an integer, 8 hex digits |
    | `worker` | SUBMIT, DETAIL | who of several sent a share, or a report |
    | `nonce` | SUBMIT | hex digits, where its last byte may belong to a proxy |
    | `reject` | REJECT | `stale`, `duplicate`, `low` or `other` |
    | `answers` | ACCEPT, REJECT | the id of the request, if the answer is a call of its own |
    | `reported` | any | H/s as the miner says it |

    On a JOB `hashes` are that job's own; on a DETAIL they, or `difficulty`, hold from the next
    job on. Give `hashes` wherever the dialect alone decides them; `difficulty` without them
    is counted by the algorithm, once that is known.
    """

    act: Act
    facts: Mapping[str, Any] = MappingProxyType({})


class Request(NamedTuple):
    """A request that waits for its answer."""

    key: Any  # the JSON-RPC id
    method: str  # lower case; empty for an HTTP request whose body is not known
    dialect: str
    opening: bool  # an error answer to it is a refusal
    submits: bool  # it sends a share
    over_http: bool
    share: Any = None  # what accounting keeps of the share it sends


class Dialect(Protocol):
    """The reading of one dialect; it keeps no state of its own.

    `openings`: the methods whose error answers are refusals.
    """

    openings: frozenset[str]

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """A message with a method, from either side."""
        ...

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """The answer to a request of this dialect."""
        ...

    def shown(self, message: Message) -> Iterable[Event]:
        """A message known by its form alone: a push without method, or an orphan answer."""
        ...


_COMPACT = re.compile(r"[0-9a-fA-F]{8}")
_EASIEST = 2.0**48 / 0xFFFF  # expected hashes of a block of difficulty 1
_HEX_NUMBER = re.compile(r"[0-9a-f]{1,16}\Z")


def result_of(body: Any) -> Any:
    """The result member of an answer, None if there is none."""
    return body.get("result") if isinstance(body, dict) else None


def is_error(body: Any) -> bool:
    """Whether an answer says no: an error that is not null, or `result: false`."""
    if not isinstance(body, dict):
        return True
    error = body.get("error")
    if error not in (None, False, "", [], {}):
        return True
    result = body.get("result")
    if isinstance(result, dict):
        status = str(result.get("status", "")).upper()
        return bool(result.get("error")) or status in ("ERR", "ERROR", "FAIL", "FAILED")
    return result is False or (isinstance(result, list) and result[:1] == [False])


def is_yes(body: Any) -> bool:
    """Whether an answer is a plain yes, in one of the forms pools give it.

    true, "true", "ok", a list of one of them, an object with status OK. Any other text or
    object says something else.
    """
    if not isinstance(body, dict) or is_error(body):
        return False
    result = body.get("result")
    if isinstance(result, list) and len(result) == 1:
        result = result[0]
    if isinstance(result, dict):
        return str(result.get("status", "")).upper() in ("OK", "KEEPALIVED")
    return result is True or (isinstance(result, str) and result.lower() in ("true", "ok"))


def is_no(body: Any) -> bool:
    """Whether an answer refuses: an error, or a result that is null."""
    return is_error(body) or ("result" in body and body["result"] is None)


def share_act(body: Any) -> Act:
    """What became of a share: an answer that is neither yes nor no says nothing."""
    if is_yes(body):
        return Act.ACCEPT
    return Act.REJECT if is_no(body) else Act.DETAIL


ACCEPTED = Event(Act.ACCEPT)
"""A share was accepted, and nothing else was said."""


def share_event(body: Any) -> Event:
    """What became of a share, and of a rejected one why."""
    if isinstance(body, dict) and body.get("result") is True and body.get("error") is None:
        return ACCEPTED  # the commonest by far
    act = share_act(body)
    return Event(act, {"reject": reject_kind(body)} if act is Act.REJECT else {})


_SAID = 8  # members of an error that are read
_SAID_CHARS = 256
_REJECTS = {21: "stale", 22: "duplicate", 23: "low"}
_REJECT_WORDS = (
    ("duplicate", ("duplicate",)),
    ("low", ("low diff", "above target", "low share", "difficulty too low")),
    ("stale", ("stale", "job not found", "invalid job", "unknown job", "expired", "not found")),
)


def reject_kind(body: Any) -> str:
    """Why a share was rejected: by Stratum's code, else by the words pools use."""
    error = body.get("error") if isinstance(body, dict) else None
    result = body.get("result") if isinstance(body, dict) else None
    said = [error, body.get("reject-reason") if isinstance(body, dict) else None]
    for part in (error, result):
        if isinstance(part, dict):
            said += part.values()
        elif isinstance(part, list):
            said += part
    for value in said[:_SAID]:
        if isinstance(value, int) and not isinstance(value, bool) and value in _REJECTS:
            return _REJECTS[value]
    text = " ".join(value[:_SAID_CHARS].lower() for value in said[:_SAID] if isinstance(value, str))
    for kind, words in _REJECT_WORDS:
        if any(word in text for word in words):
            return kind
    return "other"


def params_of(message: Message) -> list[Any]:
    """The positional parameters of a message, empty when it has none."""
    body = message.body
    params = body.get("params") if isinstance(body, dict) else None
    return params if isinstance(params, list) else []


def named_params(message: Message) -> dict[str, Any]:
    """The named parameters of a message, empty when it has none."""
    body = message.body
    params = body.get("params") if isinstance(body, dict) else None
    return params if isinstance(params, dict) else {}


def text_at(params: list[Any], index: int) -> str | None:
    """A non-empty text among positional parameters."""
    value = params[index] if index < len(params) else None
    return value if isinstance(value, str) and value else None


def number_at(params: list[Any], index: int) -> float | None:
    """A finite, positive number among positional parameters."""
    value = params[index] if index < len(params) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def hex_at(params: list[Any], index: int) -> float | None:
    """A positive number in hexadecimal digits, with or without `0x`, of at most 64 bits."""
    text = text_at(params, index)
    digits = text.lower().removeprefix("0x") if text else ""
    if not _HEX_NUMBER.match(digits):
        return None
    return float(int(digits, 16)) or None


def height_at(value: Any) -> int | None:
    """The height of a block, where a value can be one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < 1 << 40 else None


def target_at(params: list[Any], index: int) -> float | None:
    """Expected hashes per share for the big-endian target among positional parameters."""
    target = text_at(params, index)
    return target_difficulty(target) if target else None


def target_difficulty(target: str, bits: int = 256) -> float | None:
    """Expected hashes per share for a big-endian hexadecimal target: 2**bits / target."""
    digits = target.removeprefix("0x").removeprefix("0X")
    try:
        value = int(digits, 16)
    except ValueError:
        return None
    if not 0 < value < 1 << bits or len(digits) > bits // 4:
        return None
    return float((1 << bits) // value)


def network_difficulty(nbits: Any) -> float | None:
    """How many times harder than Bitcoin's easiest a target in compact form (8 hex digits) is."""
    if not isinstance(nbits, str) or not _COMPACT.fullmatch(nbits):
        return None
    size, digits = int(nbits[:2], 16), int(nbits[2:], 16)
    if not 0 < digits < 1 << 23 or not 3 <= size <= 32:  # beyond are no targets
        return None
    return 0xFFFF * 2.0 ** (8 * (0x1D - size)) / digits


def block_work(nbits: Any) -> float | None:
    """Expected hashes of a block with such a target."""
    difficulty = network_difficulty(nbits)
    return difficulty * _EASIEST if difficulty else None


def item_at(params: list[Any], index: int) -> Any:
    """One of positional parameters, whatever it is; None when there are fewer."""
    return params[index] if index < len(params) else None


def name_of(value: Any) -> str | None:
    """A name, of a job or a worker, that some write as text and some as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if -(1 << 64) < value < 1 << 64 else None
    return value if isinstance(value, str) and value else None


def facts(**values: Any) -> dict[str, Any]:
    """The facts that are known."""
    return {name: value for name, value in values.items() if value is not None}
