"""Room: what is taken and how long it will do, said before the limit is reached."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.rows import keep, payments, requests
from vcanalytics.errors import SettingError
from vcanalytics.model.streams import REQUESTS, TRANSACTIONS
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.sealer import seal
from vcanalytics.store.upkeep.room import GB, Room, measure, must_fit, since_of, taken_bytes

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes that are free, as a test says."""
    free = [100 * GB]
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(200 * GB, 0, free[0]))
    return free


def told(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder, source_url="sqlite:////shop.db", **more)


def grow(folder: Path, size: int) -> None:
    """A file of so many bytes that takes none of the disk."""
    with (folder / "much").open("wb") as file:
        file.truncate(size)


def test_all_below_the_folder_counts_but_not_what_is_about_to_be_deleted(
    catalogue: Catalogue, disk: list[int]
) -> None:
    folder = catalogue.path.parent
    grow(folder, 5 * GB)
    segments = Segments(folder)
    for number in range(2):
        catalogue.append("requests", "t", str(number), requests(number))
        seal(catalogue, segments, REQUESTS, NOW)
    with catalogue.read() as connection:
        text = "SELECT sum(bytes) FROM segment WHERE retired_at IS NOT NULL"
        retired = int(connection.exec_driver_sql(text).scalar() or 0)

    room = measure(catalogue, told(folder), {}, NOW)

    assert retired > 0
    assert room.bytes == taken_bytes(folder) - retired > 5 * GB
    assert (room.limit_bytes, room.budget) == (taken_bytes(folder) + 100 * GB, False)
    assert room.words() == ("", "")


def test_the_limit_is_the_budget_or_what_the_disk_has(
    catalogue: Catalogue, disk: list[int]
) -> None:
    settings = told(catalogue.path.parent, disk_budget_gb=20)
    assert measure(catalogue, settings, {}, NOW).limit_bytes == 20 * GB
    disk[0] = 1 * GB
    less = measure(catalogue, settings, {}, NOW)
    assert (less.limit_bytes, less.budget) == (less.bytes + GB, False)


def test_it_is_told_before_the_limit_is_reached_with_the_days_left(
    catalogue: Catalogue, disk: list[int]
) -> None:
    settings, fact = told(catalogue.path.parent, disk_budget_gb=20), dict[str, Any]()
    for day, size in enumerate((16.0, 16.5, 17.0, 17.5, 18.0)):
        grow(catalogue.path.parent, int(size * GB))
        room = measure(catalogue, settings, fact, NOW + day * DAY)
        fact = room.fact(NOW + day * DAY, since_of(fact))

    assert fact["what"] == (
        "the console's data take 18.0 GB of the 20.0 GB VC_DISK_BUDGET_GB allows;"
        " at this pace that does for 3 days"
    )
    # From the first day that the forecast came down to a fortnight: half a GB a day.
    assert fact["since"] == (NOW + DAY).isoformat()
    assert fact["days_left"] == pytest.approx(4.0, abs=0.1)


def test_at_the_limit_it_says_what_is_let_go_of() -> None:
    what, hint = Room(195 * GB // 10, 20 * GB, budget=True, days_left=0.9).words()
    assert what.endswith("take 19.5 GB of the 20.0 GB VC_DISK_BUDGET_GB allows")
    assert hint.startswith("the oldest samples are let go of, payments never; raise the budget")


@given(
    st.integers(0, 10**13),
    st.integers(1, 10**13),
    st.none() | st.floats(0, 1e6),
    st.booleans(),
)
def test_whoever_is_short_of_room_is_told_what_to_do(
    taken: int, limit: int, days: float | None, budget: bool
) -> None:
    room = Room(taken, limit, budget, days)
    what, hint = room.words()
    assert bool(what) == bool(hint) == room.short
    assert not room.full or room.short
    assert ("VC_DISK_BUDGET_GB" in what) == (budget and room.short)


def test_the_pace_is_that_of_a_fortnight_at_most(catalogue: Catalogue, disk: list[int]) -> None:
    settings, fact = told(catalogue.path.parent), dict[str, Any]()
    for day in range(40):
        grow(catalogue.path.parent, (min(20, day)) * GB)
        room = measure(catalogue, settings, fact, NOW + day * DAY)
        fact = room.fact(NOW + day * DAY, since_of(fact))
    assert len(fact["history"]) == 15
    assert fact["history"][0][0] == date(2026, 12, 15).isoformat()
    assert fact["days_left"] is None


def test_a_budget_less_than_what_stays_for_ever_is_refused(catalogue: Catalogue) -> None:
    folder = catalogue.path.parent
    keep(catalogue, "a", payments((1, "pending")))
    seal(catalogue, Segments(folder), TRANSACTIONS, NOW)
    must_fit(told(folder))
    must_fit(told(folder, disk_budget_gb=1))
    grow(folder, 3 * GB)
    must_fit(told(folder, disk_budget_gb=4))

    with pytest.raises(SettingError) as refused:
        must_fit(told(folder, disk_budget_gb=3))

    assert str(refused.value) == (
        "VC_DISK_BUDGET_GB: 3 GB are too few: 3.0 GB are taken already by what is kept for ever."
        " Allow at least 7 GB"
    )


def test_before_there_is_a_store_any_budget_will_do(tmp_path: Path) -> None:
    must_fit(told(tmp_path, disk_budget_gb=1))
    assert list(tmp_path.iterdir()) == []
