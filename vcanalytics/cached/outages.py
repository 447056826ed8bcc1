"""Outages of a range, cached: ``alerts.outages``. Asked at most once a minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from vcanalytics.alerts import outages as _found
from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.outages import DAYS_MAX, FAILING, SLOW
from vcanalytics.alerts.rules import Rule
from vcanalytics.analytics import outages as _outages
from vcanalytics.analytics.outages import MAIL, PAYPAL, Outage, Sign
from vcanalytics.cached import rules
from vcanalytics.cached.console import (
    Answer,
    Version,
    minute,
    once_in,
    open_console,
    settings,
    take_snapshot,
)
from vcanalytics.cached.regions import ACTIVITY

__all__ = ["DAYS_MAX", "MAIL", "PAYPAL", "Found", "Outage", "Sign", "found", "hit", "table"]

_PACE: Final = timedelta(minutes=1)
_STREAMS: Final = ("health", "mails", "requests", "transactions")
#: Whoever was hit is listed whole: few, for they may be many.
_ENTRIES: Final = 8


@dataclass(frozen=True, slots=True)
class Found:
    """The outages of a range, the newest first; whom they hit; when that was read.

    ``affected`` has the columns of ``analytics.outages.affected``, ``cut`` says that the range is
    longer than what is looked through.
    """

    outages: tuple[Outage, ...]
    affected: pl.DataFrame
    as_of: datetime
    cut: bool


@ACTIVITY.keep(entries=_ENTRIES)
def _asked(
    start: datetime,
    end: datetime,
    now: datetime,
    of: str,  # noqa: ARG001 - part of the key, as is ``at``: the rules themselves are none
    at: Version,  # noqa: ARG001
    _rules: dict[str, Rule],
) -> Found:
    taken, told = take_snapshot(), settings()
    engine = open_console().engine
    moment = Moment(engine, taken, now, Told.of(told), rules.journal)
    outages = _found.outages(moment, _rules, start=start, end=end)
    affected = _outages.affected(engine, taken, outages, sample_prefixes=told.sample_prefixes)
    return Found(tuple(outages), affected, taken.taken_at, _found.cut(start, end, now)[0] > start)


def found(start: datetime, end: datetime, *, now: datetime, seen: Version | None = None) -> Found:
    """The outages of a range, and whom they hit. Raises BudgetExceeded, SettingError, StoreError.

    ``seen`` asks for the answer of a version that was on a screen, where it is still kept.
    """
    known = {name: rules.followed(name) for name in (FAILING, SLOW)}
    followed = {name: rule for name, rule in known.items() if rule is not None}
    at = seen or once_in(_PACE, *_STREAMS, now=now)
    return _asked(start, end, minute(now), repr(sorted(followed.items())), at, followed)


def table(start: datetime, end: datetime, *, now: datetime, seen: Version | None = None) -> Answer:
    """The same as rows: ``analytics.outages.table``."""
    one = found(start, end, now=now, seen=seen)
    return Answer(_outages.table(one.outages, one.affected), one.as_of)


def hit(
    service: str,
    since: datetime,
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    seen: Version | None = None,
) -> Answer:
    """Whom one outage of the range hit, known by its service and when it began; nobody if unknown.

    Columns: those of ``analytics.outages.affected`` but its place.
    """
    one = found(start, end, now=now, seen=seen)
    places = [
        place
        for place, outage in enumerate(one.outages)
        if outage.service == service and outage.start == since
    ]
    return Answer(one.affected.filter(pl.col("outage").is_in(places)).drop("outage"), one.as_of)
