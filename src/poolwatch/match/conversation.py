"""Both sides of one flow: requests paired with answers, dialects asked, a hit drawn up."""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from poolwatch.match.dialects import ROWS, get_dialect
from poolwatch.match.dialects.base import Act, Event, Request, is_error
from poolwatch.match.message import NOT_JSON, Head, Message, Tally
from poolwatch.terms import Hit, Quote, Speaker, Stage, Strength

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog, Needle
    from poolwatch.settings import Limits

_STAGES = {
    Act.GREETING: Stage.GREETED,
    Act.SUBSCRIBED: Stage.SUBSCRIBED,
    Act.AUTHORIZED: Stage.AUTHORIZED,
    Act.JOB: Stage.RECEIVING_WORK,
    Act.SUBMIT: Stage.SUBMITTING,
    Act.REJECT: Stage.SUBMITTING,
    Act.ACCEPT: Stage.MINING,
}
_ANSWERS = (Act.SUBSCRIBED, Act.AUTHORIZED, Act.JOB, Act.ACCEPT, Act.REJECT)
_WALLET_IN_URL = re.compile(r"0x[0-9a-fA-F]{40}(?:[@/.][\w.-]*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Conversation:
    """Messages of one flow in, facts out (`fill`)."""

    __slots__ = (
        "_agent",
        "_algorithm",
        "_answered",
        "_catalog",
        "_conflicts",
        "_dialect",
        "_difficulty",
        "_early",
        "_families",
        "_first_ns",
        "_first_packet",
        "_greeted",
        "_jobs",
        "_last_ns",
        "_limits",
        "_login",
        "_miner_side",
        "_named_host",
        "_quoted",
        "_quotes",
        "_rank",
        "_refused",
        "_shares",
        "_signatures",
        "_stage",
        "_strength",
        "_tally",
        "_waiting",
        "_web",
        "misses",
    )

    def __init__(self, catalog: Catalog, limits: Limits, tally: Tally) -> None:
        self._catalog = catalog
        self._limits = limits
        self._tally = tally
        self._waiting: tuple[deque[Request], deque[Request]] = (deque(), deque())
        self._web: tuple[Head | None, Head | None] = (None, None)  # newest HTTP heads
        self._dialect: str | None = None
        self._rank = -1
        self._families: set[str] = set()  # of dialects the miner itself spoke
        self._miner_side: int | None = None
        self._early: Message | None = None  # an HTTP error before anything was asked
        self._conflicts = 0
        self._strength: dict[Speaker, Strength] = {}
        self._stage = Stage.CONTACTED
        self._greeted = self._answered = self._refused = False
        self._jobs = 0
        self._shares = [0, 0, 0]  # submitted, accepted, rejected
        self._agent: str | None = None
        self._login: str | None = None
        self._named_host: str | None = None
        self._algorithm: str | None = None
        self._difficulty: float | None = None
        self._signatures: dict[str, None] = {}
        self._quotes: list[Quote] = []
        self._quoted: set[Act | str] = set()
        self._first_ns = self._last_ns = self._first_packet = 0
        self.misses = 0  # messages with nothing of mining in them

    @property
    def found(self) -> bool:
        """Whether anything of mining was recognised so far."""
        return bool(self._signatures)

    def read(self, message: Message) -> None:
        """Take one message of either side."""
        before = len(self._signatures), self._last_ns
        body = message.body
        if message.head is not None and body is None:
            self._read_head(message, message.head)
        elif body is NOT_JSON:
            self._read_non_json(message)
        elif isinstance(body, dict):
            method = body.get("method")
            if isinstance(method, str):
                self._read_call(method.lower(), message)
            else:
                self._read_answer(message)
        if before == (len(self._signatures), self._last_ns):
            self.misses += 1

    def fill(self, hit: Hit) -> None:
        """Write what was found into a hit."""
        hit.miner_side = self._miner_side
        hit.dialect = self._dialect
        hit.strength = (
            self._strength.get(Speaker.MINER),
            self._strength.get(Speaker.POOL),
        )
        hit.stage = self._stage
        hit.greeted, hit.answered, hit.refused = self._greeted, self._answered, self._refused
        hit.jobs = self._jobs
        hit.shares.submitted, hit.shares.accepted, hit.shares.rejected = self._shares
        hit.agent, hit.login, hit.named_host = self._agent, self._login, self._named_host
        hit.algorithm, hit.difficulty = self._algorithm, self._difficulty
        hit.signatures = tuple(self._signatures)
        hit.quotes = tuple(self._quotes)
        hit.seen_first_ns, hit.seen_last_ns = self._first_ns, self._last_ns
        hit.seen_first_packet = self._first_packet

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        self._quotes = [quote._replace(packet=quote.packet + packets) for quote in self._quotes]
        if self._first_packet:
            self._first_packet += packets

    def count_in(self, tally: Tally) -> None:
        """Count in another tally from now on."""
        self._tally = tally

    # -- reading -----------------------------------------------------------------

    def _read_call(self, method: str, message: Message) -> None:
        needles = self._catalog.needles_by_method.get(method, ())
        needle = self._fitting(needles, message)
        if needle is None:
            self._remember(Request(_key(message.body), method, "", False, None, False), message)
            return
        if not self._adopt(needle, message):
            return
        dialect = get_dialect(self._reader(needle.dialect))
        if message.head is not None and needle.speaker is Speaker.MINER:
            self._read_request_head(message.head)
        opening = method in dialect.openings
        request = Request(
            _key(message.body),
            method,
            needle.dialect,
            opening,
            message.body,
            message.head is not None,
        )
        self._remember(request, message)
        self._apply(dialect.said(method, message), message, needle.speaker, paired=False)

    def _read_answer(self, message: Message) -> None:
        request = self._match_request(message)
        if request is None:
            self._read_shape(message)
        elif request.dialect:
            self._settle(request, message)

    def _settle(self, request: Request, message: Message) -> None:
        """Read an answer whose request is known."""
        speaker = Speaker.POOL if self._is_pool(message.side) else Speaker.MINER
        needles = self._catalog.needles_by_answer.get(request.method, ())
        needle = self._fitting(needles, message)
        if needle is not None:
            self._adopt(needle, message)
        dialect = get_dialect(self._reader(request.dialect))
        self._apply(dialect.answered(request, message), message, speaker, paired=True)

    def _read_shape(self, message: Message) -> None:
        """An answer nobody asked for as far as we saw, or a push without a method."""
        needle = self._fitting(self._catalog.needles_by_shape, message)
        if needle is not None and self._adopt(needle, message):
            dialect = get_dialect(self._reader(needle.dialect))
            self._apply(dialect.shown(message), message, needle.speaker, paired=False)
            return
        request = self._match_opening(message) if self._is_pool(message.side) else None
        if request is not None and needle is None:
            self._settle(request, message)

    def _read_head(self, message: Message, head: Head) -> None:
        """An HTTP head: its mining headers, and a status that refuses."""
        heads = list(self._web)
        heads[message.side] = head
        self._web = (heads[0], heads[1])
        for name in head.headers or ():
            for needle in self._catalog.needles_by_header.get(name, ()):
                says_miner = needle.speaker is Speaker.MINER
                if says_miner == bool(head.method) and self._adopt(needle, message):
                    if says_miner:
                        self._read_request_head(head)
                        self._remember_post(head, needle.dialect, message)
                        event = Event(Act.GREETING)
                    else:
                        event = Event(Act.DETAIL)
                    self._apply([event], message, needle.speaker, paired=False)
        if head.status >= 400:
            if not self.found:
                self._early = message
            elif self._is_pool(message.side):
                self._refuse_oldest(message)

    def _read_request_head(self, head: Head) -> None:
        """What the head of a mining request says about the miner."""
        self._agent = self._agent or self._clean(head.header("user-agent"))
        self._named_host = self._named_host or self._clean(head.header("host").rsplit(":", 1)[0])
        login = _basic_login(head) or _login_in_url(head)
        self._login = self._login or self._clean(login)

    def _read_non_json(self, message: Message) -> None:
        """An HTTP body without JSON: no work, so a refusal if it answers an opening."""
        head = message.head
        if head is not None and head.status and self.found and self._is_pool(message.side):
            self._refuse_oldest(message)

    # -- requests and answers ----------------------------------------------------

    def _remember(self, request: Request, message: Message) -> None:
        waiting = self._waiting[message.side]
        # The head of this very POST was remembered before its body was known.
        if request.over_http and waiting and not waiting[-1].method:
            waiting.pop()
        if request.key is None and not request.over_http:
            return
        waiting.append(request)
        if len(waiting) > self._limits.open_requests:
            waiting.popleft()
            self._tally["requests_forgotten"] += 1

    def _remember_post(self, head: Head, dialect: str, message: Message) -> None:
        if head.method == "POST":
            self._remember(Request(None, "", dialect, True, None, True), message)

    def _match_request(self, message: Message) -> Request | None:
        """The request an answer belongs to: by id, errors without one by order."""
        waiting = self._waiting[1 - message.side]
        key = _key(message.body)
        for index, request in enumerate(waiting):
            if request.key == key and key is not None:
                del waiting[index]
                return request
        if waiting and key is None and is_error(message.body):
            return waiting.popleft()
        if waiting and message.head is not None and waiting[0].over_http:
            return waiting.popleft()
        return None

    def _match_opening(self, message: Message) -> Request | None:
        """The opening an answer with a foreign id belongs to: some pools count for themselves."""
        waiting = self._waiting[1 - message.side]
        for index, request in enumerate(waiting):
            if request.opening:
                del waiting[index]
                return request
        return None

    def _refuse_oldest(self, message: Message) -> None:
        """An error that names no request: the oldest opening that waits is refused."""
        if self._match_opening(message) is not None:
            self._apply([Event(Act.REFUSAL)], message, Speaker.POOL, paired=True)

    # -- keeping -----------------------------------------------------------------

    def _fitting(self, needles: tuple[Needle, ...], message: Message) -> Needle | None:
        """The needle that fits, of the dialect spoken so far if several do."""
        carrier = "lines" if message.head is None else "http"
        best: Needle | None = None
        for needle in needles:
            if needle.carrier not in ("", carrier) or not needle.fits(message.body):
                continue
            if needle.dialect == self._dialect:
                return needle
            best = best or needle
        return best

    def _adopt(self, needle: Needle, message: Message) -> bool:
        """Note a needle that fits; False when it contradicts what is known of the flow."""
        says_miner = needle.speaker is Speaker.MINER
        side = message.side if says_miner else 1 - message.side
        if self._miner_side is None:
            self._miner_side = side
        elif self._miner_side != side:
            self._conflicts += 1
            return False
        family = ROWS[needle.dialect].family
        if says_miner:
            self._families.add(family)
        elif self._families and family not in self._families:
            self._conflicts += 1  # work in a dialect the miner does not speak is none
            return False
        self._signatures[needle.id] = None
        if not needle.nursery:
            strongest = self._strength.get(needle.speaker, Strength.FORM)
            self._strength[needle.speaker] = max(strongest, needle.strength)
        if needle.rank > self._rank:
            self._rank = needle.rank
            self._dialect = needle.dialect
        return True

    def _reader(self, dialect: str) -> str:
        """Who reads a message of a dialect: the flow's own, if it is of the same family."""
        own = self._dialect
        return own if own and ROWS[own].family == ROWS[dialect].family else dialect

    def _is_pool(self, side: int) -> bool:
        return self._miner_side is not None and side != self._miner_side

    def _apply(self, events: Any, message: Message, speaker: Speaker, *, paired: bool) -> None:
        for event in events:
            act: Act = event.act
            self._stage = max(self._stage, _STAGES.get(act, Stage.CONTACTED))
            if act is Act.GREETING:
                self._greeted = True
            elif act is Act.REFUSAL:
                self._refused = True
            elif act is Act.JOB:
                self._jobs += 1
            elif act is Act.SUBMIT:
                self._shares[0] += 1
            elif act is Act.ACCEPT:
                self._shares[1] += 1
            elif act is Act.REJECT:
                self._shares[2] += 1
            if act in _ANSWERS:
                self._answered = True
                if paired and act is not Act.REJECT:
                    self._refused = False
            self._keep_facts(event.facts)
            self._quote(act, message, speaker)
        if self._early is not None and self._greeted and self._is_pool(self._early.side):
            early, self._early = self._early, None
            self._refuse_oldest(early)
        if not self._first_packet and message.spans:
            self._first_packet = message.spans[0].packet
            self._first_ns = message.ts_ns
        self._last_ns = max(self._last_ns, message.ts_ns)

    def _keep_facts(self, facts: Mapping[str, Any]) -> None:
        if not facts:
            return
        self._agent = self._agent or self._clean(facts.get("agent"))
        self._login = self._login or self._clean(facts.get("login"))
        self._named_host = self._named_host or self._clean(facts.get("named_host"))
        self._algorithm = self._algorithm or self._clean(facts.get("algorithm"))
        self._difficulty = facts.get("difficulty", self._difficulty)

    def _clean(self, text: str | None) -> str | None:
        """Text from the wire, made safe to print, bounded; None when nothing is left."""
        if not text:
            return None
        if len(text) > self._limits.text_chars:
            self._tally["texts_cut"] += 1
            text = text[: self._limits.text_chars]
        return text.encode("utf-8", "replace").decode("utf-8") or None

    def _quote(self, act: Act, message: Message, speaker: Speaker) -> None:
        """Quote the first message of each act, within the bound."""
        if act in self._quoted or not message.spans or act is Act.DETAIL:
            return
        self._quoted.add(act)
        if len(self._quotes) + len(message.spans) > 4 * self._limits.evidence_quotes:
            self._tally["quotes_left_out"] += 1
            return
        for index, quote in enumerate(self._quotes):
            if quote[:2] == message.spans[0][:2]:  # one message can be several steps
                self._quotes[index] = quote._replace(shows=f"{quote.shows} {act.value}")
                return
        chars = self._limits.quote_chars
        text = _CONTROL.sub(" ", message.data[: 4 * chars].decode("utf-8", "replace")).strip()
        for index, span in enumerate(message.spans):
            shown = text[:chars] if index == 0 else ""
            self._quotes.append(Quote(*span, speaker, shown, act.value))


def _key(body: Any) -> Any:
    """A JSON-RPC id in a form that can be compared; None when there is none."""
    key = body.get("id") if isinstance(body, dict) else None
    return key if isinstance(key, int | str) or key is None else str(key)[:64]


def _basic_login(head: Head) -> str:
    """The user of HTTP basic authentication; the password is never taken."""
    scheme, _, value = head.header("authorization").partition(" ")
    if scheme.lower() != "basic" or len(value) > 4096:
        return ""
    try:
        user = base64.b64decode(value, validate=True).partition(b":")[0]
    except (binascii.Error, ValueError):
        return ""
    return user.decode("utf-8", "replace")


def _login_in_url(head: Head) -> str:
    match = _WALLET_IN_URL.search(head.target)
    return match[0] if match else ""
