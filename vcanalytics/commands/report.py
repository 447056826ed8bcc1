"""``report``: a day or a week as a PDF."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import click
from sqlalchemy import Connection

from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.errors import ConsoleError, StoreError
from vcanalytics.journal import FILE_NAME, Journal
from vcanalytics.model.streams import STREAMS
from vcanalytics.report.making import make
from vcanalytics.report.period import Kind, period, read_date
from vcanalytics.report.sources import Sources
from vcanalytics.settings import Settings

_STDOUT: Final = "-"
#: How far back a report looks: failures are new after 30 days, a week is compared with a year ago.
_REACH: Final = {Kind.DAY: timedelta(days=31), Kind.WEEK: timedelta(days=374)}


@contextmanager
def _journal(settings: Settings) -> Iterator[Connection]:
    """A reading connection to the journal; it is not made where there is none."""
    if not (settings.store_dir / FILE_NAME).exists():
        raise StoreError("there is no watchman yet", hint="Start the collectors: VC_WATCHMAN=on")
    with closing(Journal.open(settings.store_dir)) as journal, journal.read() as connection:
        yield connection


@click.command("report")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]), metavar="day|week")
@click.option(
    "--date",
    "day",
    metavar="DATE",
    help="This day, or the week it lies in. [default: the last whole]",
)
@click.option("--zone", metavar="ZONE", help="Whose days they are. [default: VC_TIMEZONE]")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where to write it; - is stdout. [default: vectorcraft-day-DATE.pdf here]",
)
def command(*, kind: str, day: str | None, zone: str | None, output: str | None) -> None:
    """A day or a week as a PDF: takings, what needs a person, failures, how the shop ran.

    Without --date of yesterday, or of the last whole week. A day that is not over is marked so.
    """
    call = begin(zone, "table")
    with options.naming("--date"):
        wanted = None if day is None else read_date(day)
    one = period(
        Kind(kind), wanted, zone=call.zone, week_start=call.settings.week_start, now=call.now
    )
    # What is damaged beyond all that is compared costs no report.
    reach = {"start": one.start - _REACH[one.kind], "end": one.end}
    with asking(call.settings, tuple(STREAMS), books=True, **reach) as (engine, snapshot):
        one = replace(one, oldest=snapshot.state("transactions").first_at)
        journal = partial(_journal, call.settings)
        content = make(Sources(engine, snapshot, call.settings, journal), one)
    first = one.start.astimezone(call.zone).date().isoformat()
    where = output or f"vectorcraft-{kind}-{first}.pdf"
    if where == _STDOUT:
        sys.stdout.buffer.write(content)
        return
    written(Path(where), content)
    click.echo(f"{where}: {len(content):,} bytes")


def written(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: aside, then renamed. Raises ConsoleError."""
    aside = ""
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            aside = file.name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(0o600)
        Path(aside).replace(path)
    except OSError as error:
        if aside:
            Path(aside).unlink(missing_ok=True)
        raise ConsoleError(
            f"the report could not be written: {error.strerror}",
            where=str(path),
            hint="Name another file with -o",
        ) from None
