"""The write-ahead log is had where others hold the file for a moment, and never waited for long."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from vcanalytics.write_ahead import keep_log


def _opened(path: Path) -> sqlite3.Connection:
    # No patience of SQLite's own: opening at the same moment, it has none for this switch either.
    return sqlite3.connect(path, timeout=0, isolation_level=None)


def _mode(path: Path) -> str:
    connection = _opened(path)
    mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
    connection.close()
    return mode


def test_a_file_held_for_a_moment_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "held.db"
    other, mine = _opened(path), _opened(path)
    other.execute("BEGIN EXCLUSIVE")
    pauses: list[float] = []

    def paused(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            other.execute("COMMIT")

    monkeypatch.setattr(time, "sleep", paused)
    keep_log(mine, within_s=60)
    assert len(pauses) == 3
    assert _mode(path) == "wal"
    mine.close()
    other.close()


def test_a_file_held_for_longer_is_said(tmp_path: Path) -> None:
    path = tmp_path / "held.db"
    other, mine = _opened(path), _opened(path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        keep_log(mine, within_s=0.02)
    other.execute("COMMIT")
    keep_log(mine, within_s=0)
    assert _mode(path) == "wal"
    mine.close()
    other.close()


def test_what_is_no_database_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "text.db"
    path.write_text("this is no database, whatever its name says" * 30, "utf-8")

    def never(seconds: float) -> None:
        raise AssertionError(seconds)

    monkeypatch.setattr(time, "sleep", never)
    mine = _opened(path)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        keep_log(mine, within_s=60)
    mine.close()
