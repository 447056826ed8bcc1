"""The course of an alert's figure as a picture, with the limit it fired by and its moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.alerts.quantities import written
from vcanalytics.alerts.rules import Rule
from vcanalytics.display import charts, formats, series
from vcanalytics.display.charts import Limit, Stroke
from vcanalytics.display.charts.lines import Unit
from vcanalytics.display.picture import Picture
from vcanalytics.display.ranges import Range
from vcanalytics.journal.alert_records import Alert

HEIGHT: Final = 206
TITLE: Final = "The figure around it"
_LINE: Final = "figure"
_UNITS: Final[Mapping[str, Unit]] = {"ms": "ms", "%": "percent"}
#: Room at the line's end: for the gap, and each letter of the figure with its unit.
_ROOM_PX: Final = 16
_LETTER_PX: Final = 7


def course(frame: pl.DataFrame, found: Alert, rule: Rule, view: Range) -> Picture | None:
    """The figure over time: ``frame`` is of ``alerts.course``. None where it was never known."""
    known = frame.drop_nulls("value")
    if not known.height:
        return None
    spec = charts.trend(
        HEIGHT,
        view.axis_format,
        (Stroke(_LINE, "subject"),),
        _UNITS.get(rule.of.unit, "count"),
        limit=Limit(found.threshold, f"limit {_fired_by(found)}"),
        label_room=_ROOM_PX + _LETTER_PX * len(_last(known, rule)),
        events=True,
    )
    data, alt = _rows(frame, found, rule, view), _alt(known, found, rule, view)
    return Picture(TITLE, f"{found.title}, {note(rule)}", alt, data, spec, timed=True)


def _fired_by(found: Alert) -> str:
    """The limit it fired by; the one that holds now may be another by what has become usual."""
    return written(found.threshold, found.unit)


def _last(known: pl.DataFrame, rule: Rule) -> str:
    return written(known["value"][-1], rule.of.unit)


def note(rule: Rule) -> str:
    """The unit of the figure, and how long its windows are."""
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
    return series.table([*line, *named, *series.hovers(told, shown)], height=HEIGHT)


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
