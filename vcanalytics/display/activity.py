"""Who was here, and how far they came, as pictures."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from vcanalytics.display import charts, formats, series, words
from vcanalytics.display.charts import Spec, Stroke
from vcanalytics.display.picture import Key, Picture
from vcanalytics.display.ranges import Range
from vcanalytics.model.windows import Grain

HEIGHT: Final = 190
_BARS: Final = {
    "label": pl.String,
    "value": pl.Float64,
    "series": pl.String,
    "text": pl.String,
    "to": pl.Float64,
}
_STROKES: Final = (
    Stroke("comparison", "comparison", 1.5),
    Stroke("subject", "subject"),
    Stroke("open", "subject", 2.25, dash=(2, 2.5)),
)
_ROOM_PX: Final = 84
_TICKS: Final = 8


def grain(view: Range) -> Grain:
    """The windows people are counted by: hours of up to three days, else days, or as picked."""
    length = view.end - view.start
    if view.grain_by_hand:
        return view.grain
    return Grain.HOUR if length <= timedelta(days=3) else Grain.DAY


def people(
    windows: pl.DataFrame, past: pl.DataFrame | None, view: Range, form: str
) -> Picture | None:
    """How many people did anything, window by window, against before: as ``line`` or ``bars``.

    Both are of ``analytics.activity.over_time``; ``past`` is None where nothing is compared. None
    where nobody did anything.
    """
    mine = windows.filter(pl.col("window_start") <= view.now)
    earlier = mine.clear() if past is None else past
    if not mine["events"].sum() and not earlier["events"].sum():
        return None
    names = [_name(at, view) for at in mine["window_start"]]
    against = view.against()
    label = against.label if against else ""
    by = grain(view).value
    told = f"Active people by {by}"
    if form == "line":
        data, spec = _lines(mine, earlier, names, view, label)
        return Picture(told, "people, not events", f"{told}, {view.spoken}", data, spec, timed=True)
    data, spec = _bars(mine, earlier, names, view)
    edges = mine.select("window_start", "window_end").iter_rows()
    return Picture(
        told,
        "people, not events",
        f"{told}, {view.spoken}",
        data,
        spec,
        (Key("people", "subject"), *([Key(label, "comparison", "line")] if label else [])),
        timed=True,
        windows=tuple((name, *edge) for name, edge in zip(names, edges, strict=True)),
    )


def _name(at: datetime, view: Range) -> str:
    if grain(view) is not Grain.HOUR:
        return formats.day(at, view.zone)
    clock = formats.clock(at, view.zone, seconds=False)
    one_day = view.end - view.start <= timedelta(days=1, hours=2)
    return clock if one_day else f"{formats.day(at, view.zone)} {clock}"


def _text(name: str, row: dict[str, Any], before: int | None) -> str:
    text = f"{name}: {formats.count(row['people'])} people, {formats.count(row['events'])} events"
    return text if before is None else f"{text}, before {formats.count(before)} people"


def _lines(
    mine: pl.DataFrame, past: pl.DataFrame, names: list[str], view: Range, label: str
) -> tuple[pl.DataFrame, Spec]:
    found = list(mine.select("window_start", "window_end", "people").iter_rows())
    is_open = bool(found) and found[-1][1] > view.now
    whole = found[:-1] if is_open else found
    rows = series.points(whole, view, "subject", "" if is_open else view.name)
    if is_open:
        rows += series.points(found[-2:], view, "open", f"{view.name}, open")
    texts = {}
    for i, row in enumerate(mine.iter_rows(named=True)):
        before = past["people"][i] if i < past.height else None
        texts[row["window_start"]] = _text(names[i], row, before)
    rows += series.hovers(texts, view)
    if past.height and found:
        shift = found[0][0] - past["window_start"][0]
        earlier = [
            (start + shift, end + shift, number)
            for start, end, number in past.select(
                "window_start", "window_end", "people"
            ).iter_rows()
        ]
        rows += series.points(earlier, view, "comparison", label)
    spec = charts.trend(HEIGHT, view.axis_format, _STROKES, "count", label_room=_ROOM_PX)
    return series.table(rows, height=HEIGHT), spec


def _bars(
    mine: pl.DataFrame, past: pl.DataFrame, names: list[str], view: Range
) -> tuple[pl.DataFrame, Spec]:
    rows: list[tuple[str, float, str, str, float | None]] = []
    top = float(max([*mine["people"], *past["people"]], default=0))
    for i, row in enumerate(mine.iter_rows(named=True)):
        before = past["people"][i] if i < past.height else None
        text = _text(names[i], row, before)
        is_open = row["window_end"] > view.now
        rows.append((names[i], row["people"], "open" if is_open else "subject", text, None))
        if is_open:
            lines = charts.hatching(row["people"], top, len(names), HEIGHT)
            rows += [(names[i], low, piece, "", high) for piece, low, high in lines]
        if before is not None:
            rows.append((names[i], before, "comparison", text, None))
    every = max(1, -(-len(names) // _TICKS))
    data = pl.DataFrame(rows, schema=_BARS, orient="row")
    return data, charts.bars(HEIGHT, tuple(names[::every]))


def funnel(steps: pl.DataFrame, view: Range) -> Picture | None:
    """How far people came, step by step: of ``analytics.funnels``; None where nobody began."""
    if not steps["people"][0]:
        return None
    rows = []
    for step, number, share in steps.select("step", "people", "share_of_first").iter_rows():
        label = f"{formats.count(number)} \u00b7 {formats.rate(share)}"
        name = words.STEPS[step]
        rows.append((name, float(number), "subject", label, f"{name}: {label}"))
    frame = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
    return Picture(
        "Funnel",
        "people",
        f"Funnel, {view.spoken}",
        frame,
        charts.ranked(HEIGHT, tuple(frame["name"])),
    )
