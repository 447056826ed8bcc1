"""Ways to run a demo shop in tests: without waiting, and to the end of its past."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.simulator import Simulator

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
#: The past of the shops that tests go on with: enough for every table, made in a moment.
SHORT = timedelta(days=6)


def one(connection: sqlite3.Connection, sql: str, *parameters: object) -> float:
    return float(connection.execute(sql, parameters).fetchone()[0] or 0)


def live(simulator: Simulator, start: datetime, for_: timedelta, step_s: float = 0.0) -> datetime:
    """Run the shop's loop as its runner would, without waiting; returns when it ended."""
    now = start
    while now < start + for_:
        now += timedelta(seconds=max(simulator.loop(now), step_s))
    return now


def opened(path: Path, rate: float = 6.0, **more: object) -> Simulator:
    simulator = Simulator(path, payments_per_minute=rate, **more)  # type: ignore[arg-type]
    simulator.initialise()
    if simulator._connection:
        simulator._connection.execute("PRAGMA synchronous = OFF")
    return simulator


def finish(simulator: Simulator, now: datetime) -> None:
    while not simulator.ready:
        simulator.loop(now)


def content(path: Path) -> str:
    connection = sqlite3.connect(path)
    digest = hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()
    connection.close()
    return digest
