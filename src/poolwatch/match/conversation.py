"""Both sides of one flow: requests paired with answers, dialects asked, a hit drawn up."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from poolwatch.match.accounting import Accounting, Share
from poolwatch.match.dialects import ROWS, get_dialect
from poolwatch.match.dialects.base import ACCEPTED, Act, Event, Request, result_of
from poolwatch.match.message import NOT_JSON, UNREADABLE, Head, Message, Tally
from poolwatch.match.settled import Form, size_of
from poolwatch.match.websocket import upgrades
from poolwatch.terms import Hit, Quote, Speaker, Stage, Strength, Tunnel

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
# Members that lines of logs have beside what they quote: one of the first, or two of both.
_LOG_KEYS = frozenset(("@timestamp", "@version", "level", "severity", "logger", "loglevel"))
_TIME_KEYS = frozenset(
    ("timestamp", "ts", "time", "msg", "host", "hostname", "source", "peer", "src_ip", "dest_ip")
)
_STAMPS = frozenset(("timestamp", "ts", "msg"))  # one is enough beside a call
_GRANTS = (Act.WELCOME, Act.SUBSCRIBED, Act.AUTHORIZED, Act.JOB)
_ANSWERS = (*_GRANTS, Act.ACCEPT)
_OUTCOMES = (Act.ACCEPT, Act.REJECT)
# Which needles may fit a message, by how it came.
_CARRIERS = {
    "lines": ("", "lines"),
    "http": ("", "http"),
    "websocket": ("", "lines", "websocket"),
    "frames": ("frames",),
}
_PATH_LOGIN = re.compile(r"/(?:ws|getwork)/([\w:.-]{20,}(?:/[\w.-]+)?)")
_WALLET_IN_URL = re.compile(r"0x[0-9a-fA-F]{40}(?:[@/.][\w.-]*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Conversation:
    """Messages of one flow in, facts out (`fill`)."""

    __slots__ = (
        "_accounting",
        "_agent",
        "_algorithm",
        "_answered",
        "_bare",
        "_catalog",
        "_coinbase",
        "_dialect",
        "_difficulty",
        "_early",
        "_extensions",
        "_families",
        "_first_ns",
        "_first_packet",
        "_forms",
        "_greeted",
        "_height",
        "_jobs",
        "_last_ns",
        "_leads_to",
        "_limits",
        "_login_bytes",
        "_logins",
        "_miner_side",
        "_named_host",
        "_nbits",
        "_options",
        "_plain_accepts",
        "_quoted",
        "_quotes",
        "_rank",
        "_refused",
        "_said",
        "_session_id",
        "_signatures",
        "_stage",
        "_strength",
        "_tally",
        "_tunnel",
        "_upgrade",
        "_waiting",
        "_web",
        "calls",
        "misses",
        "packs",
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
        self._upgrade: Message | None = None  # the request that made it a WebSocket
        self._early: Message | None = None  # an HTTP error before anything was asked
        # By side: messages that belong there, and messages only the other end would say.
        self._said: tuple[list[int], list[int]] = ([0, 0], [0, 0])
        self._strength: dict[Speaker, Strength] = {}
        self._bare: set[bool] = set()  # bare needles of the miner: by header, by call
        self._stage = Stage.CONTACTED
        self._greeted = self._answered = False
        self._refused: set[str] = set()  # the methods that were, and not granted since
        self._jobs = 0
        self._accounting = Accounting(limits)
        self._agent: str | None = None
        self._logins: dict[str, None] = {}
        self._options: dict[str, None] = {}
        self._height: int | None = None
        self._nbits: str | None = None
        self._coinbase: str | None = None
        self._extensions: dict[str, None] = {}  # of the protocol, that either side named
        self._named_host: str | None = None
        self._session_id: str | None = None
        self._login_bytes = 0
        self._tunnel: Tunnel | None = None
        self._leads_to: str | None = None  # the listed name it leads to
        self._algorithm: str | None = None
        self._difficulty: float | None = None
        self._signatures: dict[str, None] = {}
        self._quotes: list[Quote] = []
        self._quoted: set[Act | str] = set()
        # What was said before, by side and method as it is written.
        self._forms: tuple[dict[str, Form], dict[str, Form]] = ({}, {})
        self._plain_accepts: set[str] = set()  # methods whose shares are accepted by `true`
        self._first_ns = self._last_ns = self._first_packet = 0
        self.packs = False  # both sides agreed to pack what follows
        self.misses = 0  # messages with nothing of mining in them
        self.calls = 0  # those of them that were JSON-RPC

    @property
    def found(self) -> bool:
        """Whether anything of mining was recognised so far."""
        return bool(self._signatures)

    @property
    def promising(self) -> bool:
        """Whether there will be something to say of it: mining, or a way to a listed pool."""
        return self.found or self._leads_to is not None

    @property
    def state(self) -> tuple[object, ...]:
        """What of it is worth telling at once when it changes; counts are not."""
        return (
            self._stage,
            self._dialect,
            self._miner_side,
            self._greeted,
            self._answered,
            bool(self._refused),
            len(self._signatures),
            len(self._logins),
            self._leads_to,
        )

    def use(self, catalog: Catalog) -> None:
        """Read what comes from now on by another catalogue; what was recognised stays."""
        self._catalog = catalog
        self._forget_forms()

    def enter(self, tunnel: Tunnel, message: Message) -> None:
        """A proxy was asked for a way to somewhere; what follows comes from there."""
        host = self._clean(tunnel.host) or ""
        self._tunnel = tunnel._replace(host=host)
        pool = None
        if not _is_address(host):
            self._named_host = host or None
            pool = self._catalog.find_pool(host)
        self._leads_to = pool.suffix if pool else None
        self._apply([Event(Act.TUNNEL)], message, Speaker.MINER)

    def read(self, message: Message) -> None:
        """Take one message of either side."""
        before = len(self._signatures), self._last_ns
        body = message.body
        if message.head is not None and body is None:
            self._read_head(message, message.head)
        elif body is NOT_JSON or body is UNREADABLE:
            self._read_non_json(message)
        elif isinstance(body, dict):
            method = body.get("method")
            if _is_logged(body):
                pass  # a line of a log that quotes a message
            elif isinstance(method, str) and not _is_echo(body):
                self._read_call(method.lower(), message)
            else:
                self._read_answer(message)
        if body is not None and before == (len(self._signatures), self._last_ns):
            self.misses += 1
            self.calls += isinstance(body, dict) and ("method" in body or "result" in body)

    def read_again(self, side: int, ts_ns: int, body: dict[str, Any]) -> bool:
        """Take a line of a form that was read in full before; False: read it in full.

        It says nothing new, so that only counts change and it is never quoted.
        """
        method = body.get("method")
        if ts_ns < self._last_ns or self._early is not None:
            return False
        if method is None:
            if not self._take_accept(side, ts_ns, body):
                return False
        else:
            form = self._forms[side].get(method) if isinstance(method, str) else None
            if form is None or not form.left or not self._take_form(form, side, ts_ns, body):
                return False
        self._said[side][0] += 1
        self._last_ns = ts_ns
        return True

    def _take_form(self, form: Form, side: int, ts_ns: int, body: dict[str, Any]) -> bool:
        """Take a job or a share of a settled form."""
        if body.keys() != form.members or size_of(body.get("params")) != form.size:
            return False
        events = tuple(form.said(form.method, Message(side, ts_ns, body, b"", [])))
        if len(events) != 1 or events[0].act is not form.act:
            return False
        form.left -= 1
        event, share = events[0], None
        if form.act is Act.SUBMIT:
            share = self._accounting.sent(event.facts, ts_ns, self._tally)
        else:
            self._jobs += 1
        login = event.facts.get("login")
        if share is None or not form.plain or not (login is None or login in self._logins):
            self._accounting.take(event, None, ts_ns, self._tally)
            self._keep_facts(event.facts)
        waiting = self._waiting[side]
        waiting.append(
            Request(_key(body), form.method, form.spoken, False, share is not None, False, share)
        )
        if len(waiting) > self._limits.open_requests:
            self._forget_request(waiting)
        return True

    def _take_accept(self, side: int, ts_ns: int, body: dict[str, Any]) -> bool:
        """Take the accept of the share that has waited longest, if it is no more than that."""
        waiting = self._waiting[1 - side]
        if body.get("result") is not True or body.get("error") is not None or not waiting:
            return False
        request = waiting[0]
        if request.method not in self._plain_accepts or request.key != _key(body):
            return False
        if self._refused or not request.submits:
            return False
        waiting.popleft()
        self._accounting.accepted(request.share, ts_ns, self._tally)
        return True

    def fill(self, hit: Hit) -> None:
        """Write what was found into a hit."""
        hit.miner_side = self._miner_side
        hit.dialect = self._dialect
        seen_whole = hit.opened and all(hit.payload)
        linked = Strength.SAFE if self._accounting.linked or not seen_whole else Strength.FORM
        miner, pool = (
            linked if strength is Strength.LINKED else strength
            for strength in map(self._strength.get, (Speaker.MINER, Speaker.POOL))
        )
        hit.strength = (miner, pool)
        hit.stage = self._stage
        hit.greeted, hit.answered = self._greeted, self._answered
        hit.refused = bool(self._refused)
        if hit.stage < Stage.GREETED and Speaker.MINER in self._strength:
            hit.stage = Stage.GREETED  # what it said comes after an opening
        hit.said = self._counts(0)
        hit.misplaced = self._counts(1)
        hit.jobs = self._jobs
        hit.shares, hit.work = self._accounting.shares, self._accounting.work
        hit.agent, hit.named_host = self._agent, self._named_host
        hit.logins, hit.options = tuple(self._logins), tuple(self._options)
        hit.height, hit.nbits, hit.coinbase = self._height, self._nbits, self._coinbase or None
        hit.algorithm, hit.difficulty = self._algorithm, self._difficulty
        hit.extensions, hit.session_id = tuple(self._extensions), self._session_id
        hit.login_bytes = self._login_bytes
        hit.signatures = tuple(self._signatures)
        self._fill_from_upgrade(hit)
        hit.tunnel = self._tunnel
        if self._leads_to is not None:
            hit.signatures += (f"pool:{self._leads_to}",)
        hit.quotes = tuple(self._quotes)
        hit.seen_first_ns, hit.seen_last_ns = self._first_ns, self._last_ns
        hit.seen_first_packet = self._first_packet

    def _fill_from_upgrade(self, hit: Hit) -> None:
        """What the request for a WebSocket says, where the messages in it did not say more."""
        head = self._upgrade.head if self._upgrade else None
        if head is None or not hit.signatures or self._miner_side != self._upgrade_side:
            return
        hit.agent = hit.agent or self._clean(head.header("user-agent"))
        hit.named_host = hit.named_host or self._clean(_host_of(head))

    @property
    def _upgrade_side(self) -> int | None:
        return self._upgrade.side if self._upgrade else None

    def _counts(self, misplaced: int) -> tuple[int, int]:
        """Recognised messages of the miner's side and of the pool's."""
        miner = self._miner_side or 0
        return self._said[miner][misplaced], self._said[1 - miner][misplaced]

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        self._quotes = [quote._replace(packet=quote.packet + packets) for quote in self._quotes]
        if self._first_packet:
            self._first_packet += packets
        for message in (self._early, self._upgrade):
            if message is not None:
                message.spans = [
                    span._replace(packet=span.packet + packets) for span in message.spans
                ]

    def count_in(self, tally: Tally) -> None:
        """Count in another tally from now on."""
        self._tally = tally

    # -- reading -----------------------------------------------------------------

    def _read_call(self, method: str, message: Message) -> None:
        needle = self._fitting(self._catalog.needles_by_method.get(method, ()), message)
        key, over_http = _key(message.body), message.head is not None
        if needle is None:
            self._remember(Request(key, method, "", False, False, over_http), message)
            return
        if not self._adopt(needle, message):
            return
        dialect = get_dialect(self._reader(needle))
        if message.head is not None and needle.speaker is Speaker.MINER:
            self._read_request_head(message.head)
        events = list(dialect.said(method, message))
        if needle.strength is Strength.FORM and not self._pool_shown and _does_work(events):
            # Words of the dialect in a form that is not its own: so far they may mean anything.
            self._remember(Request(key, method, "", False, False, over_http), message)
            return
        share = self._share_in(events, message)
        opening = method in dialect.openings and share is None
        request = Request(key, method, needle.dialect, opening, share is not None, over_http, share)
        self._remember(request, message)
        self._apply(events, message, needle.speaker)
        if message.head is None and len(events) == 1:
            self._learn(Form(needle, method, dialect, events[0], message.body), message)

    def _learn(self, form: Form, message: Message) -> None:
        """Remember how a message was read, for others of its form."""
        forms, method = self._forms[message.side], message.body["method"]
        known = forms.get(method)
        if known is not None and known.is_like(form):
            known.confirm()
        elif form.act in (Act.JOB, Act.SUBMIT):
            forms[method] = form
        else:
            forms.pop(method, None)

    def _forget_forms(self) -> None:
        """Something new was said: nothing is settled any more."""
        for forms in self._forms:
            forms.clear()
        self._plain_accepts.clear()

    def _read_answer(self, message: Message) -> None:
        request = self._match_request(message)
        if request is None:
            self._read_shape(message)
        elif request.dialect:
            self._settle(request, message)
        else:
            self._read_shape(message, to_any=True)

    def _settle(self, request: Request, message: Message) -> None:
        """Read an answer whose request is known."""
        speaker = Speaker.POOL if self.is_pool(message.side) else Speaker.MINER
        needles = self._catalog.needles_by_answer.get(request.method, ())
        needle = self._fitting(needles, message)
        if needle is not None:
            self._adopt(needle, message)
        dialect = get_dialect(self._family_reader(request.dialect))
        events = tuple(dialect.answered(request, message))
        self._apply(events, message, speaker, request)
        plain = len(events) == 1 and events[0] == ACCEPTED and needle is None
        if plain and speaker is Speaker.POOL and request.method and result_of(message.body) is True:
            self._plain_accepts.add(request.method)

    def _read_shape(self, message: Message, *, to_any: bool = False) -> None:
        """An answer nobody asked for as far as we saw, or a push without a method.

        `to_any`: it answers a request that was not recognised.
        """
        needles = self._catalog.needles_by_shape
        if "result" not in message.body:  # most JSON that is no mining
            needles = tuple(needle for needle in needles if not needle.in_result)
        if to_any:
            needles = tuple(needle for needle in needles if needle.to_any)
        needle = self._fitting(needles, message)
        if needle is not None and self._adopt(needle, message):
            events = list(get_dialect(self._reader(needle)).shown(message))
            if needle.speaker is Speaker.MINER:
                self._remember_shown(events, needle.dialect, message)
            self._apply(events, message, needle.speaker)
            return
        if to_any or not _is_answer(message.body):
            return
        request = self._match_opening(message) if self.is_pool(message.side) else None
        if request is not None and needle is None:
            self._settle(request, message)

    def _read_head(self, message: Message, head: Head) -> None:
        """An HTTP head: its mining headers, and a status that refuses."""
        heads = list(self._web)
        heads[message.side] = head
        self._web = (heads[0], heads[1])
        if head.method and upgrades(head) and not self.found:
            self._upgrade = message
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
                    self._apply([event], message, needle.speaker)
        if head.status >= 400:
            if not self.found:
                self._early = message
            elif self.is_pool(message.side):
                self._refuse_oldest(message, shares_too=True)

    def _read_request_head(self, head: Head) -> None:
        """What the head of a mining request says about the miner."""
        self._agent = self._agent or self._clean(head.header("user-agent"))
        self._named_host = self._named_host or self._clean(_host_of(head))
        self._add_login(_basic_login(head) or _login_in_url(head))

    def _take_upgrade(self, message: Message) -> None:
        """The WebSocket carries mining: its request is evidence, and may hold the login."""
        if message.side != self._miner_side or message.head is None:
            return
        match = _PATH_LOGIN.search(message.head.target)
        self._add_login(match[1] if match else None)
        self._apply([Event(Act.UPGRADE)], message, Speaker.MINER)

    def _read_non_json(self, message: Message) -> None:
        """An HTTP body without JSON: no work, so a refusal if it answers an opening.

        One that could not be read says nothing; what it answers waits no longer.
        """
        head = message.head
        if head is None or not head.status or not self.found or not self.is_pool(message.side):
            return
        if message.body is NOT_JSON:
            self._refuse_oldest(message)
        else:
            self._match_opening(message)

    def _share_in(self, events: list[Event], message: Message) -> Share | None:
        """The share a call sends, if it does."""
        for event in events:
            if event.act is Act.SUBMIT:
                return self._accounting.sent(event.facts, message.ts_ns, self._tally)
        return None

    # -- requests and answers ----------------------------------------------------

    def _remember(self, request: Request, message: Message) -> None:
        waiting = self._waiting[message.side]
        # The head of this very POST was remembered before its body was known.
        if request.over_http and waiting and not waiting[-1].method:
            waiting.pop()
        waiting.append(request)
        if len(waiting) > self._limits.open_requests:
            self._forget_request(waiting)

    def _forget_request(self, waiting: deque[Request]) -> None:
        waiting.popleft()
        self._tally["requests_forgotten"] += 1

    def _remember_shown(self, events: list[Event], dialect: str, message: Message) -> None:
        """Remember a request without a method: its answer has its id, or there is none.

        Where shares have no id only the refused ones are answered, so the newest is remembered.
        """
        key, share = _key(message.body), self._share_in(events, message)
        opening = share is None and any(event.act is Act.GREETING for event in events)
        if share is None and (key is None or not opening):
            return
        waiting = self._waiting[message.side]
        if key is None and waiting and (waiting[-1].key, waiting[-1].method) == (None, ""):
            waiting.pop()
        self._remember(Request(key, "", dialect, opening, not opening, False, share), message)

    def _remember_post(self, head: Head, dialect: str, message: Message) -> None:
        if head.method == "POST":
            self._remember(Request(None, "", dialect, True, False, True), message)

    def _match_request(self, message: Message) -> Request | None:
        """The request an answer belongs to: by id, those without one by order.

        Where an answer repeats its method, that counts before the id.
        """
        waiting = self._waiting[1 - message.side]
        key = _key(message.body)
        echoed = _echoed(message.body)
        same = [request for request in waiting if request.method == echoed] if echoed else []
        if same:
            asked = next((request for request in same if request.key == key), same[0])
            waiting.remove(asked)
            return asked
        for named in (_blamed(message.body), key):
            for index, request in enumerate(waiting):
                if request.key == named and named is not None:
                    del waiting[index]
                    return request
        if waiting and key is None and _is_answer(message.body):
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

    def _match_share(self, event: Event, message: Message) -> Request | None:
        """The share that an answer without a request of its own is about.

        It names the request, or the job; else it is about the oldest share that waits.
        """
        waiting = self._waiting[1 - message.side]
        key, job = event.facts.get("answers"), event.facts.get("job")
        for index, request in enumerate(waiting):
            if not request.submits or (key is not None and request.key != str(key)):
                continue
            share: Share | None = request.share
            if key is None and job is not None and share and not share.names(job):
                continue
            del waiting[index]
            return request
        return None

    def _refuse_oldest(self, message: Message, *, shares_too: bool = False) -> None:
        """An error that names no request: the oldest opening that waits is refused.

        `shares_too`: it may as well be a share that was not accepted.
        """
        waiting = self._waiting[1 - message.side]
        if shares_too and waiting and waiting[0].submits:
            request = waiting.popleft()
            self._apply([Event(Act.REJECT)], message, Speaker.POOL, request)
            return
        opening = self._match_opening(message)
        if opening is not None:
            self._apply([Event(Act.REFUSAL)], message, Speaker.POOL, opening)

    # -- keeping -----------------------------------------------------------------

    def _fitting(self, needles: tuple[Needle, ...], message: Message) -> Needle | None:
        """The needle that fits: the highest rank; of equals the dialect, or family, so far."""
        carriers = _CARRIERS[message.carrier or ("lines" if message.head is None else "http")]
        params = message.body.get("params") if isinstance(message.body, dict) else None
        items = len(params) if isinstance(params, list) else -1
        best: Needle | None = None
        for needle in needles:  # by falling rank
            if best is not None and needle.rank < best.rank:
                break
            if items not in needle.items or needle.carrier not in carriers:
                continue
            if not needle.fits(message.body):
                continue
            if needle.dialect == self._dialect:
                return needle  # none is nearer
            if best is None or self._is_kin(needle) > self._is_kin(best):
                best = needle
        return best

    def _is_kin(self, needle: Needle) -> bool:
        """Whether a needle is of a family that was spoken so far."""
        own, family = self._dialect, ROWS[needle.dialect].family
        return family in self._families or (own is not None and family == ROWS[own].family)

    def _adopt(self, needle: Needle, message: Message) -> bool:
        """Note a needle that fits; False when it contradicts what is known of the flow."""
        says_miner = needle.speaker is Speaker.MINER
        side = message.side if says_miner else 1 - message.side
        if self._miner_side is None:
            self._miner_side = side
        elif self._miner_side != side:
            self._said[message.side][1] += needle.strength is Strength.SAFE
            return False
        family = ROWS[needle.dialect].family
        if says_miner:
            self._families.add(family)
        elif self._families and family not in self._families:
            return False  # work in a dialect the miner does not speak is none
        self._said[message.side][0] += 1
        if self._upgrade is not None and not self._signatures:
            self._take_upgrade(self._upgrade)
        if needle.id not in self._signatures:
            self._signatures[needle.id] = None
            self._forget_forms()
        if not needle.nursery:
            strongest = self._strength.get(needle.speaker, Strength.FORM)
            self._strength[needle.speaker] = max(strongest, self._worth(needle))
        if self._names(needle):
            self._rank = needle.rank
            self._dialect = needle.dialect
        return True

    def _names(self, needle: Needle) -> bool:
        """Whether a needle names the flow's dialect: by rank, and a full one before the nursery's.

        So what is sure of the flow is never hidden behind what one outsider wrote down.
        """
        if needle.nursery and max(self._strength.values(), default=Strength.FORM) > Strength.FORM:
            return False
        own = self._dialect
        if own is not None and ROWS[own].proof == "nursery" and not needle.nursery:
            return needle.strength is not Strength.FORM
        return needle.rank > self._rank

    def _worth(self, needle: Needle) -> Strength:
        """What a needle is worth here: a bare call under a miner's header names the dialect."""
        if needle.strength is not Strength.BARE or needle.speaker is not Speaker.MINER:
            return needle.strength
        self._bare.add(needle.by_header)
        return Strength.SAFE if len(self._bare) == 2 else Strength.BARE

    def _reader(self, needle: Needle) -> str:
        """Who reads a message a needle fits; what the nursery knows, nobody else can read."""
        return needle.dialect if needle.nursery else self._family_reader(needle.dialect)

    def _family_reader(self, dialect: str) -> str:
        """Who reads a message of a dialect: the flow's own, if it is of the same family."""
        own = self._dialect
        return own if own and ROWS[own].family == ROWS[dialect].family else dialect

    @property
    def _pool_shown(self) -> bool:
        """Whether the other side has said what only a pool says."""
        return self._strength.get(Speaker.POOL) is Strength.SAFE

    def is_pool(self, side: int) -> bool:
        """Whether a side is known to be the pool's."""
        return self._miner_side is not None and side != self._miner_side

    def _apply(
        self,
        events: Iterable[Event],
        message: Message,
        speaker: Speaker,
        request: Request | None = None,
    ) -> None:
        """Take acts into account; `request` is what the message answers, if that is known."""
        self._said[message.side][0] += request is not None
        for event in events:
            asked = request
            if request is None and event.act in _OUTCOMES:
                asked = self._match_share(event, message)
                if asked is None:
                    continue  # of a share that was not seen: it says nothing by itself
            self._count(event.act, asked)
            self._accounting.take(event, asked.share if asked else None, message.ts_ns, self._tally)
            self._keep_facts(event.facts)
            self._quote(event.act, message, speaker)
        if self._early is not None and self._greeted and self.is_pool(self._early.side):
            early, self._early = self._early, None
            self._refuse_oldest(early)
        if message.spans:
            first = min(span.packet for span in message.spans)  # segments may come out of order
            self._first_packet = min(self._first_packet or first, first)
            self._first_ns = min(self._first_ns or message.ts_ns, message.ts_ns)
        self._last_ns = max(self._last_ns, message.ts_ns)

    def _count(self, act: Act, request: Request | None) -> None:
        self._stage = max(self._stage, _STAGES.get(act, Stage.CONTACTED))
        if act is Act.GREETING:
            self._greeted = True
        elif act is Act.REFUSAL:
            self._refused.add(request.method if request else "")
        elif act is Act.JOB:
            self._jobs += 1
        if act in _ANSWERS:
            self._answered = True
        if act is Act.ACCEPT:
            self._refused.clear()
        elif request is not None and act in _GRANTS:
            self._refused.discard(request.method)

    def _keep_facts(self, facts: Mapping[str, Any]) -> None:
        if not facts:
            return
        self._agent = self._agent or self._clean(facts.get("agent"))
        self._add_login(facts.get("login"))
        self._named_host = self._named_host or self._clean(facts.get("named_host"))
        self._algorithm = self._algorithm or self._clean(facts.get("algorithm"))
        self._session_id = self._session_id or self._clean(facts.get("session_id"))
        self._login_bytes = self._login_bytes or facts.get("login_bytes", 0)
        self._difficulty = _shown_difficulty(facts, self._difficulty)
        self._height = facts.get("height", self._height)
        self._nbits = facts.get("nbits", self._nbits)
        if self._coinbase is None and "coinbase" in facts:
            self._coinbase = self._clean(facts["coinbase"]()) or ""
        if "options" in facts and len(self._options) < self._limits.flow_logins:
            self._options |= dict.fromkeys(facts["options"])
        self._extensions |= dict.fromkeys(facts.get("extensions", ()))
        self.packs |= facts.get("encoding") == "gzip"
        if "speaks" in facts:
            self._families.add(facts["speaks"])

    def _add_login(self, text: str | None) -> None:
        """Keep a login; a proxy sends many over one socket."""
        login = self._clean(text)
        if login is None or login in self._logins:
            return
        if len(self._logins) < self._limits.flow_logins:
            self._logins[login] = None
        else:
            self._tally["logins_left_out"] += 1

    def _clean(self, text: str | None) -> str | None:
        """Text from the wire, bounded, as UTF-8 can hold it; None when nothing is left."""
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
        spans = message.spans[: self._limits.evidence_spans]
        if len(spans) < len(message.spans):
            self._tally["quotes_cut"] += 1
        for index, quote in enumerate(self._quotes):
            if quote[:2] == message.spans[0][:2]:  # one message can be several steps
                self._quotes[index] = quote._replace(shows=f"{quote.shows} {act.value}")
                return
        chars = self._limits.quote_chars
        text = message.data[:chars].hex()
        if message.carrier != "frames":
            text = message.data[: 4 * chars].decode("utf-8", "replace")
            text = _CONTROL.sub(" ", text).strip()
        for index, span in enumerate(spans):
            shown = text[:chars] if index == 0 else ""
            self._quotes.append(Quote(*span, speaker, shown, act.value))


