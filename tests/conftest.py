"""What every test may ask for: the sample shop, a Chromium, and how hard hypothesis looks."""

from __future__ import annotations

import fcntl
import json
import lzma
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import chromium, in_memory, replayed

DATA = Path(__file__).parent / "data"
# Wall-clock deadlines fail on a busy machine and say nothing of the code.
settings.register_profile("suite", deadline=None, max_examples=14, print_blob=True)
settings.register_profile(
    "long", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

in_memory.choose()
replayed.install()
# A developer's own console settings change no test.
for _name in [name for name in os.environ if name.upper().startswith("VC_")]:
    del os.environ[_name]
# The workers fill the machine: more threads for their few rows would only wait for each other. Read
# when polars and Arrow are imported, here and in processes that are started.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests that start collectors for something else do not pay for a watchman beside them.
os.environ["VC_WATCHMAN"] = "off"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long goes first: files are dealt out in this order, and none is left to the end.

    Workers get whole files (``--dist loadfile``), so that what a module shares is made once.
    """
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("slow", "browser"))))


@pytest.fixture(scope="session")
def sample_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample shop, unpacked once a run (and worker). Copy it before writing to it."""
    path = tmp_path_factory.mktemp("sample") / "vectorcraft.db"
    with lzma.open(DATA / "vectorcraft-sample.db.xz") as packed, path.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return path


def _made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker of a run makes and the others find. Read only."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / name).exists():
            # What a worker that failed left half made is no folder to find.
            making = root / f"{name}.making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            make(making)
            making.rename(root / name)
    return root / name


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory, sample_db: Path) -> Path:
    """The sample shop in a store, as of its truth: read once a run, a copy a worker.

    Users may be added to it; copy it before writing to the store.
    """

    def read(folder: Path) -> None:
        from tests.pages.console import read_into  # noqa: PLC0415 - not for who needs no store

        read_into(folder / "data", sample_db, datetime(2026, 11, 22, 12, tzinfo=UTC))

    made = _made_once(tmp_path_factory, "sample-read", read)
    own = tmp_path_factory.mktemp("sample-store") / "data"
    shutil.copytree(made / "data", own)
    return own


@pytest.fixture(scope="session")
def sample_truth() -> dict[str, Any]:
    """The sample's figures, recounted apart from any SQL."""
    truth: dict[str, Any] = json.loads((DATA / "vectorcraft-sample.truth.json").read_text("utf-8"))
    return truth


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium of this machine; without one the test is skipped, saying so."""
    found = chromium.found()
    if found is not None:
        return found
    pytest.skip("no Chromium was found on this machine: install chromium to run browser tests")
