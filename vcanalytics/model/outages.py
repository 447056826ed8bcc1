"""An outage the demo shop is asked to have: which service, from when to when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from vcanalytics.errors import UsageError
from vcanalytics.model.times import read_typed_time

SERVICES: Final = ("paypal", "mail")

_OUTAGE: Final = re.compile(
    r"(?P<service>[a-z]+)@(?P<start>[^/@]+)/(?P<count>[0-9]{1,4})(?P<unit>[mhd])"
)
_UNIT_MINUTES: Final = {"m": 1, "h": 60, "d": 1440}
_LONGEST: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Outage:
    """``service`` fails in ``[start, end)``; both are aware."""

    service: str
    start: datetime
    end: datetime

    def covers(self, service: str, at: datetime) -> bool:
        return service == self.service and self.start <= at < self.end


def read_outage(text: str) -> Outage:
    """One outage as a setting writes it: ``paypal@2026-11-20T10:00/30m``.

    The start is UTC where it carries no offset; the length is in minutes, hours or days, up to 7
    days. Raises UsageError for anything else.
    """
    parts = _OUTAGE.fullmatch(text.strip())
    if not parts or parts["service"] not in SERVICES:
        raise UsageError(
            f"{text!r} is not an outage",
            hint=f"Write it like paypal@2026-11-20T10:00/30m, for one of {', '.join(SERVICES)}",
        )
    start = read_typed_time(parts["start"], UTC)
    length = timedelta(minutes=int(parts["count"]) * _UNIT_MINUTES[parts["unit"]])
    if not timedelta() < length <= _LONGEST:
        raise UsageError(f"{text!r} lasts too long or not at all", hint="Up to 7d, at least 1m")
    return Outage(parts["service"], start, start + length)
