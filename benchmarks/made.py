"""Rows to measure on, as a busy shop leaves them: the same ones for the same seed.

A day is made at a time, so that memory does not hang on how many days there are. Each day's rows
hang on the seed and the day alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from vcanalytics.model.streams import DISPUTES, MAILS, REQUESTS, SYSTEM, TRANSACTIONS, Stream

#: "Now" of everything that is made: half of the last day is over.
NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
#: The shop's pace. 100 million requests and 10 million payments are five years of it.
REQUESTS_A_DAY: Final = 54_795
PAYMENTS_A_DAY: Final = 5_479

#: kind, endpoint, share of all, median ms, sigma of the lognormal.
_ENDPOINTS: Final = (
    ("request_time", "/api/vectorize", 0.16, 420.0, 0.7),
    ("request_time", "/api/upload", 0.11, 95.0, 0.6),
    ("request_time", "/api/status", 0.13, 6.0, 0.5),
    ("request_time", "/api/download", 0.07, 38.0, 0.8),
    ("request_time", "/api/transactions/create", 0.05, 160.0, 0.5),
    ("request_time", "/api/transactions/capture", 0.04, 710.0, 0.5),
    ("request_time", "/login", 0.05, 85.0, 0.3),
    ("request_time", "/register", 0.02, 110.0, 0.3),
    ("request_time", "/dashboard", 0.07, 55.0, 0.6),
    ("request_time", "/", 0.06, 12.0, 0.6),
    ("request_time", "/buy", 0.04, 18.0, 0.5),
    ("request_time", "/admin", 0.01, 190.0, 0.9),
    ("request_time", "/health", 0.03, 2.0, 0.4),
    ("database_query", "select_user", 0.05, 0.8, 0.8),
    ("database_query", "select_transaction", 0.04, 1.1, 0.8),
    ("database_query", "insert_upload", 0.02, 4.0, 0.9),
    ("database_query", "update_transaction", 0.02, 5.0, 0.9),
    ("vectorization_time", "vtracer_high_fidelity", 0.012, 2_300.0, 0.5),
    ("vectorization_time", "vtracer_experimental", 0.008, 1_500.0, 0.6),
    ("paypal_api_response_time", "orders/create", 0.006, 380.0, 0.4),
    ("paypal_api_response_time", "orders/capture", 0.004, 620.0, 0.4),
)
#: Shares of a day's hours: quiet at night, busiest in the evening.
_HOURS: Final = np.array(
    [2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 7, 7, 7, 7, 8, 9, 10, 10, 9, 7, 5, 3], dtype=float
)
_STATUSES: Final = ("completed", "awaiting_payment", "failed", "refunded", "error", "pending")
_STATUS_SHARES: Final = (0.72, 0.115, 0.10, 0.03, 0.03, 0.005)
_PRICES: Final = (9.99, 29.4, 49.0, 120.5)
_PRICE_SHARES: Final = (0.35, 0.3, 0.25, 0.1)
_ERRORS: Final = ("card declined", "INSTRUMENT_DECLINED", "timeout at PayPal", "payer left")
_LETTERS: Final = np.frombuffer(b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789", dtype="S1")
#: A refund comes so long after its payment.
REFUND_AFTER: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Day:
    """What a day left behind of each stream of the books, as versions."""

    transactions: pl.DataFrame
    disputes: pl.DataFrame
    mails: pl.DataFrame


def days_of(rows: int, a_day: int) -> list[date]:
    """The days that so many rows take, the last one that of NOW."""
    count = max(1, round(rows / a_day))
    return [NOW.date() - timedelta(days=back) for back in reversed(range(count))]


def _random(seed: int, subject: int, day: date) -> np.random.Generator:
    return np.random.default_rng((seed, subject, day.toordinal()))


def _moments(random: np.random.Generator, day: date, count: int) -> np.ndarray:
    """Microseconds since 1970 UTC, ascending, more in busy hours; weekends are quieter."""
    hours = random.choice(24, size=count, p=_HOURS / _HOURS.sum())
    within = random.integers(0, 3_600_000_000, size=count)
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    found: np.ndarray = np.sort(start + hours.astype(np.int64) * 3_600_000_000 + within)
    return found


def _names(random: np.random.Generator, count: int, length: int) -> pl.Series:
    """Random capitals and digits, as PayPal's ids are."""
    drawn = random.choice(_LETTERS, size=(count, length))
    return pl.Series(drawn.view(f"S{length}").ravel().astype(str), dtype=pl.String)


