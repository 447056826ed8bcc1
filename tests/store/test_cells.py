"""Cells take in every sealed row once: while sealing, after a crash, and of an older store."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.rows import NOON
from vcanalytics.model.streams import REQUESTS, STREAMS, SYSTEM
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot, derived
from vcanalytics.store.batches import make_batch
from vcanalytics.store.cells.counting import (
    COUNTED,
    DAYS,
    HOURS,
    REQUEST_CELLS,
    SYSTEM_CELLS,
    Counted,
    table,
)
from vcanalytics.store.cells.filling import Filled, fill, read
from vcanalytics.store.cells.recount import rebuild, verify
from vcanalytics.store.facts import LET_GO
from vcanalytics.store.forget import finish, forget
from vcanalytics.store.manifest import Change, enter, manifest
from vcanalytics.store.sealer import seal

DAY = timedelta(days=1)


class Crash(Exception):
    """Where a step stopped."""


@pytest.fixture
def segments(catalogue: Catalogue) -> Segments:
    return Segments(catalogue.path.parent)


def at(day: float) -> datetime:
    return NOON + day * DAY


def append(catalogue: Catalogue, *days: float) -> None:
    rows = [
        {
            "happened_at": at(day),
            "kind": "request_time",
            "endpoint": "/a",
            "value_ms": 10.0 + number,
            "status": "error" if number % 2 else "success",
        }
        for number, day in enumerate(days)
    ]
    key = str(catalogue.seqs().get("requests", 0))
    catalogue.append("requests", "test", key, make_batch(REQUESTS, rows))


def sample(catalogue: Catalogue, *days: float) -> None:
    rows = [
        {"happened_at": at(d), "host": "h", "measure": "cpu_percent", "item": "", "value": 5.0 + n}
        for n, d in enumerate(days)
    ]
    key = f"system {catalogue.seqs().get('system', 0)}"
    catalogue.append("system", "test", key, make_batch(SYSTEM, rows))


def sealed(catalogue: Catalogue, segments: Segments, stream: str = "requests") -> None:
    seal(catalogue, segments, STREAMS[stream], NOON)


def cells(
    catalogue: Catalogue, segments: Segments, counted: Counted = REQUEST_CELLS, grain: str = HOURS
) -> Counter[date]:
    """How many rows the cells of each day say there were."""
    shape, found = counted.figures(grain), Counter[date]()
    with catalogue.read() as connection:
        for segment in manifest(connection, shape.name):
            frame = read(segments, shape, segment)
            days = frame.group_by(pl.col("cell_at").dt.date()).agg(pl.col("count").sum())
            found.update(dict(days.iter_rows()))
    return found


def known(snapshot: Snapshot, segments: Segments) -> Counter[date]:
    """How many rows of each day a reader counts: from cells where they stand, else from rows."""
    stand = snapshot.cells("requests")
    found = Counter[date]()
    for segment, _ in stand.rows:
        moments = segments.read(segment.key, ["happened_at"]).column(0).to_pylist()
        found.update(moment.date() for moment in moments if not stand.cover(moment.date()))
    shape = REQUEST_CELLS.figures(HOURS)
    for segment, _ in stand.series[shape.name]:
        frame = read(segments, shape, segment)
        for moment, count in frame.select("cell_at", "count").iter_rows():
            assert stand.cover(moment.date())
            found[moment.date()] += count
    found.update(moment.date() for moment in stand.hot.column("happened_at").to_pylist())
    return found


def unsealed_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal as a store did before there were cells."""
    monkeypatch.setattr(derived, "DERIVED", {})
    monkeypatch.setattr("vcanalytics.store.sealer.DERIVED", {})


def test_hours_and_days_take_in_what_is_sealed(catalogue: Catalogue, segments: Segments) -> None:
    append(catalogue, 0, 0, 0.3, 1)
    sealed(catalogue, segments)
    append(catalogue, 0, 2)
    sealed(catalogue, segments)
    days = {at(0).date(): 4, at(1).date(): 1, at(2).date(): 1}
    assert cells(catalogue, segments) == days
    assert cells(catalogue, segments, grain=DAYS) == days
    assert list(verify(catalogue, segments)) == []
    # A day of hours in a file, a month of days.
    names = Counter(key.split("/")[0] for key in _seen(catalogue))
    assert (names["requests.hours"], names["requests.days"]) == (3, 1)


def _seen(catalogue: Catalogue) -> list[str]:
    with catalogue.read() as connection:
        return [
            s.key for one in COUNTED.values() for n in one.series for s in manifest(connection, n)
        ]


