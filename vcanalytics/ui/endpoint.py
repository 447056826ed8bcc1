"""What an endpoint's own page arranges: its name, its figures, its single measurements."""

from __future__ import annotations

from typing import Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats
from vcanalytics.display import performance as shown
from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import exports, live, panels, performance, tables, tiles, toolbar
from vcanalytics.ui.panels import Link
from vcanalytics.ui.tiles import boxed
from vcanalytics.ui.toggles import Choice

_NAME_CHARS_MAX: Final = 400
_ROWS: Final = 10
_WHICH: Final = Choice("Which", "single", {"slowest": "Slowest", "failed": "Failed"})


def heading(defaults: Defaults) -> bool:
    """Which endpoint the page is about, and the way back; whether it is about one."""
    view = toolbar.view(defaults)
    name = performance.endpoint()
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if name is not None:
            st.markdown(formats.code(name[:_NAME_CHARS_MAX]), width="content")
            st.caption(shown.KINDS[performance.kind()], width="content")
        st.space("stretch")
        st.page_link(
            "pages/performance.py",
            label="All of them",
            icon=":material/arrow_back:",
            query_params=toolbar.params(view, kind=performance.kind()),
        )
    if name is None:
        panels.empty(
            "No endpoint is named.",
            "Performance lists them all; each has a page like this one.",
            link=Link("pages/performance.py", "Show them", toolbar.params(view)),
            icon="speed",
        )
    return name is not None


def metrics(defaults: Defaults) -> None:
    """Percentiles, errors, how often, and what share of all time it takes; against before."""
    view = toolbar.view(defaults)
    name = performance.endpoint() or ""
    with panels.contained("endpoint_metrics", skeleton=110), st.container(gap=None):
        live.listen(performance.STREAMS, key="endpoint_metrics", every_s=live.CALMLY_S)
        now = performance.of_endpoint(view.start, view.until, name)
        if not now:
            panels.empty(
                f"Nothing was measured of it {view.spoken}.",
                "It may have been asked in another range.",
                link=Link(
                    performance.ENDPOINT_PAGE,
                    "Show the last 90 days",
                    {"range": "90d", "kind": performance.kind(), "endpoint": name},
                ),
            )
            return
        against = view.against()
        before = (
            performance.of_endpoint(against.start, against.until, name)
            if against and against.whole
            else {}
        )
        with st.grid(6, min_column_width=150, gap="xsmall"):
            for label in ("p50", "p95", "p99"):
                value, was = now[f"{label}_ms"], before.get(f"{label}_ms")
                boxed(label, formats.milliseconds(value), tiles.time_change(value, was))
            rate, was = now["error_rate"], before.get("error_rate")
            boxed("Error rate", formats.rate(rate), tiles.rate_change(rate, was, "less"))
            change = tiles.count_change(now["count"], before.get("count"), "neither")
            boxed("Times", formats.count(now["count"]), change)
            place = f"no. {formats.count(now['place'])}"
            change = tiles.Change(place, "gray", "of the slowest, by p95")
            boxed("Share of all time", formats.rate(now["time_share"]), change)


def single(defaults: Defaults) -> None:
    """Single measurements: the slowest of the range, or those that failed, the newest first."""
    view = toolbar.view(defaults)
    name, kind = performance.endpoint() or "", performance.kind()
    failed = _WHICH.value == "failed"
    days = cached.settings().keep_requests_days
    kept = f"kept for {formats.counted(days, 'day', 'days')}" if days else "all are kept"
    with panels.panel(
        "Single measurements",
        key="single",
        note=f"{'newest errors' if failed else 'slowest'} first, {kept}",
        streams=performance.STREAMS,
        csv=exports.link(
            "measurements",
            view,
            streams=performance.STREAMS,
            kind=kind,
            endpoint=name,
            failed="1" if failed else None,
        ),
        choice=_WHICH,
        skeleton=300,
        every_s=live.CALMLY_S,
    ):
        frame = cached.single(view.start, view.until, kind=kind, endpoint=name, failed=failed).frame
        if not frame.height:
            panels.empty(
                "None failed." if failed else "No single measurements are kept.",
                f"Looked at {view.spoken}.",
            )
            return
        column = st.column_config
        st.dataframe(
            frame.select(
                tables.moments(frame["happened_at"], view.zone, view.now).alias("when"),
                "value_ms",
                "status",
            ),
            key="single",
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(min(frame.height, _ROWS)),
            column_config={
                "when": column.TextColumn("When"),
                "value_ms": column.NumberColumn("Took, ms", format="%,.1f"),
                "status": column.TextColumn("Status"),
            },
            alt=f"Single measurements, {'failed' if failed else 'the slowest'} first",
        )
        st.caption(f"{formats.count(frame.height)} shown; the file has up to 100,000.")
