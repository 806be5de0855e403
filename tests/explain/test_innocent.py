"""How each innocent explanation fares on scenarios made for it."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.explain.explaining import (
    FOLDERS,
    Event,
    events_of,
    explain_scenario,
    kind,
    run,
    write_events,
)

EXPECTED = [
    ("names-dns-lookup", "10.40.1.5", "lookup_only", "possible", "nothing_else"),
    ("names-dns-lookup", "10.40.1.5", "web_page", "possible", "lookup"),
    ("names-dns-lookup", "10.40.1.5", "resolver", "cannot_tell", "clients_unseen"),
    ("near-pool-web", "10.22.1.20", "web_page", "possible", "named"),
    ("near-pool-web", "10.22.1.20", "lookup_only", "excluded", "exchange"),
    ("near-pool-web", "10.22.1.20", "shared_address", "excluded", "named"),
    ("names-resolver", "10.40.0.53", "resolver", "possible", "asked_itself"),
    ("names-cert-tls12", "10.40.1.6", "shared_address", "possible", "certificate"),
    ("node-owner", "10.21.0.50", "rpc_client", "possible", "bare"),
    ("node-owner", "10.21.0.50", "p2p_node", "excluded", "dialect"),
    ("scanner-outside", "10.21.0.30", "scanner", "possible", "greeted"),
    ("scanner-outside", "10.21.0.30", "health_checker", "possible", "greeted"),
    ("listed-endpoint", "10.21.0.41", "shared_address", "cannot_tell", "by_address"),
    ("listed-endpoint", "10.21.0.41", "stale_indicator", "excluded", "recent"),
    ("pool-health-check", "10.22.3.1", "health_checker", "possible", "contact"),
    ("pool-health-check", "10.22.3.2", "health_checker", "possible", "no_login"),
    ("pool-health-check", "10.22.3.3", "scanner", "cannot_tell", "few_ends"),
    ("coinhive-clean", None, "web_page", "possible", "browser_miner"),
    ("zkwork-clean", None, "p2p_node", "cannot_tell", "weak"),
    ("stratum-v1-oneway", None, "one_way", "possible", "only_miner"),
    ("stratum-v1-oneway-pool", None, "one_way", "possible", "only_pool"),
    ("stratum-v1-refused", None, "one_way", "excluded", "both"),
    ("cryptonote-refused", None, "health_checker", "cannot_tell", "no_share"),
    ("cryptonote-clean", None, "health_checker", "excluded", "share"),
    ("cryptonote-clean", None, "rpc_client", "excluded", "share"),
    ("tunnel-tls", None, "shared_address", "excluded", "named"),
]


@pytest.mark.parametrize(("scenario", "host", "explanation", "outcome", "ground"), EXPECTED)
def test_explanations(
    scenario: str, host: str | None, explanation: str, outcome: str, ground: str, tmp_path: Path
) -> None:
    said = explain_scenario(tmp_path, scenario)
    account = next(a for a in said.accounts if host in (None, a["host"]))
    one = next(one for one in account["innocent"] if one["explanation"] == explanation)
    assert (one["outcome"], one["id"]) == (outcome, f"innocent.{explanation}.{ground}")


@pytest.mark.parametrize(
    "scenario", ["stratum-v1-clean", "cryptonote-clean", "ethereum-stratum-clean", "wire-vlan"]
)
def test_nothing_innocent_remains_of_shares_that_were_accepted(
    scenario: str, tmp_path: Path
) -> None:
    for account in explain_scenario(tmp_path, scenario).accounts:
        assert {one["outcome"] for one in account["innocent"]} == {"excluded"}
        assert all(one["quotes"] for one in account["innocent"])
        assert [one["id"] for one in account["against"]] == ["against.nothing"]


def test_what_remains_is_what_would_be_settled(tmp_path: Path) -> None:
    account = explain_scenario(tmp_path, "node-owner").account
    wanted = {one["id"] for one in account["settle"]}
    assert {"settle.node_owner", "settle.machine", "settle.unit"} <= wanted
    assert "settle.passive_dns" not in wanted


@pytest.mark.parametrize(
    ("days_later", "ground"), [(0, "recent"), (-3 * 366, "later"), (3 * 366, "old")]
)
def test_a_row_far_from_the_packets_may_be_stale(
    days_later: int, ground: str, tmp_path: Path
) -> None:
    """The row is of 2026; the packets are moved by whole years."""
    events = events_of("names-sni-stratum")
    for event in kind(events, "mining"):
        year = int(event["mining"]["last_seen"][:4]) + round(days_later / 366)
        event["mining"]["last_seen"] = f"{year}{event['mining']['last_seen'][4:]}"
    said = explained(tmp_path, events)
    grounds = {
        one["id"] for a in said for one in a["innocent"] if one["explanation"] == "stale_indicator"
    }
    assert f"innocent.stale_indicator.{ground}" in grounds


def test_an_older_event_does_not_say_whose_payload_was_seen(tmp_path: Path) -> None:
    events = events_of("stratum-v1-clean")
    for event in kind(events, "mining"):
        del event["mining"]["payload"]
    (account,) = explained(tmp_path, events)
    assert account["innocent"][-1]["outcome"] == "cannot_tell"


def test_many_servers_left_early_look_like_a_search(tmp_path: Path) -> None:
    events = events_of("stratum-v1-unanswered")
    (flow,), (finding,) = kind(events, "mining"), kind(events, "finding")
    flow["mining"] |= {"logins": [], "login": None, "stage": "greeted"}
    flows = []
    for number in range(1, 7):
        one = copy.deepcopy(flow)
        one |= {"flow_id": number, "dest_ip": f"198.51.100.{number}"}
        flows.append(one)
    finding |= {"flows": list(range(1, 7)), "stage": "greeted"}
    (account,) = explained(tmp_path, [*flows, finding, events[-1]])
    scanner = next(one for one in account["innocent"] if one["explanation"] == "scanner")
    assert (scanner["outcome"], scanner["fields"]) == ("possible", {"count": 6})


def test_without_conversations_nothing_can_be_tested(tmp_path: Path) -> None:
    events = [event for event in events_of("office") if event["event_type"] != "mining"]
    said = explained(tmp_path, events)
    assert said
    for account in said:
        assert {one["outcome"] for one in account["innocent"]} == {"cannot_tell"}
        assert [one["id"] for one in account["for"]] == ["for.no_flow"]


def explained(tmp: Path, events: list[Event]) -> list[Event]:
    path = write_events(tmp / "events.json", events)
    ids = [str(event["finding_id"]) for event in kind(events, "finding")]
    said = run(tmp, "--eve", path, *FOLDERS, *ids)
    assert said.status == 0, said.complaints
    return said.accounts
