"""Revenue by the hours of the week, on the wall clock of the zone."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from vcanalytics.analytics.hours import hours_of_week


def test_hours_go_by_the_zones_wall_clock_and_a_repeated_one_counts_twice() -> None:
    windows = pl.DataFrame(
        {
            # The clocks of New York go back: one o'clock on this Sunday comes twice.
            "window_label": [
                "2026-11-01T01:00:00-04:00",
                "2026-11-01T01:00:00-05:00",
                "2026-11-02T00:00:00-05:00",
            ],
            "currency": ["USD"] * 3,
            "captured": [1, 0, 2],
            "gross": [Decimal("49.00"), Decimal(0), Decimal("10.01")],
        },
        schema_overrides={"gross": pl.Decimal(38, 4)},
    )
    assert hours_of_week(windows).rows() == [
        (0, 0, 1, 2, Decimal("10.0100"), Decimal("10.0100"), "USD"),
        (6, 1, 2, 1, Decimal("49.0000"), Decimal("24.5000"), "USD"),
    ]
