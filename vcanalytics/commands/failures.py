"""``failures``: failed payments by message."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click
import polars as pl

from vcanalytics.analytics.failures import NEW_AFTER, PATTERNS_MAX, patterns
from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.commands.output import Answer, Kind

COLUMNS: Final = {
    "finding": Kind.TEXT,
    "pattern": Kind.TEXT,
    "currency": Kind.TEXT,
    "count": Kind.COUNT,
    "share": Kind.RATE,
    "customers": Kind.COUNT,
    "amount": Kind.MONEY,
    "first_at": Kind.TIME,
    "last_at": Kind.TIME,
    "new": Kind.FLAG,
    "example": Kind.TEXT,
}
_LENGTH: Final = timedelta(days=30)


@click.command("failures")
@options.times("30 days before --to", of=", by created_at")
@click.option(
    "--new-after",
    type=click.IntRange(1, 365),
    default=NEW_AFTER.days,
    show_default=True,
    metavar="DAYS",
    help="A pattern is new where it was not seen in so many days before --from.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, PATTERNS_MAX),
    default=100,
    show_default=True,
    help="At most so many patterns.",
)
@options.output
def command(
    *,
    start: str | None,
    end: str | None,
    new_after: int,
    limit: int,
    zone: str | None,
    form: str,
) -> None:
    """Failed payments by message: how often, whom it hit, what is new.

    Numbers, ids, addresses and text in quotes are taken out of messages, so that one cause is one
    pattern. A row a pattern and currency; share is the whole pattern's, of all that failed.
    """
    call = begin(zone, form)
    first, last = options.ending(start, end, call.zone, call.now, _LENGTH)
    told = call.settings
    with asking(told, ("transactions", "disputes")) as (engine, snapshot):
        found = patterns(
            engine,
            snapshot,
            start=first,
            end=last,
            new_after=timedelta(days=new_after),
            limit=limit,
            captured_errors=told.captured_errors,
            sample_prefixes=told.sample_prefixes,
        )
    whole = found.filter(pl.col("currency").is_null())
    share = whole.select("finding", "pattern", "share")
    frame = (
        found.filter(pl.col("currency").is_not_null())
        .drop("share")
        .join(share, on=("finding", "pattern"), how="left", maintain_order="left")
        .select(list(COLUMNS))
    )
    head = f"Failed payments by message, {call.time(first)} to {call.time(last)}"
    new = int(whole["new"].fill_null(value=False).sum())
    foot = f"{whole['count'].sum():,} failed, {whole.height:,} patterns, {new:,} of them new"
    call.write(Answer(frame, COLUMNS, head=(head,), foot=(foot,)))
