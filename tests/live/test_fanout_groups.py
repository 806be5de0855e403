"""Sensors that start with the same process number do not share one another's packets."""

from __future__ import annotations

import os
import socket

from poolwatch.capture import fanout
from tests.live.netns import Wire


def member(group: int, interface: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    made.bind((interface, 3))
    fanout.join(made, group, "addresses")
    return made


def test_numbers_are_drawn_anew(wire: Wire) -> None:
    with wire.inside():
        drawn = {fanout.free_groups(2) for _ in range(16)}
    assert len(drawn) > 12
    assert os.getpid() & 0xFFFF not in drawn


def test_a_number_that_another_has_is_seen(wire: Wire) -> None:
    wire.ip("link", "set", "lo", "up")
    with wire.inside():
        group = fanout.free_groups(1)
        assert fanout.is_free(group)
        with member(group, wire.tap):
            assert not fanout.is_free(group)
        assert fanout.is_free(group)
