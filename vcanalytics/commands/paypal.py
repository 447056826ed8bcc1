"""``paypal``: PayPal's own side of the payments: imports, and what differs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import polars as pl

from vcanalytics.analytics import paypal
from vcanalytics.commands import options, people
from vcanalytics.commands.asking import Call, asking, begin, opened
from vcanalytics.commands.output import Answer, Kind, visible
from vcanalytics.commands.progress import shown
from vcanalytics.model.windows import Grain
from vcanalytics.paypal import imports
from vcanalytics.paypal.cells import Order
from vcanalytics.paypal.database import PayPal
from vcanalytics.paypal.importing import Outcome, bring_in, preview, staged
from vcanalytics.store import Catalogue
from vcanalytics.store.forget import hiding

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
REPORT: Final = {
    "finding": Kind.TEXT,
    "paypal_id": Kind.TEXT,
    "transaction_id": Kind.TEXT,
    "email": Kind.TEXT,
    "paypal_amount": Kind.MONEY,
    "amount": Kind.MONEY,
    "currency": Kind.TEXT,
    "amount_currency": Kind.TEXT,
    "fee": Kind.MONEY,
    "happened_at": Kind.TIME,
    "detail": Kind.TEXT,
}
TOTALS: Final = {
    "window_start": Kind.TIME,
    "currency": Kind.TEXT,
    "payments": Kind.COUNT,
    "paypal_gross": Kind.MONEY,
    "fees": Kind.MONEY,
    "paypal_refunds": Kind.MONEY,
    "paypal_net": Kind.MONEY,
    "gross": Kind.MONEY,
    "refunds": Kind.MONEY,
    "difference": Kind.MONEY,
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


@command.command("report")
@options.times("all", of=", by when it happened")
@options.output
def _report(*, start: str | None, end: str | None, zone: str | None, form: str) -> None:
    """What PayPal's rows and the shop's payments differ in.

    docs/paypal.md says what each finding means. Captures and refunds that PayPal does not have are
    found in the times that imports cover alone.
    """
    call = begin(zone, form)
    first, last = options.between(start, end, call.zone)
    rows, covered = _rows(call, first, last)
    with asking(call.settings, ("transactions", "disputes")) as (engine, snapshot):
        frame = paypal.findings(
            engine,
            snapshot,
            rows,
            covered,
            start=first,
            end=last,
            sample_prefixes=call.settings.sample_prefixes,
        )
    counts = frame.group_by("finding", maintain_order=True).len()
    foot = ", ".join(f"{name} {number:,}" for name, number in counts.iter_rows())
    call.write(Answer(frame, REPORT, foot=(foot or "Nothing differs", _covers(call, covered))))


@command.command("totals")
@click.option(
    "--grain",
    type=click.Choice([Grain.DAY.value, Grain.WEEK.value, Grain.MONTH.value]),
    default=Grain.DAY.value,
    show_default=True,
)
@options.times("all")
@options.output
def _totals(*, grain: str, start: str | None, end: str | None, zone: str | None, form: str) -> None:
    """What came in by PayPal's figures, net of fees, and by the shop's, per currency.

    On both sides of the times that imports cover alone.
    """
    call = begin(zone, form)
    first, last = options.between(start, end, call.zone)
    rows, covered = _rows(call, first, last)
    with asking(call.settings, ("transactions", "disputes")) as (engine, snapshot):
        frame = paypal.totals(
            engine,
            snapshot,
            rows,
            covered,
            grain=Grain(grain),
            zone=call.zone,
            start=first,
            end=last,
            week_start=call.settings.week_start,
            sample_prefixes=call.settings.sample_prefixes,
        )
    call.write(Answer(frame, TOTALS, foot=(_covers(call, covered),)))


def _rows(
    call: Call, start: datetime | None, end: datetime | None
) -> tuple[pl.DataFrame, list[tuple[datetime, datetime]]]:
    """PayPal's rows in a range and around it, and the times that imports cover."""
    around = paypal.AROUND
    with opened(call.settings) as catalogue, _looking(catalogue) as database:
        if database is None:
            return imports.ROWS.to_frame(), []
        with database.read() as connection:
            rows = imports.rows(
                connection,
                None if start is None else start - around,
                None if end is None else end + around,
            )
            return rows, imports.covered(connection)


def _covers(call: Call, covered: Sequence[tuple[datetime, datetime]]) -> str:
    if not covered:
        return "Nothing of PayPal's was imported yet: `paypal import FILE`"
    spans = [f"{call.time(first)} to {call.time(last)}" for first, last in covered[-3:]]
    more = f" and {len(covered) - 3:,} earlier" if len(covered) > 3 else ""
    return f"Imports cover {', '.join(spans)}{more}"
