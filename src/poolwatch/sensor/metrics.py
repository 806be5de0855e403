"""What the sensor shows to Prometheus. docs/operations.md says what each metric means."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector as Source

from poolwatch import __version__
from poolwatch.sensor.coverage import Totals, resident_bytes

if TYPE_CHECKING:
    from poolwatch.sensor.daemon import Sensor

_NS = 1_000_000_000
_OWN_NAMES = frozenset(("packets", "bytes", "captured_bytes", "flows", "candidates"))


class Metrics(Source):
    """Asks the sensor each time somebody asks it."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor

    def registry(self) -> CollectorRegistry:
        """A registry of this alone."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return registry

    def collect(self) -> Iterator[Metric]:
        """All metrics now."""
        yield from self._about()
        yield from self._rings()
        yield from self._matching()
        yield from self._findings()
        yield from self._store()
        yield from self._health()

    def _about(self) -> Iterator[Metric]:
        sensor = self._sensor
        about = {"version": __version__, "sensor": sensor.name, "catalogue": sensor.catalogue}
        yield InfoMetricFamily("poolwatch", "Which sensor this is.", value=about)
        now = time.time()
        yield _gauge("uptime_seconds", "Since the start.", now - sensor.started_at)
        yield _gauge("memory_bytes", "Memory the process holds.", resident_bytes())
        yield _gauge("memory_ceiling_bytes", "What it may hold.", sensor.budget.memory_bytes)
        limits = sensor.budget.limits
        yield _labelled(
            GaugeMetricFamily("poolwatch_limit", "Bounds in force.", labels=["name"]),
            ((name, getattr(limits, name)) for name in limits.__slots__),
        )
        yield _gauge("catalogue_age_seconds", "Since the newest row.", sensor.catalogue_age())
        yield _count("reloads", "Times the tables were read again.", sensor.reloads)
        yield _count("reload_failures", "Times that failed.", sensor.reload_failures)

    def _rings(self) -> Iterator[Metric]:
        labels = ["interface", "ring"]
        counters = {
            name: CounterMetricFamily(f"poolwatch_{name}", text, labels=labels)
            for name, text in (
                ("packets", "Packets handed on by the ring."),
                ("bytes", "Bytes of them on the wire."),
                ("ring_drops", "Packets lost as the ring was full."),
                ("interface_drops", "Packets the interface itself lost, as its driver counts."),
                ("packets_cut", "Packets longer than what is kept of them."),
                ("ring_freezes", "Times the ring was full."),
                ("packets_untimed", "Packets without the hardware time that was asked for."),
                ("ring_damaged_blocks", "Blocks that were not what the kernel writes."),
                ("ring_rushed", "Batches out of the order of several interfaces."),
                ("interface_gone", "Times the interface vanished or went down."),
            )
        }
        gauges = {
            name: GaugeMetricFamily(f"poolwatch_{name}", text, labels=labels)
            for name, text in (
                ("ring_fill_ratio", "Part of the ring that waits to be read."),
                ("interface_up", "Whether the interface is there and up."),
                ("ring_last_packet_timestamp_seconds", "Time of the newest packet, 0: none."),
            )
        }
        for pipeline in self._sensor.pipelines:
            for one in pipeline.source.statistics().interfaces:
                place = [one.name, pipeline.name]
                values = (
                    one.packets,
                    one.bytes,
                    one.drops,
                    one.interface_drops,
                    one.cut,
                    one.freezes,
                    one.untimed_hardware,
                    one.damaged,
                    one.rushed,
                    one.times_gone,
                )
                for family, value in zip(counters.values(), values, strict=True):
                    family.add_metric(place, value)
                gauges["ring_fill_ratio"].add_metric(place, one.fill)
                gauges["interface_up"].add_metric(place, one.up)
                last = gauges["ring_last_packet_timestamp_seconds"]
                last.add_metric(place, one.last_ns / _NS)
        yield from counters.values()
        yield from gauges.values()

    def _matching(self) -> Iterator[Metric]:
        totals = Totals(self._sensor.pipelines)
        counts = totals.counts
        yield _gauge("flows_open", "Flows in the table.", totals.flows_open)
        yield _count("flows", "Flows begun.", counts["flows"])
        yield _gauge("candidates_open", "Flows the dialects read now.", totals.candidates_open)
        yield _count("candidates", "Flows the dialects ever read.", counts["candidates"])
        yield _labelled(
            CounterMetricFamily(
                "poolwatch_not_understood", "Packets not understood.", labels=["reason"]
            ),
            totals.not_understood.items(),
        )
        yield _labelled(
            CounterMetricFamily("poolwatch_counts", "Everything else.", labels=["name"]),
            ((name, value) for name, value in counts.items() if name not in _OWN_NAMES),
        )
        yield _gauge(
            "duplicate_ratio",
            "Packets that came twice, of those looked at; -1: too few.",
            -1 if totals.doubles.share is None else totals.doubles.share,
        )
        yield _gauge(
            "one_way_ratio",
            "Open conversations seen in one direction; -1: too few.",
            -1 if totals.directions.share is None else totals.directions.share,
        )
        sheds = sum(pipeline.sheds for pipeline in self._sensor.pipelines)
        yield _count("memory_sheds", "Times memory was freed as the ceiling was near.", sheds)

    def _findings(self) -> Iterator[Metric]:
        sensor = self._sensor
        collector, mailbox = sensor.collector, sensor.mailbox
        yield _gauge("queue_states", "States on their way to be gathered.", len(mailbox))
        yield _count("queue_dropped", "States dropped as there were too many.", mailbox.dropped)
        yield _count("states", "States of conversations gathered.", collector.sessions)
        yield _gauge("sessions_open", "Conversations that go on.", len(collector.findings))
        yield _count("told", "Events told.", collector.told)
        yield _gauge("untold", "Events that wait to be durable.", collector.waiting)
        yield _count("untold_dropped", "Of them, given up.", collector.untold_dropped)
        yield _count("flushes_failed", "Times they were not.", collector.flushes_failed)
        yield _count(
            "told_without_packets",
            "Times findings were told though packets could not be kept.",
            collector.told_without_packets,
        )
        yield _count("withdrawn", "Conversations that were none after all.", collector.withdrawn)
        yield _gauge(
            "last_finding_timestamp_seconds",
            "Newest activity of a finding, 0: none.",
            collector.last_finding_ns / _NS,
        )
        yield _count("rows_lost", "Rows of findings that were not taken.", collector.rows_lost)
        yield _labelled(
            CounterMetricFamily("poolwatch_bounds", "Bounds of findings.", labels=["name"]),
            collector.findings.counts().items(),
        )
        for name, values in sensor.outlets.counts().items():
            yield _labelled(
                GaugeMetricFamily(f"poolwatch_{name}", f"Counts of {name}.", labels=["name"]),
                values.items(),
            )

    def _store(self) -> Iterator[Metric]:
        counts = self._sensor.writer.counts()
        yield _gauge("store_up", "Whether the store takes rows.", counts.store_up)
        yield _gauge("store_lag_seconds", "Age of the oldest row not in it.", counts.lag_seconds)
        yield _count("store_rows", "Rows the store has taken.", counts.stored)
        yield _count("store_failures", "Times it did not.", counts.store_failures)
        yield _gauge("spool_bytes", "Rows that wait on the disk.", counts.spool_bytes)
        yield _gauge("spool_rows", "The same, in rows.", counts.spool_rows)
        yield _gauge("spool_full", "Whether the disk takes none.", counts.spool_full)
        yield _gauge("spool_over", "Whether more waits than the quota.", counts.spool_over)
        yield _count("spool_failures", "Times the disk took none.", counts.spool_failures)
        yield _gauge("rows_waiting", "Rows in memory, on no disk yet.", counts.waiting_rows)
        yield _labelled(
            CounterMetricFamily("poolwatch_rows_dropped", "Detail given up.", labels=["kind"]),
            counts.dropped.items(),
        )
        yield _count("rows_refused", "Rows lost for want of room.", counts.refused)
        yield _count("store_moved", "Times its file was gone, and made anew.", counts.moved)
        yield _count("rows_set_aside", "Rows the store will not take.", counts.set_aside)

    def _health(self) -> Iterator[Metric]:
        sensor = self._sensor
        yield _gauge("healthy", "Whether threads move and canaries arrive.", sensor.healthy())
        now = time.monotonic()
        last = GaugeMetricFamily(
            "poolwatch_last_canary_timestamp_seconds", "Newest canary heard.", labels=["ring"]
        )
        idle = GaugeMetricFamily(
            "poolwatch_thread_idle_seconds", "Since a thread moved.", labels=["thread"]
        )
        for number, pipeline in enumerate(sensor.pipelines):
            last.add_metric([pipeline.name], sensor.health.last_heard_ns(number) / _NS)
            idle.add_metric([pipeline.name], now - pipeline.beat)
        idle.add_metric([sensor.collector.name], now - sensor.collector.beat)
        yield last
        yield idle


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"poolwatch_{name}", text, value=value)


def _count(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"poolwatch_{name}", text, value=value)


def _labelled(
    family: CounterMetricFamily | GaugeMetricFamily, values: Iterable[tuple[str, float]]
) -> Metric:
    for label, value in values:
        family.add_metric([label], value)
    return family
