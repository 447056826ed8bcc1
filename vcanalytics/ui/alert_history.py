"""What has fired in the range: filtered and paged where it lies, and whole as CSV."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics.cached import alerts
from vcanalytics.cached.alerts import Alert, AlertFilters, AlertState, Severity
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import alerts as shown
from vcanalytics.ui import exports, live, panels, tables, toolbar
from vcanalytics.ui.panels import Link

_ROWS: Final = 15
_RULE_CHARS: Final = 64


def _asked(param: str, known: Sequence[str]) -> str:
    value = st.query_params.get(param, "")
    return value if value in known else ""


def filters(view: Range) -> AlertFilters:
    """What the URL asks for: state, severity, rule, within the range."""
    state = _asked("state", list(AlertState))
    severity = _asked("severity", list(Severity))
    rule = st.query_params.get("rule", "")[:_RULE_CHARS]
    return AlertFilters(
        states=(AlertState(state),) if state else (),
        severities=(Severity(severity),) if severity else (),
        rules=(rule,) if rule else (),
        start=view.start,
        end=view.end,
    )


def draw(defaults: Defaults) -> None:
    """Alerts that were firing at any time in the range, what fired last first."""
    view = toolbar.view(defaults)
    with panels.contained("history", skeleton=300):
        wanted = filters(view)
        total = alerts.count(wanted)
        with st.container(gap=None):
            live.listen((live.ALERTS,), key="history")
            panels.head("History", note=f"{formats.count(total)} {view.spoken}, the newest first")
        _filters(wanted)
        if not total:
            _nothing(wanted, view)
            return
        pages = math.ceil(total / _ROWS)
        page = min(_page(), pages)
        found = alerts.history(wanted, limit=_ROWS, offset=(page - 1) * _ROWS)
        _table(found, view)
        _below(page, pages, total, wanted, view)


def _page() -> int:
    text = st.query_params.get("page", "")
    return int(text[:9]) if text.isascii() and text.isdigit() and int(text[:9]) > 0 else 1


def _filters(wanted: AlertFilters) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        _choice("State", "state", list(AlertState), next(iter(wanted.states), ""))
        _choice("Severity", "severity", list(Severity), next(iter(wanted.severities), ""))
        st.session_state["alerts_rule"] = next(iter(wanted.rules), "")
        st.text_input(
            "Rule",
            key="alerts_rule",
            max_chars=_RULE_CHARS,
            placeholder="Any",
            on_change=_write,
            args=("rule", "alerts_rule"),
            width=200,
        )


def _choice(label: str, param: str, known: Sequence[str], chosen: str) -> None:
    key = f"alerts_{param}"
    st.session_state[key] = chosen
    st.selectbox(
        label,
        ["", *known],
        format_func=lambda value: value.capitalize() or "All",
        key=key,
        on_change=_write,
        args=(param, key),
        width=130,
    )


def _write(param: str, key: str) -> None:
    picked = str(st.session_state.get(key) or "").strip()
    st.query_params.pop("page", None)
    if picked:
        st.query_params[param] = picked
    else:
        st.query_params.pop(param, None)


def _nothing(wanted: AlertFilters, view: Range) -> None:
    filtered = bool(wanted.states or wanted.severities or wanted.rules)
    panels.empty(
        f"{'Nothing of this kind' if filtered else 'Nothing'} fired "
        f"{formats.literal(view.spoken)}.",
        "What is over is kept for 400 days.",
        link=Link("pages/alerts.py", "Show all that is kept", {"range": "all"}),
        icon="history",
    )


def _table(found: list[Alert], view: Range) -> None:
    frame = pl.DataFrame(
        {
            "severity": shown.severity_cells(found),
            "fired": [formats.moment(one.fired_at, view.zone, view.now) for one in found],
            "title": [one.title for one in found],
            "lasted": [_lasted(one, view) for one in found],
            "worst": [shown.worst(one) for one in found],
            "state": [shown.state(one, view.now) for one in found],
            "rule": [one.rule for one in found],
            "series": [one.series for one in found],
        }
    )
    column, phone = st.column_config, toolbar.phone()
    tables.picked_from(
        frame.select("severity", "fired", "title") if phone else frame,
        [one.number for one in found],
        shown.opened(),
        key="history_table",
        pick=shown.pick,
        rows_max=_ROWS,
        columns={
            "severity": shown.severity_column(),
            "fired": column.TextColumn("Fired", width=110),
            "title": column.TextColumn("What", width=130 if phone else 230),
            "lasted": column.TextColumn("Lasted", alignment="right", width=110),
            "worst": column.TextColumn("Worst", alignment="right", width=90),
            "state": column.TextColumn("State", width=130),
            "rule": column.TextColumn("Rule", width=150),
            "series": column.TextColumn("Of", width=140),
        },
        alt="Alerts of the range, the newest first; select one to see it",
    )


def _lasted(one: Alert, view: Range) -> str:
    until = one.resolved_at or view.now
    return formats.age((until - one.started_at).total_seconds())


def _below(page: int, pages: int, total: int, wanted: AlertFilters, view: Range) -> None:
    csv = exports.link(
        "alerts",
        view,
        streams=(),
        state=next((one.value for one in wanted.states), None),
        severity=next((one.value for one in wanted.severities), None),
        rule=next(iter(wanted.rules), None),
    )
    tables.below("alerts_page", page, pages, rows=_ROWS, total=total, csv=csv)
