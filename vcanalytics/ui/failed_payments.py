"""What Failures arranges of failed payments: how many over time, their messages, one message."""

from __future__ import annotations

import math
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics import search
from vcanalytics.cached import failures
from vcanalytics.cached.failures import CHARGED, Pattern
from vcanalytics.display import failures as drawn
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import chart, exports, notes, panels, pattern, tables, toolbar

_ROWS: Final = 12
_HEIGHT: Final = 150
_TICKS: Final = 8
#: A spark of more bars than a cell has pixels shows nothing.
_SPARK_MAX: Final = 20
_NEW: Final = words.Word("New", "blue", "fiber_new", "subject")
NO_MESSAGE: Final = "no message"


def draw(defaults: Defaults) -> None:
    """All of it; drawn anew when payments have moved."""
    view = toolbar.view(defaults)
    opened = pattern.opened()
    if opened is not None and toolbar.phone():
        st.button("All messages", icon=":material/chevron_left:", on_click=pattern.close)
        with panels.box("pattern"), panels.contained("pattern"):
            pattern.draw(opened, view)
        return
    wide, narrow = st.columns([1.55, 1], gap="xsmall")
    with wide, panels.box("failed"):
        _patterns(opened, view)
    with narrow, panels.box("pattern"), panels.contained("pattern"):
        if opened is None:
            _explained()
        else:
            pattern.draw(opened, view)


def _patterns(opened: Pattern | None, view: Range) -> None:
    with panels.contained("failed", skeleton=420):
        found = failures.patterns(view.start, view.end).frame
        whole = found.filter(pl.col("currency").is_null())
        panels.head("Failed payments", note=_note(whole), key="failed", streams=("transactions",))
        if not whole.height:
            panels.empty(
                f"No payment failed {formats.literal(view.spoken)}.",
                "Those that are open or were left are on the desk.",
                icon="check_circle",
            )
            return
        pages = math.ceil(whole.height / _ROWS)
        page = min(search.page_number(st.query_params.get("page", "")) or 1, pages)
        shown = whole.slice((page - 1) * _ROWS, _ROWS)
        told = _over_time(shown, view)
        _chart(told, view)
        _table(shown, found, told, opened, view)
        csv = exports.link("failures", view, streams=("transactions",))
        tables.below(
            "failed_page", page, pages, rows=_ROWS, total=whole.height, csv=csv, picture="failures"
        )


def _note(whole: pl.DataFrame) -> str:
    if not whole.height:
        return ""
    charged = int(whole.filter(pl.col("finding") == CHARGED)["count"].sum())
    new = int(whole["new"].fill_null(value=False).sum())
    parts = [
        formats.counted(int(whole["count"].sum()), "payment", "payments"),
        f"{formats.count(charged)} of them charged" if charged else "",
        formats.counted(whole.height, "message", "messages"),
        f"{formats.count(new)} new" if new else "",
    ]
    return ", ".join(part for part in parts if part)


def _over_time(shown: pl.DataFrame, view: Range) -> failures.OverTime:
    return failures.over_time(
        view.start,
        view.end,
        zone=view.zone_name,
        now=view.now,
        grain=view.grain,
        week_start=view.week_start,
        named=tuple(shown["pattern"].unique().sort()),
    )


def _chart(told: failures.OverTime, view: Range) -> None:
    picture = drawn.over_time(told.windows, told.counts, view)
    if picture is None:
        return
    chart.show(picture, key="chart_failed", notes=notes.on(picture, view))
    still = f"\u2003:gray[the {view.grain.value} of now is open still]" if view.open else ""
    st.markdown(f"{chart.legend(picture.legend)[:-1]}{still}]")


def _spark(told: failures.OverTime, key: Pattern) -> list[int]:
    """How often window by window; of many windows, some together."""
    mine = told.counts.filter(
        pl.col("finding") == key.finding, pl.col("pattern").is_not_null(), _is(key.text)
    )
    by = dict(mine.select("window_start", "count").iter_rows())
    counts = [by.get(start, 0) for start in told.windows["window_start"]]
    every = max(1, math.ceil(len(counts) / _SPARK_MAX))
    return [sum(counts[i : i + every]) for i in range(0, len(counts), every)]


