"""What a new shop starts with: its administrator, earlier customers, and the app's sample rows."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Final

from collectors.simulator.database import add_row
from collectors.simulator.payment import random_code
from collectors.simulator.people import Account, People, region_of
from collectors.simulator.rhythm import chance
from collectors.simulator.steps import Cell, stamp

_EARLIER_CUSTOMERS: Final = 120
_SAMPLES: Final = 13
_INACTIVE_SHARE: Final = 0.04


def open_shop(connection: sqlite3.Connection, seed: int, opened: datetime) -> People:
    """Write the accounts that stand before the first sale, and return who they are."""
    people = People()
    rng = chance(seed, "opening")
    for number in range(_EARLIER_CUSTOMERS + 1):
        if number == 0:
            account = Account(1, "admin", "admin@vectorcraft.com")
            people.next_user_id = 2
        else:
            account, _ = people.open_account(rng, people.address(rng, region_of(rng)))
        values: dict[str, Cell] = {
            "id": account.user_id,
            "username": account.username,
            "email": account.email,
            "password_hash": f"$2b$04$demo.{random_code(rng, 48)}",
            "salt": f"$2b$04$demo.{random_code(rng, 17)}",
            "created_at": stamp(opened - timedelta(hours=4 * (_EARLIER_CUSTOMERS - number))),
            "is_active": int(number == 0 or rng.random() >= _INACTIVE_SHARE),
        }
        if number == 0:
            values["created_at"] = stamp(opened)
        add_row(connection, "users", values)
    return people


def add_samples(connection: sqlite3.Connection, seed: int, now: datetime) -> None:
    """The rows VectorCraft's own sample script leaves among the real ones."""
    rng = chance(seed, "samples")
    for number in range(_SAMPLES):
        status = rng.choice(("completed", "pending", "failed"))
        created = now - timedelta(days=rng.randrange(2, 30))
        begun = "TEST" if number >= 10 else "TXN"
        values: dict[str, Cell] = {
            "transaction_id": f"{begun}_{int(now.timestamp())}_{number:03d}",
            "email": f"sample{number}@example.com",
            "username": f"sample{number}",
            "amount": rng.choice((49, 99, 149)),
            "currency": "USD",
            "paypal_order_id": f"PP_{random_code(rng, 16)}",
            "status": status,
            "user_created": int(status == "completed"),
            "email_sent": int(status == "completed"),
            "created_at": stamp(created),
            "metadata": '{"ip": "192.168.1.197", "user_agent": "Mozilla/5.0"}',
        }
        if status == "completed":
            # The script draws both times apart, so some are completed before they are created.
            values["completed_at"] = stamp(now - timedelta(days=rng.randrange(2, 30)))
            values["paypal_payment_id"] = f"PAY_{random_code(rng, 20)}"
        if status == "failed":
            values["error_message"] = "Payment processing failed"
        add_row(connection, "transactions", values)
