"""The newest versions of a stream a month at a time: years of them need not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from vcanalytics.model.streams import STREAMS
from vcanalytics.store.snapshot import Snapshot


def by_month(snapshot: Snapshot, stream: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Every row of a versioned stream once, also deleted ones, by the month it was begun in.

    Raises StoreError where a file cannot be read.
    """
    state, time = snapshot.state(stream), STREAMS[stream].time
    if state.first_at is None or state.last_at is None:
        return
    wanted = list(dict.fromkeys([*columns, time]))
    start: datetime | None = None
    edge = _month(state.first_at)
    while start is None or start <= state.last_at:
        edge = _month(edge + timedelta(days=31))
        # The first month begins with all of time, and the last ends with it.
        end = edge if edge <= state.last_at else None
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
