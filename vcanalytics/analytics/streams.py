"""What the console has read, and how old it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Snapshot

_INSTANT: Final = pl.Datetime("us", "UTC")
_SCHEMA: Final = pl.Schema(
    {
        "stream": pl.String(),
        "label": pl.String(),
        "rows": pl.Int64(),
        "rejected": pl.Int64(),
        "first_at": _INSTANT,
        "last_at": _INSTANT,
        "read_at": _INSTANT,
        "lag_s": pl.Float64(),
        "done": pl.Int64(),
        "total": pl.Int64(),
        "reading_history": pl.Boolean(),
    }
)


def streams(snapshot: Snapshot, *, now: datetime) -> pl.DataFrame:
    """Every stream, a row each, in the vocabulary's order; also those without rows.

    Columns: ``stream``, ``label`` (for people), ``rows`` (kept; of payments, cases and mails these
    are versions), ``rejected`` (rows kept aside now), ``first_at``, ``last_at`` (UTC; oldest and
    newest time in it), ``read_at`` (UTC; when the source was last read with success), ``lag_s``
    (seconds since then, null before the first), ``done``, ``total`` (source rows: how far its
    history has been read), ``reading_history``.
    """
    rows = []
    for name, stream in STREAMS.items():
        state = snapshot.state(name)
        lag_s = None
        if state.read_at is not None:
            # A clock set back must not make a stream younger than new.
            lag_s = max((now - state.read_at).total_seconds(), 0.0)
        rows.append(
            (
                name,
                stream.label,
                state.rows,
                state.rejected,
                state.first_at,
                state.last_at,
                state.read_at,
                lag_s,
                state.done,
                state.total,
                state.reading_history,
            )
        )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
