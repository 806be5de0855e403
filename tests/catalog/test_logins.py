"""Logins taken apart by the habits of pools."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.catalog.logins import Login, read_login
from poolwatch.terms import WalletCheck
from tests import running
from tests.running import XMR

BOOK = running.catalog().wallets
ETH = "0x9c99d212f7e5daa18ab50810e0fd255d1f04303b"
ZEC = "t1KJkEGkUrmBRQdeQeNchfqgvDFD7Pk1kKQ"
BCH = "bitcoincash:qq4v32mtagxac29my6gwj6fd4tmqg8rysu23dax807"
HASH = "cb2b73415c4faf214035a73b9d947c202342f3bf3bdf632132bd6d7af98cb257"

# Each: login, wallet, account, worker, mail, options.
LOGINS: list[tuple[str, str | None, str | None, str | None, str | None, tuple[str, ...]]] = [
    ("", None, None, None, None, ()),
    ("account", None, "account", None, None, ()),
    ("account.", None, "account", None, None, ()),
    ("kvetak.worker1", None, "kvetak", "worker1", None, ()),
    ("a.b.c", None, "a", "b.c", None, ()),
    ("account/rig", None, "account", "rig", None, ()),
    ("account+400.rig", None, "account", "rig", None, ("d=400",)),
    ("ann@mail.example", None, None, None, "ann@mail.example", ()),
    ("ann@mail.example.rig1", None, None, "rig1", "ann@mail.example", ()),
    ("ann@mail.example/rig", None, None, "rig", "ann@mail.example", ()),
    ("a@b", None, "a@b", None, None, ()),
    (XMR, XMR, None, None, None, ()),
    (XMR + ".rig7", XMR, None, "rig7", None, ()),
    (XMR + "/rig7", XMR, None, "rig7", None, ()),
    (XMR + "+5000", XMR, None, None, None, ("d=5000",)),
    (XMR + ".rig+5000", XMR, None, "rig", None, ("d=5000",)),
    (XMR + "+5000.rig", XMR, None, "rig", None, ("d=5000",)),
    (f"{XMR}.{HASH}.ryzen", XMR, None, "ryzen", None, (f"payment_id={HASH}",)),
    (f"{XMR}.{HASH[:16]}/a@b.c", XMR, None, None, "a@b.c", (f"payment_id={HASH[:16]}",)),
    (XMR + ".rig/me@x.example", XMR, None, "rig", "me@x.example", ()),
    (f"{ETH}/kvetak.worker1/v@mailinator", ETH, None, "kvetak.worker1", "v@mailinator", ()),
    (ETH + "@rig", ETH, None, "rig", None, ()),
    (ZEC + ".kvetak", ZEC, None, "kvetak", None, ()),
    (ZEC + "_rig", ZEC, None, "rig", None, ()),
    (BCH + ".s9", BCH, None, "s9", None, ()),
    (f"solo:{ZEC}.w", ZEC, None, "w", None, ("mode=solo",)),
    (f"ZEC:{ZEC}.w#abcd-efgh", ZEC, None, "w#abcd-efgh", None, ("coin=ZEC",)),
    ("solo:ann.w", None, "ann", "w", None, ("mode=solo",)),
    (XMR[:-1] + "k.rig", None, XMR[:-1] + "k", "rig", None, ()),
    ("x" + XMR, None, "x" + XMR, None, None, ()),
    ("ab" * 32 + ".rig", None, "ab" * 32, "rig", None, ()),  # any hash has that form
]


@pytest.mark.parametrize(
    ("text", "wallet", "account", "worker", "mail", "options"),
    LOGINS,
    ids=[row[0][:24] for row in LOGINS],
)
def test_logins(
    text: str,
    wallet: str | None,
    account: str | None,
    worker: str | None,
    mail: str | None,
    options: tuple[str, ...],
) -> None:
    login = read_login(text, BOOK)
    assert (login.wallet.text if login.wallet else None) == wallet
    assert (login.account, login.worker, login.mail) == (account, worker, mail)
    assert login.options == options


def test_a_mistyped_address_is_an_account_and_says_so() -> None:
    login = read_login(XMR[:-1] + "k", BOOK)
    assert (login.wallet, login.check) == (None, WalletCheck.FAILED)
    assert login.account == XMR[:-1] + "k"
    assert "cryptonote" in login.marks


def test_a_bare_hash_is_an_address_where_such_coins_are_mined() -> None:
    login = read_login("ab" * 32 + ".rig", BOOK, frozenset({"IRON"}))
    assert login.wallet is not None
    assert (login.wallet.coins, login.check) == (("IRON",), WalletCheck.FORMAT)
    assert login.worker == "rig"


def test_a_wallet_marks_the_login_of_its_own_dialects_only() -> None:
    assert read_login(XMR + ".rig", BOOK).marks == {"cryptonote"}
    assert read_login(ETH, BOOK).marks == {"eth-proxy", "eth-getwork-http"}
    assert read_login("ann", BOOK).marks == frozenset()
    assert read_login(ZEC, BOOK).marks == frozenset()


@given(st.text(max_size=300))
def test_any_login_is_read_and_nothing_is_invented(text: str) -> None:
    login = read_login(text, BOOK)
    assert isinstance(login, Login)
    for part in (login.account, login.mail):
        assert part is None or (part and all(piece in text for piece in part.split("+")))


@given(
    st.sampled_from([XMR, ZEC, BCH]), st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
)
def test_a_worker_behind_an_address_is_found(wallet: str, worker: str) -> None:
    login = read_login(f"{wallet}.{worker}", BOOK)
    assert login.wallet is not None
    assert (login.wallet.text, login.worker) == (wallet, worker)