def _is(text: str) -> pl.Expr:
    return pl.col("pattern") == text


def own() -> str:
    """The currency whose amounts stand plainly."""
    return cached.settings().currency


def money(found: pl.DataFrame) -> str:
    """What the rows of a pattern's currencies are worth, the console's own first: never added."""
    mine = own()
    sums = dict(found.select("currency", "amount").iter_rows())
    order = sorted(sums, key=lambda code: (code != mine, code))
    told = [
        formats.money_plain(sums[code], code) + ("" if code == mine else f"{formats.NBSP}{code}")
        for code in order
        if sums[code] is not None
    ]
    return " \u00b7 ".join(told) or formats.ABSENT


def _table(
    shown: pl.DataFrame,
    found: pl.DataFrame,
    told: failures.OverTime,
    opened: Pattern | None,
    view: Range,
) -> None:
    keys = [Pattern(*row) for row in shown.select("finding", "pattern").iter_rows()]
    single = found.filter(pl.col("currency").is_not_null())
    marks = [
        [drawn.KINDS[key.finding].label, *([_NEW.label] if new else [])]
        for key, new in zip(keys, shown["new"], strict=True)
    ]
    frame = pl.DataFrame(
        {
            "kind": pl.Series(marks, dtype=pl.List(pl.String)),
            "message": [key.text or NO_MESSAGE for key in keys],
            "count": shown["count"],
            "share": [formats.rate(share) for share in shown["share"]],
            "spark": pl.Series([_spark(told, key) for key in keys], dtype=pl.List(pl.Int64)),
            "customers": shown["customers"],
            "money": [
                money(single.filter(pl.col("finding") == key.finding, _is(key.text)))
                for key in keys
            ],
            "first": tables.moments(shown["first_at"], view.zone, view.now),
            "last": tables.moments(shown["last_at"], view.zone, view.now),
        }
    )
    ids = [f"{key.finding} {key.text}" for key in keys]
    chosen = f"{opened.finding} {opened.text}" if opened is not None else None

    def pick(one: str | None) -> None:
        pattern.open_(keys[ids.index(one)] if one is not None else None)

    tables.picked_from(
        frame.select("kind", "count", "message") if toolbar.phone() else frame,
        ids,
        chosen,
        key="failed_table",
        pick=pick,
        rows_max=_ROWS,
        columns=_columns(),
        alt="Messages of failed payments, the most frequent first; select one to see its payments",
    )


def _columns() -> dict[str, Any]:
    column = st.column_config
    phone = toolbar.phone()
    return {
        "kind": tables.chips("What", [*drawn.KINDS.values(), _NEW], 84 if phone else 112),
        "message": column.TextColumn("Message", width=210 if phone else 216),
        "count": column.NumberColumn("Times", format="%,d", width=52),
        "share": column.TextColumn("Share", width=58, alignment="right"),
        "spark": column.BarChartColumn("Over time", width=84, y_min=0, color="red"),
        "customers": column.NumberColumn("People", format="%,d", width=54),
        "money": column.TextColumn(own(), width=104, alignment="right"),
        "first": column.TextColumn("First", width=96),
        "last": column.TextColumn("Last", width=96),
    }


def _explained() -> None:
    days = failures.NEW_AFTER.days
    st.header("What stands here", anchor=False)
    st.markdown(
        "Payments whose state is failed or error, by when they were begun. Numbers, ids, addresses"
        " and text in quotes are taken out of their messages, so that one cause is one line.\n\n"
        ":orange[**Charged**]: the message only comes after PayPal took the money; these customers"
        " paid and stand on the desk as *Charged, marked failed*.\n\n"
        f":blue[**New**]: seen in the range, and not in the {days} days before it."
    )
    st.caption("Select a message to see its payments, its exact words, and the log's.")
