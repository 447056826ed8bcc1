"""What Activity arranges: figures, people over time, the funnel, the feed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import activity as shown
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Against, Defaults, Range
from vcanalytics.ui import chart, exports, live, notes, panels, tables, tiles, toolbar
from vcanalytics.ui.rhythm import NEVER
from vcanalytics.ui.tiles import Change
from vcanalytics.ui.toggles import Choice

_STREAMS: Final = ("activity",)
_FEED_ROWS: Final = 50
_FEED_SHOWN: Final = 9
_ACTIVE: Final = timedelta(minutes=30)
_FORM: Final = Choice("People as", "people", {"line": "Line", "bars": "Bars"})


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


def _windows(span: Range | Against, view: Range) -> pl.DataFrame:
    return cached.activity.over_time(
        span.start,
        span.end,
        zone=view.zone_name,
        now=view.now,
        week_start=view.week_start,
        grain=shown.grain(view),
    ).frame


def people(defaults: Defaults) -> None:
    """How many people did anything, window by window, against before."""
    view = toolbar.view(defaults)
    grain = shown.grain(view).value
    with panels.panel(
        f"Active people by {grain}",
        key="people",
        note="people, not events",
        streams=_STREAMS,
        csv=exports.link("activity", view, streams=_STREAMS, grain=grain, form=_FORM.value),
        picture="people",
        choice=_FORM,
        skeleton=shown.HEIGHT,
        every_s=live.CALMLY_S,
    ):
        against = view.against()
        past = _windows(against, view) if against else None
        form = _FORM.value
        picture = shown.people(_windows(view, view), past, view, form)
        if picture is None:
            panels.nothing_of("activity", view, NEVER)
            return
        key = {"line": "chart_people", "bars": "chart_people_bars"}[form]
        chart.show(picture, key=key, notes=notes.on(picture, view))


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
        picture="funnel",
        below=True,
        choice=_FUNNEL,
        skeleton=shown.HEIGHT,
        every_s=live.CALMLY_S,
    ):
        steps = ask(view.start, view.until).frame
        picture = shown.funnel(steps, view)
        if picture is None:
            first = words.STEPS[steps["step"][0]].lower()
            panels.empty(f"Nobody {view.spoken}.", f"The first step is: {first}.")
            return
        chart.show(picture, key="chart_funnel")


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
