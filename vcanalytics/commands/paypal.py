"""``paypal``: PayPal's own side of the payments: imports, and what differs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import click
import polars as pl

from vcanalytics.commands import options, people
from vcanalytics.commands.asking import Call, begin, opened
from vcanalytics.commands.output import Answer, Kind, visible
from vcanalytics.commands.progress import shown
from vcanalytics.paypal import imports
from vcanalytics.paypal.cells import Order
from vcanalytics.paypal.database import PayPal
from vcanalytics.paypal.importing import Hide, Outcome, bring_in, preview, staged
from vcanalytics.store import Catalogue
from vcanalytics.store.pseudonyms import load

IMPORTED: Final = {
    "file": Kind.TEXT,
    "lines": Kind.COUNT,
    "new": Kind.COUNT,
    "changed": Kind.COUNT,
    "same": Kind.COUNT,
    "older": Kind.COUNT,
    "repeated": Kind.COUNT,
    "items": Kind.COUNT,
    "aside": Kind.COUNT,
    "first_at": Kind.TIME,
    "last_at": Kind.TIME,
    "earlier_at": Kind.TIME,
}
IMPORTS: Final = {
    "file": Kind.TEXT,
    "at": Kind.TIME,
    "by": Kind.TEXT,
    "lines": Kind.COUNT,
    "kept": Kind.COUNT,
    "new": Kind.COUNT,
    "changed": Kind.COUNT,
    "older": Kind.COUNT,
    "repeated": Kind.COUNT,
    "items": Kind.COUNT,
    "aside": Kind.COUNT,
    "first_at": Kind.TIME,
    "last_at": Kind.TIME,
}
_ASIDES_SHOWN: Final = 10
_SCHEMA: Final = pl.Schema(
    {"file": pl.String()}
    | {name: pl.Int64() for name, kind in IMPORTED.items() if kind is Kind.COUNT}
    | {name: pl.Datetime("us", "UTC") for name, kind in IMPORTED.items() if kind is Kind.TIME}
)


@click.group("paypal", no_args_is_help=False)
def command() -> None:
    """PayPal's own side: import its downloads, and what they and the shop differ in.

    Its activity download is made at PayPal under Activity, All reports, Activity download, as CSV;
    docs/paypal.md says which columns.
    """


@command.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--dry-run", is_flag=True, help="Say what an import would come to; change nothing.")
@click.option(
    "--dates",
    type=click.Choice([order.value for order in Order]),
    help="How the files write their dates. [default: by their own evidence]",
)
@options.output
def _import(
    *, files: Sequence[Path], dry_run: bool, dates: str | None, zone: str | None, form: str
) -> None:
    """Import activity downloads of PayPal's: CSV, or the ZIP of several.

    Each file is imported whole or not at all, and the same file twice adds nothing. What cannot be
    read is kept aside with its line and the reason. --zone is that of lines that name none.
    """
    call = begin(zone, form)
    order = None if dates is None else Order(dates)
    rows: list[tuple[Any, ...]] = []
    notes: list[str] = []
    with opened(call.settings) as catalogue, shown() as progress:
        for path in files:
            with staged(
                path, path.name, zone=call.zone, dates=order, progress=progress
            ) as download:
                if dry_run:
                    with _looking(catalogue) as database:
                        outcome = preview(database, download)
                else:
                    with closing(PayPal.open(catalogue.path.parent)) as database:
                        outcome = bring_in(
                            database,
                            download,
                            now=call.now,
                            by=people.caller(),
                            hiding=lambda: hiding(catalogue),
                            progress=progress,
                        )
                    _note(outcome)
            rows.append(_row(outcome))
            notes += told(outcome, call, dry_run=dry_run)
    for line in notes if call.form != "table" else ():
        sys.stderr.write(f"vcanalytics: note: {visible(line)}\n")
    frame = pl.DataFrame(rows, _SCHEMA, orient="row")
    call.write(Answer(frame, IMPORTED, foot=tuple(notes)))


@contextmanager
def _looking(catalogue: Catalogue) -> Iterator[PayPal | None]:
    database = imports.opened(catalogue.path.parent)
    try:
        yield database
    finally:
        if database is not None:
            database.close()


def hiding(catalogue: Catalogue) -> Hide:
    """What takes customers out of a text who are forgotten by now."""
    with catalogue.read() as connection:
        return load(connection).text


def _note(outcome: Outcome) -> None:
    detail = f"{outcome.lines} lines, {outcome.new} new, {outcome.changed} changed"
    if outcome.earlier is not None:
        detail = "the same file again: nothing was done"
    with people.opened(create=True) as accounts:
        accounts.note("paypal_imported", actor=people.caller(), target=outcome.file, detail=detail)


def _row(outcome: Outcome) -> tuple[Any, ...]:
    return (
        outcome.file,
        outcome.lines,
        outcome.new,
        outcome.changed,
        outcome.same,
        outcome.older,
        outcome.repeated,
        outcome.items,
        outcome.aside,
        outcome.first_at,
        outcome.last_at,
        outcome.earlier,
    )


def told(outcome: Outcome, call: Call, *, dry_run: bool) -> list[str]:
    """What a person is told of an import besides its counts."""
    if outcome.earlier is not None:
        return [f"{outcome.file} was imported on {call.time(outcome.earlier)}: nothing is new"]
    found = [
        f"{outcome.file}: {f'{file}, ' if file else ''}line {one.line:,}: {one.reason}"
        for file, one in outcome.asides[:_ASIDES_SHOWN]
    ]
    if outcome.aside > len(found):
        found.append(f"{outcome.file}: {outcome.aside - len(found):,} more lines are kept aside")
    if outcome.unknown_types:
        names = ", ".join(f"{name} ({count:,})" for name, count in outcome.unknown_types.items())
        found.append(f"{outcome.file}: types that are unknown: {names}")
    if dry_run:
        found.append(f"{outcome.file}: a dry run, nothing was changed")
    return found


@command.command("imports")
@options.output
def _imports(*, zone: str | None, form: str) -> None:
    """What was imported, the newest first."""
    call = begin(zone, form)
    frame = imports.IMPORTS.to_frame()
    with opened(call.settings) as catalogue, _looking(catalogue) as database:
        if database is not None:
            with database.read() as connection:
                frame = imports.listed(connection)
    call.write(Answer(frame, IMPORTS))
