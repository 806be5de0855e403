"""A wire for the tests of the sensor, one for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.netns import Wire, laid_wire


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """A namespace with a veth pair and a loopback of its own; skipped without root."""
    with laid_wire() as laid:
        laid.ip("link", "set", "lo", "up")
        yield laid
