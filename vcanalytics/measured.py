"""What this process counts of itself, as Prometheus's client library keeps it."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from vcanalytics.model.rates import RATES

REGISTRY: Final = CollectorRegistry()
#: Seconds each question to DuckDB took, waiting for its turn included.
QUESTIONS: Final = Histogram(
    "vectorcraft_console_question_seconds",
    "Time a question to DuckDB took, waiting for its turn included",
    ["outcome"],
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
REFUSED: Final = Counter(
    "vectorcraft_console_rate_limited",
    "Requests refused because there were too many within a minute",
    ["rate"],
    registry=REGISTRY,
)
for _outcome in ("answered", "failed"):
    QUESTIONS.labels(_outcome)
for _rate in RATES:
    REFUSED.labels(_rate.name)


def note_question(seconds: float, *, answered: bool) -> None:
    """Count a question that took so long."""
    QUESTIONS.labels("answered" if answered else "failed").observe(seconds)


def questions() -> int:
    """How many questions DuckDB was asked since the process was started."""
    return sum(
        int(sample.value)
        for metric in QUESTIONS.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
    )


def note_refused(rate: str) -> None:
    """Count a request that came too often by the rate of this name."""
    REFUSED.labels(rate).inc()


def refused() -> dict[str, int]:
    """How many requests each rate has refused since the process was started."""
    return {
        sample.labels["rate"]: int(sample.value)
        for metric in REFUSED.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
