"""What Activity arranges: figures, people over time, the funnel, the feed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import charts, formats, series, words
from vcanalytics.display.charts import Stroke
from vcanalytics.display.ranges import Against, Defaults, Range
from vcanalytics.model.windows import Grain
from vcanalytics.ui import chart, exports, live, notes, panels, tables, tiles, toolbar
from vcanalytics.ui.rhythm import NEVER
from vcanalytics.ui.tiles import Change
from vcanalytics.ui.toggles import Choice

_STREAMS: Final = ("activity",)
_HEIGHT: Final = 190
_FEED_ROWS: Final = 50
_FEED_SHOWN: Final = 9
_ACTIVE: Final = timedelta(minutes=30)
_FORM: Final = Choice("People as", "people", {"line": "Line", "bars": "Bars"})
_BARS: Final = {
    "label": pl.String,
    "value": pl.Float64,
    "series": pl.String,
    "text": pl.String,
    "to": pl.Float64,
}


def _totals(start: datetime, end: datetime) -> dict[str, Any]:
    return cached.activity.totals(start, end).frame.row(0, named=True)


def metrics(defaults: Defaults) -> None:
    """Active now, people, vectorisations, failures, new accounts, stickiness."""
    view = toolbar.view(defaults)
    with panels.contained("activity_metrics", skeleton=110), st.container(gap=None):
        now = _totals(view.start, view.until)
        against = view.against()
        before = _totals(against.start, against.until) if against and against.whole else {}
        live.listen(_STREAMS, key="activity_metrics", every_s=live.CALMLY_S)
        with st.grid(6, min_column_width=150, gap="xsmall"):
            _active(view, against)
            _count(f"Active {view.name.lower()}", now["people"], before.get("people"))
            _count("Vectorisations", now["vectorisations"], before.get("vectorisations"))
            rate = now["failure_rate"]
            change = tiles.rate_change(rate, before.get("failure_rate"), "less")
            _metric("Failed", formats.rate(rate), change)
            _count("New accounts", now["sign_ups"], before.get("sign_ups"))
            _stickiness(view)


def _metric(label: str, value: str, change: Change) -> None:
    with st.container(border=True, height="stretch"):
        tiles.figure(label, value, change)


def _count(label: str, now: int, before: int | None) -> None:
    _metric(label, formats.count(now), tiles.count_change(now, before, "more"))


def active_people(at: datetime) -> int:
    """People who did anything in the 30 minutes before ``at``, to the minute."""
    # To the second it would be another question, and another answer to keep, each time.
    until = cached.minute(at)
    return int(_totals(until - _ACTIVE, until)["people"])


def _active(view: Range, against: Against | None) -> None:
    then = None
    if against is not None and against.whole:
        then = active_people(against.until)
    _count("Active, 30 min", active_people(view.now), then)


def _stickiness(view: Range) -> None:
    """Of those who came within 30 days, how many came on the last whole day."""
    days = cached.activity.actives(
        view.until - timedelta(days=2), view.until, zone=view.zone_name, now=view.now
    ).frame.filter(pl.col("complete"))
    rates = days["stickiness"].to_list()
    now = rates[-1] if rates else None
    before = rates[-2] if len(rates) > 1 else None
    change = tiles.rate_change(now, before, "more")
    month = int(days["month_people"][-1]) if days.height else 0
    words = f"of {formats.count(month)} in 30 d"
    _metric("Stickiness", formats.rate(now), Change(change.text, change.colour, words))


def _grain(view: Range) -> Grain:
    length = view.end - view.start
    if view.grain_by_hand:
        return view.grain
    return Grain.HOUR if length <= timedelta(days=3) else Grain.DAY


def _windows(span: Range | Against, view: Range) -> pl.DataFrame:
    return cached.activity.over_time(
        span.start,
        span.end,
        zone=view.zone_name,
        now=view.now,
        week_start=view.week_start,
        grain=_grain(view),
    ).frame


def people(defaults: Defaults) -> None:
    """How many people did anything, window by window, against before."""
    view = toolbar.view(defaults)
    grain = _grain(view).value
    with panels.panel(
        f"Active people by {grain}",
        key="people",
        note="people, not events",
        streams=_STREAMS,
        csv=exports.link("activity", view, streams=_STREAMS, grain=grain),
        choice=_FORM,
        skeleton=_HEIGHT,
        every_s=live.CALMLY_S,
    ):
        mine = _windows(view, view).filter(pl.col("window_start") <= view.now)
        against = view.against()
        past = _windows(against, view) if against else mine.clear()
        if not mine["events"].sum() and not past["events"].sum():
            panels.nothing_of("activity", view, NEVER)
            return
        names = [_name(at, view) for at in mine["window_start"]]
        alt = f"Active people by {grain}, {view.spoken}"
        if _FORM.value == "bars":
            _people_bars(mine, past, names, view, alt)
        else:
            label = against.label if against else ""
            _people_lines(mine, past, names, view, label, alt)


def _name(at: datetime, view: Range) -> str:
    if _grain(view) is not Grain.HOUR:
        return formats.day(at, view.zone)
    clock = formats.clock(at, view.zone, seconds=False)
    one_day = view.end - view.start <= timedelta(days=1, hours=2)
    return clock if one_day else f"{formats.day(at, view.zone)} {clock}"


def _text(name: str, row: dict[str, Any], before: int | None) -> str:
    text = f"{name}: {formats.count(row['people'])} people, {formats.count(row['events'])} events"
    return text if before is None else f"{text}, before {formats.count(before)} people"


def _people_lines(
    mine: pl.DataFrame, past: pl.DataFrame, names: list[str], view: Range, label: str, alt: str
) -> None:
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
    short = view.end - view.start <= timedelta(days=2)
    chart.draw(
        series.table(rows, height=_HEIGHT),
        charts.trend(
            _HEIGHT, "%H:%M" if short else "%-d %b", _STROKES, "count", label_room=_ROOM_PX
        ),
        key="chart_people",
        alt=alt,
        notes=notes.over(view),
    )


_STROKES: Final = (
    Stroke("comparison", "comparison", 1.5),
    Stroke("subject", "subject"),
    Stroke("open", "subject", 2.25, dash=(2, 2.5)),
)
_ROOM_PX: Final = 84
_TICKS: Final = 8


def _people_bars(
    mine: pl.DataFrame, past: pl.DataFrame, names: list[str], view: Range, alt: str
) -> None:
    rows: list[tuple[str, float, str, str, float | None]] = []
    top = float(max([*mine["people"], *past["people"]], default=0))
    for i, row in enumerate(mine.iter_rows(named=True)):
        before = past["people"][i] if i < past.height else None
        text = _text(names[i], row, before)
        is_open = row["window_end"] > view.now
        rows.append((names[i], row["people"], "open" if is_open else "subject", text, None))
        if is_open:
            lines = charts.hatching(row["people"], top, len(names), _HEIGHT)
            rows += [(names[i], low, piece, "", high) for piece, low, high in lines]
        if before is not None:
            rows.append((names[i], before, "comparison", text, None))
    every = max(1, -(-len(names) // _TICKS))
    chart.draw(
        pl.DataFrame(rows, schema=_BARS, orient="row"),
        charts.bars(_HEIGHT, tuple(names[::every])),
        key="chart_people_bars",
        alt=alt,
        notes=notes.on_windows(view, names, mine),
    )


_FUNNEL: Final = Choice("Funnel from", "funnel", {"checkout": "Checkout", "sign-up": "Sign-up"})


def funnel(defaults: Defaults) -> None:
    """How far people came, step by step."""
    view = toolbar.view(defaults)
    asked = _FUNNEL.value
    ask = cached.activity.checkout_funnel if asked == "checkout" else cached.activity.sign_up_funnel
    with panels.panel(
        "Funnel",
        key="funnel",
        note="people",
        streams=("activity", "transactions"),
        csv=exports.link("funnel", view, streams=("activity", "transactions"), funnel=asked),
        choice=_FUNNEL,
        skeleton=_HEIGHT,
        every_s=live.CALMLY_S,
    ):
        steps = ask(view.start, view.until).frame
        if not steps["people"][0]:
            first = words.STEPS[steps["step"][0]].lower()
            panels.empty(f"Nobody {view.spoken}.", f"The first step is: {first}.")
            return
        rows = []
        for step, number, share in steps.select("step", "people", "share_of_first").iter_rows():
            label = f"{formats.count(number)} \u00b7 {formats.rate(share)}"
            rows.append(
                (
                    words.STEPS[step],
                    float(number),
                    "subject",
                    label,
                    f"{words.STEPS[step]}: {label}",
                )
            )
        frame = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
        chart.draw(
            frame,
            charts.ranked(_HEIGHT, tuple(frame["name"])),
            key="chart_funnel",
            alt=f"Funnel, {view.spoken}",
        )


def feed(defaults: Defaults) -> None:
    """What people did last."""
    view = toolbar.view(defaults)
    panels.head("Live feed", note="last 24 hours", key="activity_feed", streams=_STREAMS)
    with panels.contained("activity_feed", skeleton=290):
        events = cached.activity.feed(now=view.now, limit=_FEED_ROWS).frame
        if not events.height:
            panels.nothing_of("activity", view, NEVER, "in the last 24 hours")
            return
        st.dataframe(
            _feed_rows(events, view),
            key="activity_table",
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(min(events.height, _FEED_SHOWN)),
            column_config=_feed_columns(),
            alt="What people did last",
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(f"The newest {formats.count(events.height)} of 24 h", width="content")
            st.space("stretch")
            day = replace(view, preset=None, start=view.now - timedelta(days=1), end=view.now)
            csv = exports.link("activity-feed", day, streams=_STREAMS)
            st.markdown(f":small[{exports.files(csv)}]", width="content")


def _feed_rows(events: pl.DataFrame, view: Range) -> pl.DataFrame:
    def word(kind: str, outcome: str | None) -> str:
        known = words.activity(kind)
        return f"{known}, failed" if outcome == "failed" else known

    frame = pl.DataFrame(
        {
            "time": tables.moments(events["happened_at"], view.zone, view.now),
            "what": [word(*row) for row in events.select("kind", "outcome").iter_rows()],
            "person": events.select(pl.coalesce("email", "username", "person")).to_series(),
            "detail": [_detail(row) for row in events.iter_rows(named=True)],
        }
    )
    return frame.drop("detail") if toolbar.phone() else frame


def _detail(row: dict[str, Any]) -> str:
    if row["kind"] == "vectorisation" and row["file_name"]:
        parts = [row["file_name"], row["strategy"] or ""]
        if row["duration_ms"] is not None:
            parts.append(formats.milliseconds(row["duration_ms"]))
        return ", ".join(part for part in parts if part)
    return str(row["file_name"] or row["description"] or "")


def _feed_columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "time": column.TextColumn("Time", width=80),
        "what": column.TextColumn("What", width=120),
        "person": column.TextColumn("Person", width=210),
        "detail": column.TextColumn("Detail"),
    }
