"""What to write to a customer, a finding each: plain text to copy, filled in with their payment."""

from __future__ import annotations

from typing import Any, Final

from vcanalytics.display import formats
from vcanalytics.display.ranges import Range

_PAID: Final = "Your payment of {amount} from {day} has arrived, thank you (reference {id}).\n"
_TEXTS: Final = {
    "paid_not_mailed": _PAID
    + "Our e-mail with your sign-in did not go out. We are sorry: here it is.\n\n[sign-in]",
    "paid_no_account": _PAID
    + "Your account was not made as it should have been. We have made it now; your sign-in:\n\n"
    "[sign-in]",
    "captured_but_failed": _PAID
    + "Our system took it for failed, by a mistake of ours. You need not pay again. Your sign-in:"
    "\n\n[sign-in]",
    "stuck": "You began a payment of {amount} on {day} (reference {id}), and PayPal has not told us"
    " that it is complete. Nothing was charged as far as we know. Do you see it in PayPal?",
    "amount_missing": "We are looking into your payment from {day} (reference {id}).\n"
    "Could you tell us which amount PayPal shows for it?",
    "amount_mismatch": "Your payment from {day} (reference {id}) came to {amount}, which is not the"
    " price you were shown.\nWe are looking into it, and come back to you.",
    "refund_without_case": "We have refunded your payment of {amount} from {day} (reference {id})."
    "\nPayPal needs a few days until you see it.",
    "case_without_refund": "Your case about the payment of {amount} from {day} (reference {id}) is"
    " decided.\nThe refund is on its way: PayPal needs a few days until you see it.",
    "suspicious": "We have a question about your payment of {amount} from {day} (reference {id}).\n"
    "Did you make it yourself?",
}


def reply(finding: str, row: dict[str, Any], view: Range) -> str:
    """The text for one customer; empty where there is nothing to write."""
    text = _TEXTS.get(finding, "")
    if not text:
        return ""
    amount, at = row["captured_amount"], row["captured_at"] or row["created_at"]
    worth = "the amount" if amount is None else formats.money(amount, row["currency"])
    values = {
        "amount": worth,
        "day": formats.day(at, view.zone, year=True),
        "id": row["transaction_id"],
    }
    return f"Hello,\n\n{text.format_map(values)}\n\nKind regards"
