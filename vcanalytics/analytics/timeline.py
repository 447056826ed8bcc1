"""The timeline of one payment, told from its kept versions, its cases and its mails.

VectorCraft updates a payment's row in place and stamps nothing but the capture: what else changed
is known from the versions, with the moment the change was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.model.money import minor_digits
from vcanalytics.model.payments import CAPTURED, FAILED, REFUNDED
from vcanalytics.store import Snapshot

#: What can have happened; a page chooses its icons by these.
WHATS: Final = (
    "begun",
    "first_read",
    "status",
    "captured",
    "failed",
    "refunded",
    "account",
    "mailed",
    "payer",
    "order",
    "amount",
    "error",
    "times",
    "note",
    "case_opened",
    "case_changed",
    "case_resolved",
    "case_deleted",
    "mail",
    "mail_bounced",
    "deleted",
    "returned",
)
#: A mail of the purchase flow names no payment: one to the addresses of a captured payment is taken
#: for its own when it was queued from shortly before the capture (clocks differ a little) until an
#: hour after it, and no other payment of that address was captured in between.
MAIL_BEFORE: Final = timedelta(minutes=1)
MAIL_AFTER: Final = timedelta(hours=1)
_BEFORE_BEGUN: Final = timedelta(days=2)
_US: Final = timedelta(microseconds=1)

_SCHEMA: Final = pl.Schema(
    {"happened_at": pl.Datetime("us", "UTC"), "what": pl.String(), "detail": pl.String()}
)

# Grain: one row a kept version of the payment; a case that named it; a version of a case. Cost: the
# rows begun when the payment was; one pass over the ids of cases.
_VERSIONS: Final = "SELECT * FROM versions WHERE transaction_id = $id ORDER BY seq"
_CASES: Final = "SELECT DISTINCT case_id FROM versions WHERE transaction_id = $id"
_CASE_VERSIONS: Final = """
SELECT * FROM versions WHERE list_contains($cases, case_id) ORDER BY case_id, seq
"""
#: By what a payment lays claim to a mail.
_CLAIMING: Final = ("transaction_id", "captured", "captured_at", "email", "payer_email")
Row = Mapping[str, Any]
Event = tuple[datetime, str, str]


def timeline(engine: Engine, snapshot: Snapshot, transaction_id: str) -> pl.DataFrame:
    """All that is known to have happened to one payment, the oldest first; empty if it is unknown.

    Columns: ``happened_at`` (UTC), ``what`` (one of WHATS), ``detail``. A change the source puts no
    time to stands where it was seen, and its detail says "seen". Raises BudgetExceeded.
    """
    versions = engine.ask(
        _VERSIONS,
        {"id": transaction_id},
        {"versions": snapshot.versions_of("transactions", transaction_id)},
    ).to_dicts()
    if not versions:
        return _SCHEMA.to_frame()
    cases = _cases(engine, snapshot, versions)
    mails = _mails(engine, snapshot, versions)
    events = [
        *_payment_events(versions, refunded_at(versions[-1], cases)),
        *_case_events(cases),
        *_mail_events(mails),
    ]
    # A stable sort: what stands at one moment keeps the order it was told in.
    events.sort(key=lambda event: event[0])
    return pl.DataFrame(events, schema=_SCHEMA, orient="row")


def _cases(engine: Engine, snapshot: Snapshot, versions: Sequence[Row]) -> list[dict[str, Any]]:
    """Every version of each case that ever named the payment, or that it names."""
    kept = snapshot.relation("disputes")
    own = engine.ask(_CASES, {"id": versions[0]["transaction_id"]}, {"versions": kept})
    found = {v["refund_case_id"] for v in versions if v["refund_case_id"]}
    found.update(own["case_id"].to_list())
    if not found:
        return []
    return engine.ask(_CASE_VERSIONS, {"cases": sorted(found)}, {"versions": kept}).to_dicts()


def _mails(engine: Engine, snapshot: Snapshot, versions: Sequence[Row]) -> list[dict[str, Any]]:
    payment = versions[-1]
    # No mail names a payment before it was begun; clocks may have been set.
    begun = min(version["created_at"] for version in versions) - _BEFORE_BEGUN
    start = end = None
    if payment["captured_at"] is not None:
        # Mails around the capture, and captures around those.
        around = 2 * (MAIL_BEFORE + MAIL_AFTER)
        start, end = payment["captured_at"] - around, payment["captured_at"] + around
    captures = snapshot.newest("transactions", start, end, by=("captured_at",))
    found = engine.ask(
        sql("timeline_mails"),
        {
            "id": payment["transaction_id"],
            "before_us": MAIL_BEFORE // _US,
            "after_us": MAIL_AFTER // _US,
        },
        {
            "mails": snapshot.begun("mails", begun),
            "near": snapshot.begun("mails", start, end),
            "payments": captures.select(_CLAIMING),
        },
    )
    return found.to_dicts()


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount as a timeline says it, with all the decimals its column holds."""
    if amount is None:
        return "no readable amount"
    digits = minor_digits(currency) if currency else 2
    # A column may hold more decimals than its currency has: they are not hidden.
    shown = max(digits, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{shown}f} {currency or ''}".strip()


