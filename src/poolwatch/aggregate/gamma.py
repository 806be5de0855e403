"""Quantiles of the Gamma distribution, for intervals around rates of a Poisson process.

The regularised incomplete gamma function by its series and its continued fraction, inverted
by Newton's steps kept within a bracket; for large shapes the cube-root approximation of
Wilson and Hilferty (1931), whose error there is far below that of counting.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_LARGE = 1e4
_STEPS = 200
_TERMS = 10_000
_PRECISE = 1e-13
_TINY = 1e-300


def gamma_quantile(p: float, shape: float) -> float:
    """The value below which a Gamma variable of that shape, scale 1, lies with probability p.

    0 < p < 1; exact for shapes from 0.5 on; a shape of 0 is the constant 0. Raises ValueError
    for what has no quantile.
    """
    if not 0 < p < 1 or not 0 <= shape < math.inf:
        raise ValueError(f"no quantile {p} of a Gamma distribution of shape {shape}")
    if shape == 0:
        return 0.0
    guess = _wilson_hilferty(p, shape)
    return guess if shape >= _LARGE else _invert(p, shape, guess)


def gamma_probability(x: float, shape: float) -> float:
    """The probability that a Gamma variable of that shape, scale 1, is at most x."""
    if x <= 0:
        return 0.0
    factor = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        return factor * _series(x, shape)
    return 1.0 - factor * _fraction(x, shape)


def _wilson_hilferty(p: float, shape: float) -> float:
    part = 1 / (9 * shape)
    root = 1 - part + _NORMAL.inv_cdf(p) * math.sqrt(part)
    # Small shapes lie beyond what the cube root describes; there P(x) is about x^a / gamma(a+1).
    near = math.exp((math.log(p) + math.lgamma(shape + 1)) / shape)
    return max(shape * root**3, near) if root > 0 else near


def _invert(p: float, shape: float, guess: float) -> float:
    low, high, x = 0.0, math.inf, guess
    for _ in range(_STEPS):
        excess = gamma_probability(x, shape) - p
        if excess > 0:
            high = x
        else:
            low = x
        density = math.exp((shape - 1) * math.log(x) - x - math.lgamma(shape)) if x > 0 else 0.0
        step = x - excess / density if density > _TINY else -1.0
        inside = low < step < high
        following = step if inside else (2 * x + 1 if high == math.inf else (low + high) / 2)
        if abs(following - x) <= _PRECISE * x:
            return following
        x = following
    return x


def _series(x: float, shape: float) -> float:
    term = total = 1 / shape
    for n in range(1, _TERMS):
        term *= x / (shape + n)
        total += term
        if term < total * _PRECISE:
            break
    return total


def _fraction(x: float, shape: float) -> float:
    """The continued fraction of the upper tail, by Lentz's method."""
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    total = d
    for n in range(1, _TERMS):
        a = n * (shape - n)
        b += 2
        d = 1 / _or_tiny(a * d + b)
        c = _or_tiny(b + a / c)
        change = c * d
        total *= change
        if abs(change - 1) < _PRECISE:
            break
    return total


def _or_tiny(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
