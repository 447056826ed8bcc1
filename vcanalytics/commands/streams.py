"""``streams``: what has been read, and how old it is."""

from __future__ import annotations

from typing import Final

import click

from vcanalytics.analytics.streams import streams
from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.commands.output import Answer, Kind
from vcanalytics.model.streams import STREAMS

COLUMNS: Final = {
    "stream": Kind.TEXT,
    "rows": Kind.COUNT,
    "rejected": Kind.COUNT,
    "first_at": Kind.TIME,
    "last_at": Kind.TIME,
    "lag_s": Kind.REAL,
}


@click.command("streams")
@options.output
def command(*, zone: str | None, form: str) -> None:
    """What has been read, and how old it is.

    rows of payments, cases and mails are the versions kept of them. lag_s is the number of seconds
    since the source was last read with success.
    """
    call = begin(zone, form)
    with asking(call.settings, tuple(STREAMS)) as (_, snapshot):
        frame = streams(snapshot, now=call.now)
        fact = snapshot.facts.get("source")
    problem = fact.get("problem") if isinstance(fact, dict) else None
    foot = (f"The source cannot be read as it should: {problem}",) if problem else ()
    call.write(Answer(frame, COLUMNS, foot=foot))