def refunded_at(newest: Row, cases: list[dict[str, Any]]) -> datetime | None:
    """The moment of the refund, by the contract."""
    if newest["status"] != REFUNDED:
        return None
    newest_of = {case["case_id"]: case for case in cases}
    resolved = [
        case
        for case in newest_of.values()
        if case["resolved_at"] is not None and not case["deleted"]
    ]
    own = [c["resolved_at"] for c in resolved if c["transaction_id"] == newest["transaction_id"]]
    named = [c["resolved_at"] for c in resolved if c["case_id"] == newest["refund_case_id"]]
    fallback: datetime = newest["refund_seen_at"] or newest["completed_at"] or newest["created_at"]
    return min(named or own, default=fallback)


def _payment_events(
    versions: list[dict[str, Any]], refunded_at: datetime | None
) -> Iterator[Event]:
    first = versions[0]
    yield _begun(first)
    yield from _first_read(first, refunded_at)
    for before, after in pairwise(versions):
        yield from _changes(before, after, refunded_at)


def _begun(first: Row) -> Event:
    amount = money(first["amount_column"], first["currency_column"])
    order = f", PayPal order {first['paypal_order_id']}" if first["paypal_order_id"] else ""
    return first["created_at"], "begun", f"{amount} by {first['email'] or 'nobody named'}{order}"


def _captured(version: Row) -> str:
    payer = f", payer {version['payer_email']}" if version["payer_email"] else ""
    return f"{money(version['captured_amount'], version['currency'])} captured{payer}"


def _refunded(version: Row) -> str:
    case = f", case {version['refund_case_id']}" if version["refund_case_id"] else ""
    return f"{money(version['captured_amount'], version['currency'])} refunded{case}"


def _first_read(first: Row, refunded_at: datetime | None) -> Iterator[Event]:
    """What the first version tells of the time before it was read."""
    if first["captured"]:
        yield first["captured_at"], "captured", _captured(first)
    if first["status"] == REFUNDED and refunded_at is not None:
        yield refunded_at, "refunded", _refunded(first)
    states = [f"first read as {first['status'] or 'a payment without status'}"]
    if first["user_created"]:
        states.append("account made")
    if first["email_sent"]:
        states.append("marked as mailed")
    if first["error_message"]:
        states.append(f"error: {first['error_message']}")
    if first["deleted"]:
        states.append("deleted")
    yield first["observed_at"], "first_read", "; ".join(states)
    if first["notes"]:
        yield first["observed_at"], "note", first["notes"]


def _changes(before: Row, after: Row, refunded_at: datetime | None) -> Iterator[Event]:
    seen = after["observed_at"]
    if after["deleted"] and not before["deleted"]:
        yield seen, "deleted", "gone from the source (seen); out of all figures since"
        return
    if before["deleted"] and not after["deleted"]:
        yield seen, "returned", "back at the source (seen)"
    yield from _status_change(before, after, refunded_at)
    if after["user_created"] != before["user_created"]:
        made = "account made" if after["user_created"] else "no account any more"
        yield seen, "account", f"{made} (seen)"
    if after["email_sent"] != before["email_sent"]:
        sent = "marked as mailed" if after["email_sent"] else "no longer marked as mailed"
        yield seen, "mailed", f"{sent} (seen)"
    yield from _other_changes(before, after)


