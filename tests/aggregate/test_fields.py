"""Coin, algorithm, pool, software: each with its ground."""

from __future__ import annotations

import pytest

from poolwatch.aggregate.fields import CoinGuess, weigh_coins
from poolwatch.match.dialects.base import network_difficulty
from poolwatch.terms import Session, WalletCheck
from tests.match.test_coinbase import params_of
from tests.running import MINER, POOL, XMR, judged, read_lines, scan_scenario

ETH = "0x9c99d212f7e5daa18ab50810e0fd255d1f04303b"
TAPROOT = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"


def session_of(*said: tuple[int, str]) -> Session:
    session = judged(read_lines(*said))
    assert session is not None
    return session


def login(name: str, password: str = "x", agent: str = "XMRig/6.21.0") -> tuple[int, str]:
    params = f'{{"login":"{name}","pass":"{password}","agent":"{agent}"}}'
    return MINER, f'{{"id":1,"method":"login","params":{params}}}'


def authorize(name: str, password: str = "x") -> tuple[int, str]:
    return MINER, f'{{"id":2,"method":"mining.authorize","params":["{name}","{password}"]}}'


def job(algorithm: str) -> tuple[int, str]:
    work = f'{{"blob":"{"0a" * 76}","job_id":"1","target":"b88d0600","algo":"{algorithm}"}}'
    return POOL, f'{{"jsonrpc":"2.0","method":"job","params":{work}}}'


def submit_login(name: str) -> tuple[int, str]:
    return MINER, f'{{"id":2,"method":"eth_submitLogin","worker":"w","params":["{name}","x"]}}'


def frozen(*coins: str) -> frozenset[str]:
    return frozenset(coins)


ALL = frozen()
GUESSES: list[tuple[str, list[frozenset[str]], list[frozenset[str]], CoinGuess]] = [
    ("nothing", [ALL, ALL], [ALL], CoinGuess(None, None, ())),
    ("one says it", [frozen("A"), ALL], [ALL], CoinGuess("A", "one", ("A",))),
    ("the surer counts", [frozen("A"), frozen("B")], [ALL], CoinGuess("A", "one", ("A",))),
    ("both leave one", [frozen("A", "B"), frozen("B", "C")], [], CoinGuess("B", "one+two", ("B",))),
    ("both leave two", [ALL, frozen("A", "B")], [], CoinGuess(None, "two", ("A", "B"))),
    ("work allows one", [frozen("A", "B"), ALL], [frozen("B")], CoinGuess("B", "one+form", ("B",))),
    ("work forbids", [frozen("A"), ALL], [frozen("B", "C")], CoinGuess(None, "form", ("B", "C"))),
    ("work agrees", [frozen("A"), ALL], [frozen("A", "B")], CoinGuess("A", "one", ("A",))),
    ("wider", [frozen("A"), frozen("A", "C")], [frozen("A", "B")], CoinGuess("A", "one", ("A",))),
    ("too many", [ALL, ALL], [frozen(*"ABCDEFGHI")], CoinGuess(None, None, ())),
]


@pytest.mark.parametrize(
    ("said", "form", "guess"), [row[1:] for row in GUESSES], ids=[row[0] for row in GUESSES]
)
def test_coins_are_weighed(
    said: list[frozenset[str]], form: list[frozenset[str]], guess: CoinGuess
) -> None:
    names = ("one", "two")
    assert weigh_coins(list(zip(names, said, strict=True)), [("form", c) for c in form]) == guess


# Each: what is said, coin, its basis, candidates, algorithm, its basis.
COINS: list[tuple[str, tuple[tuple[int, str], ...], object]] = [
    (
        "a wallet",
        (login(XMR),),
        ("XMR", "wallet", ("XMR",), "RandomX", "coin"),
    ),
    (
        "the algorithm said",
        (login("ann"), job("rx/wow")),
        ("WOW", "algorithm", ("WOW",), "rx/wow", "said"),
    ),
    (
        "one of several",
        (login("ann"), job("rx/0")),
        (None, "algorithm", ("QRL", "SAL", "XMR", "XTM", "ZEPH"), "rx/0", "said"),
    ),
    (
        "an Ethereum account may be of several coins",
        (submit_login(ETH),),
        (None, "wallet+dialect", ("CLO", "ETC", "ETH", "ETHW", "OCTA", "UBQ"), None, None),
    ),
    (
        "paid out in Bitcoin, mined as Ethereum",
        (submit_login("12KYrjTdVGjFMtaxERSk3gphreJ5US8aUP"),),
        (None, "dialect", ("CLO", "ETC", "ETH", "ETHW", "OCTA", "QUAI", "UBQ", "ZANO"), None, None),
    ),
    (
        "a wallet of one coin",
        (authorize(TAPROOT),),
        ("BTC", "wallet", ("BTC",), "SHA-256d", "coin"),
    ),
    (
        "the coin asked for",
        (authorize("ann", "c=BTC,mc=VTC"),),
        ("VTC", "password", ("VTC",), "Verthash", "coin"),
    ),
    ("only what is paid out", (authorize("ann", "c=BTC"),), (None, None, (), None, None)),
    ("an account", (authorize("ann.rig"),), (None, None, (), None, None)),
]


