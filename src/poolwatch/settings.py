"""Every bound and threshold, with its default, in one place.

Each bound is counted when it bites; the counts stand in the stats line. Values come from
an option, then the environment, then a TOML file, then the defaults here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from poolwatch.errors import UsageError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a scan. Sizes are bytes, times seconds."""

    flows: int = 1_000_000
    """Live flows; beyond, idle ones go first, then the longest silent."""
    flow_idle_seconds: int = 1800
    """A flow silent for longer ends; the next packet of its key begins another."""
    long_flow_seconds: int = 300
    """From when on an encrypted flow that nobody could judge counts as long-lived."""
    record_bytes: int = 1 << 18
    """Longest capture record believed; libpcap's own bound."""
    read_bytes: int = 1 << 19
    """Bytes asked of a file at a time."""
    candidates: int = 16_384
    """Flows read by the dialects at the same time."""
    stream_bytes: int = 1 << 18
    """Bytes of one direction of a flow waiting for a hole to fill or a message to end."""
    reorder_segments: int = 64
    """Segments of one direction waiting behind a hole."""
    reorder_seconds: int = 5
    """How long a hole may stay open, in capture time."""
    line_bytes: int = 1 << 17
    """Longest JSON line."""
    body_bytes: int = 1 << 23
    """Longest HTTP body, also once unpacked."""
    head_bytes: int = 1 << 15
    """Longest HTTP head."""
    batch_members: int = 256
    """Messages read of one JSON batch."""
    waiting_bytes: int = 1 << 26
    """Bytes of all streams together that wait for a hole to fill or a message to end."""
    json_depth: int = 64
    """Deepest nesting of a JSON message."""
    patience_messages: int = 32
    """Messages without anything of mining after which a flow is left alone."""
    patience_calls: int = 512
    """The same, where they are JSON-RPC: miners poll their nodes with other calls too."""
    patience_bytes: int = 1 << 16
    """Bytes without anything of mining after which a flow is left alone."""
    patience_junk: int = 2048
    """Bytes that are no message, before any message, after which a flow is left alone."""
    flow_logins: int = 64
    """Logins kept of one flow; a proxy sends many over one socket."""
    flow_jobs: int = 128
    """Jobs remembered of one flow; a share that names an older one is worth what that was."""
    flow_samples: int = 24
    """Packets of each side of a flow whose headers are kept, spread over its time."""
    neighbours: int = 4096
    """Hardware addresses of which it is remembered how many addresses they carry."""
    identities: int = 8192
    """Hosts of which it is remembered what ARP, DHCP, NBNS and mDNS say of them."""
    identity_names: int = 8
    """Names, and hardware addresses, of one host."""
    flow_days: int = 800
    """Days of one flow whose shares are counted apart, twice where only some name their block."""
    open_requests: int = 256
    """Requests of one side waiting for their answers."""
    heads: int = 4096
    """HTTP heads kept until their body shows whether the flow is worth reading."""
    held_bytes: int = 1 << 26
    """Payload a slice keeps of flows that began before it."""
    held_flow_bytes: int = 1 << 16
    """The same, of one flow that has not shown anything worth reading."""
    held_flows: int = 65_536
    """Flows that closed in a slice and are judged once the slice in front is there."""
    learned_addresses: int = 65_536
    """Addresses learned from answers to lookups of listed names, the newest ones."""
    resolvers: int = 16_384
    """Hosts remembered because they were asked for names."""
    lookups: int = 16_384
    """Lookups of listed names waiting for the end, when it is known who resolves for others."""
    opening_bytes: int = 1 << 24
    """The newest TLS hellos kept, for flows that turn out to matter."""
    flow_names: int = 16
    """Names seen in one flow that are listed."""
    encrypted_flows: int = 100
    """Long-lived encrypted flows listed in the stats, the longest ones."""
    evidence_spans: int = 64
    """Packets named for one quoted message; one message of each kind is quoted."""
    quote_chars: int = 240
    """Characters of a message quoted in text."""
    text_chars: int = 512
    """Characters of a name, login or agent taken from the wire."""
    expansion_ratio: int = 200
    """Unpacked to packed size beyond which a compressed file is a bomb (after 64 MiB)."""
    unpack_bytes: int = 1 << 27
    """Memory a zstd or xz file may ask for to be unpacked."""
    finding_entries: int = 10_000
    """Flows, logins, workers and so on listed in one finding."""
    finding_miners: int = 1024
    """Logins and endpoints of one host whose conversations are joined across reconnects."""
    finding_repeats: int = 256
    """Conversations of one host and role that are remembered, should they come a second time."""
    finding_rig_sessions: int = 1024
    """Conversations of one host that are compared to tell how many machines held them."""
    rig_sessions: int = 131_072
    """The same, of all hosts together."""
    finding_days: int = 4000
    """Days and coins of one finding whose work is counted apart; beyond, it is left out."""
    finding_spans: int = 20_000
    """Separate times of activity kept per host; beyond, the nearest become one."""
    finding_traces: int = 512
    """Facts of one finding by which its cause is judged, and hours in which it was active, each."""
    cause_payees: int = 65_536
    """Wallets and accounts, the hosts that use each and their workers, together."""
    cause_payee_hosts: int = 256
    """Hosts, and workers, of one wallet or account."""
    exemption_rows: int = 100_000
    """Rows of all exemption registers together; the other bounds are those of unit tables."""
    hosts: int = 65_536
    """Hosts a finding is kept of; beyond, their conversations still come out as events."""
    companion_hosts: int = 65_536
    """Inside hosts of which it is kept what else they did; beyond, mute and long silent ones go."""
    companion_rows: int = 262_144
    """Ports they tried and others that tried theirs, of all hosts together."""
    host_companions: int = 64
    """The same of one host, of each of both kinds: those with most flows."""
    fetches: int = 16_384
    """Files fetched by HTTP from bare addresses that are remembered, the newest ones."""
    host_fetches: int = 16
    """Files fetched from bare addresses that are kept of one host, the first ones."""
    table_findings: int = 1000
    """Findings printed in a table; the rest are counted."""
    unit_rows: int = 1_000_000
    """Rows of all unit tables together."""
    unit_file_bytes: int = 1 << 27
    """Size of one unit table."""
    unit_unpacked_bytes: int = 1 << 27
    """What the parts of one XLSX file may unpack to, together."""
    unit_sheets: int = 64
    """Sheets read of one XLSX file."""
    unit_columns: int = 256
    """Columns read of a unit table."""
    unit_cell_chars: int = 4096
    """Longest cell of a unit table; a row with a longer one is not used."""
    unit_depth: int = 64
    """Rows of unit tables that may hold one address, the most specific first."""
    register_rows: int = 1_000_000
    """Rows of all asset registers together; the other bounds are those of unit tables."""
    chain_depth: int = 8
    """Layers of address translation followed one behind another."""
    chain_candidates: int = 256
    """Candidates followed of one hop of a chain; the rest are counted."""
    chain_hops: int = 10_000
    """Hops of one chain, all branches together."""
    chain_flows: int = 64
    """Conversations of one finding whose chains are followed."""
    chain_near_seconds: int = 900
    """How far from the time asked for a record is still shown as a hint."""
    chain_slack_seconds: int = 300
    """What is added to both ends of the minutes that are asked of a log: clocks err."""
    log_rows: int = 100_000_000
    """Entries kept of all logs together, of each kind."""
    log_line_bytes: int = 1 << 16
    """Longest line of a log."""
    log_notes: int = 1000
    """Lines of logs that could not be read and are listed; the rest are counted."""
    log_port_machines: int = 8
    """Machines at one port of a switch from which on it leads to another switch."""
    report_rows: int = 5_000_000
    """Rows of each frame of a report; beyond, they are counted."""
    statistics_rows: int = 5000
    """Groups in one table of statistics; the rest are put together."""
    eve_line_bytes: int = 1 << 27
    """Longest line of an EVE file that is read back."""
    explain_flows: int = 20
    """Conversations of one finding that are told one by one; the rest are counted."""
    explain_bytes: int = 512
    """Bytes shown of one quoted packet."""
    explain_message_bytes: int = 1 << 17
    """Bytes read of one quoted message, to know what of it is not to be shown."""
    explain_pieces: int = 2000
    """Rows of evidence of one conversation; an event with more is not used."""
    explain_files: int = 100_000
    """Captures looked at to find the quoted one again."""
    explain_packets: int = 20_000
    """Kept packets of one flow among which its quoted messages are looked for."""
    meter_rows: int = 2_000_000
    """Readings of a meter, and steps between its first and its last."""
    meter_bytes: int = 1 << 28
    """Size of a file of a meter's readings."""
    price_rows: int = 100_000
    """Rows of a table of prices."""
    file_messages: int = 20
    """Files named on standard error; the rest are counted."""

    def changed(self, assignments: dict[str, object]) -> Limits:
        """These limits with some values replaced; unknown names and bad values are refused."""
        known = {f.name for f in fields(self)}
        values: dict[str, int] = {}
        for name, value in assignments.items():
            if name not in known:
                raise UsageError(
                    f"limits.{name}: no such limit",
                    f"known limits: {', '.join(sorted(known))}",
                )
            values[name] = _positive(name, value)
        return replace(self, **values)


_MOST = {
    "flows": 1 << 26,
    "read_bytes": 1 << 30,
    "record_bytes": 1 << 30,
    "flow_idle_seconds": 1 << 28,
    "long_flow_seconds": 1 << 28,
    "reorder_seconds": 1 << 28,
}
"""Highest values of limits that tables, offsets of 32 bits or times in ns depend on."""
_MOST_ELSE = 1 << 31


def _positive(name: str, value: object) -> int:
    try:
        number = int(value) if isinstance(value, str | int) else 0
    except ValueError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise UsageError(
            f"limits.{name} = {value!r}: not a whole number from 1 on",
            "write it as digits, for example flows=2000000",
        )
    most = _MOST.get(name, _MOST_ELSE)
    if number > most:
        raise UsageError(f"limits.{name} = {number}: too high", f"at most {most}")
    return number
