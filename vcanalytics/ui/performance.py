"""What Performance arranges: figures, percentiles over time, endpoints, PayPal's API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import charts, formats
from vcanalytics.display import performance as shown
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.model import thresholds
from vcanalytics.ui import chart, exports, live, notes, panels, tables, tiles, toolbar
from vcanalytics.ui.tiles import Change
from vcanalytics.ui.toggles import Choice

STREAMS: Final = ("requests",)
ENDPOINT_PAGE: Final = "pages/endpoint.py"
_TABLE_ROWS: Final = 11
#: What one of them is called, and several.
_ONE: Final[dict[str, tuple[str, str]]] = {
    "request_time": ("Endpoint", "Endpoints"),
    "database_query": ("Query", "Queries"),
    "vectorization_time": ("Strategy", "Strategies"),
    "paypal_api_response_time": ("Call", "Calls"),
}
NEVER: Final = "VectorCraft writes them only where its metrics are switched on."
_MEASURE: Final = Choice(
    "Measure",
    "measure",
    shown.MEASURES,
)
_KIND: Final = Choice("What was measured", "kind", shown.KINDS)


def kind() -> str:
    """The kind of measurement the page is about, by its URL."""
    return _KIND.value


def endpoint() -> str | None:
    """The one endpoint the charts are about, by the URL."""
    return st.query_params.get("endpoint") or None


def kinds(defaults: Defaults) -> None:
    """The choice of what was measured; from one endpoint the ways on to its page, back to all."""
    view = toolbar.view(defaults)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _KIND.draw()
        alone = endpoint()
        if alone:
            st.space("stretch")
            st.markdown(f"Only **{formats.literal(alone)}**", width="content")
            st.page_link(
                ENDPOINT_PAGE,
                label="Its own page :material/chevron_right:",
                icon="",
                query_params=toolbar.params(view, kind=kind(), endpoint=alone),
            )
            st.button("All", icon=":material/close:", key="all_endpoints", on_click=_all_endpoints)


def _all_endpoints() -> None:
    st.query_params.pop("endpoint", None)


def _summary(start: datetime, end: datetime) -> dict[str, dict[str, Any]]:
    frame = cached.performance_summary(start, end).frame
    return {row["kind"]: row for row in frame.iter_rows(named=True)}


def of_endpoint(start: datetime, end: datetime, name: str) -> dict[str, Any]:
    """One endpoint's figures: a row of ``cached.endpoints``; empty where nothing was measured."""
    frame = cached.endpoints(start, end, kind=kind()).frame.filter(pl.col("endpoint") == name)
    return frame.row(0, named=True) if frame.height else {}


def metrics(defaults: Defaults) -> None:
    """Percentiles, error rate, count and slow queries, like for like with before."""
    view = toolbar.view(defaults)
    with panels.contained("performance_metrics", skeleton=110), st.container(gap=None):
        live.listen(STREAMS, key="performance_metrics", every_s=live.CALMLY_S)
        now = _summary(view.start, view.until)
        against = view.against()
        before = _summary(against.start, against.until) if against and against.whole else {}
        if not now:
            panels.nothing_of("requests", view, NEVER)
            return
        mine, earlier = now.get(kind(), {}), before.get(kind(), {})
        if (alone := endpoint()) is not None:
            mine = of_endpoint(view.start, view.until, alone)
            earlier = of_endpoint(against.start, against.until, alone) if before and against else {}
        with st.grid(6, min_column_width=150, gap="xsmall"):
            for name in ("p50", "p95", "p99"):
                value, was = mine.get(f"{name}_ms"), earlier.get(f"{name}_ms")
                _metric(name, formats.milliseconds(value), tiles.time_change(value, was))
            rate, was = mine.get("error_rate"), earlier.get("error_rate")
            _metric("Error rate", formats.rate(rate), tiles.rate_change(rate, was, "less"))
            number = mine.get("count", 0)
            change = tiles.count_change(number, earlier.get("count"), "neither")
            _metric(shown.KINDS[kind()], formats.count(number), change)
            _slow_queries(now.get("database_query", {}), before.get("database_query"))


def _slow_queries(now: dict[str, Any], before: dict[str, Any] | None) -> None:
    slow, of = now.get("slow", 0), now.get("count", 0)
    change = tiles.count_change(slow, before["slow"] if before else None, "less")
    over = formats.milliseconds(thresholds.QUERY_MS)
    words = f"over {over}, of {formats.count(of)}"
    _metric("Slow queries", formats.count(slow), Change(change.text, change.colour, words))


def _metric(label: str, value: str, change: Change) -> None:
    with st.container(border=True, height="stretch"):
        tiles.figure(label, value, change)


def over_time(defaults: Defaults, *, named: bool = True) -> None:
    """Percentiles, mean or error rate by window; ``named``: the note says of which endpoint."""
    view = toolbar.view(defaults)
    one = endpoint()
    frame = _over_time(view, kind(), one)
    begun = frame.filter(pl.col("window_start") <= view.now)
    measure = _MEASURE.value
    csv = exports.link(
        "response-times", view, streams=STREAMS, kind=kind(), endpoint=one, measure=measure
    )
    with panels.panel(
        shown.title(kind()),
        key="over_time",
        note=", ".join(
            [
                f"{shown.window(begun)} windows",
                *(["all" if one is None else one] if named else []),
                _how(begun, view),
            ]
        ),
        streams=STREAMS,
        csv=csv,
        picture="response-times",
        choice=_MEASURE,
        skeleton=shown.HEIGHT,
        every_s=live.CALMLY_S,
    ):
        picture = shown.over_time(frame, view, kind=kind(), measure=measure)
        if picture is None:
            panels.empty("Nothing was measured in this range.", "Choose a longer one.")
            return
        chart.show(picture, key=f"chart_{measure}", notes=notes.over(view))


