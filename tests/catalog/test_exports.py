"""What leaves the catalogue for other tools: read again by parsers that are not ours."""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import dns.name
import dns.rdatatype
import dns.zone
import dpkt
import pytest
import suricataparser
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.catalog.exports import FORMATS, get_writer
from poolwatch.catalog.exports.needle_patterns import Inexpressible, needle_pattern
from poolwatch.catalog.exports.selection import (
    SID_COUNT,
    SID_FIRST,
    number_rules,
    select_rows,
)
from poolwatch.catalog.load import load_rows
from poolwatch.catalog.rows import NeedleRow
from poolwatch.cli import command
from poolwatch.errors import UsageError
from tests import running

DAY = datetime.date(2026, 11, 24)
POOLS = "suffix,pool,use,coins,origin,status,sources,date,nursery\n"
ENDPOINTS = "address,port,pool,use,coins,seen_from,seen_until,sources,date\n"
PREFIXES = "network,pool,use,coins,seen_from,seen_until,shared,sources,date\n"
HOSTILE = (
    'x"; sid:1;) \\',
    "alert tcp any any -> any any (msg:'x'; sid:2;)",
    "a\nalert tcp any any -> any any (sid:3;)\n",
    "b\r\nevil.example CNAME .\n; c\u2028d\x85e\x0bf\x1cg",
    "tab\tIntel::ADDR\tevil",
    "\u202e\ud7ff\ufffe\x00\x07 鱼池 ; * ( ) [ ] { } | $ `",
    "L" * 5000,
)


def written(form: str, *folders: Path, day: datetime.date = DAY, nursery: bool = False) -> str:
    chosen = select_rows(load_rows(folders), day, nursery=nursery)
    return "".join(f"{line}\n" for line in get_writer(form)(chosen, "0"))


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8", newline="")
    return tmp_path


def rules_of(text: str) -> dict[int, suricataparser.Rule]:
    """The rules by number; every line is a rule or a comment, and none hides in a comment."""
    rules = suricataparser.parse_rules(text)
    lines = text.splitlines()
    assert len(rules) == sum(line.startswith("alert ") for line in lines)
    assert all(line.startswith(("alert ", "# ")) for line in lines)
    assert all(rule.enabled for rule in rules)
    numbers = {rule.sid: rule for rule in rules}
    assert len(numbers) == len(rules)
    assert all(SID_FIRST <= number < SID_FIRST + SID_COUNT for number in numbers)
    return numbers


def options_of(rule: suricataparser.Rule, name: str) -> list[str]:
    return [str(option.value) for option in rule.options if option.name == name]


def at_most(rule: suricataparser.Rule) -> str:
    found = [word.split()[-1] for word in rule.metadata if word.startswith("poolwatch_at_most")]
    assert len(found) == 1
    return str(found[0])


def naming(text: str, name: str) -> dict[tuple[str, str], str]:
    """Of the rules for a name: by protocol and port, the highest grade."""
    content = f'".{name}"'
    return {
        (rule.header.split()[0], rule.header.split()[-1]): at_most(rule)
        for rule in rules_of(text).values()
        if content in options_of(rule, "content")
    }


def intel_of(text: str) -> dict[str, tuple[str, ...]]:
    """Zeek's ASCII reader: `#fields`, then tab-separated lines; other `#` lines are comments."""
    lines = text.split("\n")
    assert lines.pop() == ""
    fields = [line for line in lines if line.startswith("#fields\t")]
    assert fields == ["#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc"]
    rows = [tuple(line.split("\t")) for line in lines if not line.startswith("#")]
    assert all(len(row) == 4 and all(row) for row in rows)
    assert {row[1] for row in rows} <= {"Intel::DOMAIN", "Intel::ADDR", "Intel::SUBNET"}
    assert not any("\\" in line for line in lines)
    assert len({row[:2] for row in rows}) == len(rows)
    return {row[0]: row[1:] for row in rows}


def zone_of(text: str) -> dns.zone.Zone:
    return dns.zone.from_text(text, origin="rpz.example", relativize=True)


