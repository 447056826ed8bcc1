"""Retention: what is past its days goes, what is within them stays, and every sum follows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.rows import keep, own, payments, requests
from vcanalytics.model.streams import REQUESTS, TRANSACTIONS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.checking.check import check
from vcanalytics.store.derived import Waiting
from vcanalytics.store.manifest import GRACE, clean, manifest
from vcanalytics.store.sealer import seal
from vcanalytics.store.segments import Damaged
from vcanalytics.store.upkeep.merging import merge_next
from vcanalytics.store.upkeep.retention import LetGo, due, earliest, let_go, limit
from vcanalytics.store.upkeep.settling import KEPT, settle

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NINETY = {"requests": timedelta(days=90)}
#: All rows are summed up: nothing waits.
MADE: dict[str, Waiting] = {"requests": lambda _standing: [], "system": lambda _standing: []}


def fill(catalogue: Catalogue, *ages: int, now: datetime = NOW) -> Segments:
    """A request of each age in days, sealed as it came."""
    segments = Segments(catalogue.path.parent)
    for age in ages:
        at = now - timedelta(days=age)
        number = catalogue.seqs().get("requests", 0) + 1
        catalogue.append("requests", "t", str(number), requests(age, at=at), now=at)
        seal(catalogue, segments, REQUESTS, at)
    return segments


#: Ages of the days of July, 2026.
JULY = range(112, 143)


@pytest.fixture(scope="module")
def whole_july(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a request of each day of July. Copied, not written to."""
    folder = tmp_path_factory.mktemp("july")
    with closing(Catalogue.open(folder)) as catalogue:
        fill(catalogue, *JULY)
    return folder


@pytest.fixture
def july(whole_july: Path, tmp_path: Path) -> Iterator[Catalogue]:
    shutil.copytree(whole_july, tmp_path / "july")
    with closing(Catalogue.open(tmp_path / "july")) as catalogue:
        yield catalogue


def let_all_go(
    catalogue: Catalogue, segments: Segments, now: datetime = NOW, days: int = 90
) -> list[LetGo]:
    done: list[LetGo] = []
    while True:
        with catalogue.read() as connection:
            keep = {"requests": timedelta(days=days)}
            wanted = due(connection, keep, now, waiting=MADE)
        gone = let_go(catalogue, segments, wanted[0], now) if wanted else None
        if gone is None:
            return done
        done.append(gone)


def ages(catalogue: Catalogue) -> list[int]:
    kept = Reader(catalogue).snapshot(["requests"]).table("requests")
    return sorted(kept.column("source_id").to_pylist())


def test_days_past_the_limit_go_and_the_counters_follow(catalogue: Catalogue) -> None:
    segments = fill(catalogue, 200, 91, 90, 89, 1, 0)

    gone = let_all_go(catalogue, segments)

    assert [(one.rows, one.left) for one in gone] == [(1, 1), (1, 0)]
    assert ages(catalogue) == [0, 1, 89, 90]
    state = catalogue.states()["requests"]
    assert (state.rows, state.first_at) == (4, NOW - timedelta(days=90))
    assert catalogue.fact("let_go") == {"requests": "2026-08-22"}
    assert check(catalogue) == []
    clean(catalogue, segments, NOW + GRACE * 2)
    assert len(own(segments)) == 4
    assert check(catalogue) == []


def test_nothing_goes_that_is_not_summed_up(catalogue: Catalogue) -> None:
    fill(catalogue, 200, 100, 5)
    with catalogue.read() as connection:
        first, second, _ = manifest(connection, "requests")
        for waiting, files, held in (
            ({}, (), 2),
            ({"requests": lambda _standing: [second]}, (first,), 1),
        ):
            (found,) = due(connection, NINETY, NOW, waiting=waiting)
            assert (found.files, found.waiting) == (files, held)
            assert let_go(catalogue, Segments(catalogue.path.parent), found, NOW) is None or files


def test_versions_are_never_let_go_of(catalogue: Catalogue) -> None:
    keep(catalogue, "a", payments((1, "pending")))
    seal(catalogue, Segments(catalogue.path.parent), TRANSACTIONS, NOW)
    with catalogue.read() as connection:
        asked = {"transactions": timedelta(days=7)}
        assert due(connection, asked, NOW + timedelta(days=900), waiting=MADE) == []


def test_no_setting_reaches_into_the_last_week() -> None:
    assert limit(timedelta(days=0), NOW) == date(2026, 11, 13)
    assert limit(timedelta(days=90), NOW) == date(2026, 8, 22)


def merged(catalogue: Catalogue, segments: Segments) -> None:
    while merge_next(catalogue, segments, NOW, kept_for_ever=()):
        pass


