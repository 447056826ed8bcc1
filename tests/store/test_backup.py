"""A backup is of one moment, whole or not there, and copies nothing twice."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.collectors.rig import ROOT
from tests.store.backing_up import Killed, backup, content, fill, flip
from tests.store.full import full_beyond
from tests.store.rows import NOON, keep, paid, requests
from vcanalytics.errors import StoreError, UsageError
from vcanalytics.model.streams import REQUESTS, STREAMS, TRANSACTIONS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.backups import backup as backup_module
from vcanalytics.store.backups.record import read
from vcanalytics.store.checking.check import check
from vcanalytics.store.manifest import GRACE, clean
from vcanalytics.store.sealer import seal

STEPS = ("file", "copied", "catalogue", "recording", "recorded")


@pytest.fixture
def filled(tmp_path: Path) -> Catalogue:
    catalogue = Catalogue.open(tmp_path / "data")
    fill(catalogue)
    return catalogue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def catalogue_in(folder: Path) -> Path:
    record = read(folder)
    assert record is not None
    return folder / record.catalogue.stored


def names(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_the_copy_holds_every_row_and_every_cent(filled: Catalogue, folder: Path) -> None:
    taken = backup(filled, folder)

    assert content(catalogue_in(folder)) == content(filled.path)
    assert taken.record.taken_at == NOON
    rows = {name: count for name, count in taken.record.tally.rows.items() if name in STREAMS}
    assert rows == {"requests": 152, "transactions": 4, "disputes": 1}
    captured = {
        currency: amount
        for (stream, column, currency), amount in taken.record.tally.sums.items()
        if (stream, column) == ("transactions", "captured_amount")
    }
    assert captured == {"USD": Decimal("50.00"), "EUR": Decimal("-7.10")}
    with closing(Catalogue(catalogue_in(folder))) as copy:
        assert check(copy) == []


def test_files_are_for_their_owner_alone(filled: Catalogue, folder: Path) -> None:
    backup(filled, folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {p.stat().st_mode & 0o777 for p in folder.rglob("*")}
    assert modes == {0o600, 0o700}


def test_again_into_the_same_place_copies_what_is_new(filled: Catalogue, folder: Path) -> None:
    first = backup(filled, folder)
    keep(filled, "5", paid(5, "5.55"))
    seal(filled, Segments(filled.path.parent), TRANSACTIONS, NOON)

    second = backup(filled, folder)

    assert len([n for n in second.copied if n.startswith("segments/transactions/")]) == 1
    # Nor what is derived from others.
    assert [n for n in second.copied if n.startswith("segments/requests")] == []
    assert content(catalogue_in(folder)) == content(filled.path)
    # What the first needed and the second does not is gone.
    stored = {file.stored for file in second.record.files}
    assert names(folder) == stored | {"backup.json", "backup.lock"}
    assert {file.stored for file in first.record.files} - stored


def test_a_file_of_the_backup_that_rotted_is_copied_again(filled: Catalogue, folder: Path) -> None:
    first = backup(filled, folder)
    rotten = next(f for f in first.record.files if f.stored.startswith("segments/requests"))
    flip(folder / rotten.stored, 1_000)

    second = backup(filled, folder)

    assert {n for n in second.copied if n.startswith("segments/")} == {rotten.stored}
    assert content(catalogue_in(folder)) == content(filled.path)


@pytest.mark.slow
def test_beside_a_writer_and_a_sealer_each_copy_is_of_one_moment(tmp_path: Path) -> None:
    data_dir, folder = tmp_path / "data", tmp_path / "backup"
    Catalogue.open(data_dir).close()
    counted = []
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.busy", str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as busy:
        assert busy.stdout is not None
        assert busy.stdout.readline() == "sealed\n"
        with closing(Catalogue.open(data_dir)) as catalogue:
            for _ in range(6):
                backup(catalogue, folder)
                rows = content(catalogue_in(folder))
                numbers = [row["source_id"] for row in rows["requests"]]
                assert numbers == list(range(len(numbers)))
                amounts = [row["captured_amount"] for row in rows["transactions"]]
                assert amounts == [Decimal(f"{n}.01") for n in range(len(amounts))]
                with closing(Catalogue(catalogue_in(folder))) as copy:
                    assert check(copy) == []
                counted.append(len(numbers))
        out, _ = busy.communicate("stop\n", timeout=60)
        assert busy.returncode == 0
    assert counted == sorted(counted)
    assert 0 < counted[0] < counted[-1] <= int(out)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_the_next_run_completes_it(
    filled: Catalogue, folder: Path, killed: Killed, step: str
) -> None:
    assert killed("backup", filled.path.parent, folder, step) == -9
    if step == "recorded":
        assert read(folder) is not None
    else:
        assert read(folder) is None

    backup(filled, folder)

    assert content(catalogue_in(folder)) == content(filled.path)
    record = read(folder)
    assert record is not None
    assert names(folder) == {f.stored for f in record.files} | {"backup.json", "backup.lock"}


@pytest.mark.parametrize("step", STEPS[:-1])
def test_killed_at_a_step_the_earlier_backup_stands(
    filled: Catalogue, folder: Path, killed: Killed, step: str
) -> None:
    backup(filled, folder)
    before = content(catalogue_in(folder))
    keep(filled, "5", paid(5, "5.55"))
    seal(filled, Segments(filled.path.parent), TRANSACTIONS, NOON)
    clean(filled, Segments(filled.path.parent), NOON + 2 * GRACE)

    assert killed("backup", filled.path.parent, folder, step) == -9
    assert content(catalogue_in(folder)) == before
    backup(filled, folder)
    assert content(catalogue_in(folder)) == content(filled.path)


def test_runs_that_are_killed_again_and_again_fill_no_disk(
    filled: Catalogue, folder: Path, killed: Killed
) -> None:
    backup(filled, folder)
    for _ in range(3):
        assert killed("backup", filled.path.parent, folder, "recording") == -9
    # The one that stands, and the last that was killed.
    assert len([n for n in names(folder) if n.startswith("catalogue-")]) == 2


def test_files_that_go_while_they_are_copied_cost_another_round(
    filled: Catalogue, folder: Path
) -> None:
    segments = Segments(filled.path.parent)
    moments = 0

    def replace_all(name: str) -> None:
        nonlocal moments
        if name != "catalogue":
            return
        moments += 1
        if moments < 3:
            # Between the catalogue's copy and the files it names.
            keep(filled, f"in between {moments}", paid(10 + moments, "1.00"))
            seal(filled, segments, TRANSACTIONS, NOON)
            clean(filled, segments, NOON + 2 * GRACE)

    backup(filled, folder, step=replace_all)

    assert moments == 3
    assert content(catalogue_in(folder)) == content(filled.path)
    assert len([n for n in names(folder) if n.startswith("catalogue-")]) == 1


def test_a_store_that_never_settles_is_given_up(
    filled: Catalogue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "_ROUNDS_MAX", 3)
    segments, number = Segments(filled.path.parent), 0

    def replace_all(name: str) -> None:
        nonlocal number
        if name == "catalogue":
            number += 1
            keep(filled, f"again {number}", paid(100 + number, "1.00"))
            seal(filled, segments, TRANSACTIONS, NOON)
            clean(filled, segments, NOON + 2 * GRACE)

    with pytest.raises(StoreError, match="changes faster than it can be copied"):
        backup(filled, folder, step=replace_all)
    assert read(folder) is None


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing"])
def test_a_damaged_file_of_the_store_stops_it_and_the_earlier_backup_stands(
    filled: Catalogue, folder: Path, damage: str
) -> None:
    backup(filled, folder)
    before = content(catalogue_in(folder))
    segments = Segments(filled.path.parent)
    filled.append("requests", "r", "more", requests(9))
    sealed = seal(filled, segments, REQUESTS, NOON)
    assert sealed is not None
    path = segments.local(sealed.segments[0].key)
    if damage == "flipped":
        flip(path, 4_000)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    else:
        path.unlink()

    with pytest.raises(StoreError, match=r"damaged|missing") as told:
        backup(filled, folder)

    assert str(path) in str(told.value)
    assert "check --repair" in told.value.hint
    assert content(catalogue_in(folder)) == before


@pytest.fixture(scope="module")
def a_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("record")
    with closing(Catalogue.open(top / "data")) as catalogue:
        catalogue.append("requests", "r", "1", requests(1))
        backup(catalogue, top / "backup")
    return top / "backup" / "backup.json"


@given(bit=st.integers(0, 1 << 40))
def test_any_flipped_bit_of_the_record_is_found(a_record: Path, bit: int) -> None:
    whole = a_record.read_bytes()
    flip(a_record, bit)
    try:
        assume(a_record.read_bytes().split() != whole.split())  # blanks say nothing
        with pytest.raises(StoreError, match=r"record of the backup cannot be read|of version"):
            read(a_record.parent)
    finally:
        a_record.write_bytes(whole)


def test_a_place_within_the_data_directory_is_refused(filled: Catalogue) -> None:
    data_dir = filled.path.parent
    for place in (data_dir, data_dir / "backups", data_dir / "x" / ".." / "y"):
        with pytest.raises(UsageError, match="within the data directory"):
            backup(filled, place)
    assert not (data_dir / "backups").exists()


def test_a_link_into_the_data_directory_is_refused(filled: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(filled.path.parent)
    with pytest.raises(UsageError, match="within the data directory"):
        backup(filled, tmp_path / "link" / "b")


def test_a_place_that_holds_something_else_is_refused(filled: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="something else"):
        backup(filled, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="no folder"):
        backup(filled, tmp_path / "file")


def test_the_backup_of_another_store_is_refused(
    filled: Catalogue, folder: Path, tmp_path: Path
) -> None:
    backup(filled, folder)
    before = names(folder)
    with (
        closing(Catalogue.open(tmp_path / "other")) as other,
        pytest.raises(StoreError, match="another store"),
    ):
        backup(other, folder)
    assert names(folder) == before


def test_a_backup_of_a_newer_version_is_refused(
    filled: Catalogue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr("vcanalytics.store.backups.record.VERSION", 2)
        backup(filled, folder)
    with pytest.raises(StoreError, match="version 2, this console knows 1"):
        backup(filled, folder)


def test_two_at_once_into_one_place_are_refused(filled: Catalogue, folder: Path) -> None:
    backup(filled, folder)
    handle = os.open(folder / "backup.lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(StoreError, match="another backup is being taken"):
            backup(filled, folder)
    finally:
        os.close(handle)


def test_a_disk_that_fills_up_leaves_the_earlier_backup(filled: Catalogue, folder: Path) -> None:
    backup(filled, folder)
    before, stood = content(catalogue_in(folder)), names(folder)
    for number in range(5):
        filled.append("requests", "r", f"m{number}", requests(*range(2_000)))
    seal(filled, Segments(filled.path.parent), REQUESTS, NOON)

    with full_beyond(8_000), pytest.raises(StoreError, match=r"cannot be (written|copied)") as told:
        backup(filled, folder)

    assert len(str(told.value).splitlines()) == 1
    assert content(catalogue_in(folder)) == before
    assert stood <= names(folder)
    backup(filled, folder)
    assert content(catalogue_in(folder)) == content(filled.path)
    assert Reader(filled).snapshot().damage == ()
