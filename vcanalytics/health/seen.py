"""What one round looks at, of one moment; what is judged from it needs nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select

from vcanalytics.analytics import health as checks
from vcanalytics.analytics import host
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import ConsoleError
from vcanalytics.model.health_thresholds import ASIDE_LATELY, HOST_MEAN
from vcanalytics.store import Catalogue, Reader, schema
from vcanalytics.store.held import Damage
from vcanalytics.store.state import StreamState, to_micros

_MEASURES: Final = ("cpu_percent", "memory_percent")


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. Where the store could not be read, ``unreadable`` says why and the rest is empty.

    ``aside``: rows kept aside lately, by stream. ``checks``: rows of ``analytics.health``;
    ``means``: rows of ``analytics.host``. ``unanswered``: why a question was not.
    ``disk``: (used, total) bytes of the disk of VC_DATA_DIR, None where it cannot be asked.
    """

    now: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, StreamState] = field(default_factory=dict)
    damage: Sequence[Damage] = ()
    aside: Mapping[str, int] = field(default_factory=dict)
    checks: Sequence[Mapping[str, Any]] = ()
    means: Sequence[Mapping[str, Any]] = ()
    disk: tuple[int, int] | None = None
    free_bytes: int | None = None
    unreadable: str = ""
    unanswered: str = ""

    def fact(self, name: str) -> Mapping[str, Any]:
        """A fact, empty where it does not stand."""
        found = self.facts.get(name)
        return found if isinstance(found, dict) else {}

    def age(self, at: datetime | None) -> timedelta | None:
        """How long ago that was; a clock that was set back makes nothing younger than new."""
        return None if at is None else max(self.now - at, timedelta(0))


def look(catalogue: Catalogue, reader: Reader, engine: Engine, now: datetime) -> Seen:
    """Everything of one moment. What cannot be had is said in it, and raises nothing."""
    folder = catalogue.path.parent
    disk, free = _disk(folder)
    try:
        snapshot = reader.snapshot()
        with catalogue.read() as connection:
            aside = _aside(connection, now)
    except ConsoleError as error:
        return Seen(now, disk=disk, free_bytes=free, unreadable=str(error))
    found: list[Sequence[Mapping[str, Any]]] = [(), ()]
    unanswered = ""
    try:
        found[0] = checks.components(engine, snapshot, now=now).to_dicts()
        found[1] = host.means(
            engine, snapshot, measures=_MEASURES, now=now, reach=HOST_MEAN
        ).to_dicts()
    except ConsoleError as error:
        unanswered = str(error)
    return Seen(
        now,
        snapshot.facts,
        snapshot.states,
        snapshot.damage,
        aside,
        found[0],
        found[1],
        disk,
        free,
        unanswered=unanswered,
    )


def _aside(connection: Connection, now: datetime) -> dict[str, int]:
    table = schema.rejected
    query = (
        select(table.c.stream, func.count())
        .where(table.c.resolved_at.is_(None))
        .where(table.c.first_seen_at > to_micros(now - ASIDE_LATELY))
        .group_by(table.c.stream)
    )
    rows: Sequence[tuple[str, int]] = connection.execute(query).all()
    return dict(rows)


def _disk(folder: Path) -> tuple[tuple[int, int] | None, int | None]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None, None
    # Of what is ours to use: blocks reserved for root are nobody's room.
    return (usage.used, usage.used + usage.free), usage.free
