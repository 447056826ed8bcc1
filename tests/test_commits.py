"""Whether anybody has committed: seen with every commit, never before, and at no lock's cost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from vcanalytics.commits import Commits


def shop(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("CREATE TABLE sold (id INTEGER PRIMARY KEY, what TEXT)")
    return connection


@pytest.fixture(params=["wal", "delete", "truncate", "persist"])
def app(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    with closing(shop(tmp_path / "shop.db", request.param)) as connection:
        yield connection


@pytest.fixture
def commits(tmp_path: Path) -> Iterator[Commits]:
    with closing(Commits(tmp_path / "shop.db")) as found:
        yield found


def test_a_token_changes_with_each_commit(app: sqlite3.Connection, commits: Commits) -> None:
    seen = {commits.token()}
    for number in range(20):
        app.execute("INSERT INTO sold (what) VALUES (?)", ("x" * number * 100,))
        token = commits.token()
        assert token not in seen
        seen.add(token)


def test_a_token_stays_where_nobody_commits(app: sqlite3.Connection, commits: Commits) -> None:
    app.execute("INSERT INTO sold (what) VALUES ('one')")
    assert len({commits.token() for _ in range(5)}) == 1


def test_who_looks_before_a_commit_can_be_seen_is_told_to_look_again(
    app: sqlite3.Connection, commits: Commits, tmp_path: Path
) -> None:
    """Also where SQLite wrote most of it to the disk before."""
    app.execute("PRAGMA cache_size = 1")
    app.execute("BEGIN")
    for number in range(50):
        app.execute("INSERT INTO sold (what) VALUES (?)", (str(number) * 4000,))
    written = commits.token()
    app.execute("COMMIT")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as reader:
        assert reader.execute("SELECT count(*) FROM sold").fetchone() == (50,)

    assert commits.token() != written


def test_of_a_file_that_is_not_there_there_is_no_token(commits: Commits) -> None:
    assert commits.token() is None


def test_a_file_that_goes_and_comes_back_has_another_token(
    app: sqlite3.Connection, commits: Commits, tmp_path: Path
) -> None:
    before = commits.token()
    (tmp_path / "shop.db").rename(tmp_path / "old.db")
    assert commits.token() is None
    with closing(shop(tmp_path / "new.db", "delete")):
        (tmp_path / "new.db").rename(tmp_path / "shop.db")

    assert commits.token() not in {before, None}


_CHECKPOINT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0)
print(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
"""


def test_looking_takes_no_lock_from_a_reader_of_the_same_process(tmp_path: Path) -> None:
    """Closing a file drops a process's locks on it; a checkpoint would then overrun the reader."""
    path = tmp_path / "shop.db"
    with closing(shop(path, "wal")) as app, closing(sqlite3.connect(path)) as reader:
        app.execute("INSERT INTO sold (what) VALUES ('one')")
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM sold").fetchone() == (1,)
        app.execute("INSERT INTO sold (what) VALUES ('two')")
        for _ in range(3):
            with closing(Commits(path)) as commits:
                assert commits.token() is not None

        command = [sys.executable, "-c", _CHECKPOINT, str(path)]
        busy = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        assert busy == "1"
        assert reader.execute("SELECT count(*) FROM sold").fetchone() == (1,)
