"""How response times are spread: a heat map by window and band, or one bar a band."""

from __future__ import annotations

from typing import Final

from vcanalytics import cached
from vcanalytics.display import performance as shown
from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import chart, exports, live, notes, panels, performance, toolbar
from vcanalytics.ui.toggles import Choice

_FORM: Final = Choice("Distribution as", "spread", {"heat": "Heat", "bars": "Bars"})


def draw(defaults: Defaults) -> None:
    """How times are spread: a cell a window and band, or one bar a band."""
    view = toolbar.view(defaults)
    one = performance.endpoint()
    with panels.panel(
        "Distribution",
        key="distribution",
        note=f"{shown.KINDS[performance.kind()].lower()} per cell",
        streams=performance.STREAMS,
        csv=exports.link(
            "distribution",
            view,
            streams=performance.STREAMS,
            kind=performance.kind(),
            endpoint=one,
            form=_FORM.value,
        ),
        picture="distribution",
        choice=_FORM,
        skeleton=shown.HEIGHT,
        every_s=live.CALMLY_S,
    ):
        frame = cached.response_heat(
            view.start,
            view.end,
            kind=performance.kind(),
            endpoint=one,
            zone=view.zone_name,
            week_start=view.week_start,
            now=view.now,
        ).frame
        starts = cached.heat_windows(
            view.start, view.end, zone=view.zone_name, week_start=view.week_start
        )
        form, kind = _FORM.value, performance.kind()
        picture = shown.spread(frame, starts, view, kind=kind, form=form)
        if picture is None:
            panels.empty("Nothing was measured in this range.", "Choose a longer one.")
            return
        key = {"heat": "chart_heat", "bars": "chart_histogram"}[form]
        chart.show(picture, key=key, notes=notes.on(picture, view))
