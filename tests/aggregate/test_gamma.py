"""Quantiles of the Gamma distribution against printed tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.gamma import gamma_probability, gamma_quantile

# Chi-squared with k degrees of freedom is twice a Gamma of shape k/2: NIST/SEMATECH e-Handbook
# of Statistical Methods, 1.3.6.7.4, critical values of the chi-square distribution.
CHI_SQUARED = [
    (1, 0.975, 5.024),
    (2, 0.025, 0.051),
    (2, 0.975, 7.378),
    (10, 0.025, 3.247),
    (10, 0.975, 20.483),
    (30, 0.025, 16.791),
    (30, 0.975, 46.979),
    (50, 0.025, 32.357),
    (50, 0.975, 71.420),
    (100, 0.025, 74.222),
    (100, 0.975, 129.561),
]


@pytest.mark.parametrize(("degrees", "p", "printed"), CHI_SQUARED)
def test_as_the_tables_have_it(degrees: int, p: float, printed: float) -> None:
    assert 2 * gamma_quantile(p, degrees / 2) == pytest.approx(printed, abs=6e-4)


@given(st.floats(0.001, 0.999), st.floats(0.5, 9000))
def test_a_quantile_has_its_probability(p: float, shape: float) -> None:
    assert gamma_probability(gamma_quantile(p, shape), shape) == pytest.approx(p, abs=1e-9)


@given(st.sampled_from([0.025, 0.975]), st.floats(10_000, 1e9))
def test_large_shapes_are_near_the_normal_distribution(p: float, shape: float) -> None:
    sigmas = (gamma_quantile(p, shape) - shape) / math.sqrt(shape)
    assert sigmas == pytest.approx(1.959964 if p > 0.5 else -1.959964, abs=0.02)


def test_where_the_approximation_takes_over_there_is_no_step() -> None:
    below, above = (gamma_quantile(0.975, shape) for shape in (9_999.999, 10_000.001))
    assert 0 < above - below < 0.01


@pytest.mark.parametrize(("p", "shape"), [(0, 1), (1, 1), (0.5, -1), (0.5, math.inf)])
def test_what_has_no_quantile_is_refused(p: float, shape: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        gamma_quantile(p, shape)


def test_a_shape_of_nothing_is_nothing() -> None:
    assert gamma_quantile(0.975, 0) == 0
