"""Lists of others: what each format says, what is refused, and what hostile ones cannot do."""

from __future__ import annotations

import contextlib
import datetime
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.catalog import load_catalog
from poolwatch.catalog.imports import FORMATS, detect_format, get_reader, run
from poolwatch.catalog.imports.entry import Entry, Fault
from poolwatch.catalog.imports.run import Outcome, import_list
from poolwatch.catalog.imports.sieve import Terms
from poolwatch.catalog.lint import lint_rows
from poolwatch.catalog.load import load_rows, shipped_folder
from poolwatch.errors import CatalogError, PoolwatchError, UsageError

DAY = datetime.date(2026, 1, 12)
NURSERY = Terms("a list", "CC0-1.0", DAY, full=False, valid_days=10)
FULL = Terms("a list", "CC0-1.0", DAY, full=True, valid_days=10)

DOMAINS = """\
# a plain list
own-pool.example   # with a comment
*.wild-pool.example
stratum+tcp://eu.url-pool.example:3333
OWN-POOL.example.
5.9.1.2:3333
[2a01:4f8::1]:4444
2a01:4f8::2
5.9.16.0/20
http://page.example/path
two words
own.example:99999
"""
HOSTS = """\
127.0.0.1 localhost
::1 ip6-localhost ip6-loopback
0.0.0.0 0.0.0.0
0.0.0.0 own-pool.example second-pool.example # both
nonsense own.example
0.0.0.0
"""
TABLE = """\
# made by hand
domain;port;pool;coin
own-pool.example;3333;Own Pool 自己;xmr
second-pool.example;;;BTC/BCH
bad.example;70000;;
;1;;
"open.example;1;;
last-pool.example
"""
MALTRAIL = """\
# Copyright (c) somebody
# See the file 'LICENSE'

# Reference: https://report.example/1
own-pool.example
5.9.1.2:3333

# Reference: https://report.example/2
/path/of/malware
second-pool.example
"""
MISP = json.dumps(
    {"name": "x", "version": 1, "type": "hostname", "list": ["own-pool.example", 7, "co.uk"]}
)
RULES = """\
# alert dns any any -> any any (dns.query; content:"off.example"; sid:1;)
alert dns $HOME_NET any -> any any (msg:"a; b"; dns.query; dotprefix; \
content:".own-pool.example"; nocase; endswith; sid:2; rev:1;)
alert tls $HOME_NET any -> $EXTERNAL_NET any (tls_sni; content:"second-pool.example"; \
isdataat:!1,relative; sid:3;)
alert http any any -> any any (content:"third-pool.example"; http_host; sid:4;)
alert tcp $HOME_NET any -> [5.9.1.2, 5.9.1.3,5.9.16.0/20] [3333,4444] (msg:"x"; sid:5;)
alert ip any any -> 5.9.1.4 any (flow:to_server; sid:6;)
alert http any any -> any any (http.host; content:"a.example"; http.uri; content:"/x"; sid:7;)
alert tcp any any -> any any (content:"mining.subscribe"; sid:8;)
alert dns any any -> any any (dns.query; content:!"not.example"; sid:9;)
alert dns any any -> any any (dns.query; content:"a.example"; content:"b.example"; sid:10;)
alert tcp any any -> ![5.9.1.5] any (sid:11;)
alert tcp any any -> 5.9.1.6 3000:4000 (sid:12;)
pass dns any any -> any any (dns.query; content:"good.example"; sid:13;)
alert nonsense
"""
SAMPLES = {
    "domains": DOMAINS,
    "hosts": HOSTS,
    "csv": TABLE,
    "maltrail": MALTRAIL,
    "misp": MISP,
    "suricata": RULES,
}


def entries(name: str, text: str) -> tuple[list[Entry], dict[int, str]]:
    read = list(get_reader(name)(text))
    faults = {item.number: item.reason for item in read if isinstance(item, Fault)}
    return [item for item in read if isinstance(item, Entry)], faults


def bring(folder: Path, text: str, terms: Terms = NURSERY, format_: str = "auto") -> Outcome:
    source = folder / "list"
    source.write_text(text, "utf-8")
    return import_list(source, format_, terms, folder / "own")


@pytest.mark.parametrize("name", SAMPLES)
def test_format_is_told_by_its_beginning(name: str) -> None:
    assert detect_format(SAMPLES[name]) == name


def test_every_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(FORMATS)


