"""Pictures of a report, drawn with matplotlib, which is loaded here only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from poolwatch.errors import PoolwatchError
from poolwatch.messages import printable
from poolwatch.outputs.columns import GRADES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from poolwatch.report import Report

_MOST = 40
"""Hosts drawn; the surest first, as in the findings."""
_COLOURS = dict(zip(GRADES, ("#9aa5b1", "#e3b341", "#e07b39", "#b3261e"), strict=True))
_LABEL_CHARS = 45
# What matplotlib can draw on an axis of dates, with room at both ends.
_FIRST, _LAST = pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")


class Plots:
    """Draws into the axes given, or makes some; gives the axes back."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def timeline(self, ax: Axes | None = None) -> Axes:
        """When each host spoke with pools: a bar a conversation, its colour the grade."""
        flows = self._report.flows.dropna(subset=["first_seen", "last_seen"])
        flows = flows[flows["first_seen"].between(_FIRST, _LAST)]
        flows = flows[flows["last_seen"].between(_FIRST, _LAST)]
        findings = self._report.findings
        wanted = findings["host"][findings["host"].isin(_hosts(flows).unique())]
        hosts = list(wanted.drop_duplicates()[:_MOST])
        ax = _axes(ax, len(hosts))
        if not hosts:
            return _say(ax, "no conversations with a time")
        for grade in GRADES:
            _draw_spans(ax, flows[flows["grade"] == grade], hosts, grade)
        _name_hosts(ax, hosts, len(wanted.drop_duplicates()))
        _dress_dates(ax)
        return ax

    def hashrate(self, ax: Axes | None = None) -> Axes:
        """What each host could have computed: the estimate and its bounds."""
        findings = self._report.findings
        known = findings.dropna(subset=["hashrate"])
        shown = known[:_MOST]
        ax = _axes(ax, len(shown))
        if shown.empty:
            return _say(ax, "no hashrate is known in this report")
        estimate = shown["hashrate"].astype(float)
        low = (estimate - shown["hashrate_low"].astype(float)).clip(lower=0).fillna(0)
        high = (shown["hashrate_high"].astype(float) - estimate).clip(lower=0).fillna(0)
        colours = [_COLOURS[grade] for grade in shown["grade"]]
        ax.barh(range(len(shown)), estimate, xerr=[low, high], color=colours, height=0.6)
        _name_hosts(ax, list(shown["host"]), len(known))
        ax.set_xlabel("hashrate, H/s")
        return ax


def _hosts(flows: pd.DataFrame) -> pd.Series[Any]:
    """Whom a conversation speaks about: both ends can have findings."""
    ends: pd.Series[Any] = pd.concat([flows["src_ip"], flows["dest_ip"]])
    return ends


def _draw_spans(ax: Axes, flows: pd.DataFrame, hosts: list[str], grade: str) -> None:
    places = {host: at for at, host in enumerate(hosts)}
    drawn: dict[str, list[Any]] = {"y": [], "start": [], "end": []}
    starts, ends = (flows[name].dt.tz_localize(None) for name in ("first_seen", "last_seen"))
    for source, dest, start, end in zip(
        flows["src_ip"], flows["dest_ip"], starts, ends, strict=True
    ):
        for host in (source, dest):
            if host in places:
                drawn["y"].append(places[host])
                drawn["start"].append(start)
                drawn["end"].append(end)
    if drawn["y"]:
        colour = _COLOURS[grade]
        ax.hlines(drawn["y"], drawn["start"], drawn["end"], colors=colour, lw=5, label=grade)
        # A conversation may be shorter than a pixel.
        ax.plot(drawn["start"], drawn["y"], "|", color=colour, markersize=9)


def _name_hosts(ax: Axes, hosts: list[str], of: int) -> None:
    ax.set_yticks(range(len(hosts)), [_label(host) for host in hosts])
    ax.set_ylim(len(hosts) - 0.4, -0.6)
    if of > len(hosts):
        ax.set_title(f"the first {len(hosts)} of {of} hosts")


def _dress_dates(ax: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.set_xlabel("UTC")
    ax.legend(title="grade", loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small")


def _label(text: str) -> str:
    """A text that matplotlib draws as it stands and does not take for a formula."""
    shown = printable(text)
    shown = shown if len(shown) <= _LABEL_CHARS else f"{shown[: _LABEL_CHARS - 1]}…"
    return shown.replace("$", r"\$")


def _say(ax: Axes, text: str) -> Axes:
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes)
    ax.set_axis_off()
    return ax


def _axes(ax: Axes | None, rows: int) -> Axes:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise PoolwatchError(
            "pictures need matplotlib, which is not installed",
            'install it: pip install "poolwatch[notebook]"',
        ) from error
    made: Axes
    _, made = pyplot.subplots(figsize=(9, max(2.0, 0.9 + 0.35 * rows)), layout="constrained")
    return made
