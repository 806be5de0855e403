"""What of a quoted message is not shown: passwords never, wallets and accounts unless wanted.

A quote is a message cut at some length, with escapes as it was sent: it is read as JSON as far
as it goes, so that neither order nor escapes nor the cut leave anything bare.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote as in_url

GONE = "…"
_ACCOUNTS = frozenset(
    ("login", "user", "username", "wallet", "account", "address", "worker", "rigid", "email")
)
_PASSWORDS = frozenset(("pass", "password", "passwd", "pwd", "secret", "authorization"))
# Calls whose parameters begin with no account, and those with no password behind it.
_NO_ACCOUNT = re.compile(
    r".*subscribe|mining\.(?:configure|suggest_\w+|multi_version|get_transactions)"
    r"|eth_(?:get|submit)work|eth_submithashrate|getwork|getblocktemplate|submitblock"
)
_NO_PASSWORD = re.compile(r"(?:mining\.)?submit")

# An HTTP header's value, up to the next line: line ends stand as blanks in a quote.
_HEADER = re.compile(
    r"(authorization\s*:\s*(?:(?:basic|bearer|digest|negotiate|ntlm)\s+)?)"
    r"\S+.*?(?=\s\s|\s[a-z][\w-]*:\s|$)",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"//[^/\s@\":]+:[^/\s@\"]+@")
_LONG_WORD = re.compile("[0-9A-Za-z]{25,}")
_HEX = re.compile("[0-9a-f]+|[0-9A-F]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SHORTEST_KNOWN = 4  # shorter ones would be found everywhere
_MOST_KNOWN = 256

_TOKEN = re.compile(
    r'"(?P<inner>(?:[^"\\]|\\.)*)(?P<end>"?)|(?P<mark>[\[\]{}:,])|(?P<word>[^\s"\[\]{}:,]+)',
    re.DOTALL,
)
_NAMES = re.compile(r"\s*:")  # what follows the name of a member
_NOTHING = frozenset(("null", "true", "false"))


class _Value(NamedTuple):
    """A string or number of a quoted message: where it stands, and as what."""

    start: int
    end: int
    text: str  # without escapes
    is_string: bool
    cut: bool
    member: str  # the name it has, or that of the list it stands in, in lower case
    place: int  # in that list, from 0; -1: in none


def without_credentials(text: str) -> str:
    """A quoted message without what an Authorization header or a URL carries."""
    return _IN_URL.sub(f"//{GONE}@", _HEADER.sub(rf"\1{GONE}", text))


def without_passwords(text: str, *, from_miner: bool) -> str:
    """A quoted message with passwords and credentials gone."""
    values = list(_values(text))
    method = _method(values)
    secret = [value for value in values if _is_password(value, method, from_miner)]
    return without_credentials(_replaced(text, [(v, _as_sent(v, GONE)) for v in secret]))


def concealed(text: str, known: Iterable[str], *, from_miner: bool) -> str:
    """A quoted message with passwords gone, and wallets and accounts masked, known or not."""
    secrets = _forms(known)
    values = list(_values(text))
    method = _method(values)
    hidden: list[tuple[_Value, str]] = []
    for value in values:
        if _is_password(value, method, from_miner):
            shown = GONE
        elif _is_account(value, method, from_miner):
            shown = mask(value.text)
        else:
            shown = _mask_known(value, secrets)
        if shown != value.text:
            hidden.append((value, _as_sent(value, shown)))
    text = without_credentials(_replaced(text, hidden))
    for secret in secrets:
        if len(secret) >= _SHORTEST_KNOWN:
            text = text.replace(secret, mask(secret)).replace(in_url(secret, ""), mask(secret))
    return _LONG_WORD.sub(
        lambda match: mask(match[0]) if _may_be_wallet(match[0], from_miner) else match[0], text
    )


def hidden_spans(
    text: str, known: Iterable[str], *, from_miner: bool, reveal: bool
) -> list[tuple[int, int]]:
    """Where in a message stands what is not shown: from, to, in order, apart from each other.

    For bytes, one character a byte. The ends of wallets and accounts are shown, as `mask` does.
    """
    values = list(_values(text))
    method = _method(values)
    spans = [match.span() for match in _IN_URL.finditer(text)]
    spans += [(match.end(1), match.end()) for match in _HEADER.finditer(text)]
    spans += [(v.start, v.end) for v in values if _is_password(v, method, from_miner)]
    if not reveal:
        secrets = _forms(known)
        for value in values:
            if _is_account(value, method, from_miner):
                spans.append(_middle_of(value))
            elif _mask_known(value, secrets) != value.text:
                spans.append((value.start, value.end))
        for secret in secrets:
            if len(secret) >= _SHORTEST_KNOWN:
                for form in {secret, in_url(secret, "")}:
                    spans += _middles(re.finditer(re.escape(form), text))
        words = _LONG_WORD.finditer(text)
        spans += _middles(word for word in words if _may_be_wallet(word[0], from_miner))
    return _joined(spans)


def _may_be_wallet(word: str, from_miner: bool) -> bool:
    """Whether a long word is hidden though nobody knows it: what a pool says in hex is work."""
    return from_miner or not _HEX.fullmatch(word)


def _middle_of(value: _Value) -> tuple[int, int]:
    """What is hidden of an account: all of it where it is written with escapes."""
    start, end = value.start, value.end
    if value.is_string:
        start, end = start + 1, end - (not value.cut)
    return _middle(start, end) if end - start == len(value.text) else (start, end)


def _middles(matches: Iterable[re.Match[str]]) -> Iterator[tuple[int, int]]:
    for match in matches:
        yield _middle(*match.span())


def _middle(start: int, end: int) -> tuple[int, int]:
    return (start + 4, end - 4) if end - start > 11 else (start + 1, end)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def mask(text: str) -> str:
    """A wallet or account with its middle hidden."""
    return f"{text[:4]}{GONE}{text[-4:]}" if len(text) > 11 else f"{text[:1]}{GONE}"


def _forms(known: Iterable[str]) -> list[str]:
    """Known secrets as they may stand in a quote, the longest first."""
    forms: dict[str, None] = {}
    for secret in known:
        if len(forms) >= _MOST_KNOWN:
            break
        if secret:
            forms[secret] = None
            forms[_CONTROL.sub(" ", secret).strip()] = None
    return sorted(filter(None, forms), key=len, reverse=True)


def _mask_known(value: _Value, secrets: list[str]) -> str:
    text = value.text
    for secret in secrets:
        if text == secret and value.is_string:
            return mask(text)
        if value.cut and len(text) >= _SHORTEST_KNOWN and secret.startswith(text):
            return mask(text)
        if len(secret) >= _SHORTEST_KNOWN:
            text = text.replace(secret, mask(secret))
    return text


def _method(values: list[_Value]) -> str:
    """The method called; empty when there is none, or several in one quote."""
    methods = {v.text.lower() for v in values if v.member == "method" and v.place < 0}
    return methods.pop() if len(methods) == 1 else ""


def _is_password(value: _Value, method: str, from_miner: bool) -> bool:
    if value.member in _PASSWORDS:
        return True
    second = from_miner and value.member == "params" and value.place == 1
    return second and not (_NO_ACCOUNT.fullmatch(method) or _NO_PASSWORD.fullmatch(method))


def _is_account(value: _Value, method: str, from_miner: bool) -> bool:
    if value.member in _ACCOUNTS:
        return True
    first = from_miner and value.member == "params" and value.place == 0
    return first and not _NO_ACCOUNT.fullmatch(method)


def _as_sent(value: _Value, text: str) -> str:
    if not value.is_string:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted[:-1] if value.cut else quoted


def _replaced(text: str, hidden: Iterable[tuple[_Value, str]]) -> str:
    pieces: list[str] = []
    at = 0
    for value, shown in hidden:
        pieces += (text[at : value.start], shown)
        at = value.end
    return "".join((*pieces, text[at:]))


def _values(text: str) -> Iterator[_Value]:
    """The strings and numbers of a message that are no names of members."""
    opened = [("", -1)]  # of each bracket: the member it is, and the place reached in a list
    name = ""
    for match in _TOKEN.finditer(text):
        mark, inner = match["mark"], match["inner"]
        member, place = opened[-1]
        if mark:
            if mark in "[{":
                opened.append((name, 0) if mark == "[" else ("", -1))
            elif mark in "]}" and len(opened) > 1:
                opened.pop()
            elif mark == "," and place >= 0:
                opened[-1] = (member, place + 1)
            name = name if mark == ":" else ""
            continue
        plain = match["word"] if inner is None else _unescaped(inner)
        if inner is not None and place < 0 and _NAMES.match(text, match.end()):
            name = plain.lower()
        elif inner is not None or plain not in _NOTHING:
            cut = inner is not None and not match["end"]
            where = (name, -1) if place < 0 else (member, place)
            yield _Value(match.start(), match.end(), plain, inner is not None, cut, *where)


def _unescaped(inner: str) -> str:
    """What a JSON string says; an escape that is cut is left out."""
    for end in range(len(inner), max(len(inner) - 6, -1), -1):
        try:
            text: str = json.loads(f'"{inner[:end]}"', strict=False)
        except ValueError:
            continue
        return text
    return inner