def _instant(micros: np.ndarray) -> pl.Series:
    return pl.Series(micros).cast(pl.Datetime("us", "UTC"))


def as_batch(stream: Stream, frame: pl.DataFrame) -> pa.Table:
    """A frame of some of a stream's columns as a batch of all of them."""
    table = frame.to_arrow()
    return pa.table(
        [
            table.column(c.name).cast(c.type)
            if c.name in frame.columns
            else pa.nulls(frame.height, c.type)
            for c in stream.columns
        ],
        schema=stream.schema,
    )


def requests(day: date, count: int, seed: int = 0) -> pl.DataFrame:
    """A day's requests up to NOW, oldest first, with lognormal times and errors."""
    random = _random(seed, 1, day)
    moments = _moments(random, day, count)
    which = random.choice(len(_ENDPOINTS), size=count, p=_shares([e[2] for e in _ENDPOINTS]))
    median, sigma = (np.array([e[i] for e in _ENDPOINTS])[which] for i in (3, 4))
    times = np.round(random.lognormal(np.log(median), sigma), 3)
    paypal = np.array([e[0].startswith("paypal") for e in _ENDPOINTS])[which]
    wrong = random.random(count) < 0.015
    statuses = np.where(paypal, "healthy", "success")
    frame = pl.DataFrame(
        {
            "source_id": day.toordinal() * 1_000_000 + np.arange(count),
            "happened_at": _instant(moments),
            "kind": pl.Series([e[0] for e in _ENDPOINTS]).gather(which),
            "endpoint": pl.Series([e[1] for e in _ENDPOINTS]).gather(which),
            "value_ms": times,
            "status": pl.Series(np.where(wrong, "error", statuses).astype(str)),
        }
    )
    return frame.filter(pl.col("happened_at") < NOW)


def _shares(given: list[float]) -> np.ndarray:
    shares = np.array(given, dtype=float)
    each: np.ndarray = shares / shares.sum()
    return each


def payments(day: date, count: int, seed: int = 0) -> pl.DataFrame:
    """A day's payments up to NOW as first read after they ended: one version each.

    Those that are refunded later stand as completed here; ``refunded_later`` tells them.
    """
    random = _random(seed, 2, day)
    moments = _moments(random, day, count)
    status = pl.Series(_STATUSES).gather(random.choice(6, size=count, p=_STATUS_SHARES))
    refunded = (status == "refunded").to_numpy()
    captured = (status == "completed").to_numpy() | refunded
    amount = np.array(_PRICES)[random.choice(4, size=count, p=_PRICE_SHARES)]
    # A few customers come often, most once.
    customer = (random.pareto(1.2, size=count) * 3_000).astype(np.int64) % 4_000_000
    ended = _instant(moments + random.integers(8, 240, size=count) * 1_000_000)
    frame = pl.DataFrame(
        {
            "source_id": day.toordinal() * 100_000 + np.arange(count),
            "deleted": np.zeros(count, dtype=bool),
            "created_at": _instant(moments).dt.truncate("1s"),
            "ended": ended,
            "name": _names(random, count, 8),
            "customer": customer,
            "status": status.replace({"refunded": "completed"}),
            "amount": pl.Series(amount).round(2),
            "paypal_order_id": _names(random, count, 17),
            "payment": _names(random, count, 24),
            "captured": captured,
            "refunded_later": refunded,
            "user_created": captured,
            "email_sent": captured & (random.random(count) > 0.0002),
            "error": pl.Series(_ERRORS).gather(random.choice(4, size=count)),
        }
    ).filter(pl.col("created_at") < NOW)
    return _told(frame)


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    if_captured = pl.when("captured")
    money = pl.col("amount").cast(pl.Decimal(18, 4))
    email = pl.format("customer{}@{}", "customer", pl.lit("example.com"))
    failed = pl.col("status").is_in(["failed", "error"])
    return frame.with_columns(
        pl.min_horizontal("ended", pl.lit(NOW)).alias("observed_at"),
        pl.format("VC_{}_{}", pl.col("created_at").dt.epoch("s"), "name").alias("transaction_id"),
        if_captured.then(pl.col("ended").dt.truncate("1s")).alias("completed_at"),
        email.alias("email"),
        if_captured.then(email).alias("payer_email"),
        if_captured.then(pl.format("PAYID-{}", "payment")).alias("paypal_payment_id"),
        pl.when(failed).then("error").alias("error_message"),
        money.alias("amount_column"),
        pl.lit("USD").alias("currency_column"),
        if_captured.then(money).alias("amount_metadata"),
        if_captured.then(pl.lit("USD")).alias("currency_metadata"),
        money.alias("captured_amount"),
        pl.lit("USD").alias("currency"),
        if_captured.then(pl.col("ended").dt.truncate("1s")).alias("captured_at"),
        if_captured.then(
            pl.format(
                '{"paypal_transaction_id": "{}", "payer_email": "{}", "amount": {},'
                ' "currency": "USD"}'.replace('{"paypal', '{{"paypal').replace('USD"}', 'USD"}}'),
                pl.col("payment").str.head(17),
                email,
                "amount",
            )
        ).alias("metadata"),
    ).drop("ended", "name", "customer", "amount", "payment", "error")


