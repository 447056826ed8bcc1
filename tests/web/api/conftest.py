"""The API of a console on the sample shop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on
from tests.web.rig import asking


@pytest.fixture(scope="module")
def client(sample_dir: Path) -> Iterator[TestClient]:
    """An admin's browser."""
    with console_on(sample_dir, source_url=ELSEWHERE), asking(sample_dir, "ada") as asked:
        yield asked
