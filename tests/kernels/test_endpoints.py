"""The endpoint list: the kernel's index against a dict."""

from __future__ import annotations

import ipaddress
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.kernels.endpoints import find_endpoint
from poolwatch.match.prefilter import Endpoints
from tests import naive
from tests.builders import endpoint
from tests.naive import End

HOSTS = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1", "2001:db8::1", "2001:db8::c000:201"]
ENDS = st.tuples(st.sampled_from(HOSTS), st.sampled_from([0, 1, 443, 3333, 65535]))


def end(host: str, port: int) -> End:
    return End(int(ipaddress.ip_address(host)), port)


def found(endpoints: Endpoints, wanted: End) -> int:
    hi: Any = np.uint64(wanted.address >> 64)
    lo: Any = np.uint64(wanted.address % 2**64)
    return find_endpoint(endpoints.rows, endpoints.slots, hi, lo, wanted.port)


@given(st.lists(ENDS, unique=True, max_size=30), st.lists(ENDS, min_size=1))
def test_found_like_in_a_dict(listed: list[tuple[str, int]], asked: list[tuple[str, int]]) -> None:
    endpoints = Endpoints(tuple(endpoint(*row) for row in listed))
    model = {end(*row): index for index, row in enumerate(listed)}
    for wanted in [*asked, *listed]:
        assert found(endpoints, end(*wanted)) == naive.find_endpoint(model, end(*wanted))


def test_of_two_equal_rows_the_first_is_found() -> None:
    endpoints = Endpoints((endpoint("192.0.2.1", 80), endpoint("192.0.2.1", 80)))
    assert found(endpoints, end("192.0.2.1", 80)) == 0


def test_port_0_stands_for_every_port_but_a_row_of_its_own_wins() -> None:
    endpoints = Endpoints((endpoint("192.0.2.1", 0), endpoint("192.0.2.1", 80)))
    assert found(endpoints, end("192.0.2.1", 80)) == 1
    assert found(endpoints, end("192.0.2.1", 81)) == 0
    assert found(endpoints, end("192.0.2.2", 80)) == -1


def test_an_empty_list_finds_nothing() -> None:
    assert found(Endpoints(()), end("192.0.2.1", 80)) == -1


def test_a_large_list_is_found_whole() -> None:
    rows = tuple(
        endpoint(f"10.{index >> 8}.{index & 255}.7", 3333 + index % 3) for index in range(5000)
    )
    endpoints = Endpoints(rows)
    assert [found(endpoints, end(row.address, row.port)) for row in rows] == list(range(5000))