def action(zone: dns.zone.Zone, name: str) -> str | None:
    """What a resolver does with a lookup: the name itself, else the nearest wildcard above."""
    labels = name.split(".")
    owners = [name, *("*." + ".".join(labels[i:]) for i in range(1, len(labels)))]
    for owner in owners:
        found = zone.get_rdataset(owner, dns.rdatatype.CNAME)
        if found is not None:
            return str(found[0].target)
    return None


# -- the shipped catalogue -------------------------------------------------------------------


def test_the_shipped_rules_are_rules() -> None:
    rules = rules_of(written("suricata"))
    assert len(rules) > 800
    for rule in rules.values():
        assert rule.msg.startswith("poolwatch ")
        assert rule.msg.isascii()
        assert rule.rev > 20260101
        assert (rule.classtype == "misc-activity") == (at_most(rule) == "noted")
        assert "confirmed" not in str(rule)


@pytest.mark.parametrize("form", FORMATS)
def test_the_head_says_catalogue_day_and_what_is_left_out(form: str) -> None:
    text = written(form)
    mark = ";" if form == "rpz" else "#"
    head = [line for line in text.splitlines()[:20] if line.startswith(mark)]
    assert any(load_rows().digest in line and str(DAY) in line for line in head)
    left_out = [line for line in head if line.startswith(f"{mark} Left out, ")]
    assert any("one source alone" in line for line in left_out)
    assert text == written(form)


def test_the_shipped_zone_is_a_zone() -> None:
    zone = zone_of(written("rpz"))
    assert action(zone, "f2pool.com") == "."
    assert action(zone, "xmr-eu1.nanopool.org") == "."
    assert action(zone, "notf2pool.com") is None
    assert action(zone, "pool.ntp.org") is None
    soa = zone.get_rdataset("@", dns.rdatatype.SOA)
    assert soa is not None
    assert soa[0].serial == 2026112400


def test_the_shipped_intel_names_names() -> None:
    intel = intel_of(written("zeek"))
    assert intel["f2pool.com"][0] == "Intel::DOMAIN"
    assert "use any; at most suspected" in intel["f2pool.com"][2]
    names = {row.suffix for row in running.catalog().pools.values() if not row.nursery}
    assert set(intel) <= names


def test_retired_pools_are_left_out_once_they_are_gone() -> None:
    gone = [row.suffix for row in running.catalog().pools.values() if row.status]
    text = written("zeek", nursery=True)
    assert gone
    assert not set(gone) & set(intel_of(text))
    assert set(gone) & set(intel_of(written("zeek", day=datetime.date(2016, 1, 1), nursery=True)))


# -- use, nursery, dates ---------------------------------------------------------------------

USES = POOLS + (
    "s.example,S,stratum,,,,test,2026-01-12,\n"
    "a.example,A,any,,,,test,2026-01-12,\n"
    "w.example,W,web,,,,test,2026-01-12,\n"
    "n.example,N,stratum,,,,test,2026-01-12,true\n"
    "www.a.example,A,web,,,,test,2026-01-12,\n"
    "x.a.example,A,stratum,,,,test,2026-01-12,true\n"
    "矿池.example,K,stratum,,,,test,2026-01-12,\n"
)
WEB = "[80,443,8443]"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "s.example",
            {("dns", "any"): "noted", ("tls", "any"): "suspected", ("http", "any"): "suspected"},
        ),
        (
            "a.example",
            {
                ("dns", "any"): "noted",
                ("tls", WEB): "noted",
                ("tls", f"!{WEB}"): "suspected",
                ("http", "any"): "noted",
            },
        ),
        (
            "w.example",
            {("dns", "any"): "noted", ("tls", "any"): "noted", ("http", "any"): "noted"},
        ),
        (
            "n.example",
            {("dns", "any"): "noted", ("tls", "any"): "noted", ("http", "any"): "noted"},
        ),
    ],
)
def test_a_rule_claims_what_the_use_allows(
    tmp_path: Path, name: str, wanted: dict[tuple[str, str], str]
) -> None:
    own = folder(tmp_path, pools=USES)
    assert naming(written("suricata", own, nursery=True), name) == wanted
    plain = naming(written("suricata", own), name)
    assert plain == ({} if name == "n.example" else wanted)


