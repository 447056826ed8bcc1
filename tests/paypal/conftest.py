from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vcanalytics.paypal.database import PayPal


@pytest.fixture
def database(tmp_path: Path) -> Iterator[PayPal]:
    opened = PayPal.open(tmp_path / "data")
    yield opened
    opened.close()
