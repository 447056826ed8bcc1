"""The questions of Failures: messages of failed payments, and outages with everyone they hit."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from vcanalytics.alerts import outages
from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.rules import read_rules
from vcanalytics.analytics import failures
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.outages import affected
from vcanalytics.errors import StoreError
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.rules_file import RulesFile
from vcanalytics.settings import CAPTURED_ERRORS, Settings
from vcanalytics.store import Snapshot

_LENGTH: Final = timedelta(days=30)
_PREFIXES: Final = tuple(sorted(SAMPLE_PREFIXES))


def by_message(engine: Engine, snapshot: Snapshot, now: datetime) -> object:
    """Of 30 days, and what is new against the 30 before."""
    return failures.patterns(
        engine,
        snapshot,
        start=now - _LENGTH,
        end=now,
        captured_errors=CAPTURED_ERRORS,
        sample_prefixes=_PREFIXES,
    )


def outages_found(engine: Engine, snapshot: Snapshot, now: datetime) -> object:
    """Of 30 days, by the rules that are built in, with everyone they hit."""
    # What was never read of a source tells of no outage: made stores were.
    read = replace(snapshot.states["transactions"], read_at=now)
    known = replace(snapshot, states=snapshot.states | {"transactions": read})
    moment = Moment(engine, known, now, Told.of(Settings()), _no_journal)
    rules = read_rules(RulesFile.read(None)).by_name
    found = outages.outages(moment, rules, start=now - _LENGTH, end=now)
    return affected(engine, known, found, sample_prefixes=_PREFIXES)


def _no_journal() -> AbstractContextManager[Connection]:
    raise StoreError("outages ask no journal")