def test_web_pages_below_a_wider_row_are_excepted(tmp_path: Path) -> None:
    own = folder(tmp_path, pools=USES)
    rules = rules_of(written("suricata", own)).values()
    of_a = [rule for rule in rules if '".a.example"' in options_of(rule, "content")]
    assert of_a
    assert all('!".www.a.example"' in options_of(rule, "content") for rule in of_a)
    zone = zone_of(written("rpz", own))
    assert action(zone, "a.example") == action(zone, "eu.a.example") == "."
    assert action(zone, "www.a.example") == action(zone, "b.www.a.example") == "rpz-passthru."
    assert action(zone, "w.example") is None
    assert action(zone, "n.example") is None
    assert action(zone, "xn--btwv1w.example") == "."


def test_a_nursery_row_below_a_full_one_adds_nothing(tmp_path: Path) -> None:
    own = folder(tmp_path, pools=USES)
    assert naming(written("suricata", own, nursery=True), "x.a.example") == {}
    assert "x.a.example" not in intel_of(written("zeek", own, nursery=True))


LISTED = ENDPOINTS + (
    "192.0.2.1,3333,P,stratum,,2026-01-01,2026-02-01,test,2026-01-12\n"
    "2001:db8::1,443,P,any,,2026-01-01,2026-02-01,test,2026-01-12\n"
    "192.0.2.9,0,P,stratum,,2026-01-01,2026-02-01,test,2026-01-12\n"
)
NETWORKS = PREFIXES + (
    "198.51.100.0/24,P,any,,2026-01-01,2026-02-01,false,test,2026-01-12\n"
    "203.0.113.0/24,P,any,,2026-01-01,2026-02-01,true,test,2026-01-12\n"
)


def test_addresses_hold_between_their_dates(tmp_path: Path) -> None:
    own = folder(tmp_path, endpoints=LISTED, prefixes=NETWORKS)
    heads = {
        rule.header: at_most(rule)
        for rule in rules_of(written("suricata", own, day=datetime.date(2026, 1, 20))).values()
        if "$EXTERNAL_NET" not in rule.header and rule.header.startswith("tcp ")
    }
    assert heads == {
        "tcp $HOME_NET any -> 192.0.2.1 3333": "suspected",
        "tcp $HOME_NET any -> 2001:db8::1 443": "noted",
        "tcp $HOME_NET any -> 192.0.2.9 any": "suspected",
        "tcp $HOME_NET any -> 198.51.100.0/24 any": "noted",
    }
    late = written("suricata", own, day=datetime.date(2026, 2, 2))
    assert "192.0.2." not in late
    assert "198.51.100." not in late


def test_an_address_with_a_port_is_no_intel(tmp_path: Path) -> None:
    own = folder(tmp_path, endpoints=LISTED, prefixes=NETWORKS)
    text = written("zeek", own, day=datetime.date(2026, 1, 20))
    intel = intel_of(text)
    assert intel["192.0.2.9"][0] == "Intel::ADDR"
    assert intel["198.51.100.0/24"][0] == "Intel::SUBNET"
    assert "192.0.2.1" not in intel
    assert "2: addresses with a port" in text
    zone = written("rpz", own, day=datetime.date(2026, 1, 20))
    assert "rpz-ip" not in zone


# -- numbers ---------------------------------------------------------------------------------


def test_numbers_do_not_move(tmp_path: Path) -> None:
    shipped = number_rules(load_rows())
    assert len(set(shipped.values())) == len(shipped)
    assert shipped["pool:f2pool.com/dns"] == PINNED["pool:f2pool.com/dns"]
    assert shipped["stratum-submit"] == PINNED["stratum-submit"]
    many = "".join(f"p{i}.example,P,any,,,,test,2026-01-12,\n" for i in range(2000))
    more = number_rules(load_rows((folder(tmp_path, pools=POOLS + many),)))
    assert shipped.items() <= more.items()
    with_nursery = rules_of(written("suricata", nursery=True))
    for number, rule in rules_of(written("suricata")).items():
        assert str(with_nursery[number]) == str(rule)


