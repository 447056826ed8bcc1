"""``note``: notes on the time axis, so that a deploy script can write one."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import timedelta
from typing import Final

import click
import polars as pl

from vcanalytics.commands import options, people
from vcanalytics.commands.asking import Call, begin
from vcanalytics.commands.output import Answer, Kind, visible
from vcanalytics.errors import ConsoleError
from vcanalytics.journal import FILE_NAME, Journal, notes
from vcanalytics.model.notes import Note, NoteDraft, NoteKind
from vcanalytics.model.times import EARLIEST, LATEST

COLUMNS: Final = {
    "note": Kind.COUNT,
    "starts_at": Kind.TIME,
    "ends_at": Kind.TIME,
    "kind": Kind.TEXT,
    "text": Kind.TEXT,
    "by": Kind.TEXT,
    "written_at": Kind.TIME,
    "edited_by": Kind.TEXT,
    "edited_at": Kind.TIME,
}
#: A note may stand at the latest moment there is.
_ALL: Final = LATEST + timedelta(microseconds=1)
_INSTANT: Final = pl.Datetime("us", "UTC")
_SCHEMA: Final = {
    name: {Kind.COUNT: pl.Int64(), Kind.TIME: _INSTANT}.get(kind, pl.String())
    for name, kind in COLUMNS.items()
}


@click.group("note", no_args_is_help=False)
def command() -> None:
    """Notes on the time axis: a release, an outage; charts show them.

    What is written here is on every open page within seconds.
    """


def _journal(call: Call, *, create: bool) -> closing[Journal]:
    return closing(Journal.open(call.settings.store_dir, create=create))


@command.command("add")
@click.argument("text", type=options.TEXT)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in NoteKind]),
    default="other",
    show_default=True,
)
@click.option("--at", "at", metavar="TIME", help="When it was, or began. [default: now]")
@click.option("--until", metavar="TIME", help="When it ended. [default: it is a moment]")
@click.option(
    "--zone", metavar="ZONE", help="Zone of times without an offset. [default: VC_TIMEZONE]"
)
def _add(*, text: str, kind: str, at: str | None, until: str | None, zone: str | None) -> None:
    """Write a note of one line, at most 200 characters."""
    call = begin(zone, "table")
    draft = NoteDraft(
        NoteKind(kind),
        text,
        options.time_of(at, call.zone, "--at") or call.now,
        options.time_of(until, call.zone, "--until"),
    )
    with _journal(call, create=True) as journal, journal.write() as connection:
        note = notes.add(connection, call.now, draft, by=people.caller())
    _noted("note_written", note)
    click.echo(f"Note {note.number} is written at {call.time(note.starts_at)}")


@command.command("list")
@options.output
@options.times("all", of=" a note")
def _list(*, zone: str | None, form: str, start: str | None, end: str | None) -> None:
    """Notes, the newest first."""
    call = begin(zone, form)
    first, last = options.between(start, end, call.zone)
    found: list[Note] = []
    # Looking makes no file: it might then belong to another user than the console's.
    if (call.settings.store_dir / FILE_NAME).exists():
        with _journal(call, create=False) as journal, journal.read() as connection:
            found = notes.every(connection)
    rows = [
        (
            note.number,
            note.starts_at,
            note.ends_at,
            note.kind.value,
            note.text,
            note.by,
            note.written_at,
            note.edited_by,
            note.edited_at,
        )
        for note in found
        if note.touches(first or EARLIEST, last or _ALL)
    ]
    foot = () if rows else ("No notes.",)
    call.write(Answer(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), COLUMNS, foot=foot))


@command.command("remove")
@click.argument("number", type=click.IntRange(1), metavar="NOTE")
def _remove(*, number: int) -> None:
    """Delete a note, by the number that `note list` gives; the audit log keeps what it said."""
    call = begin(None, "table")
    with _journal(call, create=False) as journal, journal.write() as connection:
        note = notes.remove(connection, number)
    _noted("note_deleted", note)
    click.echo(f"Note {number} is deleted: {visible(note.text)}")


def _noted(action: str, note: Note) -> None:
    """Have the audit log say so. A deploy does not fail for it: the note stands."""
    try:
        with people.opened(create=True) as accounts:
            target = f"note {note.number}"
            accounts.note(action, actor=people.caller(), target=target, detail=note.written_out)
    except ConsoleError as error:
        sys.stderr.write(f"vcanalytics: note: the audit log was not written: {error}\n")
