"""Failed payments by what their messages say: how often, since when, whom it hit, what is new.

Definitions: the contract's ``failed`` (status failed or error, not captured, by created_at), and,
apart and marked, its finding ``captured_but_failed``. Messages are folded: ``model.messages``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics import folded
from vcanalytics.analytics.books import CASES, FIGURES, STATUSES, sample_pattern
from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.analytics.reconcile import message_pattern
from vcanalytics.analytics.spans import stream_spans
from vcanalytics.model.windows import Grain
from vcanalytics.store import Snapshot

#: What a failed payment is: the contract's words.
FAILED: Final = "failed"
CHARGED: Final = "captured_but_failed"
#: A pattern is new where it was not seen for so long before the range.
NEW_AFTER: Final = timedelta(days=30)
#: Patterns told apart; payments and log rows of one.
PATTERNS_MAX: Final = 10_000
ROWS_MAX: Final = 1_000_000
MESSAGES_MAX: Final = 1_000
LOGS_MAX: Final = 1_000
#: Log rows are looked for by so many of a pattern's payments and messages, the newest and the most
#: frequent; shorter messages stand in too many rows that mean something else.
_LOGS_OF: Final = 10_000
_LOG_MESSAGES: Final = 20
_LOG_CHARS: Final = 12
#: The log tells of a payment's end a little after it began.
_LOG_AFTER: Final = timedelta(hours=1)
_COLUMNS: Final = ("source_id", "email", "payer_email", "error_message")
_OPENING: Final = ("payments", "failures", "folds", "failures_named")


def _ask(
    engine: Engine,
    snapshot: Snapshot,
    question: str,
    *,
    since: datetime,
    end: datetime,
    captured_errors: Sequence[str],
    sample_prefixes: Sequence[str],
    params: dict[str, Any],
    beside: dict[str, Table] | None = None,
) -> pl.DataFrame:
    rows = snapshot.begun("transactions", since, end).select([*FIGURES, *_COLUMNS])
    return engine.ask(
        sql(*_OPENING, question),
        {
            "since": since,
            "to": end,
            "failed": STATUSES["failed"],
            "captured_error": message_pattern(captured_errors),
            "samples": sample_pattern(sample_prefixes),
            **folded.PARAMS,
        }
        | params,
        {
            "transactions": rows,
            "disputes": snapshot.newest("disputes").select(CASES),
            **(beside or {}),
        },
    )


def patterns(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    new_after: timedelta = NEW_AFTER,
    limit: int = PATTERNS_MAX,
    captured_errors: Sequence[str] = (),
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """Payments that failed in ``[start, end)`` by message, the most frequent first.

    Columns: ``finding`` (failed, or captured_but_failed: money was taken), ``pattern`` (the folded
    message; empty where there is none), ``currency`` (null: the row is that of the whole pattern,
    and those of its currencies follow), ``count``, ``share`` (of all that failed in the range; null
    in rows of a currency), ``customers`` (distinct, by payer's address, else the one typed, both
    normalised), ``amount`` (attempted, money in ``currency``; of no use in rows without one, and
    null there), ``first_at``, ``last_at`` (UTC, in the range), ``new`` (not seen in ``new_after``
    before the range; null where no payment is known of then), ``example`` (the newest message,
    whole). At most ``limit`` patterns. Raises BudgetExceeded.
    """
    found = _ask(
        engine,
        snapshot,
        "failures_patterns",
        since=start - new_after,
        end=end,
        captured_errors=captured_errors,
        sample_prefixes=sample_prefixes,
        params={"limit": min(limit, PATTERNS_MAX), "from": start},
    )
    # Amounts of several currencies are never added.
    one = pl.col("currency").is_not_null()
    return found.with_columns(pl.when(one).then(pl.col("amount")).alias("amount"))


def over_time(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    now: datetime,
    grain: Grain | None = None,
    week_start: str = "monday",
    named: Sequence[str] = (),
    captured_errors: Sequence[str] = (),
    sample_prefixes: Sequence[str] = (),
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """How many failed in each window of ``[start, end)``: the windows, and the counts.

    Windows: ``window_start``, ``window_end`` (UTC), ``window_label`` (in ``zone``), ``complete``.
    Counts, only where any failed: ``window_start``, ``finding``, ``pattern`` (one of ``named``;
    null: all of the finding), ``count``. ``grain``: None takes one that fits (at most 300 windows).
    Raises BudgetExceeded, UsageError.
    """
    found = stream_spans(
        snapshot, "transactions", start, end, zone, grain=grain, week_start=week_start, now=now
    )
    counts = _ask(
        engine,
        snapshot,
        "failures_windows",
        since=start,
        end=end,
        captured_errors=captured_errors,
        sample_prefixes=sample_prefixes,
        params={"patterns": list(named), "bucket_us": found.bucket_us},
        beside={"windows": found.table},
    )
    windows = found.table.select("window_start", "window_end", "window_label", "complete")
    return windows, counts


def payments_of(
    engine: Engine,
    snapshot: Snapshot,
    *,
    finding: str,
    pattern: str,
    start: datetime,
    end: datetime,
    limit: int = ROWS_MAX,
    captured_errors: Sequence[str] = (),
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """The payments of one pattern in ``[start, end)``, the newest first, at most ``limit``.

    Columns: ``transaction_id``, ``created_at`` (UTC), ``status``, ``email``, ``payer_email``,
    ``amount`` (attempted, money in ``currency``), ``currency``, ``customer`` (the address it is
    counted by), ``error_message``. Raises BudgetExceeded.
    """
    return _ask(
        engine,
        snapshot,
        "failures_rows",
        since=start,
        end=end,
        captured_errors=captured_errors,
        sample_prefixes=sample_prefixes,
        params={"finding": finding, "pattern": pattern, "limit": min(limit, ROWS_MAX)},
    )


def messages_of(
    engine: Engine,
    snapshot: Snapshot,
    *,
    finding: str,
    pattern: str,
    start: datetime,
    end: datetime,
    limit: int = MESSAGES_MAX,
    captured_errors: Sequence[str] = (),
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """The exact messages of one pattern in ``[start, end)``, the most frequent first.

    Columns: ``message``, ``count``, ``first_at``, ``last_at`` (UTC). Raises BudgetExceeded.
    """
    return _ask(
        engine,
        snapshot,
        "failures_messages",
        since=start,
        end=end,
        captured_errors=captured_errors,
        sample_prefixes=sample_prefixes,
        params={"finding": finding, "pattern": pattern, "limit": min(limit, MESSAGES_MAX)},
    )


def log_rows_of(
    engine: Engine,
    snapshot: Snapshot,
    *,
    payments: pl.DataFrame,
    messages: pl.DataFrame,
    start: datetime,
    end: datetime,
    limit: int = LOGS_MAX,
) -> pl.DataFrame:
    """Log rows that name one of these payments or hold one of these messages, the newest first.

    ``payments`` and ``messages`` as the two questions above answer; the newest 10,000 and the 20
    most frequent are looked for, messages of at least 12 characters. Columns: ``happened_at``
    (UTC), ``level``, ``component``, ``message``, ``user_email``, ``transaction_id``. Raises
    BudgetExceeded.
    """
    until = end + _LOG_AFTER
    long = messages.filter(pl.col("message").str.len_chars() >= _LOG_CHARS)
    return engine.ask(
        sql("failures_logs"),
        {"from": start, "to": until, "limit": min(limit, LOGS_MAX)},
        {
            "logs": snapshot.relation("logs", start, until),
            "payments": payments.select("transaction_id").head(_LOGS_OF),
            "messages": long.select("message").head(_LOG_MESSAGES),
        },
    )
