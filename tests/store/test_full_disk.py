"""A disk without room: it is named, and what stands in the store can be read all the same."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.store.rows import requests
from vcanalytics.errors import StoreError
from vcanalytics.store import Catalogue
from vcanalytics.store.checking.check import check


@contextmanager
def full_disk(patch: pytest.MonkeyPatch, free: int = 0) -> Iterator[None]:
    """No file of this process grows, as on a disk without room; it says so many bytes are free."""
    usage = shutil.disk_usage("/")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with patch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def append(catalogue: Catalogue, *numbers: int) -> None:
    catalogue.append("requests", "test", f"{numbers}", requests(*numbers))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A store with rows, that nobody has open."""
    catalogue = Catalogue.open(tmp_path)
    append(catalogue, 1, 2, 3)
    catalogue.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["catalogue.db"]
    return tmp_path


def test_what_stands_there_is_read_on_a_full_disk(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_disk(monkeypatch):
        catalogue = Catalogue.open(data_dir, create=False)
        rows, found = catalogue.states()["requests"].rows, check(catalogue)
        catalogue.close()
    assert (rows, found) == (3, [])
    # Nothing of it stays: the next one opens the store as ever.
    again = Catalogue.open(data_dir)
    append(again, 4, 5)
    assert again.states()["requests"].rows == 5
    again.close()


def test_a_log_that_was_not_folded_in_yet_is_read_too(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Catalogue.open(data_dir)
    append(writer, 4, 5, 6, 7)
    # As a crash leaves it: the log beside the file, and no index of it.
    crashed = data_dir / "crashed"
    crashed.mkdir()
    for name in ("catalogue.db", "catalogue.db-wal"):
        shutil.copyfile(data_dir / name, crashed / name)
    writer.close()
    with full_disk(monkeypatch):
        catalogue = Catalogue.open(crashed, create=False)
        rows = catalogue.states()["requests"].rows
        catalogue.close()
    assert rows == 7


def test_who_wants_to_write_is_told_that_the_disk_is_full(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_disk(monkeypatch), pytest.raises(StoreError) as raised:
        Catalogue.open(data_dir)
    assert "cannot be opened: the disk is full" in raised.value.what
    assert "Make room" in raised.value.hint


def test_a_write_that_finds_no_room_is_told_so(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalogue.open(data_dir)
    with full_disk(monkeypatch), pytest.raises(StoreError) as raised:
        append(catalogue, 4)
    assert "cannot be written: the disk is full" in raised.value.what
    assert raised.value.heals
    append(catalogue, 4)
    catalogue.close()


def test_an_error_of_the_disk_with_room_on_it_is_no_lack_of_room(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_disk(monkeypatch, free=1 << 40), pytest.raises(StoreError) as raised:
        Catalogue.open(data_dir, create=False)
    assert "disk I/O error" in raised.value.what
    assert "full" not in raised.value.what
