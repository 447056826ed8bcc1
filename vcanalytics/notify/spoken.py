"""Figures as messages say them: exact, with their unit, in plain text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal

from babel.dates import format_date

from vcanalytics.display import formats


def money(amount: Decimal, currency: str) -> str:
    """``$3,924.41``."""
    return formats.money(amount, currency)


def change(now: Decimal, before: Decimal) -> str:
    """``+10.2 %``: a change as a share of what was ``before``, which is not zero."""
    return f"{float((now - before) / abs(before)) * 100:+,.1f} %"


def count(number: int) -> str:
    """``2,330``."""
    return formats.count(number)


def counted(number: int, one: str, several: str) -> str:
    """``1 component``, ``12 components``."""
    return f"{count(number)} {one if number == 1 else several}"


def tally(numbers: Mapping[str, int]) -> str:
    """``3 critical, 1 warning``, in the order given; ``none``."""
    said = [f"{count(number)} {name}" for name, number in numbers.items() if number]
    return ", ".join(said) or "none"


def percent(share: float, digits: int = 1) -> str:
    """``74.5 %``."""
    return f"{share * 100:.{digits}f} %"


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def day(of: date) -> str:
    """``Thursday, 26 November 2026``."""
    return format_date(of, "EEEE, d MMMM y", locale=formats.LOCALE)


def moment(instant: datetime, zone: tzinfo, now: datetime) -> str:
    """``02:10:31 +0100`` today, else ``27 Nov 2026, 02:10 +0100``: the zone's wall clock."""
    local = instant.astimezone(zone)
    offset = local.strftime("%z")
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M:%S} {offset}"
    return f"{format_date(local.date(), 'd MMM y', locale=formats.LOCALE)}, {local:%H:%M} {offset}"