def test_plain_list() -> None:
    found, faults = entries("domains", DOMAINS)
    assert [(e.number, e.name or e.address or e.network, e.port) for e in found] == [
        (2, "own-pool.example", 0),
        (3, "wild-pool.example", 0),
        (4, "eu.url-pool.example", 3333),
        (5, "own-pool.example", 0),
        (6, "5.9.1.2", 3333),
        (7, "2a01:4f8::1", 4444),
        (8, "2a01:4f8::2", 0),
        (9, "5.9.16.0/20", 0),
        (11, "two words", 0),  # the lint refuses it
    ]
    assert list(faults) == [10, 12]


def test_hosts_file() -> None:
    found, faults = entries("hosts", HOSTS)
    assert [e.name for e in found] == ["own-pool.example", "second-pool.example"]
    assert list(faults) == [5, 6]


def test_table() -> None:
    found, faults = entries("csv", TABLE)
    assert [(e.name, e.port, e.pool, e.coin) for e in found] == [
        ("own-pool.example", 3333, "Own Pool 自己", "XMR"),
        ("second-pool.example", 0, "", "BTC/BCH"),
        ("open.example;1;;", 0, "", ""),  # an open quote costs one row, not the rest
        ("last-pool.example", 0, "", ""),
    ]
    assert list(faults) == [5, 6]


def test_table_without_a_column_of_domains() -> None:
    found, faults = entries("csv", "when,what\n1,2\n")
    assert not found
    assert faults == {1: "no column named domain"}


def test_maltrail_list_keeps_references() -> None:
    found, faults = entries("maltrail", MALTRAIL)
    assert [(e.name or e.address, e.port, e.reference) for e in found] == [
        ("own-pool.example", 0, "https://report.example/1"),
        ("5.9.1.2", 3333, "https://report.example/1"),
        ("second-pool.example", 0, "https://report.example/2"),
    ]
    assert list(faults) == [9]


def test_warning_list() -> None:
    found, faults = entries("misp", MISP)
    assert [(e.number, e.name) for e in found] == [(1, "own-pool.example"), (3, "co.uk")]
    assert list(faults) == [2]


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"list": 3}', '{"list": [], "type": "regex"}', "[" * 100_000, '{"list":']
)
def test_what_is_no_warning_list(text: str) -> None:
    found, faults = entries("misp", text)
    assert not found
    assert list(faults) == [0]


