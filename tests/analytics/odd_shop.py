"""A shop of every oddity that the source page names, around a change of clocks; from a seed."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from tests.shop import Shop, make_shop, metadata, utc_text

DAY: Final = timedelta(days=1)


class OddShop:
    """``open`` it, look, let it ``go_on``, look again. ``zone`` is that of its host."""

    CODES: Final = ("USD", "USD", "USD", "EUR", "JPY", "KWD", None, "usd", "dollar")
    AMOUNTS: Final = (49, 29.4, 0.01, 0, -5, "19.99", " 7.5 ", "49,00", None, 1000.01, 0.125, 1e3)
    STATUSES: Final = (
        *("completed",) * 6,
        *("pending", "awaiting_payment", "failed", "error", "refunded", "cancelled", "who knows"),
    )
    ERRORS: Final = (
        None,
        "declined",
        "name 'string' is not defined",
        "User with email x@example.com already exists",
        "User with email x@example.com already exists?",
    )
    PEOPLE: Final = ("ann@example.com", " Ann@Example.COM", "bo@mailinator.com", "", "c@d.e")

    def __init__(self, path: Path, change: datetime, zone: ZoneInfo, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same rows each time
        self.change = change
        self.zone = zone
        self.shop: Shop = make_shop(path)
        self.names: list[str] = []

    def moment(self) -> datetime:
        pick = self.random
        if pick.random() < 0.3:
            # On an edge, or a second beside it.
            hours = pick.randrange(-48, 48)
            return self.change + timedelta(hours=hours, seconds=pick.choice((-1, 0, 0, 1)))
        return self.change + timedelta(seconds=pick.randrange(-5 * 86_400, 5 * 86_400))

    def open(self) -> None:
        with self.shop.batch():
            for number in range(160):
                self._payment(number)
            for number in range(8):
                self._burst(f"eager{number}@example.com")
            for _ in range(300):
                self._measured()

    def _payment(self, number: int) -> None:
        pick, begun = self.random, self.moment()
        name = f"{pick.choice(('VC_', 'VC_', 'VC_', 'VC_', 'TEST_', 'TXN_'))}{number}"
        status = pick.choice(self.STATUSES)
        paid = json.loads(
            metadata(pick.choice(self.AMOUNTS[:10]), pick.choice(("USD", "USD", "EUR", "JPY")))
        )
        if status == "refunded":
            paid = {"refund_case_id": f"CASE_{pick.randrange(160)}"}
        done = utc_text(begun + timedelta(seconds=pick.randrange(-60, 7_200)))
        self.names.append(name)
        self.shop.transaction(
            name,
            created_at=utc_text(begun).replace(" ", pick.choice(" T")),
            completed_at=pick.choice((done, done, None, "soon")),
            status=status,
            amount=pick.choice(self.AMOUNTS),
            currency=pick.choice(self.CODES),
            email=pick.choice(self.PEOPLE),
            email_sent=pick.choice((0, 1, None)),
            user_created=pick.choice((0, 1)),
            error_message=pick.choice(self.ERRORS),
            metadata=pick.choice((json.dumps(paid), json.dumps(paid), None, "{broken", "[1]")),
        )
        if pick.random() < 0.2:
            settled = pick.random() < 0.6
            self.shop.dispute(
                f"CASE_{number}",
                name,
                status=pick.choice(("resolved", "lost", "won") if settled else ("open", "lost")),
                created_at=utc_text(begun + DAY),
                resolved_at=utc_text(self.moment()) if settled else None,
            )

    def _burst(self, email: str) -> None:
        """Attempts by one buyer of which four take an hour, or a second more or less."""
        begun = self.moment()
        for number in range(self.random.randrange(3, 7)):
            begun += timedelta(minutes=20, seconds=self.random.choice((-1, 0, 0, 0, 1)))
            name = f"VC_{email}_{number}"
            self.shop.transaction(name, created_at=utc_text(begun), email=email.upper())

    def _measured(self) -> None:
        pick = self.random
        local = self.moment().astimezone(self.zone).replace(tzinfo=None)
        self.shop.metric(
            metric_type=pick.choice(("request_time", "request_time", "database_query")),
            endpoint=pick.choice(("index", "login", "one")),
            value=pick.choice((pick.random() * 1e4, pick.expovariate(1 / 80), 0, 7)),
            status=pick.choice(("success", "success", "healthy", "error", "odd")),
            timestamp=f"{local}",
        )

    def go_on(self) -> None:
        """What becomes of it by the second look: captures, refunds, deletions, new cases."""
        pick = self.random
        for name in self.names:
            fate = pick.random()
            if fate < 0.15:
                with_case = pick.random() < 0.5
                self.shop.refund(name, with_case=with_case, resolved_at=utc_text(self.moment()))
            elif fate < 0.3:
                self.shop.complete(name, amount=pick.choice(self.AMOUNTS[:4]))
            elif fate < 0.35:
                self.shop.delete(name)
            elif fate < 0.4:
                self.shop.update(name, status=pick.choice(("failed", "error")))
