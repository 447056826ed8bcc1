"""An open catalogue in a folder of its own, and who is killed while backing up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.rig import environment
from tests.store.backing_up import Killed
from tests.torture.nursery import Nursery
from vcanalytics.store import Catalogue


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """Backs up or restores in a process of its own, which is killed at a step."""
    folder = tmp_path_factory.mktemp("nursery")
    plain = environment(folder, "sqlite:////none")
    nursery = Nursery(plain, folder / "log", of="tests.store.killed")

    def ran(what: str, data_dir: Path, folder: Path, step: str, nth: int = 1) -> int:
        return nursery.start([what, str(data_dir), str(folder), step, str(nth)]).wait(60)

    yield ran
    nursery.close()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(tmp_path)
    yield opened
    opened.close()
