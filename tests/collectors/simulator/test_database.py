"""Whose database it is: the demo shop writes its own and no other."""

from __future__ import annotations

import lzma
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.simulator import Simulator, database, make_ready
from collectors.simulator.schema import STATEMENTS
from tests.collectors.simulator.living import NOW, finish, live, opened
from tests.shop import make_shop
from vcanalytics.errors import SourceError

SAMPLE = Path(__file__).parents[2] / "data" / "vectorcraft-sample.db.xz"


def test_the_schema_is_the_samples(tmp_path: Path) -> None:
    (tmp_path / "sample.db").write_bytes(lzma.decompress(SAMPLE.read_bytes()))
    connection = sqlite3.connect(tmp_path / "sample.db")
    theirs = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql <> ''")}
    connection.close()
    assert len(STATEMENTS) > 20
    assert {sql for _, sql in STATEMENTS} <= theirs


def test_it_writes_to_no_database_that_it_did_not_make(tmp_path: Path) -> None:
    path = tmp_path / "vectorcraft.db"
    make_shop(path).close()
    before = path.read_bytes()
    with pytest.raises(SourceError, match="no database of the demo shop"):
        Simulator(path).initialise()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["vectorcraft.db"]


@pytest.mark.parametrize("name", ["vectorcraft.db", "vectorcraft.db.making"])
def test_it_overwrites_no_file_of_another_kind(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("my thesis")
    simulator = Simulator(tmp_path / "vectorcraft.db", history=timedelta(days=1))
    with pytest.raises(SourceError, match=name):
        make_ready(simulator, NOW)
    assert (tmp_path / name).read_text() == "my thesis"


def test_a_database_that_came_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "vectorcraft.db"
    simulator = opened(path, history=timedelta(days=20))
    simulator.loop(NOW)
    make_shop(path).close()
    with pytest.raises(SourceError, match="no database of the demo shop"):
        finish(simulator, NOW)
    simulator.shutdown()
    assert not database.is_demo(path)


def test_a_shop_that_is_deleted_under_way_is_made_again(copy: Path) -> None:
    simulator = Simulator(copy, history=timedelta(days=1))
    simulator.initialise()
    live(simulator, NOW, timedelta(seconds=20))
    copy.unlink()
    with pytest.raises(SourceError, match="gone"):
        simulator.loop(NOW + timedelta(seconds=21))
    simulator.shutdown()
    make_ready(simulator, NOW + timedelta(seconds=25))
    assert database.is_demo(copy)


def test_a_damaged_shop_is_told_with_what_to_do(copy: Path) -> None:
    with copy.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_960)
    with pytest.raises(SourceError, match="Delete the file"):
        make_ready(Simulator(copy), NOW + timedelta(days=1))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("in the way")
    with pytest.raises(SourceError, match="demo shop"):
        make_ready(Simulator(tmp_path / "demo" / "vectorcraft.db"), NOW)
