from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.asked import Store
from tests.shop import Shop, make_shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path / "shop.db")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")
