"""The newest versions of a stream a month at a time: years of them need not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from vcanalytics.model.streams import STREAMS
from vcanalytics.store.snapshot import Snapshot

_FURTHEST: Final = timedelta(days=20 * 365)


def by_month(snapshot: Snapshot, stream: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Every row of a versioned stream once, also deleted ones, by the month it was begun in.

    Raises StoreError where a file cannot be read.
    """
    state, time = snapshot.state(stream), STREAMS[stream].time
    if state.first_at is None or state.last_at is None:
        return
    wanted = list(dict.fromkeys([*columns, time]))
    # Rows that say the year 1 or 9999 lie in the first slice and the last, which have no other end.
    edge = _month(max(state.first_at, snapshot.taken_at - _FURTHEST))
    last = min(state.last_at, snapshot.taken_at)
    start: datetime | None = None
    while True:
        edge = _month(edge + timedelta(days=31))
        end = edge if edge <= last else None
        rows = snapshot.newest(stream, start, end, by=(time,)).select(wanted).frame()
        if start is not None:
            rows = rows.filter(pl.col(time) >= start)
        if end is not None:
            rows = rows.filter(pl.col(time) < end)
        yield rows.select(list(columns))
        if end is None:
            return
        start = end


def _month(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
