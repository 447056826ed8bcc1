"""Questions about payments answer from files what they answer from memory, and read little."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.analytics.moments import NOON, Row, ago
from tests.store.rows import keep
from vcanalytics.analytics import (
    feed,
    funnels,
    prices,
    reconcile,
    revenue,
    takings,
    timeline,
    transactions,
)
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.transactions import Filters, Order
from vcanalytics.model.streams import STREAMS
from vcanalytics.model.windows import Grain
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot
from vcanalytics.store.batches import make_batch
from vcanalytics.store.sealer import seal

UTC_ZONE: Final = ZoneInfo("UTC")
DAYS: Final = 40


def payment(number: int, status: str, **more: object) -> Row:
    """The ``number``-th payment, begun so many days ago."""
    begun = ago(days=number % DAYS, hours=number % 7)
    captured = status in {"completed", "refunded"}
    usual: Row = {
        "source_id": number,
        "observed_at": begun,
        "deleted": False,
        "transaction_id": f"{'TEST' if number == 17 else 'VC'}_{number}",
        "created_at": begun,
        "status": status,
        "email": f"P{number % 9}@Example.com",
        "payer_email": f"p{number % 9}@example.com" if captured else None,
        "captured": captured,
        "captured_at": begun + timedelta(minutes=2) if captured else None,
        "completed_at": begun + timedelta(minutes=2) if captured else None,
        "captured_amount": Decimal(number % 5),
        "amount_column": Decimal(number % 5),
        "amount_metadata": Decimal(number % 4),
        "currency": "USD",
        "user_created": number % 4 != 0,
        "email_sent": number % 6 != 0,
        "error_message": f"error {number % 3}" if status == "failed" else None,
    }
    return usual | more


def case(number: int, of: int, **more: object) -> Row:
    usual: Row = {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "case_id": f"DISP_{number}",
        "transaction_id": f"VC_{of}",
        "status": "resolved",
        "created_at": ago(days=12),
        "resolved_at": ago(hours=3),
    }
    return usual | more


def mail(number: int, **more: object) -> Row:
    usual: Row = {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "status": "sent",
        "recipient_email": f"p{number % 9}@example.com",
        "created_at": ago(days=number % DAYS, hours=number % 7) + timedelta(minutes=3),
    }
    return usual | more


#: What is appended, one step after the other: by stream.
STEPS: Final[tuple[dict[str, list[Row]], ...]] = (
    {
        "transactions": [
            payment(i, ("pending", "completed", "completed", "failed")[i % 4]) for i in range(90)
        ],
        "mails": [mail(i, transaction_id="VC_5" if i == 3 else None) for i in range(60)],
    },
    # Late changes: a refund whose case alone says when, one that another case names, a failure.
    {
        "transactions": [
            payment(38, "refunded", refund_case_id="DISP_1", refund_seen_at=ago(days=11)),
            payment(37, "refunded", refund_case_id="DISP_2", refund_seen_at=ago(days=11)),
            payment(33, "refunded"),
            payment(8, "failed", observed_at=ago(hours=2)),
            payment(44, "completed", deleted=True),
            payment(45, "completed", created_at=ago(days=1)),
        ],
        "disputes": [case(1, 38), case(2, 999), case(3, 33), case(4, 21, status="lost")],
    },
    {"transactions": [payment(i, "completed") for i in (12, 91, 92, 120)]},
)


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, list[Snapshot]]]:
    """All hot; sealed after the first step; after each step but the last; and all sealed."""
    snapshots = []
    root = tmp_path_factory.mktemp("books")
    catalogues = []
    for sealed in ((), (0,), (0, 1), (0, 1, 2)):
        path: Path = root / "-".join(map(str, ("s", *sealed)))
        catalogue, segments = Catalogue.open(path), Segments(path)
        catalogues.append(catalogue)
        for step, streams in enumerate(STEPS):
            for name, rows in streams.items():
                keep(catalogue, f"{name} {step}", make_batch(STREAMS[name], rows), name)
            for name in streams if step in sealed else ():
                seal(catalogue, segments, STREAMS[name], NOON)
        snapshots.append(Reader(catalogue).snapshot())
    engine = Engine(60.0, threads=2, segments=root)
    yield engine, snapshots
    engine.close()
    for catalogue in catalogues:
        catalogue.close()


PREFIXES: Final = ("TEST_",)
RANGES: Final = {"day": (ago(hours=24), NOON), "week": (ago(days=17), ago(days=10))}


def _questions() -> Iterator[tuple[str, Any]]:
    yield "feed", lambda e, s: feed.feed(e, s, now=NOON, sample_prefixes=PREFIXES)
    yield (
        "reconcile all",
        lambda e, s: reconcile.reconcile(e, s, as_of=NOON, sample_prefixes=PREFIXES),
    )
    for number in (5, 8, 38, 37, 44, 45, 91):
        key = f"VC_{number}"
        yield f"timeline {number}", lambda e, s, key=key: timeline.timeline(e, s, key)
        yield (
            f"payment {number}",
            lambda e, s, key=key: pl.DataFrame([transactions.transaction(e, s, key) or {}]),
        )
    for name, (start, end) in RANGES.items():
        span: dict[str, Any] = {"start": start, "end": end}
        yield (
            f"revenue {name}",
            lambda e, s, span=span: revenue.revenue(
                e, s, grain=Grain.DAY, zone=UTC_ZONE, now=NOON, sample_prefixes=PREFIXES, **span
            ),
        )
        yield (
            f"takings {name}",
            lambda e, s, span=span: takings.takings(e, s, currency="USD", **span),
        )
        yield (
            f"prices {name}",
            lambda e, s, span=span: prices.price_points(e, s, currency="USD", **span),
        )
        yield (
            f"checkout {name}",
            lambda e, s, span=span: funnels.checkout_funnel(e, s, **span),
        )
        yield (
            f"reconcile {name}",
            lambda e, s, span=span: reconcile.reconcile(e, s, as_of=NOON, **span),
        )
    ever: dict[str, Any] = {"start": ago(days=400), "end": ago(days=-1), "currency": "USD"}
    yield "prices ever", lambda e, s: prices.price_points(e, s, **ever)
    filters = {
        "all": Filters(),
        "week": Filters(start=ago(days=17), end=ago(days=10)),
        "failed": Filters(statuses=("failed",)),
        "search": Filters(search="p3@EXAMPLE", deleted=None),
    }
    for name, some in filters.items():
        for order in Order:
            yield (
                f"list {name} {order}",
                lambda e, s, some=some, order=order: transactions.transactions(
                    e, s, some, order=order, limit=7, offset=3, sample_prefixes=PREFIXES
                ),
            )
        yield f"states {name}", lambda e, s, some=some: transactions.by_status(e, s, some)


QUESTIONS: Final = dict(_questions())


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_are_the_same_wherever_rows_lie(
    moments: tuple[Engine, list[Snapshot]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "_ROWS_LEAST", 2)
    engine, (hot, *others) = moments
    expected = QUESTIONS[name](engine, hot)
    assert expected.height > 0
    for snapshot in others:
        answer = QUESTIONS[name](engine, snapshot)
        if "seq" in answer.columns:
            answer = answer.select(expected.columns)
        assert_frame_equal(answer, expected)


def test_a_refund_counts_when_its_case_was_resolved_however_old_the_payment(
    moments: tuple[Engine, list[Snapshot]],
) -> None:
    engine, snapshots = moments
    for snapshot in snapshots:
        events = feed.feed(engine, snapshot, now=NOON, sample_prefixes=PREFIXES)
        refunds = events.filter(pl.col("what") == "refunded")
        assert sorted(refunds["transaction_id"]) == ["VC_33", "VC_37", "VC_38"]
        assert refunds["happened_at"].unique().to_list() == [ago(hours=3)]


def test_a_failure_of_an_old_payment_stands_where_it_was_seen(
    moments: tuple[Engine, list[Snapshot]],
) -> None:
    engine, snapshots = moments
    for snapshot in snapshots:
        events = feed.feed(engine, snapshot, now=NOON, sample_prefixes=PREFIXES)
        failed = events.filter(pl.col("what") == "failed").select("transaction_id", "happened_at")
        assert ("VC_8", ago(hours=2)) in failed.rows()


@pytest.mark.parametrize("finding", reconcile.FINDINGS)
def test_one_finding_asked_for_alone_is_what_it_is_among_all(
    moments: tuple[Engine, list[Snapshot]], finding: str
) -> None:
    engine, snapshots = moments
    every = reconcile.reconcile(engine, snapshots[2], as_of=NOON, sample_prefixes=PREFIXES)

    alone = reconcile.reconcile(
        engine, snapshots[2], as_of=NOON, sample_prefixes=PREFIXES, only=(finding,)
    )

    assert_frame_equal(alone, every.filter(pl.col("finding") == finding))
