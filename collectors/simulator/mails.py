"""The mails after a capture: queued, then sent or failed, then noted in the payment's row."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from collectors.simulator.payment import Payment
from collectors.simulator.steps import Step, insert, stamp, update

SUBJECTS: Final = {
    "purchase_confirmation": "VectorCraft Purchase Confirmation",
    "credentials": "Welcome to VectorCraft - Your Login Credentials",
}
_SENT: Final = "Successfully sent via port 587"
_TIMED_OUT: Final = "Connection failed on port 465: (-1, b'timed out')"
_SIMULATED_SHARE: Final = 0.002


def mail_steps(
    rng: random.Random, payment: Payment, payer: str, at: datetime, *, mailed: bool
) -> list[Step]:
    """Both mails to the payer at ``at``."""
    if mailed:
        return sent_steps(rng, payment.transaction_id, payer, at, "")
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
    return steps


def sent_steps(
    rng: random.Random, transaction_id: str, payer: str, at: datetime, suffix: str
) -> list[Step]:
    """Both mails to the payer, sent at ``at``; ``suffix`` tells them from earlier tries."""
    steps = []
    noted = at
    for kind, subject in SUBJECTS.items():
        name = f"{transaction_id}:{kind}{suffix}"
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
    steps.append(update(noted, "transactions", transaction_id, {"email_sent": 1}))
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
