"""Alerts as pages and exports show them, and what people do about them.

Nothing here is cached: an alert that somebody took up a moment ago must not look free. Who may do
what is for the caller to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics.cached.console import settings
from vcanalytics.errors import StoreError
from vcanalytics.journal import FILE_NAME, Journal, alert_events, rule_states, silences
from vcanalytics.journal import alerts as _alerts
from vcanalytics.journal.alert_records import (
    Alert,
    AlertEvent,
    AlertFilters,
    AlertState,
    EventKind,
    Severity,
    Silence,
    SilenceKind,
)

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertFilters",
    "AlertState",
    "EventKind",
    "Severity",
    "Silence",
    "SilenceKind",
    "acknowledge",
    "begin_maintenance",
    "begin_silence",
    "count",
    "end_silence",
    "events",
    "find",
    "firing",
    "firing_counts",
    "history",
    "newest",
    "opened",
    "refused_rules",
    "standing",
    "unacknowledge",
    "watched",
    "whole_history",
]

_INSTANT: Final = pl.Datetime("us", "UTC")
_COLUMNS: Final = {
    "alert": pl.Int64(),
    "rule": pl.String(),
    "series": pl.String(),
    "severity": pl.String(),
    "title": pl.String(),
    "state": pl.String(),
    "started_at": _INSTANT,
    "fired_at": _INSTANT,
    "resolved_at": _INSTANT,
    "value": pl.Float64(),
    "peak": pl.Float64(),
    "threshold": pl.Float64(),
    "unit": pl.String(),
    "no_data": pl.Boolean(),
    "flapping": pl.Boolean(),
    "acknowledged_by": pl.String(),
    "acknowledged_at": _INSTANT,
    "note": pl.String(),
}
#: Read at once, and at most, for a file.
_PIECE_ROWS: Final = 10_000
_FILE_ROWS: Final = 100_000


@st.cache_resource(show_spinner=False)
def _open() -> Journal:
    return Journal.open(settings().store_dir, create=False)


def watched() -> bool:
    """Whether a watchman has ever kept anything of this shop."""
    return (settings().store_dir / FILE_NAME).exists()


def opened() -> Journal | None:
    """The journal, None where no watchman has kept one yet."""
    return _open() if watched() else None


def _must_be_watched() -> Journal:
    if not watched():
        raise StoreError("there is no watchman yet", hint="Start the collectors: VC_WATCHMAN=on")
    return _open()


def newest() -> int:
    """The number of the newest event of any alert: it moves with each."""
    if not watched():
        return 0
    with _open().read() as connection:
        return alert_events.newest(connection)


def firing() -> list[Alert]:
    """What is firing now: the worst first, among these what fired last."""
    if not watched():
        return []
    with _open().read() as connection:
        return _alerts.firing(connection)


def firing_counts() -> dict[Severity, int]:
    """How many are firing now, of each severity."""
    if not watched():
        return dict.fromkeys(Severity, 0)
    with _open().read() as connection:
        return _alerts.counts(connection)


def find(number: int) -> Alert | None:
    """The alert of that number, None where there is none."""
    if not watched():
        return None
    with _open().read() as connection:
        return _alerts.find(connection, number)


def events(number: int) -> list[AlertEvent]:
    """What happened to an alert, in order: the newest thousand."""
    with _must_be_watched().read() as connection:
        return alert_events.of(connection, number)


def standing(now: datetime) -> list[Silence]:
    """Silences and maintenance windows that hold or are yet to come, the first to end first."""
    if not watched():
        return []
    with _open().read() as connection:
        return silences.standing(connection, now)


def count(wanted: AlertFilters) -> int:
    """How many alerts pass."""
    if not watched():
        return 0
    with _open().read() as connection:
        return _alerts.count(connection, wanted)


def history(wanted: AlertFilters, *, limit: int, offset: int = 0) -> list[Alert]:
    """Alerts that pass, what fired last first."""
    if not watched():
        return []
    with _open().read() as connection:
        return _alerts.history(connection, wanted, limit=limit, offset=offset)


def whole_history(wanted: AlertFilters) -> pl.DataFrame:
    """``history`` for a file, at most the newest 100,000 alerts.

    Columns: alert (its number), rule, series, severity, title, state, started_at, fired_at,
    resolved_at, value, peak (the worst), threshold (these three in unit), unit, no_data, flapping,
    acknowledged_by, acknowledged_at, note.
    """
    found: list[Alert] = []
    for offset in range(0, _FILE_ROWS, _PIECE_ROWS):
        piece = history(wanted, limit=_PIECE_ROWS, offset=offset)
        found += piece
        if len(piece) < _PIECE_ROWS:
            break
    return _frame(found)


def _frame(found: Sequence[Alert]) -> pl.DataFrame:
    columns = {
        name: [one.number if name == "alert" else getattr(one, name) for one in found]
        for name in _COLUMNS
    }
    return pl.DataFrame(columns, schema=dict(_COLUMNS))


def refused_rules() -> Mapping[str, object] | None:
    """Why the file of rules was refused as it stands (path, problem); None where it holds."""
    if not watched():
        return None
    with _open().read() as connection:
        told = rule_states.told(connection, rule_states.RULES)
    return told[1] if told is not None and told[1].get("problem") else None


def acknowledge(number: int, *, by: str, note: str) -> Alert:
    """Say who has taken an alert up. Raises UsageError where it is over."""
    with _must_be_watched().write() as connection:
        return _alerts.acknowledge(connection, number, datetime.now(UTC), by=by, note=note)


def unacknowledge(number: int, *, by: str) -> Alert:
    """Say that nobody works on it any more. Raises UsageError where nobody did."""
    with _must_be_watched().write() as connection:
        return _alerts.unacknowledge(connection, number, datetime.now(UTC), by=by)


def begin_silence(
    rule: str, series: str | None, ends_at: datetime, *, by: str, note: str, alert: int | None
) -> Silence:
    """Tell nobody of a rule, or one series of it, from now on. Raises UsageError as the journal."""
    with _must_be_watched().write() as connection:
        return silences.begin(
            connection,
            datetime.now(UTC),
            rule=rule,
            series=series,
            ends_at=ends_at,
            by=by,
            note=note,
            alert=alert,
        )


def begin_maintenance(starts_at: datetime, ends_at: datetime, *, by: str, note: str) -> Silence:
    """Tell nobody of anything in that time. Raises UsageError as the journal."""
    with _must_be_watched().write() as connection:
        return silences.maintenance(
            connection,
            datetime.now(UTC),
            starts_at=starts_at,
            ends_at=ends_at,
            by=by,
            note=note,
        )


def end_silence(number: int, *, by: str) -> Silence:
    """End a silence or maintenance window early. Raises UsageError where it does not stand."""
    with _must_be_watched().write() as connection:
        return silences.end(connection, number, datetime.now(UTC), by=by)
