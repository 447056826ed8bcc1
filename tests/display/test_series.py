"""Windows as lines: where they end, what the end says, and words that keep apart."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.display import ranges, series
from vcanalytics.display.charts import Limit
from vcanalytics.display.ranges import Defaults, Range

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def view() -> Range:
    return ranges.read({"range": "today"}, Defaults(), NOW, None)


def windows(values: list[float | None]) -> list[series.Window]:
    """Hours that end with the one now open."""
    first = NOW.replace(minute=0) - HOUR * (len(values) - 1)
    return [(first + HOUR * i, first + HOUR * (i + 1), value) for i, value in enumerate(values)]


def test_the_last_window_with_a_value_is_the_end_and_open_while_it_is() -> None:
    rows = series.points(windows([1.0, None, 3.0]), view(), "p95")
    assert [(row[1], row[3], row[4]) for row in rows] == [
        (1.0, "", ""),
        (None, "", ""),
        (3.0, "open", "p95"),
    ]


def test_a_window_that_is_over_is_closed() -> None:
    rows = series.points(windows([1.0, 2.0, None]), view(), "p95", label="95th")
    assert [(row[3], row[4]) for row in rows] == [("", ""), ("closed", "95th"), ("", "")]


def test_a_line_that_another_one_goes_on_from_has_no_end() -> None:
    rows = series.points(windows([1.0, 2.0]), view(), "subject", label="")
    assert {row[3] for row in rows} == {""}


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_words_at_the_ends_never_lie_over_each_other(values: list[float]) -> None:
    rows = [
        point
        for i, value in enumerate(values)
        for point in series.points(windows([value]), view(), f"line{i}")
    ]
    table = series.table(rows, height=200, top=100.0)
    places = sorted(
        200 * (100 - value) / 100 + dy for value, dy in table.select("value", "dy").iter_rows()
    )
    assert all(b - a >= 12.99 for a, b in itertools.pairwise(places))


def test_words_far_apart_stay_where_their_lines_end() -> None:
    rows = series.points(windows([10.0]), view(), "a") + series.points(windows([90.0]), view(), "b")
    assert series.table(rows, height=200, top=100.0)["dy"].to_list() == [0.0, 0.0]


def test_a_limit_far_below_moves_ends_closer_so_that_their_words_part() -> None:
    """The scale reaches down to the limit: what lay apart on its own lies together then."""
    rows = series.points(windows([4000.0]), view(), "a")
    rows += series.points(windows([3000.0]), view(), "b")
    alone = series.table(rows, height=200, log=True)["dy"].to_list()
    limited = series.table(rows, height=200, log=True, limit=Limit(1.0, "limit"))["dy"].to_list()
    assert alone == [0.0, 0.0]
    assert limited[1] - limited[0] > 5
