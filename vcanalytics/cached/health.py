"""VectorCraft's own word on how it is, cached: components and log rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vcanalytics.analytics import health as _health
from vcanalytics.analytics import logs as _logs
from vcanalytics.analytics.logs import LogFilters
from vcanalytics.cached.console import Answer, Version, answer, minute, version
from vcanalytics.cached.regions import HEALTH
from vcanalytics.model.windows import Grain


@HEALTH.keep()
def _components(now: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(_health.components, now=now)


def components(*, now: datetime) -> Answer:
    """The newest check of each component: the columns of ``analytics.health.components``.

    Ages are measured at the minute that has begun.
    """
    return _components(minute(now) - timedelta(minutes=1), version("health"))


@HEALTH.keep()
def _log_rows(
    filters: LogFilters,
    start: datetime,
    end: datetime,
    limit: int,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    return answer(_logs.rows, filters=filters, start=start, end=end, limit=limit)


def log_rows(
    start: datetime,
    end: datetime,
    *,
    filters: LogFilters | None = None,
    limit: int = 100,
    seen: Version | None = None,
) -> Answer:
    """Log rows, the newest first: the columns of ``analytics.logs.rows``."""
    return _log_rows(filters or LogFilters(), start, end, limit, seen or version("logs"))


@HEALTH.keep()
def _logs_over_time(
    filters: LogFilters,
    start: datetime,
    end: datetime,
    zone: str,
    week_start: str,
    grain: Grain | timedelta | None,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    return answer(
        _logs.over_time,
        filters=filters,
        start=start,
        end=end,
        zone=ZoneInfo(zone),
        now=now,
        grain=grain,
        week_start=week_start,
    )


def logs_over_time(
    start: datetime,
    end: datetime,
    *,
    zone: str,
    now: datetime,
    filters: LogFilters | None = None,
    week_start: str = "monday",
    grain: Grain | timedelta | None = None,
    seen: Version | None = None,
) -> Answer:
    """Log rows of each level a window: the columns of ``analytics.logs.over_time``."""
    wanted, at = filters or LogFilters(), seen or version("logs")
    return _logs_over_time(wanted, start, end, zone, week_start, grain, minute(now), at)
