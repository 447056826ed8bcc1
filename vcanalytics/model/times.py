"""Reading times: the source's columns, and what a person types.

Inside, every time is aware and UTC. The source writes two kinds of text: UTC
(``CURRENT_TIMESTAMP`` columns) and its host's naive local time.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from vcanalytics.errors import UsageError

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins in ``zone``: the first instant of its wall clock."""
    return resolve(datetime.combine(day, time.min), zone)


def resolve(naive: datetime, zone: tzinfo) -> datetime:
    """The instant a naive local time means: the earlier one in an overlap, forward in a gap."""
    # fold=0 is the earlier offset in an overlap; in a gap it is the offset before the change,
    # which is what moves the wall clock forward.
    return naive.replace(tzinfo=zone, fold=0).astimezone(UTC)


def read_instant(value: object, zone: tzinfo = UTC) -> datetime | None:
    """The instant a source cell holds, or None where it holds no readable one.

    Text may part date and time with a blank or a ``T``; with an offset it means what it says,
    without one it is in ``zone``. Times outside 1970 to 9999 are unreadable.
    """
    if isinstance(value, str):
        text = value.strip()
        # fromisoformat takes more than a source ever means: "20261122", week dates.
        if not _DATE.match(text):
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
    elif isinstance(value, datetime):
        moment = value
    else:
        return None
    try:
        instant = moment.astimezone(UTC) if moment.tzinfo else resolve(moment, zone)
    except (OverflowError, ValueError):
        return None
    return instant if instant.year >= 1970 else None


@cache
def known_zones() -> frozenset[str]:
    """Names of the zone database. Looked up once: each time it is a walk through 600 files."""
    return frozenset(available_timezones())


def read_zone(name: str) -> ZoneInfo:
    """The named zone.

    Raises UsageError for a name the zone database does not hold.
    """
    # ZoneInfo("../x") and other odd keys raise in several ways; membership is the plain test.
    if name not in known_zones():
        raise UsageError(
            f"unknown time zone {name!r}", hint="Use a name like UTC, Asia/Kolkata or Europe/Berlin"
        )
    return ZoneInfo(name)


def read_typed_time(text: str, zone: tzinfo) -> datetime:
    """A time as a person types it: ISO 8601, in ``zone`` where it carries no offset.

    Raises UsageError where it is no time, or before 2000 or after 2100.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        instant = moment.astimezone(UTC) if moment.tzinfo else resolve(moment, zone)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not a time",
            hint="Write it like 2026-11-20, 2026-11-20T18:42 or with an offset",
        ) from None
    if not EARLIEST <= instant <= LATEST:
        raise UsageError(f"{text!r} is out of range", hint="Times lie between 2000 and 2100")
    return instant


def in_zone(instant: datetime, zone: tzinfo) -> datetime:
    """``instant`` in ``zone`` with a plain fixed offset, so that arithmetic and text are exact."""
    local = instant.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    return local.replace(tzinfo=timezone(offset))
