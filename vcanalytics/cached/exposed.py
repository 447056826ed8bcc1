"""What Prometheus is told: the process, streams, cache, components, breakers, alerts, deliveries.

Counts, ages and states; of customers nothing. Each scrape reads anew, in some milliseconds. What
cannot be read is left out, and ``vectorcraft_console_readable`` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vcanalytics import measured
from vcanalytics.cached import console, regions, watch
from vcanalytics.errors import StoreError
from vcanalytics.health.view import Overview
from vcanalytics.journal import Journal, alerts, deliveries
from vcanalytics.model.health import Status

#: Whoever scrapes is told in this form: one that every Prometheus reads.
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def expose() -> bytes:
    """Everything, as text that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(measured.REGISTRY)
    ProcessCollector(registry=registry)
    registry.register(_Console(datetime.now(UTC)))
    return generate_latest(registry)


class _Console(Collector):
    """The console's own figures at ``now``."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        readable = _gauge("console_readable", "Whether what is asked could be read", ["what"])
        for what, parts in (("store", self._store), ("journal", self._journal)):
            found: list[Metric] = []
            well = True
            try:
                found.extend(parts())
            except StoreError:
                well = False
            readable.add_metric([what], float(well))
            yield from found
        yield readable
        yield from self._components()
        yield from self._cache()

    def _store(self) -> Iterable[Metric]:
        lag = _gauge("stream_lag_seconds", "Time since the source was last read", ["stream"])
        rows = _gauge("stream_rows", "Rows kept", ["stream"])
        aside = _gauge("stream_rejected_rows", "Rows kept aside now", ["stream"])
        for name, state in console.streams().items():
            if state.read_at is not None:
                lag.add_metric([name], (self._now - state.read_at).total_seconds())
            rows.add_metric([name], state.rows)
            aside.add_metric([name], state.rejected)
        return [lag, rows, aside]

    def _components(self) -> Iterator[Metric]:
        found: Overview = watch.watched(self._now).overview
        status = _gauge(
            "component_status", "1 for the status a component is in", ["component", "status"]
        )
        age = _gauge("component_age_seconds", "Time since a component was looked at", ["component"])
        for one in found.components:
            for name in Status:
                status.add_metric([one.name, name.value], float(one.status is name))
            age.add_metric([one.name], (self._now - one.checked_at).total_seconds())
        yield from (status, age)

    def _cache(self) -> Iterator[Metric]:
        entries = _gauge("console_cache_entries", "Answers kept", ["region"])
        size = _gauge("console_cache_bytes", "Memory of answers kept", ["region"])
        looked = CounterMetricFamily(
            "vectorcraft_console_cache_lookups", "Look-ups of answers", labels=["region", "result"]
        )
        for kept in regions.regions():
            entries.add_metric([kept.region], kept.entries)
            size.add_metric([kept.region], kept.bytes)
            looked.add_metric([kept.region, "hit"], kept.hits)
            looked.add_metric([kept.region, "miss"], kept.misses)
        yield from (entries, size, looked)

    def _journal(self) -> Iterable[Metric]:
        journal = watch.journal()
        return [] if journal is None else self._read(journal)

    def _read(self, journal: Journal) -> Iterable[Metric]:
        with journal.read() as connection:
            firing = _gauge("alerts_firing", "Alerts that fire now", ["severity"])
            for severity, count in alerts.counts(connection).items():
                firing.add_metric([severity.value], count)
            sent = _gauge(
                "deliveries", "Messages kept, by what became of them", ["channel", "state"]
            )
            for (channel, state), count in deliveries.counts(connection).items():
                sent.add_metric([channel, state.value], count)
            opened = _gauge("breaker_open", "1 while a breaker lets nothing through", ["breaker"])
            failures = _gauge("breaker_failures", "Failures in a row", ["breaker"])
            for breaker in watch.listed(connection):
                opened.add_metric([breaker.name], float(breaker.state.value == "open"))
                failures.add_metric([breaker.name], breaker.failures)
        return [firing, sent, opened, failures]


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"vectorcraft_{name}", text, labels=labels)
