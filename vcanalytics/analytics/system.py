"""What hosts and the console's own processes take: over time, newest values, disks that fill.

Measures, their units and what their items are: ``model.measures``. A series is a host, a measure
and an item.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.sources import sources, tables
from vcanalytics.analytics.spans import stream_spans
from vcanalytics.model.buckets import READING
from vcanalytics.model.measures import MEASURES
from vcanalytics.model.windows import Grain, Window
from vcanalytics.store import Snapshot

#: VectorCraft samples itself every few minutes.
REACH: Final = timedelta(hours=1)
#: Clocks of two hosts differ a little.
_AHEAD: Final = timedelta(minutes=5)
DISK: Final = "disk_percent"
#: Days of which the line through a disk's filling is made, and the least it is told from.
FIT: Final = timedelta(days=7)
FIT_LEAST: Final = timedelta(hours=6)
#: Beyond this nobody plans.
FULL_WITHIN: Final = timedelta(days=3650)


def _known() -> pl.DataFrame:
    """``measure``, ``label``, ``unit`` of the vocabulary."""
    return pl.DataFrame(
        [(measure.name, measure.label, measure.unit) for measure in MEASURES.values()],
        schema={"measure": pl.String, "label": pl.String, "unit": pl.String},
        orient="row",
    )


def over_time(
    engine: Engine,
    snapshot: Snapshot,
    *,
    measures: Sequence[str],
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    now: datetime,
    hosts: Sequence[str] = (),
    items: Sequence[str] = (),
    grain: Grain | timedelta | None = None,
    week_start: str = "monday",
    percentile: bool = False,
) -> pl.DataFrame:
    """``measures`` in ``[start, end)``: a row a series and window, oldest first, empty ones too.

    Columns: ``host``, ``measure``, ``item``, ``window_start``, ``window_end`` (UTC),
    ``window_label`` (the start in ``zone``, ISO 8601 with its offset), ``mean``, ``least``,
    ``most`` (in the measure's unit; null where nothing was sampled), ``samples`` (count),
    ``complete``; with ``percentile`` also ``p95``, within 1 %. Whole hours come from cells, so that
    a year of every second's samples is no matter; hours at the ends of a range whose samples were
    let go of count whole (``sources.hours_alone``). ``hosts``, ``items``: those alone; empty: all.
    Series of which nothing was sampled are left out. ``grain``: None takes one that fits (at most
    300 windows, from seconds on). Raises BudgetExceeded, UsageError.
    """
    found = stream_spans(
        snapshot, "system", start, end, zone, grain=grain, week_start=week_start, now=now
    )
    cells = snapshot.cells("system")
    given, bucket_us = tables(cells, sources(cells, start, end, found.found), found.found)
    slots = found.table.select("window_start", "window_end", "window_label", "complete")
    given["windows"] = pl.concat([cast(pl.DataFrame, given["windows"]), slots], how="horizontal")
    params: dict[str, Any] = {
        "measures": list(measures),
        "hosts": list(hosts) or None,
        "items": list(items) or None,
        "from": start,
        "to": end,
        "bucket_us": bucket_us,
    }
    answer = engine.ask(sql("system_windows"), params, given)
    if not percentile:
        return answer
    numbers = {name: value for name, value in READING.items() if name != "error_bound"}
    told = engine.ask(sql("system_percentiles"), params | numbers, given)
    by = ["host", "measure", "item", "window_start"]
    return answer.join(told, on=by, how="left", maintain_order="left")


def newest(
    engine: Engine,
    snapshot: Snapshot,
    *,
    now: datetime,
    reach: timedelta = REACH,
    hosts: Sequence[str] = (),
) -> pl.DataFrame:
    """The newest value of each series sampled in the last ``reach``, by host, measure and item.

    Columns: ``host``, ``measure``, ``item``, ``label``, ``unit`` (of the measure; one the
    vocabulary does not know has its name for a label and no unit), ``value``, ``happened_at``
    (UTC), ``age_s``. Raises BudgetExceeded.
    """
    since, until = now - reach, now + _AHEAD
    found = engine.ask(
        sql("system_newest"),
        {"since": since, "until": until, "hosts": list(hosts) or None},
        {"system": snapshot.relation("system", since, until)},
    )
    return (
        found.join(_known(), on="measure", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("label", "measure").alias("label"),
            pl.col("unit").fill_null(""),
            _age_s(now),
        )
        .select("host", "measure", "item", "label", "unit", "value", "happened_at", "age_s")
    )


def _age_s(now: datetime) -> pl.Expr:
    age = pl.lit(now) - pl.col("happened_at")
    # A clock set back must not make a value younger than new.
    return (age.dt.total_microseconds() / 1_000_000).clip(lower_bound=0.0).alias("age_s")


def disks(
    engine: Engine,
    snapshot: Snapshot,
    *,
    now: datetime,
    reach: timedelta = FIT,
    hosts: Sequence[str] = (),
) -> pl.DataFrame:
    """How full each disk is and when it will be, by a straight line through the last ``reach``.

    Columns: ``host``, ``item`` (the disk), ``percent`` (in use, newest), ``happened_at`` (UTC, of
    it), ``percent_per_d`` (how fast it fills; null from less than FIT_LEAST of samples),
    ``full_in_d`` (days; null where it does not fill, or not within ten years). Raises
    BudgetExceeded.
    """
    start, end = now - reach, now + _AHEAD
    cells, whole = snapshot.cells("system"), (Window(start, end, start),)
    given, _ = tables(cells, sources(cells, start, end, whole, by_day=False), whole)
    found = engine.ask(
        sql("system_disks"),
        {"measure": DISK, "from": start, "to": end, "hosts": list(hosts) or None},
        given,
    )
    least, most = FIT_LEAST / timedelta(days=1), FULL_WITHIN / timedelta(days=1)
    pace = pl.when(pl.col("days") >= least).then(pl.col("percent_per_d"))
    left = pl.max_horizontal(100.0 - pl.col("percent"), 0.0)
    full = pl.when(pace > 0).then(left / pace)
    return found.select(
        "host",
        "item",
        "percent",
        "happened_at",
        pace.alias("percent_per_d"),
        pl.when(full <= most).then(full).alias("full_in_d"),
    )
