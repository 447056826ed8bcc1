"""What changed against before, in numbers that add up to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.cached import changes
from vcanalytics.cached.changes import Compared
from vcanalytics.display import charts, formats, words
from vcanalytics.display.ranges import Against, Range
from vcanalytics.ui import chart, exports, panels
from vcanalytics.ui.toggles import Choice

_SHOWN: Final = 6
_ROW_PX: Final = 30
_NAME_CHARS: Final = 34
_BY: Final = Choice(
    "What changed by",
    "changed",
    {"price": "Price", "hour": "Hour", "weekday": "Day", "state": "State", "error": "Error"},
)
_UNIT: Final = {"state": "attempts", "error": "failed payments"}
#: States of which more is worse.
_WORSE: Final = frozenset({"failed", "error", "awaiting_payment", "pending", "cancelled"})


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
        panels.head("What changed", note=_UNIT.get(by, f"net, {code}"), key="", csv=csv)
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
        shown = changes.largest(parts, _SHOWN)
        if not shown.height:
            panels.empty("Nothing changed.", f"It is the same as {formats.literal(against.label)}.")
            return
        rows = [_bar(by, row, code) for row in shown.iter_rows(named=True)]
        frame = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
        chart.draw(
            frame,
            charts.changes(_ROW_PX * frame.height + 8, tuple(frame["name"]), _reach(frame)),
            key="chart_changes",
            alt=f"What changed: {frame['text'][0]}",
        )
        total = _worth(by, whole, code)
        against_what = formats.literal(against.label)
        st.caption(f"Adds up to **{formats.literal(total)}** against {against_what}.")


def _compared(view: Range, against: Against, code: str) -> Compared:
    """Like for like: while the range is open, as much of the one before."""
    return Compared(
        view.start, view.until, against.start, against.until, code, view.zone_name, view.now
    )


def _reach(frame: pl.DataFrame) -> tuple[float, float]:
    """How far the bars go to either side of the zero rule."""
    values = [float(value) for value in frame["value"]]
    return min(0.0, *values), max(0.0, *values)


def _bar(by: str, row: dict[str, Any], code: str) -> tuple[str, float, str, str, str]:
    name = _name(by, row, code)
    label = _worth(by, row["difference"], code)
    before, now = (_plain(by, row[side], code) for side in ("before", "now"))
    text = f"{name}: {label}, from {before} to {now}"
    return name, float(row["difference"]), _role(by, row), label, text


def _worth(by: str, difference: Decimal, code: str) -> str:
    sign = "+" if difference >= 0 else "-"
    return f"{sign}{_plain(by, abs(difference), code)}"


def _plain(by: str, value: Decimal, code: str) -> str:
    return formats.money(value, code) if by in changes.MONEY else formats.count(int(value))


def _name(by: str, row: dict[str, Any], code: str) -> str:
    name, rises = row["name"], row["difference"] > 0
    if name is None:
        return "Everything else"
    match by:
        case "price" if name == changes.REFUNDS:
            return "Fewer refunds" if rises else "More refunds"
        case "price":
            at = formats.money(Decimal(name), code)
            return f"{'More' if rises else 'Fewer'} payments at {at}"
        case "hour":
            return f"{name}:00 to {(int(name) + 1) % 24:02d}:00"
        case "weekday":
            return f"{name.capitalize()}s"
        case "state":
            return words.status(name).label
        case _:
            return name or "No message"


def _role(by: str, row: dict[str, Any]) -> str:
    rises = row["difference"] > 0
    if by == "error" or (by == "state" and row["name"] in _WORSE):
        return "critical" if rises else "good"
    if by == "state" and row["name"] == "refunded":
        return "refund"
    if by == "state" and row["name"] != "completed":
        return "muted"
    return "good" if rises else "critical"
