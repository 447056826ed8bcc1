"""Refund requests, chargebacks and doubles: opened days after a payment, and how they end.

How a case ends hangs on its id alone, so that cases opened in the made past, in a gap or before a
restart are brought to their end by the living shop without it remembering anything.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from collectors.simulator.payment import Payment
from collectors.simulator.rhythm import chance
from collectors.simulator.steps import Step, as_json, insert, local_stamp, stamp, update

#: Of captured payments; most of their cases end in a refund.
CASE_SHARE: Final = 0.058
_DUPLICATE_SHARE: Final = 0.06  # of cases: the customer asks twice
_DAYS_TO_ANSWER: Final = 14
_KINDS: Final = {"refund_request": 72, "chargeback": 15, "duplicate_transaction": 13}
#: (status, refunded, share): the last two stay with the operator, past their due date at last.
_ENDS: Final = (
    ("resolved", True, 87),
    ("resolved", False, 2),
    ("closed", False, 4),
    ("pending_response", False, 2),
    ("open", False, 5),
)
_CHARGEBACK_ENDS: Final = (
    ("resolved", True, 63),
    ("lost", True, 12),
    ("lost", False, 4),
    ("won", False, 10),
    ("escalated", False, 5),
    ("investigating", False, 6),
)
ACTIVE: Final = frozenset({"open", "investigating", "pending_response", "escalated"})
_WORDS: Final = {
    "refund_request": ("please refund", "Not what I expected", "I bought the wrong plan"),
    "chargeback": ("I do not know this charge", "please refund"),
    "duplicate_transaction": ("I was charged twice", "please refund one of the two"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it is opened. ``log`` is its communication log, newest first."""

    case_id: str
    transaction_id: str
    email: str
    kind: str
    amount: float
    at: datetime
    log: tuple[dict[str, object], ...] = ()


class End(NamedTuple):
    """How a case ends: its last status, whether money goes back, and when."""

    status: str
    refunded: bool
    at: datetime


def case_id_for(transaction_id: str, at: datetime) -> str:
    """The id VectorCraft gives a case opened at ``at``."""
    return f"DISP_{at.strftime('%Y%m%d_%H%M%S')}_{transaction_id[-6:]}"


def case_to_open(rng: random.Random, payment: Payment, captured_at: datetime) -> Case | None:
    """The case a captured payment will lead to, if any."""
    if rng.random() >= CASE_SHARE:
        return None
    at = captured_at + timedelta(days=rng.uniform(0.03, 10))
    return open_case(rng, payment.transaction_id, payment.email, payment.price.captured, at)


def open_case(
    rng: random.Random, transaction_id: str, email: str, amount: float, at: datetime
) -> Case:
    """A case about a payment, of a kind drawn by their shares."""
    kind = rng.choices(list(_KINDS), list(_KINDS.values()))[0]
    return Case(case_id_for(transaction_id, at), transaction_id, email, kind, amount, at)


def case_end(seed: int, case_id: str, kind: str, opened_at: datetime) -> End:
    """How and when a case ends, from its id alone."""
    rng = chance(seed, case_id)
    ends = _CHARGEBACK_ENDS if kind == "chargeback" else _ENDS
    status, refunded, _ = rng.choices(ends, [share for _, _, share in ends])[0]
    soon = rng.random() < 0.3
    after = timedelta(minutes=rng.uniform(4, 45)) if soon else timedelta(days=rng.uniform(0.2, 4))
    return End(status, refunded, opened_at + after)


def case_steps(seed: int, case: Case, zone: ZoneInfo) -> list[Step]:
    """A case from its opening to its end, and at times a second one about the same payment."""
    steps = opening_steps(case, zone)
    end = case_end(seed, case.case_id, case.kind, case.at)
    steps += ending_steps(logged(case), end)
    rng = chance(seed, case.case_id, "again")
    if rng.random() < _DUPLICATE_SHARE:
        steps += _second_request(rng, case, zone)
    return steps


def logged(case: Case) -> Case:
    """The case with its opening in its log, as its row has it from then on."""
    return replace(case, log=(_opened_entry(case),))


