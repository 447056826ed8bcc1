"""Pictures of revenue, takings and failures: what is drawn, and what it is called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from vcanalytics.display import failures, health, performance, prices, revenue, system, takings
from vcanalytics.display.ranges import Defaults, Range, read

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
OLDEST = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def view(**params: str) -> Range:
    return read({"range": "today", "zone": "UTC"} | params, Defaults(), NOW, OLDEST)


def windows(start: datetime, number: int, **columns: Any) -> pl.DataFrame:
    starts = [start + n * HOUR for n in range(number)]
    told = {
        "gross": [Decimal(49)] * number,
        "refunds": [Decimal(0)] * number,
        "net": [Decimal(49)] * number,
        "captured": [1] * number,
        "attempts": [1] * number,
        "refunded": [0] * number,
        "success_rate": [1.0] * number,
    }
    return pl.DataFrame(
        {
            "window_start": starts,
            "window_end": [start + HOUR for start in starts],
            "window_label": [start.isoformat() for start in starts],
        }
        | told
        | columns
    )


def test_an_open_window_is_told_apart_and_what_has_not_begun_is_left_out() -> None:
    today = view()
    past = windows(today.start - timedelta(days=1), 24)
    found = revenue.bars(windows(today.start, 24), past, today, "USD")

    shown = found.data.filter(pl.col("series").is_in(["subject", "open"]))
    assert shown["label"].to_list()[-1] == "18:00"
    assert shown["series"].to_list() == ["subject"] * 18 + ["open"]
    assert found.data.filter(pl.col("series") == "comparison").height == 19
    assert [key.words for key in found.legend] == [
        "gross",
        "refunds",
        "Thu 19",
        "this hour, still open",
    ]
    assert found.windows is not None
    assert found.windows[-1] == ("18:00", today.start + 18 * HOUR, today.start + 19 * HOUR)
    alone = revenue.bars(windows(today.start, 24), None, view(compare="none"), "USD")
    assert len(alone.legend) == 3


@pytest.mark.parametrize(("hours", "said"), [(2, "early"), (12, "")])
def test_a_label_without_room_before_it_stands_behind(hours: int, said: str) -> None:
    found = revenue.cumulative(windows(view().start, hours), None, view(), "USD")
    assert found is not None
    (end,) = found.data.filter(pl.col("series") == "end")["text"]
    assert end == said
    assert revenue.cumulative(windows(view().start, 0), None, view(), "USD") is None


def test_takings_are_laid_over_the_days_they_are_compared_with() -> None:
    today = view()
    compared = takings.compared(today)
    assert [(series, span.label) for series, span in compared] == [
        ("comparison", "Thu 19"),
        ("second", "Fri 13"),
    ]

    def frame(start: datetime, *amounts: int) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "step_start": [start + timedelta(hours=9 * n) for n in range(len(amounts))],
                "gross": [Decimal(amount) for amount in amounts],
            }
        )

    past = [
        takings.Before(series, span, frame(span.start, 10, 20, 40)) for series, span in compared
    ]
    found = takings.so_far(frame(today.start, 1, 2), past, today, "USD")

    assert found.total == 3
    # At half past six the step of six in the evening counts.
    assert found.before == (("Thu 19", Decimal(70)), ("Fri 13", Decimal(70)))
    assert "$3.00 by 18:30" in found.picture.alt
    lines = found.picture.data.group_by("series", maintain_order=True).agg(pl.col("t").first())
    assert lines["series"].to_list() == ["subject", "comparison", "second", "end", "now"]
    assert lines["t"].to_list()[:3] == [lines["t"][0]] * 3


def test_nothing_to_draw_is_no_picture() -> None:
    nothing = pl.DataFrame(schema={"window_start": pl.Datetime("us", "UTC"), "count": pl.Int64})
    assert performance.over_time(nothing, view(), kind="request_time", measure="mean") is None
    assert performance.spread(nothing, [], view(), kind="request_time", form="heat") is None
    assert prices.picture(pl.DataFrame(), "USD") is None
    assert health.strips({}) is None
    assert failures.over_time(nothing, nothing, view()) is None
    assert system.cpu(nothing, view()) is None
    assert system.cores(nothing, view()) is None
