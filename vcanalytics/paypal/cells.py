"""Amounts, dates and zones as PayPal writes them in many countries; each file in one way alone.

What is written is told from the file's own evidence. What could be read in two ways is refused,
never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from vcanalytics.model.money import AMOUNT_LIMIT, minor_digits
from vcanalytics.model.times import known_zones, read_zone, resolve

#: Blanks that group digits, and dashes that stand for a minus.
_BLANKS: Final = dict.fromkeys(map(ord, " \u00a0\u202f\u2009'\u2019"))
_MINUS: Final = dict.fromkeys(map(ord, "\u2212\u2013\u2010\u2011\ufe63\uff0d"), "-")
_CENTS: Final = re.compile(r"[0-9]([.,])[0-9]{1,2}[^0-9]*$", re.ASCII)
_BOTH: Final = re.compile(r"\..*(,)|,.*(\.)", re.ASCII)
_PLAIN: Final = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_DAY: Final = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{2,4})", re.ASCII)
_TIME: Final = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s*([AaPp]\.?[Mm]\.?)?", re.ASCII
)
_OFFSET: Final = re.compile(r"(?:GMT|UTC)?\s*([+-])([0-9]{1,2}):?([0-9]{2})?", re.ASCII)
_SIGNS_MAX: Final = 64

#: Abbreviations that mean one offset wherever PayPal is used, in minutes. IST, CST, AST and others
#: mean several: they are taken from the zone that was named.
_ABBREVIATIONS: Final = {
    "UTC": 0,
    "GMT": 0,
    "WET": 0,
    "WEST": 60,
    "CET": 60,
    "MET": 60,
    "CEST": 120,
    "MEZ": 60,
    "MESZ": 120,
    "EET": 120,
    "EEST": 180,
    "MSK": 180,
    "PST": -480,
    "PDT": -420,
    "MST": -420,
    "MDT": -360,
    "CDT": -300,
    "EST": -300,
    "EDT": -240,
    "AKST": -540,
    "AKDT": -480,
    "HST": -600,
    "BRT": -180,
    "HKT": 480,
    "SGT": 480,
    "JST": 540,
    "KST": 540,
    "AWST": 480,
    "AEST": 600,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
}


class Order(StrEnum):
    """In what order a date's parts stand."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class Unreadable(ValueError):
    """A cell holds nothing that could be read; the text says what and why."""


@dataclass(slots=True)
class Evidence:
    """What a file's lines have shown of how its dates and amounts are written."""

    orders: set[Order] = field(default_factory=set)
    #: A date was seen that has two readings.
    doubtful: str = ""
    signs: set[str] = field(default_factory=set)

    @property
    def enough(self) -> bool:
        """Nothing that comes could change what was seen, unless it contradicts it."""
        return bool(self.orders) and bool(self.signs)

    def see_date(self, text: str) -> None:
        parts = _DAY.fullmatch(text.strip())
        if parts is None:
            return
        first, sign, second, last = parts.group(1), *parts.group(2, 3, 4)
        if len(first) == 4:
            self.orders.add(Order.YMD)
        elif sign == "." or int(first) > 12:
            # With points the day comes first, everywhere.
            self.orders.add(Order.DMY)
        elif int(second) > 12:
            self.orders.add(Order.MDY)
        elif int(first) != int(second) and len(last) >= 2:
            self.doubtful = self.doubtful or text.strip()

    def see_amount(self, text: str) -> None:
        if (both := _BOTH.search(text)) is not None:
            self.signs.add(both.group(1) or both.group(2))
        elif (cents := _CENTS.search(text)) is not None:
            self.signs.add(cents.group(1))


@lru_cache(maxsize=16_384)
def read_amount(text: str, decimal: str, currency: str) -> Decimal:
    """The exact amount of a cell, whose decimals follow ``decimal``: a point, a comma, or unknown.

    Raises Unreadable.
    """
    cut = text.strip().translate(_MINUS)
    negative = cut.startswith("-") or cut.endswith("-") or (cut[:1] == "(" and cut[-1:] == ")")
    digits = cut.strip("+-() \u00a0").translate(_BLANKS)
    if len(digits) > _SIGNS_MAX:
        raise Unreadable(f"an amount of {len(digits):,} characters")
    grouping = {".": ",", ",": "."}.get(decimal)
    if grouping is None:
        # No line showed how decimals are written. Then there are none, and groups stand of three.
        if re.search(r"[.,]", digits) and minor_digits(currency) > 0:
            raise Unreadable(f"{_short(text)} could be read in two ways")
        digits = _ungrouped(_ungrouped(digits, ","), ".")
    else:
        whole, sign, cents = digits.partition(decimal)
        digits = _ungrouped(whole, grouping) + ("." + cents if sign else "")
    if _PLAIN.fullmatch(digits) is None:
        raise Unreadable(f"{_short(text)} is no amount")
    amount = -Decimal(digits) if negative else Decimal(digits)
    exponent = amount.as_tuple().exponent
    if abs(amount) >= AMOUNT_LIMIT or (isinstance(exponent, int) and exponent < -4):
        raise Unreadable(f"{_short(text)} is no price")
    return amount