PINNED = {"pool:f2pool.com/dns": 1764578, "stratum-submit": 1606750}


# -- hostile rows ----------------------------------------------------------------------------


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_rows_stays_text(tmp_path: Path, text: str) -> None:
    row = f"h.example,{quoted(text)},stratum,,,,{quoted(text)},2026-01-12,\n"
    bad = f"{quoted(text)},P,stratum,,,,test,2026-01-12,\n"
    listed = f"192.0.2.1,3333,{quoted(text)},any,,2026-01-01,2027-02-01,{quoted(text)},2026-01-12\n"
    own = folder(tmp_path, pools=POOLS + row + bad, endpoints=ENDPOINTS + listed)
    before = {form: written(form) for form in FORMATS}
    assert len(rules_of(written("suricata", own))) == len(rules_of(before["suricata"])) + 4
    assert not {1, 2, 3} & set(rules_of(written("suricata", own)))
    added = set(intel_of(written("zeek", own))) - set(intel_of(before["zeek"]))
    assert added == {"h.example"}
    names = set(zone_of(written("rpz", own)).nodes) - set(zone_of(before["rpz"]).nodes)
    assert {str(name) for name in names} == {"h.example", "*.h.example"}


@given(st.text(max_size=60))
def test_no_text_breaks_a_line(text: str) -> None:
    from poolwatch.catalog.exports.text import comment, plain, word

    for made in (comment(text), plain(text), word(text)):
        assert len(f"# {made}x".splitlines()) == 1
        assert not set('()"\\\t\0') & set(made) or made == comment(text)
    assert not set("()\\\t\0") & set(comment(text))
    assert re.fullmatch(r"[A-Za-z0-9 .,:'_/+-]*", plain(text))


# -- needles ---------------------------------------------------------------------------------


def patterned() -> dict[str, tuple[NeedleRow, re.Pattern[str]]]:
    found = {}
    for placed in load_rows().needles:
        try:
            found[placed.row.id] = placed.row, re.compile(needle_pattern(placed.row))
        except Inexpressible:
            continue
    return found


PATTERNS = patterned()
FITS = {needle.id: needle.fits for needle in running.catalog().needles}
EXAMPLES = [
    json.loads(text)
    for placed in load_rows().needles
    for text in (*placed.row.yes, *placed.row.no)
    if text.startswith("{")
]
PLAIN = [message for message in EXAMPLES if isinstance(message, dict)]


def test_the_proving_needles_have_patterns() -> None:
    asked = {"answers"}  # an answer needs its question, which one rule does not see
    missing = {
        placed.row.id
        for placed in load_rows().needles
        if placed.row.strength == "safe"
        and not any(getattr(placed.row, name) for name in asked)
        and placed.row.id not in PATTERNS
    }
    assert missing <= {"stratum-subscription"}
    assert {"stratum-submit", "cryptonote-job", "eth-submit-login", "zcash-notify"} <= set(PATTERNS)


def in_other_words(value: Any) -> st.SearchStrategy[Any]:
    """The value, or something else in its place."""
    other: st.SearchStrategy[Any] = st.sampled_from(
        ["", "x", "ab" * 32, "0x" + "ab" * 32, 7, -1.5, None, True, [], {}]
    )
    if isinstance(value, list):
        items = st.tuples(*map(in_other_words, value)).map(list)
        return items | st.lists(other, max_size=9)
    if isinstance(value, dict):
        members = {str(key): in_other_words(item) for key, item in value.items()}
        kept: st.SearchStrategy[Any] = st.fixed_dictionaries(members)
        return kept | kept.map(lambda some: {"method": "x"} | some)
    return st.just(value) | other


