"""Addresses: every published one is read, every mistyped one is not."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.catalog.load import load_rows
from poolwatch.catalog.wallets import ENCODINGS
from poolwatch.catalog.wallets.blake256 import blake256
from poolwatch.terms import WalletCheck
from tests import running

BOOK = running.catalog().wallets
EXAMPLES = [
    (placed.row.coin, placed.row.encoding, example)
    for placed in load_rows().wallets
    for example in placed.row.examples.split()
]
# With 32 bits of checksum or more, or a code that finds every single error.
STRONG = {
    "base58check",
    "base58check-blake256",
    "base58check-groestl512",
    "base58-blake2b",
    "cryptonote",
    "bech32",
    "bech32m",
    "bech32-colon",
    "segwit",
    "cashaddr",
    "conflux",
    "sia",
    "qrl",
    "filecoin",
}
NO_CHECKSUM = {"hex", "eip55", "base58"}


@pytest.mark.parametrize(("coin", "encoding", "address"), EXAMPLES)
def test_a_published_address_is_one_of_its_coin(coin: str, encoding: str, address: str) -> None:
    wallet = BOOK.read(address)
    assert wallet is not None
    assert coin in wallet.coins
    form_only = encoding in NO_CHECKSUM
    assert wallet.check is (WalletCheck.FORMAT if form_only else WalletCheck.CHECKSUM)


def test_every_encoding_but_ss58_nimiq_and_bare_hex_has_a_published_address() -> None:
    assert set(ENCODINGS) - {encoding for _, encoding, _ in EXAMPLES} == {"ss58", "nimiq", "hex"}
    assert len(EXAMPLES) > 95


@pytest.mark.parametrize(
    "address", [address for _, encoding, address in EXAMPLES if encoding in STRONG]
)
def test_no_single_change_of_an_address_passes(address: str) -> None:
    """Each place takes a third of the other letters and digits, the next place the next third.

    None may pass as right, nor as a form.
    """
    for at, old in enumerate(address):
        for new in (string.ascii_letters + string.digits)[at % 3 :: 3]:
            if new == old:
                continue
            wallet = BOOK.read(address[:at] + new + address[at + 1 :])
            assert wallet is None or wallet.check is WalletCheck.FAILED


OTHERS: list[tuple[str, WalletCheck, tuple[str, ...]]] = [
    # ISO 7064's own arithmetic: an address of zeros has the check digits 07.
    ("NQ07 0000 0000 0000 0000 0000 0000 0000 0000", WalletCheck.CHECKSUM, ("NIM",)),
    ("NQ0700000000000000000000000000000000", WalletCheck.CHECKSUM, ("NIM",)),
    ("NQ08 0000 0000 0000 0000 0000 0000 0000 0000", WalletCheck.FAILED, ("NIM",)),
    ("k:" + "ab" * 32, WalletCheck.FORMAT, ("KDA",)),
    ("ab" * 32, WalletCheck.FORMAT, ("IRON",)),
    # EIP-55's examples: all upper, all lower, mixed; and one with a letter in the wrong case.
    ("0x8617E340B3D01FA5F11F306F4090FD50E238070D", WalletCheck.FORMAT, ("ETH",)),
    ("0x27b1fdb04752bbc536007a920d24acb045561c26", WalletCheck.FORMAT, ("ETH",)),
    ("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", WalletCheck.FORMAT, ("ETH",)),
    ("0xd1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", WalletCheck.FAILED, ("ETH",)),
]


@pytest.mark.parametrize(("text", "check", "coins"), OTHERS)
def test_other_forms(text: str, check: WalletCheck, coins: tuple[str, ...]) -> None:
    wallet = BOOK.read(text)
    assert wallet is not None
    assert wallet.check is check
    assert set(coins) <= set(wallet.coins)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "kvetak.worker1",
        "1" * 400,
        "0x" + "ab" * 21,
        "bc1",
        "bc1q2t63ewm3mvh0ztmnmezxm7s0tefknenxlrlwrK",  # mixed case
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",  # BIP 173
        "mzBc4XEFSdzCDcTxAgf6EZXgsZWpztRhef",  # Bitcoin's test network
        "t2UNzUUx8mWBCRYPRezvA363EYXyEpHokyi",  # Zcash's
        "\udc80" * 30,
        "nq07 ０００0 0000 0000 0000 0000 0000 0000 0000",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert BOOK.read(text) is None


def test_an_address_may_be_of_several_coins() -> None:
    wallet = BOOK.read("12KYrjTdVGjFMtaxERSk3gphreJ5US8aUP")
    assert wallet is not None
    assert set(wallet.coins) >= {"BTC", "BCH", "BSV", "RXD"}


@given(st.text(min_size=20, max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    wallet = BOOK.read(text)
    assert wallet is None or wallet.text == text


@given(st.text("13bc:kaspq0x4" + string.ascii_lowercase + string.digits, min_size=20, max_size=99))
def test_texts_that_resemble_addresses_do_not_pass(text: str) -> None:
    wallet = BOOK.read(text)
    assert wallet is None or wallet.check is not WalletCheck.CHECKSUM


@pytest.mark.parametrize(
    ("data", "digest"),
    [  # of the submission
        (b"\0", "0ce8d4ef4dd7cd8d62dfded9d4edb0a774ae6a41929a74da23109e8f11139c87"),
        (b"\0" * 72, "d419bad32d504fb7d44d460c42c5593fe544fa4c135dec31e21bd9abdcc22d41"),
    ],
)
def test_blake256(data: bytes, digest: str) -> None:
    assert blake256(data).hex() == digest


@given(st.integers(0, 200))
def test_blake256_pads_every_length(size: int) -> None:
    assert len(blake256(bytes(size))) == 32
    assert blake256(bytes(size)) != blake256(bytes(size + 1))
