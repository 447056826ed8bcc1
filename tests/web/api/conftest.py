"""The API of a console on the sample shop, at the moment that its truth is of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on
from tests.web.rig import asking

#: When the sample was read, and what its truth is of.
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(sample_dir: Path) -> Iterator[TestClient]:
    """An admin's browser."""
    with (
        console_on(sample_dir, source_url=ELSEWHERE),
        asking(sample_dir, "ada", clock=lambda: NOW) as asked,
    ):
        yield asked
