"""``reconcile``: payments that need a person."""

from __future__ import annotations

from typing import Final

import click

from vcanalytics.analytics.reconcile import reconcile, terms
from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.commands.output import Answer, Kind

COLUMNS: Final = {
    "finding": Kind.TEXT,
    "transaction_id": Kind.TEXT,
    "email": Kind.TEXT,
    "payer_email": Kind.TEXT,
    "amount": Kind.MONEY,
    "currency": Kind.TEXT,
    "since": Kind.TIME,
    "detail": Kind.TEXT,
}


@click.command("reconcile")
@options.times("all", of=", by created_at")
@click.option("--as-of", metavar="TIME", help="Ages are measured at this time. [default: now]")
@options.output
def command(
    *, start: str | None, end: str | None, as_of: str | None, zone: str | None, form: str
) -> None:
    """What does not add up: payments that need a person.

    A payment may stand in several findings. docs/source.md says what each means.
    """
    call = begin(zone, form)
    first, last = options.between(start, end, call.zone)
    moment = options.time_of(as_of, call.zone, "--as-of") or call.now
    settings = call.settings
    with asking(settings, ("transactions", "disputes")) as (engine, snapshot):
        frame = reconcile(
            engine,
            snapshot,
            as_of=moment,
            start=first,
            end=last,
            **terms(settings),
        )
    counts = frame.group_by("finding", maintain_order=True).len()
    foot = ", ".join(f"{name} {number:,}" for name, number in counts.iter_rows())
    call.write(Answer(frame, COLUMNS, foot=(f"As of {call.time(moment)}: {foot or 'nothing'}",)))
