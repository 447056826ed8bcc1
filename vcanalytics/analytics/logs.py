"""VectorCraft's log: its newest rows, how many of each level over time, what failed how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics import folded
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.spans import stream_spans
from vcanalytics.model.windows import Grain
from vcanalytics.store import Snapshot

LIMIT_MAX: Final = 10_000
#: Messages told apart.
GROUPS: Final = 500
#: Levels that say something failed.
ERRORS: Final = ("ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class LogFilters:
    """Which rows; what is None or empty leaves nothing out.

    ``levels`` and ``component`` exact; ``search`` a fragment, literal, in any case, of message,
    e-mail or payment.
    """

    levels: tuple[str, ...] = ()
    component: str | None = None
    search: str | None = None

    def params(self, start: datetime, end: datetime) -> dict[str, Any]:
        return {
            "from": start,
            "to": end,
            "levels": list(self.levels) or None,
            "component": self.component or None,
            "search": self.search or None,
        }


def rows(
    engine: Engine,
    snapshot: Snapshot,
    filters: LogFilters | None = None,
    *,
    start: datetime,
    end: datetime,
    limit: int = 100,
) -> pl.DataFrame:
    """Rows of ``[start, end)`` that pass ``filters``, the newest first, at most ``limit``.

    Columns: ``happened_at`` (UTC), ``level``, ``component``, ``message``, ``details`` (JSON as
    text), ``user_email``, ``transaction_id``, ``source_id``. Raises BudgetExceeded.
    """
    wanted = filters or LogFilters()
    return engine.ask(
        sql("logs", "logs_rows"),
        wanted.params(start, end) | {"limit": min(limit, LIMIT_MAX)},
        {"logs": snapshot.relation("logs", start, end)},
    )


def over_time(
    engine: Engine,
    snapshot: Snapshot,
    filters: LogFilters | None = None,
    *,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    now: datetime,
    grain: Grain | timedelta | None = None,
    week_start: str = "monday",
) -> pl.DataFrame:
    """How many rows of each level that occurs in ``[start, end)``: a row a window and level.

    Columns: ``window_start``, ``window_end`` (UTC), ``window_label`` (in ``zone``), ``level``,
    ``count``, ``complete``. ``grain``: None takes one that fits (at most 300 windows).
    Raises BudgetExceeded, UsageError.
    """
    found = stream_spans(
        snapshot, "logs", start, end, zone, grain=grain, week_start=week_start, now=now
    )
    wanted = filters or LogFilters()
    return engine.ask(
        sql("logs", "logs_windows"),
        wanted.params(start, end) | {"bucket_us": found.bucket_us},
        {"logs": snapshot.relation("logs", start, end), "windows": found.table},
    )


def errors(
    engine: Engine, snapshot: Snapshot, *, start: datetime, end: datetime, limit: int = GROUPS
) -> pl.DataFrame:
    """Errors and warnings of ``[start, end)`` by message, the newest first, at most ``limit``.

    Columns: ``level``, ``component``, ``message`` (folded: without addresses, numbers, ids; see
    ``model.messages``), ``example`` (the newest, whole), ``count``, ``first_at``, ``last_at``
    (UTC). Raises BudgetExceeded.
    """
    wanted = LogFilters(levels=("WARNING", *ERRORS)).params(start, end)
    return engine.ask(
        sql("logs", "folds", "logs_errors"),
        wanted | folded.PARAMS | {"limit": min(limit, LIMIT_MAX)},
        {"logs": snapshot.relation("logs", start, end)},
    )
