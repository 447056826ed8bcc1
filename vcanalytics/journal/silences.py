"""Silences and maintenance windows: times in which nobody is told, and everything is recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from vcanalytics.errors import UsageError
from vcanalytics.instants import instant, micros
from vcanalytics.journal import alert_events
from vcanalytics.journal.alert_events import NAME_CHARS_MAX, NOTE_CHARS_MAX
from vcanalytics.journal.alert_records import EventKind, Silence, SilenceKind
from vcanalytics.journal.alert_tables import silence

EVERY_RULE: Final = "*"
#: What is to be silent for longer is better switched off in the rules.
LONGEST: Final = timedelta(days=366)
#: As many may stand, or be yet to come.
STANDING_MAX: Final = 1_000
LIMIT_MAX: Final = 10_000


def begin(
    connection: Connection,
    now: datetime,
    *,
    rule: str,
    series: str | None,
    ends_at: datetime,
    by: str,
    note: str = "",
    starts_at: datetime | None = None,
    alert: int | None = None,
) -> Silence:
    """Tell nobody of a rule, of one series or of all (None), until ``ends_at``.

    ``alert`` is the one it was asked for at, if any. Raises UsageError for a time that is over,
    ends before it begins or is longer than a year, and where too many silences stand already.
    """
    return _begin(
        connection,
        now,
        kind=SilenceKind.SILENCE,
        rule=rule,
        series=series,
        starts_at=starts_at or now,
        ends_at=ends_at,
        by=by,
        note=note,
        alert=alert,
    )


def maintenance(
    connection: Connection,
    now: datetime,
    *,
    starts_at: datetime,
    ends_at: datetime,
    by: str,
    note: str = "",
) -> Silence:
    """Tell nobody of anything from ``starts_at`` to ``ends_at``. Raises UsageError as ``begin``."""
    return _begin(
        connection,
        now,
        kind=SilenceKind.MAINTENANCE,
        rule=EVERY_RULE,
        series=None,
        starts_at=starts_at,
        ends_at=ends_at,
        by=by,
        note=note,
        alert=None,
    )


def _begin(
    connection: Connection,
    now: datetime,
    *,
    kind: SilenceKind,
    rule: str,
    series: str | None,
    starts_at: datetime,
    ends_at: datetime,
    by: str,
    note: str,
    alert: int | None,
) -> Silence:
    if ends_at <= now or ends_at <= starts_at:
        what = "this time is over" if ends_at <= now else "it would end before it begins"
        raise UsageError(what, where="silence", hint="Choose a later end")
    if ends_at - max(starts_at, now) > LONGEST:
        raise UsageError(
            f"{(ends_at - starts_at).days} days are too long",
            where="silence",
            hint="Switch the rule off instead: enabled = false",
        )
    standing = select(func.count()).select_from(silence).where(_standing(now))
    if connection.execute(standing).scalar_one() >= STANDING_MAX:
        raise UsageError(
            f"{STANDING_MAX:,} silences stand already", where="silence", hint="End some of them"
        )
    values = {
        "kind": kind.value,
        "rule": rule[:NAME_CHARS_MAX],
        "series": series,
        "starts_at": micros(starts_at),
        "ends_at": micros(ends_at),
        "by": by[:NAME_CHARS_MAX],
        "note": note[:NOTE_CHARS_MAX],
    }
    number = connection.execute(
        insert(silence).values(**values).returning(silence.c.id)
    ).scalar_one()
    found = _found(connection, number)
    _noted(connection, now, EventKind.SILENCED, found, by=by, alert=alert)
    return found


def end(connection: Connection, number: int, now: datetime, *, by: str) -> Silence:
    """End a silence or a maintenance window early. Raises UsageError where it does not stand."""
    here = (silence.c.id == number) & _standing(now)
    ended = update(silence).where(here).values(ended_at=micros(now), ended_by=by[:NAME_CHARS_MAX])
    if not connection.execute(ended).rowcount:
        raise UsageError("it has ended, or never was", where=f"silence {number}")
    found = _found(connection, number)
    _noted(connection, now, EventKind.SILENCE_ENDED, found, by=by, alert=None)
    return found


def standing(connection: Connection, now: datetime) -> list[Silence]:
    """Silences and maintenance windows that hold now or are yet to come, the first to end first."""
    query = select(silence).where(_standing(now)).order_by(silence.c.ends_at, silence.c.id)
    return [_silence(row) for row in connection.execute(query.limit(STANDING_MAX))]


def history(connection: Connection, *, limit: int, offset: int = 0) -> list[Silence]:
    """All of them, the newest first: at most ``limit`` after the first ``offset``."""
    query = select(silence).order_by(silence.c.id.desc()).limit(min(limit, LIMIT_MAX))
    return [_silence(row) for row in connection.execute(query.offset(offset))]


def _standing(now: datetime) -> Any:
    return (silence.c.ends_at > micros(now)) & silence.c.ended_at.is_(None)


def _found(connection: Connection, number: int) -> Silence:
    return _silence(connection.execute(select(silence).where(silence.c.id == number)).one())


def _noted(
    connection: Connection,
    now: datetime,
    kind: EventKind,
    found: Silence,
    *,
    by: str,
    alert: int | None,
) -> None:
    detail = {
        "silence": found.number,
        "kind": found.kind.value,
        "rule": found.rule,
        "series": found.series,
        "starts_at": found.starts_at.isoformat(),
        "ends_at": found.ends_at.isoformat(),
        "note": found.note,
    }
    alert_events.note(connection, now, kind, alert=alert, by=by, detail=detail)


def _silence(row: Row[Any]) -> Silence:
    return Silence(
        number=row.id,
        kind=SilenceKind(row.kind),
        rule=row.rule,
        series=row.series,
        starts_at=instant(row.starts_at),
        ends_at=instant(row.ends_at),
        by=row.by,
        note=row.note,
        ended_at=instant(row.ended_at),
        ended_by=row.ended_by,
    )
