"""What the demo shop does to its database: single inserts and updates, each at its time.

A story (a payment, a session, a case) is a list of steps. The past is made by folding a story into
the rows it left; the present by doing each step when its time comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

Cell = str | int | float | None

#: The column that names a row where the application does; elsewhere it is ``id``.
NATURAL_KEYS: Final = {
    "transactions": "transaction_id",
    "dispute_cases": "case_id",
    "users": "email",
}


class Step(NamedTuple):
    """One write. ``row`` names the row among the table's own, empty where nothing comes later."""

    at: datetime
    table: str
    new: bool
    row: str
    values: Mapping[str, Cell]


def insert(at: datetime, table: str, values: Mapping[str, Cell], row: str = "") -> Step:
    """A new row. It gets its natural key from ``values``; elsewhere ``row`` is any name for it."""
    return Step(at, table, True, row, values)


def update(at: datetime, table: str, row: str, values: Mapping[str, Cell]) -> Step:
    """An update in place of the row that the step with the same ``row`` made."""
    return Step(at, table, False, row, values)


def stamp(at: datetime) -> str:
    """A time as CURRENT_TIMESTAMP columns hold it: UTC, whole seconds."""
    return at.astimezone(UTC).isoformat(" ", "seconds")[:19]


def local_stamp(at: datetime, zone: ZoneInfo, separator: str = " ") -> str:
    """A time as the application's host writes it: naive, local, with microseconds."""
    naive = at.astimezone(zone).replace(tzinfo=None)
    return naive.isoformat(separator, "microseconds")


def as_json(value: Mapping[str, object]) -> str:
    """A JSON column's text."""
    return json.dumps(value)


def measured(
    at: datetime,
    zone: ZoneInfo,
    kind: str,
    endpoint: str,
    value_ms: float,
    status: str = "success",
) -> Step:
    """A row of performance_metrics."""
    values: dict[str, Cell] = {
        "metric_type": kind,
        "endpoint": endpoint,
        "value": value_ms,
        "status": status,
        "timestamp": local_stamp(at, zone),
    }
    return insert(at, "performance_metrics", values)


class Made(NamedTuple):
    """A row as its story left it."""

    at: datetime
    table: str
    row: str
    values: dict[str, Cell]


def fold(steps: Iterable[Step], until: datetime) -> tuple[list[Made], list[Step]]:
    """The rows that a story's steps up to ``until`` leave, and the steps that are left over.

    Left over are steps after ``until``, and updates of rows that are not of this story.
    """
    rows: dict[tuple[str, str], Made] = {}
    single: list[Made] = []
    rest: list[Step] = []
    for step in sorted(steps, key=_time):
        place = (step.table, step.row)
        if step.at > until:
            rest.append(step)
        elif not step.new:
            if place in rows:
                rows[place].values.update(step.values)
            else:
                rest.append(step)
        else:
            made = Made(step.at, step.table, step.row, dict(step.values))
            if step.row:
                rows[place] = made
            else:
                single.append(made)
    return [*rows.values(), *single], rest


def _time(step: Step) -> datetime:
    return step.at
