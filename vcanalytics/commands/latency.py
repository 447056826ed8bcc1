"""``latency``: response times by endpoint."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click

from vcanalytics.analytics.latency import Kind as Measured
from vcanalytics.analytics.latency import latency
from vcanalytics.analytics.sources import hours_alone
from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.commands.output import Answer, Kind

COLUMNS: Final = {
    "endpoint": Kind.TEXT,
    "count": Kind.COUNT,
    "errors": Kind.COUNT,
    "mean_ms": Kind.REAL,
    "p50_ms": Kind.REAL,
    "p95_ms": Kind.REAL,
    "p99_ms": Kind.REAL,
    "max_ms": Kind.REAL,
    "method": Kind.TEXT,
    "error_bound": Kind.RATE,
}
_LENGTH: Final = timedelta(hours=24)


@click.command("latency")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Measured]),
    default=Measured.REQUEST.value,
    show_default=True,
    help="What was measured.",
)
@options.times("24 hours before --to")
@options.output
def command(*, kind: str, start: str | None, end: str | None, zone: str | None, form: str) -> None:
    """Response times by endpoint: mean, percentiles, errors.

    Times are in milliseconds. Percentiles lie between the two neighbouring ranks, in proportion: up
    to 24 hours exactly, beyond within error_bound, which is a share.
    """
    call = begin(zone, form)
    first, last = options.ending(start, end, call.zone, call.now, _LENGTH)
    with asking(call.settings, ("requests",), start=first, end=last) as (engine, snapshot):
        frame = latency(
            engine,
            snapshot,
            kind=Measured(kind),
            start=first,
            end=last,
            exact_rows=call.settings.exact_rows,
        )
        read_at = snapshot.state("requests").read_at
        hours = "sketch" in frame["method"] and hours_alone(snapshot, "requests", first, last)
    head = f"{kind}, {call.time(first)} to {call.time(last)}, source last read {call.time(read_at)}"
    foot = [] if frame.height else ["Nothing was measured in this range."]
    if hours:
        foot.append(
            "The rows of then are let go of: hours at the ends count whole where they begin in the"
            " range."
        )
    call.write(Answer(frame, COLUMNS, head=(head,), foot=tuple(foot)))