def test_a_merged_file_is_cut_once_a_week_of_it_is_past(july: Catalogue) -> None:
    catalogue, segments = july, Segments(july.path.parent)
    merged(catalogue, segments)
    assert len(own(segments)) == 32

    # Its first day was 142 days ago.
    assert let_all_go(catalogue, segments, days=136) == []
    (gone,) = let_all_go(catalogue, segments, days=135)

    assert gone.rows == 7
    assert ages(catalogue) == list(range(112, 136))
    with catalogue.read() as connection:
        (left,) = manifest(connection, "requests")
    assert (left.day, left.rows) == (date(2026, 7, 8), 24)
    assert check(catalogue) == []


def test_entries_that_are_settled_are_lowered_as_well(catalogue: Catalogue) -> None:
    segments = fill(catalogue, 200, 100, 5)
    settle(catalogue, frozenset({"t"}), NOW - KEPT)
    settle(catalogue, frozenset({"t"}), NOW)

    let_all_go(catalogue, segments)

    assert ages(catalogue) == [5]
    assert catalogue.states()["requests"].rows == 1
    assert check(catalogue) == []


def test_a_damaged_file_is_left_for_whoever_repairs(catalogue: Catalogue) -> None:
    segments = fill(catalogue, 200, 100)
    with catalogue.read() as connection:
        (found,) = due(connection, NINETY, NOW, waiting=MADE)
    path = segments.local(found.files[0].key)
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(Damaged) as told:
        let_go(catalogue, segments, found, NOW)

    assert told.value.key == found.files[0].key
    assert catalogue.states()["requests"].rows == 2
    with catalogue.read() as connection:
        (rest,) = due(connection, NINETY, NOW, waiting=MADE, avoid={told.value.key})
    assert [segment.rows for segment in rest.files] == [1]


def test_where_room_is_short_the_oldest_samples_go_but_not_the_last_week(
    catalogue: Catalogue,
) -> None:
    segments, found = fill(catalogue, 40, 30, 7, 3), []
    for _ in range(3):
        with catalogue.read() as connection:
            found.append(earliest(connection, NOW, waiting=MADE))
        if found[-1]:
            let_go(catalogue, segments, found[-1], NOW)
    assert [one and one.before for one in found] == [date(2026, 10, 12), date(2026, 10, 22), None]
    assert ages(catalogue) == [3, 7]
    assert check(catalogue) == []


@pytest.mark.parametrize("where", ["written", "committing"])
@pytest.mark.parametrize("days", [90, 135])
def test_a_step_that_is_stopped_changes_nothing(july: Catalogue, where: str, days: int) -> None:
    catalogue, segments = july, Segments(july.path.parent)
    if days == 135:
        merged(catalogue, segments)
        clean(catalogue, segments, NOW + GRACE * 2)
    with catalogue.read() as connection:
        (found,) = due(connection, {"requests": timedelta(days=days)}, NOW, waiting=MADE)

    def stop(step: str) -> None:
        if step == where:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        let_go(catalogue, segments, found, NOW, stop)

    clean(catalogue, segments, NOW, timedelta(0))
    assert catalogue.fact("let_go") is None
    assert ages(catalogue) == list(JULY)
    assert check(catalogue) == []
    let_all_go(catalogue, segments, days=days)
    assert check(catalogue) == []


@given(
    st.lists(st.lists(st.integers(0, 200), min_size=1, max_size=6), min_size=1, max_size=8),
    st.integers(7, 150),
    st.data(),
)
@settings(max_examples=6, deadline=None)
def test_whatever_is_merged_and_let_go_of_the_rows_within_the_limit_stay(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[int]],
    days: int,
    data: st.DataObject,
) -> None:
    folder: Path = tmp_path_factory.mktemp("store")
    catalogue, segments = Catalogue.open(folder), Segments(folder)
    for number, some in enumerate(batches):
        parts = [requests(age, at=NOW - timedelta(days=age)) for age in some]
        catalogue.append("requests", "t", str(number), pa.concat_tables(parts), now=NOW)
        if data.draw(st.booleans()):
            seal(catalogue, segments, REQUESTS, NOW)
        if data.draw(st.booleans()):
            merged(catalogue, segments)
        if data.draw(st.booleans()):
            let_all_go(catalogue, segments, days=days)
    seal(catalogue, segments, REQUESTS, NOW)
    merged(catalogue, segments)
    let_all_go(catalogue, segments, days=days)

    kept, came = ages(catalogue), sorted(age for some in batches for age in some)
    assert [age for age in kept if age <= days] == [age for age in came if age <= days]
    # A merged file is cut when a week of it is past.
    assert all(age <= days + 7 for age in kept)
    assert catalogue.states()["requests"].rows == len(kept)
    assert check(catalogue) == []
    catalogue.close()
