"""What a picture says of its range once it has left the page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vcanalytics.display.picture import caption
from vcanalytics.display.ranges import Defaults, read

NOW = datetime(2026, 11, 20, 18, 42, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"range": "today", "zone": "Asia/Kolkata"},
            "21 Nov 2026, not over yet | Asia/Kolkata | as of 2026-11-21 00:12:07 +05:30",
        ),
        (
            {"from": "2025-12-30", "to": "2026-01-02", "zone": "UTC"},
            "30 Dec 2025 to 1 Jan 2026 | UTC | as of 2026-11-20 18:42:07 +00:00",
        ),
        (
            {"from": "2026-11-19T22:30", "to": "2026-11-20T04:00", "zone": "UTC"},
            "19 Nov 2026, 22:30 to 20 Nov 2026, 04:00 | UTC | as of 2026-11-20 18:42:07 +00:00",
        ),
    ],
)
def test_a_caption_says_all_of_the_range(params: dict[str, str], said: str) -> None:
    assert caption(read(params, Defaults(), NOW), NOW) == said.replace("|", "\u00b7")
