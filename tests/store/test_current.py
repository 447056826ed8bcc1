"""Newest versions in files: whatever happens to rows, they are the newest of all versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from collectors.upkeep import PAUSE_S, Upkeep
from tests.store.rows import NOON, keep, stands
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import StoreError
from vcanalytics.model.streams import TRANSACTIONS
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot, sealer
from vcanalytics.store.batches import make_batch
from vcanalytics.store.checking.check import check
from vcanalytics.store.forget import finish, forget
from vcanalytics.store.newest import current, folding
from vcanalytics.store.newest.folding import catch_up, rebuild, verify
from vcanalytics.store.relation import Relation, Within
from vcanalytics.store.sealer import seal

DAY: Final = timedelta(days=1)
ANN: Final = "ann@example.com"


def version(
    number: int,
    status: str = "pending",
    *,
    day: float = 0,
    captured: float | None = None,
    refunded: float | None = None,
    deleted: bool = False,
) -> dict[str, Any]:
    """A version of a payment; times are days before noon."""
    return {
        "source_id": number,
        "observed_at": NOON,
        "deleted": deleted,
        "transaction_id": f"VC_{number}",
        "created_at": NOON - day * DAY,
        "status": status,
        "email": ANN if number % 3 == 0 else f"{number}@example.com",
        "currency": "USD",
        "captured": captured is not None,
        "captured_at": None if captured is None else NOON - captured * DAY,
        "refund_seen_at": None if refunded is None else NOON - refunded * DAY,
    }


def payments(*versions: dict[str, Any]) -> pa.Table:
    return make_batch(TRANSACTIONS, versions)


def naive(snapshot: Snapshot) -> pl.DataFrame:
    """The newest of all versions, by key."""
    versions = pl.DataFrame(pl.from_arrow(snapshot.table("transactions")))
    return versions.sort("seq").unique("transaction_id", keep="last").sort("transaction_id")


def assert_newest(snapshot: Snapshot) -> None:
    expected = naive(snapshot)
    assert_frame_equal(snapshot.current("transactions").sort("transaction_id"), expected)
    for start, end in ((2.5, 1.0), (9.0, 3.0), (1.0, -9.0)):
        bounds = NOON - start * DAY, NOON - end * DAY
        begun = snapshot.begun("transactions", *bounds).frame()
        within = pl.col("created_at").is_between(*bounds, closed="left")
        assert_rows(begun.filter(within), expected.filter(within))
        for by in ((), ("captured_at",)):
            happened = pl.lit(value=False)
            for name in by or ("created_at", "captured_at", "refund_seen_at"):
                moment = pl.col(name).is_between(*bounds, closed="left")
                happened = happened | moment.fill_null(value=False)
            found = snapshot.newest("transactions", *bounds, by=by).frame()
            assert_rows(found.filter(happened), expected.filter(happened))
            assert found.height <= expected.height


def assert_rows(one: pl.DataFrame, other: pl.DataFrame) -> None:
    assert_frame_equal(one.sort("transaction_id"), other.sort("transaction_id"))


_VERSIONS = st.lists(
    st.builds(
        version,
        st.integers(1, 6),
        st.sampled_from(["pending", "completed", "refunded"]),
        day=st.sampled_from([0.0, 0.1, 1.0, 1.1, 2.0, 5.0]),
        captured=st.sampled_from([None, 0.0, 1.0, 4.0]),
        refunded=st.sampled_from([None, 0.0, 3.0]),
        deleted=st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row["source_id"],
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), _VERSIONS),
        st.tuples(
            st.sampled_from(["seal", "seal", "unfolded", "look", "forget", "catch_up"]), st.none()
        ),
    ),
    max_size=16,
)


@settings(max_examples=12, deadline=None)
@given(_STEPS, st.sampled_from([1, 2, 100]), st.sampled_from([1, 3, 100]))
def test_newest_versions_are_those_of_all_versions(
    steps: list[tuple[str, Any]], full_rows: int, slice_rows: int
) -> None:
    """Changed, moved in time, gone, back, forgotten, sealed and folded in at any point."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(current, "FULL_ROWS", full_rows)
        patch.setattr(folding, "_SLICE_ROWS", slice_rows)
        catalogue, segments = Catalogue.open(Path(folder)), Segments(Path(folder))
        reader = Reader(catalogue)
        kept: list[tuple[Snapshot, pl.DataFrame]] = []
        for number, (what, value) in enumerate(steps):
            if what == "append":
                keep(catalogue, str(number), payments(*value))
            elif what == "seal":
                seal(catalogue, segments, TRANSACTIONS, NOON)
            elif what == "unfolded":
                # As an earlier version of the console sealed.
                with pytest.MonkeyPatch.context() as earlier:
                    earlier.setattr(sealer, "is_caught_up", lambda *_: False)
                    seal(catalogue, segments, TRANSACTIONS, NOON)
            elif what == "catch_up":
                catch_up(catalogue, segments, NOON)
            elif what == "forget":
                forget(catalogue, ANN, NOON)
                finish(catalogue, segments, NOON)
                kept.clear()
            else:
                snapshot = reader.snapshot()
                assert_newest(snapshot)
                kept.append((snapshot, naive(snapshot)))

        for snapshot in (reader.snapshot(), Reader(catalogue).snapshot()):
            assert_newest(snapshot)
            assert snapshot.damage == ()
        # What was seen before stays as it was: retired files are there until their grace is over.
        for snapshot, expected in kept:
            assert_rows(snapshot.current("transactions"), expected)
        while catch_up(catalogue, segments, NOON):
            assert_newest(reader.snapshot())
        for snapshot in (reader.snapshot(), Reader(catalogue).snapshot()):
            assert_newest(snapshot)
        assert list(verify(catalogue, segments, TRANSACTIONS)) == []
        assert check(catalogue) == []
        catalogue.close()


