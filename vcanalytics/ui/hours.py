"""Which hours of the week bring what: a heat map of the mean."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.model.windows import WEEKDAYS, Grain
from vcanalytics.ui import charts, exports, formats, panels
from vcanalytics.ui.ranges import Range

_HEIGHT: Final = 206
#: Beyond, an hour by hour answer is more than a page should ask for.
_LONGEST: Final = timedelta(days=400)


def draw(view: Range, code: str) -> None:
    """Gross by weekday and hour, in the zone: the mean of the hours there were."""
    csv = exports.link("revenue", view, currency=code, grain="hour")
    panels.head("Hour and weekday", note=f"{code}, mean gross", key="", csv=csv)
    with panels.contained("hours", skeleton=_HEIGHT):
        start = max(view.start, view.until - _LONGEST)
        windows = cached.revenue(
            start,
            view.until,
            grain=Grain.HOUR,
            zone=view.zone_name,
            week_start=view.week_start,
            now=view.now,
        ).frame.filter(pl.col("currency") == code)
        if not windows["captured"].sum():
            panels.nothing_in(view)
            return
        _heat(windows, view, code)
        if start > view.start:
            st.caption(f"Of the last {formats.count(_LONGEST.days)} days.")


def _heat(windows: pl.DataFrame, view: Range, code: str) -> None:
    label = pl.col("window_label")
    cells = (
        windows.group_by(
            (label.str.slice(0, 10).str.to_date().dt.weekday() - 1).alias("weekday"),
            label.str.slice(11, 2).alias("hour"),
        )
        .agg(pl.col("gross").sum(), pl.col("captured").sum(), pl.len().alias("hours"))
        .sort("weekday", "hour")
    )
    first = WEEKDAYS.index(view.week_start)
    names = {day % 7: WEEKDAYS[day % 7][:3].capitalize() for day in range(first, first + 7)}
    rows = []
    for row in cells.iter_rows(named=True):
        mean = (row["gross"] / row["hours"]).quantize(Decimal("0.0001"))
        day = names[row["weekday"]]
        text = (
            f"{day} {row['hour']}:00: {formats.money(mean, code)}, "
            f"{formats.counted(row['captured'], 'payment', 'payments')} in "
            f"{formats.counted(row['hours'], 'hour', 'hours')}"
        )
        rows.append((row["hour"], day, float(mean), text))
    hours = tuple(f"{hour:02d}" for hour in range(24))
    charts.draw(
        pl.DataFrame(rows, schema=["x", "y", "value", "text"], orient="row"),
        charts.cells(
            _HEIGHT, hours, tuple(names.values()), x_ticks=hours[::6], y_ticks=tuple(names.values())
        ),
        key="chart_hours",
        alt=f"Mean gross by hour and weekday, {view.spoken}",
    )
