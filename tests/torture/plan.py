"""What the torture's writers write: a pure function of seed, writer and number, and its figures.

A *piece* is what one writer keeps in one transaction: response times, payments that begin and that
go on, and the cases of refunds. A payment's states come with the pieces after the one it began in,
so that what must stand after the first N pieces of a writer follows from N alone. Money is in
cents.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

#: The clock of every store that is tortured begins here.
BEGUN: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
#: Everything in the plan happens within so many days before the beginning.
PAST: Final = timedelta(days=12)
CUSTOMERS: Final = 40
_REQUESTS: Final = 60
_PAYMENTS: Final = 4
_PIECES_MAX: Final = 1_000_000
_ROWS_MAX: Final = 1_000
#: How many pieces later a payment goes on to each of its further states.
_STATES_AFTER: Final = {
    "pending": (),
    "failed": (1,),
    "completed": (1,),
    "refunded": (1, 4),
    "touched": (1, 9),
    "deleted": (2,),
}
_FATES: Final = (*(["completed"] * 5), "pending", "failed", "refunded", "refunded", "touched",
                 "deleted")  # fmt: skip


class Payment(NamedTuple):
    """One payment of the plan: when it began, what becomes of it, and the piece it begins in."""

    name: str
    row_id: int
    piece: int
    fate: str
    cents: int
    email: str
    begun: datetime

    @property
    def completed(self) -> datetime:
        return self.begun + timedelta(minutes=self.cents % 50)

    @property
    def resolved(self) -> datetime:
        return self.begun + timedelta(hours=self.cents % 47)

    def status(self, state: int) -> str:
        """What its row says in its state of that number, 0 the first."""
        if state == 0 or self.fate in {"pending", "deleted"}:
            return "pending"
        if self.fate == "failed":
            return "failed"
        return "refunded" if self.fate == "refunded" and state == 2 else "completed"

    def gone(self, state: int) -> bool:
        return self.fate == "deleted" and state == 1


@dataclass(frozen=True, slots=True)
class Piece:
    """What one transaction keeps: response times, and (payment, state) pairs."""

    requests: list[dict[str, Any]]
    versions: list[tuple[Payment, int]]


@lru_cache(maxsize=100_000)
def payments(seed: int, writer: int, number: int) -> tuple[Payment, ...]:
    """The payments that begin in a piece."""
    chosen = random.Random(f"{seed}/{writer}/{number}")  # noqa: S311 not a secret
    return tuple(
        Payment(
            name=f"VC_{writer}_{number}_{i}",
            row_id=row_id(writer, number, i),
            piece=number,
            fate=chosen.choice(_FATES),
            cents=chosen.choice((4900, 2940, 999, 12050, chosen.randrange(1, 90_000))),
            email=address(chosen.randrange(CUSTOMERS)),
            begun=BEGUN - PAST * chosen.random(),
        )
        for i in range(_PAYMENTS)
    )


def address(customer: int) -> str:
    return f"customer{customer}@example.com"


def row_id(writer: int, number: int, row: int) -> int:
    """An id that says whose it is."""
    return (writer * _PIECES_MAX + number) * _ROWS_MAX + row


def origin(row_id: int) -> tuple[int, int]:
    """Writer and number of the piece an id was given in."""
    return row_id // _ROWS_MAX // _PIECES_MAX, row_id // _ROWS_MAX % _PIECES_MAX


def piece(seed: int, writer: int, number: int) -> Piece:
    chosen = random.Random(f"{seed}/{writer}/{number}/requests")  # noqa: S311 not a secret
    recent = timedelta(days=3) if number % 5 else PAST
    requests = [
        {
            "source_id": row_id(writer, number, i),
            "happened_at": BEGUN - recent * chosen.random(),
            "kind": "request_time",
            "endpoint": f"/api/{chosen.randrange(3)}",
            "value_ms": float(chosen.randrange(1, 4_000)),
            "status": "success" if chosen.random() < 0.9 else "error",
        }
        for i in range(_REQUESTS)
    ]
    versions = [(payment, 0) for payment in payments(seed, writer, number)]
    for before in range(max(1, number - 9), number):
        for payment in payments(seed, writer, before):
            for state, after in enumerate(_STATES_AFTER[payment.fate], 1):
                if before + after == number:
                    versions.append((payment, state))
    return Piece(requests, versions)


def version(payment: Payment, state: int, number: int, observed_at: datetime) -> dict[str, Any]:
    """A version as the collectors keep one. ``notes`` says with which piece and state it came."""
    captured = payment.status(state) in {"completed", "refunded"}
    case = f"DISP_{payment.name}" if payment.status(state) == "refunded" else None
    amount = Decimal(payment.cents) / 100
    return {
        "source_id": payment.row_id,
        "observed_at": observed_at,
        "deleted": payment.gone(state),
        "notes": f"{number} {state}",
        "transaction_id": payment.name,
        "created_at": payment.begun,
        "completed_at": payment.completed if captured else None,
        "status": payment.status(state),
        "email": payment.email,
        "amount_column": amount,
        "currency_column": "USD",
        "captured_amount": amount,
        "currency": "USD",
        "captured": captured,
        "captured_at": payment.completed if captured else None,
        "refund_case_id": case,
        "refund_seen_at": observed_at if case else None,
        "metadata": json.dumps({"refund_case_id": case} if case else {"amount": float(amount)}),
    }


def case(payment: Payment, number: int, observed_at: datetime) -> dict[str, Any]:
    """The case of a refund, which says when the money went back."""
    return {
        "source_id": payment.row_id,
        "observed_at": observed_at,
        "deleted": False,
        "notes": f"{number} 0",
        "case_id": f"DISP_{payment.name}",
        "transaction_id": payment.name,
        "customer_email": payment.email,
        "status": "resolved",
        "created_at": payment.begun,
        "resolved_at": payment.resolved,
    }


@dataclass(slots=True)
class Figures:
    """What the first pieces of every writer come to. Only ever moves on."""

    seed: int
    pieces: Counter[int] = field(default_factory=Counter)
    #: Response times by day, endpoint and figure: rows, ms, errors.
    requests: Counter[tuple[date, str, str]] = field(default_factory=Counter)
    slowest: dict[tuple[date, str], float] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    #: Of the rows that stand now: how many of each status, and their cents.
    standing: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: By hour and figure; money in cents.
    revenue: Counter[tuple[datetime, str]] = field(default_factory=Counter)

    def advance(self, writer: int, to: int) -> None:
        """Take in the writer's pieces up to number ``to``."""
        for number in range(self.pieces[writer] + 1, to + 1):
            self._add(piece(self.seed, writer, number))
        self.pieces[writer] = max(to, self.pieces[writer])

    @property
    def kept(self) -> int:
        """Response times in all, those that were let go of too."""
        return sum(n for (_, _, figure), n in self.requests.items() if figure == "rows")

    def endpoints(self, floor: date) -> dict[str, tuple[int, int, float, int]]:
        """By endpoint from a day on: rows, errors, the slowest, milliseconds in all."""
        found: dict[str, tuple[int, int, float, int]] = {}
        for (day, name), slowest in self.slowest.items():
            if day < floor:
                continue
            rows, errors, most, ms = found.get(name, (0, 0, 0.0, 0))
            found[name] = (
                rows + self.requests[day, name, "rows"],
                errors + self.requests[day, name, "errors"],
                max(most, slowest),
                ms + self.requests[day, name, "ms"],
            )
        return found

    def _add(self, one: Piece) -> None:
        for row in one.requests:
            of = row["happened_at"].date(), row["endpoint"]
            self.requests[*of, "rows"] += 1
            self.requests[*of, "ms"] += int(row["value_ms"])
            self.requests[*of, "errors"] += row["status"] == "error"
            self.slowest[of] = max(self.slowest.get(of, 0.0), row["value_ms"])
        for payment, state in one.versions:
            self.versions["rows"] += 1
            self.versions["cents"] += payment.cents
            self.cases += payment.status(state) == "refunded"
            if state:
                self._stand(payment, state - 1, -1)
            self._stand(payment, state, 1)

    def _stand(self, payment: Payment, state: int, sign: int) -> None:
        if payment.gone(state):
            return
        status = payment.status(state)
        self.standing[status, "rows"] += sign
        self.standing[status, "cents"] += sign * payment.cents
        self._book(payment.begun, "attempts", sign)
        if status == "failed":
            self._book(payment.begun, "failed", sign)
        if status in {"completed", "refunded"}:
            self._book(payment.completed, "captured", sign)
            self._book(payment.completed, "gross", sign * payment.cents)
        if status == "refunded":
            self._book(payment.resolved, "refunded", sign)
            self._book(payment.resolved, "refunds", sign * payment.cents)

    def _book(self, at: datetime, figure: str, amount: int) -> None:
        self.revenue[at.replace(minute=0, second=0, microsecond=0), figure] += amount
