"""Adding one table of companions to another: apart, as few scans need it and loading takes time."""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import INT64S, i8, kernel, rows, void
from poolwatch.kernels.companions import (
    TABLE_TYPES,
    count_flows,
    find_host,
    find_row,
    hear_host,
    note_known,
)
from poolwatch.layouts import (
    COMPANION,
    COMPANION_HOST,
    PEERS,
    PEERS_KNOWN,
    CompanionBit,
    HostBit,
)

_SPOKE = int(HostBit.SPOKE)
_HEARD = int(HostBit.HEARD)
_INBOUND = int(CompanionBit.INBOUND)


@kernel(
    void(
        *TABLE_TYPES,
        rows(COMPANION_HOST),
        i8,
        rows(COMPANION),
        i8,
        rows(PEERS),
        INT64S,
        i8,
    ),
)
def add_companions(
    state: Any,
    hosts: Any,
    host_slots: Any,
    table: Any,
    slots: Any,
    peers: Any,
    other_hosts: Any,
    host_count: int,
    others: Any,
    count: int,
    other_peers: Any,
    places: Any,
    packets: int,
) -> None:
    """Add the hosts whose `places` are not negative, and their rows; `places` becomes ours.

    `packets`: what to add to the numbers of their packets.
    """
    for index in range(host_count):
        if places[index] < 0:
            continue
        theirs = other_hosts[index]
        place = find_host(
            state, hosts, host_slots, theirs["hi"], theirs["lo"], i8(theirs["capture"])
        )
        places[index] = place
        if place < 0:
            state[0]["hosts_left_out"] += 1
            continue
        bits = i8(theirs["bits"])
        hear_host(hosts[place], theirs["last_ns"], bits & _SPOKE != 0, bits & _HEARD != 0)
        hosts[place]["left_out"] += theirs["left_out"]
    for index in range(count):
        added = others[index]
        host = places[i8(added["host"])]
        if host < 0:
            continue
        place = find_row(
            state,
            hosts,
            host_slots,
            table,
            slots,
            peers,
            host,
            i8(added["port"]),
            i8(added["bits"]),
            added["peer_hi"],
            added["peer_lo"],
            added["credit"],
        )
        if place < 0:
            hosts[host]["left_out"] += added["flows"]
            state[0]["left_out"] += added["flows"]
            continue
        into = table[place]
        count_flows(
            into,
            added["first_ns"],
            added["last_ns"],
            added["first_packet"] + packets,
            added["flows"],
            added["silent"],
            added["reset"],
            added["credit"],
        )
        if i8(added["bits"]) & _INBOUND:
            continue
        for word in range(16):
            peers[place]["bits"][word] |= other_peers[index]["bits"][word]
        known = i8(added["known"])
        for peer in range(min(known, PEERS_KNOWN)):
            note_known(into, peers[place], other_peers[index]["known"][peer])
        if known > PEERS_KNOWN:
            into["known"] = PEERS_KNOWN + 1
