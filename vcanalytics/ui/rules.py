"""What Alerts shows of rules: those in force, and when one would have fired lately."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.cached import rules
from vcanalytics.cached.rules import Rule
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.errors import ConsoleError, SettingError
from vcanalytics.ui import panels, tables, toolbar

_DAYS: Final = 30
_ROWS: Final = 12
_TESTED: Final = "rule_tested"
_ASKED: Final = "rule_to_test"


def draw(defaults: Defaults) -> None:
    """The rules in force and where they stand; one can be tested on the last 30 days."""
    view = toolbar.view(defaults)
    with panels.contained("rules", skeleton=300):
        where = rules.source()
        panels.head("Rules", note=f"of {where}" if where else "built in: VC_RULES_FILE is empty")
        try:
            found = rules.in_force()
        except SettingError as error:
            st.warning(formats.literal(f"{error}"), title="The file of rules is refused")
            return
        _table(found)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            st.selectbox("Rule", list(found), key=_ASKED, width=260)
            st.button(f"Test on the last {_DAYS} days", key="rule_test", on_click=_test)
        _tested(view)


def _limit(rule: Rule) -> str:
    return f"{rule.given.replace('_', ' ')} {getattr(rule, rule.given)}"


def _table(found: dict[str, Rule]) -> None:
    frame = pl.DataFrame(
        {
            "rule": list(found),
            "title": [rule.title for rule in found.values()],
            "limit": [_limit(rule) for rule in found.values()],
            "hold": [_length(rule) for rule in found.values()],
            "severity": [rule.severity.value.capitalize() for rule in found.values()],
            "on": ["on" if rule.enabled else "off" for rule in found.values()],
        }
    )
    column: Any = st.column_config
    st.dataframe(
        frame.select("title", "limit") if toolbar.phone() else frame,
        key="rules_table",
        hide_index=True,
        height=tables.height(min(frame.height, _ROWS)),
        row_height=tables.ROW_PX,
        column_config={
            "rule": column.TextColumn("Rule", width=170),
            "title": column.TextColumn("What", width=150 if toolbar.phone() else 260),
            "limit": column.TextColumn("Fires", width=150),
            "hold": column.TextColumn("Held for", width=80),
            "severity": column.TextColumn("Severity", width=80),
            "on": column.TextColumn("State", width=60),
        },
        placeholder="",
        alt="Rules in force, with their limits",
    )


def _length(rule: Rule) -> str:
    held = rule.hold.total_seconds()
    return formats.duration(held) if held else formats.ABSENT


def _test() -> None:
    name = str(st.session_state.get(_ASKED) or "")
    try:
        frame, found = rules.test_on(name, _DAYS)
    except ConsoleError as error:
        st.session_state[_TESTED] = (name, panels.sentence(error), None)
        return
    number = len(found.episodes) + found.more
    times = "never" if not number else "once" if number == 1 else f"{formats.count(number)} times"
    step = formats.duration(found.step.total_seconds())
    said = f"{name} would have fired {times} in {_DAYS} days, judged every {step}."
    st.session_state[_TESTED] = (name, formats.literal(said), frame)


def _tested(view: Range) -> None:
    told = st.session_state.get(_TESTED)
    if told is None:
        return
    _, said, frame = told
    st.markdown(said)
    if frame is None or not frame.height:
        return
    newest = frame.sort("fired_at", descending=True)
    shown = newest.select(
        tables.moments(newest["fired_at"], view.zone, view.now).alias("fired"),
        tables.moments(newest["resolved_at"], view.zone, view.now).alias("over"),
        pl.col("peak"),
        pl.col("series"),
    )
    column: Any = st.column_config
    st.dataframe(
        shown,
        key="rule_tested_table",
        hide_index=True,
        height=tables.height(min(shown.height, _ROWS)),
        row_height=tables.ROW_PX,
        column_config={
            "fired": column.TextColumn("Would have fired", width=130),
            "over": column.TextColumn("Over", width=130),
            "peak": column.NumberColumn("Worst", width=80),
            "series": column.TextColumn("Of", width=160),
        },
        placeholder="",
        alt=f"When the rule would have fired in the last {_DAYS} days, the newest first",
    )
