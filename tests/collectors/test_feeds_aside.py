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
from tests.shop import SHOP_TIME, Shop
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


def ask_again(console: Console) -> None:
    with console.catalogue.write() as writer:
        writer.set_fact("retry_aside", True)


def test_rows_kept_aside_are_read_once_more_when_that_is_asked_for(
    shop: Shop, console: Console
) -> None:
    for message in ("well", "late", "gone", "never"):
        add_log(shop, message, created_at=SHOP_TIME if message == "well" else "soon")
    with console.daemon() as daemon:
        daemon.settle()
        assert list(console.rejected("logs")) == [f"system_logs:1:{n}" for n in (2, 3, 4)]
        shop.execute("UPDATE system_logs SET created_at = ? WHERE message = 'late'", (SHOP_TIME,))
        shop.execute("DELETE FROM system_logs WHERE message = 'gone'")
        # Reading on never comes back to a row.
        daemon.settle()
        assert [row["message"] for row in rows(console, "logs")] == ["well"]

        ask_again(console)
        daemon.until(lambda: len(rows(console, "logs")) == 2, within_s=10)
        assert [row["message"] for row in rows(console, "logs")] == ["well", "late"]
        # What is gone at the source stays, for nobody can read it; asked again nothing is added.
        assert list(console.rejected("logs")) == ["system_logs:1:3", "system_logs:1:4"]
        ask_again(console)
        daemon.settle()
        assert console.fact("retry_aside") is None
        assert len(rows(console, "logs")) == 2
    console.assert_sound()


def test_payments_and_users_kept_aside_are_looked_at_once_more_too(
    shop: Shop, console: Console
) -> None:
    shop.transaction("VC_1")
    shop.transaction("VC_2", created_at="soon")
    add_user(shop, created_at="soon")

    def looked_at() -> list[Any]:
        found = console.catalogue.rejected("transactions") + console.catalogue.rejected("activity")
        return [row["last_seen_at"] for row in found]

    with console.daemon() as daemon:
        daemon.settle()
        before = looked_at()
        daemon.settle()
        assert looked_at() == before
        ask_again(console)
        daemon.settle()
        assert all(new > old for new, old in zip(looked_at(), before, strict=True))
        assert len(before) == 2
