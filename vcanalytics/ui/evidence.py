"""Why a case is here, in plain words: the values of its payment that prove it, and who it may be.

Every sentence is safe in Markdown: what customers typed is literal.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from vcanalytics import cached
from vcanalytics.analytics.accounts_of import LIMIT as _ACCOUNTS
from vcanalytics.display import formats
from vcanalytics.display.ranges import Range

_SERVING = frozenset({"captured_but_failed", "paid_not_mailed", "paid_no_account"})
_BY = {
    "payer": "by the payer's address",
    "typed": "by the address typed at checkout",
    "name": "by the user name of the payment",
}


def told(finding: str, row: dict[str, Any], mails: int, view: Range) -> str:
    """The proof of one case in a few sentences; ``mails`` is how many its timeline has."""
    parts = [_captured(row, view)] if row["captured"] else []
    parts += _of(finding, row, mails, view)
    if finding in _SERVING:
        parts += _accounts(row, view)
    return " ".join(part for part in parts if part)


def _captured(row: dict[str, Any], view: Range) -> str:
    amount = row["captured_amount"]
    worth = "an amount nobody can read" if amount is None else _money(amount, row["currency"])
    return f"PayPal captured {worth} at {_when(row['captured_at'], view)}."


def _money(amount: Any, currency: str) -> str:
    return formats.literal(formats.money(amount, currency))


def _when(at: Any, view: Range) -> str:
    return formats.literal(formats.moment(at, view.zone, view.now))


def _of(finding: str, row: dict[str, Any], mails: int, view: Range) -> list[str]:
    told = cached.settings()
    status = formats.code(row["status"] or "none")
    match finding:
        case "paid_not_mailed":
            known = formats.counted(mails, "e-mail is", "e-mails are") if mails else "No e-mail is"
            return [
                "The row says `email_sent` 0,",
                f"and the grace of {told.grace_minutes} min is over.",
                f"{known} on record around that time.",
            ]
        case "paid_no_account":
            return [
                "The row says `user_created` 0,",
                f"and the grace of {told.grace_minutes} min is over.",
            ]
        case "captured_but_failed":
            error = formats.code(row["error_message"] or "no message")
            return [f"The row ends as {status} with {error}:", "that comes after the capture."]
        case "stuck":
            order = (
                "A PayPal order exists." if row["paypal_order_id"] else "No PayPal order is known."
            )
            begun = _when(row["created_at"], view)
            return [f"It is {status} since {begun}, longer than {told.stuck_minutes} min.", order]
        case "refund_without_case":
            named = row["refund_case_id"]
            case = (
                f"names case {formats.code(named)}, which is not there" if named else "names none"
            )
            return [f"The row is {status} and {case}."]
        case "amount_missing":
            return ["The amount column holds nothing that can be read as a number."]
        case _:
            return []


def _accounts(row: dict[str, Any], view: Range) -> list[str]:
    """Whose account it may be. Where several fit, that is said, and none is chosen."""
    found = cached.desk.accounts_of(
        row["email"] or "", row["payer_email"] or "", row["username"] or ""
    )
    if not found.height:
        return ["No account is known under the payer's address, the one typed, or the user name."]
    if found.height == 1:
        one = found.row(0, named=True)
        return [f"One account fits: {_account(one, view)}. Check it before another is made."]
    how_many = f"{found.height} or more" if found.height == _ACCOUNTS else str(found.height)
    return [
        f"**{how_many} accounts fit, and which is the buyer's is not known:**",
        "; ".join(_account(one, view) for one in _rows(found)) + ". Ask the customer first.",
    ]


def _rows(found: pl.DataFrame) -> list[dict[str, Any]]:
    return found.to_dicts()


def _account(one: dict[str, Any], view: Range) -> str:
    name = formats.code(one["username"] or one["email"] or "without a name")
    return f"{name}, made {_when(one['made_at'], view)}, {_BY[one['matched']]}"
