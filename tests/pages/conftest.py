"""The sample shop in a store of its own."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pages.console import read_into


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory, sample_db: Path) -> Path:
    """The sample shop in a store, as of its truth. Read only."""
    folder = tmp_path_factory.mktemp("sample-store")
    shop = folder / "vectorcraft.db"
    shutil.copyfile(sample_db, shop)
    read_into(folder / "data", shop, datetime(2026, 11, 22, 12, tzinfo=UTC))
    return folder / "data"
