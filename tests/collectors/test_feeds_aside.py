"""Rows of growing tables that are not as they should be: set aside, or kept as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collectors.feed import GROWING
from tests.collectors.feeding import (
    add_activity,
    add_health,
    add_load,
    add_log,
    add_upload,
    add_user,
    rows,
)
from tests.collectors.rig import Console
from tests.shop import Shop
from vcanalytics.source.connection import LONG_TEXT_MAX


@pytest.mark.parametrize(
    ("table", "values", "reason"),
    [
        ("user_uploads", {"upload_date": "soon"}, "upload_date 'soon' is not a time"),
        ("user_uploads", {"processing_time": -1.0}, "processing_time -1.0 is no duration"),
        ("user_uploads", {"file_size": "big"}, "file_size 'big' is not a number"),
        ("user_uploads", {"file_size": 1.5}, "file_size 1.5 is no whole number"),
        ("user_activities", {"timestamp": ""}, "timestamp '' is not a time"),
        ("user_activities", {"activity_type": ""}, "activity_type is empty"),
        ("system_metrics", {"cpu_percent": None}, "it holds no figure"),
        ("system_metrics", {"cpu_percent": "much"}, "cpu_percent 'much' is not a number"),
        ("system_health", {"status": ""}, "status is empty"),
        ("system_health", {"response_time": "slow"}, "response_time 'slow' is not a number"),
        ("system_logs", {"created_at": None}, "created_at (empty) is not a time"),
        ("users", {"created_at": "once"}, "created_at 'once' is not a time"),
        ("users", {"last_login": "now"}, "last_login 'now' is not a time"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_whole_and_costs_no_other(
    shop: Shop, console: Console, table: str, values: dict[str, object], reason: str
) -> None:
    add: Any = {
        "user_uploads": add_upload,
        "user_activities": lambda shop, **more: add_activity(
            shop, **{"kind": more.pop("activity_type", "login"), **more}
        ),
        "system_metrics": add_load,
        "system_health": add_health,
        "system_logs": add_log,
        "users": lambda shop, **more: add_user(shop, name=f"u{len(more)}", **more),
    }[table]
    add(shop)
    add(shop, **values)
    stream = next((g.stream.name for g in GROWING if g.table.name == table), "activity")
    tally = console.tally(stream)

    assert (tally.read, tally.kept, tally.rejected) == (2, 1, 1)
    assert console.rejected(stream) == {f"{table}:1:2": reason}
    (aside,) = console.catalogue.rejected(stream)
    whole = json.loads(aside["row"])
    assert whole["id"] == 2
    assert {whole[name] for name in values} == set(values.values())
    # A second look sets nothing aside anew and adds nothing.
    assert console.tally(stream).kept == 0
    assert len(console.rejected(stream)) == 1


def test_a_users_row_that_heals_gives_the_events_it_held_back(shop: Shop, console: Console) -> None:
    add_user(shop)
    console.once()
    shop.execute("UPDATE users SET last_login = 'now'")
    assert console.tally("activity").rejected == 1
    console.restart()
    shop.execute("UPDATE users SET last_login = '2026-11-20 13:00:00'")
    console.once()

    assert console.rejected() == {}
    assert [row["kind"] for row in rows(console)] == ["sign_up", "sign_in"]


def test_details_of_any_size_cost_no_row(shop: Shop, console: Console) -> None:
    add_activity(shop, details="x" * (LONG_TEXT_MAX + 1))
    add_log(shop, details="x" * (LONG_TEXT_MAX + 1), created_at="rubbish")
    console.once()

    (row,) = rows(console)
    assert "details" not in row
    (aside,) = console.catalogue.rejected("logs")
    assert len(json.loads(aside["row"])["details"]) == LONG_TEXT_MAX + 1


@pytest.mark.parametrize("details", ["[1]", "{", '{"filename": 7, "file_size": "x"}', "9" * 9])
def test_details_that_say_nothing_are_kept_as_they_are(
    shop: Shop, console: Console, details: str
) -> None:
    add_activity(shop, "upload", details=details)
    console.once()

    (row,) = rows(console)
    assert row["details"] == details
    assert "file_name" not in row
