"""Demo shops that several tests look at or go on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from collectors.simulator import Simulator, make_ready
from tests.collectors.simulator.living import NOW, SHORT


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("short") / "vectorcraft.db"
    make_ready(Simulator(path, history=SHORT), NOW)
    return path


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    path = tmp_path / "vectorcraft.db"
    shutil.copyfile(made, path)
    return path
