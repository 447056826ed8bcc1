"""Where the reading of growing tables was left: swaps, crashes, and how far it is."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.feed import GROWING
from collectors.place import Place
from collectors.swapped import Swapped
from tests.collectors.feeding import (
    AT,
    add_activity,
    add_health,
    add_load,
    add_log,
    add_upload,
    add_user,
    rows,
)
from tests.collectors.rig import Console
from tests.shop import Shop, make_shop
from vcanalytics.source import Source
from vcanalytics.source.connection import READ_ROWS_MAX


def test_a_source_that_was_swapped_for_another_is_noticed_and_read_anew_on_consent(
    shop: Shop, console: Console
) -> None:
    for number in range(3):
        add_upload(shop)
        add_user(shop, f"u{number}")
    console.once()
    # Other rows under the ids that were read last.
    shop.execute("UPDATE user_uploads SET upload_date = '2026-11-02 00:00:00'")
    with pytest.raises(Swapped, match="user_uploads: row 3 is another one than before"):
        console.once()
    with console.daemon() as daemon:
        daemon.settle(10)
        assert console.fact("swapped")["stream"] == "activity"
    assert len(rows(console)) == 6
    console.once(accept=True)
    assert len(rows(console)) == 9

    shop.execute("UPDATE users SET created_at = '2026-11-02 00:00:00' WHERE id = 1")
    with pytest.raises(Swapped, match="users: row 1 is another one than before"):
        console.once()
    console.once(accept=True)
    assert len(rows(console)) == 12
    assert console.tally("activity").kept == 0


def test_old_rows_that_are_cleared_away_are_no_swap(shop: Shop, console: Console) -> None:
    for _ in range(5):
        add_log(shop)
    console.once()
    shop.execute("DELETE FROM system_logs")
    console.once()
    add_log(shop)

    assert console.tally("logs").kept == 1
    assert console.catalogue.states()["logs"].rows == 6


def test_a_file_that_does_not_move_is_not_read_again(
    shop: Shop, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    inner = Source.after

    def spy(self: Source, table: Any, *args: Any) -> Any:
        asked.append(table.name)
        return inner(self, table, *args)

    add_log(shop)
    with console.daemon() as daemon:
        daemon.settle(20)
        monkeypatch.setattr(Source, "after", spy)
        daemon.settle(120)
        assert not {growing.table.name for growing in GROWING} & set(asked)
        add_log(shop)
        daemon.until(lambda: console.catalogue.states()["logs"].rows == 2, within_s=2)
        assert {growing.table.name for growing in GROWING} <= set(asked)


def test_a_stream_is_fresh_while_any_of_its_tables_is_read(shop: Shop, console: Console) -> None:
    shop.execute("DROP TABLE user_activities")
    shop.execute("DROP TABLE system_health")
    add_upload(shop)
    with console.daemon() as daemon:
        daemon.settle(20)
        states = console.catalogue.states()
        assert states["activity"].read_at is not None
        assert console.clock.now - states["activity"].read_at < timedelta(seconds=3)
        assert not states["activity"].reading_history
        assert states["health"].read_at is None


def test_a_long_history_says_how_far_it_is_read(shop: Shop, console: Console) -> None:
    shop.insert_many(
        "system_logs",
        [{"level": "INFO", "component": "c", "message": "m"}] * (3 * READ_ROWS_MAX + 1),
    )
    seen = set()
    with console.daemon() as daemon:
        for _ in range(20):
            daemon.round(1.0)
            state = console.catalogue.states()["logs"]
            seen.add((state.reading_history, state.done))
    assert (True, READ_ROWS_MAX) in seen
    assert (False, 3 * READ_ROWS_MAX + 1) in seen


class Crash(Exception):
    """The process dies here."""


ADD: dict[str, Any] = {
    "upload": add_upload,
    "activity": add_activity,
    "log": add_log,
    "load": add_load,
    "health": add_health,
    "metric": lambda shop: shop.metric(),
    "admin": lambda shop: add_log(shop, "Admin action: x", "admin"),
}
steps = st.one_of(
    st.sampled_from([*ADD, "user", "sign_in", "sign_in", "read", "restart"]),
    st.tuples(st.just("crash"), st.integers(1, 8), st.booleans()),
)


@settings(
    max_examples=14, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(steps, max_size=25))
def test_each_event_is_kept_once_wherever_the_reading_stops(
    tmp_path_factory: pytest.TempPathFactory, actions: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("once")
    expected: Counter[str] = Counter()
    users, second = 0, 0
    with make_shop(folder / "shop.db") as shop:
        console = Console(folder / "data", shop.url)
        for action in [*actions, "read"]:
            if isinstance(action, tuple):
                crash_once(console, at=action[1], committed=action[2])
            elif action in ADD:
                ADD[action](shop)
                expected[action] += 1
            elif action == "user":
                users += 1
                add_user(shop, f"u{users}")
                expected["sign_up"] += 1
            elif action == "sign_in" and users:
                console.once()  # a sign-in that the next one overwrites is seen by nobody
                second += 1
                at = AT + timedelta(seconds=second)
                shop.update_row("users", "id", 1 + second % users, last_login=at)
                expected["sign_in"] += 1
            elif action == "read":
                console.once()
            elif action == "restart":
                console.restart()
        activity = Counter(row["kind"] for row in rows(console) if row["source"] != "system_logs")
        assert activity == +Counter(
            {
                "vectorisation": expected["upload"],
                "sign_in": expected["activity"] + expected["sign_in"],
                "sign_up": expected["sign_up"],
            }
        )
        admin = sum(row["source"] == "system_logs" for row in rows(console))
        assert admin == expected["admin"]
        for stream, number in (
            ("logs", expected["log"] + expected["admin"]),
            ("system", expected["load"]),
            ("health", expected["health"]),
            ("requests", expected["metric"]),
        ):
            assert len(rows(console, stream)) == number
        console.assert_sound()


def crash_once(console: Console, *, at: int, committed: bool) -> None:
    """Read, and die at the so-manieth transaction of a table: before it commits, or just after."""
    left = at
    keep, after = Place.keep, Source.after

    def dying_keep(self: Place, *args: Any) -> None:
        nonlocal left
        keep(self, *args)
        left -= 1
        if not committed and left == 0:
            raise Crash

    def dying_read(self: Source, *args: Any) -> Any:
        if committed and left <= 0:
            raise Crash
        return after(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Place, "keep", dying_keep)
        patch.setattr(Source, "after", dying_read)
        try:
            console.once()
        except Crash:
            console.restart()