def opening_steps(case: Case, zone: ZoneInfo) -> list[Step]:
    """The case's row, and an alert where its priority is high."""
    priority = _priority(case)
    words = _WORDS[case.kind]
    row = insert(
        case.at,
        "dispute_cases",
        {
            "case_id": case.case_id,
            "transaction_id": case.transaction_id,
            "customer_email": case.email,
            "dispute_type": case.kind,
            "status": "open",
            "priority": priority,
            "amount": case.amount,
            "currency": "USD",
            "description": f"Customer dispute: {case.kind}",
            "customer_message": words[len(case.email) % len(words)],
            "created_at": stamp(case.at),
            "due_date": local_stamp(case.at + timedelta(days=_DAYS_TO_ANSWER), zone, "T"),
            "evidence_files": "[]",
            "communication_log": json.dumps([_opened_entry(case)]),
        },
        case.case_id,
    )
    if priority != "high":
        return [row]
    alert = insert(
        case.at,
        "admin_alerts",
        {
            "type": "dispute_management",
            "title": "Dispute Alert: HIGH",
            "message": f"High-priority dispute case created: {case.case_id} ({case.kind})",
            "component": "dispute_management",
            "resolved": 0,
            "email_sent": 0,
            "created_at": stamp(case.at),
        },
    )
    return [row, alert]


def ending_steps(case: Case, end: End) -> list[Step]:
    """What an operator does to a case at its end: the refund first, then the case itself."""
    steps = []
    entries = list(case.log)
    if end.refunded:
        steps.append(
            update(
                end.at,
                "transactions",
                case.transaction_id,
                {"status": "refunded", "metadata": as_json({"refund_case_id": case.case_id})},
            )
        )
        entries.insert(
            0,
            _entry(
                end.at, "refund_processed", "system", f"Refund processed for ${case.amount:g} USD"
            ),
        )
    notes = "refunded by operator" if end.refunded else f"{end.status} by operator"
    entries.insert(0, _entry(end.at, "status_updated", "admin", f"Status updated to {end.status}"))
    values = {"status": end.status, "communication_log": json.dumps(entries)}
    if end.status not in ACTIVE:
        values |= {"resolved_at": stamp(end.at), "resolution_notes": notes}
    if end.status != "open":
        steps.append(update(end.at, "dispute_cases", case.case_id, values))
    return steps


def refund_without_case(rng: random.Random, payment: Payment, captured_at: datetime) -> list[Step]:
    """A refund made by hand: the row names a case that stands nowhere."""
    at = captured_at + timedelta(days=rng.uniform(0.5, 4))
    named = as_json({"refund_case_id": case_id_for(payment.transaction_id, at)})
    values = {"status": "refunded", "metadata": named}
    return [update(at, "transactions", payment.transaction_id, values)]


def _second_request(rng: random.Random, first: Case, zone: ZoneInfo) -> list[Step]:
    at = first.at + timedelta(hours=rng.uniform(1, 24))
    case_id = case_id_for(first.transaction_id, at)
    second = Case(
        case_id, first.transaction_id, first.email, "duplicate_transaction", first.amount, at
    )
    values = {
        "status": "closed",
        "resolved_at": stamp(at + timedelta(hours=2)),
        "resolution_notes": f"duplicate of {first.case_id}",
    }
    return [
        *opening_steps(second, zone),
        update(at + timedelta(hours=2), "dispute_cases", case_id, values),
    ]


def _priority(case: Case) -> str:
    if case.amount >= 100:
        return "high"
    return "medium" if case.amount > 50 or case.kind == "chargeback" else "low"


def _opened_entry(case: Case) -> dict[str, object]:
    details = {
        "transaction_id": case.transaction_id,
        "customer_email": case.email,
        "amount": case.amount,
        "priority": _priority(case),
    }
    words = f"New dispute case created: {case.kind}"
    return _entry(case.at, "dispute_created", "system", words, json.dumps(details))


def _entry(
    at: datetime, action: str, actor: str, description: str, details: str | None = None
) -> dict[str, object]:
    return {
        "action_type": action,
        "actor": actor,
        "description": description,
        "details": details,
        "created_at": stamp(at),
    }
