"""What every test may ask for: the sample shop, a Chromium, and how hard hypothesis looks."""

from __future__ import annotations

import json
import lzma
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

DATA = Path(__file__).parent / "data"
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CHROMIUM_PATHS = (
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

# Wall-clock deadlines fail on a busy machine and say nothing of the code.
settings.register_profile("suite", deadline=None, max_examples=60, print_blob=True)
settings.register_profile(
    "long", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# A developer's own console settings change no test.
for _name in [name for name in os.environ if name.upper().startswith("VC_")]:
    del os.environ[_name]
# Tests that start collectors for something else do not pay for a watchman beside them.
os.environ["VC_WATCHMAN"] = "off"


@pytest.fixture(scope="session")
def sample_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample shop, unpacked once a run (and worker). Copy it before writing to it."""
    path = tmp_path_factory.mktemp("sample") / "vectorcraft.db"
    with lzma.open(DATA / "vectorcraft-sample.db.xz") as packed, path.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return path


@pytest.fixture(scope="session")
def sample_truth() -> dict[str, Any]:
    """The sample's figures, recounted apart from any SQL."""
    truth: dict[str, Any] = json.loads((DATA / "vectorcraft-sample.truth.json").read_text("utf-8"))
    return truth


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium of this machine; without one the test is skipped, saying so."""
    for name in _CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    for path in _CHROMIUM_PATHS:
        if Path(path).is_file():
            return path
    pytest.skip("no Chromium was found on this machine: install chromium to run browser tests")
