"""What users do: the newest events, who is active and how many, when, and totals.

A person is a normalised e-mail (trimmed, in lower case), else a user's id; who was only refused at
the sign-in is none. What VectorCraft both records in a table of its own and logs besides is counted
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.analytics.performance import RECORDS, VECTORISATION
from vcanalytics.analytics.spans import spans, stream_spans
from vcanalytics.errors import UsageError
from vcanalytics.model.streams import INGEST
from vcanalytics.model.windows import Grain, window_start
from vcanalytics.store import Snapshot

SIGN_UP: Final = "sign_up"
SIGN_IN: Final = "sign_in"
REFUSED: Final = "sign_in_failed"
UPLOAD: Final = "upload"
_COUNTED: Final = {
    "sign_up": SIGN_UP,
    "sign_in": SIGN_IN,
    "vectorisation": VECTORISATION,
    "records": list(RECORDS),
}
#: Tables that tell of what another tells too, the more trustworthy first.
_ECHOING: Final = pl.DataFrame(
    {"source": ["user_activities", "system_logs", INGEST], "rank": [1, 2, 3]}
)
#: VectorCraft logs what it records within the same request.
ECHO: Final = timedelta(seconds=5)
#: Clocks of two hosts differ a little; a row dated further ahead must not lead the feed for ever.
_AHEAD: Final = timedelta(minutes=5)
#: How long someone counts as active.
ACTIVE: Final = timedelta(minutes=30)
WEEK_DAYS: Final = 7
MONTH_DAYS: Final = 30
#: Days that one question for daily actives may ask for.
DAYS_MAX: Final = 800


def events(
    snapshot: Snapshot, start: datetime, end: datetime
) -> tuple[dict[str, Any], dict[str, Table]]:
    """Parameters and tables that ``activity.sql`` opens with."""
    since, until = start - ECHO, end + ECHO
    return (
        {
            "from": start,
            "to": end,
            "since": since,
            "until": until,
            "refused": REFUSED,
            "echo_us": ECHO // timedelta(microseconds=1),
        },
        {"activity": snapshot.relation("activity", since, until), "echoing": _ECHOING},
    )


def feed(
    engine: Engine,
    snapshot: Snapshot,
    *,
    now: datetime,
    reach: timedelta = timedelta(hours=24),
    limit: int = 50,
    kinds: Sequence[str] = (),
) -> pl.DataFrame:
    """What users did in the last ``reach``, the newest first, at most ``limit`` rows.

    Columns: ``happened_at`` (UTC), ``kind``, ``outcome`` (of a vectorisation: done or failed),
    ``person``, ``user_id``, ``username``, ``email``, ``description``, ``file_name``,
    ``size_bytes``, ``strategy``, ``duration_ms``, ``source`` (the table it was read from).
    ``kinds``: those alone. Raises BudgetExceeded.
    """
    params, tables = events(snapshot, now - reach, now + _AHEAD)
    return engine.ask(
        sql("activity", "activity_feed"),
        params | {"kinds": list(kinds) or None, "limit": limit},
        tables,
    )


def active_now(
    engine: Engine,
    snapshot: Snapshot,
    *,
    now: datetime,
    within: timedelta = ACTIVE,
    limit: int = 500,
) -> pl.DataFrame:
    """Who did anything in the last ``within``, a row a person, the last seen first.

    Columns: ``person``, ``user_id``, ``username``, ``email``, ``first_at``, ``last_at`` (UTC, in
    that time), of the last event ``kind``, ``outcome`` and ``description``, and ``events`` (count).
    At most ``limit`` rows: for how many there are, ask ``totals``. Raises BudgetExceeded.
    """
    params, tables = events(snapshot, now - within, now + _AHEAD)
    return engine.ask(sql("activity", "activity_people"), params | {"limit": limit}, tables)


def totals(engine: Engine, snapshot: Snapshot, *, start: datetime, end: datetime) -> pl.DataFrame:
    """What users did in ``[start, end)``: one row.

    Columns: ``people`` (distinct persons), ``events``, ``sign_ups``, ``sign_ins``,
    ``vectorisations``, ``failed`` (of them; counts, from the record of uploads alone, as
    ``performance.strategies``), ``failure_rate`` (0 to 1, null without vectorisations). Raises
    BudgetExceeded.
    """
    params, tables = events(snapshot, start, end)
    return engine.ask(sql("activity", "activity_totals"), params | _COUNTED, tables)


def over_time(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    now: datetime,
    grain: Grain | timedelta | None = None,
    week_start: str = "monday",
) -> pl.DataFrame:
    """What users did in ``[start, end)``, a row a window, oldest first, empty windows too.

    Columns: ``window_start``, ``window_end`` (UTC), ``window_label`` (the start in ``zone``, ISO
    8601 with its offset), those of ``totals``, ``complete``. ``people`` are distinct within a
    window: windows do not add up. ``grain``: None takes one that fits (at most 300 windows).
    Raises BudgetExceeded, UsageError.
    """
    found = stream_spans(
        snapshot, "activity", start, end, zone, grain=grain, week_start=week_start, now=now
    )
    params, tables = events(snapshot, start, end)
    return engine.ask(
        sql("activity", "activity_windows"),
        params | _COUNTED | {"bucket_us": found.bucket_us},
        tables | {"windows": found.table},
    )


def actives(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    now: datetime,
) -> pl.DataFrame:
    """Active people of each local day that ``[start, end)`` touches, oldest first.

    Columns: ``window_start``, ``window_end`` (UTC), ``window_label`` (in ``zone``), ``day_people``,
    ``week_people``, ``month_people`` (distinct persons of the day, of the 7 and of the 30 days that
    end with it), ``stickiness`` (day over month, 0 to 1; null without anyone), ``complete``. Days
    are counted whole, but nothing from ``end`` on. Raises BudgetExceeded, UsageError for more than
    DAYS_MAX days.
    """
    if end - start > timedelta(days=DAYS_MAX):
        raise UsageError(
            f"the range holds more than {DAYS_MAX} days", hint="Shorten the range: ask by the year"
        )
    first = window_start(start, Grain.DAY, zone)
    # Whole local days: two more than needed, so that no change of clocks cuts the first of them.
    reach = window_start(first - timedelta(days=MONTH_DAYS + 1), Grain.DAY, zone)
    found = stream_spans(snapshot, "activity", reach, end, zone, grain=Grain.DAY, now=now)
    days = found.table.with_row_index("number").with_columns(
        pl.col("number").cast(pl.Int64), (pl.col("window_start") >= first).alias("asked")
    )
    params, tables = events(snapshot, reach, end)
    return engine.ask(
        sql("activity", "activity_actives"),
        params | {"bucket_us": found.bucket_us, "week": WEEK_DAYS, "month": MONTH_DAYS},
        tables | {"days": days},
    )


def heat(
    engine: Engine, snapshot: Snapshot, *, start: datetime, end: datetime, zone: ZoneInfo
) -> pl.DataFrame:
    """How events of ``[start, end)`` are spread over the week: 168 rows, Monday 0 h first.

    Columns: ``weekday`` (0: Monday), ``hour`` (0 to 23, on the wall clock of ``zone``), ``events``,
    ``hours`` (how many such hours the range touches: a range need not hold whole weeks; an hour
    that a change of clocks repeats counts twice). Raises BudgetExceeded, UsageError.
    """
    found = spans(start, end, zone, grain=Grain.HOUR)
    labels = [window.label for window in found.found]
    hours = found.table.select("first_bucket", "next_bucket").with_columns(
        pl.Series("weekday", [label.weekday() for label in labels], pl.Int64),
        pl.Series("hour", [label.hour for label in labels], pl.Int64),
    )
    cells = pl.DataFrame(
        [(day, hour) for day in range(7) for hour in range(24)],
        schema={"weekday": pl.Int64, "hour": pl.Int64},
        orient="row",
    )
    params, tables = events(snapshot, start, end)
    return engine.ask(
        sql("activity", "activity_heat"),
        params | {"bucket_us": found.bucket_us},
        tables | {"hours": hours, "cells": cells},
    )


def by_hour(heat: pl.DataFrame) -> pl.DataFrame:
    """The daily rhythm in a heat: 24 rows, ``hour``, ``events``, ``hours``; midnight first."""
    return heat.group_by("hour").agg(pl.col("events", "hours").sum()).sort("hour")