@pytest.mark.parametrize(("said", "answer"), [c[1:] for c in COINS], ids=[c[0] for c in COINS])
def test_coin_and_algorithm_with_their_grounds(
    said: tuple[tuple[int, str], ...], answer: object
) -> None:
    session = session_of(*said)
    found = session.coin, session.coin_basis, session.coins
    assert (*found, session.algorithm, session.algorithm_basis) == answer


def test_a_login_gives_account_worker_mail_and_how_the_wallet_was_checked() -> None:
    session = session_of(login(XMR + ".rig/me@x.example"))
    assert (session.wallets, session.wallet_check) == ((XMR,), WalletCheck.CHECKSUM)
    assert (session.accounts, session.workers, session.mails) == ((), ("rig",), ("me@x.example",))
    session = session_of(submit_login(ETH))
    assert (session.wallets, session.wallet_check) == ((ETH,), WalletCheck.FORMAT)
    session = session_of(login(XMR[:-1] + "k"))
    assert (session.wallets, session.wallet_check) == ((), WalletCheck.FAILED)
    assert session.accounts == (XMR[:-1] + "k",)


def test_an_agent_gives_software_version_and_hardware() -> None:
    session = session_of(login(XMR))
    said = session.software, session.software_version, session.hardware_class
    assert said == ("XMRig", "6.21.0", "cpu")
    session = session_of(login(XMR, agent="renamed/1.0"))
    assert (session.software, session.hardware_class) == (None, None)


def test_the_coinbase_names_the_pool_behind_a_relay() -> None:
    work = str(params_of(b"\x03\xe4\x29\x08/ViaBTC/")).replace("'", '"').replace("True", "true")
    session = session_of(
        authorize("ann.rig"), (POOL, f'{{"id":null,"method":"mining.notify","params":{work}}}')
    )
    assert (session.pool, session.pool_basis) == ("ViaBTC 微比特", "coinbase")
    hit = session.hit
    assert (hit.height, hit.nbits, hit.coinbase) == (535012, "172f4f7b", "/ViaBTC/")


@pytest.mark.parametrize(
    ("nbits", "coin"),
    [("172f4f7b", ("BTC", "network")), ("1a0ffff0", (None, None)), ("1d00ffff", (None, None))],
)
def test_the_hardest_network_tells_itself(nbits: str, coin: tuple[str | None, ...]) -> None:
    work = str(params_of(b"\x03\xe4\x29\x08", nbits=nbits)).replace("'", '"')
    line = f'{{"id":null,"method":"mining.notify","params":{work.replace("True", "true")}}}'
    session = session_of(authorize("ann.rig"), (POOL, line))
    assert (session.coin, session.coin_basis) == coin


@pytest.mark.parametrize(
    ("nbits", "difficulty"),
    [
        ("1d00ffff", 1.0),
        ("1b0404cb", 16307.42),  # the documentation's example of compact targets
        ("172f4f7b", 5949437371610.0),
        ("ff00ffff", None),
        ("1d000000", None),
        ("1dffffff", None),
    ],
)
def test_difficulty_of_compact_targets(nbits: str, difficulty: float | None) -> None:
    wanted = None if difficulty is None else pytest.approx(difficulty, rel=1e-6)
    assert network_difficulty(nbits) == wanted


def test_an_option_of_an_unknown_coin_is_a_password() -> None:
    session = session_of(authorize("ann.rig", "c=hunter2,d=64"))
    assert session.options == ("d=64",)
    assert "hunter2" not in repr(session.options)


@pytest.mark.parametrize("algorithm", ["rx/arq", "cn/upx2", "argon2/wrkz", "unheard/of"])
def test_work_that_no_coin_has_is_not_that_of_the_wallet(algorithm: str) -> None:
    session = session_of(login(XMR), job(algorithm))
    assert (session.coin, session.coin_basis, session.coins) == (None, None, ())
    assert session.algorithm == algorithm


@pytest.mark.parametrize(
    "scenario", ["arweave-stratum-clean", "aion-stratum-clean", "codechain-stratum-clean"]
)
def test_dialects_that_share_a_number_share_no_coin(scenario: str) -> None:
    assert {session.coin for session in scan_scenario(scenario).sessions} == {None}


def test_bytoms_own_dialect_names_it() -> None:
    assert {session.coin for session in scan_scenario("bytom-stratum-clean").sessions} == {"BTM"}
