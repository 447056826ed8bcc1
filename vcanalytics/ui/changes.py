"""What changed against before, in numbers that add up to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import streamlit as st

from vcanalytics.cached import changes
from vcanalytics.cached.changes import Compared
from vcanalytics.display import changes as changed
from vcanalytics.display import formats
from vcanalytics.display.ranges import Against, Range
from vcanalytics.ui import chart, exports, panels
from vcanalytics.ui.toggles import Choice

_BY: Final = Choice(
    "What changed by",
    "changed",
    {"price": "Price", "hour": "Hour", "weekday": "Day", "state": "State", "error": "Error"},
)


def draw(view: Range, code: str) -> None:
    """Bars of the largest changes, "everything else" last; their sum in the head."""
    by, against = _BY.value, view.against()
    asked = _compared(view, against, code) if against is not None else None
    with panels.contained("changes_head"):
        csv = None
        if asked is not None:
            csv = exports.link(
                "changes",
                view,
                by=by,
                currency=code,
                before_from=asked.before_start.isoformat(),
                before_to=asked.before_end.isoformat(),
            )
        panels.head("What changed", note=changed.unit(by, code), key="", csv=csv, picture="changes")
        _BY.draw(whole_page=True)
    with panels.contained("changes", skeleton=230):
        if asked is None or against is None or not against.whole:
            panels.empty(
                "Nothing to compare with.",
                "Pick a comparison above, or a range with earlier payments.",
            )
            return
        parts = changes.changed(by, asked)
        whole = sum(parts["difference"], Decimal(0))
        shown = changes.largest(parts, changed.SHOWN)
        if not shown.height:
            panels.empty("Nothing changed.", f"It is the same as {formats.literal(against.label)}.")
            return
        chart.show(changed.picture(shown, by, code), key="chart_changes")
        total = changed.worth(by, whole, code)
        against_what = formats.literal(against.label)
        st.caption(f"Adds up to **{formats.literal(total)}** against {against_what}.")


def _compared(view: Range, against: Against, code: str) -> Compared:
    """Like for like: while the range is open, as much of the one before."""
    return Compared(
        view.start, view.until, against.start, against.until, code, view.zone_name, view.now
    )
