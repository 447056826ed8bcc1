"""The machine's own disk for the rounds: what they prove is about files that stay."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.in_memory import ON_DISK


@pytest.fixture
def disk_path() -> Iterator[Path]:
    """A folder on a disk, gone with the test."""
    with tempfile.TemporaryDirectory(prefix="torture-", dir=ON_DISK) as folder:
        yield Path(folder)
