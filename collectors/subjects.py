"""The tables that are updated in place, and which of their rows are likely to move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from collectors import rows
from collectors.rows import Reading
from vcanalytics.model import payments, streams
from vcanalytics.model.streams import Stream
from vcanalytics.model.times import read_instant
from vcanalytics.source import SourceTable, tables

#: A captured payment gets its account and its mail within moments; it is watched this long.
_AFTER_CAPTURE: Final = timedelta(hours=1)
#: A queued mail is sent or refused within moments.
_AFTER_QUEUED: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Subject:
    """One table as one stream.

    ``read`` makes a version of a row; ``watch`` says, from the row as the source has it, until
    when it is likely to change, None where it is not.
    """

    stream: Stream
    table: SourceTable
    read: Callable[[Reading, str], tuple[dict[str, object], str]]
    watch: Callable[[Mapping[str, Any], datetime], datetime | None]

    @property
    def name(self) -> str:
        return self.stream.name

    @property
    def key(self) -> str:
        """Name of the source column that says which row it is."""
        key = self.stream.key or "source_id"
        return "id" if key == "source_id" else key


def _later(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        # The source may name any time up to the end of the calendar.
        return moment


def _watch_payment(
    abandoned_after: timedelta, row: Mapping[str, Any], now: datetime
) -> datetime | None:
    status = row["status"]
    if status in payments.OPEN:
        created_at = read_instant(row["created_at"], UTC)
        return _later(created_at, abandoned_after) if created_at else None
    if status in payments.CAPTURED and not (row["email_sent"] and row["user_created"]):
        since = read_instant(row["completed_at"], UTC) or now
        return _later(since, _AFTER_CAPTURE)
    return None


def _watch_mail(row: Mapping[str, Any], _now: datetime) -> datetime | None:
    if row["status"] != "pending":
        return None
    created_at = read_instant(row["created_at"], UTC)
    return _later(created_at, _AFTER_QUEUED) if created_at else None


def _watch_nothing(_row: Mapping[str, Any], _now: datetime) -> datetime | None:
    return None


def subjects(abandoned_hours: float) -> tuple[Subject, ...]:
    """Payments, disputes and mails; open payments are watched for ``abandoned_hours``."""
    watch = partial(_watch_payment, timedelta(hours=abandoned_hours))
    return (
        Subject(streams.TRANSACTIONS, tables.TRANSACTIONS, rows.transaction, watch),
        Subject(streams.DISPUTES, tables.DISPUTES, rows.dispute, _watch_nothing),
        Subject(streams.MAILS, tables.MAILS, rows.mail, _watch_mail),
    )
