"""The checkers of grounds: pure functions of a context and a row's parameters, one a ground."""

from __future__ import annotations

from collections.abc import Callable

from poolwatch.aggregate.cause.checkers import companions, listed, machines, payees, places
from poolwatch.aggregate.cause.context import Context, Evidence
from poolwatch.catalog.grounds import Parameters

Checker = Callable[[Context, Parameters], Evidence | None]

CHECKERS: dict[str, Checker] = {
    "listed": listed.listed,
    "listed_fetch": listed.listed_fetch,
    "sweeping": companions.sweeping,
    "guessing": companions.guessing,
    "fetched_before": companions.fetched_before,
    "guessed_before": companions.guessed_before,
    "entered_before": companions.entered_before,
    "shared_units": payees.shared_units,
    "shared_unlike": payees.shared_unlike,
    "account_login": payees.account_login,
    "worker_series": payees.worker_series,
    "rental": payees.rental,
    "exchange_pool": payees.exchange_pool,
    "several_pools": payees.several_pools,
    "test_net": payees.test_net,
    "hardware": machines.hardware,
    "great_rate": machines.great_rate,
    "day_and_night": machines.day_and_night,
    "off_hours": machines.off_hours,
    "office_hours": machines.office_hours,
    "short_runs": machines.short_runs,
    "long_runs": machines.long_runs,
    "own_pool": places.own_pool,
    "bare_pool": places.bare_pool,
    "named": places.named,
    "exempt": places.exempt,
    "exempt_otherwise": places.exempt_otherwise,
}
"""By the name that rows of `grounds.csv` use; `catalog/grounds.py` has their parameters."""
