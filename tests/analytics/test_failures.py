"""Failed payments by message: against a recount in plain Python, and the sample shop literally."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row, moment, only
from vcanalytics.analytics import failures
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.failures import CHARGED, FAILED
from vcanalytics.model.messages import fold
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.model.windows import Grain
from vcanalytics.settings import CAPTURED_ERRORS
from vcanalytics.store import Catalogue, Reader, Segments

#: One for all examples: it holds nothing between questions.
ENGINE = Engine(30.0, threads=2)
START, END = NOON - timedelta(days=2), NOON
TERMS: dict[str, Any] = {
    "captured_errors": CAPTURED_ERRORS,
    "sample_prefixes": SAMPLE_PREFIXES,
}
MESSAGES = (
    *(None, "", "declined", "order 12 declined", "order 7 declined", "<script>", "=HYPERLINK(1)"),
    *("name 'string' is not defined", "User with email a@b.c already exists"),
)


@st.composite
def payments(draw: st.DrawFn) -> list[Row]:
    """Payments around the range and the 30 days before it, of every kind that matters here."""
    # On the edges of the range and of the days before it, beside them, and well inside.
    hours = st.sampled_from((-1, -2, -30, -47, -48, -49, -200, -767, -768, -769, 0, 1))
    rows: list[Row] = []
    for number in range(draw(st.integers(0, 30))):
        prefix = draw(st.sampled_from(("VC_", "VC_", "VC_", "TEST_")))
        rows.append(
            {
                "source_id": number,
                "transaction_id": f"{prefix}{number}",
                "created_at": NOON + timedelta(hours=draw(hours)),
                "status": draw(st.sampled_from(("failed", "failed", "error", "completed", "Odd"))),
                "captured": draw(st.sampled_from((False, False, False, True))),
                "deleted": draw(st.sampled_from((False, False, False, True))),
                "email": draw(st.sampled_from(("ann@b.c", " Ann@B.C ", "", None))),
                "payer_email": draw(st.sampled_from((None, " ", "ANN@b.c"))),
                "currency": draw(st.sampled_from(("USD", "USD", "EUR"))),
                "captured_amount": draw(st.sampled_from((None, Decimal(49), Decimal("0.01")))),
                "error_message": draw(st.sampled_from(MESSAGES)),
            }
        )
    return rows


def _finding(row: Row) -> str | None:
    """What the contract calls the row, in plain Python."""
    text = str(row["error_message"] or "")
    charged = text == CAPTURED_ERRORS[0] or (
        text.startswith("User with email") and text.endswith("already exists")
    )
    gone = row["deleted"] or str(row["transaction_id"]).startswith(SAMPLE_PREFIXES)
    if gone or row["status"] not in {"failed", "error"}:
        return None
    return CHARGED if charged else None if row["captured"] else FAILED


def _customer(row: Row) -> str | None:
    for name in ("payer_email", "email"):
        if address := str(row[name] or "").strip().lower():
            return address
    return None


def _recounted(rows: Sequence[Row]) -> set[tuple[Any, ...]]:
    known = [row for row in rows if _finding(row)]
    inside = [row for row in known if START <= _at(row) < END]
    earlier = [
        row
        for row in rows
        if not row["deleted"]
        and not str(row["transaction_id"]).startswith(SAMPLE_PREFIXES)
        and START - failures.NEW_AFTER <= _at(row) < START
    ]
    before = {_key(row) for row in known if START - failures.NEW_AFTER <= _at(row) < START}
    found = set()
    for key in {_key(row) for row in inside}:
        new = False if key in before else True if earlier else None
        for code in (None, *{row["currency"] for row in inside if _key(row) == key}):
            mine = [r for r in inside if _key(r) == key and code in {None, r["currency"]}]
            amounts = [Decimal(str(r["captured_amount"])) for r in mine if r["captured_amount"]]
            worth = sum(amounts, Decimal(0)) if amounts and code else None
            people = len({_customer(row) for row in mine} - {None})
            at = [_at(row) for row in mine]
            found.add((*key, code, len(mine), people, worth, min(at), max(at), new))
    return found


def _at(row: Row) -> datetime:
    at = row["created_at"]
    assert isinstance(at, datetime)
    return at


def _key(row: Row) -> tuple[str, str]:
    return _finding(row) or "", fold(str(row["error_message"] or ""))


COLUMNS = ("finding", "pattern", "currency", "count", "customers", "amount", "first_at", "last_at")


@settings(max_examples=15)
@given(payments())
def test_patterns_are_those_of_a_recount(rows: list[Row]) -> None:
    snapshot = moment(transactions=rows)
    found = failures.patterns(ENGINE, snapshot, start=START, end=END, **TERMS)
    assert set(only(found, *COLUMNS, "new")) == _recounted(rows)
    whole = found.filter(pl.col("currency").is_null())
    assert found.height == len(_recounted(rows))
    assert whole["count"].is_sorted(descending=True)
    if whole.height:
        assert float(whole["share"].sum()) == pytest.approx(1)
    # What a pattern opens, and what is drawn of it, are the same payments.
    windows, counts = failures.over_time(
        ENGINE,
        snapshot,
        start=START,
        end=END,
        zone=ZoneInfo("Asia/Kolkata"),
        now=NOON,
        grain=Grain.HOUR,
        named=[*whole["pattern"]],
        **TERMS,
    )
    assert windows.height == 49
    for finding, pattern, number in only(whole, "finding", "pattern", "count"):
        asked: dict[str, Any] = {"finding": finding, "pattern": pattern, "start": START, "end": END}
        opened = failures.payments_of(ENGINE, snapshot, **asked, **TERMS)
        exact = failures.messages_of(ENGINE, snapshot, **asked, **TERMS)
        drawn = counts.filter(
            pl.col("finding") == finding, pl.col("pattern").eq_missing(pl.lit(pattern))
        )
        assert opened.height == exact["count"].sum() == drawn["count"].sum() == number
    every = counts.filter(pl.col("pattern").is_null())
    assert every["count"].sum() == whole["count"].sum()


def test_the_sample_shops_week(sample_dir: Path) -> None:
    end = datetime(2026, 11, 22, 12, tzinfo=UTC)
    catalogue = Catalogue.open(sample_dir)
    with closing(catalogue), closing(Engine(30, segments=Segments(sample_dir).root)) as engine:
        found = failures.patterns(
            engine, Reader(catalogue).snapshot(), start=end - timedelta(days=7), end=end, **TERMS
        ).filter(pl.col("currency") == "USD")
    assert only(found, "finding", "pattern", "count", "customers", "amount") == [
        ("failed", "PayPal capture failed", 37, 35, Decimal("2008.10")),
        ("failed", "Failed to create PayPal order", 35, 35, Decimal("2061.10")),
        (CHARGED, "User with email (address) already exists", 19, 19, Decimal("916.30")),
        ("failed", "Expecting value: line # column # (char #)", 10, 10, Decimal("480.20")),
        (
            "failed",
            "HTTPSConnectionPool(host=(text), port=#): Read timed out. (read timeout=#)",
            *(9, 9, Decimal("441.00")),
        ),
        ("failed", "database is locked", 9, 9, Decimal("631.20")),
        ("failed", "(text) object is not subscriptable", 8, 8, Decimal("442.00")),
        (CHARGED, "name (text) is not defined", 6, 6, Decimal("294.00")),
    ]


def _line(message: str, transaction_id: str | None, at: datetime) -> Row:
    return {
        "happened_at": at,
        "level": "ERROR",
        "component": "payment",
        "message": message,
        "transaction_id": transaction_id,
    }


def test_log_rows_name_a_payment_or_hold_its_words() -> None:
    snapshot = moment(
        logs=[
            _line("capture refused", "VC_1", NOON - timedelta(minutes=5)),
            _line("PayPal said: the card was declined.", None, NOON - timedelta(minutes=4)),
            _line("the card", None, NOON - timedelta(minutes=3)),
            _line("something else", "VC_2", NOON - timedelta(minutes=2)),
            _line("capture refused", "VC_1", NOON - timedelta(days=9)),
            _line("and it is short", None, NOON - timedelta(minutes=1)),
        ]
    )
    found = failures.log_rows_of(
        ENGINE,
        snapshot,
        payments=pl.DataFrame({"transaction_id": ["VC_1"]}),
        messages=pl.DataFrame({"message": ["the card was declined", "short"]}),
        start=START,
        end=END,
    )
    assert found["message"].to_list() == ["PayPal said: the card was declined.", "capture refused"]
    nothing = failures.log_rows_of(
        ENGINE,
        snapshot,
        payments=pl.DataFrame({"transaction_id": []}, schema={"transaction_id": pl.String}),
        messages=pl.DataFrame({"message": [""]}),
        start=START,
        end=END,
    )
    assert nothing.height == 0
