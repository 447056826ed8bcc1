"""Folders of customers' data are made for their owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vcanalytics.folders import make_private
from vcanalytics.store import Catalogue


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0o000)
    yield
    os.umask(before)


def test_what_is_made_on_the_way_is_nobody_elses_either(tmp_path: Path) -> None:
    Catalogue.open(tmp_path / "console" / "demo").close()

    assert mode(tmp_path / "console") == mode(tmp_path / "console" / "demo") == 0o700


def test_a_folder_that_stood_before_keeps_its_rights(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o750)
    make_private(shared)

    assert mode(shared) == 0o750


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(NotADirectoryError):
        make_private(tmp_path / "data")
    with pytest.raises(OSError, match="data"):
        make_private(tmp_path / "data" / "demo")