@pytest.fixture
def segments(tmp_path: Path) -> Segments:
    return Segments(tmp_path)


@pytest.fixture
def engine(segments: Segments) -> Iterator[Engine]:
    opened = Engine(60.0, threads=2, segments=segments.root)
    yield opened
    opened.close()


def files(snapshot: Snapshot, start: float | None = None, end: float | None = None) -> int:
    """How many files are read for what happened so many days before noon."""
    bounds = [None if at is None else NOON - at * DAY for at in (start, end)]
    return len(snapshot.newest("transactions", *bounds).files)


def test_a_question_reads_the_files_its_range_can_lie_in(
    catalogue: Catalogue, segments: Segments
) -> None:
    keep(catalogue, "1", payments(*(version(i, day=i) for i in range(10))))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    keep(catalogue, "2", payments(version(7, "refunded", day=7, captured=7, refunded=2)))
    seal(catalogue, segments, TRANSACTIONS, NOON)

    snapshot = Reader(catalogue).snapshot()

    assert files(snapshot) == 10
    assert files(snapshot, 5.5, 3.5) == 3, "two days, and one with a refund that was seen later"
    assert len(snapshot.begun("transactions", NOON - 5.5 * DAY, NOON - 3.5 * DAY).files) == 2
    assert files(snapshot, 20, 15) == 0


def test_a_reader_holds_what_is_hot_alone(catalogue: Catalogue, segments: Segments) -> None:
    keep(catalogue, "1", payments(*(version(i, day=i) for i in range(10))))
    reader = Reader(catalogue)
    assert reader.snapshot().newest("transactions").hot.num_rows == 10
    seal(catalogue, segments, TRANSACTIONS, NOON)
    keep(catalogue, "2", payments(version(4, "completed", day=4)))

    for taker in (reader, Reader(catalogue)):
        relation = taker.snapshot().newest("transactions")
        assert relation.hot.column("transaction_id").to_pylist() == ["VC_4"]
        assert relation.table().num_rows == 10
        assert taker.snapshot().relation("transactions").hot.num_rows == 1


def test_a_row_is_found_by_its_key_wherever_its_time_moved(
    catalogue: Catalogue, segments: Segments
) -> None:
    for number, day in enumerate((9, 3, 6)):
        others = [version(100 + i, day=i) for i in range(10)]
        keep(catalogue, str(number), payments(version(1, str(number), day=day), *others))
        seal(catalogue, segments, TRANSACTIONS, NOON)
    keep(catalogue, "hot", payments(version(2)))
    snapshot = Reader(catalogue).snapshot()

    def of(relation: Relation, key: str) -> list[tuple[Any, ...]]:
        mine = relation.frame().filter(pl.col("transaction_id") == key)
        return mine.sort("seq").select("status", "seq").rows()

    assert of(snapshot.newest_of("transactions", ["VC_1"]), "VC_1") == [("2", 3)]
    versions = snapshot.versions_of("transactions", "VC_1")
    assert of(versions, "VC_1") == [("0", 1), ("1", 2), ("2", 3)]
    assert len(snapshot.newest_of("transactions", ["VC_1"]).files) == 3
    assert of(snapshot.newest_of("transactions", ["VC_2"]), "VC_2") == [("pending", 4)]
    assert snapshot.newest_of("transactions", ["VC_none"]).files == ()
    assert snapshot.first_seqs("transactions", ["VC_1", "VC_2"]) == {"VC_1": 1, "VC_2": 4}


