"""What goes wrong around sealing: one clear line, nothing lost, the rest lives, and it heals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from collectors.upkeep import Upkeep
from tests.store.full import full_beyond
from tests.store.rows import NOON, own, payments, requests
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.errors import StoreError
from vcanalytics.model.streams import REQUESTS
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, CurrentRow, Reader, Segments
from vcanalytics.store.checking.check import check
from vcanalytics.store.sealer import seal

MANY = 3_000
HOUR = timedelta(hours=1)


def fill(catalogue: Catalogue) -> None:
    catalogue.append("requests", "t", "a", requests(*range(MANY)), now=NOON)
    current = [CurrentRow("VC_1", 1, 1)]
    catalogue.append("transactions", "t", "b", payments((1, "pending")), current, now=NOON)


def upkeep(catalogue: Catalogue) -> Upkeep:
    """The daemon, with what was filled in at noon due an hour later."""
    daemon = Upkeep(
        Settings(data_dir=catalogue.path.parent, source_url="sqlite:////shop.db"), catalogue
    )
    daemon.initialise()
    return daemon


def assert_nothing_lost(catalogue: Catalogue) -> None:
    snapshot = Reader(catalogue).snapshot()
    assert sorted(snapshot.table("requests").column("source_id").to_pylist()) == list(range(MANY))
    assert snapshot.table("transactions").num_rows == 1
    assert snapshot.damage == ()
    assert check(catalogue) == []


def hot(catalogue: Catalogue) -> int:
    """Batches that are not sealed."""
    with catalogue.read() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM batch").scalar()
    return int(count or 0)


def assert_heals(catalogue: Catalogue, daemon: Upkeep) -> None:
    daemon.initialise()
    daemon.loop(NOON + HOUR)
    assert hot(catalogue) == 0
    assert_nothing_lost(catalogue)


def test_a_disk_that_is_full_while_a_file_is_written(catalogue: Catalogue) -> None:
    fill(catalogue)
    daemon = upkeep(catalogue)
    with full_beyond(2_000), pytest.raises(StoreError, match="a segment cannot be written") as told:
        daemon.loop(NOON + HOUR)

    assert "Check free space" in told.value.hint
    assert len(str(told.value).splitlines()) == 1
    assert told.value.heals
    # Not even half a file is left.
    assert list(Segments(catalogue.path.parent).files()) == []
    assert_nothing_lost(catalogue)
    assert_heals(catalogue, daemon)


def test_a_disk_that_is_full_when_the_manifest_is_written(catalogue: Catalogue) -> None:
    fill(catalogue)
    segments = Segments(catalogue.path.parent)
    stack: list[object] = []

    def fill_up(step: str) -> None:
        if step == "derived":
            limit = full_beyond(100)
            limit.__enter__()
            stack.append(limit)

    try:
        with pytest.raises(StoreError, match="the store cannot be written") as told:
            seal(catalogue, segments, REQUESTS, NOON, fill_up)
    finally:
        (limit,) = stack
        limit.__exit__(None, None, None)  # type: ignore[attr-defined]
    assert len(str(told.value).splitlines()) == 1
    assert hot(catalogue) == 2
    assert_nothing_lost(catalogue)
    # The file that no manifest names is taken away by the next start.
    assert len(own(segments)) == 1
    assert_heals(catalogue, upkeep(catalogue))
    assert len(own(segments)) == 1


@contextmanager
def without_rights() -> Iterator[None]:
    """Nobody's rights for the block: to root no folder is read-only."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_a_segments_folder_that_may_not_be_written_to() -> None:
    # Beside the others, not below them: pytest's own folders are closed to everybody else.
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        with without_rights():
            catalogue = Catalogue.open(folder)
            fill(catalogue)
            (folder / "segments").mkdir()
            (folder / "segments").chmod(0o555)
            daemon = upkeep(catalogue)
            with pytest.raises(StoreError, match="Permission denied") as told:
                daemon.loop(NOON + HOUR)
            assert str(folder / "segments" / "transactions") in told.value.where
            assert len(str(told.value).splitlines()) == 1
            assert hot(catalogue) == 2
            assert_nothing_lost(catalogue)
            (folder / "segments").chmod(0o755)
            assert_heals(catalogue, daemon)
            catalogue.close()


def test_a_file_where_the_segments_folder_belongs(catalogue: Catalogue) -> None:
    fill(catalogue)
    place = catalogue.path.parent / "segments"
    place.write_text("not a folder")
    daemon = upkeep(catalogue)
    with pytest.raises(StoreError, match="a segment cannot be written"):
        daemon.loop(NOON + HOUR)
    assert_nothing_lost(catalogue)
    place.unlink()
    assert_heals(catalogue, daemon)


