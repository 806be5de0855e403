"""Figures as events have them: each with its formula and every factor it was worked out with."""

from __future__ import annotations

import datetime
import math
from typing import Any

from poolwatch.terms import CoinsMined, Energy, Factor, Figure

_EPOCH = datetime.date(1970, 1, 1)
_HOURS = 24.0


def coins_value(mined: CoinsMined) -> dict[str, Any]:
    """The coins of one kind that a host's accepted work stands for."""
    figure = mined.mined
    return {
        "coin": mined.coin,
        "low": figure and rounded(figure.low),
        "estimate": figure and rounded(figure.estimate),
        "high": figure and rounded(figure.high),
        "fees": mined.fees and {"low": rounded(mined.fees[0]), "high": rounded(mined.fees[1])},
        "shares": mined.shares,
        "unweighed": mined.unweighed,
        "missing": list(mined.missing),
        "by_day": [
            {
                "day": (_EPOCH + datetime.timedelta(days=day.day)).isoformat(),
                "low": day.amount and rounded(day.amount[0]),
                "estimate": day.amount and rounded(day.amount[1]),
                "high": day.amount and rounded(day.amount[2]),
                "shares": day.shares,
                "ground": day.ground,
                "height": day.height,
            }
            for day in mined.days
        ],
        "basis": [basis_value("coins", figure)] if figure else [],
    }


def energy_value(energy: Energy | None) -> dict[str, Any] | None:
    """What a host's machines take."""
    if energy is None:
        return None
    figures = {"kw": energy.kw, "kwh": energy.kwh}
    figures |= {
        name: figure
        for name, figure in (("coal_kg", energy.coal_kg), ("co2_kg", energy.co2_kg))
        if figure is not None
    }
    return {
        "kw": range_value(energy.kw),
        "hours": rounded(energy.hours),
        "kwh": range_value(energy.kwh),
        "kwh_per_day": {
            "low": rounded(energy.kw.low * _HOURS),
            "high": rounded(energy.kw.high * _HOURS),
        },
        "coal_kg": range_value(energy.coal_kg),
        "co2_kg": range_value(energy.co2_kg),
        "factor_set": energy.factor_set,
        "algorithms": list(energy.algorithms),
        "devices": list(energy.devices),
        "basis": [basis_value(name, figure) for name, figure in figures.items()],
    }


def basis_value(name: str, figure: Figure) -> dict[str, Any]:
    """The formula of a figure and the factors in it."""
    return {
        "figure": name,
        "unit": figure.unit,
        "formula": figure.formula,
        "factors": [factor_value(factor) for factor in figure.factors],
    }


def factor_value(factor: Factor) -> dict[str, Any]:
    """One factor: its range, unit, source and the source's date."""
    return {
        "name": factor.name,
        "low": rounded(factor.low),
        "high": rounded(factor.high),
        "unit": factor.unit,
        "source": factor.source,
        "date": factor.date,
    }


def range_value(figure: Figure | None) -> dict[str, Any] | None:
    """Both bounds of a figure."""
    if figure is None:
        return None
    return {"low": rounded(figure.low), "high": rounded(figure.high)}


def rounded(value: float | None) -> float | None:
    """Six digits, which keeps ratios exact enough; None for what is no number."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
