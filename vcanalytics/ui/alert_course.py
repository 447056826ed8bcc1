"""What Alerts shows of an alert's figure: its course around the event, with limit and moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.alerts.quantities import written
from vcanalytics.cached import alerts, course
from vcanalytics.cached.alerts import Alert
from vcanalytics.cached.rules import Rule
from vcanalytics.display import charts, formats, series
from vcanalytics.display.charts import Limit, Stroke
from vcanalytics.display.charts.lines import Unit
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.errors import BudgetExceeded, SettingError, UsageError
from vcanalytics.ui import chart, exports, live, notes, panels, toolbar
from vcanalytics.ui.alerts import opened

_HEIGHT: Final = 206
_TITLE: Final = "The figure around it"
_LINE: Final = "figure"
_UNITS: Final[Mapping[str, Unit]] = {"ms": "ms", "%": "percent"}
#: Room at the line's end: for the gap, and each letter of the figure with its unit.
_ROOM_PX: Final = 16
_LETTER_PX: Final = 7
_BY_CLOCK: Final = timedelta(days=2)


def draw(defaults: Defaults) -> None:
    """The figure of the alert that is open, from some windows before it until now, or its end."""
    view = toolbar.view(defaults)
    number = opened()
    with panels.contained("course", skeleton=_HEIGHT):
        found = None if number is None else alerts.find(number)
        if found is None:
            st.header(_TITLE, anchor=False)
            st.caption("There is no such alert.")
            return
        try:
            rule = course.of(found)
        except (UsageError, SettingError) as error:
            panels.head(_TITLE)
            panels.empty("No chart can be drawn of it.", panels.sentence(error), icon="show_chart")
            return
        _chart(found, rule, view)


def _chart(found: Alert, rule: Rule, view: Range) -> None:
    start, end = course.around(rule, found, view.now)
    shown = replace(view, preset=None, start=start, end=end)
    seen = cached.dump_version(course.version_of(rule, view.now))
    panels.head(
        _TITLE,
        note=_note(rule),
        csv=exports.link(
            "alert-course", shown, streams=(), alert=str(found.number), seen=seen or None
        ),
    )
    with st.container(gap=None):
        live.listen((*course.streams_of(rule), live.ALERTS), key="course", every_s=live.CALMLY_S)
    try:
        frame = course.course(found, now=view.now).frame
    except BudgetExceeded as error:
        text = "The store is busy, or has a great deal to look through: the figure above stands."
        panels.empty("It could not be told in time.", text, icon="hourglass_disabled")
        st.caption(panels.sentence(error))
        return
    known = frame.drop_nulls("value")
    if not known.height:
        panels.empty("Nothing was recorded of it.", "Neither before it nor since.", icon="help")
        return
    chart.draw(
        _rows(frame, found, rule, shown),
        charts.trend(
            _HEIGHT,
            "%H:%M" if end - start <= _BY_CLOCK else "%-d %b",
            (Stroke(_LINE, "subject"),),
            _UNITS.get(rule.of.unit, "count"),
            limit=Limit(found.threshold, f"limit {_fired_by(found)}"),
            label_room=_ROOM_PX + _LETTER_PX * len(_last(known, rule)),
            events=True,
        ),
        key="chart_course",
        alt=_alt(known, found, rule, view),
        notes=notes.over(shown),
    )
    meaning = f"{rule.of.meaning[:1].upper()}{rule.of.meaning[1:]}"
    st.caption(formats.literal(f"{meaning}. By what the store has of it now."))


def _fired_by(found: Alert) -> str:
    """The limit it fired by; the one that holds now may be another by what has become usual."""
    return written(found.threshold, found.unit)


def _last(known: pl.DataFrame, rule: Rule) -> str:
    return written(known["value"][-1], rule.of.unit)


def _note(rule: Rule) -> str:
    window = formats.duration(rule.span.total_seconds()) if rule.span else ""
    return f"{rule.of.unit}, windows of {window}" if window else rule.of.unit


def _moments(found: Alert, view: Range) -> list[tuple[datetime, str]]:
    """When it fired and when it was over, of what lies in the chart."""
    named = [(found.fired_at, "fired"), (found.resolved_at, "over")]
    return [
        (at, f"{name} {formats.clock(at, view.zone, seconds=False)}")
        for at, name in named
        if at is not None and view.start <= at <= view.end
    ]


def _rows(frame: pl.DataFrame, found: Alert, rule: Rule, shown: Range) -> pl.DataFrame:
    points = list(frame.select("at", "value").iter_rows())
    label = _last(frame.drop_nulls("value"), rule)
    line = series.points(((at, at, value) for at, value in points), shown, _LINE, label)
    told = {
        at: f"{formats.moment(at, shown.zone, shown.now)}: {said or 'nothing to tell from'}"
        for at, said in frame.select("at", "told").iter_rows()
    }
    named = series.events(_moments(found, shown), shown)
    return series.table([*line, *named, *series.hovers(told, shown)], height=_HEIGHT)


def _alt(known: pl.DataFrame, found: Alert, rule: Rule, view: Range) -> str:
    """The finding: from where it came, how bad it was, and whether it is over."""
    unit = rule.of.unit
    worst = known.sort("value", descending=rule.rising, maintain_order=True).row(0, named=True)
    before = known.filter(pl.col("at") < found.started_at)
    parts = [f"{found.title}:"]
    if before.height:
        parts.append(f"{written(before['value'][-1], unit)} just before it,")
    when = formats.moment(worst["at"], view.zone, view.now)
    parts.append(f"at worst {written(worst['value'], unit)} at {when}, limit {_fired_by(found)};")
    parts.append(f"fired {formats.moment(found.fired_at, view.zone, view.now)},")
    if found.resolved_at is None:
        parts.append(f"and now {_last(known, rule)}")
    else:
        parts.append(f"over {formats.moment(found.resolved_at, view.zone, view.now)}")
    return " ".join(parts)
