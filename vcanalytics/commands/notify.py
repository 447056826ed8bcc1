"""``notify``: channels, a test of one, what was sent, and what was given up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Final

import click
import polars as pl

from vcanalytics.commands import options
from vcanalytics.commands.asking import Call, begin
from vcanalytics.commands.output import Answer, Kind, visible
from vcanalytics.commands.people import caller
from vcanalytics.errors import ConsoleError, UsageError
from vcanalytics.journal import FILE_NAME, Journal, deliveries
from vcanalytics.journal.delivery_records import Delivery, State
from vcanalytics.notify.by_hand import retry, send_test
from vcanalytics.notify.notifier import new_key
from vcanalytics.notify.plan import Plan, read_plan
from vcanalytics.rules_file import RulesFile

CHANNELS: Final = {
    "channel": Kind.TEXT,
    "type": Kind.TEXT,
    "sent": Kind.COUNT,
    "waiting": Kind.COUNT,
    "dead": Kind.COUNT,
}
_CHANNELS: Final = {
    "channel": pl.String(),
    "type": pl.String(),
    "sent": pl.Int64(),
    "waiting": pl.Int64(),
    "dead": pl.Int64(),
}
DELIVERIES: Final = {
    "id": Kind.COUNT,
    "channel": Kind.TEXT,
    "kind": Kind.TEXT,
    "state": Kind.TEXT,
    "created_at": Kind.TIME,
    "sent_at": Kind.TIME,
    "attempts": Kind.COUNT,
    "subject": Kind.TEXT,
    "last_error": Kind.TEXT,
}
_TIME: Final = pl.Datetime("us", "UTC")
_DELIVERIES: Final = {
    "id": pl.Int64(),
    "channel": pl.String(),
    "kind": pl.String(),
    "state": pl.String(),
    "created_at": _TIME,
    "sent_at": _TIME,
    "attempts": pl.Int64(),
    "subject": pl.String(),
    "last_error": pl.String(),
}


@click.group("notify", no_args_is_help=False)
def command() -> None:
    """Who is told of alerts, and whether it reached them.

    Channels stand in the file that VC_RULES_FILE names; see docs/notifications.md.
    """


def _plan(call: Call) -> Plan:
    return read_plan(RulesFile.read(call.settings.rules_file))


def _journal(call: Call, *, create: bool) -> closing[Journal]:
    return closing(Journal.open(call.settings.store_dir, create=create))


@command.command("channels")
@options.output
def _channels(*, zone: str | None, form: str) -> None:
    """The channels, and how many messages each had."""
    call = begin(zone, form)
    plan = _plan(call)
    counts: dict[tuple[str, State], int] = {}
    # Looking makes no file: it might then belong to another user than the console's.
    if (call.settings.store_dir / FILE_NAME).exists():
        with _journal(call, create=False) as journal, journal.read() as connection:
            counts = deliveries.counts(connection)
    states = (State.SENT, State.WAITING, State.DEAD)
    rows = [
        (name, channel.type, *(counts.get((name, state), 0) for state in states))
        for name, channel in plan.channels.items()
    ]
    foot = () if rows else ("No channels: nobody is told of alerts. See docs/notifications.md",)
    call.write(Answer(pl.DataFrame(rows, schema=_CHANNELS, orient="row"), CHANNELS, foot=foot))


@command.command("test")
@click.argument("channel", type=options.TEXT)
def _test(*, channel: str) -> None:
    """Send a test to a channel, and say what became of it."""
    call = begin(None, "table")
    plan = _plan(call)
    if channel not in plan.channels:
        there = ", ".join(plan.channels) or "none"
        raise UsageError(f"there is no channel {channel!r}", hint=f"There are: {there}")
    with _journal(call, create=True) as journal:
        found = send_test(
            journal,
            plan,
            channel,
            by=caller(),
            now=call.now,
            key=new_key(),
            public_url=call.settings.public_url,
        )
    if found.state is not State.SENT:
        raise ConsoleError(
            f"the test did not go out: {found.last_error}",
            where=channel,
            hint="Mend the channel in the rules file, then test it again",
        )
    remark = f": {visible(found.last_error)}" if found.last_error else ""
    click.echo(f"A test was sent to {visible(channel)}{remark}")


@command.command("sent")
@click.option(
    "--limit",
    type=click.IntRange(1, deliveries.LISTED_MAX),
    default=100,
    show_default=True,
    help="At most so many rows.",
)
@options.output
def _sent(*, limit: int, zone: str | None, form: str) -> None:
    """What was sent, waits or was given up, the newest first."""
    _list(begin(zone, form), tuple(State), limit)


@command.command("dead")
@options.output
def _dead(*, zone: str | None, form: str) -> None:
    """Messages that were given up, with the last error, the newest first."""
    _list(begin(zone, form), (State.DEAD,), deliveries.LISTED_MAX)


def _list(call: Call, states: Sequence[State], limit: int) -> None:
    found: list[Delivery] = []
    if (call.settings.store_dir / FILE_NAME).exists():
        with _journal(call, create=False) as journal, journal.read() as connection:
            found = deliveries.listed(connection, states, limit=limit)
    rows = [
        (
            one.id,
            one.channel,
            one.kind,
            one.state.value,
            one.created_at,
            one.sent_at,
            one.attempts,
            one.subject,
            one.last_error,
        )
        for one in found
    ]
    call.write(Answer(pl.DataFrame(rows, schema=_DELIVERIES, orient="row"), DELIVERIES))


@command.command("retry")
@click.argument("number", metavar="ID", type=click.IntRange(1))
def _retry(*, number: int) -> None:
    """Have a message that was given up tried again."""
    call = begin(None, "table")
    with _journal(call, create=False) as journal:
        retry(journal, number, by=caller(), now=call.now)
    click.echo(f"Message {number} is tried again while the watchman runs")
