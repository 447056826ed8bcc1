"""Numbers and times as text, made on the server: exact, with unit, two units of time at most.

All spaces before units are non-breaking, minus is ASCII where Streamlit reads the sign.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from rich.filesize import decimal

from vcanalytics.model.money import minor_digits, round_money

#: The language of words; numbers are written as ``write_numbers_as`` says.
LOCALE: Final = "en"
NBSP: Final = "\u00a0"
ABSENT: Final = "\u2013"

# Babel reads its patterns anew for each number: what a page says again and again is kept.

#: Below this share a change is drawn grey: noise is not news.
QUIET_SHARE: Final = 0.02

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$^=&@])")


class _Numbers:
    """How numbers are written: one way for the whole process, by its settings."""

    def __init__(self, locale: str) -> None:
        self.locale = Locale.parse(locale)
        self.groups: str = self.locale.decimal_formats[None].pattern.partition(".")[0]
        self.point = str(self.locale.number_symbols["latn"]["decimal"])


_numbers = _Numbers(LOCALE)


def write_numbers_as(locale: str) -> None:
    """Write numbers and money as people of ``locale`` do (``en``, ``en_IN``, ``de``) from now on.

    Raises UnknownLocaleError or ValueError for what is none.
    """
    global _numbers  # noqa: PLW0603 - a setting of the process, like its zone database
    if str(_numbers.locale) == locale:
        return
    _numbers = _Numbers(locale)
    for kept in (money, money_plain, count):
        kept.cache_clear()


def number(
    value: float | Decimal, digits: int = 0, *, sign: bool = False, trimmed: bool = False
) -> str:
    """A number with ``digits`` decimals in the locale's groups; minus is ASCII everywhere.

    ``sign``: with a plus, too; ``trimmed``: without zeros at the end of the decimals.
    """
    pattern = _pattern(digits, "#" if trimmed else "0")
    if sign:
        pattern = f"+{pattern};-{pattern}"
    return _ascii_minus(format_decimal(value, pattern, locale=_numbers.locale))


def _ascii_minus(text: str) -> str:
    return text.replace("\u2212", "-").replace("\u200e", "").replace("\u200f", "")


def _pattern(digits: int, digit: str) -> str:
    return _numbers.groups + ("." + digit * digits if digits else "")


@lru_cache(maxsize=8192)
def money(amount: Decimal, currency: str) -> str:
    """Exact, with the currency's sign and digits: ``$3,924.41``."""
    return _ascii_minus(
        format_currency(round_money(amount, currency), currency, locale=_numbers.locale)
    )


@lru_cache(maxsize=8192)
def money_plain(amount: Decimal, currency: str) -> str:
    """Exact, without a sign, for where the unit stands in the head: ``3,924.41``."""
    return number(round_money(amount, currency), minor_digits(currency))


def money_short(amount: Decimal, currency: str) -> str:
    """What something is compared with: ``$108k``, ``$4,961``, ``$54.92``."""
    size = abs(amount)
    if size < 1_000:
        return money(amount, currency)
    for limit, divisor, suffix in ((100_000_000, 1_000_000, "M"), (100_000, 1_000, "k")):
        if size >= limit:
            return _whole(round(amount / divisor), currency, suffix)
    return _whole(int(amount.to_integral_value(ROUND_HALF_EVEN)), currency, "")


def _whole(amount: int, currency: str, suffix: str) -> str:
    """A whole amount with the currency's sign where the locale has it, ``suffix`` at its digits."""
    pattern = _numbers.locale.currency_formats["standard"].pattern
    plain = re.sub(r"\.0+", "", pattern)
    text = format_currency(amount, currency, plain, locale=_numbers.locale, currency_digits=False)
    last = max(i for i, char in enumerate(text) if char.isdigit())
    return _ascii_minus(text[: last + 1] + suffix + text[last + 1 :])


@lru_cache(maxsize=4096)
def count(whole: int) -> str:
    """``2,330``."""
    return number(whole)


def counted(whole: int, one: str, several: str) -> str:
    """``1 row``, ``2,330 rows``."""
    return f"{count(whole)} {one if whole == 1 else several}"


def rate(share: float | None) -> str:
    """``74.5 %``; a dash where nothing was tried."""
    if share is None:
        return ABSENT
    return f"{number(share * 100, 1)}{NBSP}%"


