"""VectorCraft writes while it is read, and no write fails. How long they take: `make bench`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks.shops import past_shop
from tests.collectors.rig import Console, environment, eventually, running
from tests.shop import metadata

_WRITES = 240


def write(connection: sqlite3.Connection, number: int) -> None:
    """A checkout and its capture, and something in an old row, as the app writes them."""
    name = f"VC_new_{number // 3}"
    if number % 3 == 0:
        connection.execute(
            "INSERT INTO transactions (transaction_id, email, status) VALUES (?, 'a@b.c', ?)",
            (name, "pending"),
        )
    elif number % 3 == 1:
        connection.execute(
            "UPDATE transactions SET status = 'completed', completed_at = CURRENT_TIMESTAMP,"
            " metadata = ? WHERE transaction_id = ?",
            (metadata(), name),
        )
    else:
        connection.execute(
            "UPDATE transactions SET email = ? WHERE id = ?", (f"m{number}@b.c", number + 1)
        )


@pytest.mark.slow
def test_no_write_fails_while_the_daemons_read_a_shop_in_delete_journal_mode(
    tmp_path: Path,
) -> None:
    shop = past_shop(tmp_path / "shop.db", payments=4_000)
    url = f"sqlite:///{shop}"
    # The driver's own five seconds, as the app has them.
    connection = sqlite3.connect(shop, isolation_level=None)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    console = Console(tmp_path / "data", url)
    with running(environment(tmp_path / "data", url)):
        eventually(console.current, "the daemons begin to read", within_s=30)
        # From the first read on, into the comparisons of what is known.
        for number in range(_WRITES):
            write(connection, number)
        eventually(
            lambda: sum(name.startswith("VC_new") for name in console.current()) == _WRITES // 3,
            "every new payment is seen",
        )
    connection.close()
