"""A VectorCraft-shaped database for tests, row by row with explicit values.

    with make_shop(tmp_path / "shop.db") as shop:
        shop.transaction("VC_1", amount=49, created_at="2026-11-20 09:00:00")
        shop.complete("VC_1", amount=49.0, completed_at="2026-11-20 09:01:00")
        shop.refund("VC_1", case_id="DISP_1", resolved_at="2026-11-21 10:00:00")

Every write commits at once, as VectorCraft's own do; ``with shop.batch():`` puts many into one
transaction. Nothing depends on the clock: what is not given has the same value each time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from collectors.simulator.schema import create_indexes, create_tables

#: The time of a row that was given none.
SHOP_TIME: Final = "2026-11-20 12:00:00"


def utc_text(moment: datetime) -> str:
    """An aware time as VectorCraft's CURRENT_TIMESTAMP columns hold it (UTC, whole seconds)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


class Shop:
    """An open shop. ``path`` is its file, ``url`` what VC_SOURCE_URL would say."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        self.connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    # Any table

    def execute(
        self, sql: str, parameters: tuple[object, ...] | Mapping[str, object] = ()
    ) -> sqlite3.Cursor:
        """Run any statement: broken schemas, invalid UTF-8 (CAST(? AS TEXT) of bytes), ..."""
        return self.connection.execute(sql, parameters)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """All writes inside stand in one transaction, held until the block ends."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def insert(self, table: str, **values: object) -> int:
        """Insert one row into any table and return its id."""
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        cursor = self.connection.execute(
            f'INSERT INTO "{table}" ({names}) VALUES ({marks})',
            tuple(_cell(value) for value in values.values()),
        )
        return int(cursor.lastrowid or 0)

    def insert_many(self, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Insert rows that all have the same columns, in one transaction of their own."""
        listed = list(rows)
        if not listed:
            return
        names = ", ".join(f'"{name}"' for name in listed[0])
        marks = ", ".join("?" for _ in listed[0])
        with self.batch():
            self.connection.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})',
                [tuple(_cell(value) for value in row.values()) for row in listed],
            )

    def update_row(self, table: str, key: str, wanted: object, **values: object) -> None:
        """Update in place the one row whose ``key`` column is ``wanted``; it must exist."""
        sets = ", ".join(f'"{name}" = ?' for name in values)
        cursor = self.connection.execute(
            f'UPDATE "{table}" SET {sets} WHERE "{key}" = ?',
            (*(_cell(value) for value in values.values()), wanted),
        )
        assert cursor.rowcount == 1, f"{table} has no row with {key} = {wanted!r}"

    # Payments

    def transaction(self, transaction_id: str, **values: object) -> int:
        """Insert a payment (pending, 49 USD, SHOP_TIME unless told) and return its row id."""
        row: dict[str, object] = {
            "email": "ann@example.com",
            "amount": 49,
            "currency": "USD",
            "status": "pending",
            "user_created": 0,
            "email_sent": 0,
            "created_at": SHOP_TIME,
        }
        return self.insert("transactions", transaction_id=transaction_id, **{**row, **values})

    def update(self, transaction_id: str, **values: object) -> None:
        """Update columns of a payment in place."""
        self.update_row("transactions", "transaction_id", transaction_id, **values)

    def complete(
        self,
        transaction_id: str,
        *,
        completed_at: object = SHOP_TIME,
        amount: object = 49.0,
        currency: str = "USD",
        payer_email: str = "ann@example.com",
        email_sent: int = 1,
        user_created: int = 1,
    ) -> None:
        """Capture a payment as VectorCraft does: the captured amount goes into the metadata."""
        self.update(
            transaction_id,
            status="completed",
            completed_at=completed_at,
            paypal_payment_id=f"PAYID-{transaction_id}",
            user_created=user_created,
            email_sent=email_sent,
            metadata=metadata(amount=amount, currency=currency, payer_email=payer_email),
        )

    def refund(
        self,
        transaction_id: str,
        *,
        case_id: str | None = None,
        resolved_at: object = SHOP_TIME,
        with_case: bool = True,
    ) -> str:
        """Refund a payment: its metadata is overwritten by the case's id, which is returned.

        A case resolved at ``resolved_at`` stands beside it unless ``with_case`` is false or one
        with that id exists already (then it is resolved).
        """
        case = case_id or f"DISP_{transaction_id}"
        if with_case:
            if self.execute("SELECT 1 FROM dispute_cases WHERE case_id = ?", (case,)).fetchone():
                self.update_dispute(case, status="resolved", resolved_at=resolved_at)
            else:
                self.dispute(case, transaction_id, status="resolved", resolved_at=resolved_at)
        self.update(
            transaction_id, status="refunded", metadata=json.dumps({"refund_case_id": case})
        )
        return case

    def delete(self, transaction_id: str) -> None:
        """Delete a payment, as the app's clean-up script does with samples."""
        self.execute("DELETE FROM transactions WHERE transaction_id = ?", (transaction_id,))

    # Cases, mails, measurements

    def dispute(self, case_id: str, transaction_id: str, **values: object) -> int:
        """Insert a case (an open refund request over 49 USD unless told) and return its row id."""
        row: dict[str, object] = {
            "customer_email": "ann@example.com",
            "dispute_type": "refund_request",
            "status": "open",
            "priority": "medium",
            "amount": 49,
            "currency": "USD",
            "created_at": SHOP_TIME,
        }
        given = {**row, **values}
        return self.insert("dispute_cases", case_id=case_id, transaction_id=transaction_id, **given)

    def update_dispute(self, case_id: str, **values: object) -> None:
        self.update_row("dispute_cases", "case_id", case_id, **values)

    def mail(self, **values: object) -> int:
        """Insert a mail (a sent purchase confirmation unless told) and return its row id."""
        row: dict[str, object] = {
            "email_type": "purchase_confirmation",
            "recipient_email": "ann@example.com",
            "subject": "Welcome to VectorCraft",
            "status": "sent",
            "created_at": SHOP_TIME,
        }
        return self.insert("email_logs", **{**row, **values})

    def update_mail(self, row_id: int, **values: object) -> None:
        self.update_row("email_logs", "id", row_id, **values)

    def metric(self, **values: object) -> int:
        """Insert a performance_metrics row (a successful request, 50 ms) and return its row id.

        ``timestamp`` is the server's naive LOCAL time, with microseconds in the wild.
        """
        row: dict[str, object] = {
            "metric_type": "request_time",
            "endpoint": "/api/vectorize",
            "value": 50.0,
            "status": "success",
            "timestamp": SHOP_TIME,
        }
        return self.insert("performance_metrics", **{**row, **values})

    def rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters).fetchall()


def make_shop(path: Path, journal_mode: str = "delete", without: Collection[str] = ()) -> Shop:
    """A new, empty shop at ``path``: VectorCraft's DDL, but the tables named in ``without``.

    ``journal_mode`` is ``delete`` (VectorCraft's default) or ``wal``. The connection may be used
    from any thread, one at a time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    # Tests write many rows; a crash of the machine in the middle of a test loses nothing.
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN IMMEDIATE")
    create_tables(connection, without)
    create_indexes(connection, without)
    connection.execute("COMMIT")
    return Shop(path, connection)


def open_shop(path: Path) -> Shop:
    """A second connection to a shop that exists."""
    return Shop(
        path, sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    )


def metadata(
    amount: object = 49.0,
    currency: str = "USD",
    payer_email: str = "ann@example.com",
    **more: object,
) -> str:
    """A captured payment's metadata as VectorCraft writes it."""
    return json.dumps(
        {"paypal_transaction_id": "TESTPAYPALID", "payer_email": payer_email, "amount": amount}
        | {"currency": currency, **more}
    )


def _cell(value: object) -> object:
    return utc_text(value) if isinstance(value, datetime) else value
