"""Hosts and the store, cached. Samples come each second, so keys hold a paced version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics import system as _system
from vcanalytics.cached.console import (
    Answer,
    Version,
    answer,
    minute,
    open_console,
    paced,
    version,
)
from vcanalytics.cached.regions import ACTIVITY, HEALTH
from vcanalytics.model.windows import Grain
from vcanalytics.store.sizes import Part, sizes

STREAM: Final = "system"
#: Answers about this second are of use to who looks in this second.
_NOW_TTL: Final = timedelta(seconds=10)
_NOW_ENTRIES: Final = 16
_STORE_TTL: Final = timedelta(seconds=5)


@ACTIVITY.keep()
def _over_time(
    measures: tuple[str, ...],
    start: datetime,
    end: datetime,
    zone: str,
    week_start: str,
    hosts: tuple[str, ...],
    items: tuple[str, ...],
    grain: Grain | timedelta | None,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    return answer(
        _system.over_time,
        measures=measures,
        start=start,
        end=end,
        zone=ZoneInfo(zone),
        now=now,
        hosts=hosts,
        items=items,
        grain=grain,
        week_start=week_start,
    )


def over_time(
    start: datetime,
    end: datetime,
    *,
    measures: tuple[str, ...],
    zone: str,
    now: datetime,
    hosts: tuple[str, ...] = (),
    items: tuple[str, ...] = (),
    week_start: str = "monday",
    grain: Grain | timedelta | None = None,
    seen: Version | None = None,
) -> Answer:
    """Measures window by window: the columns of ``analytics.system.over_time``.

    One question for several measures costs little more than for one: all rows are read anyway.
    """
    at = seen or paced(STREAM, length=end - start, now=now)
    return _over_time(measures, start, end, zone, week_start, hosts, items, grain, minute(now), at)


@HEALTH.keep(entries=_NOW_ENTRIES, ttl=_NOW_TTL)
def _newest(now: datetime, hosts: tuple[str, ...], at: Version) -> Answer:  # noqa: ARG001
    return answer(_system.newest, now=now, hosts=hosts)


def newest(*, now: datetime, hosts: tuple[str, ...] = ()) -> Answer:
    """The newest value of each series with its age: ``analytics.system.newest``."""
    return _newest(now.replace(microsecond=0), hosts, version(STREAM))


@ACTIVITY.keep(entries=_NOW_ENTRIES)
def _disks(now: datetime, hosts: tuple[str, ...], at: Version) -> Answer:  # noqa: ARG001
    return answer(_system.disks, now=now, hosts=hosts)


def disks(*, now: datetime, hosts: tuple[str, ...] = ()) -> Answer:
    """How full disks are and when they will be: ``analytics.system.disks``; up to 1 min old."""
    at = paced(STREAM, length=_system.FIT, now=now)
    return _disks(minute(now), hosts, at)


@dataclass(frozen=True, slots=True)
class Storage:
    """What the store takes. ``frame`` has a row a stream and part, hot or sealed."""

    catalogue_bytes: int
    retired_bytes: int
    frame: pl.DataFrame


@HEALTH.keep(entries=1, ttl=_STORE_TTL)
def storage() -> Storage:
    """The store's own sizes, up to 5 s old.

    Columns of ``frame``: ``stream``, ``hot_batches``, ``hot_rows``, ``hot_bytes``,
    ``hot_first_at``, ``hot_last_at`` (UTC; in the catalogue), ``files``, ``file_rows``,
    ``file_bytes``, ``file_first_at``, ``file_last_at`` (segments); a row a stream.
    ``catalogue_bytes`` is the file with its log, ``retired_bytes`` files about to be deleted.
    """
    found = sizes(open_console().catalogue)
    rows = [
        {"stream": size.stream}
        | _columns("hot", "hot_batches", size.hot)
        | _columns("file", "files", size.sealed)
        for size in found.streams
    ]
    instant = pl.Datetime("us", "UTC")
    times = {f"{part}_{end}_at": instant for part in ("hot", "file") for end in ("first", "last")}
    frame = pl.DataFrame(rows, schema_overrides=times)
    return Storage(found.catalogue_bytes, found.retired.bytes, frame)


def _columns(prefix: str, count: str, part: Part) -> dict[str, object]:
    return {
        count: part.count,
        f"{prefix}_rows": part.rows,
        f"{prefix}_bytes": part.bytes,
        f"{prefix}_first_at": part.first_at,
        f"{prefix}_last_at": part.last_at,
    }
