"""What users do, cached: the feed, who is active, totals, rhythm and funnels."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vcanalytics.analytics import activity as _activity
from vcanalytics.analytics import funnels as _funnels
from vcanalytics.cached.console import (
    Answer,
    Version,
    answer,
    minute,
    settings,
    version,
    whole_minute,
)
from vcanalytics.cached.regions import ACTIVITY, LIVE
from vcanalytics.model.windows import Grain

STREAM: Final = "activity"
#: What funnels are read from.
FUNNEL: Final = ("activity", "transactions")


@LIVE.keep()
def _feed(
    now: datetime,
    reach: timedelta,
    limit: int,
    kinds: tuple[str, ...],
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    return answer(_activity.feed, now=now, reach=reach, limit=limit, kinds=kinds)


def feed(
    *,
    now: datetime,
    limit: int = 50,
    reach: timedelta = timedelta(hours=24),
    kinds: tuple[str, ...] = (),
    seen: Version | None = None,
) -> Answer:
    """The newest events: the columns of ``analytics.activity.feed``."""
    return _feed(minute(now), reach, limit, kinds, seen or version(STREAM))


@LIVE.keep()
def _active_now(now: datetime, within: timedelta, at: Version) -> Answer:  # noqa: ARG001
    return answer(_activity.active_now, now=now, within=within)


def active_now(*, now: datetime, within: timedelta = _activity.ACTIVE) -> Answer:
    """Who is active, a row a person: the columns of ``analytics.activity.active_now``."""
    return _active_now(minute(now), within, version(STREAM))


@ACTIVITY.keep()
def _totals(start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(_activity.totals, start=start, end=end)


def totals(start: datetime, end: datetime, *, seen: Version | None = None) -> Answer:
    """One row of figures: the columns of ``analytics.activity.totals``.

    For a tile ask twice: for the range up to ``view.until`` and for what it is compared with. Ends
    are keyed to the minute.
    """
    return _totals(start, whole_minute(end), seen or version(STREAM))


@ACTIVITY.keep()
def _over_time(
    start: datetime,
    end: datetime,
    zone: str,
    week_start: str,
    grain: Grain | timedelta | None,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    return answer(
        _activity.over_time,
        start=start,
        end=end,
        zone=ZoneInfo(zone),
        now=now,
        grain=grain,
        week_start=week_start,
    )


def over_time(
    start: datetime,
    end: datetime,
    *,
    zone: str,
    now: datetime,
    week_start: str = "monday",
    grain: Grain | timedelta | None = None,
    seen: Version | None = None,
) -> Answer:
    """People, sign-ups, vectorisations a window: ``analytics.activity.over_time``."""
    at = seen or version(STREAM)
    return _over_time(start, end, zone, week_start, grain, minute(now), at)


@ACTIVITY.keep()
def _actives(start: datetime, end: datetime, zone: str, now: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(_activity.actives, start=start, end=end, zone=ZoneInfo(zone), now=now)


def actives(
    start: datetime, end: datetime, *, zone: str, now: datetime, seen: Version | None = None
) -> Answer:
    """Daily, weekly, monthly actives a local day: ``analytics.activity.actives``."""
    return _actives(start, whole_minute(end), zone, minute(now), seen or version(STREAM))


@ACTIVITY.keep()
def _heat(start: datetime, end: datetime, zone: str, at: Version) -> Answer:  # noqa: ARG001
    return answer(_activity.heat, start=start, end=end, zone=ZoneInfo(zone))


def heat(start: datetime, end: datetime, *, zone: str, seen: Version | None = None) -> Answer:
    """Hour by weekday, 168 rows: the columns of ``analytics.activity.heat``."""
    return _heat(start, whole_minute(end), zone, seen or version(STREAM))


def rhythm(start: datetime, end: datetime, *, zone: str, seen: Version | None = None) -> Answer:
    """Hour by hour of the day, 24 rows: ``hour``, ``events``, ``hours``."""
    found = heat(start, end, zone=zone, seen=seen)
    return Answer(_activity.by_hour(found.frame), found.as_of)


@ACTIVITY.keep()
def _sign_up_funnel(start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    prefixes = settings().sample_prefixes
    return answer(_funnels.sign_up_funnel, start=start, end=end, sample_prefixes=prefixes)


def sign_up_funnel(start: datetime, end: datetime, *, seen: Version | None = None) -> Answer:
    """From an account to a payment: the columns of ``analytics.funnels.sign_up_funnel``."""
    return _sign_up_funnel(start, whole_minute(end), seen or version(*FUNNEL))


@ACTIVITY.keep()
def _checkout_funnel(start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    prefixes = settings().sample_prefixes
    return answer(_funnels.checkout_funnel, start=start, end=end, sample_prefixes=prefixes)


def checkout_funnel(start: datetime, end: datetime, *, seen: Version | None = None) -> Answer:
    """From checkout to first upload: the columns of ``analytics.funnels.checkout_funnel``."""
    return _checkout_funnel(start, whole_minute(end), seen or version(*FUNNEL))