def test_a_row_from_before_its_time_was_kept_is_looked_for_everywhere(
    catalogue: Catalogue, segments: Segments
) -> None:
    keep(catalogue, "1", payments(version(1, "old", day=9), version(2, day=3)))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    with catalogue.transaction() as connection:
        connection.exec_driver_sql("UPDATE current_row SET created_at = NULL, first_seq = NULL")
    snapshot = Reader(catalogue).snapshot()
    assert len(snapshot.newest_of("transactions", ["VC_1"]).files) == 2
    assert len(snapshot.versions_of("transactions", "VC_1").files) == 1

    # Its day moved without anybody's knowing where it lay.
    keep(catalogue, "2", payments(version(1, "new", day=5)))
    seal(catalogue, segments, TRANSACTIONS, NOON)

    assert_newest(Reader(catalogue).snapshot())
    assert list(verify(catalogue, segments, TRANSACTIONS)) == []


def test_a_damaged_file_keeps_no_version_from_being_sealed_and_is_made_anew(
    catalogue: Catalogue, segments: Segments
) -> None:
    keep(catalogue, "1", payments(*(version(i, day=i) for i in range(4))))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    broken = next(k for k in segments.files() if k.startswith("transactions.current/"))
    segments.local(broken).write_bytes(b"no parquet")
    damage = Reader(catalogue).snapshot().damage
    assert [(d.stream, d.name, d.rows) for d in damage] == [("transactions.current", broken, 1)]
    assert any("bytes" in what for what in verify(catalogue, segments, TRANSACTIONS))

    every = [version(i, "completed", day=i) for i in range(4)]
    keep(catalogue, "2", payments(*every))
    assert seal(catalogue, segments, TRANSACTIONS, NOON) is not None
    snapshot = Reader(catalogue).snapshot()
    assert_newest(snapshot)
    assert snapshot.newest("transactions").hot.num_rows == 4, "laid over, until it is mended"
    with pytest.raises(StoreError, match="a segment cannot be read"):
        catch_up(catalogue, segments, NOON)

    assert rebuild(catalogue, segments, TRANSACTIONS, NOON) == 4

    snapshot = Reader(catalogue).snapshot()
    assert_newest(snapshot)
    assert (snapshot.damage, snapshot.newest("transactions").hot.num_rows) == ((), 0)
    assert list(verify(catalogue, segments, TRANSACTIONS)) == []
    assert catch_up(catalogue, segments, NOON) is None


