"""VectorCraft's own database with the same rows as a made store, and the source's indexes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks import made
from benchmarks.results import Options
from benchmarks.stores import Size
from collectors.simulator.schema import create_indexes, create_tables

_SAY_EVERY_DAYS: Final = 30
#: VectorCraft writes seconds where SQLite stamps, and microseconds where Python does.
_SECONDS: Final = "%Y-%m-%d %H:%M:%S"
_MICROSECONDS: Final = "%Y-%m-%dT%H:%M:%S%.6f"


def shop(folder: Path, size: Size, options: Options) -> Path:
    """The database of a size in ``folder``, made where it is not there yet."""
    path = folder / f"shop-{size.name}-{options.seed}.db"
    if path.exists():
        return path
    aside = path.with_suffix(".making")
    aside.unlink(missing_ok=True)
    with closing(sqlite3.connect(aside, isolation_level=None)) as connection:
        # A making that is interrupted is thrown away.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        create_tables(connection)
        connection.execute("BEGIN")
        _payments(connection, size, options)
        _requests(connection, size, options)
        connection.execute("COMMIT")
        options.say(f"{size} in SQLite: indexes")
        create_indexes(connection)
        connection.execute("ANALYZE")
    aside.rename(path)
    return path


def insert(connection: sqlite3.Connection, table: str, frame: pl.DataFrame) -> None:
    names, marks = ", ".join(frame.columns), ", ".join("?" for _ in frame.columns)
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", frame.iter_rows())


def _payments(connection: sqlite3.Connection, size: Size, options: Options) -> None:
    days = made.days_of(size.payments, made.PAYMENTS_A_DAY)
    a_day = min(size.payments, made.PAYMENTS_A_DAY)
    for number, (_, books) in enumerate(made.books(days, a_day, options.seed)):
        refunded = pl.col("status") == "refunded"
        seen = books.transactions
        insert(connection, "transactions", payment_rows(seen.filter(~refunded)))
        connection.executemany(
            "UPDATE transactions SET status = ?, metadata = ? WHERE transaction_id = ?",
            seen.filter(refunded).select("status", "metadata", "transaction_id").iter_rows(),
        )
        insert(connection, "dispute_cases", _case_rows(books.disputes))
        insert(connection, "email_logs", _mail_rows(books.mails))
        if number % _SAY_EVERY_DAYS == 0:
            options.say(f"{size} in SQLite: payments, day {number + 1:,} of {len(days):,}")


def payment_rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "transaction_id",
        "email",
        pl.col("amount_column").cast(pl.Float64).alias("amount"),
        "paypal_order_id",
        "paypal_payment_id",
        "status",
        "error_message",
        pl.col("user_created").cast(pl.Int64),
        pl.col("email_sent").cast(pl.Int64),
        pl.col("created_at").dt.strftime(_SECONDS),
        pl.col("completed_at").dt.strftime(_SECONDS),
        "metadata",
    )


def _case_rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "case_id",
        "transaction_id",
        "customer_email",
        "dispute_type",
        "status",
        "priority",
        pl.col("amount").cast(pl.Float64),
        pl.col("created_at").dt.strftime(_SECONDS),
        pl.col("resolved_at").dt.strftime(_SECONDS),
    )


def _mail_rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "email_type",
        "recipient_email",
        "subject",
        "status",
        "delivery_attempts",
        pl.col("created_at").dt.strftime(_SECONDS),
    )


def request_rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col("kind").alias("metric_type"),
        "endpoint",
        pl.col("value_ms").alias("value"),
        "status",
        pl.col("happened_at").dt.strftime(_MICROSECONDS).alias("timestamp"),
    )


def system_rows(values: pl.DataFrame) -> pl.DataFrame:
    """What the source keeps of a host: three values a sample."""
    kept = ("cpu_percent", "memory_percent", "disk_percent")
    wide = values.filter(pl.col("measure").is_in(kept)).pivot(
        "measure", index="happened_at", values="value"
    )
    return wide.select(
        pl.lit("system_resources").alias("metric_type"),
        *kept,
        pl.col("happened_at").dt.strftime(_MICROSECONDS).alias("timestamp"),
    )


def _requests(connection: sqlite3.Connection, size: Size, options: Options) -> None:
    days = made.days_of(size.requests, made.REQUESTS_A_DAY)
    a_day = min(size.requests, made.REQUESTS_A_DAY)
    for number, day in enumerate(days):
        frame = request_rows(made.requests(day, a_day, options.seed))
        insert(connection, "performance_metrics", frame)
        if number % _SAY_EVERY_DAYS == 0:
            options.say(f"{size} in SQLite: requests, day {number + 1:,} of {len(days):,}")
