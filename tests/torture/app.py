"""The app of the torture: a shop that sells, written as VectorCraft writes, by a seed.

    python -m tests.torture.app SHOP --seed 7 --writes 100

Each write is a transaction of its own, in the ``delete`` journal mode, durable. What it chooses
hangs on the seed and on what stands in the shop; the times are those of the clock, because the
collectors tell a payment's age by theirs. Triggers keep each state a row went through, in the
transaction that made it, so that the history the console kept can be held against the real one.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from tests.shop import Shop, make_shop, open_shop, utc_text

AMOUNTS: Final = (49, 29.4, 9.99, 120.5)
#: Few enough that nobody takes the rows that vanish in a round for another source's.
DELETIONS_MAX: Final = 20
_METRICS: Final = 500
_MAILS: Final = ("sent", "sent", "failed")
#: Table, the column that says which row it is, and the columns whose states are kept.
HISTORIES: Final = {
    "transactions": (
        "transaction_id",
        "id, status, email, user_created, email_sent, error_message, completed_at, metadata",
    ),
    "dispute_cases": ("case_id", "id, status, resolved_at"),
    "email_logs": ("id", "id, status, delivery_attempts, error_message"),
}


def found_shop(path: Path, seed: int, payments: int) -> None:
    """A new shop with ``payments`` behind it, and the triggers that keep its history."""
    with make_shop(path) as shop:
        shop.execute("PRAGMA synchronous = FULL")
        shop.execute(
            "CREATE TABLE history (id INTEGER PRIMARY KEY, of TEXT, key TEXT, gone INTEGER,"
            " state TEXT)"
        )
        for table, (key, columns) in HISTORIES.items():
            for event, row, gone in (
                ("INSERT", "new", 0),
                ("UPDATE", "new", 0),
                ("DELETE", "old", 1),
            ):
                state = ", ".join(f"{row}.{name}" for name in columns.split(", "))
                shop.execute(
                    f"CREATE TRIGGER {table}_{event} AFTER {event} ON {table} BEGIN"
                    f" INSERT INTO history (of, key, gone, state) VALUES"
                    f" ('{table}', {row}.{key}, {gone}, json_array({state})); END"
                )
        app = App(shop, seed)
        with shop.batch():
            for _ in range(payments):
                app.sell()
                app.move()


class App:
    """What the shop's app does, one write a call."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self._shop = shop
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 not a secret
        self._number = 0
        self._deleted: list[tuple[str, dict[str, Any]]] = []
        self._acts: tuple[tuple[Callable[[], None], int], ...] = (
            (self.sell, 30),
            (self.move, 35),
            (self.tell, 15),
            (self.refund, 8),
            (self.touch, 6),
            (self.delete, 4),
            (self.insert_again, 2),
            (self.measure, 4),
            (self.sign_in, 6),
            (self.work, 6),
        )

    def act(self) -> None:
        """One write of any kind."""
        acts, weights = zip(*self._acts, strict=True)
        self._random.choices(acts, weights)[0]()

    def sell(self) -> None:
        """A customer begins, now or, as the shop's past, within the last three days."""
        self._number += 1
        age = timedelta(seconds=self._random.randrange(3 * 86_400))
        self._shop.transaction(
            f"VC_{self._seed}_{self._number}",
            email=f"c{self._random.randrange(400)}@example.com",
            amount=self._random.choice(AMOUNTS),
            created_at=utc_text(datetime.now(UTC) - age),
        )

    def move(self) -> None:
        """An open payment goes on: to PayPal, and there to its end."""
        row = self._pick(
            "status IN ('pending', 'awaiting_payment')", "transaction_id, status, amount"
        )
        if row is None:
            return
        name, status, amount = row
        if status == "pending":
            self._shop.update(name, status="awaiting_payment", paypal_order_id=f"ORDER-{name}")
        elif self._random.random() < 0.7:
            self._shop.complete(
                name,
                amount=amount,
                completed_at=utc_text(datetime.now(UTC)),
                email_sent=0,
                user_created=0,
            )
        else:
            fate = self._random.choice(("failed", "error"))
            self._shop.update(name, status=fate, error_message=f"declined {self._number}")

    def tell(self) -> None:
        """The mail and the account of a captured payment; or what became of a mail."""
        if self._random.random() < 0.5:
            queued = self._shop.rows(
                "SELECT id FROM email_logs WHERE status = 'pending' ORDER BY id"
            )
            if queued:
                status = self._random.choice(_MAILS)
                self._shop.update_mail(queued[0][0], status=status, delivery_attempts=1)
                return
        row = self._pick("status = 'completed' AND email_sent = 0", "transaction_id, email")
        if row is not None:
            self._shop.update(row[0], user_created=1)
            self._shop.mail(recipient_email=row[1], status="pending")
            self._shop.update(row[0], email_sent=1)

    def refund(self) -> None:
        """A captured payment of any age is paid back; what was captured is overwritten."""
        row = self._pick("status = 'completed'", "transaction_id")
        if row is not None:
            self._shop.refund(row[0], resolved_at=utc_text(datetime.now(UTC)))

    def touch(self) -> None:
        """Something that leaves no time behind, in a row of any age."""
        row = self._pick("status != 'refunded'", "transaction_id")
        if row is not None:
            self._shop.update(row[0], email=f"moved{self._random.randrange(10**6)}@example.com")

    def delete(self) -> None:
        row = self._pick("1", "*")
        if row is None or len(self._deleted) >= DELETIONS_MAX:
            return
        names = [name for _, name, *_ in self._shop.rows("PRAGMA table_info(transactions)")]
        values = dict(zip(names, row, strict=True))
        del values["id"]
        self._shop.delete(values["transaction_id"])
        self._deleted.append((values.pop("transaction_id"), values))

    def insert_again(self) -> None:
        """A row that was deleted is back, as it was, under another id."""
        if self._deleted:
            name, values = self._deleted.pop()
            self._shop.transaction(name, **values)

    def measure(self) -> None:
        """Many response times at once, of the last days."""
        now = datetime.now(UTC)
        rows = [
            {
                "metric_type": "request_time",
                "endpoint": f"/api/{self._random.randrange(9)}",
                "value": self._random.expovariate(1 / 50),
                "status": "success" if self._random.random() < 0.95 else "error",
                "timestamp": str(
                    (now - timedelta(seconds=self._random.randrange(3 * 86_400))).replace(
                        tzinfo=None
                    )
                ),
            }
            for _ in range(_METRICS)
        ]
        self._shop.insert_many("performance_metrics", rows)

    def sign_in(self) -> None:
        """A user comes back, or a new one signs up; what the last sign-in was is overwritten."""
        now = datetime.now(UTC)
        found = self._shop.rows("SELECT id FROM users ORDER BY id")
        if found and self._random.random() < 0.7:
            row_id = self._random.choice(found)[0]
            self._shop.update_row("users", "id", row_id, last_login=now)
            return
        name = f"user{self._seed}_{len(found)}"
        secret = {"password_hash": "-", "salt": "-"}
        email = f"{name}@example.com"
        self._shop.insert("users", username=name, email=email, created_at=utc_text(now), **secret)

    def work(self) -> None:
        """Uploads, what the app notes of them, and how it is; a few rows in one transaction."""
        now = utc_text(datetime.now(UTC))
        with self._shop.batch():
            for number in range(self._random.randrange(1, 4)):
                user = self._random.randrange(1, 9)
                self._shop.insert(
                    "user_uploads",
                    user_id=user,
                    filename=f"{number}.png",
                    original_filename="logo.png",
                    upload_date=now,
                    svg_filename=f"{number}.svg",
                    processing_time=1.5,
                )
                self._shop.insert(
                    "user_activities",
                    user_id=user,
                    activity_type="download",
                    description="took the file",
                    timestamp=now,
                )
                self._shop.insert(
                    "system_logs",
                    level="INFO",
                    component="vectorizer",
                    message=f"done {number}",
                    created_at=now,
                )
            self._shop.insert(
                "system_health", component="database", status="healthy", checked_at=now
            )

    def die_half_written(self) -> None:
        """Killed in the middle of a transaction that is in the file already: a hot journal."""
        # A cache of one page has SQLite write into the file before the commit.
        self._shop.execute("PRAGMA cache_size = 1")
        self._shop.execute("BEGIN IMMEDIATE")
        for i in range(200):
            self._shop.insert("system_logs", level="INFO", component="half", message=f"{i} " * 200)
        self._shop.execute("UPDATE transactions SET email = 'half@written' WHERE id % 7 = 0")
        os.kill(os.getpid(), signal.SIGKILL)

    def _pick(self, where: str, columns: str) -> tuple[Any, ...] | None:
        found = self._shop.rows(f"SELECT count(*) FROM transactions WHERE {where}")[0][0]
        if not found:
            return None
        # Often a recent one, at times one of any age.
        newest = self._random.random() < 0.6
        offset = self._random.randrange(min(found, 20) if newest else found)
        return self._shop.rows(
            f"SELECT {columns} FROM transactions WHERE {where} ORDER BY id DESC LIMIT 1 OFFSET ?",
            (offset,),
        )[0]


def history(shop: Path) -> dict[str, dict[str, list[tuple[bool, list[Any]]]]]:
    """Each table's rows by key, and the states (gone, columns) each went through, in order."""
    result: dict[str, dict[str, list[tuple[bool, list[Any]]]]] = {name: {} for name in HISTORIES}
    with open_shop(shop) as opened:
        for table, key, gone, state in opened.rows(
            "SELECT of, key, gone, state FROM history ORDER BY id"
        ):
            result[table].setdefault(str(key), []).append((bool(gone), json.loads(state)))
    return result


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--seed", type=int, required=True)
@click.option("--writes", type=int, required=True)
@click.option("--pause-ms", type=float, default=10.0)
@click.option("--die-half-written", is_flag=True, help="End by a kill -9 within a write.")
def main(*, path: Path, seed: int, writes: int, pause_ms: float, die_half_written: bool) -> None:
    """Write into the shop at PATH."""
    with open_shop(path) as shop:
        app = App(shop, seed)
        # Enough for the sealer, whatever comes.
        app.measure()
        app.measure()
        for _ in range(writes):
            app.act()
            time.sleep(pause_ms / 1000)
        if die_half_written:
            app.die_half_written()


if __name__ == "__main__":
    main()
