"""The sketch of takings: steps and labels as the page's own chart has them, lines inside it."""

from __future__ import annotations

import re
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.web import sketch

#: 2026-11-20, 00:00, as a chart has it: milliseconds of the wall clock.
DAY_MS = 1_795_132_800_000.0
HOUR_MS = 3_600_000.0
SCHEMA = {
    "t": pl.Float64,
    "value": pl.Float64,
    "series": pl.String,
    "label": pl.String,
    "text": pl.String,
}


def rows(*lines: tuple[str, list[tuple[float, float]]]) -> pl.DataFrame:
    found = [
        (DAY_MS + hour * HOUR_MS, value, series, "12:00 now" if series == "now" else "", "")
        for series, points in lines
        for hour, value in points
    ]
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


@pytest.mark.parametrize(
    ("top", "count", "expected"),
    [
        (6_260, 4, 2_000),
        (6_260, 10, 500),
        (4_500, 4, 1_000),
        (49, 4, 10),
        (10, 4, 2),
        (0.5, 4, 0.1),
    ],
)
def test_steps_are_those_of_the_pages_own_axis(top: float, count: int, expected: float) -> None:
    assert sketch.step(top, count) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0"), (0.5, "0.5"), (500.0, "500"), (2_000.0, "2k"), (2_500_000.0, "2.5M"), (4e9, "4B")],
)
def test_an_axis_says_values_in_short(value: float, expected: str) -> None:
    assert sketch.short(value) == expected


def test_a_day_so_far_before_another() -> None:
    drawn = sketch.of(
        rows(
            ("subject", [(0, 0), (6, 40), (12, 40)]),
            ("comparison", [(0, 0), (18, 80), (24, 80)]),
            ("now", [(12, 0)]),
            ("end", [(12, 40)]),
        )
    )

    assert dict(drawn.paths) == {
        "grid": "M0 0H2000",
        "area": "M0 2000H500V1000H1000V1000V2000H0Z",
        "comparison": "M0 2000H1500V0H2000V0",
        "subject": "M0 2000H500V1000H1000V1000",
        "now": "M1000 0V2000",
        "end": "M1000 1000h0",
    }
    assert drawn.heights == ((1.0, "0"), (0.75, "20"), (0.5, "40"), (0.25, "60"), (0.0, "80"))
    assert drawn.times[:3] == ((0.0, "00:00"), (0.125, "03:00"), (0.25, "06:00"))
    assert drawn.times[-1] == (1.0, "00:00")
    assert drawn.now == ((0.5, "12:00 now"),)


@given(st.lists(st.tuples(st.integers(1, 86_399), st.integers(1, 10**12)), min_size=1, max_size=60))
def test_a_running_total_never_falls_and_stays_inside(paid: list[tuple[int, int]]) -> None:
    total, points = 0.0, [(0.0, 0.0)]
    for second, cents in sorted(paid):
        total += cents / 100
        points.append((second / 3600, total))
    drawn = sketch.of(rows(("subject", points), ("comparison", [(0, 0), (24, 0)])))

    numbers = [int(found) for found in re.findall(r"\d+", dict(drawn.paths)["subject"])]
    across, down = numbers[::2], numbers[1::2]
    assert all(one < other for one, other in pairwise(across))
    assert all(one >= other for one, other in pairwise(down))
    assert min(numbers) >= 0
    assert max(across) <= sketch.WIDE
    assert max(down) <= sketch.DEEP
