"""The mails after a capture: queued, then sent or failed, then noted in the payment's row."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from collectors.simulator.payment import Payment
from collectors.simulator.steps import Step, insert, stamp, update
from vcanalytics.model.outages import Outage

SUBJECTS: Final = {
    "purchase_confirmation": "VectorCraft Purchase Confirmation",
    "credentials": "Welcome to VectorCraft - Your Login Credentials",
}
_SENT: Final = "Successfully sent via port 587"
_TIMED_OUT: Final = "Connection failed on port 465: (-1, b'timed out')"
_SIMULATED_SHARE: Final = 0.002
_SENT_AGAIN_SHARE: Final = 0.4


def mail_steps(
    rng: random.Random,
    payment: Payment,
    payer: str,
    at: datetime,
    outage: Outage | None,
    *,
    mailed: bool,
) -> list[Step]:
    """Both mails to the payer at ``at``; after an outage an operator sends some of them again."""
    if mailed:
        return _sent(rng, payment, payer, at, "")
    steps = []
    tried = at + timedelta(seconds=rng.uniform(20, 31))
    for kind, subject in SUBJECTS.items():
        name = f"{payment.transaction_id}:{kind}"
        steps += [
            _queued(at, kind, subject, payer, name),
            update(
                tried,
                "email_logs",
                name,
                {"status": "failed", "delivery_attempts": 1, "error_message": _TIMED_OUT},
            ),
        ]
    message = f"Failed to send credentials email to {payer}"
    steps.append(payment.log(tried, "WARNING", message, None, payer, "email"))
    if outage and rng.random() < _SENT_AGAIN_SHARE:
        again = outage.end + timedelta(minutes=rng.uniform(40, 400))
        steps += _sent(rng, payment, payer, again, ":again")
    return steps


def _sent(
    rng: random.Random, payment: Payment, payer: str, at: datetime, suffix: str
) -> list[Step]:
    steps = []
    noted = at
    for kind, subject in SUBJECTS.items():
        name = f"{payment.transaction_id}:{kind}{suffix}"
        delivered = at + timedelta(seconds=rng.uniform(1.5, 9.5))
        noted = max(noted, delivered)
        simulated = rng.random() < _SIMULATED_SHARE
        steps += [
            _queued(at, kind, subject, payer, name),
            update(
                delivered,
                "email_logs",
                name,
                {"status": "simulated"}
                if simulated
                else {
                    "status": "sent",
                    "smtp_response": _SENT,
                    "delivered_at": stamp(delivered),
                },
            ),
        ]
    noted += timedelta(milliseconds=300)
    steps.append(update(noted, "transactions", payment.transaction_id, {"email_sent": 1}))
    return steps


def _queued(at: datetime, kind: str, subject: str, payer: str, name: str) -> Step:
    # The purchase flow does not note the payment's id in the mail's row.
    return insert(
        at,
        "email_logs",
        {
            "email_type": kind,
            "recipient_email": payer,
            "subject": subject,
            "status": "pending",
            "delivery_attempts": 0,
            "created_at": stamp(at),
        },
        name,
    )
