"""When people come: the hours of the day around a clock, or the week as a heat map."""

from __future__ import annotations

from typing import Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.display import rhythm
from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import chart, exports, live, panels, toolbar
from vcanalytics.ui.toggles import Choice

_FORM: Final = Choice("Rhythm as", "rhythm", {"polar": "Polar", "heat": "Heat"})
_MEANS: Final = {"polar": "area is the count", "heat": "darker, the more"}
NEVER: Final = "They appear here as soon as somebody signs in or uploads something."


def draw(defaults: Defaults) -> None:
    """The rhythm of the range, in its zone."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Rhythm",
        key="rhythm",
        note="events",
        streams=("activity",),
        csv=exports.link("rhythm", view, streams=("activity",), form=_FORM.value),
        picture="rhythm",
        below=True,
        choice=_FORM,
        skeleton=rhythm.HEIGHT,
        every_s=live.CALMLY_S,
    ):
        frame = cached.activity.heat(view.start, view.end, zone=view.zone_name).frame
        if not frame["events"].sum():
            panels.nothing_of("activity", view, NEVER)
        else:
            drawn = {"polar": rhythm.clock, "heat": rhythm.week}[_FORM.value]
            key = {"polar": "chart_polar", "heat": "chart_week"}[_FORM.value]
            chart.show(drawn(frame, view), key=key)
        st.caption(f"{view.name} {view.extent}, {view.zone_name}; the {_MEANS[_FORM.value]}.")