@given(st.sampled_from(PLAIN).flatmap(in_other_words), st.sampled_from([None, 1]))
def test_a_pattern_is_never_wider_than_its_needle(message: Any, indent: int | None) -> None:
    text = json.dumps(message, indent=indent)
    for name, (row, pattern) in PATTERNS.items():
        if pattern.match(text):
            assert isinstance(message, dict)
            assert FITS[name](message), name
            assert not row.method or message["method"].lower() == row.method.lower()


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"{\\"method\\":\\"mining.submit\\",\\"params\\":[\\"w\\",\\"j\\",\\"00000001\\"]}"}',
        '{"log":{"method":"mining.submit","params":["w","j1","00000001"]}}',
        '{"method":"log","params":["mining.submit","j1","00000001"]}',
        '{"method":["mining.submit"],"params":["w","j1","00000001"]}',
        '<pre>{"method":"mining.submit","params":["w","j1","00000001"]}</pre>',
    ],
)
def test_a_word_is_no_message(text: str) -> None:
    assert not any(pattern.match(text) for _, pattern in PATTERNS.values())


@pytest.mark.parametrize("size", [1000, 20000])
def test_patterns_take_no_longer_than_their_text(size: int) -> None:
    texts = (
        '{"a":' + "[" * size,
        '{"params":[' + '"a",' * size,
        '{"a":"' + "\\" * size,
        "{" * size,
    )
    for text in texts:
        for _, pattern in PATTERNS.values():
            assert not pattern.match(text)


def payloads(scenario: str) -> list[str]:
    """The payload of each TCP packet of a scenario."""
    found = []
    with running.capture_of(scenario).open("rb") as file:
        for _, data in dpkt.pcap.Reader(file):
            packet = dpkt.ethernet.Ethernet(data).data
            segment = getattr(packet, "data", None)
            if isinstance(segment, dpkt.tcp.TCP) and segment.data:
                found.append(segment.data.decode("latin-1"))
    return found


def hits(scenario: str) -> set[str]:
    lines = {n: p for n, (row, p) in PATTERNS.items() if row.strength == "safe"}
    texts = payloads(scenario)
    return {name for name, pattern in lines.items() if any(pattern.match(t) for t in texts)}


@pytest.mark.parametrize("scenario", [s for s in running.SCENARIOS if s.startswith("near-")])
def test_no_near_miss_fits_a_pattern(scenario: str) -> None:
    assert hits(scenario) == set()


@pytest.mark.parametrize(
    ("scenario", "wanted"),
    [
        ("stratum-v1-clean", {"stratum-subscribe", "stratum-authorize", "stratum-submit"}),
        ("cryptonote-clean", {"cryptonote-login-algo", "cryptonote-login-result"}),
        ("eth-proxy-clean", {"eth-submit-login", "eth-submit-work"}),
        ("zcash-stratum-clean", {"zcash-subscribe", "zcash-notify"}),
    ],
)
def test_miners_fit_patterns(scenario: str, wanted: set[str]) -> None:
    assert wanted <= hits(scenario)


# -- the command -----------------------------------------------------------------------------


def run(*words: str) -> Result:
    return CliRunner().invoke(command, ["signatures", "export", *words])


@pytest.mark.parametrize("form", FORMATS)
def test_the_command_writes_to_output_or_file(tmp_path: Path, form: str) -> None:
    shown = run("--format", form, "--on", str(DAY))
    assert shown.exit_code == 0
    path = tmp_path / "out"
    assert run("--format", form, "--on", str(DAY), "-o", str(path)).stdout == ""
    assert (
        path.read_text("utf-8")
        == shown.stdout
        == written(form).replace("poolwatch 0.", "poolwatch 0.1.0.")
    )


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "rpz", "--nursery"),
        ("--format", "zeek", "-o", "/nonexistent/folder/file"),
    ],
)
def test_what_cannot_be_written_is_said(words: tuple[str, ...]) -> None:
    assert isinstance(run(*words).exception, UsageError)


def test_the_command_knows_every_format() -> None:
    from poolwatch.cli import signatures

    assert tuple(FORMATS) == signatures._EXPORTS


def test_indicators_are_what_they_are_called() -> None:
    for indicator, (kind, *_) in intel_of(written("zeek", nursery=True)).items():
        if kind == "Intel::DOMAIN":
            assert dns.name.from_text(indicator)
        else:
            assert ipaddress.ip_network(indicator)
