"""One payment from the click to its end, whatever that is, as VectorCraft writes it down."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from collectors.simulator import repairs
from collectors.simulator.cases import case_steps, case_to_open, refund_without_case
from collectors.simulator.mails import mail_steps, sent_steps
from collectors.simulator.outages import Weather
from collectors.simulator.payment import Payment, random_code
from collectors.simulator.people import Account, People
from collectors.simulator.rhythm import Region, draw_around
from collectors.simulator.steps import Cell, Step, as_json, insert, measured, stamp, update

#: What the row says after an exception in the capture.
ERRORS: Final = {
    "timed_out": "HTTPSConnectionPool(host='api-m.paypal.com', port=443): "
    "Read timed out. (read timeout=10)",
    "string_undefined": "name 'string' is not defined",
    "database_locked": "database is locked",
    "no_result": "'NoneType' object is not subscriptable",
    "no_json": "Expecting value: line 1 column 1 (char 0)",
}
_CAPTURED: Final = frozenset({"completed", "no_mail", "no_account"})
_OTHER_PAYER_SHARE: Final = 0.08
_LOGGED_SHARE: Final = 0.3
_REFUND_BY_HAND_SHARE: Final = 0.0008
_MEASURED_SHARE: Final = 0.3
_SENT_AGAIN_SHARE: Final = 0.85  # of the mails that an outage kept from being sent
_PAYPAL_SLOW_MS: Final = 3000
_TIMEOUT_MS: Final = 30_000


class Attempt:
    """The steps of one payment, as it goes on. ``later`` holds what days afterwards brings.

    ``invited`` is the account whose owner was sent the way in, if any, at ``invited_at``.
    """

    def __init__(
        self,
        rng: random.Random,
        payment: Payment,
        region: Region,
        people: People,
        weather: Weather,
        zone: ZoneInfo,
        seed: int,
    ) -> None:
        self.steps: list[Step] = []
        self.later: list[Step] = []
        self.invited: Account | None = None
        self.invited_at = payment.at
        self._rng = rng
        self._payment = payment
        self._region = region
        self._people = people
        self._weather = weather
        self._zone = zone
        self._seed = seed

    def run(self, fate: str) -> None:
        """Let the payment come to the end named ``fate``."""
        self._begin()
        if fate == "left_pending":
            return
        ordered = self._order(failed=fate == "order_failed")
        if fate in {"order_failed", "abandoned"}:
            return
        paid = ordered + timedelta(seconds=min(max(draw_around(self._rng, 105, 0.8), 18), 3600))
        if fate == "cancelled":
            self._change(paid, {"status": "cancelled"})
        else:
            self._capture(paid, fate)

    def _begin(self) -> None:
        payment = self._payment
        values: dict[str, Cell] = {
            "transaction_id": payment.transaction_id,
            "email": payment.email,
            "amount": payment.price.amount,
            "currency": "USD",
            "status": "pending",
            "user_created": 0,
            "email_sent": 0,
            "created_at": stamp(payment.at),
        }
        self.steps.append(insert(payment.at, "transactions", values, payment.transaction_id))
        if self._rng.random() < _MEASURED_SHARE:
            took_ms = draw_around(self._rng, 4.0)
            self._measured(payment.at, "database_query", "log_transaction", took_ms)

    def _order(self, *, failed: bool) -> datetime:
        """PayPal's order; returns when it stood, or had failed."""
        payment = self._payment
        out = self._weather.down("paypal", payment.at) is not None
        took_ms = min(draw_around(self._rng, 6500.0 if out else 640.0), _TIMEOUT_MS)
        at = payment.at + timedelta(milliseconds=took_ms)
        self._paypal(at, out=out, failed=failed)
        self._measured(at, "request_time", "create_paypal_order", took_ms, failed=failed)
        if failed:
            message = "Failed to create PayPal order"
            self._change(at, {"status": "failed", "error_message": message})
            details = {"error": "PayPal service error"}
            self._log(at, "ERROR", "PayPal order creation failed", details, payment.email)
        else:
            self._change(at, {"status": "awaiting_payment"})
        return at

    def _capture(self, paid: datetime, fate: str) -> None:
        payment = self._payment
        out = self._weather.down("paypal", paid) is not None
        took_ms = min(draw_around(self._rng, 7000.0 if out else 1160.0), _TIMEOUT_MS)
        if fate == "timed_out":
            took_ms = 10_000.0 + self._rng.uniform(5, 90)
        at = paid + timedelta(milliseconds=took_ms)
        good = fate in _CAPTURED
        order_id = random_code(self._rng, 17)
        self._paypal(at, out=out, failed=fate in {"timed_out", "capture_failed"})
        self._measured(at, "request_time", "capture_paypal_order", took_ms, failed=not good)
        if good:
            self._captured(at, fate, order_id)
        elif fate in ERRORS:
            self._change(at, {"status": "error", "error_message": ERRORS[fate]})
            if fate == "string_undefined":
                self._account(at, payment.owner)
                self._repair(repairs.FAILED, payment.owner)
            message = f"PayPal capture error: {ERRORS[fate]}"
            self._log(at, "ERROR", message, {"order_id": order_id})
        elif fate == "account_exists":
            self._account(payment.at, payment.owner)
            self._repair(repairs.FAILED, payment.owner)
            message = f"User with email {payment.email} already exists"
            self._change(at, {"status": "failed", "error_message": message})
            words = f"User account already exists: {payment.email}"
            self._log(at, "WARNING", words, None, payment.email)
        else:
            message = "PayPal capture failed"
            self._change(at, {"status": "failed", "error_message": message})
            self._log(at, "ERROR", message, {"order_id": order_id, "capture_result": None})

    def _captured(self, at: datetime, fate: str, order_id: str) -> None:
        """Money was taken: the account, the row's completion, mails, and what comes of it later."""
        rng, payment = self._rng, self._payment
        payer = payment.owner
        if rng.random() < _OTHER_PAYER_SHARE:
            payer = self._people.address(rng, self._region)
        account = None if fate == "no_account" else self._account(at, payer)
        captured: dict[str, Cell] = {
            "paypal_transaction_id": random_code(rng, 17),
            "payer_email": payer,
            "amount": payment.price.captured,
            "currency": payment.price.currency,
        }
        self._change(
            at,
            {
                "status": "completed",
                "completed_at": stamp(at),
                "paypal_payment_id": f"PAYID-{random_code(rng, 20)}",
                "user_created": int(fate != "no_account"),
                "metadata": as_json(captured),
            },
        )
        outage = self._weather.down("mail", at)
        mailed = fate != "no_mail" and not (outage and rng.random() < 0.97)
        self.steps += mail_steps(rng, payment, payer, at, mailed=mailed)
        if mailed:
            self.invited, self.invited_at = account, at
        elif outage and rng.random() < _SENT_AGAIN_SHARE:
            again = outage.end + timedelta(minutes=rng.uniform(40, 400))
            self.steps += sent_steps(rng, payment.transaction_id, payer, again, ":again")
        else:
            self._repair(repairs.NO_MAIL, payer)
        if account is None:
            self._repair(repairs.NO_ACCOUNT, payer)
            return
        if rng.random() < _LOGGED_SHARE:
            details = {
                "order_id": order_id,
                "username": account.username,
                "email_sent": mailed,
            }
            message = f"Payment completed successfully - ${payment.price.captured:.2f}"
            self._log(at, "INFO", message, details, payment.email)
        if rng.random() < _REFUND_BY_HAND_SHARE:
            self.later += refund_without_case(rng, payment, at)
            return
        case = case_to_open(rng, payment, at)
        if case:
            self.later += case_steps(self._seed, case, self._zone)

    def _account(self, at: datetime, payer: str) -> Account:
        account, made = self._people.open_account(self._rng, payer)
        if made:
            values: dict[str, Cell] = {
                "id": account.user_id,
                "username": account.username,
                "email": payer,
                "password_hash": f"$2b$04$demo.{random_code(self._rng, 48)}",
                "salt": f"$2b$04$demo.{random_code(self._rng, 17)}",
                "created_at": stamp(at),
                "is_active": 1,
            }
            self.steps.append(insert(at, "users", values, payer))
        return account

    def _repair(self, why: str, payer: str) -> None:
        """What the shop does about it days later, once it notices."""
        payment = self._payment
        price = payment.price
        unserved = repairs.Unserved(
            *(payment.transaction_id, why, payment.at.replace(microsecond=0), payment.email),
            *(payer, price.captured, price.currency),
        )
        self.later += repairs.repair_steps(self._seed, unserved, self._zone)

    def _change(self, at: datetime, values: dict[str, Cell]) -> None:
        self.steps.append(update(at, "transactions", self._payment.transaction_id, values))

    def _log(
        self,
        at: datetime,
        level: str,
        message: str,
        details: Mapping[str, object] | None,
        email: str | None = None,
    ) -> None:
        self.steps.append(self._payment.log(at, level, message, details, email))

    def _measured(
        self, at: datetime, kind: str, endpoint: str, value_ms: float, *, failed: bool = False
    ) -> None:
        status = "error" if failed else "success"
        self.steps.append(measured(at, self._zone, kind, endpoint, value_ms, status))

    def _paypal(self, at: datetime, *, out: bool, failed: bool) -> None:
        """PayPal's own answer time, measured at some of the calls, and a word if it was slow."""
        rng = self._rng
        if rng.random() > _MEASURED_SHARE:
            return
        took_ms = min(draw_around(rng, 5600.0 if out else 410.0, 0.4), _TIMEOUT_MS)
        status = rng.choice(("unhealthy", "error")) if failed else "healthy"
        value_ms = 0.0 if status == "error" else took_ms
        kind = "paypal_api_response_time"
        self.steps.append(measured(at, self._zone, kind, "paypal_oauth", value_ms, status))
        if took_ms >= _PAYPAL_SLOW_MS:
            slow: dict[str, Cell] = {
                "level": "WARNING",
                "component": "payment",
                "message": "PayPal API slow response",
                "details": as_json({"response_time": int(took_ms)}),
                "created_at": stamp(at),
            }
            self.steps.append(insert(at, "system_logs", slow))