@pytest.mark.parametrize("step", ["read", "written", "derived", "committing"])
def test_a_crash_while_sealing_counts_nothing_twice(
    catalogue: Catalogue, segments: Segments, step: str
) -> None:
    append(catalogue, 0, 1)
    sealed(catalogue, segments)
    append(catalogue, 1, 1, 2)

    def crash(name: str) -> None:
        if name == step:
            raise Crash

    with pytest.raises(Crash):
        seal(catalogue, segments, REQUESTS, NOON, crash)
    assert sum(known(Reader(catalogue).snapshot(), segments).values()) == 5
    sealed(catalogue, segments)
    assert cells(catalogue, segments) == {at(0).date(): 1, at(1).date(): 3, at(2).date(): 1}
    assert list(verify(catalogue, segments)) == []


def test_a_store_from_before_is_counted_a_day_at_a_time(
    catalogue: Catalogue, segments: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        unsealed_cells(before)
        append(catalogue, 0, 0, 1, 3)
        sample(catalogue, 0, 1)
        sealed(catalogue, segments)
        sealed(catalogue, segments, "system")
    # What is sealed for an old day is counted with the rest of it, a new day's at once.
    append(catalogue, 1, 4)
    sealed(catalogue, segments)
    assert cells(catalogue, segments) == {at(4).date(): 1}
    assert list(verify(catalogue, segments)) == []
    told = [fill(catalogue, segments, "requests", NOON) for _ in range(4)]
    assert told == [
        Filled("requests", at(3).date(), 1, 2),
        Filled("requests", at(1).date(), 2, 1),
        Filled("requests", at(0).date(), 2, 0),
        None,
    ]
    expected = {at(0).date(): 2, at(1).date(): 2, at(3).date(): 1, at(4).date(): 1}
    assert cells(catalogue, segments) == cells(catalogue, segments, grain=DAYS) == expected
    assert fill(catalogue, segments, "system", NOON) is not None
    assert list(verify(catalogue, segments)) == []


@pytest.mark.parametrize("step", ["read", "written", "committing", "committed"])
def test_a_crash_while_an_older_store_is_counted(
    catalogue: Catalogue, segments: Segments, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as before:
        unsealed_cells(before)
        append(catalogue, 0, 0, 1)
        sealed(catalogue, segments)

    def crash(name: str) -> None:
        if name == step:
            raise Crash

    with pytest.raises(Crash):
        fill(catalogue, segments, "requests", NOON, crash)
    assert sum(known(Reader(catalogue).snapshot(), segments).values()) == 3
    while fill(catalogue, segments, "requests", NOON):
        pass
    assert cells(catalogue, segments) == {at(0).date(): 2, at(1).date(): 1}
    assert list(verify(catalogue, segments)) == []


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=14, deadline=None
)
@given(
    st.lists(
        st.one_of(
            st.lists(st.integers(0, 6), min_size=1, max_size=4),
            st.sampled_from(["seal", "seal as before", "fill"]),
        ),
        max_size=14,
    )
)
def test_nothing_is_missed_or_counted_twice_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[int] | str]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    catalogue, segments = Catalogue.open(folder), Segments(folder)
    wanted = Counter[date]()
    reader = Reader(catalogue)
    for step in steps:
        if isinstance(step, list):
            append(catalogue, *step)
            wanted.update(at(day).date() for day in step)
        elif step == "fill":
            fill(catalogue, segments, "requests", NOON)
        # An older console seals no more once a newer one has.
        elif step == "seal" or _seen(catalogue):
            sealed(catalogue, segments)
        else:
            with pytest.MonkeyPatch.context() as before:
                unsealed_cells(before)
                sealed(catalogue, segments)
        for taker in (reader, Reader(catalogue)):
            assert known(taker.snapshot(), segments) == wanted
    assert list(verify(catalogue, segments)) == []
    catalogue.close()


def _changed(
    catalogue: Catalogue, segments: Segments, counted: Counted, grain: str, column: str, to: object
) -> None:
    """Change one cell of a file, behind everybody's back."""
    shape = counted.figures(grain) if column != "bucket" else counted.buckets(grain)
    with catalogue.transaction() as connection:
        segment = manifest(connection, shape.name)[0]
        frame = read(segments, shape, segment)
        first = pl.int_range(pl.len()) == 0
        dtype = frame.schema[column]
        frame = frame.with_columns(
            pl.when(first).then(pl.lit(to, dtype)).otherwise(pl.col(column)).alias(column)
        )
        new = segments.write(shape, table(shape, frame))
        enter(connection, Change([new], [segment]), NOON)


