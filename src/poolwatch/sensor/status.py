"""What a sensor shows to Prometheus, as lines for people."""

from __future__ import annotations

import datetime
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[str, list[tuple[dict[str, str], float]]]


def read_samples(text: str) -> Samples:
    """The samples of Prometheus' text format, by name."""
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return samples


def status_lines(verdict: dict[str, Any], samples: Samples) -> list[str]:
    """Everything, in lines for people."""
    about = samples.get("poolwatch_info", [({}, 0)])[0][0]
    state = "healthy" if verdict.get("healthy") else "NOT HEALTHY"
    lines = [
        (
            f"{about.get('sensor', '?')}: {state}, poolwatch {about.get('version', '?')}, "
            f"up {_lasting(_one(samples, 'uptime_seconds'))}"
        )
    ]
    lines += [f"  problem: {text}" for text in verdict.get("problems", [])]
    lines += [f"  warning: {text}" for text in verdict.get("warnings", [])]
    lines += _ring_lines(samples)
    lines += [
        (
            f"flows: {_number(samples, 'flows_open')} open of {_number(samples, 'flows_total')}; "
            f"candidates: {_number(samples, 'candidates_open')} open of "
            f"{_number(samples, 'candidates_total')}; evicted {_labelled(samples, 'evicted')}"
        ),
        (
            f"conversations: {_number(samples, 'sessions_open')} open; events told: "
            f"{_number(samples, 'told_total')}, waiting {_number(samples, 'untold')}; queue "
            f"{_number(samples, 'queue_states')}, dropped {_number(samples, 'queue_dropped_total')}"
        ),
        (
            f"last finding: {_moment(samples, 'last_finding_timestamp_seconds')}; "
            f"last canary: {_moment(samples, 'last_canary_timestamp_seconds')}"
        ),
        (
            f"store: {'up' if _one(samples, 'store_up') else 'DOWN'}, "
            f"{_one(samples, 'store_lag_seconds'):.1f} s behind; spool "
            f"{_number(samples, 'spool_rows')} rows, {_number(samples, 'spool_bytes')} bytes"
        ),
        (
            f"memory: {_mib(samples, 'memory_bytes')} of "
            f"{_mib(samples, 'memory_ceiling_bytes')} MiB; "
            f"freed {_number(samples, 'memory_sheds_total')} times"
        ),
        (
            f"catalogue: {about.get('catalogue', '')[:12]}, newest row "
            f"{_lasting(_one(samples, 'catalogue_age_seconds'))} old; "
            f"reloads {_number(samples, 'reloads_total')}, "
            f"failed {_number(samples, 'reload_failures_total')}"
        ),
    ]
    lines += _rest(samples)
    return lines


def _ring_lines(samples: Samples) -> list[str]:
    lines = []
    for labels, packets in samples.get("poolwatch_packets_total", []):
        place = f"{labels['interface']} ({labels['ring']})"
        up = "up" if _at(samples, "interface_up", labels) else "DOWN"
        lines.append(
            f"{place}: {up}, {packets:,.0f} packets, "
            f"{_at(samples, 'bytes_total', labels):,.0f} bytes; dropped "
            f"{_at(samples, 'ring_drops_total', labels):,.0f} by the ring, "
            f"{_at(samples, 'interface_drops_total', labels):,.0f} by the interface; "
            f"ring {_at(samples, 'ring_fill_ratio', labels):.0%} full"
        )
    return lines


def _rest(samples: Samples) -> list[str]:
    """What is not nought of counts by name: bounds that bit, packets not understood."""
    lines = []
    for name, title in (
        ("not_understood_total", "not understood"),
        ("rows_dropped_total", "detail given up"),
        ("counts_total", "counts"),
        ("bounds_total", "bounds"),
        ("keep", "keep"),
        ("tell", "tell"),
    ):
        found = [
            f"{next(iter(labels.values()))}={value:,.0f}"
            for labels, value in samples.get(f"poolwatch_{name}", [])
            if value
        ]
        if found:
            lines.append(f"{title}: {', '.join(sorted(found))}")
    return lines


def _one(samples: Samples, name: str) -> float:
    return sum(value for _, value in samples.get(f"poolwatch_{name}", []))


def _number(samples: Samples, name: str) -> str:
    return f"{_one(samples, name):,.0f}"


def _mib(samples: Samples, name: str) -> str:
    return f"{_one(samples, name) / (1 << 20):,.0f}"


def _labelled(samples: Samples, wanted: str) -> str:
    rows = samples.get("poolwatch_counts_total", [])
    return f"{sum(value for labels, value in rows if labels['name'] == wanted):,.0f}"


def _at(samples: Samples, name: str, wanted: dict[str, str]) -> float:
    rows = samples.get(f"poolwatch_{name}", [])
    return next((value for labels, value in rows if labels == wanted), 0.0)


def _moment(samples: Samples, name: str) -> str:
    newest = max((value for _, value in samples.get(f"poolwatch_{name}", [])), default=0.0)
    if not newest:
        return "none"
    return datetime.datetime.fromtimestamp(newest, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _lasting(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))
