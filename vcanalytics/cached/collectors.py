"""What the collectors say of themselves: heartbeats, and the demo shop while it is being made.

Facts of the catalogue, small and read anew each time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from vcanalytics.cached.console import as_time, open_console

#: Heartbeats are written every five seconds: this long without one, nobody is there.
SILENT_AFTER: Final = timedelta(seconds=30)
_INSTANT: Final = pl.Datetime("us", "UTC")
_SCHEMA: Final = pl.Schema(
    {
        "name": pl.String(),
        "state": pl.String(),
        "since": _INSTANT,
        "beat_at": _INSTANT,
        "restarts": pl.Int64(),
        "last_error": pl.String(),
        "last_error_at": _INSTANT,
    }
)


def daemons(*, now: datetime) -> pl.DataFrame:
    """Each collector that has reported, a row each, in the order they are started.

    Columns: ``name``, ``state`` (running, waiting, stopped; silent where no sign came for
    SILENT_AFTER), ``since`` (UTC, of the state), ``beat_at`` (UTC, when a round last ended well),
    ``restarts``, ``last_error``, ``last_error_at``.
    """
    fact = open_console().catalogue.fact("daemons")
    told = fact.items() if isinstance(fact, dict) else ()
    rows = []
    for name, daemon in told:
        beat_at = as_time(daemon.get("beat_at"))
        silent = beat_at is None or now - beat_at > SILENT_AFTER
        state = daemon.get("state", "running")
        rows.append(
            (
                name,
                "silent" if silent and state == "running" else state,
                beat_at if silent else as_time(daemon.get("since")),
                beat_at,
                daemon.get("restarts", 0),
                daemon.get("last_error"),
                as_time(daemon.get("last_error_at")),
            )
        )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def demo() -> dict[str, Any]:
    """How far the demo shop is made: done, total, what; empty once it stands, and without one."""
    fact = open_console().catalogue.fact("demo")
    return fact if isinstance(fact, dict) else {}
