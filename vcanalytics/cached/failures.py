"""Failed payments by message, cached: ``analytics.failures``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics import failures as _failures
from vcanalytics.analytics.failures import CHARGED, FAILED, NEW_AFTER, PATTERNS_MAX
from vcanalytics.cached.console import (
    Answer,
    Version,
    answer,
    minute,
    open_console,
    settings,
    take_snapshot,
    version,
)
from vcanalytics.cached.regions import LIVE
from vcanalytics.model.windows import Grain

__all__ = [
    "CHARGED",
    "FAILED",
    "NEW_AFTER",
    "PATTERNS_MAX",
    "OverTime",
    "Pattern",
    "log_rows_of",
    "messages_of",
    "over_time",
    "patterns",
    "payments_of",
]

_STREAM: Final = "transactions"
#: Whole lists for a file: few, for they may be of any size.
_WHOLE_ENTRIES: Final = 2


class _Terms(TypedDict):
    captured_errors: tuple[str, ...]
    sample_prefixes: tuple[str, ...]


def _terms() -> _Terms:
    told = settings()
    return _Terms(
        captured_errors=tuple(told.captured_errors), sample_prefixes=tuple(told.sample_prefixes)
    )


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one pattern is known by: its finding, and the folded message."""

    finding: str
    text: str


@dataclass(frozen=True, slots=True)
class OverTime:
    """The windows of a range, and what failed in each: ``analytics.failures.over_time``."""

    windows: pl.DataFrame
    counts: pl.DataFrame


@LIVE.keep()
def _patterns(start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(_failures.patterns, start=start, end=end, **_terms())


def patterns(start: datetime, end: datetime, *, seen: Version | None = None) -> Answer:
    """What failed in the range by message: ``analytics.failures.patterns``."""
    return _patterns(start, end, seen or version(_STREAM))


@LIVE.keep()
def _over_time(
    start: datetime,
    end: datetime,
    zone: str,
    now: datetime,
    grain: Grain,
    week_start: str,
    named: tuple[str, ...],
    at: Version,  # noqa: ARG001 - part of the key
) -> OverTime:
    windows, counts = _failures.over_time(
        open_console().engine,
        take_snapshot(),
        start=start,
        end=end,
        zone=ZoneInfo(zone),
        now=now,
        grain=grain,
        week_start=week_start,
        named=named,
        **_terms(),
    )
    return OverTime(windows, counts)


def over_time(
    start: datetime,
    end: datetime,
    *,
    zone: str,
    now: datetime,
    grain: Grain,
    week_start: str,
    named: tuple[str, ...] = (),
    seen: Version | None = None,
) -> OverTime:
    """How many failed window by window, of the patterns that are named and of all."""
    at = seen or version(_STREAM)
    return _over_time(start, end, zone, minute(now), grain, week_start, named, at)


@LIVE.keep(entries=_WHOLE_ENTRIES, whole=True)
def _payments(pattern: Pattern, start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(
        _failures.payments_of,
        finding=pattern.finding,
        pattern=pattern.text,
        start=start,
        end=end,
        **_terms(),
    )


def payments_of(
    pattern: Pattern, start: datetime, end: datetime, *, seen: Version | None = None
) -> Answer:
    """The payments of one pattern, the newest first: ``analytics.failures.payments_of``."""
    return _payments(pattern, start, end, seen or version(_STREAM))


@LIVE.keep()
def _messages(pattern: Pattern, start: datetime, end: datetime, at: Version) -> pl.DataFrame:  # noqa: ARG001
    return _failures.messages_of(
        open_console().engine,
        take_snapshot(),
        finding=pattern.finding,
        pattern=pattern.text,
        start=start,
        end=end,
        **_terms(),
    )


def messages_of(pattern: Pattern, start: datetime, end: datetime) -> pl.DataFrame:
    """The exact messages of one pattern: ``analytics.failures.messages_of``."""
    return _messages(pattern, start, end, version(_STREAM))


@LIVE.keep()
def _log_rows(
    pattern: Pattern,
    start: datetime,
    end: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> pl.DataFrame:
    return _failures.log_rows_of(
        open_console().engine,
        take_snapshot(),
        payments=payments_of(pattern, start, end).frame,
        messages=messages_of(pattern, start, end),
        start=start,
        end=end,
    )


def log_rows_of(pattern: Pattern, start: datetime, end: datetime) -> pl.DataFrame:
    """What VectorCraft's log has of one pattern: ``analytics.failures.log_rows_of``."""
    return _log_rows(pattern, start, end, version(_STREAM, "logs"))
