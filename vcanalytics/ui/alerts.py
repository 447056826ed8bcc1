"""What Alerts shows of alerts: what is firing, and the one that is open with all that is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.accounts import Principal, Role
from vcanalytics.alerts.quantities import written
from vcanalytics.cached import alerts
from vcanalytics.cached.alerts import Alert, AlertEvent
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import alert_rows, channels, doing, live, panels, tables, toolbar, who

_ROWS: Final = 12
_EVENTS: Final = 30
DURATIONS: Final = {
    "1 hour": timedelta(hours=1),
    "4 hours": timedelta(hours=4),
    "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
}


def opened() -> int | None:
    """The number of the alert that is open by the URL."""
    text = st.query_params.get("alert", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def close() -> None:
    """Close the alert that is open; for callbacks."""
    st.query_params.pop("alert", None)
    live.rerun_page()


def pick(number: int | None) -> None:
    """Open the alert that was picked in a list, or none; for callbacks."""
    if number is None:
        close()
        return
    st.query_params["alert"] = str(number)
    live.rerun_page()


def place(number: int) -> str:
    """Where what was done to an alert is told."""
    return f"alert:{number}"


def figure(alert: Alert) -> str:
    """The figure as the rule says it: ``40 %``; a dash where there are no data."""
    if alert.no_data or alert.value is None:
        return formats.ABSENT
    said = alert.detail.get("value")
    return str(said) if said else _measured(alert.value, alert.unit)


def limit(alert: Alert) -> str:
    """What the figure was to stay within."""
    said = alert.detail.get("threshold")
    return str(said) if said else _measured(alert.threshold, alert.unit)


def worst(alert: Alert) -> str:
    """The worst the figure was while it fired."""
    return formats.ABSENT if alert.peak is None else _measured(alert.peak, alert.unit)


def _measured(value: float, unit: str) -> str:
    return written(value, unit).replace(" ", formats.NBSP)


def severity_cells(found: list[Alert]) -> pl.Series:
    """Severities as chips."""
    labels = [[words.severity(one.severity).label] for one in found]
    return pl.Series("severity", labels, dtype=pl.List(pl.String))


def severity_column() -> Any:
    """The column of these chips."""
    return tables.chips("Severity", words.SEVERITIES.values(), width=84)


def state(alert: Alert, now: datetime) -> str:
    """Who minds it, in a few words."""
    if alert.resolved_at is not None:
        return "Over"
    if alert.acknowledged_by:
        return f"Taken by {alert.acknowledged_by}"
    if _silenced(alert, now):
        return "Silenced"
    return "Flapping" if alert.flapping else "Nobody yet"


def _silenced(alert: Alert, now: datetime) -> bool:
    return any(one.covers(alert.rule, alert.series, now) for one in alerts.standing(now))


def firing(defaults: Defaults) -> None:
    """What is firing now, the worst first; a row opens it."""
    view = toolbar.view(defaults)
    with panels.contained("firing", skeleton=240):
        found = alerts.firing()
        note = f"{formats.count(len(found))}, the worst first" if found else "nothing"
        if found and opened() is None:
            note += ": select one to see why it fired, to take it up or to silence it"
        with st.container(gap=None):
            live.listen((live.ALERTS,), key="firing")
            panels.head("Firing now", note=note)
        if not alerts.watched():
            panels.empty(
                "Nobody is watching.",
                "No watchman has run for this shop yet: VC_WATCHMAN must be on.",
                icon="visibility_off",
            )
            return
        if not found:
            panels.empty("Nothing is firing.", "Every rule holds.", icon="check_circle")
            return
        _table(found[:_ROWS], view)
        if len(found) > _ROWS:
            st.caption(f"And {formats.count(len(found) - _ROWS)} more, in the history below.")


def _table(found: list[Alert], view: Range) -> None:
    frame = pl.DataFrame(
        {
            "severity": severity_cells(found),
            "title": [one.title for one in found],
            "series": [one.series for one in found],
            "figure": [figure(one) for one in found],
            "limit": [limit(one) for one in found],
            "since": [formats.moment(one.started_at, view.zone, view.now) for one in found],
            "state": [state(one, view.now) for one in found],
        }
    )
    column, phone = st.column_config, toolbar.phone()
    if phone:
        frame = frame.select("severity", "title", "figure", "since")
    elif opened() is not None:
        # Beside it the open one stands with all that is known.
        frame = frame.select("severity", "title", "series", "figure", "since")
    tables.picked_from(
        frame,
        [one.number for one in found],
        opened(),
        key="firing_table",
        pick=pick,
        rows_max=_ROWS,
        columns={
            "severity": severity_column(),
            "title": column.TextColumn("What", width=130 if phone else 215),
            "figure": column.TextColumn("Figure", alignment="right", width=80),
            "limit": column.TextColumn("Limit", alignment="right", width=80),
            "since": column.TextColumn("Since", width=90),
            "state": column.TextColumn("Who minds it", width=120),
            "series": column.TextColumn("Of", width=150 if opened() is None else 110),
        },
        alt="Alerts that are firing, the worst first; select one to see it",
    )


def alert(defaults: Defaults) -> None:
    """The alert that is open: why, since when, what was done; and what can be."""
    view = toolbar.view(defaults)
    with panels.contained("alert"):
        number = opened()
        found = None if number is None else alerts.find(number)
        if number is None or found is None:
            panels.empty("This alert is not known.", "It may have been let go with age.")
            st.button("Close", icon=":material/close:", on_click=close, key="alert_close")
            return
        with st.container(gap=None):
            live.listen((live.ALERTS,), key="alert")
            _head(found)
        doing.tell(place(number))
        _why(found, view)
        if found.resolved_at is None and who.may(Role.OPERATOR):
            _actions(found)
        channels.told(number, view)
        _story(alerts.events(number), view)


def _head(found: Alert) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.header(formats.literal(found.title), anchor=False, width="content")
        word = words.severity(found.severity)
        over = found.resolved_at is not None
        chips = [panels.chip(word.label, word.colour, word.icon)]
        chips += [panels.chip("Over", "green", "check_circle")] if over else []
        chips += [panels.chip("No data", "gray", "help")] if found.no_data else []
        chips += [panels.chip("Flapping", "orange", "swap_vert")] if found.flapping else []
        st.markdown(" ".join(chips), width="content")
        st.space("stretch")
        st.button("Close", key="alert_close", type="tertiary", on_click=close)


def _why(found: Alert, view: Range) -> None:
    if what := str(found.detail.get("what", "")):
        st.markdown(formats.literal(what))
    left, middle, right = st.columns(3, gap="xsmall")
    left.metric("Figure", figure(found))
    middle.metric("Limit", limit(found))
    right.metric("Worst", worst(found))
    parts = [f"since {formats.moment(found.started_at, view.zone, view.now)}"]
    parts.append(f"fired {formats.moment(found.fired_at, view.zone, view.now)}")
    if found.resolved_at is not None:
        parts.append(f"over {formats.moment(found.resolved_at, view.zone, view.now)}")
    rule = f"Rule {found.rule}" + (f", {found.series}" if found.series else "")
    st.caption(formats.literal(f"{rule}; {', '.join(parts)}."))
    if found.acknowledged_by and found.acknowledged_at is not None:
        when = formats.moment(found.acknowledged_at, view.zone, view.now)
        said = f": {found.note}" if found.note else ""
        line = f"Taken by {found.acknowledged_by} at {when}{said}"
        st.markdown(formats.literal(line))
    if runbook := str(found.detail.get("runbook", "")):
        st.markdown(f"**What to do.** {formats.literal(runbook)}")
    link = alert_rows.way(found, view)
    if link is not None:
        st.page_link(
            link.page,
            label=f"{link.label} :material/chevron_right:",
            icon="",
            query_params=dict(link.params),
        )


def _actions(found: Alert) -> None:
    key = f"{found.number}"
    with st.form(f"alert_form_{key}", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            st.text_input("Note", key=f"alert_note_{key}", max_chars=500, placeholder="Optional")
            st.selectbox("Silence for", list(DURATIONS), key=f"alert_for_{key}", width=130)
        with st.container(horizontal=True, gap="xsmall"):
            if found.acknowledged_by:
                st.form_submit_button("Give back", on_click=_give_back, args=(found.number,))
            else:
                st.form_submit_button("Acknowledge", on_click=_acknowledge, args=(found.number,))
            st.form_submit_button("Silence this rule", on_click=_silence, args=(found, False))
            if found.series:
                st.form_submit_button("Silence this one", on_click=_silence, args=(found, True))


def _acknowledge(number: int) -> None:
    said = str(st.session_state.get(f"alert_note_{number}") or "").strip()

    def change(me: Principal) -> str:
        found = alerts.acknowledge(number, by=me.actor, note=said)
        doing.note(me, "alert_acknowledged", found.rule, f"alert {number}")
        return "Taken: it is yours now."

    doing.act(
        place(number), "acknowledge an alert", change, role=Role.OPERATOR, target=f"alert {number}"
    )
    live.rerun_page()


def _give_back(number: int) -> None:
    def change(me: Principal) -> str:
        found = alerts.unacknowledge(number, by=me.actor)
        doing.note(me, "alert_unacknowledged", found.rule, f"alert {number}")
        return "Given back: nobody minds it."

    doing.act(
        place(number), "give back an alert", change, role=Role.OPERATOR, target=f"alert {number}"
    )
    live.rerun_page()


def _silence(found: Alert, only_series: bool) -> None:
    key = f"{found.number}"
    length = str(st.session_state.get(f"alert_for_{key}") or next(iter(DURATIONS)))
    said = str(st.session_state.get(f"alert_note_{key}") or "").strip()

    def change(me: Principal) -> str:
        one = alerts.begin_silence(
            found.rule,
            found.series if only_series else None,
            datetime.now(UTC) + DURATIONS[length],
            by=me.actor,
            note=said,
            alert=found.number,
        )
        doing.note(me, "silence_begun", found.rule, f"silence {one.number}, {length}")
        return f"Silenced for {length}: it is recorded, and nobody is told."

    doing.act(place(found.number), "silence a rule", change, role=Role.OPERATOR, target=found.rule)
    live.rerun_page()


def _story(found: list[AlertEvent], view: Range) -> None:
    """Who did what and when, the newest first."""
    st.markdown("**What happened**")
    for one in reversed(found[-_EVENTS:]):
        word = words.alert_event(one.kind)
        by = f" by {one.by}" if one.by else ""
        said = str(one.detail.get("note", "")) if one.by else ""
        told = f"{word.label}{by}" + (f": {said}" if said else "")
        when = formats.literal(formats.moment(one.at, view.zone, view.now))
        icon = f":{word.colour}[:material/{word.icon}:]"
        st.markdown(f":small[{icon} {formats.literal(told)}\u2002:gray[{when}]]")


def refused() -> None:
    """Say that the file of rules was refused as it stands, with line and reason."""
    told = alerts.refused_rules()
    if told is not None:
        st.warning(
            formats.literal(f"{told['problem']}. The rules before it hold."),
            title="The file of rules is refused",
            icon=":material/rule:",
        )
