"""A restore gives back what was kept, or says that it did not; half of one is never opened."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.instance import AlreadyRunning, Instance
from tests.store.backing_up import Killed, backup, content, fill, flip
from tests.store.full import full_beyond
from vcanalytics.errors import StoreError
from vcanalytics.store import Catalogue, schema
from vcanalytics.store.backups.record import read
from vcanalytics.store.backups.restore import recorded, restore
from vcanalytics.store.checking.check import check

STEPS = (("marked", 1), ("file", 1), ("file", 3), ("verified", 1))


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``data``, the store, and ``backup``, its backup."""
    top = tmp_path_factory.mktemp("taken")
    with closing(Catalogue.open(top / "data")) as catalogue:
        fill(catalogue)
        backup(catalogue, top / "backup")
    return top


def put_back(taken: Path, data_dir: Path) -> None:
    restore(taken / "backup", recorded(taken / "backup"), data_dir)


def assert_whole(taken: Path, data_dir: Path) -> None:
    assert content(data_dir / "catalogue.db") == content(taken / "data" / "catalogue.db")
    with closing(Catalogue.open(data_dir, create=False)) as catalogue:
        assert check(catalogue) == []


def test_every_row_and_every_cent_is_back(taken: Path, tmp_path: Path) -> None:
    tally = restore(taken / "backup", recorded(taken / "backup"), tmp_path / "new")
    assert_whole(taken, tmp_path / "new")
    record = read(taken / "backup")
    assert record is not None
    assert (tally.rows, tally.sums) == (record.tally.rows, record.tally.sums)


def test_modes_are_those_of_home(tmp_path: Path) -> None:
    with closing(Catalogue.open(tmp_path / "data")) as catalogue:
        fill(catalogue)
        (tmp_path / "data").chmod(0o700)
        (tmp_path / "data" / "catalogue.db").chmod(0o640)
        backup(catalogue, tmp_path / "backup")
    put_back(tmp_path, tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "catalogue.db").stat().st_mode & 0o777 == 0o640


def test_an_empty_folder_keeps_its_own_mode(taken: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir(mode=0o750)
    (tmp_path / "new" / "README.md").write_text("What the console writes")
    put_back(taken, tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o750
    assert_whole(taken, tmp_path / "new")


@pytest.mark.parametrize(("step", "nth"), STEPS)
def test_killed_at_a_step_it_says_so_and_goes_on(
    taken: Path, tmp_path: Path, killed: Killed, step: str, nth: int
) -> None:
    data_dir = tmp_path / "new"
    assert killed("restore", data_dir, taken / "backup", step, nth) == -9

    for create in (True, False):
        with pytest.raises(StoreError, match="was interrupted at it") as told:
            Catalogue.open(data_dir, create=create)
        assert "restore DIR` again" in told.value.hint
    put_back(taken, data_dir)
    assert_whole(taken, data_dir)


def test_killed_while_the_mark_is_written_it_goes_on(taken: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "restoring.txt.copying").write_text("A restore fr")
    put_back(taken, tmp_path / "new")
    assert_whole(taken, tmp_path / "new")
    assert not list((tmp_path / "new").glob("restoring*"))


def test_a_folder_that_holds_anything_is_refused_and_left_as_it_is(
    taken: Path, tmp_path: Path
) -> None:
    data_dir = tmp_path / "new"
    data_dir.mkdir()
    (data_dir / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"not empty: it holds notes\.txt"):
        put_back(taken, data_dir)
    assert [path.name for path in data_dir.iterdir()] == ["notes.txt"]
    with pytest.raises(StoreError, match="not empty"):
        put_back(taken, taken / "data")


def test_beside_running_collectors_it_is_refused(taken: Path, tmp_path: Path) -> None:
    record = recorded(taken / "backup")
    with Instance(tmp_path / "new"), pytest.raises(AlreadyRunning):
        restore(taken / "backup", record, tmp_path / "new", held=Instance)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["collectors.lock"]
    # Those that ended leave their lock's file: it is nothing.
    restore(taken / "backup", record, tmp_path / "new", held=Instance)
    assert_whole(taken, tmp_path / "new")


@given(data=st.data())
@settings(max_examples=24)
def test_any_flipped_bit_of_the_backup_is_found(
    taken: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("flipped")
    shutil.copytree(taken / "backup", folder / "backup")
    record = recorded(folder / "backup")
    name = data.draw(st.sampled_from([file.stored for file in record.files]))
    flip(folder / "backup" / name, data.draw(st.integers(0, 1 << 40)))

    with pytest.raises(StoreError, match="is damaged"):
        restore(folder / "backup", record, folder / "new")
    with pytest.raises(StoreError, match="was interrupted at it"):
        Catalogue.open(folder / "new")
    shutil.rmtree(folder)


def test_a_missing_file_of_the_backup_is_named(taken: Path, tmp_path: Path) -> None:
    shutil.copytree(taken / "backup", tmp_path / "backup")
    record = recorded(tmp_path / "backup")
    gone = tmp_path / "backup" / record.files[1].stored
    gone.unlink()
    with pytest.raises(StoreError, match="missing") as told:
        restore(tmp_path / "backup", record, tmp_path / "new")
    assert told.value.where == str(gone)


def test_a_disk_that_is_full_is_one_line_and_it_goes_on(taken: Path, tmp_path: Path) -> None:
    with full_beyond(9_000), pytest.raises(StoreError, match="cannot be restored") as told:
        put_back(taken, tmp_path / "new")
    assert len(str(told.value).splitlines()) == 1
    put_back(taken, tmp_path / "new")
    assert_whole(taken, tmp_path / "new")


def test_what_is_no_finished_backup_is_refused(taken: Path, tmp_path: Path, killed: Killed) -> None:
    with pytest.raises(StoreError, match="there is no backup"):
        recorded(tmp_path)
    assert killed("backup", taken / "data", tmp_path / "half", "recording") == -9
    with pytest.raises(StoreError, match="no backup was ever finished here") as told:
        recorded(tmp_path / "half")
    assert "goes on" in told.value.hint


def test_a_catalogue_of_a_newer_version_is_refused_before_anything_is_made(
    taken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = schema.MIGRATIONS[-1].number
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-1])
        with pytest.raises(StoreError, match=f"version {newest}, this console knows {newest - 1}"):
            recorded(taken / "backup")
