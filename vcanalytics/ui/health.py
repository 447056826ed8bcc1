"""What Health arranges of components: how each is, since when, and its last 90 days."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.cached import watch
from vcanalytics.display import formats, words
from vcanalytics.display import health as shown
from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import chart, exports, live, panels, tables, toolbar

#: How a day stands in its strip: the mark's role, and its height, so that colour is not alone.
_TABLE_ROWS: Final = 40


def components(defaults: Defaults) -> None:
    """A row a component, the worst first."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Components",
        key="components",
        note=_summary(watch.watched(view.now)),
        csv=exports.link("components", view, streams=()),
        skeleton=420,
    ):
        live.listen(("system",), key="components", every_s=live.CALMLY_S)
        found = watch.watched(view.now)
        _problem(found)
        shown = found.overview.components
        if not shown:
            panels.empty(
                "No component has been looked at.",
                "The watchman runs beside the collectors where VC_WATCHMAN is on, and looks every "
                "half minute.",
                icon="ecg_heart",
            )
            return
        frame = pl.DataFrame(
            {
                "name": [words.component(one.name) for one in shown],
                "status": [[words.HEALTH[one.status.value].label] for one in shown],
                "since": [formats.moment(one.since, view.zone, view.now) for one in shown],
                "what": [_told(one.what, one.hint) for one in shown],
                "age": [formats.age((view.now - one.checked_at).total_seconds()) for one in shown],
            },
            schema_overrides={"status": pl.List(pl.String)},
        )
        column = st.column_config
        phone = toolbar.phone()
        st.dataframe(
            frame.select("name", "status", "since", "what") if phone else frame,
            key="components_table",
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(min(frame.height, _TABLE_ROWS)),
            column_config={
                "name": column.TextColumn("Component", width=165 if phone else 175),
                "status": tables.chips("State", list(words.HEALTH.values()), 84),
                "since": column.TextColumn("Since", width=90),
                "what": column.TextColumn("What was found, what to do", width=330),
                "age": column.TextColumn("Looked at", width=80, alignment="right"),
            },
            alt="Components, the worst first, with what was found",
        )


def _told(what: str, hint: str) -> str:
    text = f"{what[:1].upper()}{what[1:]}"
    return f"{text}. {hint}" if hint else text


def _summary(found: watch.Watched) -> str:
    counts = dict.fromkeys(words.HEALTH, 0)
    for one in found.overview.components:
        counts[one.status.value] += 1
    told = [f"{formats.count(n)} {words.HEALTH[s].label.lower()}" for s, n in counts.items() if n]
    return ", ".join(told)


def _problem(found: watch.Watched) -> None:
    if found.problem:
        badge = panels.chip("Stale", "orange", "history")
        text = f"{found.problem[:1].upper()}{found.problem[1:]}."
        if found.overview.components:
            text += " What was found before stands here, with its age."
        st.markdown(f"{badge} :small[{formats.literal(text)}]")


def days(defaults: Defaults) -> None:
    """The last 90 days of each component as a strip, with its uptime."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Last 90 days",
        key="days",
        note="uptime, days of UTC",
        csv=exports.link("uptime", view, streams=()),
        picture="uptime",
        skeleton=420,
    ):
        found = watch.strips(view.now)
        names = [
            one.name for one in watch.watched(view.now).overview.components if one.name in found
        ]
        if not names:
            panels.empty(
                "Nothing has been watched yet.", "A day's bar stands here from its first minute on."
            )
            return
        picture = shown.strips({name: found[name] for name in names})
        if picture is not None:
            chart.show(picture, key="chart_days")
        st.caption(
            ":green[\u25ae] healthy  :orange[\u25ae] warning  :red[\u25ae] critical, by the worst"
            " of a day; low and grey: nobody watched"
        )


def rates(defaults: Defaults) -> None:
    """How often may be asked, and how many requests were refused by it."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Rate limits",
        key="rates",
        note="a minute, counted in this console since it was started",
        csv=exports.link("rate-limits", view, streams=()),
    ):
        frame = cached.rate_limits()
        column = st.column_config
        st.dataframe(
            frame.select("rate", "per_minute", "refused") if toolbar.phone() else frame,
            key="rates_table",
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(frame.height),
            column_config={
                "rate": column.TextColumn("Limit", width=90),
                "what": column.TextColumn("Of what", width=250),
                "per_minute": column.NumberColumn("A minute", format="%,d", width=70),
                "refused": column.NumberColumn("Refused", format="%,d", width=70),
            },
            alt="Rate limits and how many requests each refused",
        )
