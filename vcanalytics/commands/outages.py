"""``outages``: when PayPal or the mail was down, by which signs, and whom that hit."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final

import click
import polars as pl
from sqlalchemy import Connection

from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.outages import DAYS_MAX, cut, outages
from vcanalytics.alerts.rules import read_rules
from vcanalytics.analytics.outages import affected, table
from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.commands.output import Answer, Kind
from vcanalytics.errors import StoreError
from vcanalytics.rules_file import RulesFile

COLUMNS: Final = {
    "service": Kind.TEXT,
    "from": Kind.TIME,
    "to": Kind.TIME,
    "open": Kind.FLAG,
    "length_s": Kind.REAL,
    "currency": Kind.TEXT,
    "payments": Kind.COUNT,
    "customers": Kind.COUNT,
    "amount": Kind.MONEY,
    "paid_later": Kind.COUNT,
    "signs": Kind.TEXT,
}
AFFECTED: Final = {
    "service": Kind.TEXT,
    "from": Kind.TIME,
    "transaction_id": Kind.TEXT,
    "created_at": Kind.TIME,
    "status": Kind.TEXT,
    "customer": Kind.TEXT,
    "email": Kind.TEXT,
    "payer_email": Kind.TEXT,
    "amount": Kind.MONEY,
    "currency": Kind.TEXT,
    "paid_at": Kind.TIME,
    "error_message": Kind.TEXT,
}
_STREAMS: Final = ("transactions", "disputes", "mails", "health", "requests")
_LENGTH: Final = timedelta(days=30)


def _no_journal() -> AbstractContextManager[Connection]:
    raise StoreError("the journal is not asked for outages")


@click.command("outages")
@options.times("30 days before --to")
@click.option("--affected", "people", is_flag=True, help="Everyone they hit, a row a payment.")
@options.output
def command(
    *, start: str | None, end: str | None, people: bool, zone: str | None, form: str
) -> None:
    """When PayPal or the mail was down, by which signs, and whom that hit.

    A row an outage and currency, the newest first. Of a longer range the last 90 days are looked
    through; docs/failures.md says what the signs are.
    """
    call = begin(zone, form)
    first, last = options.ending(start, end, call.zone, call.now, _LENGTH)
    told = call.settings
    rules = read_rules(RulesFile.read(told.rules_file)).by_name
    with asking(told, _STREAMS, start=first - _LENGTH, end=last) as (engine, snapshot):
        moment = Moment(engine, snapshot, call.now, Told.of(told), _no_journal)
        found = outages(moment, rules, start=first, end=last)
        hit = affected(engine, snapshot, found, sample_prefixes=told.sample_prefixes)
    since = cut(first, last, call.now)[0]
    foot = [] if found else ["No outage was found."]
    if since > first:
        foot.append(f"The last {DAYS_MAX} days were looked through, from {call.time(since)} on.")
    head = (f"Outages, {call.time(first)} to {call.time(last)}",)
    if people:
        places = pl.DataFrame(
            [(place, one.service, one.start) for place, one in enumerate(found)],
            schema={"outage": pl.Int64, "service": pl.String, "from": pl.Datetime("us", "UTC")},
            orient="row",
        )
        frame = hit.join(places, on="outage", how="left", maintain_order="left")
        call.write(Answer(frame.select(list(AFFECTED)), AFFECTED, head=head, foot=tuple(foot)))
        return
    frame = table(found, hit).select(list(COLUMNS))
    call.write(Answer(frame, COLUMNS, head=head, foot=tuple(foot)))
