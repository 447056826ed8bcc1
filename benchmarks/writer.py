"""The app of a measurement: writes at a rate and says how long each write took.

    python -m benchmarks.writer SHOP --rate 50

A line a write on stdout: when it began (monotonic, s), how long it took (ms), the error if any.
Ends when it is told to (SIGTERM), or when nobody reads its lines any more.
"""

from __future__ import annotations

import itertools
import signal
import sqlite3
import sys
import time
from pathlib import Path

import click

from tests.shop import metadata


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--rate", type=float, required=True, help="Writes a second.")
def main(*, path: Path, rate: float) -> None:
    """Insert and update payments in the shop at PATH, one transaction each."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # As VectorCraft opens it: nothing but the driver's defaults.
    connection = sqlite3.connect(path, isolation_level=None)
    began = time.monotonic()
    for number in itertools.count():
        # No drift: the next write is due by the clock, however long this one took.
        pause_s = began + number / rate - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        started, error = time.monotonic(), ""
        try:
            _write(connection, number)
        except sqlite3.Error as failed:
            error = str(failed)
        took_ms = (time.monotonic() - started) * 1000
        sys.stdout.write(f"{started:.6f}\t{took_ms:.3f}\t{error}\n")
        sys.stdout.flush()


def _write(connection: sqlite3.Connection, number: int) -> None:
    """A checkout, its way to PayPal, its capture: three writes a payment, as the app makes them."""
    payment, step = divmod(number, 3)
    name = f"VC_w{payment}"
    if step == 0:
        connection.execute(
            "INSERT OR IGNORE INTO transactions (transaction_id, email, amount, status, created_at)"
            " VALUES (?, 'writer@example.com', 49, 'pending', CURRENT_TIMESTAMP)",
            (name,),
        )
    elif step == 1:
        connection.execute(
            "UPDATE transactions SET status = 'awaiting_payment' WHERE transaction_id = ?", (name,)
        )
    else:
        connection.execute(
            "UPDATE transactions SET status = 'completed', completed_at = CURRENT_TIMESTAMP,"
            " metadata = ? WHERE transaction_id = ?",
            (metadata(), name),
        )


if __name__ == "__main__":
    main()