def _ungrouped(digits: str, sign: str) -> str:
    """Digits without ``sign``, where it parts groups of three; else as they are."""
    if sign not in digits:
        return digits
    head, *groups = digits.split(sign)
    well = 1 <= len(head) <= 3 and all(len(group) == 3 for group in groups)
    # In India lakhs are grouped by two: 1,23,456.
    lakhs = bool(groups) and len(groups[-1]) == 3 and all(len(g) == 2 for g in groups[:-1])
    return head + "".join(groups) if well or (lakhs and 1 <= len(head) <= 2) else digits


@lru_cache(maxsize=4_096)
def read_day(text: str, order: Order) -> int:
    """The day as its ordinal. Raises Unreadable."""
    parts = _DAY.fullmatch(text.strip())
    if parts is None:
        raise Unreadable(f"{_short(text)} is no date")
    first, second, last = int(parts.group(1)), int(parts.group(3)), int(parts.group(4))
    if (order is Order.YMD) != (len(parts.group(1)) == 4):
        raise Unreadable(f"{_short(text)} is written unlike the other dates")
    if order is Order.YMD:
        year, month, day = first, second, last
    else:
        day, month = (first, second) if order is Order.DMY else (second, first)
        year = last if len(parts.group(4)) == 4 else 2000 + last
    if not 2000 <= year < 2100:
        raise Unreadable(f"{_short(text)} lies outside 2000 to 2099")
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        raise Unreadable(f"{_short(text)} is no date, read as {order.value.upper()}") from None


@lru_cache(maxsize=131_072)
def read_clock(text: str) -> int:
    """Seconds since midnight. Raises Unreadable."""
    parts = _TIME.fullmatch(text.strip())
    if parts is None:
        raise Unreadable(f"{_short(text)} is no time")
    hour, minute, second = (int(part or 0) for part in parts.group(1, 2, 3))
    if half := parts.group(4):
        if not 1 <= hour <= 12:
            raise Unreadable(f"{_short(text)} is no time")
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise Unreadable(f"{_short(text)} is no time")
    return hour * 3_600 + minute * 60 + second


@lru_cache(maxsize=1_024)
def read_offset(text: str, named: tzinfo) -> tzinfo:
    """The zone of a line; ``named`` where it says none, or an abbreviation of that zone's own.

    Raises Unreadable.
    """
    cut = text.strip()
    if not cut:
        return named
    minutes = _ABBREVIATIONS.get(cut.upper())
    if minutes is not None:
        return timezone(timedelta(minutes=minutes))
    if cut in known_zones():
        return read_zone(cut)
    found = _OFFSET.fullmatch(cut.translate(_MINUS))
    if found is not None:
        size = timedelta(hours=int(found.group(2)), minutes=int(found.group(3) or 0))
        if size < timedelta(hours=24):
            return timezone(-size if found.group(1) == "-" else size)
    for month in (1, 7):
        own = datetime(2026, month, 1, tzinfo=named)
        if own.tzname() == cut.upper():
            return timezone(own.utcoffset() or timedelta())
    raise Unreadable(f"{_short(text)} is an unknown time zone; --zone names one that has it")


def instant_us(day: int, second: int, zone: tzinfo) -> int:
    """The instant, in microseconds since 1970 UTC."""
    if isinstance(zone, timezone):
        offset = zone.utcoffset(None)
        seconds = (day - _EPOCH_DAY) * 86_400 + second - int(offset.total_seconds())
        return seconds * 1_000_000
    local = datetime.combine(date.fromordinal(day), datetime.min.time()) + timedelta(seconds=second)
    return int(resolve(local, zone).timestamp()) * 1_000_000


_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


def _short(text: str) -> str:
    cut = " ".join(text.split())
    return repr(cut if len(cut) <= 40 else f"{cut[:39]}…")