def test_rules() -> None:
    found, faults = entries("suricata", RULES)
    assert [(e.number, e.name or e.address or e.network, e.port) for e in found] == [
        (2, "own-pool.example", 0),
        (3, "second-pool.example", 0),
        (4, "third-pool.example", 0),
        (5, "5.9.1.2", 3333),
        (5, "5.9.1.2", 4444),
        (5, "5.9.1.3", 3333),
        (5, "5.9.1.3", 4444),
        (5, "5.9.16.0/20", 0),
        (6, "5.9.1.4", 0),
    ]
    assert list(faults) == [7, 8, 9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("name", SAMPLES)
def test_import_makes_fit_nursery_rows(tmp_path: Path, name: str) -> None:
    outcome = bring(tmp_path, SAMPLES[name])
    assert outcome.format == name
    own = tmp_path / "own"
    assert lint_rows(load_rows((own,))) == []
    row = load_catalog((own,)).pools["own-pool.example"]
    assert row.nursery
    assert (row.licence, row.date) == ("CC0-1.0", DAY)
    assert row.sources.startswith("a list")
    again = bring(tmp_path, SAMPLES[name])
    assert again.written == {}
    assert again.known >= sum(outcome.written.values())


def test_rows_carry_what_the_list_says(tmp_path: Path) -> None:
    bring(tmp_path, TABLE)
    catalog = load_catalog((tmp_path / "own",))
    own, second = catalog.pools["own-pool.example"], catalog.pools["second-pool.example"]
    assert (own.pool, own.use, own.coins) == ("Own Pool 自己", "stratum", "XMR")
    assert (second.pool, second.use, second.coins) == ("second-pool.example", "any", "BTC BCH")


def test_addresses_hold_for_some_days_around_the_date(tmp_path: Path) -> None:
    bring(tmp_path, DOMAINS)
    catalog = load_catalog((tmp_path / "own",))
    endpoint = next(row for row in catalog.endpoints if row.address == "5.9.1.2")
    assert (endpoint.port, endpoint.nursery) == (3333, True)
    assert (endpoint.seen_from, endpoint.seen_until) == (
        datetime.date(2026, 1, 2),
        datetime.date(2026, 1, 22),
    )
    prefix = catalog.prefixes[-1]
    assert (prefix.network, prefix.shared, prefix.nursery) == ("5.9.16.0/20", True, True)


def test_reference_of_a_trail_stands_among_the_sources(tmp_path: Path) -> None:
    bring(tmp_path, MALTRAIL)
    row = load_catalog((tmp_path / "own",)).pools["second-pool.example"]
    assert row.sources == "a list (https://report.example/2)"


def test_vouched_rows_are_full_and_promote_shipped_nursery_rows(tmp_path: Path) -> None:
    shipped = next(placed.row for placed in load_rows().pools if placed.row.nursery)
    text = f"own-pool.example\n{shipped.suffix}\n"
    bring(tmp_path, text, FULL)
    own = tmp_path / "own"
    catalog = load_catalog((own,))
    assert not catalog.pools["own-pool.example"].nursery
    assert not catalog.pools[shipped.suffix].nursery
    assert catalog.pools[shipped.suffix].pool == shipped.pool
    assert lint_rows(load_rows((own,))) == []
    assert bring(tmp_path, text, FULL).written == {}


def test_what_the_catalogue_covers_is_known(tmp_path: Path) -> None:
    outcome = bring(tmp_path, "f2pool.com\ncn.f2pool.com\nown-pool.example\n")
    assert (outcome.known, outcome.written) == (2, {"pools.csv": 1})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("domain,pool\npool.ntp.org,x\n", "list:2: 'pool.ntp.org' is too wide: ntp.org"),
        ("domain,pool\nco.uk,x\n", "list:2: 'co.uk' is a public suffix"),
        ("domain,pool\ncom,x\n", "list:2: 'com' covers a whole top-level domain"),
        ("domain,pool\nmooo.com,x\n", "list:2: 'mooo.com' is too wide"),
        ("domain,pool\nxmrpool.eumoneropool.com,x\n", "looks like xmrpool.eu and moneropool.com"),
        ("domain,pool\ngoogle.com,x\n", "list:2: 'google.com' is too wide"),
        ("domain,pool\nf2pool.com,Somebody\n", "pool is 'Somebody' here and 'F2Pool"),
        ("domain,coin\nckpool.org,LTC\n", "coins is 'LTC' here and 'BTC' at"),
        ("domain,coin\nown.example,NOCOIN\n", "coin 'NOCOIN' is not in coins.csv"),
        ("10.1.2.3:3333\n", "10.1.2.3 is no public address"),
        ("127.0.0.1:3333\n", "127.0.0.1 is no public address"),
        ("[::1]:3333\n", "::1 is no public address"),
        ("5.0.0.0/8\n", "5.0.0.0/8 is too wide"),
        ("0.0.0.0/0\n", "0.0.0.0/0 is no public address"),
    ],
)
def test_refused_with_the_row(tmp_path: Path, text: str, reason: str) -> None:
    outcome = bring(tmp_path, text)
    assert (outcome.refused, outcome.written) == (1, {})
    assert reason in outcome.complaints[0]
    assert not (tmp_path / "own").exists()


def test_a_list_at_odds_with_itself_is_named_with_the_row(tmp_path: Path) -> None:
    text = "domain,port,pool,coin\nown.example,3333,Own,XMR\nown.example,4444,Other,BTC\n"
    outcome = bring(tmp_path, text)
    assert (outcome.refused, outcome.written) == (1, {"pools.csv": 1})
    assert "list:3: 'own.example': pool is 'Other' here and 'Own' at" in outcome.complaints[0]


def test_an_address_without_a_port_is_a_hint(tmp_path: Path) -> None:
    bring(tmp_path, "5.9.1.2\n5.9.1.3:3333\n", FULL)
    catalog = load_catalog((tmp_path / "own",))
    uses = {row.address: row.use for row in catalog.endpoints if row.address.startswith("5.9.1.")}
    assert uses == {"5.9.1.2": "any", "5.9.1.3": "stratum"}


