"""``source``: what VectorCraft's database is, and what of it can be read."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click
import polars as pl

from vcanalytics.commands import options
from vcanalytics.commands.asking import Call, begin
from vcanalytics.commands.output import Answer, Kind
from vcanalytics.errors import SourceError
from vcanalytics.source import Source, SourceDescription, describe
from vcanalytics.source.demo import demo_path, demo_url

COLUMNS: Final = {
    "source": Kind.TEXT,
    "journal_mode": Kind.TEXT,
    "table": Kind.TEXT,
    "used": Kind.FLAG,
    "found": Kind.FLAG,
    "readable": Kind.FLAG,
    "columns_missing": Kind.TEXT,
    "newest_as_written": Kind.TEXT,
    "newest_at": Kind.TIME,
    "ahead_s": Kind.REAL,
    "suggested_offset": Kind.TEXT,
}
_SCHEMA: Final = pl.Schema(
    {
        "source": pl.String(),
        "journal_mode": pl.String(),
        "table": pl.String(),
        "used": pl.Boolean(),
        "found": pl.Boolean(),
        "readable": pl.Boolean(),
        "columns_missing": pl.String(),
        "newest_as_written": pl.String(),
        "newest_at": pl.Datetime("us", "UTC"),
        "ahead_s": pl.Float64(),
        "suggested_offset": pl.String(),
    }
)
#: Said once above a table, in every row for programs.
_OF_ALL: Final = ("source", "journal_mode", "used")


@click.command("source")
@options.output
def command(*, zone: str | None, form: str) -> None:
    """What VectorCraft's database is, and what of it can be read.

    newest_as_written is the time of the newest row, newest_at what it means with
    VC_SOURCE_TIMEZONE, ahead_s how far that lies ahead of the clock (negative: behind), and
    suggested_offset the offset of the zone that would explain a time in the future.
    """
    call = begin(zone, form)
    found = _look(call)
    frame = pl.DataFrame(_rows(found), schema=_SCHEMA, orient="row")
    if form != "table":
        call.write(Answer(frame, COLUMNS))
        return
    columns = {name: kind for name, kind in COLUMNS.items() if name not in _OF_ALL}
    call.write(
        Answer(frame.filter("used"), columns, head=_head(call, found), foot=_foot(call, found))
    )


def _look(call: Call) -> SourceDescription:
    url = call.settings.source_url
    demo = demo_path(call.settings)
    if not url and not demo.is_file():
        raise SourceError(
            "VC_SOURCE_URL is empty, and the demo shop is not made yet",
            where=str(demo),
            hint="Set VC_SOURCE_URL, or start the console or `python -m collectors`",
        )
    with Source(url or demo_url(call.settings)) as source:
        return describe(source, call.settings.source_zone, call.now)


def _offset(offset: timedelta | None) -> str | None:
    """An offset from UTC as ISO 8601 writes it."""
    if offset is None:
        return None
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _rows(found: SourceDescription) -> list[tuple[object, ...]]:
    used = [
        (
            found.where,
            found.journal_mode,
            table.name,
            True,
            table.found,
            table.readable,
            " ".join(table.columns_missing) or None,
            table.newest_as_written,
            table.newest,
            None if table.ahead is None else table.ahead.total_seconds(),
            _offset(table.suggested_offset),
        )
        for table in found.tables
    ]
    others = [
        (found.where, found.journal_mode, name, False, True, *[None] * 6)
        for name in found.other_tables
    ]
    return [*used, *others]


def _head(call: Call, found: SourceDescription) -> list[str]:
    lines = [found.where + ("" if call.settings.source_url else " (the demo shop)")]
    if found.journal_mode is not None:
        lines.append(f"journal mode {found.journal_mode}")
    return [*lines, f"VC_SOURCE_TIMEZONE {call.settings.source_timezone}"]


def _foot(call: Call, found: SourceDescription) -> list[str]:
    lines = [
        f"{table.name}: its newest time lies in the future with VC_SOURCE_TIMEZONE"
        f" {call.settings.source_timezone}; a zone at {_offset(table.suggested_offset)}"
        " would explain it"
        for table in found.tables
        if table.suggested_offset is not None
    ]
    if found.other_tables:
        lines.append(f"Not read: {', '.join(found.other_tables)}")
    return lines
