"""What was vectorised by which strategy: how long it took, how much of it, what failed."""

from __future__ import annotations

from typing import Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.display import strategies
from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import chart, exports, live, panels, toolbar
from vcanalytics.ui.toggles import Choice

#: Performance asks how long each takes, Activity how much each is used.
_TIMES: Final = Choice("Strategies as", "strategies", {"bars": "Bars", "doughnut": "Doughnut"})
_SHARES: Final = Choice("Strategies as", "strategies", {"doughnut": "Doughnut", "bars": "Bars"})


def draw(defaults: Defaults, *, shares: bool = False) -> None:
    """What was vectorised by strategy: how long it took and failed, or how much of it each did."""
    choice = _SHARES if shares else _TIMES
    view = toolbar.view(defaults)
    frame = cached.strategies(view.start, view.until).frame
    with panels.panel(
        "Strategies",
        key="strategies",
        note="p95, failed, uploads" if choice.value == "bars" else "",
        streams=("activity",),
        csv=exports.link("strategies", view, streams=("activity",), form=choice.value),
        picture="strategies",
        below=True,
        choice=choice,
        every_s=live.CALMLY_S,
    ):
        picture = strategies.picture(frame, choice.value)
        if picture is None:
            panels.empty("Nothing was vectorised in this range.", "Choose a longer one.")
            return
        key = {"bars": "chart_strategies", "doughnut": "chart_shares"}[choice.value]
        chart.show(picture, key=key)
        if picture.legend:
            st.markdown(chart.listed(picture.legend))
