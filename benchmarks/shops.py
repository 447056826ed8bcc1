"""Shops to measure on: VectorCraft's tables, as many payments as wanted, in the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.shop import make_shop, metadata, utc_text

_CHUNK: Final = 20_000
_AMOUNTS: Final = (9.99, 29.4, 49, 120.5)
#: Of a hundred payments: how many end so.
_FATES: Final = ("completed",) * 72 + ("failed",) * 10 + ("refunded",) * 3 + ("error",) * 3


def past_shop(path: Path, payments: int, days: int = 90) -> Path:
    """A shop of ``payments`` payments, evenly over the ``days`` before today, delete journal."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with make_shop(path) as shop:
        for start in range(0, payments, _CHUNK):
            numbers = range(start, min(start + _CHUNK, payments))
            shop.insert_many("transactions", _payments(numbers, payments, end, days))
    return path


def _payments(numbers: range, payments: int, end: datetime, days: int) -> Iterator[dict[str, Any]]:
    began_at, step = end - timedelta(days=days), timedelta(days=days) / payments
    for i in numbers:
        created_at = began_at + i * step
        fate = _FATES[i % 100] if i % 100 < len(_FATES) else "awaiting_payment"
        amount = _AMOUNTS[i % len(_AMOUNTS)]
        captured = fate in {"completed", "refunded"}
        yield {
            "transaction_id": f"VC_{i:08}",
            "email": f"customer{i % 7_919}@example.com",
            "amount": amount,
            "currency": "USD",
            "paypal_order_id": f"ORDER{i:09}",
            "paypal_payment_id": f"PAYID{i:09}" if captured else None,
            "status": fate,
            "error_message": "card declined" if fate in {"failed", "error"} else None,
            "user_created": int(captured),
            "email_sent": int(captured),
            "created_at": utc_text(created_at),
            "completed_at": utc_text(created_at + timedelta(seconds=40)) if captured else None,
            "metadata": (
                metadata(amount=amount, payer_email=f"payer{i % 7_919}@example.com")
                if fate == "completed"
                else None
            ),
        }
