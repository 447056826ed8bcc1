"""Sealing: rows move into files, figures stay, and what is damaged is found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.store.rows import own
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.errors import StoreError
from vcanalytics.model.streams import REQUESTS, TRANSACTIONS
from vcanalytics.store import Catalogue, CurrentRow, Reader, Segments
from vcanalytics.store.batches import make_batch
from vcanalytics.store.checking.check import check
from vcanalytics.store.manifest import GRACE, ORPHAN_AFTER, Waiting, clean
from vcanalytics.store.sealer import Limits, due, seal, seal_due

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def request(number: int, at: datetime = NOON, value_ms: float = 1.0) -> dict[str, object]:
    return {
        "source_id": number,
        "happened_at": at,
        "kind": "request_time",
        "endpoint": f"e{number % 3}",
        "value_ms": value_ms,
        "status": "success",
    }


def payment(number: int, status: str) -> dict[str, object]:
    return {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "transaction_id": f"VC_{number}",
        "created_at": NOON - timedelta(days=number),
        "status": status,
        "currency": "USD",
        "captured": False,
        "metadata": f"of {number} as {status}",
    }


def append_requests(catalogue: Catalogue, key: str, rows: list[dict[str, object]]) -> None:
    catalogue.append("requests", "test", key, make_batch(REQUESTS, rows))


def append_payment(catalogue: Catalogue, number: int, status: str) -> int:
    batch = make_batch(TRANSACTIONS, [payment(number, status)])
    return catalogue.append(
        "transactions", "test", f"{number}-{status}", batch, [CurrentRow(f"VC_{number}", number, 1)]
    )


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def segments(tmp_path: Path) -> Segments:
    return Segments(tmp_path)


def ids(reader: Reader) -> list[int]:
    return sorted(reader.snapshot(["requests"]).table("requests").column("source_id").to_pylist())


def test_rows_move_into_one_file_a_day(catalogue: Catalogue, segments: Segments) -> None:
    days = [NOON, NOON + timedelta(hours=11, minutes=59), NOON + timedelta(hours=12)]
    append_requests(catalogue, "a", [request(i, at) for i, at in enumerate(days)])

    sealed = seal(catalogue, segments, REQUESTS, NOON)

    assert sealed is not None
    assert [(s.day.isoformat(), s.rows) for s in sealed.segments] == [
        ("2026-11-20", 2),
        ("2026-11-21", 1),
    ]
    assert ids(Reader(catalogue)) == [0, 1, 2]
    assert check(catalogue) == []


def test_a_day_keeps_one_file_however_often_it_is_sealed(
    catalogue: Catalogue, segments: Segments
) -> None:
    for i in range(5):
        append_requests(catalogue, str(i), [request(i)])
        seal(catalogue, segments, REQUESTS, NOON)

    snapshot = Reader(catalogue).snapshot(["requests"])

    assert len(snapshot.relation("requests").files) == 1
    assert snapshot.table("requests").num_rows == 5
    assert check(catalogue) == []


def test_retired_files_outlive_their_grace_only(catalogue: Catalogue, segments: Segments) -> None:
    for i in range(2):
        append_requests(catalogue, str(i), [request(i)])
        seal(catalogue, segments, REQUESTS, NOON)

    assert clean(catalogue, segments, NOON + GRACE) == 0
    assert len(own(segments)) == 2
    assert clean(catalogue, segments, NOON + GRACE + timedelta(seconds=1)) == 5
    assert len(own(segments)) == 1
    assert check(catalogue) == []


def test_a_clock_that_jumps_ahead_takes_no_file_from_a_question(
    catalogue: Catalogue, segments: Segments
) -> None:
    passed = 0.0
    waiting = Waiting(lambda: passed)
    for i in range(2):
        append_requests(catalogue, str(i), [request(i)])
        seal(catalogue, segments, REQUESTS, NOON)

    tomorrow = NOON + timedelta(days=1)
    assert clean(catalogue, segments, tomorrow, waiting=waiting) == 0
    passed += GRACE.total_seconds()
    assert clean(catalogue, segments, tomorrow, waiting=waiting) == 0
    assert len(own(segments)) == 2
    passed += 1
    # Set back, it keeps them longer, never shorter.
    assert clean(catalogue, segments, NOON, waiting=waiting) == 0
    assert clean(catalogue, segments, tomorrow, waiting=waiting) == 5
    assert len(own(segments)) == 1


def test_a_snapshot_stays_as_it_was_while_rows_are_sealed(
    catalogue: Catalogue, segments: Segments
) -> None:
    append_requests(catalogue, "a", [request(1)])
    reader = Reader(catalogue)
    before = reader.snapshot(["requests"])
    append_requests(catalogue, "b", [request(2)])
    seal(catalogue, segments, REQUESTS, NOON)

    assert before.table("requests").column("source_id").to_pylist() == [1]
    assert ids(reader) == [1, 2]


def test_a_reader_that_was_away_finds_what_was_sealed_meanwhile(
    catalogue: Catalogue, segments: Segments
) -> None:
    append_payment(catalogue, 1, "pending")
    reader = Reader(catalogue)
    assert reader.snapshot().current("transactions")["status"].to_list() == ["pending"]
    append_payment(catalogue, 1, "completed")
    append_payment(catalogue, 2, "pending")
    seal(catalogue, segments, TRANSACTIONS, NOON)
    append_payment(catalogue, 2, "failed")

    current = reader.snapshot().current("transactions").sort("transaction_id")

    assert current["status"].to_list() == ["completed", "failed"]
    assert current.sort("seq").equals(
        Reader(catalogue).snapshot().current("transactions").sort("seq")
    )


def test_whole_versions_come_back_with_their_metadata(
    catalogue: Catalogue, segments: Segments
) -> None:
    first = append_payment(catalogue, 1, "pending")
    seal(catalogue, segments, TRANSACTIONS, NOON)
    second = append_payment(catalogue, 1, "completed")

    whole = Reader(catalogue).whole("transactions", [first, second])

    assert whole.select("seq", "metadata").rows() == [
        (first, "of 1 as pending"),
        (second, "of 1 as completed"),
    ]


def test_a_question_reads_only_the_files_of_its_range(
    catalogue: Catalogue, segments: Segments
) -> None:
    rows = [request(i, NOON + timedelta(days=i)) for i in range(10)]
    append_requests(catalogue, "a", rows)
    seal(catalogue, segments, REQUESTS, NOON)
    snapshot = Reader(catalogue).snapshot(["requests"])

    relation = snapshot.relation("requests", NOON + timedelta(days=3), NOON + timedelta(days=5))

    assert len(relation.files) == 2


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 72), st.floats(0.1, 9e5)), min_size=1, max_size=20),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_figures_are_the_same_before_and_after_sealing(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[int, float]]],
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("store")
    catalogue, segments = Catalogue.open(folder), Segments(folder)
    engine = Engine(segments=segments.root)
    start, end = NOON, NOON + timedelta(hours=48)
    reader = Reader(catalogue)

    def figures(taker: Reader) -> pl.DataFrame:
        snapshot = taker.snapshot(["requests"])
        return latency(engine, snapshot, kind=Kind.REQUEST, start=start, end=end)

    for number, rows in enumerate(batches):
        append_requests(
            catalogue,
            str(number),
            [request(i, NOON + timedelta(hours=h), v) for i, (h, v) in enumerate(rows)],
        )
        if data.draw(st.booleans()):
            before = figures(reader)
            seal(catalogue, segments, REQUESTS, NOON)
            for taker in (reader, Reader(catalogue)):
                assert_frame_equal(figures(taker), before, rel_tol=1e-14)
    assert check(catalogue) == []
    engine.close()
    catalogue.close()


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(rows=3, batches=9, age=timedelta(days=1)), True),
        (Limits(rows=4, batches=9, age=timedelta(days=1)), False),
        (Limits(rows=4, batches=2, age=timedelta(days=1)), True),
        (Limits(rows=4, batches=9, age=timedelta(minutes=30)), True),
    ],
)
def test_a_stream_is_due_by_rows_batches_or_age(
    catalogue: Catalogue, limits: Limits, expected: bool
) -> None:
    for key in "ab":
        rows = [request(i) for i in range(2 if key == "a" else 1)]
        catalogue.append("requests", "t", key, make_batch(REQUESTS, rows), now=NOON)
    with catalogue.read() as connection:
        assert due(connection, "requests", limits, NOON + timedelta(minutes=30)) is expected


def test_a_crash_before_the_manifest_loses_nothing_and_leaves_an_orphan(
    catalogue: Catalogue, segments: Segments, tmp_path: Path
) -> None:
    append_requests(catalogue, "a", [request(1)])

    def crash(step: str) -> None:
        if step == "committing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seal(catalogue, segments, REQUESTS, NOON, crash)

    assert ids(Reader(catalogue)) == [1]
    (orphan,) = own(segments)
    old = datetime.now(UTC).timestamp() - 2 * ORPHAN_AFTER.total_seconds()
    os.utime(segments.local(orphan), (old, old))
    assert [f.what for f in check(catalogue)] == [f"file {orphan} stands in no manifest"]
    assert clean(catalogue, segments, NOON) == 1
    assert check(catalogue) == []
    assert seal_due(catalogue, segments, Limits(rows=1), NOON) != []
    assert ids(Reader(catalogue)) == [1]


def test_a_full_or_forbidden_disk_loses_nothing(catalogue: Catalogue, tmp_path: Path) -> None:
    append_requests(catalogue, "a", [request(1)])
    (tmp_path / "segments").write_text("a file stands where the folder belongs")

    with pytest.raises(StoreError, match="cannot be written"):
        seal(catalogue, Segments(tmp_path), REQUESTS, NOON)

    assert ids(Reader(catalogue)) == [1]
    assert check(catalogue) == []


@pytest.fixture
def sealed_file(catalogue: Catalogue, segments: Segments) -> Path:
    append_requests(catalogue, "a", [request(i) for i in range(50)])
    seal(catalogue, segments, REQUESTS, NOON)
    (key,) = own(segments)
    return segments.local(key)


def test_check_finds_a_flipped_byte(catalogue: Catalogue, sealed_file: Path) -> None:
    data = bytearray(sealed_file.read_bytes())
    data[len(data) // 2] ^= 1
    sealed_file.write_bytes(data)

    (finding,) = check(catalogue)
    assert "is damaged" in finding.what


def test_check_finds_a_truncated_file(catalogue: Catalogue, sealed_file: Path) -> None:
    sealed_file.write_bytes(sealed_file.read_bytes()[:-100])

    (finding,) = check(catalogue)
    assert "bytes, the manifest says" in finding.what


def test_a_missing_file_is_found_and_costs_no_other_row(
    catalogue: Catalogue, sealed_file: Path
) -> None:
    append_requests(catalogue, "b", [request(99)])
    sealed_file.unlink()

    (finding,) = check(catalogue)
    assert "is missing (50 rows)" in finding.what
    snapshot = Reader(catalogue).snapshot(["requests"])
    assert snapshot.table("requests").column("source_id").to_pylist() == [99]
    assert [(d.rows, d.reason) for d in snapshot.damage] == [(50, "the file is missing")]


def test_check_finds_a_removed_ledger_row(catalogue: Catalogue, sealed_file: Path) -> None:
    with catalogue.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM ledger")

    assert any("no entry in the ledger" in f.what for f in check(catalogue))


def test_a_file_without_a_column_that_is_asked_for_cannot_be_read(tmp_path: Path) -> None:
    segments = Segments(tmp_path)
    path = segments.local("requests/odd.parquet")
    path.parent.mkdir(parents=True)
    pl.DataFrame({"seq": [1], "value_ms": [2.0]}).write_parquet(path)
    read = segments.read("requests/odd.parquet", ["value_ms", "seq"])
    assert read.column_names == ["value_ms", "seq"]
    with pytest.raises(StoreError, match="cannot be read"):
        segments.read("requests/odd.parquet", ["seq", "happened_at"])