@pytest.mark.parametrize(
    ("counted", "grain", "column", "to"),
    [
        (REQUEST_CELLS, HOURS, "count", 9),
        (REQUEST_CELLS, HOURS, "errors", 9),
        (REQUEST_CELLS, HOURS, "total", 10.0000001),
        (REQUEST_CELLS, HOURS, "most", 10.5),
        (REQUEST_CELLS, HOURS, "bucket", 7),
        (REQUEST_CELLS, DAYS, "count", 9),
        (REQUEST_CELLS, DAYS, "bucket", 7),
        (SYSTEM_CELLS, HOURS, "last", 7.0),
        (SYSTEM_CELLS, DAYS, "total", 7.0),
    ],
)
def test_one_changed_cell_is_found_and_made_anew(
    catalogue: Catalogue, segments: Segments, counted: Counted, grain: str, column: str, to: object
) -> None:
    append(catalogue, 0, 0, 1)
    sample(catalogue, 0, 0, 1)
    for stream in ("requests", "system"):
        sealed(catalogue, segments, stream)
    assert list(verify(catalogue, segments)) == []
    _changed(catalogue, segments, counted, grain, column, to)
    found = list(verify(catalogue, segments))
    assert found
    assert all(str(at(0).date()) in sentence for sentence in found)
    assert rebuild(catalogue, segments, NOON) == 4
    assert list(verify(catalogue, segments)) == []
    assert cells(catalogue, segments, counted, grain) == {at(0).date(): 2, at(1).date(): 1}


def test_files_that_cannot_be_read_are_made_anew(catalogue: Catalogue, segments: Segments) -> None:
    append(catalogue, 0, 0, 1)
    sealed(catalogue, segments)
    for key in _seen(catalogue):
        segments.local(key).write_bytes(b"nothing")
    assert sum(known(Reader(catalogue).snapshot(), segments).values()) == 3
    # Sealing goes on beside them.
    append(catalogue, 1)
    sealed(catalogue, segments)
    rebuild(catalogue, segments, NOON)
    assert cells(catalogue, segments) == {at(0).date(): 2, at(1).date(): 2}
    assert cells(catalogue, segments, grain=DAYS) == {at(0).date(): 2, at(1).date(): 2}
    assert list(verify(catalogue, segments)) == []


def test_damaged_rows_are_not_counted_anew(catalogue: Catalogue, segments: Segments) -> None:
    append(catalogue, *[0.001 * number for number in range(50)], 1)
    sealed(catalogue, segments)
    with catalogue.read() as connection:
        path = segments.local(manifest(connection, "requests")[0].key)
    whole = bytearray(path.read_bytes())
    for place in range(8, len(whole) - 8, 97):
        whole[place] ^= 1
    path.write_bytes(whole)
    rebuild(catalogue, segments, NOON)
    expected = {at(0).date(): 50, at(1).date(): 1}
    assert cells(catalogue, segments) == cells(catalogue, segments, grain=DAYS) == expected


def test_cells_outlive_their_rows(catalogue: Catalogue, segments: Segments) -> None:
    append(catalogue, 0, 0, 1)
    sealed(catalogue, segments)
    with catalogue.transaction() as connection:
        old = [s for s in manifest(connection, "requests") if s.last_day < at(1).date()]
        enter(connection, Change([], old), NOON)
    with catalogue.write(NOON) as writer:
        writer.set_fact(LET_GO, {"requests": at(1).date().isoformat()})
    # One comes late for a day whose rows are gone.
    append(catalogue, 0)
    sealed(catalogue, segments)
    expected = {at(0).date(): 3, at(1).date(): 1}
    assert cells(catalogue, segments) == expected
    assert list(verify(catalogue, segments)) == []
    rebuild(catalogue, segments, NOON)
    assert cells(catalogue, segments) == cells(catalogue, segments, grain=DAYS) == expected
    stand = Reader(catalogue).snapshot().cells("requests")
    assert (stand.kept(at(0).date()), stand.kept(at(1).date())) == (False, True)


def test_who_is_forgotten_is_forgotten_in_cells(catalogue: Catalogue, segments: Segments) -> None:
    row = {
        "happened_at": at(0),
        "kind": "request_time",
        "endpoint": "/of/ann@example.com",
        "value_ms": 1.0,
        "status": "success",
    }
    catalogue.append("requests", "test", "a", make_batch(REQUESTS, [row]))
    sealed(catalogue, segments)
    name, _ = forget(catalogue, "ann@example.com", NOON)
    finish(catalogue, segments, NOON)
    for series in REQUEST_CELLS.series:
        with catalogue.read() as connection:
            (segment,) = manifest(connection, series)
        assert segments.read(segment.key, ["endpoint"]).column(0).unique().to_pylist() == [
            f"/of/{name}"
        ]
    assert list(verify(catalogue, segments)) == []


def test_batches_without_rows_leave_cells_as_they_are(
    catalogue: Catalogue, segments: Segments
) -> None:
    catalogue.append("requests", "test", "empty", make_batch(REQUESTS, []))
    sealed(catalogue, segments)
    assert _seen(catalogue) == []
