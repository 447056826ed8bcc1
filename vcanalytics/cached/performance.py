"""Response times, cached. Measurements come with every request, so keys hold a paced version."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vcanalytics.analytics import performance as _performance
from vcanalytics.analytics import slowest as _slowest
from vcanalytics.analytics.latency import Kind
from vcanalytics.analytics.latency import latency as _latencies
from vcanalytics.analytics.spans import spans
from vcanalytics.cached.console import (
    Answer,
    Version,
    answer,
    minute,
    paced,
    settings,
    version,
    whole_minute,
)
from vcanalytics.cached.regions import ACTIVITY
from vcanalytics.model.buckets import BANDS_MS
from vcanalytics.model.windows import Grain

STREAM: Final = "requests"
#: Edges of the bands of ``response_heat``.
RESPONSE_BANDS_MS: Final = BANDS_MS


@ACTIVITY.keep()
def _response_times(
    kind: str,
    start: datetime,
    end: datetime,
    zone: str,
    week_start: str,
    grain: Grain | timedelta | None,
    endpoint: str | None,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    return answer(
        _performance.over_time,
        kind=Kind(kind),
        start=start,
        end=end,
        zone=ZoneInfo(zone),
        now=now,
        grain=grain,
        week_start=week_start,
        endpoint=endpoint,
        exact_rows=settings().exact_rows,
    )


def response_times(
    start: datetime,
    end: datetime,
    *,
    kind: str,
    zone: str,
    now: datetime,
    week_start: str = "monday",
    grain: Grain | timedelta | None = None,
    endpoint: str | None = None,
    seen: Version | None = None,
) -> Answer:
    """Times window by window: the columns of ``analytics.performance.over_time``."""
    at = seen or paced(STREAM, length=end - start)
    return _response_times(kind, start, end, zone, week_start, grain, endpoint, minute(now), at)


@ACTIVITY.keep()
def _performance_summary(start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(_performance.summary, start=start, end=end, exact_rows=settings().exact_rows)


def performance_summary(start: datetime, end: datetime, *, seen: Version | None = None) -> Answer:
    """All endpoints together, a row a kind: the columns of ``analytics.performance.summary``."""
    return _performance_summary(start, whole_minute(end), seen or paced(STREAM, length=end - start))


@ACTIVITY.keep()
def _endpoints(kind: str, start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(
        _performance.by_endpoint,
        kind=Kind(kind),
        start=start,
        end=end,
        exact_rows=settings().exact_rows,
    )


def endpoints(start: datetime, end: datetime, *, kind: str, seen: Version | None = None) -> Answer:
    """A row an endpoint, the slowest first: ``analytics.performance.by_endpoint``."""
    at = seen or paced(STREAM, length=end - start)
    return _endpoints(kind, start, whole_minute(end), at)


@ACTIVITY.keep()
def _latency(kind: str, start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(
        _latencies, kind=Kind(kind), start=start, end=end, exact_rows=settings().exact_rows
    )


def latency(start: datetime, end: datetime, *, kind: str) -> Answer:
    """A row an endpoint, by name, of exactly this range: ``analytics.latency.latency``."""
    return _latency(kind, start, end, paced(STREAM, length=end - start))


@ACTIVITY.keep()
def _response_heat(
    kind: str,
    start: datetime,
    end: datetime,
    zone: str,
    week_start: str,
    grain: Grain | timedelta | None,
    endpoint: str | None,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    return answer(
        _performance.heat,
        kind=Kind(kind),
        start=start,
        end=end,
        zone=ZoneInfo(zone),
        now=now,
        grain=grain,
        week_start=week_start,
        endpoint=endpoint,
        exact_rows=settings().exact_rows,
    )


def response_heat(
    start: datetime,
    end: datetime,
    *,
    kind: str,
    zone: str,
    now: datetime,
    week_start: str = "monday",
    grain: Grain | timedelta | None = None,
    endpoint: str | None = None,
    seen: Version | None = None,
) -> Answer:
    """How times are spread, window by window: ``analytics.performance.heat``."""
    at = seen or paced(STREAM, length=end - start)
    return _response_heat(kind, start, end, zone, week_start, grain, endpoint, minute(now), at)


def heat_windows(
    start: datetime,
    end: datetime,
    *,
    zone: str,
    week_start: str = "monday",
    grain: Grain | timedelta | None = None,
) -> list[datetime]:
    """The start (UTC) of every window of ``response_heat``, also of those without a row."""
    return [
        window.start
        for window in spans(
            start,
            end,
            ZoneInfo(zone),
            grain=grain,
            week_start=week_start,
            points=_performance.HEAT_POINTS,
        ).found
    ]


@ACTIVITY.keep()
def _single(
    kind: str,
    endpoint: str,
    start: datetime,
    end: datetime,
    failed: bool,
    limit: int,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    return answer(
        _slowest.slowest,
        kind=Kind(kind),
        endpoint=endpoint,
        start=start,
        end=end,
        failed=failed,
        limit=limit,
    )


def single(
    start: datetime,
    end: datetime,
    *,
    kind: str,
    endpoint: str,
    failed: bool,
    limit: int = _slowest.SHOWN,
    seen: Version | None = None,
) -> Answer:
    """An endpoint's slowest measurements, or its newest errors: ``analytics.slowest.slowest``."""
    at = seen or paced(STREAM, length=end - start)
    return _single(kind, endpoint, start, whole_minute(end), failed, limit, at)


@ACTIVITY.keep()
def _strategies(start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(_performance.strategies, start=start, end=end)


def strategies(start: datetime, end: datetime, *, seen: Version | None = None) -> Answer:
    """Vectorising by strategy, the most used first: ``analytics.performance.strategies``."""
    return _strategies(start, whole_minute(end), seen or version("activity"))
