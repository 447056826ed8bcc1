"""The newest events of payments: what happened, when it is known, and in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.analytics.conftest import Look
from tests.analytics.moments import ago, at, moment, only
from tests.shop import Shop
from tests.store.histories import CHANGES, Step, follow, histories, moments
from vcanalytics.analytics import feed as module
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.feed import feed
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.store import Catalogue, Reader, Segments


def test_what_happened_newest_first(engine: Engine, shop: Shop, look: Look) -> None:
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00")
    shop.transaction("VC_2", created_at="2026-11-20 09:30:00")
    shop.transaction("VC_3", created_at="2026-11-20 09:40:00", status="failed")
    shop.transaction("TEST_1", created_at="2026-11-20 09:50:00")
    look(at("2026-11-20T10:00:00"))
    shop.complete("VC_1", completed_at="2026-11-20 10:01:00", payer_email="payer@example.com")
    shop.update("VC_2", status="error", error_message="no order")
    look(at("2026-11-20T10:05:00"))
    shop.refund("VC_1", resolved_at="2026-11-20 10:20:00")
    snapshot = look(at("2026-11-20T11:00:00"))

    answer = feed(
        engine, snapshot, now=at("2026-11-20T11:00:00"), sample_prefixes=("TEST_",), limit=50
    )

    assert only(answer, "happened_at", "what", "transaction_id") == [
        (at("2026-11-20T10:20:00"), "refunded", "VC_1"),
        # A failure has no time of its own: it stands where it was seen.
        (at("2026-11-20T10:05:00"), "failed", "VC_2"),
        (at("2026-11-20T10:01:00"), "captured", "VC_1"),
        # Failed when it was first read: where it was begun.
        (at("2026-11-20T09:40:00"), "failed", "VC_3"),
        (at("2026-11-20T09:40:00"), "begun", "VC_3"),
        (at("2026-11-20T09:30:00"), "begun", "VC_2"),
        (at("2026-11-20T09:00:00"), "begun", "VC_1"),
    ]
    assert only(answer, "payer_email", "error_message")[1] == (None, "no order")
    short = feed(engine, snapshot, now=at("2026-11-20T11:00:00"), limit=2)
    assert short["what"].to_list() == ["refunded", "failed"]


def test_a_feed_reaches_back_a_while_and_hardly_ahead(engine: Engine) -> None:
    now = at("2026-11-20T12:00:00")
    times = [
        now - timedelta(hours=24, microseconds=1),
        now - timedelta(hours=24),
        now + timedelta(minutes=5, microseconds=-1),
        now + timedelta(minutes=5),
    ]
    snapshot = moment(
        transactions=[
            {"transaction_id": f"VC_{i}", "created_at": when} for i, when in enumerate(times)
        ]
    )
    answer = feed(engine, snapshot, now=now)
    assert answer["transaction_id"].to_list() == ["VC_2", "VC_1"]


def test_a_deleted_payment_is_in_no_feed(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            {"transaction_id": "VC_1"},
            {"transaction_id": "VC_1", "deleted": True},
        ]
    )
    assert feed(engine, snapshot, now=at("2026-11-20T12:00:00")).height == 0


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Step], datetime]:
    """A history whose versions are seen at any time, and a moment to ask at."""
    change = draw(st.sampled_from(CHANGES))
    steps = []
    for name, what in draw(histories(change)):
        if name == "seal":
            steps.append((name, what))
            continue
        steps.append((name, [row | {"observed_at": draw(moments(change))} for row in what]))
    return steps, draw(moments(change))


@settings(max_examples=24)
@given(stories(), st.integers(1, 8), st.sampled_from((1, 24, 100)))
def test_the_feed_out_of_the_books_is_that_of_the_rows(
    story: tuple[list[Step], datetime], limit: int, hours: int
) -> None:
    steps, now = story
    asked: dict[str, Any] = {"now": now, "reach": timedelta(hours=hours), "limit": limit}
    asked["sample_prefixes"] = SAMPLE_PREFIXES
    with TemporaryDirectory() as folder:
        catalogue = Catalogue.open(Path(folder))
        engine = Engine(60.0, threads=2, segments=Segments(Path(folder)).root)
        for batch, step in enumerate(steps):
            follow(catalogue, Path(folder), step, batch)
        snapshot = Reader(catalogue).snapshot()
        assert snapshot.books is not None
        # However near the end it looks first.
        with mock.patch.object(module, "_SPARE", 0.1):
            answer = feed(engine, snapshot, **asked)
        rows = feed(engine, replace(snapshot, books=None), **asked)
        engine.close()
        catalogue.close()
    assert_frame_equal(answer, rows)


def test_what_came_to_old_payments_is_known_without_a_look_through_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = at("2026-11-20T11:00:00")
    usual = {"deleted": False, "currency": "USD", "captured": False, "observed_at": ago(days=9)}
    old = [
        usual
        | {"source_id": n, "transaction_id": f"VC_{n}", "created_at": ago(days=9), "status": status}
        for n, status in ((1, "refunded"), (2, "pending"), (3, "refunded"))
    ]
    failed = old[1] | {"status": "error", "observed_at": at("2026-11-20T08:00:00")}
    case = {"source_id": 1, "deleted": False, "observed_at": now, "created_at": ago(days=2)}
    case |= {"case_id": "C1", "transaction_id": "VC_1", "status": "resolved"}
    catalogue = Catalogue.open(tmp_path)
    engine = Engine(60.0, threads=2, segments=Segments(tmp_path).root)
    seal = ("seal", "transactions")
    steps: list[Step] = [("transactions", old), seal, ("transactions", [failed]), seal]
    steps.append(("disputes", [case | {"resolved_at": at("2026-11-20T09:00:00")}]))
    for number, step in enumerate(steps):
        follow(catalogue, tmp_path, step, number)
    snapshot = Reader(catalogue).snapshot()
    assert snapshot.newest("transactions").hot.num_rows == 0

    def refuse(*_: object) -> None:
        raise AssertionError("all of history was asked for its cases")

    monkeypatch.setattr(module, "with_cases", refuse)
    answer = feed(engine, snapshot, now=now, sample_prefixes=SAMPLE_PREFIXES)
    assert only(answer, "what", "transaction_id") == [("refunded", "VC_1"), ("failed", "VC_2")]
    # Books that were made for other samples say nothing of these.
    with pytest.raises(AssertionError, match="all of history"):
        feed(engine, snapshot, now=now, sample_prefixes=("VC_2",))
    engine.close()
    catalogue.close()
