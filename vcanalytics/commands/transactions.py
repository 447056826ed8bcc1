"""``transactions``: payments as rows."""

from __future__ import annotations

from typing import Final

import click

from vcanalytics.analytics.transactions import LIMIT_MAX, Filters, count, transactions
from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.commands.output import Answer, Kind

COLUMNS: Final = {
    "transaction_id": Kind.TEXT,
    "created_at": Kind.TIME,
    "completed_at": Kind.TIME,
    "status": Kind.TEXT,
    "email": Kind.TEXT,
    "payer_email": Kind.TEXT,
    "amount": Kind.MONEY,
    "currency": Kind.TEXT,
    "user_created": Kind.FLAG,
    "email_sent": Kind.FLAG,
    "error_message": Kind.TEXT,
    "sample": Kind.FLAG,
}


@click.command("transactions")
@click.option(
    "--status",
    "statuses",
    type=options.TEXT,
    multiple=True,
    metavar="TEXT",
    help="Exactly this status; may be given several times.",
)
@click.option(
    "--email",
    type=options.TEXT,
    metavar="TEXT",
    help="Any part of the customer's or the payer's e-mail, in any case.",
)
@options.times("all", of=", by created_at")
@click.option(
    "--limit",
    type=click.IntRange(1, LIMIT_MAX),
    default=100,
    show_default=True,
    help="Rows at most.",
)
@click.option("--deleted", is_flag=True, help="Those gone from the source, instead of the others.")
@options.output
def command(
    *,
    statuses: tuple[str, ...],
    email: str | None,
    start: str | None,
    end: str | None,
    limit: int,
    deleted: bool,
    zone: str | None,
    form: str,
) -> None:
    """Payments, the newest first.

    amount and currency are what was captured. Samples are marked.
    """
    call = begin(zone, form)
    first, last = options.between(start, end, call.zone)
    wanted = Filters(statuses=statuses, email=email, start=first, end=last, deleted=deleted)
    prefixes = call.settings.sample_prefixes
    with asking(call.settings, ("transactions",)) as (engine, snapshot):
        frame = transactions(engine, snapshot, wanted, limit=limit, sample_prefixes=prefixes)
        foot: tuple[str, ...] = ()
        if form == "table":
            total = count(engine, snapshot, wanted, sample_prefixes=prefixes)
            more = "; --limit shows more" if total > frame.height else ""
            foot = (f"{frame.height:,} of {total:,} payments{more}",)
    call.write(Answer(frame, COLUMNS, foot=foot))
