"""When the demo shop's customers come: by region, local hour and weekday, more from week to week.

Everything here is a function of the time and a seed, so that a stretch of the shop's life is the
same however it is cut into runs.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Region:
    """Customers who live by one clock. ``share`` of all of them, in [0, 1]."""

    zone: ZoneInfo
    share: float
    addresses: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    domains: tuple[str, ...]


_MAILERS: Final = ("gmail.com",) * 5 + ("yahoo.com", "outlook.com", "hotmail.com", "protonmail.com")

REGIONS: Final = (
    Region(
        ZoneInfo("Asia/Kolkata"),
        0.36,
        ("103.21", "49.36", "103.146"),
        ("aarav", "priya", "dev", "sanjay", "tara", "nadia", "ishaan", "meera"),
        ("sharma", "patel", "iyer", "reddy", "khan", "gupta", "nair"),
        (*_MAILERS, "example.in"),
    ),
    Region(
        ZoneInfo("Europe/Berlin"),
        0.27,
        ("82.60", "91.12", "2.204"),
        ("lena", "bjorn", "elena", "marta", "ivan", "carla", "zoe", "quinn"),
        ("weber", "muller", "novak", "rossi", "garcia", "dubois", "costa"),
        (*_MAILERS, "studio-nord.de", "atelier.fr", "printworks.co.uk"),
    ),
    Region(
        ZoneInfo("America/New_York"),
        0.17,
        ("73.198", "98.116"),
        ("grace", "ben", "rosa", "kofi", "vera", "jose"),
        ("smith", "jones", "okafor", "lopez", "haddad"),
        _MAILERS,
    ),
    Region(
        ZoneInfo("America/Los_Angeles"),
        0.08,
        ("76.14", "104.32"),
        ("grace", "wei", "jia", "ana", "ben"),
        ("kim", "smith", "lopez", "jones"),
        _MAILERS,
    ),
    Region(
        ZoneInfo("Asia/Tokyo"),
        0.07,
        ("126.51", "60.74"),
        ("hana", "jia", "wei", "yara"),
        ("tanaka", "kim", "sato", "mori"),
        _MAILERS,
    ),
    Region(
        ZoneInfo("America/Sao_Paulo"),
        0.05,
        ("177.32", "189.6"),
        ("ana", "umar", "omar", "farid", "jose"),
        ("silva", "costa", "lopez", "garcia"),
        _MAILERS,
    ),
)

_HOURS: Final = (
    *(0.30, 0.18, 0.12, 0.09, 0.09, 0.14, 0.28, 0.55, 0.95, 1.30, 1.50, 1.55),
    *(1.35, 1.40, 1.55, 1.60, 1.50, 1.40, 1.35, 1.40, 1.45, 1.30, 0.95, 0.55),
)
_WEEKDAYS: Final = (1.13, 1.15, 1.14, 1.12, 1.06, 0.74, 0.66)  # Monday first
_HOUR_WEIGHT: Final = tuple(weight * 24 / sum(_HOURS) for weight in _HOURS)
_DAY_WEIGHT: Final = tuple(weight * 7 / sum(_WEEKDAYS) for weight in _WEEKDAYS)

#: Visits to the checkout on the shop's first day; they double every 26 days for 90 days, to eleven
#: times as many, and then stay: about the rate at which the living shop goes on.
FIRST_DAY_VISITS: Final = 80.0
_DOUBLING: Final = timedelta(days=26)
_GROWING: Final = timedelta(days=90)
#: What else happens for each visit to the checkout: users who come without buying, pages served.
PER_VISIT: Final = {"session": 0.1, "served": 0.6}
#: No hour of the week is busier than so many times the average.
BUSTLE_MAX: Final = 1.7


def chance(*parts: object) -> random.Random:
    """The randomness of one named thing: the same parts give the same draws, in any process."""
    return random.Random(":".join(str(part) for part in parts))  # noqa: S311 - a play, no secret


def visits_per_hour(region: Region, at: datetime, opened: datetime) -> float:
    """How many customers of a region come to the checkout in the hour around ``at``."""
    weight = _weight(region.zone, at.replace(minute=30, second=0, microsecond=0))
    return visits_per_day(at, opened) / 24 * region.share * weight


def visits_per_day(at: datetime, opened: datetime) -> float:
    """How many customers come to the checkout on a day of average bustle around ``at``."""
    age = min(max(at - opened, timedelta()), _GROWING)
    return float(FIRST_DAY_VISITS * 2 ** (age / _DOUBLING))


@lru_cache(maxsize=1024)
def _weight(zone: ZoneInfo, at: datetime) -> float:
    local = at.astimezone(zone)
    return _HOUR_WEIGHT[local.hour] * _DAY_WEIGHT[local.weekday()]


def bustle(at: datetime) -> float:
    """How busy the hour is over all regions, 1.0 on the average, at most BUSTLE_MAX."""
    return sum(
        region.share * _weight(region.zone, at.replace(minute=30, second=0, microsecond=0))
        for region in REGIONS
    )


def draw_region(rng: random.Random, at: datetime) -> Region:
    """The region someone who comes now is from."""
    moment = at.replace(minute=30, second=0, microsecond=0)
    weights = [region.share * _weight(region.zone, moment) for region in REGIONS]
    return rng.choices(REGIONS, weights)[0]


def draw_count(rng: random.Random, mean: float) -> int:
    """How many of something happen where ``mean`` are expected (Poisson; for small means)."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def draw_around(rng: random.Random, median: float, spread: float = 0.5) -> float:
    """A duration around ``median`` with a long tail above (lognormal)."""
    return median * math.exp(rng.gauss(0.0, spread))