def _over_time(view: Range, name: str, one: str | None = None) -> pl.DataFrame:
    return cached.response_times(
        view.start,
        view.end,
        kind=name,
        endpoint=one,
        zone=view.zone_name,
        week_start=view.week_start,
        now=view.now,
    ).frame


def _how(frame: pl.DataFrame, view: Range) -> str:
    """What stands behind the percentiles, in few words."""
    if "sketch" not in frame["method"]:
        return "exact"
    bound = frame["error_bound"].max()
    words = (
        f"within {formats.percent(float(bound) * 100)}" if isinstance(bound, float) else "estimated"
    )
    return (
        f"{words}, by whole hours"
        if cached.hours_alone("requests", view.start, view.end)
        else words
    )


def endpoints(defaults: Defaults) -> None:
    """Each endpoint, query or strategy with its percentiles, the slowest first."""
    view = toolbar.view(defaults)
    frame = cached.endpoints(view.start, view.until, kind=kind()).frame
    one, many = _ONE[kind()]
    note = "slowest p95 first" + (f", {_how(frame, view)}" if frame.height else "")
    panels.head(many, note=note, key="")
    with panels.contained("endpoints", skeleton=330):
        if not frame.height:
            panels.empty("Nothing was measured in this range.", "Choose a longer one.")
            return
        names = frame["endpoint"].to_list()
        chosen = [names.index(endpoint())] if endpoint() in names else []
        st.session_state["endpoints"] = {"selection": {"rows": chosen, "columns": [], "cells": []}}
        st.dataframe(
            _endpoint_rows(frame),
            key="endpoints",
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(min(frame.height, _TABLE_ROWS)),
            column_config=_endpoint_columns(one),
            on_select=lambda: _pick(names),
            selection_mode="single-row",
            alt=f"{many} with their percentiles; select one for its charts",
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(f"{formats.count(frame.height)}, select one for its charts", width="content")
            st.space("stretch")
            live.age(STREAMS, key="endpoints", every_s=live.CALMLY_S)
            csv = exports.link("latency", view, streams=STREAMS, kind=kind())
            st.markdown(f":small[{exports.files(csv)}]", width="content")


def _pick(names: list[str]) -> None:
    live.rerun_page()
    rows = st.session_state["endpoints"]["selection"]["rows"]
    if rows:
        st.query_params["endpoint"] = names[rows[0]]
    else:
        _all_endpoints()


def _endpoint_rows(frame: pl.DataFrame) -> pl.DataFrame:
    limit = shown.LIMITS.get(kind())
    over = [
        [] if limit is None else ["over" if p95 > limit.value else "within"]
        for p95 in frame["p95_ms"]
    ]
    rows = frame.select(
        "endpoint",
        pl.Series("limit", over, dtype=pl.List(pl.String)),
        "count",
        *(pl.col(f"{name}_ms") for name in ("mean", "p50", "p95", "p99", "max")),
        (pl.col("error_rate") * 100).alias("error_rate"),
    )
    if limit is None:
        rows = rows.drop("limit")
    if toolbar.phone():
        return rows.select("endpoint", "p95_ms", "error_rate", "count")
    return rows


def _endpoint_columns(one: str) -> dict[str, Any]:
    column = st.column_config
    times = {
        f"{name}_ms": column.NumberColumn(f"{name}, ms", format="%,.0f")
        for name in ("mean", "p50", "p95", "p99", "max")
    }
    return {
        "endpoint": column.TextColumn(one, width=190),
        "limit": column.MultiselectColumn(
            "p95 limit", options=["over", "within"], color=["red", "green"], width=90
        ),
        "count": column.NumberColumn("Count", format="%,d"),
        **times,
        "error_rate": column.NumberColumn("Errors", format="%.1f %%"),
    }


def paypal(defaults: Defaults) -> None:
    """PayPal's API: its p95, whether it answers, and its course."""
    view = toolbar.view(defaults)
    name = "paypal_api_response_time"
    with panels.panel(
        "PayPal's API",
        key="paypal",
        note="p95 of its answers",
        streams=STREAMS,
        csv=exports.link("response-times", view, streams=STREAMS, kind=name),
        picture="response-times",
        every_s=live.CALMLY_S,
    ):
        row = _summary(view.start, view.until).get(name)
        if not row:
            panels.empty("PayPal's API was not measured in this range.", "Choose a longer one.")
            return
        slow = row["p95_ms"] > thresholds.PAYPAL_MS
        chip = panels.chip("slow", "red", "error") if slow else ""
        if row["error_rate"] > thresholds.ERROR_RATE:
            chip = panels.chip("failing", "red", "error")
        elif not slow:
            chip = panels.chip("healthy", "green", "check_circle")
        st.markdown(
            f"**{formats.milliseconds(row['p95_ms'])}**\u2002{chip}\u2002:small[:gray["
            f"limit 5 s \u00b7 {formats.count(row['count'])} checks"
            f" \u00b7 {formats.count(row['errors'])} failed]]"
        )
        course = _over_time(view, name).filter(pl.col("window_start") <= view.now)
        chart.draw(
            tiles.spark_data(course["p95_ms"].to_list(), [], is_open=view.open),
            charts.spark(),
            key="chart_paypal",
            alt=f"PayPal's API, p95: {formats.milliseconds(row['p95_ms'])}",
        )
