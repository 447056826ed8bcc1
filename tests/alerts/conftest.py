"""The last days of the sample shop in a store, read once a run; a test takes a copy of its own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stored import keep
from vcanalytics.analytics.engine import Engine
from vcanalytics.store import Catalogue

#: The sample ends here.
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_KEPT = timedelta(days=8)
_TIMES = {
    "transactions": "created_at",
    "email_logs": "created_at",
    "performance_metrics": "timestamp",
}


@pytest.fixture(scope="package")
def sample_store(sample_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample's shop and what was read of it at NOW. Not to be written to."""
    folder = tmp_path_factory.mktemp("alerts")
    shutil.copy(sample_db, folder / "vectorcraft.db")
    with closing(sqlite3.connect(folder / "vectorcraft.db", isolation_level=None)) as shop:
        # Rules look back a week: to read the rest again and again would only take time.
        for table, column in _TIMES.items():
            shop.execute(f"DELETE FROM {table} WHERE {column} < ?", (str(NOW - _KEPT),))
    catalogue = Catalogue.open(folder / "data")
    keep(folder / "vectorcraft.db", catalogue, NOW)
    catalogue.close()
    return folder


@pytest.fixture
def folder(sample_store: Path, tmp_path: Path) -> Path:
    """The same, to be written to."""
    return Path(shutil.copytree(sample_store, tmp_path / "copy"))


@pytest.fixture(scope="package")
def engine() -> Iterator[Engine]:
    opened = Engine(60.0, threads=2)
    yield opened
    opened.close()
