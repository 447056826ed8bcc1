"""Upkeep between sealings: a step at a time, with its progress told, and never by a wild clock."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors import maintenance
from collectors.maintenance import Maintenance
from collectors.upkeep import PAUSE_S, Upkeep
from tests.store.rows import payments, requests
from vcanalytics.model.streams import REQUESTS, TRANSACTIONS
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.checking.check import check
from vcanalytics.store.derived import Waiting
from vcanalytics.store.manifest import manifest
from vcanalytics.store.newest import current
from vcanalytics.store.newest.current import SHAPES
from vcanalytics.store.newest.searched import has_text
from vcanalytics.store.sealer import seal
from vcanalytics.store.upkeep.room import GB, Room

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MADE: dict[str, Waiting] = {"requests": lambda _standing: [], "system": lambda _standing: []}
STEADY = timedelta(minutes=20)


class Clock:
    """Both clocks of a host, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 1_000.0

    def pass_(self, time: timedelta) -> None:
        self.now += time
        self.seconds += time.total_seconds()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def kept(catalogue: Catalogue, clock: Clock, **more: Any) -> Maintenance:
    settings = Settings(data_dir=catalogue.path.parent, source_url="sqlite:////shop.db", **more)
    made = Maintenance(
        settings,
        catalogue,
        Segments(catalogue.path.parent),
        clock=lambda: clock.seconds,
        waiting=MADE,
    )
    made.open()
    return made


def fill(catalogue: Catalogue, *ages: int) -> None:
    for age in ages:
        at = NOW - timedelta(days=age)
        catalogue.append("requests", "t", str(age), requests(age, at=at), now=at)
        seal(catalogue, Segments(catalogue.path.parent), REQUESTS, at)


def ages(catalogue: Catalogue) -> list[int]:
    table = Reader(catalogue).snapshot(["requests"]).table("requests")
    return sorted(table.column("source_id").to_pylist())


def files(catalogue: Catalogue) -> int:
    with catalogue.read() as connection:
        return len(manifest(connection, "requests"))


def run(jobs: Maintenance, clock: Clock) -> int:
    """Steps until none is left; how many."""
    count = 0
    while jobs.step(clock.now):
        count += 1
        assert count < 100
    return count


def test_old_rows_go_once_the_clock_has_gone_evenly_for_a_while(
    catalogue: Catalogue, clock: Clock
) -> None:
    fill(catalogue, 100, 5)
    jobs = kept(catalogue, clock)
    assert run(jobs, clock) == 0
    clock.pass_(STEADY)
    assert run(jobs, clock) == 1
    assert ages(catalogue) == [5]
    assert check(catalogue) == []


def test_a_clock_that_jumps_years_ahead_lets_nothing_go(catalogue: Catalogue, clock: Clock) -> None:
    fill(catalogue, 20, 5)
    jobs = kept(catalogue, clock)
    run(jobs, clock)
    clock.pass_(STEADY)
    clock.now += timedelta(days=3_000)
    run(jobs, clock)
    clock.pass_(timedelta(minutes=10))
    run(jobs, clock)
    clock.now -= timedelta(days=3_000)
    for _ in range(3):
        run(jobs, clock)
        clock.pass_(STEADY)
    assert ages(catalogue) == [5, 20]


