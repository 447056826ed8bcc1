"""Source rows read into versions: transactions, disputes, mails.

Each reader takes one row as the source has it and gives the version to keep, or raises Unreadable
with the reason: the row is then kept aside, whole, and costs no other row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from vcanalytics.model import payments
from vcanalytics.model.money import read_amount, read_currency
from vcanalytics.model.times import read_instant

Row = Mapping[str, Any]

_STORED_DIGITS: Final = Decimal("0.0001")
#: Clocks of two hosts differ a little; only what lies further ahead is called future.
_FUTURE: Final = timedelta(minutes=5)
_QUOTED_MAX: Final = 80
#: Metadata longer than this is not kept whole; its payment fields are.
OVERSIZED: Final = 65_536


class Unreadable(Exception):
    """A row that cannot become a version; the message is the reason, in plain words."""


@dataclass(slots=True)
class Reading:
    """One row being read at ``observed_at``: collects notes on what was not as it should be."""

    row: Row
    observed_at: datetime
    zone: tzinfo
    notes: list[str]

    def base(self) -> dict[str, object]:
        return {
            "source_id": self.row["id"],
            "observed_at": self.observed_at,
            "deleted": False,
            "notes": "; ".join(self.notes) or None,
        }

    def text(self, name: str) -> str | None:
        value = self.row.get(name)
        if value is None:
            return None
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        elif not isinstance(value, str):
            value = str(value)
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            self.notes.append(f"{name} holds bytes that are not UTF-8")
            return _clean(value)
        return str(value)

    def required_text(self, name: str) -> str:
        value = self.row.get(name)
        if value is None or value == "":
            raise Unreadable(f"{name} is empty")
        before = len(self.notes)
        text = self.text(name)
        if text is None or len(self.notes) > before:
            raise Unreadable(f"{name} holds bytes that are not UTF-8")
        return text

    def flag(self, name: str) -> bool | None:
        value = self.row.get(name)
        if value is None:
            return None
        if isinstance(value, bool | int | float):
            return bool(value)
        lowered = str(value).strip().lower()
        if lowered in {"1", "true", "yes", "t"}:
            return True
        if lowered in {"0", "false", "no", "f", ""}:
            return False
        self.notes.append(f"{name} {quoted(value)} is neither yes nor no")
        return None

    def amount(self, name: str) -> Decimal | None:
        value = self.row.get(name)
        amount = read_amount(value)
        if amount is None and value is not None:
            self.notes.append(f"{name} {quoted(value)} is not readable")
        return amount

    def currency(self, name: str) -> str | None:
        value = self.row.get(name)
        code = read_currency(value)
        if code is None and value not in (None, ""):
            self.notes.append(f"{name} {quoted(value)} is no currency")
        return code

    def instant(self, name: str, *, local: bool = False) -> datetime | None:
        value = self.row.get(name)
        instant = read_instant(value, self.zone if local else UTC)
        if instant is None and value not in (None, ""):
            self.notes.append(f"{name} {quoted(value)} is not a time")
        return instant

    def required_instant(self, name: str, *, local: bool = False) -> datetime:
        value = self.row.get(name)
        instant = read_instant(value, self.zone if local else UTC)
        if instant is None:
            raise Unreadable(f"{name} {quoted(value)} is not a time")
        if instant > self.observed_at + _FUTURE:
            self.notes.append(f"{name} lies in the future")
        return instant


def read_key(value: object) -> str | None:
    """What says which row it is, as text; None where the cell holds nothing that can."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return value


def quoted(value: object) -> str:
    """A cell's value for a message: short, and never able to break the line."""
    if value is None:
        return "(empty)"
    text = _clean(repr(value))
    return text if len(text) <= _QUOTED_MAX else f"{text[: _QUOTED_MAX - 3]}..."


def _clean(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def stored(amount: Decimal | None) -> Decimal | None:
    """An amount with the four decimals the store keeps."""
    return None if amount is None else amount.quantize(_STORED_DIGITS, rounding=ROUND_HALF_EVEN)


def transaction(reading: Reading, before: str) -> tuple[dict[str, object], str]:
    """A version of a payment and the history its next version needs. ``before`` may be empty."""
    created_at = reading.required_instant("created_at")
    status = reading.text("status") or ""
    completed_at = reading.instant("completed_at")
    amount, currency = reading.amount("amount"), reading.currency("currency")
    text = reading.text("metadata")
    metadata = payments.read_metadata(text)
    if metadata.problem:
        reading.notes.append(metadata.problem)
    captured = payments.capture(
        status=status,
        amount=amount,
        currency=currency,
        metadata=metadata,
        before=payments.History.load(before) if before else None,
        observed_at=reading.observed_at,
    )
    oversized = text is not None and len(text) > OVERSIZED
    if text is not None and oversized:
        reading.notes.append(f"metadata of {len(text):,} characters: only its fields are kept")
    version: dict[str, object] = {
        "transaction_id": reading.required_text("transaction_id"),
        "created_at": created_at,
        "completed_at": completed_at,
        "status": status,
        "email": reading.text("email"),
        "username": reading.text("username"),
        "payer_email": captured.payer_email,
        "paypal_order_id": reading.text("paypal_order_id"),
        "paypal_payment_id": reading.text("paypal_payment_id"),
        "error_message": reading.text("error_message"),
        "user_created": reading.flag("user_created"),
        "email_sent": reading.flag("email_sent"),
        "amount_column": stored(amount),
        "currency_column": currency,
        "amount_metadata": stored(metadata.amount),
        "currency_metadata": metadata.currency,
        "captured_amount": captured.amount,
        "currency": captured.currency,
        "captured": captured.captured,
        "captured_at": (completed_at or created_at) if captured.captured else None,
        "refund_case_id": metadata.refund_case_id,
        "refund_seen_at": captured.refund_seen_at,
        "metadata": None if oversized else text,
    }
    return reading.base() | version, captured.history.dump()


def dispute(reading: Reading, _before: str) -> tuple[dict[str, object], str]:
    """A version of a dispute case."""
    amount = reading.amount("amount")
    version: dict[str, object] = {
        "case_id": reading.required_text("case_id"),
        "transaction_id": reading.text("transaction_id"),
        "customer_email": reading.text("customer_email"),
        "dispute_type": reading.text("dispute_type"),
        "status": reading.text("status") or "",
        "priority": reading.text("priority"),
        "amount": stored(amount),
        "currency": reading.currency("currency"),
        "created_at": reading.required_instant("created_at"),
        "due_at": reading.instant("due_date", local=True),
        "resolved_at": reading.instant("resolved_at"),
        "resolution_notes": reading.text("resolution_notes"),
        "paypal_case_id": reading.text("paypal_case_id"),
    }
    return reading.base() | version, ""


def mail(reading: Reading, _before: str) -> tuple[dict[str, object], str]:
    """A version of a mail."""
    attempts = reading.row.get("delivery_attempts")
    version: dict[str, object] = {
        "transaction_id": reading.text("transaction_id"),
        "email_type": reading.text("email_type"),
        "recipient_email": reading.text("recipient_email"),
        "subject": reading.text("subject"),
        "status": reading.text("status") or "",
        "smtp_response": reading.text("smtp_response"),
        "error_message": reading.text("error_message"),
        "delivery_attempts": attempts if isinstance(attempts, int) else None,
        "created_at": reading.required_instant("created_at"),
        "delivered_at": reading.instant("delivered_at"),
        "bounced_at": reading.instant("bounced_at"),
    }
    return reading.base() | version, ""
