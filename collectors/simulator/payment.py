"""One payment at the demo shop: what it is called, what it costs, and what is logged about it."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from collectors.simulator.steps import Cell, Step, as_json, insert, stamp

_SIGNS: Final = string.ascii_uppercase + string.digits

#: List price, coupons and larger plans, in USD, with their shares in per mille.
PRICES: Final = {49: 800, 99: 70, 149: 41, 29.4: 40, 39.2: 23, 44.1: 11}
#: Odd ones, in per mille: what a browser or a hand can put into the column.
ODD: Final = {
    "cents": 6,
    "tampered": 0.3,
    "nothing": 0.2,
    "null": 0.4,
    "text": 0.3,
    "large": 0.3,
    "euro": 0.8,
    "differs": 0.2,
}
_KINDS: Final[tuple[int | float | str, ...]] = (*PRICES, *ODD)
_WEIGHTS: Final = (*PRICES.values(), *ODD.values())
_LARGE: Final = (1190, 1490, 2450)


class Price(NamedTuple):
    """``amount`` stands in the column; ``captured`` and ``currency`` are what PayPal takes."""

    amount: Cell
    captured: float
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay: by ``owner``, who typed that address as ``email``."""

    transaction_id: str
    at: datetime
    email: str
    owner: str
    price: Price

    def log(
        self,
        at: datetime,
        level: str,
        message: str,
        details: Mapping[str, object] | None = None,
        email: str | None = None,
        component: str = "payment",
    ) -> Step:
        """A line of the application's log about this payment."""
        return insert(
            at,
            "system_logs",
            {
                "level": level,
                "component": component,
                "message": message,
                "details": as_json(details) if details else None,
                "user_email": email,
                "transaction_id": self.transaction_id,
                "created_at": stamp(at),
            },
        )


def payment_id(rng: random.Random, at: datetime) -> str:
    """VectorCraft's id of a payment begun at ``at``."""
    return f"VC_{int(at.timestamp())}_{rng.getrandbits(32):08x}"


def random_code(rng: random.Random, length: int) -> str:
    """A code as PayPal gives them: capital letters and digits."""
    return "".join(rng.choices(_SIGNS, k=length))


def draw_price(rng: random.Random) -> Price:
    """What someone pays, as the column and as PayPal have it."""
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    if not isinstance(kind, str):
        return Price(kind, float(kind))
    if kind == "cents":
        cents = round(rng.uniform(5, 165), 2)
        return Price(cents, cents)
    large = rng.choice(_LARGE)
    return {
        "tampered": Price(0.01, 0.01),
        "nothing": Price(0, 0.0),
        "null": Price(None, 49.0),
        "text": Price("49,00", 49.0),
        "large": Price(large, float(large)),
        "euro": Price(49, 45.0, "EUR"),
        "differs": Price(49, 0.01),
    }[kind]
