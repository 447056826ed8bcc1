"""An engine with time to spare, and a shop whose states can be read into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.shop import Shop, make_shop
from tests.stored import keep
from vcanalytics.analytics.engine import Engine
from vcanalytics.store import Catalogue, Reader, Snapshot

#: Reads the shop as it stands, seen at a time, and gives the store at that moment.
Look = Callable[[datetime], Snapshot]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    # A busy machine must fail no test that is not about time.
    opened = Engine(60.0, threads=2)
    yield opened
    opened.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as opened:
        yield opened


@pytest.fixture
def look(shop: Shop, tmp_path: Path) -> Iterator[Look]:
    catalogue = Catalogue.open(tmp_path / "data")
    reader = Reader(catalogue)

    def at(now: datetime) -> Snapshot:
        keep(shop.path, catalogue, now)
        return reader.snapshot()

    yield at
    catalogue.close()
