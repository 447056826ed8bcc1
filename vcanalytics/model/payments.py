"""Payments: their states, and the rule that says what was captured.

VectorCraft updates a payment's row in place. What was captured stands in the row's metadata until a
refund overwrites it, so each state is read together with what earlier states left behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from vcanalytics.model.money import read_amount, read_currency, round_money

CAPTURED: Final = frozenset({"completed", "refunded"})
REFUNDED: Final = "refunded"
FAILED: Final = frozenset({"failed", "error"})
#: An order was made at PayPal, and its capture is awaited.
AWAITING: Final = "awaiting_payment"
OPEN: Final = frozenset({"pending", AWAITING})
FALLBACK_CURRENCY: Final = "USD"
#: Ids that begin so are samples, where no setting says otherwise.
SAMPLE_PREFIXES: Final = ("TEST_", "TXN_")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a payment's metadata says; None where it says nothing readable. Amounts unrounded."""

    amount: Decimal | None = None
    currency: str | None = None
    payer_email: str | None = None
    refund_case_id: str | None = None
    problem: str | None = None


def _text(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    # JSON may spell half a character (an unpaired surrogate), which no text column can hold.
    return value.encode("utf-8", "replace").decode("utf-8")


def read_metadata(text: object) -> Metadata:
    """Read the metadata cell; ``problem`` says why it is not a JSON object, where it isn't."""
    if text is None or text == "":
        return Metadata()
    if not isinstance(text, str):
        return Metadata(problem="metadata is not text")
    try:
        # Decimal keeps "702026.15" exact; NaN and Infinity come out as floats, which are refused.
        parsed = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return Metadata(problem="metadata is not JSON")
    if not isinstance(parsed, dict):
        return Metadata(problem="metadata is not a JSON object")
    return Metadata(
        amount=read_amount(parsed.get("amount")),
        currency=read_currency(parsed.get("currency")),
        payer_email=_text(parsed.get("payer_email")),
        refund_case_id=_text(parsed.get("refund_case_id")),
    )


@dataclass(frozen=True, slots=True)
class History:
    """What earlier states of a payment left behind, carried from version to version.

    ``amount`` and ``currency`` are the metadata's of the last state that had a readable amount.
    ``refund_seen_at`` is None while it was never refunded, or was so when first read.
    """

    amount: str | None = None
    currency: str | None = None
    payer_email: str | None = None
    captured: bool = False
    refunded: bool = False
    refund_seen_at: str | None = None

    def dump(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> History:
        return cls(**json.loads(text))

    @classmethod
    def of_version(cls, row: Mapping[str, Any]) -> History:
        """What the newest version of a payment (a row of its stream) tells of those before it.

        For a history that was lost. Where a refund has overwritten the metadata, the amount is the
        captured one, rounded already.
        """
        amount, currency = row["amount_metadata"], row["currency_metadata"]
        overwritten = row["status"] == REFUNDED or row["refund_case_id"] is not None
        if amount is None and overwritten:
            amount, currency = row["captured_amount"], row["currency"]
        seen_at: datetime | None = row["refund_seen_at"]
        return cls(
            amount=None if amount is None else str(amount),
            currency=None if amount is None else currency,
            payer_email=row["payer_email"],
            captured=row["captured"],
            refunded=row["status"] == REFUNDED or seen_at is not None,
            refund_seen_at=seen_at.isoformat() if seen_at else None,
        )


@dataclass(frozen=True, slots=True)
class Capture:
    """What a state of a payment means for the books. ``amount`` is rounded, or None."""

    amount: Decimal | None
    currency: str
    captured: bool
    payer_email: str | None
    refund_seen_at: datetime | None
    history: History


def capture(
    *,
    status: str,
    amount: Decimal | None,
    currency: str | None,
    metadata: Metadata,
    before: History | None,
    observed_at: datetime,
) -> Capture:
    """Apply the contract's rule for the captured amount to one newly seen state.

    ``amount`` and ``currency`` are the columns' readable values, ``before`` what earlier states
    left (None on the first sight of the payment).
    """
    past = before or History()
    refunded = status == REFUNDED
    overwritten = refunded or metadata.refund_case_id is not None
    # Only a refund justifies looking back: any other loss of the metadata is the row's new truth.
    found: Decimal | None
    if metadata.amount is not None:
        found, found_currency = metadata.amount, metadata.currency
    elif overwritten and past.amount is not None:
        found, found_currency = Decimal(past.amount), past.currency
    else:
        found, found_currency = amount, None
    stands_in = found_currency or currency or FALLBACK_CURRENCY

    seen_at = datetime.fromisoformat(past.refund_seen_at) if past.refund_seen_at else None
    if refunded and before is not None and not past.refunded:
        seen_at = observed_at
    payer = metadata.payer_email or (past.payer_email if overwritten else None)
    history = replace(
        past,
        captured=past.captured or status in CAPTURED,
        refunded=past.refunded or refunded,
        refund_seen_at=seen_at.isoformat() if seen_at else None,
        payer_email=metadata.payer_email or past.payer_email,
    )
    if metadata.amount is not None:
        history = replace(history, amount=str(metadata.amount), currency=metadata.currency)
    return Capture(
        amount=None if found is None else round_money(found, stands_in),
        currency=stands_in,
        captured=history.captured,
        payer_email=payer,
        refund_seen_at=seen_at,
        history=history,
    )
