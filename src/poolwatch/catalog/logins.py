"""Logins taken apart by the habits of pools: wallet, account, worker, mail, options.

`wallet.worker`, `wallet/worker/mail`, `wallet+difficulty`, `wallet.paymentid.worker`,
`account.worker`, `mail`, `solo:wallet`, `COIN:wallet.worker`. What is ambiguous stays in one
piece. Sources: recorded logins (nesfit, ntop/nDPI mining, jsiwek/zeek-cryptomining); help pages
of nanopool (`wallet.paymentid.worker/mail`), 2Miners (`SOLO:`) and unMineable (`COIN:`);
MoneroOcean/nodejs-pool (`+` and a difficulty).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from poolwatch.catalog.wallets import LONGEST, SHORTEST, Wallet, WalletBook
from poolwatch.terms import WalletCheck

_SEPARATORS = re.compile(r"[.+/@:;,_~#=%|\s]")
_MOST_ENDS = 16
_WORD_BEFORE = re.compile(r"([A-Za-z][A-Za-z0-9]{1,9}):")
_MODES = frozenset(("solo", "pplns", "pps", "prop", "party"))
_PARTS = re.compile(r"[/:;,]")
_EDGES = "./+@:;,_~#=%| "
_DIFFICULTY = re.compile(r"\+(\d{1,15}(?:\.\d{1,8})?)(?=[./]|$)")
_PAYMENT_ID = re.compile(r"[.+]([0-9a-fA-F]{64}|[0-9a-fA-F]{16})(?=[./+]|$)")
_MAIL = re.compile(
    r"([^\s@/:;,]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24})(?:[./_#+](.*))?", re.DOTALL
)
_ORDER = list(WalletCheck)


class Login(NamedTuple):
    """The parts of one login; what is not in it is None.

    `wallet` is None where a checksum does not fit: such a text is the account, and `check`
    says so. `options` are texts as `d=5000`, `payment_id=…`, `mode=solo`, `coin=TRX`. `marks`:
    dialects in which only miners log in with such an address, mistyped or not.
    """

    wallet: Wallet | None = None
    check: WalletCheck | None = None
    account: str | None = None
    worker: str | None = None
    mail: str | None = None
    options: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()


class _Place(NamedTuple):
    wallet: Wallet
    start: int
    end: int


def read_login(text: str, book: WalletBook, own_coins: frozenset[str] = frozenset()) -> Login:
    """The parts of a login.

    `own_coins`: those mined in the dialect it was sent in. An address whose form is nothing
    special is taken for one of these coins only.
    """
    place = _find(text, book, own_coins)
    if place is None:
        return _without_wallet(text)
    wallet = place.wallet
    failed = wallet.check is WalletCheck.FAILED
    before = _options_before(text[: place.start])
    rest = _read_rest(text[place.end :])
    return rest._replace(
        wallet=None if failed else wallet,
        check=wallet.check,
        account=wallet.text if failed else None,
        options=(*before, *rest.options),
        marks=wallet.marks,
    )


def _find(text: str, book: WalletBook, own_coins: frozenset[str]) -> _Place | None:
    """The address a login begins with, behind a word and a colon at most."""
    best: _Place | None = None
    for start, end in _spans(text):
        wallet = book.read(text[start:end])
        if wallet is None or not (wallet.distinctive or own_coins.intersection(wallet.coins)):
            continue
        if best is None or _rank(wallet) < _rank(best.wallet):
            best = _Place(wallet, start, end)
        if wallet.check is WalletCheck.CHECKSUM:
            break
    return best


def _rank(wallet: Wallet) -> int:
    return _ORDER.index(wallet.check)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where an address may begin and end, the longest first."""
    word = _WORD_BEFORE.match(text)
    starts = (0, word.end()) if word else (0,)
    marks = [match.start() for match in _SEPARATORS.finditer(text[: LONGEST + SHORTEST])]
    ends = [len(text), *reversed(marks[:_MOST_ENDS])]
    for start in starts:
        for end in ends:
            if SHORTEST <= end - start <= LONGEST:
                yield start, end


def _options_before(text: str) -> Iterator[str]:
    word = text.rstrip(":")
    if word.lower() in _MODES:
        yield f"mode={word.lower()}"
    elif word:
        yield f"coin={word.upper()}"


def _read_rest(rest: str) -> Login:
    """What stands behind an address."""
    rest, options = _take_options(rest)
    parts = _PARTS.split(rest)
    mails = [part.strip(_EDGES) for part in parts if "@" in part.strip(_EDGES)]
    named = "/".join(part for part in parts if part.strip(_EDGES) not in mails)
    return Login(worker=named.strip(_EDGES) or None, mail=next(iter(mails), None), options=options)


def _take_options(rest: str) -> tuple[str, tuple[str, ...]]:
    """The text without a payment id and a difficulty, and these."""
    options: list[str] = []
    payment = _PAYMENT_ID.match(rest)
    if payment:
        options.append(f"payment_id={payment[1]}")
        rest = rest[payment.end() :]
    difficulty = _DIFFICULTY.search(rest)
    if difficulty:
        options.append(f"d={difficulty[1]}")
        rest = rest[: difficulty.start()] + rest[difficulty.end() :]
    return rest, tuple(options)


def _without_wallet(text: str) -> Login:
    mail = _MAIL.fullmatch(text)
    if mail:
        worker = (mail[2] or "").strip(_EDGES)
        return Login(mail=mail[1], worker=worker or None)
    options: tuple[str, ...] = ()
    word = _WORD_BEFORE.match(text)
    if word and word[1].lower() in _MODES:
        options, text = tuple(_options_before(word[0])), text[word.end() :]
    difficulty = _DIFFICULTY.search(text)
    if difficulty:
        options = (*options, f"d={difficulty[1]}")
        text = text[: difficulty.start()] + text[difficulty.end() :]
    separator = "." if "." in text else "/"
    account, _, worker = text.partition(separator)
    return Login(account=account.strip() or None, worker=worker.strip() or None, options=options)
