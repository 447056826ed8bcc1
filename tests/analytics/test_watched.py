"""What alerts watch, counted as the pages count it, now and step by step over history."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.conftest import Look
from tests.shop import Shop, utc_text
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.reconcile import reconcile
from vcanalytics.analytics.watched import Edges, happened, requests
from vcanalytics.settings import CAPTURED_ERRORS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GRACE, STUCK = timedelta(minutes=10), timedelta(minutes=5)
ALONE = ("paid_not_mailed", "paid_no_account", "captured_but_failed", "stuck")


@given(
    st.dictionaries(st.integers(0, 25), st.integers(1, 9)), st.integers(1, 6), st.integers(1, 20)
)
def test_windows_add_up_what_lies_in_them(buckets: dict[int, int], each: int, count: int) -> None:
    inside = {place: many for place, many in buckets.items() if place < each + count - 1}
    found = Edges(NOW, MINUTE, count).summed(inside, each * MINUTE)
    expected = [
        sum(many for place, many in inside.items() if edge <= place < edge + each)
        for edge in range(count)
    ]
    assert np.array_equal(found, expected)


def test_windows_are_whole_steps() -> None:
    with pytest.raises(ValueError, match="in steps of"):
        Edges(NOW, 2 * MINUTE).params(5 * MINUTE)


def many(shop: Shop) -> None:
    """Payments of all kinds, one each 97 s over three hours."""
    with shop.batch():
        for i in range(110):
            begun = utc_text(NOW - timedelta(seconds=97 * i))
            name = f"TXN_{i}" if i % 13 == 0 else f"VC_{i}"
            shop.transaction(name, created_at=begun)
            match i % 6:
                case 0 | 1:
                    mailed, made = int(i % 5 > 0), int(i % 4 > 0)
                    shop.complete(
                        name, completed_at=begun, amount=10.5, email_sent=mailed, user_created=made
                    )
                case 2:
                    message = "name 'string' is not defined" if i % 4 else "nothing"
                    shop.update(name, status="error", error_message=message)
                case 3:
                    shop.update(name, status="failed")
                case _:
                    shop.update(name, status="awaiting_payment")


def test_findings_are_those_of_reconcile(shop: Shop, look: Look, engine: Engine) -> None:
    many(shop)
    snapshot = look(NOW)
    edges, window = Edges.now(NOW, timedelta(hours=6)), timedelta(hours=6)
    found = happened(
        engine,
        snapshot,
        edges,
        window,
        grace=GRACE,
        stuck=STUCK,
        captured_errors=CAPTURED_ERRORS,
        sample_prefixes=("TXN_",),
    )
    counted = Counter({what: n for what, _, _, n, _ in found.iter_rows()})
    expected = Counter(
        reconcile(
            engine,
            snapshot,
            as_of=NOW,
            captured_errors=CAPTURED_ERRORS,
            sample_prefixes=("TXN_",),
            only=ALONE,
        )["finding"].to_list()
    )
    assert {name: counted[name] for name in ALONE} == {name: expected[name] for name in ALONE}
    assert min(expected[name] for name in ALONE) > 0
    assert counted["attempts"] == sum(1 for i in range(1, 110) if i % 13)


def test_history_says_at_each_moment_what_was_said_then(
    shop: Shop, look: Look, engine: Engine
) -> None:
    many(shop)
    snapshot = look(NOW)
    past = Edges(NOW - 20 * MINUTE, MINUTE, 21)

    def failed(edges: Edges) -> list[float]:
        rows = happened(engine, snapshot, edges, 5 * MINUTE, grace=GRACE, stuck=STUCK)
        mine = {b: float(n) for what, _, b, n, _ in rows.iter_rows() if what == "failed"}
        return list(edges.summed(mine, 5 * MINUTE))

    assert failed(past) == [one for edge in past for one in failed(Edges.now(edge, 5 * MINUTE))]


def test_times_are_those_of_each_window(shop: Shop, look: Look, engine: Engine) -> None:
    for i in range(30):
        shop.insert(
            "performance_metrics",
            metric_type="request_time",
            endpoint="/a" if i % 3 else "/b",
            value=float(100 + i),
            status="error" if i % 10 == 0 else "success",
            timestamp=utc_text(NOW - timedelta(seconds=30 * i + 1)),
        )
    snapshot = look(NOW)
    past = Edges(NOW - 5 * MINUTE, MINUTE, 6)
    whole = requests(engine, snapshot, past, 5 * MINUTE, kinds=["request_time"])
    for place, edge in enumerate(past):
        alone = requests(
            engine, snapshot, Edges.now(edge, 5 * MINUTE), 5 * MINUTE, kinds=["request_time"]
        )
        mine = whole.filter(whole["edge"] == place).drop("edge")
        assert mine.equals(alone.drop("edge"))
    assert whole["errors"].sum() > 0