def refunds(made: pl.DataFrame) -> pl.DataFrame:
    """The versions that a day's refunded payments have after their refund."""
    case = pl.format("DISP_{}", pl.col("transaction_id").str.slice(3))
    return made.filter("refunded_later").with_columns(
        pl.col("observed_at") + REFUND_AFTER,
        pl.lit("refunded").alias("status"),
        case.alias("refund_case_id"),
        pl.lit(None, pl.Decimal(18, 4)).alias("amount_metadata"),
        pl.lit(None, pl.String).alias("currency_metadata"),
        (pl.col("observed_at") + REFUND_AFTER).alias("refund_seen_at"),
        pl.concat_str(pl.lit('{"refund_case_id": "'), case, pl.lit('"}')).alias("metadata"),
    )


def cases(refunded: pl.DataFrame) -> pl.DataFrame:
    """The case that stands behind each refund, resolved with it."""
    return refunded.select(
        "source_id",
        "observed_at",
        "deleted",
        pl.col("refund_case_id").alias("case_id"),
        "transaction_id",
        pl.col("email").alias("customer_email"),
        pl.lit("refund_request").alias("dispute_type"),
        pl.lit("resolved").alias("status"),
        pl.lit("medium").alias("priority"),
        pl.col("captured_amount").alias("amount"),
        "currency",
        (pl.col("observed_at") - timedelta(hours=5)).alias("created_at"),
        pl.col("observed_at").dt.truncate("1s").alias("resolved_at"),
    )


def mails(made: pl.DataFrame) -> pl.DataFrame:
    """The mail that went out for each captured payment."""
    return made.filter(pl.col("captured") & pl.col("email_sent")).select(
        "source_id",
        pl.col("observed_at"),
        "deleted",
        pl.lit("purchase_confirmation").alias("email_type"),
        pl.col("payer_email").alias("recipient_email"),
        pl.lit("Welcome to VectorCraft").alias("subject"),
        pl.lit("sent").alias("status"),
        pl.lit(1, pl.Int64).alias("delivery_attempts"),
        pl.col("completed_at").alias("created_at"),
    )


def books(days: list[date], a_day: int, seed: int = 0) -> Iterator[tuple[date, Day]]:
    """Day by day what was seen of payments, cases and mails, by when it was seen."""
    waiting: dict[date, pl.DataFrame] = {}
    for day in days:
        made = payments(day, a_day, seed)
        refunded = refunds(made)
        waiting[day + REFUND_AFTER] = refunded
        due = waiting.pop(day, refunded.clear()).filter(pl.col("observed_at") <= NOW)
        seen = pl.concat([made, due], how="diagonal").sort("observed_at", "source_id")
        yield day, Day(seen, cases(due), mails(made))


