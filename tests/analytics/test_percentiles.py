"""Response times against plain Python: percentiles, errors, windows, endpoints, distribution."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row, ago, moment, only, request
from vcanalytics.analytics import performance
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.model.buckets import BANDS_MS
from vcanalytics.model.windows import Grain

# The engine is shared on purpose: it keeps nothing between questions.
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)

VALUES = st.floats(0, 120_000, allow_nan=False).map(lambda value: round(value, 3))
STATUSES = st.sampled_from(["success", "healthy", "error", "unhealthy", ""])
REQUESTS = st.lists(
    st.tuples(
        VALUES,
        st.integers(0, 4 * 3_600 - 1),
        st.sampled_from(["/a", "/b"]),
        STATUSES,
        st.sampled_from(["request_time", "database_query"]),
    ),
    max_size=60,
)
START = NOON - timedelta(hours=4)


def rows(drawn: list[tuple[float, int, str, str, str]]) -> list[Row]:
    return [
        request(value, START + timedelta(seconds=second), endpoint=endpoint, status=status)
        | {"kind": kind}
        for value, second, endpoint, status, kind in drawn
    ]


def quantile(values: list[float], share: float) -> float:
    """Interpolated between the two ranks it lies between."""
    ranked = sorted(values)
    rank = share * (len(ranked) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (rank - low)


def figures(found: list[Row]) -> dict[str, Any]:
    values = [float(str(row["value_ms"])) for row in found]
    return {
        "count": len(values),
        "errors": sum(row["status"] not in {"success", "healthy"} for row in found),
        "mean_ms": pytest.approx(math.fsum(values) / len(values)),
        "p50_ms": pytest.approx(quantile(values, 0.5)),
        "p95_ms": pytest.approx(quantile(values, 0.95)),
        "p99_ms": pytest.approx(quantile(values, 0.99)),
        "max_ms": max(values),
    }


def grouped(found: list[Row], by: str) -> dict[Any, dict[str, Any]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in found:
        groups[row[by]].append(row)
    return {name: figures(group) for name, group in groups.items()}


def told(frame: Any, by: str) -> dict[Any, dict[str, Any]]:
    names = ("count", "errors", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms")
    return {row[by]: {name: row[name] for name in names} for row in frame.iter_rows(named=True)}


@shared
@given(REQUESTS)
def test_percentiles_by_endpoint_are_those_of_plain_python(
    engine: Engine, drawn: list[tuple[float, int, str, str, str]]
) -> None:
    made = rows(drawn)
    answer = latency(engine, moment(requests=made), kind=Kind.REQUEST, start=START, end=NOON)
    mine = [row for row in made if row["kind"] == "request_time"]
    assert told(answer, "endpoint") == grouped(mine, "endpoint")
    assert answer["endpoint"].to_list() == sorted({str(row["endpoint"]) for row in mine})
    assert set(answer["method"]) <= {"exact"}
    assert set(answer["error_bound"]) <= {0}


@shared
@given(REQUESTS)
def test_percentiles_by_kind_and_by_window_too(
    engine: Engine, drawn: list[tuple[float, int, str, str, str]]
) -> None:
    made = rows(drawn)
    snapshot = moment(requests=made)
    summary = performance.summary(engine, snapshot, start=START, end=NOON)
    assert told(summary, "kind") == grouped(made, "kind")

    over_time = performance.over_time(
        engine,
        snapshot,
        kind=Kind.REQUEST,
        start=START,
        end=NOON,
        zone=ZoneInfo("Asia/Kolkata"),
        now=NOON,
        grain=Grain.HOUR,
    )
    # Kolkata's hours begin at half past in UTC: 07:30 to 12:30 touches five, the last cut at noon.
    hours = [
        row | {"hour": _half_past(row["happened_at"])}
        for row in made
        if row["kind"] == "request_time"
    ]
    filled = over_time.filter(over_time["count"] > 0)
    assert told(filled, "window_start") == grouped(hours, "hour")
    assert over_time["window_label"].to_list() == [
        f"2026-11-20T{hour}:00:00+05:30" for hour in (13, 14, 15, 16, 17)
    ]
    assert over_time["complete"].to_list() == [False, True, True, True, False]


def _half_past(when: object) -> datetime:
    assert isinstance(when, datetime)
    hour = when.replace(minute=30, second=0)
    return hour if when >= hour else hour - timedelta(hours=1)


@shared
@given(REQUESTS)
def test_a_distribution_loses_nothing_and_lays_each_value_in_its_band(
    engine: Engine, drawn: list[tuple[float, int, str, str, str]]
) -> None:
    made = [row for row in rows(drawn) if row["kind"] == "request_time"]
    heat = performance.heat(
        engine,
        moment(requests=made),
        kind=Kind.REQUEST,
        start=START,
        end=NOON,
        zone=ZoneInfo("UTC"),
        now=NOON,
        grain=Grain.HOUR,
    )
    bands = list(pairwise((-math.inf, *BANDS_MS[1:])))
    expected = Counter(
        (
            row["happened_at"].replace(minute=0, second=0),  # type: ignore[attr-defined]
            next(max(low, 0.0) for low, high in bands if low < float(str(row["value_ms"])) <= high),
        )
        for row in made
    )
    cells = {(start, low): count for start, low, count in only(heat, *_CELL)}
    assert cells == expected


_CELL = ("window_start", "low_ms", "count")


def test_slow_ones_took_longer_than_the_limit(engine: Engine) -> None:
    snapshot = moment(requests=[request(value, ago(minutes=1)) for value in (49.0, 50.0, 50.1)])
    answer = performance.summary(engine, snapshot, start=START, end=NOON)
    assert only(answer, "kind", "count", "slow") == [("request_time", 3, 1)]


def test_the_ends_of_a_range_count_once(engine: Engine) -> None:
    snapshot = moment(requests=[request(1.0, START), request(2.0, NOON)])
    answer = latency(engine, snapshot, kind=Kind.REQUEST, start=START, end=NOON)
    assert only(answer, "count", "max_ms") == [(1, 1.0)]


def test_windows_without_measurements_are_given_and_say_nothing(engine: Engine) -> None:
    answer = performance.over_time(
        engine,
        moment(requests=[request(7.5, NOON - timedelta(minutes=1), status="error")]),
        kind=Kind.REQUEST,
        start=NOON - timedelta(hours=2),
        end=NOON,
        zone=ZoneInfo("UTC"),
        now=NOON,
        grain=Grain.HOUR,
    )
    assert only(answer, "window_label", "count", "errors", "error_rate", "p95_ms", "complete") == [
        ("2026-11-20T10:00:00+00:00", 0, 0, None, None, True),
        ("2026-11-20T11:00:00+00:00", 1, 1, 1.0, 7.5, True),
    ]


def test_one_endpoint_alone_and_the_slowest_first(engine: Engine) -> None:
    snapshot = moment(
        requests=[
            request(10.0, ago(minutes=3), endpoint="/fast"),
            request(900.0, ago(minutes=2), endpoint="/slow", status="error"),
            request(500.0, ago(minutes=1), endpoint="/slow"),
        ]
    )
    listed = performance.by_endpoint(
        engine, snapshot, kind=Kind.REQUEST, start=ago(hours=1), end=NOON
    )
    assert only(listed, "endpoint", "p50_ms", "errors", "error_rate", "place") == [
        ("/slow", 700.0, 1, 0.5, 1),
        ("/fast", 10.0, 0, 0.0, 2),
    ]
    assert listed["time_share"].to_list() == pytest.approx([1400 / 1410, 10 / 1410])
    alone = performance.over_time(
        engine,
        snapshot,
        kind=Kind.REQUEST,
        start=ago(hours=1),
        end=NOON,
        zone=ZoneInfo("UTC"),
        now=NOON,
        grain=Grain.HOUR,
        endpoint="/fast",
    )
    assert only(alone, "count", "max_ms") == [(1, 10.0)]


def test_strategies_are_told_from_the_record_of_uploads(engine: Engine) -> None:
    def upload(strategy: str | None, duration_ms: float | None, source: str) -> Row:
        return {
            "source": source,
            "happened_at": ago(minutes=1),
            "kind": "vectorisation",
            "outcome": "failed" if duration_ms is None else "done",
            "strategy": strategy,
            "duration_ms": duration_ms,
            "size_bytes": 1_000,
        }

    snapshot = moment(
        activity=[
            upload("vtracer", 100.0, "user_uploads"),
            upload("vtracer", 300.0, "user_uploads"),
            upload(None, None, "user_uploads"),
            upload("vtracer", 9_999.0, "user_activities"),
        ]
    )
    answer = performance.strategies(engine, snapshot, start=ago(hours=1), end=NOON)
    assert only(answer, "strategy", "count", "failed", "failure_rate", "p50_ms", "max_ms") == [
        ("vtracer", 2, 0, 0.0, 200.0, 300.0),
        (None, 1, 1, 1.0, None, None),
    ]
