"""The journal: made for its owner alone, found again, refused where it is newer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from vcanalytics.errors import StoreError
from vcanalytics.journal import Journal
from vcanalytics.journal.component_tables import breaker


def test_what_is_written_is_found_by_another_and_seen_to_have_moved(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path)) as one, closing(Journal.open(tmp_path)) as other:
        before = other.token()
        with one.write() as connection:
            connection.execute(insert(breaker).values(name="source", state="closed", failures=0))
        assert other.token() != before
        with other.read() as connection:
            assert connection.execute(select(breaker.c.name)).scalars().all() == ["source"]
    assert (tmp_path / "journal.db").stat().st_mode & 0o777 == 0o600


def test_a_missing_journal_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no watchman's records yet"):
        Journal.open(tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_journal_is_left_alone(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection, connection:
        connection.execute("INSERT INTO migration VALUES (99, 'from the future', 0)")
    with pytest.raises(StoreError, match="of version 99"):
        Journal.open(tmp_path)
