"""Merging: few files instead of many, the same rows, at any crash and for every reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.rows import requests
from vcanalytics.model.streams import REQUESTS, STREAMS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.checking.check import check
from vcanalytics.store.manifest import GRACE, clean, manifest
from vcanalytics.store.sealer import seal
from vcanalytics.store.segments import Damaged, Segment
from vcanalytics.store.shapes import shape_of
from vcanalytics.store.upkeep.merging import Merged, due, merge_next

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHAPE = replace(shape_of(REQUESTS), full_rows=100, group_rows=20)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is derived: files of rows are easier to count."""
    monkeypatch.setattr("vcanalytics.store.sealer.DERIVED", {})


def sealed(catalogue: Catalogue, *days: date) -> Segments:
    """A request of each day, sealed day by day, as it happens."""
    segments = Segments(catalogue.path.parent)
    for number, day in enumerate(days, 1):
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        catalogue.append("requests", "t", f"{number}", requests(number, at=at), now=at)
        seal(catalogue, segments, REQUESTS, at)
    return segments


def merge_all(catalogue: Catalogue, segments: Segments, now: datetime = NOW) -> list[Merged]:
    done = []
    while merged := merge_next(catalogue, segments, now, kept_for_ever=STREAMS.keys()):
        done.append(merged)
        assert len(done) < 1_000
    return done


def files(catalogue: Catalogue, series: str = "requests") -> list[Segment]:
    with catalogue.read() as connection:
        return manifest(connection, series)


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def test_three_years_of_small_days_come_to_a_file_a_year_and_month(catalogue: Catalogue) -> None:
    days = [d for d in days_from(date(2024, 1, 1), 1054) if d.day in {1, 11, 19, 28}]
    segments = sealed(catalogue, *days)

    merge_all(catalogue, segments)

    spans = [(s.day.isoformat(), s.last_day.isoformat()) for s in files(catalogue)]
    assert spans[:4] == [
        ("2024-01-01", "2024-12-28"),
        ("2025-01-01", "2025-12-28"),
        ("2026-01-01", "2026-01-28"),
        ("2026-02-01", "2026-02-28"),
    ]
    assert len(spans) == 2 + 10 + 3
    kept = Reader(catalogue).snapshot().table("requests").column("source_id").to_pylist()
    assert sorted(kept) == list(range(1, len(days) + 1))
    assert check(catalogue) == []


def test_what_still_grows_and_the_month_that_is_not_over_are_left(catalogue: Catalogue) -> None:
    segments = sealed(catalogue, *days_from(date(2026, 11, 11), 20))

    assert merge_all(catalogue, segments) == []
    assert merge_all(catalogue, segments, datetime(2026, 12, 2, 12, tzinfo=UTC)) == []
    later = merge_all(catalogue, segments, datetime(2026, 12, 3, tzinfo=UTC))
    assert [(m.files, m.rows) for m in later] == [(20, 20)]


def test_a_late_row_waits_beside_a_big_file_until_it_pays(catalogue: Catalogue) -> None:
    october = days_from(date(2026, 10, 1), 31)
    segments = sealed(catalogue, *october)
    merge_all(catalogue, segments)

    for number, day in enumerate(october[:8], 100):
        at = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        catalogue.append("requests", "t", f"{number}", requests(number, at=at), now=NOW)
        seal(catalogue, segments, REQUESTS, NOW)
        if number < 106:
            assert merge_all(catalogue, segments) == []

    merge_all(catalogue, segments)
    assert len(files(catalogue)) == 1
    assert sum(s.rows for s in files(catalogue)) == 39


def test_a_reader_that_began_before_reads_on(catalogue: Catalogue) -> None:
    segments = sealed(catalogue, *days_from(date(2026, 10, 1), 31))
    before = Reader(catalogue).snapshot()

    merge_all(catalogue, segments)
    clean(catalogue, segments, NOW + timedelta(minutes=1))
    assert before.table("requests").num_rows == 31

    clean(catalogue, segments, NOW + GRACE + timedelta(minutes=1), timedelta(0))
    assert len(list(segments.files())) == len(files(catalogue)) == 1


