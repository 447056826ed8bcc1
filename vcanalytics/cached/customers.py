"""Customers, cached: who is found by a text, and one customer's whole story."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from vcanalytics.analytics import customer_search as _search
from vcanalytics.analytics import customer_story as _story
from vcanalytics.analytics.customer_search import TEXT_MAX, Found
from vcanalytics.analytics.customer_story import Story
from vcanalytics.cached import alerts
from vcanalytics.cached.console import (
    Version,
    once_in,
    open_console,
    settings,
    take_snapshot,
)
from vcanalytics.cached.regions import LIVE
from vcanalytics.journal.alert_records import Alert, AlertFilters

__all__ = ["STREAMS", "TEXT_MAX", "Found", "Story", "found", "outages_met", "story"]

#: What a story is told from.
STREAMS: Final = ("transactions", "disputes", "mails", "activity", "logs")
_SEARCHED: Final = ("transactions", "activity")
#: Uploads and log lines of others come all the time, and a story goes through all of history.
_STEP: Final = timedelta(seconds=5)
_ALERTS_MAX: Final = 500


@LIVE.keep()
def _found(text: str, at: Version) -> Found:  # noqa: ARG001 - the key
    return _search.customers(open_console().engine, take_snapshot(), text)


def found(text: str) -> Found:
    """Who a text fits: ``analytics.customer_search.customers``; up to 5 s old."""
    return _found(text, once_in(_STEP, *_SEARCHED))


@LIVE.keep()
def _told(address: str, at: Version) -> Story:  # noqa: ARG001 - the key
    return _story.story(
        open_console().engine,
        take_snapshot(),
        address,
        sample_prefixes=settings().sample_prefixes,
    )


def story(address: str) -> Story:
    """One customer's story: ``analytics.customer_story.story``; up to 5 s old."""
    return _told(address.strip().lower(), once_in(_STEP, *STREAMS))


def outages_met(told: Story) -> list[Alert]:
    """The alerts that were firing while an attempt of the customer's failed or was left."""
    tried = told.payments.filter(~told.payments["captured"])["created_at"].to_list()
    if not tried:
        return []
    wanted = AlertFilters(start=min(tried), end=max(tried) + timedelta(microseconds=1))
    return [
        one
        for one in alerts.history(wanted, limit=_ALERTS_MAX)
        if any(
            one.started_at <= moment and (one.resolved_at is None or moment < one.resolved_at)
            for moment in tried
        )
    ]
