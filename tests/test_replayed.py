"""Files that are made by what was said before are the files that migrations make."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import replayed
from vcanalytics import migrations
from vcanalytics.accounts import Accounts
from vcanalytics.journal import Journal
from vcanalytics.migrations import Migration
from vcanalytics.paypal.database import PayPal
from vcanalytics.store import Catalogue, schema


def dumped(folder: Path) -> list[str]:
    (path,) = folder.glob("*.db")
    with closing(sqlite3.connect(path)) as file:
        # Both are made at their own time.
        file.execute("UPDATE migration SET applied_at = 0 WHERE applied_at > 0")
        return list(file.iterdump())


@pytest.mark.parametrize("kind", [Accounts, Catalogue, Journal, PayPal])
def test_a_file_that_is_made_again_is_the_same(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = []

    def counted(*arguments: Any, **words: Any) -> None:
        times.append(1)
        replayed.MIGRATE(*arguments, **words)

    monkeypatch.setattr(migrations, "migrate", replayed.replaying(counted))
    for name in ("first", "again"):
        kind.open(tmp_path / name).close()
    assert dumped(tmp_path / "first") == dumped(tmp_path / "again")
    assert len(times) == 1


def test_other_steps_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Catalogue.open(tmp_path / "whole").close()
    more = Migration(99, "more", lambda c: c.exec_driver_sql("CREATE TABLE more (id)").close())
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, more))
    Catalogue.open(tmp_path / "more").close()
    assert any("CREATE TABLE more" in line for line in dumped(tmp_path / "more"))
