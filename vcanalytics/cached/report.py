"""Reports of days and weeks, made when they are asked for: ``report.making``. Nothing is kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from vcanalytics.cached import rules
from vcanalytics.cached.console import open_console, take_snapshot
from vcanalytics.errors import BudgetExceeded
from vcanalytics.report.making import make
from vcanalytics.report.period import Kind, Period, period, read_date
from vcanalytics.report.sources import Sources

__all__ = ["Kind", "Made", "made", "read_date"]

#: One is made at a time: each asks some thirty questions, and draws with all its memory.
_ONE: Final = threading.BoundedSemaphore(1)
_WAIT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Made:
    """A report, what it is of, and when its figures were read."""

    content: bytes
    period: Period
    as_of: datetime


def made(kind: Kind, day: date | None, *, zone: ZoneInfo | None, now: datetime) -> Made:
    """The report of a day, or of the week it lies in; without one of the last whole.

    ``zone`` None is VC_TIMEZONE. Raises UsageError for what has not begun, BudgetExceeded while
    others' are made, ConsoleError.
    """
    console = open_console()
    told = console.settings
    if not _ONE.acquire(timeout=_WAIT_S):
        raise BudgetExceeded("other reports are being made", hint="Try again in a moment")
    try:
        taken = take_snapshot()
        one = period(
            kind,
            day,
            zone=zone or told.zone,
            week_start=told.week_start,
            now=now,
            oldest=taken.state("transactions").first_at,
        )
        # History is gone through by the console itself: here one look at it is enough.
        sources = Sources(console.engine, taken, told, rules.journal, console.candidates, looks=1)
        return Made(make(sources, one), one, taken.taken_at)
    finally:
        _ONE.release()
