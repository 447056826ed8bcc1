"""What the shop does for those who paid and were not served: within two weeks, mostly within days.

When, and whether at all, hangs on the payment's id alone, so that what the made past or a gap left
open is put right by the living shop without it remembering anything.
"""

from __future__ import annotations

import json
import random
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from collectors.simulator.cases import Case, End, case_id_for, ending_steps, logged, opening_steps
from collectors.simulator.mails import sent_steps
from collectors.simulator.payment import random_code
from collectors.simulator.rhythm import chance
from collectors.simulator.steps import Step, as_json, stamp, update
from vcanalytics.model.times import read_instant

_NEVER_SHARE: Final = 0.03
_MEAN_DAYS: Final = 3.0
_LONGEST: Final = timedelta(days=14)
_TO_REFUND: Final = timedelta(minutes=20)
#: Newest payments among which those not served are looked for, and how many are taken at once.
_RECENT_PAYMENTS: Final = 20_000
_AT_ONCE: Final = 200
_FALLBACK_PRICE: Final = 49.0

#: How a row shows that its customer paid and was not served.
NO_MAIL: Final = "no_mail"
NO_ACCOUNT: Final = "no_account"
FAILED: Final = "failed"

_UNSERVED: Final = """
SELECT
    transaction_id, email, amount, created_at, metadata,
    CASE
        WHEN status <> 'completed' THEN 'failed'
        WHEN user_created = 0 THEN 'no_account'
        ELSE 'no_mail'
    END
FROM transactions
WHERE
    id > (SELECT max(id) FROM transactions) - ?
    AND transaction_id LIKE 'VC%'
    AND created_at < ?
    AND (
        (status = 'completed' AND (email_sent = 0 OR user_created = 0))
        OR (status = 'error' AND error_message = 'name ''string'' is not defined')
        OR (status = 'failed' AND error_message LIKE 'User with email % already exists')
    )
ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Unserved:
    """A payment whose customer was charged and got nothing, or no word of it. ``why`` is above."""

    transaction_id: str
    why: str
    at: datetime
    email: str
    payer: str
    amount: float
    currency: str = "USD"


def repair_at(seed: int, transaction_id: str, at: datetime) -> datetime | None:
    """When the shop puts right what a payment begun at ``at`` lacks; None: nobody notices."""
    rng = _chance(seed, transaction_id)
    if rng.random() < _NEVER_SHARE:
        return None
    after = timedelta(hours=1, days=rng.expovariate(1 / _MEAN_DAYS))
    return at + min(after, _LONGEST)


def repair_steps(seed: int, unserved: Unserved, zone: ZoneInfo) -> list[Step]:
    """What the shop does when it notices; none where it never does.

    Who got no mail is sent it again, who has no account gets the money back, and a payment that
    was captured all the same is completed by hand.
    """
    at = repair_at(seed, unserved.transaction_id, unserved.at)
    if at is None:
        return []
    rng = _chance(seed, unserved.transaction_id, "how")
    if unserved.why == NO_ACCOUNT:
        return _refunded(unserved, at, zone)
    mails = sent_steps(rng, unserved.transaction_id, unserved.payer, at, ":repaired")
    if unserved.why == NO_MAIL:
        return mails
    return [_completed(rng, unserved, at), *mails]


def due_repairs(connection: sqlite3.Connection, seed: int, now: datetime) -> list[Unserved]:
    """The payments that are to be put right by ``now``, and were not yet."""
    found = []
    rows = connection.execute(_UNSERVED, (_RECENT_PAYMENTS, stamp(now - timedelta(hours=1))))
    for transaction_id, email, amount, created_at, metadata, why in rows.fetchall():
        begun = read_instant(created_at)
        due = begun and repair_at(seed, transaction_id, begun)
        if not begun or not due or due > now:
            continue
        captured = json.loads(metadata) if metadata else {}
        plain = amount if isinstance(amount, int | float) else _FALLBACK_PRICE
        found.append(
            Unserved(
                transaction_id,
                why,
                begun,
                email,
                str(captured.get("payer_email", email)),
                float(captured.get("amount", plain)),
                str(captured.get("currency", "USD")),
            )
        )
    return found[:_AT_ONCE]


def _chance(seed: int, *parts: str) -> random.Random:
    return chance(seed, "repair", *parts)


def _completed(rng: random.Random, unserved: Unserved, at: datetime) -> Step:
    metadata = {
        "paypal_transaction_id": random_code(rng, 17),
        "payer_email": unserved.payer,
        "amount": unserved.amount,
        "currency": unserved.currency,
    }
    values = {
        "status": "completed",
        "completed_at": stamp(at),
        "error_message": None,
        "user_created": 1,
        "metadata": as_json(metadata),
    }
    return update(at, "transactions", unserved.transaction_id, values)


def _refunded(unserved: Unserved, at: datetime, zone: ZoneInfo) -> list[Step]:
    asked = at - _TO_REFUND
    name = unserved.transaction_id
    case = Case(
        case_id_for(name, asked), name, unserved.email, "refund_request", unserved.amount, asked
    )
    return [*opening_steps(case, zone), *ending_steps(logged(case), End("resolved", True, at))]
