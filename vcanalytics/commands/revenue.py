"""``revenue``: takings by window."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click

from vcanalytics.analytics.revenue import read_until, revenue
from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.commands.output import Answer, Kind
from vcanalytics.errors import UsageError
from vcanalytics.model.money import known_currencies
from vcanalytics.model.windows import Grain

COLUMNS: Final = {
    "window_start": Kind.TIME,
    "currency": Kind.TEXT,
    "attempts": Kind.COUNT,
    "captured": Kind.COUNT,
    "refunded": Kind.COUNT,
    "failed": Kind.COUNT,
    "gross": Kind.MONEY,
    "refunds": Kind.MONEY,
    "net": Kind.MONEY,
    "average": Kind.MONEY,
    "success_rate": Kind.RATE,
    "complete": Kind.FLAG,
}
_LENGTH: Final = timedelta(days=30)


def _currency(code: str | None) -> str | None:
    if code is None:
        return None
    known = code.strip().upper()
    if known not in known_currencies():
        raise UsageError(
            f"unknown currency {code!r}", where="--currency", hint="Use a code like USD or EUR"
        )
    return known


@click.command("revenue")
@click.option(
    "--grain",
    type=click.Choice([grain.value for grain in Grain]),
    default=Grain.DAY.value,
    show_default=True,
    help="How long a window is.",
)
@options.times("30 days before --to")
@click.option("--currency", metavar="CODE", help="This currency alone. [default: every one seen]")
@options.output
def command(
    *,
    grain: str,
    start: str | None,
    end: str | None,
    currency: str | None,
    zone: str | None,
    form: str,
) -> None:
    """Takings by hour, day, week or month.

    A row a window and currency, oldest first. Windows are those of --zone's clock; one that the
    range cuts keeps its start, and only what happened in the range counts.
    """
    call = begin(zone, form)
    first, last = options.ending(start, end, call.zone, call.now, _LENGTH)
    code = _currency(currency)
    with asking(call.settings, ("transactions", "disputes"), books=True) as (engine, snapshot):
        frame = revenue(
            engine,
            snapshot,
            start=first,
            end=last,
            grain=Grain(grain),
            zone=call.zone,
            now=call.now,
            week_start=call.settings.week_start,
            currency=code,
            default_currency=call.settings.currency,
            sample_prefixes=call.settings.sample_prefixes,
        )
        read_at = read_until(snapshot)
    head = (
        f"Revenue by {grain} in {call.zone.key}, {call.time(first)} to {call.time(last)},"
        f" source last read {call.time(read_at)}"
    )
    call.write(Answer(frame, COLUMNS, head=(head,)))