@pytest.mark.parametrize("left", [0, 7, 200, -1])
def test_a_truncated_segment_costs_its_own_rows_alone_and_is_named(
    catalogue: Catalogue, left: int
) -> None:
    segments = Segments(catalogue.path.parent)
    catalogue.append("requests", "t", "a", requests(*range(50)))
    catalogue.append("requests", "t", "b", requests(50, 51, at=NOON + 24 * HOUR))
    seal(catalogue, segments, REQUESTS, NOON)
    catalogue.append("requests", "t", "c", requests(99, at=NOON + 25 * HOUR))
    broken = min(own(segments))
    path = segments.local(broken)
    whole = path.read_bytes()
    path.write_bytes(whole[:left])
    size = path.stat().st_size

    (finding,) = check(catalogue)
    assert broken in finding.what
    assert "(50 rows)" in finding.what
    snapshot = Reader(catalogue).snapshot(["requests"])
    assert sorted(snapshot.table("requests").column("source_id").to_pylist()) == [50, 51, 99]
    reason = f"the file has {size:,} bytes, the manifest says {len(whole):,}"
    assert [(d.rows, d.reason) for d in snapshot.damage] == [(50, reason)]
    engine = Engine(segments=segments.root)
    day = {"kind": Kind.REQUEST, "start": NOON + 2 * HOUR, "end": NOON + 26 * HOUR}
    assert latency(engine, snapshot, **day)["count"].sum() == 3  # type: ignore[arg-type]
    days = {"kind": Kind.REQUEST, "start": NOON - HOUR, "end": NOON + 48 * HOUR}
    # The cells it was counted in still stand.
    assert latency(engine, snapshot, **days)["count"].sum() == 53  # type: ignore[arg-type]

    # Put back from a backup, it counts again.
    path.write_bytes(whole)
    assert check(catalogue) == []
    healed = Reader(catalogue).snapshot(["requests"])
    assert healed.damage == ()
    assert latency(engine, healed, **days)["count"].sum() == 53  # type: ignore[arg-type]
    engine.close()


@pytest.mark.parametrize("harm", ["flip", "cut", "gone"])
def test_a_damaged_file_of_the_day_is_not_copied_and_keeps_nothing_from_being_sealed(
    catalogue: Catalogue, harm: str
) -> None:
    segments = Segments(catalogue.path.parent)
    catalogue.append("requests", "t", "a", requests(*range(50)))
    seal(catalogue, segments, REQUESTS, NOON)
    (broken,) = own(segments)
    path = segments.local(broken)
    whole = bytearray(path.read_bytes())
    if harm == "flip":
        whole[len(whole) // 3] ^= 1
        path.write_bytes(whole)
    elif harm == "cut":
        path.write_bytes(whole[:-20])
    else:
        path.unlink()
    catalogue.append("requests", "t", "b", requests(99))

    seal(catalogue, segments, REQUESTS, NOON)

    assert hot(catalogue) == 0
    (finding,) = check(catalogue)
    assert broken in finding.what
    assert len(set(own(segments)) - {broken}) == 1


def test_a_clock_that_steps_back_and_forth_neither_loses_nor_stops_sealing(
    catalogue: Catalogue,
) -> None:
    daemon = upkeep(catalogue)
    segments = Segments(catalogue.path.parent)
    kept = 0
    for hours in (0, 30, -50, 2, 400, 1, -3, 3, 0):
        now = NOON + hours * HOUR
        for _ in range(3):
            catalogue.append("requests", "t", str(kept), requests(kept), now=now)
            kept += 1
        daemon.loop(now)
        daemon.loop(now + timedelta(minutes=61))
        snapshot = Reader(catalogue).snapshot(["requests"])
        assert snapshot.table("requests").num_rows == kept
        assert snapshot.damage == ()
    assert check(catalogue) == []
    # Once the clock has come to rest, nothing stays behind in the catalogue for longer than usual.
    daemon.loop(NOON + 402 * HOUR)
    assert hot(catalogue) == 0
    daemon.loop(NOON + 403 * HOUR)
    assert len(own(segments)) == len(set(own(segments))) >= 1
    assert check(catalogue) == []


def test_a_left_over_file_that_may_not_be_removed_is_told_of_in_a_line() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        with without_rights():
            catalogue = Catalogue.open(folder)
            left = folder / "segments" / "requests" / "left.parquet.writing"
            left.parent.mkdir(parents=True)
            left.touch()
            left.parent.chmod(0o555)
            daemon = upkeep(catalogue)
            with pytest.raises(StoreError, match="a segment cannot be removed") as told:
                daemon.loop(NOON)
            assert told.value.heals
            assert len(str(told.value).splitlines()) == 1
            left.parent.chmod(0o755)
            daemon.loop(NOON)
            assert not left.exists()
            catalogue.close()