def system(start: datetime, seconds: int, seed: int = 0) -> pl.DataFrame:
    """Samples of one host each second, as the collector keeps them: walks, rounded."""
    random = np.random.default_rng((seed, 3))
    at = pl.datetime_range(
        start, start + timedelta(seconds=seconds - 1), "1s", time_unit="us", eager=True
    ).alias("happened_at")
    frames = []
    for measure, item, level, step, digits in _SAMPLED:
        walk: np.ndarray = level * np.exp(np.cumsum(random.normal(0, step, size=seconds)) * 0.05)
        top = 100.0 if measure.endswith("percent") else np.inf
        if measure in _JUMPY:
            walk = walk * random.lognormal(0, 0.5, size=seconds)
        if measure in _STILL:
            # It moves now and then.
            walk = np.repeat(walk[::30], 30)[:seconds]
        values = np.round(np.minimum(walk, top), digits)
        if measure.endswith("bytes"):
            values = np.round(values / 1_048_576) * 1_048_576
        frames.append(
            pl.DataFrame({"happened_at": at, "value": values}).with_columns(
                pl.lit("shop").alias("host"),
                pl.lit(measure).alias("measure"),
                pl.lit(item).alias("item"),
            )
        )
    return pl.concat(frames).sort("happened_at", maintain_order=True)


#: measure, item, usual level, how much it wanders, decimals kept.
_SAMPLED: Final = (
    ("cpu_percent", "", 18.0, 0.5, 1),
    *((("core_percent", str(core), 18.0, 0.6, 1)) for core in range(4)),
    ("load_1m", "", 0.8, 0.2, 2),
    ("load_5m", "", 0.8, 0.1, 2),
    ("load_15m", "", 0.8, 0.05, 2),
    ("memory_percent", "", 46.0, 0.02, 1),
    ("memory_used_bytes", "", 7.4e9, 0.02, 0),
    ("swap_percent", "", 2.0, 0.01, 1),
    ("disk_percent", "data", 61.0, 0.0005, 3),
    ("disk_free_bytes", "data", 9.1e10, 0.001, 0),
    ("disk_read_bytes_per_s", "", 4.0e4, 0.5, 0),
    ("disk_written_bytes_per_s", "", 3.0e5, 0.5, 0),
    ("network_received_bytes_per_s", "", 9.0e4, 0.5, 0),
    ("network_sent_bytes_per_s", "", 4.0e5, 0.5, 0),
    ("process_cpu_percent", "console", 3.0, 0.5, 1),
    ("process_memory_bytes", "console", 3.1e8, 0.01, 0),
    ("process_threads", "console", 14.0, 0.01, 0),
    ("process_open_files", "console", 32.0, 0.01, 0),
)
_JUMPY: Final = frozenset(
    name for name, *_ in _SAMPLED if name.endswith(("_per_s", "cpu_percent", "core_percent"))
)
_STILL: Final = frozenset({"process_threads", "process_open_files", "process_memory_bytes"})

#: Which streams each frame of a Day belongs to.
BOOKS: Final[dict[str, Stream]] = {
    "transactions": TRANSACTIONS,
    "disputes": DISPUTES,
    "mails": MAILS,
}
GROWING: Final[dict[str, Stream]] = {"requests": REQUESTS, "system": SYSTEM}


def seen_live(final: pl.DataFrame) -> pl.DataFrame:
    """Payments as they are kept when each change was seen: begun, ordered at PayPal, ended."""
    nothing = {
        name: pl.lit(None, final.schema[name]).alias(name)
        for name in (
            "completed_at",
            "payer_email",
            "paypal_payment_id",
            "error_message",
            "amount_metadata",
            "currency_metadata",
            "captured_at",
            "metadata",
        )
    }
    no = {name: pl.lit(value=False).alias(name) for name in _NOT_YET}
    open_ = final.with_columns(*nothing.values(), *no.values())
    began, ordered = pl.col("created_at"), pl.col("created_at") + timedelta(seconds=2)
    return pl.concat(
        [
            open_.with_columns(
                began.alias("observed_at"),
                pl.lit("pending").alias("status"),
                pl.lit(None, pl.String).alias("paypal_order_id"),
            ),
            open_.with_columns(
                ordered.alias("observed_at"), pl.lit("awaiting_payment").alias("status")
            ),
            final.with_columns(pl.max_horizontal("observed_at", ordered).alias("observed_at")),
        ]
    ).sort("observed_at", maintain_order=True)


#: Flags that only a capture raises.
_NOT_YET: Final = ("captured", "user_created", "email_sent")
