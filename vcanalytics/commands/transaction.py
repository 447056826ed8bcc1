"""``transaction``: the timeline of one payment."""

from __future__ import annotations

from typing import Final

import click

from vcanalytics.analytics.timeline import timeline
from vcanalytics.commands import options
from vcanalytics.commands.asking import asking, begin
from vcanalytics.commands.output import Answer, Kind, short
from vcanalytics.errors import ConsoleError

COLUMNS: Final = {"happened_at": Kind.TIME, "what": Kind.TEXT, "detail": Kind.TEXT}


@click.command("transaction")
@click.argument("transaction_id", metavar="ID", type=options.TEXT)
@options.output
def command(*, transaction_id: str, zone: str | None, form: str) -> None:
    """The timeline of one payment.

    A change that the source puts no time to stands where it was seen, and says so.
    """
    call = begin(zone, form)
    with asking(call.settings, ("transactions", "disputes", "mails")) as (engine, snapshot):
        frame = timeline(engine, snapshot, transaction_id)
    if frame.is_empty():
        raise ConsoleError(
            "no such payment is known",
            where=short(transaction_id),
            hint="Find one by `python -m vcanalytics transactions --email PART`",
        )
    call.write(Answer(frame, COLUMNS, head=(f"Payment {transaction_id}",)))