def test_rows_and_comments_of_the_folder_stay(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "pools.csv").write_text(
        "suffix,pool,use,coins,origin,status,sources,date\n"
        "mine.example,Mine,any,,,,by hand,2026-01-01\n# told by phone, on Monday\n",
        "utf-8",
    )
    bring(tmp_path, "own-pool.example\n")
    assert (own / "pools.csv").read_text("utf-8").splitlines() == [
        "suffix,pool,use,coins,origin,status,sources,date,nursery,licence,ports",
        "mine.example,Mine,any,,,,by hand,2026-01-01,false,,",
        "# told by phone, on Monday",
        "own-pool.example,own-pool.example,any,,,,a list,2026-01-12,true,CC0-1.0,",
    ]
    assert sorted(path.name for path in own.iterdir()) == ["pools.csv"]


def test_a_link_in_the_folder_is_replaced_not_followed(tmp_path: Path) -> None:
    own, elsewhere = tmp_path / "own", tmp_path / "elsewhere.csv"
    own.mkdir()
    before = "suffix,pool,use,coins,origin,status,sources,date\n"
    elsewhere.write_text(before, "utf-8")
    (own / "pools.csv").symlink_to(elsewhere)
    bring(tmp_path, "own-pool.example\n")
    assert elsewhere.read_text("utf-8") == before
    assert not (own / "pools.csv").is_symlink()


def test_a_damaged_folder_is_named_and_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "pools.csv").write_text("what,is,this\n", "utf-8")
    with pytest.raises(CatalogError, match=r"pools\.csv:1"):
        bring(tmp_path, "own-pool.example\n")
    assert (own / "pools.csv").read_text("utf-8") == "what,is,this\n"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file", "utf-8")
    with pytest.raises(CatalogError, match="nothing more was written"):
        bring(tmp_path, "own-pool.example\n")


def test_the_shipped_folder_is_not_written(tmp_path: Path) -> None:
    source = tmp_path / "list"
    source.write_text("own-pool.example\n", "utf-8")
    with pytest.raises(UsageError, match="shipped"):
        import_list(source, "auto", NURSERY, shipped_folder())


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_list_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(CatalogError):
        import_list(tmp_path / name, "auto", NURSERY, tmp_path / "own")


def test_an_empty_list_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not recognised"):
        bring(tmp_path, " \n")


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MOST_ENTRIES", 3)
    outcome = bring(tmp_path, "".join(f"pool-{n}.example\n" for n in range(9)))
    assert outcome.written == {"pools.csv": 3}
    assert outcome.complaints[0].endswith("list:4: the rest is left: 3 entries")
    monkeypatch.setattr(run, "MOST_BYTES", 10)
    with pytest.raises(CatalogError, match="more than"):
        bring(tmp_path, "own-pool.example\n")


@pytest.mark.parametrize("name", SAMPLES)
def test_long_lines_are_faults(name: str) -> None:
    long = "a" * 20_000
    text = json.dumps({"list": [long]}) if name == "misp" else f"domain,x\n{long}\n"
    _, faults = entries(name, text)
    assert any("20000 characters" in reason for reason in faults.values())


def test_control_characters_do_not_reach_the_terminal_or_the_table(tmp_path: Path) -> None:
    outcome = bring(tmp_path, "domain,pool\nown-pool.example,A\x1b[31m\tB\nbad\x1b]0;x.example,y\n")
    assert load_catalog((tmp_path / "own",)).pools["own-pool.example"].pool == "A [31m B"
    assert "\x1b" not in "".join(outcome.complaints)


PIECES = (
    *("alert dns any any -> any any (", "dns.query;", 'content:"', "x.example", "5.9.1.2"),
    *(";", ")", ":", "/", "[", "]", "\n", ",", '"', "\\", "|", "!", "# Reference:", "\0"),
)


@pytest.mark.parametrize("name", SAMPLES)
@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda data: data.decode("utf-8", "replace")),
        st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    )
)
def test_no_text_is_an_error(name: str, text: str) -> None:
    for item in get_reader(name)(text):
        assert isinstance(item, Entry | Fault)


@given(st.binary(max_size=400))
def test_no_file_is_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("import")
    (folder / "list").write_bytes(data)
    with contextlib.suppress(PoolwatchError):
        import_list(folder / "list", "auto", NURSERY, folder / "own")
    if (folder / "own").is_dir():
        assert lint_rows(load_rows((folder / "own",))) == []


def test_what_is_no_utf_8_is_refused_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"own-pool.example\nb\xff\xfed.example\n")
    outcome = import_list(tmp_path / "list", "auto", NURSERY, tmp_path / "own")
    assert outcome.written == {"pools.csv": 1}
    assert "list:2: " in outcome.complaints[0]
