"""A wire for the tests of live capture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.netns import Wire, laid_wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A namespace of its own with a veth pair; skipped without root."""
    with laid_wire() as laid:
        yield laid
