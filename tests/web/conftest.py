"""An open catalogue in a folder of its own, and a console with its doors shut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.rig import House, house
from vcanalytics.store import Catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all tests of a module: they leave it as it was, or make users of their own."""
    with house(tmp_path_factory.mktemp("home")) as lived_in:
        yield lived_in


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[House]:
    """One of its own."""
    with house(tmp_path) as lived_in:
        yield lived_in
