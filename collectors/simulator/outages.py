"""The bad days of the demo shop: outages that its past has by itself, and those asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from collectors.simulator.rhythm import chance
from vcanalytics.model.outages import Outage

# Different and without a common divisor, so that any 30 days have at least one of each and the
# two rarely meet.
_PAYPAL_EVERY_DAYS: Final = 23
_MAIL_EVERY_DAYS: Final = 19


def planned_outages(seed: int, start: datetime, end: datetime) -> list[Outage]:
    """The outages of the shop's past that touch ``[start, end)``: the same for any cut of time."""
    outages = []
    day = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day -= timedelta(days=1)
    while day < end:
        number = day.toordinal()
        rng = chance(seed, "outage", number)
        if (number + seed) % _PAYPAL_EVERY_DAYS == 0:
            begin = day + timedelta(hours=13, minutes=rng.randrange(90))
            outages.append(
                Outage("paypal", begin, begin + timedelta(minutes=rng.randrange(100, 160)))
            )
        if (number + 2 * seed + 7) % _MAIL_EVERY_DAYS == 0:
            begin = day + timedelta(hours=8, minutes=rng.randrange(120))
            outages.append(
                Outage("mail", begin, begin + timedelta(minutes=rng.randrange(240, 380)))
            )
        day += timedelta(days=1)
    return [outage for outage in outages if outage.end > start and outage.start < end]


class Weather:
    """What is out of order when."""

    def __init__(self, outages: Iterable[Outage] = ()) -> None:
        self.outages = tuple(outages)

    def down(self, service: str, at: datetime) -> Outage | None:
        """The outage of a service that covers ``at``, if any."""
        return next((outage for outage in self.outages if outage.covers(service, at)), None)

    def starting(self, after: datetime, until: datetime) -> list[Outage]:
        """Outages that begin in ``(after, until]``."""
        return [outage for outage in self.outages if after < outage.start <= until]