def test_upkeep_folds_in_what_an_earlier_version_sealed(
    catalogue: Catalogue, segments: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_SLICE_ROWS", 1)
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(sealer, "is_caught_up", lambda *_: False)
        for number in range(3):
            keep(catalogue, str(number), payments(version(number), version(9, str(number))))
            seal(catalogue, segments, TRANSACTIONS, NOON)
    reader = Reader(catalogue)
    shop = Settings(data_dir=catalogue.path.parent, source_url="sqlite:////shop.db")
    daemon = Upkeep(shop, catalogue)
    daemon.initialise()

    held = []
    while daemon.loop(NOON) < PAUSE_S:
        assert_newest(reader.snapshot())
        held.append(reader.snapshot().newest("transactions").hot.num_rows)

    assert held == sorted(held, reverse=True)
    assert held[-1] == 0, "all in files"
    assert len(held) == 3, "a bounded slice a loop"


def test_verify_says_what_is_not_the_newest(catalogue: Catalogue, segments: Segments) -> None:
    keep(catalogue, "1", payments(version(1), version(2, day=1)))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(sealer, "is_caught_up", lambda *_: False)
        keep(catalogue, "2", payments(version(1, "completed"), version(3)))
        seal(catalogue, segments, TRANSACTIONS, NOON)
    with catalogue.transaction() as connection:
        connection.exec_driver_sql("UPDATE folded SET seq = 2")

    assert list(verify(catalogue, segments, TRANSACTIONS)) == [
        "1 rows are missing among the newest versions",
        "1 newest versions are not the newest",
    ]
    rebuild(catalogue, segments, TRANSACTIONS, NOON)
    assert list(verify(catalogue, segments, TRANSACTIONS)) == []


@pytest.mark.parametrize(
    "within",
    [
        None,
        Within(("created_at",), NOON - 3 * DAY, NOON),
        Within(("created_at", "captured_at", "refund_seen_at"), NOON - 3 * DAY, NOON - DAY),
        Within(("captured_at",), None, NOON - 2 * DAY),
        Within(("created_at",), None, None, (NOON - 2 * DAY, NOON - 9 * DAY)),
    ],
)
def test_the_engine_reads_a_relation_as_it_is(
    catalogue: Catalogue, segments: Segments, engine: Engine, within: Within | None
) -> None:
    days = [version(i, day=i, captured=i - 0.5 if i % 2 else None) for i in range(8)]
    keep(catalogue, "1", payments(*days))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    keep(catalogue, "2", payments(version(6, day=6, captured=6, refunded=2)))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    keep(catalogue, "3", payments(version(2, "hot", day=9), version(99, "hot")))
    whole = Reader(catalogue).snapshot().newest("transactions")
    relation = Relation(whole.hot, whole.files, whole.key, within)

    answer = engine.ask("SELECT * FROM payments", {}, {"payments": relation})

    assert_rows(answer, relation.frame())
    assert answer.filter(pl.col("status") == "hot").height == 2
    if within is None:
        assert answer.height == 9


def test_rows_beside_a_relation_take_the_place_of_those_in_files_but_not_of_newer_ones(
    catalogue: Catalogue, segments: Segments
) -> None:
    keep(catalogue, "1", payments(version(1), version(2, day=5)))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    old = Reader(catalogue).snapshot().newest("transactions").table()
    keep(catalogue, "2", payments(version(1, "completed")))

    relation = Reader(catalogue).snapshot().newest("transactions").beside(old)

    found = relation.frame().sort("transaction_id").select("transaction_id", "status")
    assert found.rows() == [("VC_1", "completed"), ("VC_2", "pending")]


def test_steps_back_end_at_the_range_and_begin_with_few_rows(
    catalogue: Catalogue, segments: Segments
) -> None:
    keep(catalogue, "1", payments(*(version(i, day=i) for i in range(60))))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    snapshot = Reader(catalogue).snapshot()

    steps = list(snapshot.back("transactions", 2, NOON - 40 * DAY, None))

    assert steps[-1] == NOON - 40 * DAY
    moments = [step for step in steps if step is not None]
    assert moments == sorted(moments, reverse=True)
    assert [len(snapshot.begun("transactions", moment).files) for moment in moments] == [2, 16, 41]
    assert list(snapshot.back("transactions", 2, None, NOON - 99 * DAY)) == [None]


def test_the_memory_a_fold_takes_does_not_follow_from_how_much_is_kept(
    catalogue: Catalogue, segments: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(catalogue, "1", payments(*(version(i, day=i) for i in range(9))))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    read: list[str] = []
    whole = Segments.read

    def counted(self: Segments, key: str, columns: Any = None) -> pa.Table:
        read.append(key)
        return whole(self, key, columns)

    monkeypatch.setattr(Segments, "read", counted)
    keep(catalogue, "2", payments(version(3, "completed", day=3), version(77, day=3)))
    seal(catalogue, segments, TRANSACTIONS, NOON)

    assert len({key for key in read if key.startswith("transactions.current/")}) == 1


def test_what_a_batch_without_rows_announces_is_folded_past(
    catalogue: Catalogue, segments: Segments
) -> None:
    keep(catalogue, "1", payments(version(3)))
    seal(catalogue, segments, TRANSACTIONS, NOON)
    forget(catalogue, ANN, NOON)
    finish(catalogue, segments, NOON)
    seal(catalogue, segments, TRANSACTIONS, NOON)
    keep(catalogue, "2", payments(version(3, "completed")))
    seal(catalogue, segments, TRANSACTIONS, NOON)

    snapshot = Reader(catalogue).snapshot()

    assert snapshot.newest("transactions").hot.num_rows == 0
    assert snapshot.current("transactions").select("status").rows() == [("completed",)]
    for relation in (snapshot.newest("transactions"), snapshot.relation("transactions")):
        for path in relation.files:
            assert ANN.encode() not in path.read_bytes()


def test_times_of_rows_are_kept_as_they_move(catalogue: Catalogue) -> None:
    def moments() -> frozenset[datetime]:
        return Reader(catalogue).places("transactions", ["VC_1"])["VC_1"].moments

    batch = payments(version(1, day=1))
    keep(catalogue, "1", batch)
    assert moments() == {NOON - DAY}
    keep(catalogue, "2", payments(version(1, "completed", day=1)))
    assert moments() == {NOON - DAY}
    keep(catalogue, "3", payments(version(1, day=4)))
    keep(catalogue, "4", payments(version(1, day=1, deleted=True)))
    assert moments() == {NOON - DAY, NOON - 4 * DAY}
    assert stands(batch)[0].row_key == "VC_1"
