"""Hosts over time, their newest values, and disks that fill."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.analytics.moments import NOON, Row, ago, at, moment, only, sample
from vcanalytics.analytics import system
from vcanalytics.analytics.engine import Engine
from vcanalytics.model.windows import Grain

UTC_ZONE = ZoneInfo("UTC")


def test_each_series_window_by_window_also_empty_ones(engine: Engine) -> None:
    snapshot = moment(
        system=[
            sample(at("2026-11-20T11:57:00"), "cpu_percent", 10.0),
            sample(at("2026-11-20T11:57:59"), "cpu_percent", 40.0),
            sample(at("2026-11-20T11:57:30"), "cpu_percent", 25.0),
            sample(at("2026-11-20T11:59:00"), "cpu_percent", 5.0, host="vectorcraft"),
            sample(at("2026-11-20T11:59:00"), "core_percent", 7.0, "0"),
            sample(at("2026-11-20T11:59:00"), "core_percent", 8.0, "1"),
            sample(at("2026-11-20T11:59:00"), "memory_percent", 50.0),
            sample(at("2026-11-20T11:56:59"), "cpu_percent", 99.0),
            sample(at("2026-11-20T12:00:00"), "cpu_percent", 99.0),
        ],
        read_at=at("2026-11-20T11:59:30"),
    )

    def ask(*measures: str, hosts: list[str], items: list[str]) -> list[tuple[object, ...]]:
        answer = system.over_time(
            engine,
            snapshot,
            measures=measures,
            start=at("2026-11-20T11:57:00"),
            end=NOON,
            zone=UTC_ZONE,
            now=NOON,
            hosts=hosts,
            items=items,
            grain=timedelta(minutes=1),
        )
        return answer.drop("window_start", "window_end", "measure").rows()

    labels = [f"2026-11-20T11:{minute}:00+00:00" for minute in (57, 58, 59)]
    assert ask("cpu_percent", hosts=["web"], items=[]) == [
        ("web", "", labels[0], 25.0, 10.0, 40.0, 3, True),
        ("web", "", labels[1], None, None, None, 0, True),
        ("web", "", labels[2], None, None, None, 0, False),
    ]
    everyone = ask("cpu_percent", "core_percent", hosts=[], items=[])
    assert [row[:2] for row in everyone[::3]] == [
        ("vectorcraft", ""),
        ("web", "0"),
        ("web", "1"),
        ("web", ""),
    ]
    assert [row[3] for row in ask("core_percent", hosts=[], items=["1"])] == [None, None, 8.0]
    assert ask("swap_percent", hosts=[], items=[]) == []


def test_a_mean_is_that_of_all_samples_not_of_means(engine: Engine) -> None:
    # A day of Lord Howe's change of clocks is counted in half hours.
    zone = ZoneInfo("Australia/Lord_Howe")
    start = at("2026-10-03T14:00:00")
    snapshot = moment(
        system=[
            *(sample(start + timedelta(seconds=i), "load_1m", 1.0) for i in range(3)),
            sample(start + timedelta(hours=2), "load_1m", 9.0),
        ]
    )
    whole = system.over_time(
        engine,
        snapshot,
        measures=["load_1m"],
        start=start - timedelta(hours=1),
        end=start + timedelta(hours=12),
        zone=zone,
        now=NOON,
        grain=Grain.DAY,
    )
    assert [mean for mean in whole["mean"].to_list() if mean is not None] == [3.0]


def test_the_newest_of_each_series_with_its_age_and_words(engine: Engine) -> None:
    snapshot = moment(
        system=[
            sample(ago(seconds=9), "cpu_percent", 10.0),
            sample(ago(seconds=2), "cpu_percent", 12.5),
            sample(ago(minutes=59), "disk_percent", 70.125, "data", host="vectorcraft"),
            sample(NOON + timedelta(seconds=3), "fans_per_min", 900.0, "rear"),
            sample(ago(hours=1, seconds=1), "memory_percent", 50.0),
            sample(NOON + timedelta(minutes=5), "memory_percent", 60.0),
        ]
    )
    answer = system.newest(engine, snapshot, now=NOON)
    assert answer.drop("happened_at").rows() == [
        ("vectorcraft", "disk_percent", "data", "Disk", "%", 70.125, 3540.0),
        ("web", "cpu_percent", "", "CPU", "%", 12.5, 2.0),
        # A measure the vocabulary does not know, of a clock that is ahead.
        ("web", "fans_per_min", "rear", "fans_per_min", "", 900.0, 0.0),
    ]
    mine = system.newest(engine, snapshot, now=NOON, hosts=["vectorcraft"])
    assert mine["host"].to_list() == ["vectorcraft"]


def filling(
    percent_per_d: float, newest: float, days: float = 7.0, item: str = "data"
) -> list[Row]:
    """A disk sampled every half hour, to three decimals, that came to ``newest`` in a line."""
    steps = int(days * 48)
    return [
        sample(
            NOON - timedelta(minutes=30 * i),
            "disk_percent",
            round(newest - percent_per_d * i / 48, 3),
            item,
        )
        for i in range(steps)
    ]


def test_a_disk_that_fills_is_full_on_a_day(engine: Engine) -> None:
    rows = filling(2.0, 80.0)
    answer = system.disks(engine, moment(system=rows), now=NOON)
    assert only(answer, "host", "item", "percent", "happened_at") == [("web", "data", 80.0, NOON)]
    assert answer["percent_per_d"].item() == pytest.approx(2.0, rel=1e-3)
    assert answer["full_in_d"].item() == pytest.approx(10.0, rel=1e-3)


@pytest.mark.parametrize(
    ("rows", "percent_per_d", "full_in_d"),
    [
        # It empties, it stays, it fills in thousands of years: no day to name.
        (filling(-1.0, 40.0), -1.0, None),
        (filling(0.0, 40.0), 0.0, None),
        (filling(0.001, 40.0), 0.001, None),
        # Full is full.
        (filling(1.0, 100.0), 1.0, 0.0),
        # A few hours are no trend.
        (filling(24.0, 40.0, days=0.2), None, None),
    ],
)
def test_a_disk_without_a_day_to_be_full(
    engine: Engine, rows: list[Row], percent_per_d: float | None, full_in_d: float | None
) -> None:
    answer = system.disks(engine, moment(system=rows), now=NOON)
    pace = answer["percent_per_d"].item()
    assert pace == (None if percent_per_d is None else pytest.approx(percent_per_d, abs=1e-3))
    assert answer["full_in_d"].item() == full_in_d


def test_disks_are_told_apart_and_old_samples_forgotten(engine: Engine) -> None:
    rows = [
        *filling(1.0, 50.0, item="data"),
        *filling(5.0, 90.0, item="root"),
        # Before the week it was emptied.
        *(sample(ago(days=8, minutes=i), "disk_percent", 99.0, "data") for i in range(100)),
    ]
    answer = system.disks(engine, moment(system=rows), now=NOON)
    assert [(item, round(days)) for item, days in only(answer, "item", "full_in_d")] == [
        ("data", 50),
        ("root", 2),
    ]


def test_nothing_sampled_is_nothing_told(engine: Engine) -> None:
    assert system.newest(engine, moment(), now=NOON).height == 0
    assert system.disks(engine, moment(), now=NOON).height == 0