def _does_work(events: list[Event]) -> bool:
    return any(event.act in (Act.JOB, Act.SUBMIT) for event in events)


def _shown_difficulty(facts: Mapping[str, Any], before: float | None) -> float | None:
    """The difficulty to show: the number on the wire, else the hashes a share stands for."""
    if "difficulty" in facts:
        number: float = facts["difficulty"]
        return number
    hashes = facts.get("hashes")
    return before if hashes is None or isinstance(hashes, tuple) else hashes


def _is_logged(body: dict[str, Any]) -> bool:
    """Whether a message stands in a line of a log: it has a level, or a time and a place."""
    if not _LOG_KEYS.isdisjoint(body):
        return True
    beside = _TIME_KEYS & body.keys()
    return len(beside) > 1 or ("method" in body and bool(beside & _STAMPS))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _key(body: Any) -> str | None:
    """A JSON-RPC id in a form that can be compared; None when there is none."""
    key = body.get("id") if isinstance(body, dict) else None
    if type(key) is int:  # the commonest, and it may be no bool
        return str(key)[:64]
    if key is None:
        return None
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    return str(key)[:64]  # some answer 4 to "4"


def _blamed(body: Any) -> str | None:
    """The id of the request that an error names itself: some servers count for themselves."""
    error = body.get("error") if isinstance(body, dict) else None
    return _key(error)


def _is_echo(body: dict[str, Any]) -> bool:
    """Whether a message that has a method is an answer: some repeat that of the request."""
    return "params" not in body and _is_answer(body)


def _echoed(body: Any) -> str:
    """The method an answer repeats, lower case; empty for most."""
    method = body.get("method") if isinstance(body, dict) else None
    return method.lower() if isinstance(method, str) else ""


def _is_answer(body: Any) -> bool:
    """Whether a message has what an answer has."""
    return isinstance(body, dict) and ("result" in body or "error" in body)


def _host_of(head: Head) -> str:
    """The host a request is for, without its port."""
    return head.header("host").rsplit(":", 1)[0]


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