def duration(seconds: float, units: int = 2) -> str:
    """So many units at most: ``210 ms``, ``2.42 s``, ``1 min 52 s``, ``8 d 19 h``."""
    if seconds < 0:
        return "-" + duration(-seconds, units)
    if round(seconds, 3) < 1:
        return f"{seconds * 1000:.0f}{NBSP}ms"
    if round(seconds, 2) < 10 and seconds != int(seconds):
        return f"{number(seconds, 2)}{NBSP}s"
    rest = round(seconds)
    parts: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        whole, rest = divmod(rest, size)
        if whole or parts:
            parts.append((whole, unit))
        if len(parts) == units:
            break
    return " ".join(f"{whole}{NBSP}{unit}" for whole, unit in parts if whole)


def milliseconds(value_ms: float | None) -> str:
    """How long something took: ``3.9 ms``, ``210 ms``, ``2.42 s``; a dash where nothing was."""
    if value_ms is None:
        return ABSENT
    if value_ms < 10:
        return f"{number(value_ms, 1)}{NBSP}ms"
    return duration(value_ms / 1000)


def size(size_bytes: float | None) -> str:
    """``12.4 MB``, in powers of a thousand; a dash where it is not known."""
    if size_bytes is None:
        return ABSENT
    text = decimal(int(size_bytes)).replace(" bytes", " B").replace(" byte", " B")
    size_text, _, unit = text.partition(" ")
    written = size_text.replace(",", "").replace(".", _numbers.point)
    return f"{written}{NBSP}{unit}"


def percent(value: float | None, digits: int = 0) -> str:
    """A share that is in percent already: ``33 %``."""
    if value is None:
        return ABSENT
    return f"{number(value, digits)}{NBSP}%"


def age(seconds: float, units: int = 2) -> str:
    """How old something is, in whole seconds; never "now"."""
    return duration(max(1, int(seconds)), units)


def clock(instant: datetime, zone: tzinfo, *, seconds: bool = True) -> str:
    """``18:42:08`` on the zone's wall clock."""
    return instant.astimezone(zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(instant: datetime, zone: tzinfo, *, weekday: bool = False, year: bool = False) -> str:
    """``20 Nov``, ``Thu 19`` or ``20 Nov 2025``."""
    pattern = "EEE d" if weekday else "d MMM y" if year else "d MMM"
    return _date(instant.astimezone(zone).date(), pattern)


@lru_cache(maxsize=4096)
def _date(day: date, pattern: str) -> str:
    return format_date(day, pattern, locale=LOCALE)


def moment(instant: datetime, zone: tzinfo, now: datetime) -> str:
    """As short as is clear: ``18:42:08`` today, ``20 Nov, 12:07`` this year, else with the year."""
    local, today = instant.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return clock(instant, zone)
    text = day(instant, zone, year=local.year != today.year)
    return f"{text}, {clock(instant, zone, seconds=False)}"


def full(instant: datetime, zone: tzinfo) -> str:
    """``2026-11-20 12:07:31 +05:30``: what a tooltip says."""
    text = instant.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    return f"{text[:19]} {text[19:]}"


def share_of_change(now: Decimal | float, before: Decimal | float) -> float | None:
    """Change as a share of what was before; None where nothing was before."""
    return (
        None
        if not before
        else float((Decimal(str(now)) - Decimal(str(before))) / Decimal(str(before)))
    )


def signed_percent(share: float) -> str:
    """``+10.2 %``; a plain 0 where nothing changed: any other zero would get an arrow."""
    if round(share, 3) == 0:
        return "0"
    return f"{number(share * 100, 1, sign=True)}{NBSP}%"


def signed_points(difference: float) -> str:
    """A difference of rates, in percentage points: ``+9.4 pp``."""
    if round(difference, 3) == 0:
        return "0"
    return f"{number(difference * 100, 1, sign=True)}{NBSP}pp"


def signed_count(difference: int) -> str:
    """``+7``."""
    return number(difference, sign=True) if difference else "0"


def literal(text: str) -> str:
    """Customer text that Markdown leaves alone: every mark it knows is escaped, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Customer text as inline code, whatever backticks it holds."""
    flat = " ".join(text.split())
    runs = [len(run) for run in re.findall(r"`+", flat)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}" if flat else ""


def spread(steps: timedelta) -> str:
    """Time since the step before: ``+3 min 22 s``."""
    return "+" + duration(max(1.0, float(round(steps.total_seconds()))))
