"""BTC.com's BTCAgent (D07): many miners on one socket, binary frames between Stratum's lines.

A frame is 0x7F, a command, its own length (16 bits, little-endian), and the rest. The agent
registers each miner under a number of 16 bits; a share is never answered. Lengths are trusted
as the pool trusts them: what does not fit is passed over up to the next frame or line.
Sources: btccom/btcpool docs/AGENT.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, facts, named_params, text_at
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.framing import Frame, Unlike, call, text_of
from poolwatch.match.message import Message

_MARK = 0x7F
_HEAD = 4
_REGISTER, _SET_DIFFICULTY = 1, 5
_LONGEST = 520  # of a registration
_SHARES = {2: 15, 3: 19, 0x12: 19, 0x13: 23}  # without and with time; with version bits
_UNREGISTER = {4: 6}
_SIZES = _SHARES | _UNREGISTER
_EXPONENT = 64  # highest power of two that can be a difficulty


class _Framing:
    """Frames between lines."""

    mixed = True

    def opens(self, data: bytes) -> bool | None:
        """Whether a frame begins here."""
        if not data or data[0] != _MARK:
            return False
        if len(data) < _HEAD:
            return None if len(data) < 2 or _is_command(data[1]) else False
        return _fits(data[1], int.from_bytes(data[2:4], "little"))

    def read(self, data: bytes, final: bool) -> Frame | None:
        """One frame. At the end a registration may be shorter than it says: examples are."""
        if len(data) < _HEAD and not final:
            return None
        size = int.from_bytes(data[2:4], "little")
        if len(data) < _HEAD or not _fits(data[1], size):
            raise Unlike
        if len(data) < size and not final:
            return None
        return Frame(min(size, len(data)), _read(data[1], data[_HEAD:size]))


def _is_command(command: int) -> bool:
    return command in _SIZES or command in (_REGISTER, _SET_DIFFICULTY)


def _fits(command: int, size: int) -> bool:
    """Whether a frame with that command can be that long."""
    if command == _REGISTER:
        return 8 <= size <= _LONGEST
    if command == _SET_DIFFICULTY:
        return size >= 7 and size % 2 == 1
    return _SIZES.get(command) == size


def _read(command: int, body: bytes) -> dict[str, Any] | None:
    """What a frame says, None when it is cut."""
    if command == _REGISTER:
        agent, ended, rest = body[2:].partition(b"\0")
        worker, closed, _ = rest.partition(b"\0")
        if not ended or not closed:
            return None
        return call(
            "btcagent.register",
            session=_number(body[:2]),
            agent=text_of(agent),
            worker=text_of(worker),
        )
    if command == _SET_DIFFICULTY:
        if len(body) < 3 or len(body) != 3 + 2 * _number(body[1:3]):
            return None
        return call("btcagent.set_difficulty", exponent=body[0], sessions=_number(body[1:3]))
    if len(body) < _SIZES[command] - _HEAD:
        return None
    if command in _UNREGISTER:
        return call("btcagent.unregister", session=_number(body[:2]))
    return call(
        "btcagent.submit",
        job=str(body[0]),
        session=_number(body[1:3]),
        nonce=body[7:11][::-1].hex(),
    )


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


class BtcAgent(Stratum):
    """Stratum's messages, and frames of the agent's own."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Registrations name miners; a share names the one that found it."""
        named = named_params(message)
        if method == "btcagent.register":
            agent, worker = text_at([named.get("agent")], 0), text_at([named.get("worker")], 0)
            yield Event(Act.DETAIL, facts(login=worker, agent=agent))
        elif method == "btcagent.submit":
            yield Event(
                Act.SUBMIT,
                facts(
                    job=named.get("job"),
                    worker=f"#{named.get('session')}",
                    nonce=named.get("nonce"),
                ),
            )
        elif method == "btcagent.set_difficulty":
            yield Event(Act.DETAIL, facts(difficulty=_difficulty(named.get("exponent"))))
        elif method == "btcagent.unregister":
            yield Event(Act.DETAIL)
        else:
            yield from super().said(method, message)


def _difficulty(exponent: Any) -> float | None:
    return 2.0**exponent if isinstance(exponent, int) and exponent <= _EXPONENT else None


FRAMING = _Framing()
DIALECT = BtcAgent()
