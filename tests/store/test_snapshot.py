"""Readers: one moment of the store, whatever is written, sealed or damaged meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.store.rows import NOON, case, keep, payments, requests, stands
from vcanalytics.errors import StoreError
from vcanalytics.model.streams import DISPUTES, REQUESTS, STREAMS, TRANSACTIONS
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot
from vcanalytics.store.sealer import Limits, seal, seal_due

_STATES = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["pending", "completed", "failed"])),
    min_size=1,
    max_size=4,
    unique_by=lambda state: state[0],
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("payments"), _STATES),
        st.tuples(st.just("gone"), _STATES),
        st.tuples(st.just("requests"), st.lists(st.integers(0, 99), min_size=1, max_size=4)),
        st.tuples(st.just("seal"), st.sampled_from([TRANSACTIONS, REQUESTS])),
        st.tuples(st.just("look"), st.none()),
    ),
    max_size=14,
)


def assert_alike(one: Snapshot, other: Snapshot) -> None:
    assert one.states == other.states
    assert one.facts == other.facts
    for name, stream in STREAMS.items():
        mine, theirs = one.table(name), other.table(name)
        order = [("seq", "ascending"), (stream.columns[0].name, "ascending")]
        assert mine.sort_by(order).equals(theirs.sort_by(order)), name
        if stream.versioned:
            keys = ["seq", stream.key or ""]
            assert_frame_equal(one.current(name).sort(keys), other.current(name).sort(keys))


@settings(max_examples=24)
@given(_STEPS)
def test_a_reader_that_went_along_sees_what_a_fresh_one_sees(
    steps: list[tuple[str, object]],
) -> None:
    with TemporaryDirectory() as folder:
        catalogue, segments = Catalogue.open(Path(folder)), Segments(Path(folder))
        reader = Reader(catalogue)
        for number, (what, value) in enumerate(steps):
            if what == "look":
                reader.snapshot()
            elif what == "seal":
                seal(catalogue, segments, value, NOON)  # type: ignore[arg-type]
            elif what == "requests":
                catalogue.append("requests", "t", str(number), requests(*value))  # type: ignore[misc]
            else:
                batch = payments(*value, deleted=what == "gone")  # type: ignore[misc]
                keep(catalogue, str(number), batch)

        assert_alike(reader.snapshot(), Reader(catalogue).snapshot())
        catalogue.close()


def test_current_rows_are_the_newest_versions_also_of_deleted_ones(catalogue: Catalogue) -> None:
    keep(catalogue, "1", payments((1, "pending"), (2, "pending")))
    keep(catalogue, "2", payments((1, "completed")))
    keep(catalogue, "3", payments((2, "pending"), deleted=True))

    snapshot = Reader(catalogue).snapshot(["transactions"])

    current = snapshot.current("transactions").sort("transaction_id")
    assert current.select("transaction_id", "status", "deleted", "seq").rows() == [
        ("VC_1", "completed", False, 2),
        ("VC_2", "pending", True, 3),
    ]
    assert snapshot.table("transactions").num_rows == 4
    assert "metadata" not in current.columns


def test_a_stream_without_versions_has_no_current_rows(catalogue: Catalogue) -> None:
    with pytest.raises(StoreError, match="requests keeps no versions"):
        Reader(catalogue).snapshot(["requests"]).current("requests")


def test_a_snapshot_is_of_one_moment_while_others_append_and_seal(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    """Each write brings a payment and its case together: no snapshot may see one without."""
    ended = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        for number in range(150):
            payment, dispute = payments((number, "pending")), case(number)
            with catalogue.write(NOON) as writer:
                writer.append("transactions", "t", str(number), payment, stands(payment))
                writer.append("disputes", "c", str(number), dispute, stands(dispute, "disputes"))
                writer.append("requests", "r", str(number), requests(number))

    def seal_all() -> None:
        segments = Segments(tmp_path)
        while not ended.is_set():
            for stream in (TRANSACTIONS, DISPUTES, REQUESTS):
                seal(catalogue, segments, stream, NOON)

    def run(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - shown below, from whichever thread
            failures.append(error)

    writing = threading.Thread(target=run, args=(write,))
    sealing = threading.Thread(target=run, args=(seal_all,))
    writing.start()
    sealing.start()
    reader, looks = Reader(catalogue), 0
    while writing.is_alive():
        for taker in (reader, Reader(catalogue)):
            snapshot = taker.snapshot()
            names = ("transactions", "disputes", "requests")
            rows = [snapshot.table(name).num_rows for name in names]
            assert len(set(rows)) == 1, rows
            assert rows == [snapshot.state(name).rows for name in names]
            assert snapshot.current("transactions").height == rows[0]
            assert snapshot.damage == ()
        looks += 1
    ended.set()
    writing.join()
    sealing.join()

    assert failures == []
    assert looks > 1
    assert reader.snapshot().table("requests").num_rows == 150


def flip(catalogue: Catalogue, stream: str, seq: int) -> None:
    """Flip one bit in the middle of a batch, as a bad disk would."""
    with catalogue.transaction() as connection:
        where = f"stream = '{stream}' AND seq = {seq}"
        payload = connection.exec_driver_sql(f"SELECT payload FROM batch WHERE {where}").scalar()
        assert isinstance(payload, bytes)
        half = len(payload) // 2
        flipped = payload[:half] + bytes([payload[half] ^ 1]) + payload[half + 1 :]
        connection.exec_driver_sql(f"UPDATE batch SET payload = ? WHERE {where}", (flipped,))


def test_a_damaged_batch_costs_its_own_rows_and_is_named(catalogue: Catalogue) -> None:
    keep(catalogue, "1", payments((1, "pending")))
    keep(catalogue, "2", payments((2, "pending"), (3, "pending")))
    keep(catalogue, "3", payments((4, "pending")))
    flip(catalogue, "transactions", 2)

    reader = Reader(catalogue)
    snapshot = reader.snapshot(["transactions"])

    assert snapshot.table("transactions").column("source_id").to_pylist() == [1, 4]
    (damage,) = snapshot.damage
    assert (damage.name, damage.rows) == ("batch 2", 2)
    keep(catalogue, "4", payments((5, "pending")))
    assert reader.snapshot(["transactions"]).damage == (damage,)
    with pytest.raises(StoreError, match="transactions: batch 2 is damaged"):
        reader.whole("transactions", [1, 2])
    assert reader.whole("transactions", [1, 3]).height == 2


def test_a_damaged_batch_stops_the_sealing_of_its_own_stream_alone(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    for number in (1, 2, 3):
        keep(catalogue, str(number), payments((number, "pending")))
        catalogue.append("requests", "t", str(number), requests(number))
    flip(catalogue, "transactions", 2)
    segments = Segments(tmp_path)

    first = seal_due(catalogue, segments, Limits(rows=1), NOON)
    assert [(sealed.stream, sealed.batches) for sealed in first] == [
        ("transactions", 1),
        ("requests", 3),
    ]
    catalogue.append("requests", "t", "4", requests(4))
    with pytest.raises(StoreError, match="batch 2 is damaged"):
        seal_due(catalogue, segments, Limits(rows=1), NOON)

    snapshot = Reader(catalogue).snapshot()
    assert snapshot.table("requests").num_rows == 4
    assert snapshot.relation("requests").hot.num_rows == 0
    assert snapshot.current("transactions")["source_id"].sort().to_list() == [1, 3]
