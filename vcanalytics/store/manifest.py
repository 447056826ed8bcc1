"""The manifest: which files readers see now, and how files come into it and go.

A series is a stream's own rows (``requests``) or something derived from them (``requests.hours``).
A file that is replaced is retired: readers that began before still read it, so it is deleted only
once no question can be at it any more.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Self

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from vcanalytics.errors import StoreError
from vcanalytics.store import schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.newest.places import slices
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.state import from_micros, to_micros

#: Retired files outlive the slowest question by far.
GRACE: Final = timedelta(minutes=10)
#: A file no manifest names, untouched for so long, is left over from a crash.
ORPHAN_AFTER: Final = timedelta(hours=1)


@dataclass(slots=True)
class Change:
    """Files that readers are to see from one transaction on, and those they replace.

    ``folded``: up to which batch the newest versions of a stream take it in then.
    """

    written: list[Segment] = field(default_factory=list)
    replaced: list[Segment] = field(default_factory=list)
    folded: dict[str, int] = field(default_factory=dict)

    def __iadd__(self, other: Change) -> Self:
        self.written += other.written
        self.replaced += other.replaced
        self.folded |= other.folded
        return self


def manifest(connection: Connection, series: str) -> list[Segment]:
    """The segments of a series that readers see now, oldest day first."""
    return manifests(connection, series).get(series, [])


def manifests(connection: Connection, series: str | None = None) -> Mapping[str, list[Segment]]:
    """Every series' segments that readers see now, oldest day first; none for an unknown one."""
    table = schema.segment
    query = select(table).where(table.c.retired_at.is_(None))
    if series is not None:
        query = query.where(table.c.stream == series)
    found: dict[str, list[Segment]] = defaultdict(list)
    for row in connection.execute(
        query.order_by(table.c.stream, table.c.day, table.c.sealed_at, table.c.key)
    ).mappings():
        found[row["stream"]].append(_segment(row))
    return found


class Known:
    """A manifest whose segments are made once: nothing of one changes but that it is retired."""

    def __init__(self) -> None:
        self._segments: dict[str, Segment] = {}

    def manifests(self, connection: Connection) -> Mapping[str, list[Segment]]:
        """As ``manifests``, of every series; 1 ms for a thousand files seen before."""
        table = schema.segment
        visible = connection.execute(
            select(table.c.stream, table.c.key)
            .where(table.c.retired_at.is_(None))
            .order_by(table.c.stream, table.c.day, table.c.sealed_at, table.c.key)
        ).all()
        keys = {key for _, key in visible}
        for some in slices(sorted(keys - self._segments.keys())):
            for row in connection.execute(select(table).where(table.c.key.in_(some))).mappings():
                self._segments[row["key"]] = _segment(row)
        self._segments = {key: self._segments[key] for key in keys}
        found: dict[str, list[Segment]] = defaultdict(list)
        for stream, key in visible:
            found[stream].append(self._segments[key])
        return found


def _segment(row: Mapping[Any, Any]) -> Segment:
    day = date.fromisoformat(row["day"])
    return Segment(
        stream=row["stream"],
        key=row["key"],
        day=day,
        last_day=date.fromisoformat(row["last_day"]) if row["last_day"] else day,
        rows=row["rows"],
        bytes=row["bytes"],
        sha256=row["sha256"],
        first_seq=row["first_seq"],
        last_seq=row["last_seq"],
        first_at=_instant(row["first_at"]),
        last_at=_instant(row["last_at"]),
    )


def _instant(micros: int) -> datetime:
    instant = from_micros(micros)
    assert instant is not None  # noqa: S101 the column is not nullable
    return instant


def enter(connection: Connection, change: Change, now: datetime) -> None:
    """Show readers what was written instead of what it replaces, in the caller's transaction.

    Raises StoreError where a file was replaced by somebody else meanwhile.
    """
    table = schema.segment
    if change.replaced:
        retired = connection.execute(
            update(table)
            .where(table.c.key.in_([s.key for s in change.replaced]), table.c.retired_at.is_(None))
            .values(retired_at=to_micros(now))
        )
        if retired.rowcount != len(change.replaced):
            raise StoreError(
                "a file was replaced while it was rewritten",
                where=change.replaced[0].key,
                hint="Only one may seal or forget at a time; it is tried again",
                heals=True,
            )
    if change.written:
        connection.execute(
            insert(table),
            [
                {
                    "key": s.key,
                    "stream": s.stream,
                    "day": s.day.isoformat(),
                    "last_day": None if s.last_day == s.day else s.last_day.isoformat(),
                    "rows": s.rows,
                    "bytes": s.bytes,
                    "sha256": s.sha256,
                    "first_seq": s.first_seq,
                    "last_seq": s.last_seq,
                    "first_at": to_micros(s.first_at),
                    "last_at": to_micros(s.last_at),
                    "sealed_at": to_micros(now),
                    "retired_at": None,
                }
                for s in change.written
            ],
        )

    for stream, seq in change.folded.items():
        statement = upsert(schema.folded).values(stream=stream, seq=seq)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["stream"], set_={"seq": seq})
        )


class Waiting:
    """For how long retired files have been seen, by a clock that nobody sets.

    ``retired_at`` is of the wall clock: one that is put forward by hours would take files from
    under a question that has just begun.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, float] = {}

    def over(self, retired: Iterable[str]) -> set[str]:
        """Those of the files retired now that have been seen so for longer than their grace."""
        now = self._clock()
        self._seen = {key: self._seen.get(key, now) for key in retired}
        return {key for key, at in self._seen.items() if now - at > GRACE.total_seconds()}


def clean(
    catalogue: Catalogue,
    segments: Segments,
    now: datetime,
    orphan_after: timedelta = ORPHAN_AFTER,
    *,
    waiting: Waiting | None = None,
) -> int:
    """Delete retired files past their grace, and files a crash left over; how many.

    Who knows that nothing is being sealed now passes no ``orphan_after`` to wait for; who goes on
    while others ask passes the same ``waiting`` each time, and grace is then over by both clocks.
    """
    table = schema.segment
    with catalogue.read() as connection:
        retired = connection.execute(
            select(table.c.key, table.c.retired_at).where(table.c.retired_at.is_not(None))
        ).all()
    over = to_micros(now - GRACE)
    gone = [row.key for row in retired if row.retired_at < over]
    if waiting is not None:
        seen = waiting.over(row.key for row in retired)
        gone = [key for key in gone if key in seen]
    for key in gone:
        segments.delete(key)
    for some in slices(gone):
        with catalogue.transaction() as connection:
            connection.execute(delete(table).where(table.c.key.in_(some)))
    orphans = orphaned(catalogue, segments, older_than=orphan_after)
    for key in orphans:
        segments.delete(key)
    return len(gone) + len(orphans)


def orphaned(catalogue: Catalogue, segments: Segments, older_than: timedelta) -> list[str]:
    """Files that no manifest names, untouched for ``older_than``."""
    # Listed before the manifest is read: a file sealed in between is then in the manifest.
    files = [k for k in segments.files() if segments.age_s(k) >= older_than.total_seconds()]
    with catalogue.read() as connection:
        named = set(connection.execute(select(schema.segment.c.key)).scalars())
    return [key for key in files if key not in named]