def _status_change(before: Row, after: Row, refunded_at: datetime | None) -> Iterator[Event]:
    seen, status = after["observed_at"], after["status"]
    newly_captured = after["captured"] and not before["captured"]
    if newly_captured:
        stamped = after["completed_at"] is not None
        at = after["captured_at"] if stamped else seen
        yield at, "captured", _captured(after) + ("" if stamped else " (seen)")
    if status == before["status"]:
        return
    change = f"{before['status'] or 'no status'} to {status or 'no status'} (seen)"
    if status == REFUNDED:
        yield refunded_at or seen, "refunded", _refunded(after)
    elif status in FAILED:
        reason = f": {after['error_message']}" if after["error_message"] else ""
        yield seen, "failed", f"{change}{reason}"
    elif status not in CAPTURED or not newly_captured:
        yield seen, "status", change


def _other_changes(before: Row, after: Row) -> Iterator[Event]:
    seen = after["observed_at"]
    for what, name, words in (
        ("payer", "payer_email", "payer"),
        ("payer", "email", "e-mail"),
        ("order", "paypal_order_id", "PayPal order"),
        ("order", "paypal_payment_id", "PayPal payment"),
        ("times", "created_at", "created_at"),
    ):
        if after[name] != before[name]:
            yield (
                seen,
                what,
                f"{words} {before[name] or '(none)'} to {after[name] or '(none)'} (seen)",
            )
    stamped = after["completed_at"] != before["completed_at"]
    if stamped and not (after["captured"] and not before["captured"]):
        yield seen, "times", f"completed_at is {after['completed_at'] or 'empty'} (seen)"
    old = money(before["captured_amount"], before["currency"])
    new = money(after["captured_amount"], after["currency"])
    if old != new:
        yield seen, "amount", f"{old} to {new} (seen)"
    if after["error_message"] != before["error_message"] and after["status"] == before["status"]:
        yield seen, "error", f"{after['error_message'] or 'no error any more'} (seen)"
    if after["notes"] and after["notes"] != before["notes"]:
        yield seen, "note", after["notes"]


def _case_events(versions: list[dict[str, Any]]) -> Iterator[Event]:
    before: Row | None = None
    for case in versions:
        known = before if before is not None and before["case_id"] == case["case_id"] else None
        yield from _case_event(known, case)
        before = case


def _case_event(before: Row | None, case: Row) -> Iterator[Event]:
    name = f"case {case['case_id']}"
    if before is None:
        amount = money(case["amount"], case["currency"])
        yield case["created_at"], "case_opened", f"{name}, {case['dispute_type']}, {amount}"
    elif case["deleted"] and not before["deleted"]:
        yield case["observed_at"], "case_deleted", f"{name} is gone from the source (seen)"
        return
    if case["resolved_at"] is not None and (before is None or before["resolved_at"] is None):
        yield case["resolved_at"], "case_resolved", f"{name} {case['status']}"
    elif before is not None and case["status"] != before["status"]:
        yield (
            case["observed_at"],
            "case_changed",
            f"{name} {before['status']} to {case['status']} (seen)",
        )


def _mail_events(mails: list[dict[str, Any]]) -> Iterator[Event]:
    for mail in mails:
        matched = "" if mail["named"] else " (matched by address and time)"
        words = f"{mail['email_type'] or 'mail'} to {mail['recipient_email']}: {mail['status']}"
        error = f", {mail['error_message']}" if mail["error_message"] else ""
        yield mail["created_at"], "mail", f"{words}{error}{matched}"
        if mail["bounced_at"] is not None:
            yield (
                mail["bounced_at"],
                "mail_bounced",
                f"{mail['email_type'] or 'mail'} to {mail['recipient_email']} came back{matched}",
            )
