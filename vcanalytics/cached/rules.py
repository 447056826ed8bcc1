"""The rules in force, and when one would have fired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl
import streamlit as st
from sqlalchemy import Connection

from vcanalytics.alerts.backtest import Replay, replay
from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.rules import Rule, Rules, read_rules
from vcanalytics.cached.alerts import opened
from vcanalytics.cached.console import open_console, settings, take_snapshot
from vcanalytics.errors import StoreError, UsageError
from vcanalytics.rules_file import Followed, RulesFile

__all__ = ["Replay", "Rule", "followed", "in_force", "journal", "source", "test_on"]

_COLUMNS: Final = {
    "series": pl.String(),
    "began_at": pl.Datetime("us", "UTC"),
    "fired_at": pl.Datetime("us", "UTC"),
    "resolved_at": pl.Datetime("us", "UTC"),
    "peak": pl.Float64(),
    "limit": pl.Float64(),
}


def source() -> str:
    """Where the rules stand: a path, empty for those that are built in."""
    path = settings().rules_file
    return "" if path is None else str(path)


def in_force() -> dict[str, Rule]:
    """Every rule by name, those switched off too. Raises SettingError, with line and reason."""
    return dict(read_rules(RulesFile.read(settings().rules_file)).by_name)


@st.cache_resource(show_spinner=False)
def _followed() -> Followed[Rules]:
    return Followed(settings().rules_file, read_rules)


def followed(name: str) -> Rule | None:
    """The rule of that name as the evaluation has it: of a file that went wrong, as it was before.

    None where there is none. Raises SettingError where there was no good file yet.
    """
    rules = _followed()
    rules.look()
    return rules.value.by_name.get(name)


@contextmanager
def journal() -> Iterator[Connection]:
    """A reading connection to the journal. Raises StoreError."""
    kept = opened()
    if kept is None:
        raise StoreError("there is no watchman yet", hint="Start the collectors: VC_WATCHMAN=on")
    with kept.read() as connection:
        yield connection


def test_on(name: str, days: int) -> tuple[pl.DataFrame, Replay]:
    """When a rule would have fired in the last days, by what the store has of them now.

    Columns: series, began_at, fired_at, resolved_at (null where it still would), peak, limit (both
    in the measure's unit). Raises UsageError for a measure without history, BudgetExceeded.
    """
    rule = in_force().get(name)
    if rule is None:
        raise UsageError(f"there is no rule {name!r}")
    until = datetime.now(UTC)
    moment = Moment(open_console().engine, take_snapshot(), until, Told.of(settings()), journal)
    found = replay(moment, rule, until - timedelta(days=days), until)
    rows = [
        (one.series, one.began_at, one.fired_at, one.resolved_at, one.peak, one.limit)
        for one in found.episodes
    ]
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row"), found