@pytest.mark.parametrize("where", ["reading", "written", "committing"])
def test_a_merge_that_is_stopped_changes_nothing(catalogue: Catalogue, where: str) -> None:
    segments = sealed(catalogue, *days_from(date(2026, 10, 1), 31))
    before = files(catalogue)

    def stop(step: str) -> None:
        if step == where:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge_next(catalogue, segments, NOW, kept_for_ever=(), step=stop)

    assert files(catalogue) == before
    clean(catalogue, segments, NOW, timedelta(0))
    assert check(catalogue) == []
    assert [m.files for m in merge_all(catalogue, segments)] == [31]


def test_a_damaged_file_is_named_and_keeps_nothing_else_from_being_merged(
    catalogue: Catalogue,
) -> None:
    days = days_from(date(2026, 9, 1), 61)
    segments = sealed(catalogue, *days)
    damaged = files(catalogue)[3]
    segments.local(damaged.key).write_bytes(b"not Parquet")

    with pytest.raises(Damaged, match="the file has 11 bytes") as told:
        merge_next(catalogue, segments, NOW, kept_for_ever=())
    assert told.value.key == damaged.key
    merged = merge_next(catalogue, segments, NOW, kept_for_ever=(), avoid={damaged.key})

    assert merged == Merged("requests", 31, 31, 0)
    assert list(segments.root.rglob("*.writing")) == []


def test_months_of_what_is_let_go_by_age_stay_months(catalogue: Catalogue) -> None:
    segments = sealed(catalogue, *days_from(date(2025, 1, 1), 365)[::7])
    while merge_next(catalogue, segments, NOW, kept_for_ever=()):
        pass

    assert len(files(catalogue)) == 12


def segment(number: int, day: date, rows: int, length: int = 1) -> Segment:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    last = day + timedelta(days=length - 1)
    return Segment("requests", f"{number}", day, last, rows, rows, "", 1, 1, at, at)


history = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 120)), min_size=1, max_size=200)


@given(history)
@settings(max_examples=100)
def test_merging_ends_with_few_files_and_rewrites_a_row_few_times(
    made: list[tuple[int, int]],
) -> None:
    """By the plan alone: each step makes one file of a run, until nothing is due."""
    first = date(2024, 5, 20)
    standing = [segment(n, first + timedelta(days=a), rows) for n, (a, rows) in enumerate(made)]
    total, rewritten = sum(s.rows for s in standing), 0
    while runs := due(standing, SHAPE, NOW.date(), years=True):
        (run, *_) = runs
        rows = sum(s.rows for s in run)
        assert len(run) > 1
        assert rows <= SHAPE.full_rows
        rewritten += rows
        first_day, last_day = min(s.day for s in run), max(s.last_day for s in run)
        standing = [s for s in standing if s not in run]
        length = (last_day - first_day).days + 1
        standing.append(segment(1_000 + rewritten, first_day, rows, length))

    assert sum(s.rows for s in standing) == total
    # Once with its month and once with its year; what is packed anew beside a big file, once more.
    assert rewritten <= 4 * total
    closed = [s for s in standing if s.last_day < date(NOW.year, NOW.month, 1)]
    assert len(closed) <= 3 * 8 + 12 * 8 + 4 * total / SHAPE.full_rows


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_a_merged_store_has_the_same_rows_sorted_within_right_bounds(
    made: list[tuple[int, int]],
) -> None:
    with TemporaryDirectory() as folder:
        catalogue = Catalogue.open(Path(folder))
        segments, number = Segments(Path(folder)), 0
        for turn, (day, rows) in enumerate(made):
            at = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=day)
            batch = pa.concat_tables(
                requests(number + n, at=at + timedelta(seconds=61 * n)) for n in range(rows)
            )
            number += rows
            catalogue.append("requests", "t", f"{turn}", batch, now=at)
            seal(catalogue, segments, REQUESTS, at)
        before = Reader(catalogue).snapshot().table("requests").to_pylist()

        merge_all(catalogue, segments)

        after = Reader(catalogue).snapshot().table("requests").to_pylist()
        assert Counter(map(repr, after)) == Counter(map(repr, before))
        for one in files(catalogue):
            times = segments.read(one.key).column("happened_at").to_pylist()
            assert times == sorted(times)
            assert (min(times), max(times)) == (one.first_at, one.last_at)
            assert (min(times).date(), max(times).date()) == (one.day, one.last_day)
        assert check(catalogue) == []
        catalogue.close()
