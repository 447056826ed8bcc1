"""What the source is: tables and columns found and missing, its clock, its journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from vcanalytics.model.times import read_instant
from vcanalytics.source.connection import Source
from vcanalytics.source.tables import TABLES, SourceTable

#: Every zone's offset is a multiple of this; a newest row this close to the clock is "now".
_OFFSET_STEP: Final = timedelta(minutes=15)
#: No zone is further from UTC: a time further ahead than this is no matter of zones.
_OFFSET_MAX: Final = timedelta(hours=14)
#: The newest time is looked for among so many rows: those with the highest ids. No index on a time
#: column, and text sorts wrongly; samples written last may carry old times.
_NEWEST_ROWS: Final = 100


@dataclass(frozen=True, slots=True)
class TableDescription:
    """One table of the source.

    ``newest`` is the newest time as written, read in the zone the settings say; ``ahead`` is how
    far that is ahead of the clock (negative: behind); ``suggested_offset`` the offset from UTC
    that would explain a newest time in the future, None where nothing needs explaining.
    """

    name: str
    found: bool
    columns_missing: tuple[str, ...] = ()
    readable: bool = False
    newest_as_written: str | None = None
    newest: datetime | None = None
    ahead: timedelta | None = None
    suggested_offset: timedelta | None = None


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """The whole source. ``journal_mode`` is None where the database has none."""

    where: str
    journal_mode: str | None
    tables: tuple[TableDescription, ...]
    other_tables: tuple[str, ...]


def describe(source: Source, zone: tzinfo, now: datetime | None = None) -> SourceDescription:
    """Look at the source as it is now.

    Raises SourceError where it cannot be read.
    """
    now = now or datetime.now(UTC)
    present = source.tables()
    mode = source.scalar("PRAGMA journal_mode") if source.path is not None else None
    return SourceDescription(
        where=source.where,
        journal_mode=None if mode is None else str(mode),
        tables=tuple(_table(source, table, zone, now) for table in TABLES.values()),
        other_tables=tuple(name for name in present if name not in TABLES),
    )


def _table(source: Source, table: SourceTable, zone: tzinfo, now: datetime) -> TableDescription:
    have = source.columns(table.name, fresh=True)
    if have is None:
        return TableDescription(table.name, found=False)
    missing = tuple(name for name in table.columns if name not in have)
    lacking = [name for name in ("id", *table.required) if name in missing]
    if "id" in missing or table.time in missing:
        return TableDescription(table.name, found=True, columns_missing=missing)
    local = table.time in table.local
    written, newest = _newest(source, table, zone if local else UTC)
    ahead = None if newest is None else newest - now
    naive = read_instant(written, UTC) if local else None
    suggested = None
    if naive is not None and ahead is not None and ahead > _OFFSET_STEP / 2:
        offset = round((naive - now) / _OFFSET_STEP) * _OFFSET_STEP
        suggested = offset if abs(offset) <= _OFFSET_MAX else None
    return TableDescription(
        table.name,
        found=True,
        columns_missing=missing,
        readable=not lacking,
        newest_as_written=None if written is None else str(written),
        newest=newest,
        ahead=ahead,
        suggested_offset=suggested,
    )


def _newest(source: Source, table: SourceTable, zone: tzinfo) -> tuple[object, datetime | None]:
    """The newest readable time among the last rows, as written and as an instant."""
    last = source.after(table, source.top_id(table) - _NEWEST_ROWS, _NEWEST_ROWS)
    column = table.columns.index(table.time)
    newest: tuple[object, datetime | None] = (last[-1][column] if last else None, None)
    for row in last:
        instant = read_instant(row[column], zone)
        if instant is not None and (newest[1] is None or instant > newest[1]):
            newest = row[column], instant
    return newest
