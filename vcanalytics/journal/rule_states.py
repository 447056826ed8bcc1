"""How rules stand, series by series, so that a restart goes on where it was; and what is amiss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, String, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from vcanalytics.instants import instant, micros
from vcanalytics.journal.alert_tables import alerting, rule_state

#: ``alerting``: {path, problem, since, read_at, rules, refused_at} of the file of rules.
RULES: Final = "rules"
#: ``alerting``: {rule: why it could not be evaluated the last time}.
UNANSWERED: Final = "unanswered"
#: ``alerting``: {channels, more, problems: {what: why}} of those who tell people.
NOTIFYING: Final = "notifying"


@dataclass(frozen=True, slots=True)
class KeptState:
    """How a rule stands for a series: ``state`` is ok, pending, firing or no_data.

    ``held_s`` is for how long what is pending, or clear while firing, has held; ``changes`` are
    times of the last changes.
    """

    rule: str
    series: str
    state: str
    pending_since: datetime | None
    clear_since: datetime | None
    held_s: float
    value: float | None
    peak: float | None
    changes: tuple[datetime, ...]
    evaluated_at: datetime


def kept(connection: Connection, rule: str | None = None) -> list[KeptState]:
    """What is kept, of one rule or of all, in order."""
    query = select(rule_state).order_by(rule_state.c.rule, rule_state.c.series)
    if rule is not None:
        query = query.where(rule_state.c.rule == rule)
    return [
        KeptState(
            rule=row.rule,
            series=row.series,
            state=row.state,
            pending_since=instant(row.pending_since),
            clear_since=instant(row.clear_since),
            held_s=row.held_s,
            value=row.value,
            peak=row.peak,
            changes=tuple(instant(change) for change in row.changes),
            evaluated_at=instant(row.evaluated_at),
        )
        for row in connection.execute(query)
    ]


def keep(connection: Connection, states: Iterable[KeptState]) -> None:
    """Keep these, in the place of what was kept of the same rules and series."""
    rows = [
        {
            "rule": one.rule,
            "series": one.series,
            "state": one.state,
            "pending_since": _micros(one.pending_since),
            "clear_since": _micros(one.clear_since),
            "held_s": one.held_s,
            "value": one.value,
            "peak": one.peak,
            "changes": [micros(change) for change in one.changes],
            "evaluated_at": micros(one.evaluated_at),
        }
        for one in states
    ]
    if rows:
        added = upsert(rule_state)
        names = [name for name in rows[0] if name not in {"rule", "series"}]
        newer = {name: added.excluded[name] for name in names}
        keys = [rule_state.c.rule, rule_state.c.series]
        connection.execute(added.on_conflict_do_update(index_elements=keys, set_=newer), rows)


def drop(connection: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Forget these rules and series."""
    rows = [{"gone_rule": rule, "gone_series": series} for rule, series in keys]
    if rows:
        mine = rule_state.c.rule == bindparam("gone_rule", type_=String)
        mine &= rule_state.c.series == bindparam("gone_series", type_=String)
        connection.execute(delete(rule_state).where(mine), rows)


def tell(connection: Connection, now: datetime, name: str, value: Mapping[str, Any]) -> None:
    """Leave what the evaluation says of itself, for whoever shows it."""
    row = {"name": name, "at": micros(now), "value": dict(value)}
    added = upsert(alerting).values(row)
    newer = {"at": added.excluded.at, "value": added.excluded.value}
    connection.execute(added.on_conflict_do_update(index_elements=[alerting.c.name], set_=newer))


def told(connection: Connection, name: str) -> tuple[datetime, Mapping[str, Any]] | None:
    """When it said so last, and what; None where it never did."""
    row = connection.execute(select(alerting).where(alerting.c.name == name)).one_or_none()
    return None if row is None else (instant(row.at), row.value)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)
