"""Takings step by step, and today against earlier days."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

from tests.analytics.moments import Row, at, moment, only
from vcanalytics.analytics import today
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.takings import takings


def paid(name: str, when: str, amount: str = "10", currency: str = "USD") -> Row:
    return {
        "transaction_id": name,
        "created_at": at(when),
        "status": "completed",
        "captured_at": at(when),
        "captured_amount": Decimal(amount),
        "currency": currency,
    }


def test_steps_begin_with_the_range_and_leave_out_what_is_empty(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            paid("VC_0", "2026-11-20T10:00:29"),
            paid("VC_1", "2026-11-20T10:00:30", "1.10"),
            paid("VC_2", "2026-11-20T10:01:29.999999", "2.20"),
            paid("VC_3", "2026-11-20T10:03:30", "4"),
            paid("VC_4", "2026-11-20T10:03:31", "8", "EUR"),
            paid("TEST_5", "2026-11-20T10:03:31", "16"),
            paid("VC_6", "2026-11-20T10:10:30", "32"),
        ]
    )
    answer = takings(
        engine,
        snapshot,
        start=at("2026-11-20T10:00:30"),
        end=at("2026-11-20T10:10:30"),
        currency="USD",
        sample_prefixes=("TEST_",),
    )
    assert answer.rows() == [
        (at("2026-11-20T10:00:30"), 2, Decimal("3.3")),
        (at("2026-11-20T10:03:30"), 1, Decimal(4)),
    ]


def test_the_same_time_of_another_day_is_that_of_the_wall_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = at("2026-10-25T12:00:00+01:00")
    assert today.same_time(now, 1, berlin) == at("2026-10-24T12:00:00+02:00")
    # A time that a day skips moves forward.
    assert today.same_time(at("2026-03-30T02:30:00+02:00"), 1, berlin) == at(
        "2026-03-29T03:30:00+02:00"
    )


def test_the_headline_compares_like_with_like(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            paid("VC_1", "2026-11-20T09:00:00", "1"),
            paid("VC_2", "2026-11-20T19:00:00", "2"),
            paid("VC_3", "2026-11-19T09:00:00", "4"),
            # After this time of day: not yet.
            paid("VC_4", "2026-11-19T12:00:00", "8"),
            paid("VC_5", "2026-11-13T11:59:59", "16"),
        ]
    )
    answer = today.headline(engine, snapshot, now=at("2026-11-20T12:00:00"), zone=ZoneInfo("UTC"))
    assert only(answer, "series", "captured", "gross") == [
        ("today", 1, 1),
        ("yesterday", 1, 4),
        ("last_week", 1, 16),
    ]


def test_the_pace_adds_up_from_midnight_and_today_ends_now(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            paid("VC_1", "2026-11-20T00:20:00", "1"),
            paid("VC_2", "2026-11-20T00:50:00", "2"),
            paid("VC_3", "2026-11-19T23:59:00", "4"),
        ]
    )
    now = at("2026-11-20T00:40:00")
    answer = today.pace(engine, snapshot, now=now, zone=ZoneInfo("UTC"), currency="USD")
    mine = answer.filter(pl.col("series") == "today")
    assert only(mine, "at", "captured", "gross") == [
        (at("2026-11-20T00:00:00"), 0, 0),
        (at("2026-11-20T00:15:00"), 0, 0),
        (at("2026-11-20T00:30:00"), 1, 1),
        (now, 1, 1),
    ]
    before = answer.filter(pl.col("series") == "yesterday")
    assert before.height == 97
    assert only(before, "at", "gross")[-1] == (at("2026-11-20T00:00:00"), 4)
    # Laid over today, a day that ends at midnight ends with today.
    assert before["clock"].to_list()[-1] == at("2026-11-21T00:00:00").replace(tzinfo=None)


def test_a_line_never_goes_back_in_a_repeated_hour(engine: Engine) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = at("2026-10-25T23:00:00+01:00")
    answer = today.pace(engine, moment(), now=now, zone=berlin, currency="USD")
    mine = answer.filter(pl.col("series") == "today")
    assert mine["clock"].is_sorted()
    # 24 hours have gone by since midnight, in a day of 25.
    assert mine["at"].to_list()[-1] - mine["at"].to_list()[0] == timedelta(hours=24)
