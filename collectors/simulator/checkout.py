"""A visit to the checkout: one payment or, after a failure, several."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from collectors.simulator.attempt import ERRORS, Attempt
from collectors.simulator.outages import Weather
from collectors.simulator.payment import Payment, Price, draw_price, payment_id
from collectors.simulator.people import People, as_typed
from collectors.simulator.rhythm import Region
from collectors.simulator.sessions import Sessions
from collectors.simulator.steps import Step

#: How payments end, in per mille of all attempts, on a day without an outage.
FATES: Final[dict[str, float]] = {
    "completed": 813,
    "no_mail": 3,
    "no_account": 1.5,
    "abandoned": 55,
    "left_pending": 8,
    "order_failed": 40,
    "capture_failed": 38,
    "account_exists": 3,
    "timed_out": 10,
    "string_undefined": 2,
    "database_locked": 9,
    "no_result": 8,
    "no_json": 7.5,
    "cancelled": 2,
}
#: After these a customer may try again: no money was taken, and they were told so.
_TRY_AGAIN: Final = frozenset({"order_failed", "capture_failed", *ERRORS} - {"string_undefined"})
_OUTAGE_FATES: Final[dict[str, float]] = {"order_failed": 50, "timed_out": 20, "capture_failed": 12}
_OUTAGE_HITS_SHARE: Final = 0.82
_ATTEMPTS_MAX: Final = 6
_PATIENCE_SHARE: Final = 0.33  # of those who were told so
_COMES_IN_SHARE: Final = 0.5  # of those who got an account and its mail
_TESTERS_SHARE: Final = 0.0002  # of visits: someone who tries cards or prices


class Visit(NamedTuple):
    """The steps of a visit: its payments and, ``later``, what days afterwards becomes of them."""

    steps: list[Step]
    later: list[Step]


class Checkout:
    """Makes the steps of visits. ``zone`` is that of the shop's host, for its local columns."""

    def __init__(
        self, people: People, weather: Weather, sessions: Sessions, zone: ZoneInfo, seed: int
    ) -> None:
        self._people = people
        self._weather = weather
        self._sessions = sessions
        self._zone = zone
        self._seed = seed

    def visit(self, rng: random.Random, at: datetime, region: Region) -> Visit:
        """One customer's payments from ``at`` on, and the cases and refunds they lead to."""
        if rng.random() < _TESTERS_SHARE:
            return self._try_cards(rng, at, region)
        owner = self._people.visitor(rng, region)
        price = draw_price(rng)
        visit = Visit([], [])
        for _ in range(_ATTEMPTS_MAX):
            fate = self._fate(rng, at)
            payment = Payment(payment_id(rng, at), at, as_typed(rng, owner), owner, price)
            self._attempt(rng, payment, region, fate, visit)
            if fate not in _TRY_AGAIN or rng.random() > _PATIENCE_SHARE:
                break
            at += timedelta(seconds=15 + rng.expovariate(1 / 170))
        return visit

    def _try_cards(self, rng: random.Random, at: datetime, region: Region) -> Visit:
        """Someone who pays 0.01, or too often: more than three attempts within an hour."""
        owner = self._people.address(rng, region)
        visit = Visit([], [])
        for number in range(rng.randrange(4, 8)):
            fate = rng.choice(("capture_failed", "capture_failed", "abandoned", "order_failed"))
            if number and rng.random() < 0.2:
                fate = "completed"
            price = Price(0.01, 0.01) if rng.random() < 0.6 else draw_price(rng)
            payment = Payment(payment_id(rng, at), at, owner, owner, price)
            self._attempt(rng, payment, region, fate, visit)
            at += timedelta(seconds=40 + rng.expovariate(1 / 200))
        return visit

    def _fate(self, rng: random.Random, at: datetime) -> str:
        fates = FATES
        if self._weather.down("paypal", at) and rng.random() < _OUTAGE_HITS_SHARE:
            fates = _OUTAGE_FATES
        return rng.choices(list(fates), list(fates.values()))[0]

    def _attempt(
        self, rng: random.Random, payment: Payment, region: Region, fate: str, visit: Visit
    ) -> None:
        attempt = Attempt(rng, payment, region, self._people, self._weather, self._zone, self._seed)
        attempt.run(fate)
        visit.steps.extend(attempt.steps)
        visit.later.extend(attempt.later)
        if attempt.invited and rng.random() < _COMES_IN_SHARE:
            at = attempt.invited_at + timedelta(seconds=40 + rng.expovariate(1 / 400))
            visit.steps.extend(self._sessions.session(rng, at, attempt.invited, region))