def test_a_backlog_is_merged_step_by_step_and_its_progress_is_told(
    catalogue: Catalogue,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nothing is derived: files of rows are easier to count.
    monkeypatch.setattr("vcanalytics.store.sealer.DERIVED", {})
    monkeypatch.setattr(maintenance, "COUNTED", {})
    fill(catalogue, *range(40, 80, 2))
    jobs = kept(catalogue, clock)
    caplog.set_level(logging.INFO)

    assert jobs.step(clock.now)

    fact = catalogue.fact("upkeep")
    assert (fact["what"], fact["done"], fact["total"]) == ("merging files", 1, 2)
    assert jobs.step(clock.now)
    assert catalogue.fact("upkeep") is None
    assert not jobs.step(clock.now)
    assert files(catalogue) == 2
    told = [record.message for record in caplog.records if "merging files" in record.message]
    assert told == ["merging files: 1 of 2", "merging files: done"]


def test_what_a_killed_job_told_is_taken_back(catalogue: Catalogue, clock: Clock) -> None:
    with catalogue.write() as writer:
        writer.set_fact("upkeep", {"what": "merging files", "done": 1, "total": 9})
    kept(catalogue, clock)
    assert catalogue.fact("upkeep") is None


def test_a_damaged_file_is_named_once_and_the_others_are_merged(
    catalogue: Catalogue, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    fill(catalogue, *range(20, 80, 2))
    with catalogue.read() as connection:
        damaged = manifest(connection, "requests")[0].key
    Segments(catalogue.path.parent).local(damaged).write_bytes(b"not Parquet")
    jobs = kept(catalogue, clock)

    for _ in range(3):
        run(jobs, clock)
        clock.pass_(STEADY)

    warned = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert [damaged in line for line in warned] == [True]
    assert len(warned[0].splitlines()) == 1
    # September's and October's thirty files are two; November's stay days.
    assert files(catalogue) < 25


def test_at_the_limit_samples_go_before_their_days_are_over(
    catalogue: Catalogue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(catalogue, 40, 30, 20, 5)
    taken = [98, 98, 96, 95, 93]

    def measured(*_: object) -> Room:
        size = taken.pop(0) if len(taken) > 1 else taken[0]
        return Room(size * GB, 100 * GB, budget=True, days_left=None)

    monkeypatch.setattr(maintenance, "measure", measured)
    jobs = kept(catalogue, clock)
    run(jobs, clock)
    clock.pass_(STEADY)
    run(jobs, clock)

    # Gone on with until there is some room again, then no more.
    assert ages(catalogue) == [5]
    assert catalogue.fact("disk")["what"] != ""
    assert check(catalogue) == []


def test_the_daemon_rests_after_a_step_and_seals_between(
    catalogue: Catalogue, clock: Clock
) -> None:
    fill(catalogue, *range(40, 80, 2))
    catalogue.append("requests", "t", "hot", requests(0, at=NOW), now=NOW - timedelta(hours=2))
    settings = Settings(data_dir=catalogue.path.parent, source_url="sqlite:////shop.db")
    daemon = Upkeep(settings, catalogue)
    daemon.initialise()

    pauses = [daemon.loop(NOW)]
    while pauses[-1] < PAUSE_S and len(pauses) < 100:
        pauses.append(daemon.loop(NOW))

    assert 0 < pauses[0] < PAUSE_S
    assert pauses[-1] == PAUSE_S
    with catalogue.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM batch").scalar() == 0
    assert files(catalogue) == 3
    assert catalogue.fact("disk")["bytes"] > 0
    assert check(catalogue) == []


def test_an_impossible_budget_stops_the_start_with_one_line(catalogue: Catalogue) -> None:
    folder = catalogue.path.parent
    with (folder / "much").open("wb") as file:
        file.truncate(3 * GB)
    told = {"VC_DATA_DIR": str(folder), "VC_SOURCE_URL": "sqlite:////shop.db"}
    done = subprocess.run(
        [sys.executable, "-m", "collectors"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "VC_DISK_BUDGET_GB": "2", **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("collectors: VC_DISK_BUDGET_GB: 2 GB are too few")
    assert len(done.stderr.splitlines()) == 1


def test_samples_go_once_cells_stand_for_them_and_those_stay(
    catalogue: Catalogue, clock: Clock
) -> None:
    fill(catalogue, *range(95, 130), 5)
    settings = Settings(data_dir=catalogue.path.parent, source_url="sqlite:////shop.db")
    segments = Segments(catalogue.path.parent)
    jobs = Maintenance(settings, catalogue, segments, clock=lambda: clock.seconds)
    jobs.open()
    run(jobs, clock)
    clock.pass_(STEADY)
    run(jobs, clock)

    assert ages(catalogue) == [5]
    with catalogue.read() as connection:
        cells = manifest(connection, "requests.hours")
    counted = sum(sum(segments.read(s.key, ["count"]).column(0).to_pylist()) for s in cells)
    assert counted == 36
    assert len(cells) < 36
    assert check(catalogue) == []


def test_payments_that_cannot_be_searched_in_one_pass_are_made_ready(
    catalogue: Catalogue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = SHAPES["transactions.current"]
    with monkeypatch.context() as before:
        # As an earlier version of the console wrote them.
        before.setattr(current, "current_shape", lambda _stream: replace(shape, computed=()))
        catalogue.append("transactions", "t", "1", payments((1, "pending")), now=NOW)
        seal(catalogue, Segments(catalogue.path.parent), TRANSACTIONS, NOW)
    upkeep = kept(catalogue, clock)

    def ready() -> list[bool]:
        with catalogue.read() as connection:
            standing = manifest(connection, "transactions.current")
        segments = Segments(catalogue.path.parent)
        return [has_text(segments.local(one.key)) for one in standing]

    assert ready() == [False]
    while upkeep.step(NOW):
        pass
    assert ready() == [True]
