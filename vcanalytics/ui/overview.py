"""What Overview arranges: takings so far, needs a person, the tiles, the feed, freshness."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics.transactions import Filters
from vcanalytics.cached import alerts
from vcanalytics.cached.alerts import Alert
from vcanalytics.display import charts, formats, words
from vcanalytics.display import takings as so_far
from vcanalytics.display.ranges import Against, Defaults, Range
from vcanalytics.ui import chart, exports, live, notes, panels, tables, tiles, toolbar
from vcanalytics.ui.panels import Link

BOOKS: Final = ("transactions", "disputes")
_FEED_ROWS: Final = 6


def _so_far(view: Range, currency: str) -> so_far.SoFar:
    def ask(span: Range | Against) -> pl.DataFrame:
        step = so_far.step(span)
        return cached.takings(span.start, span.end, currency=currency, step=step).frame

    return so_far.of(ask, view, currency)


def takings(defaults: Defaults) -> None:
    """How much so far, with both comparisons."""
    view = toolbar.view(defaults)
    currency = cached.settings().currency
    title = so_far.title(view)
    with panels.panel(
        title,
        key="takings",
        note=f"{currency}, gross",
        streams=("transactions",),
        csv=exports.link("takings", view, currency=currency),
        picture="takings",
        link=Link("pages/revenue.py", "Revenue", toolbar.params(view)),
        skeleton=230,
    ):
        picture, total, before = _so_far(view, currency)
        clock = formats.clock(view.until, view.zone, seconds=False)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            with st.container(width="content"):
                change = tiles.money_change(
                    total, before[0][1] if before else None, currency, "more"
                )
                until = f" to {clock}" if view.open else ""
                label = f"against {before[0][0]}{until}" if before else "no earlier data"
                tiles.figure(
                    title,
                    formats.money(total, currency),
                    tiles.Change(change.text, change.colour, label),
                    visible=False,
                )
            st.space("stretch")
            lines = [
                _comparison_line(mark, f"{name}{until}", total, amount, currency)
                for mark, (name, amount) in zip(
                    ("\u2014", "\u00b7\u00b7\u00b7"), before, strict=False
                )
            ]
            st.markdown("  \n".join(lines), width="content")
        chart.show(picture, key="chart_takings", notes=notes.over(view))


def _comparison_line(mark: str, label: str, total: Decimal, before: Decimal, currency: str) -> str:
    share = formats.share_of_change(total, before)
    delta = ""
    if share is not None:
        colour = "gray" if abs(share) < formats.QUIET_SHARE else ("green" if share > 0 else "red")
        arrow = "arrow_upward" if share > 0 else "arrow_downward"
        delta = f":{colour}[:material/{arrow}: {formats.percent(abs(share) * 100, 1)}]"
    amount = formats.literal(formats.money(before, currency))
    gap = "\u2002\u2002"
    return f":small[:gray[{mark} {label}]{gap}{amount}{gap}{delta}]"


def needs_a_person(defaults: Defaults) -> None:
    """What waits for somebody, most urgent first, at any age: no case ends at midnight."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Needs a person", key="needs", note="most urgent first", streams=BOOKS, skeleton=230
    ):
        live.listen((live.ALERTS, live.CASES), key="needs_alerts")
        found = cached.desk.still_to_do(cached.waiting(_URGENT, now=view.now))
        shown = [finding for finding in words.FINDINGS if finding.name in _URGENT]
        rows = [(f, found.filter(pl.col("finding") == f.name).sort("since")) for f in shown]
        rows = [(finding, frame) for finding, frame in rows if frame.height][:_NEEDS_MAX]
        firing = alerts.firing()
        if firing:
            _firing(firing, view)
        if not rows and not firing and cached.streams()["transactions"].last_at is None:
            # No data is never good news.
            panels.nothing_in(view)
            return
        if not rows and not firing:
            panels.empty("Nobody waits.", "Every paid order was served.", icon="check_circle")
            return
        for finding, frame in rows:
            _need(finding, frame, view)


def _firing(found: list[Alert], view: Range) -> None:
    """How many alerts are firing, the worst by name."""
    worst = words.severity(found[0].severity)
    number = formats.counted(len(found), "alert", "alerts")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.page_link(
            "pages/alerts.py",
            label=f":{worst.colour}[:material/notifications_active:] **{number}** firing",
            icon="",
        )
        st.space("stretch")
        age = formats.age((view.now - found[0].started_at).total_seconds())
        title = formats.literal(found[0].title)
        st.markdown(f":small[{title}\u2002\u2002:gray[{age}]]", width="content")


_NEEDS_MAX: Final = 6
_URGENT: Final = (
    "captured_but_failed",
    "paid_not_mailed",
    "paid_no_account",
    "stuck",
    "case_without_refund",
    "refund_without_case",
    "suspicious",
)


def _need(finding: words.Finding, frame: pl.DataFrame, view: Range) -> None:
    oldest: datetime = frame["since"].to_list()[0] if frame.height else view.now
    sums = frame.group_by("currency", maintain_order=True).agg(pl.col("amount").sum())
    own = cached.settings().currency
    worth = sorted(sums.iter_rows(), key=lambda row: (row[0] != own, row[0]))
    money, *others = [formats.money(row[1], row[0]) for row in worth if row[1]] or [""]
    if others and not toolbar.phone():
        # Another currency is another figure.
        money = f"{money} and {' and '.join(others)}"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.page_link(
            "pages/reconcile.py",
            label=f":{finding.colour}[:material/{finding.icon}:] "
            f"**{formats.count(frame.height)}** {finding.short}",
            icon="",
            query_params={"finding": finding.name},
        )
        st.space("stretch")
        waiting = (view.now - oldest).total_seconds()
        age = formats.age(waiting, units=1 if toolbar.phone() else 2)
        st.markdown(f":small[{formats.literal(money)}\u2002\u2002:gray[{age}]]", width="content")


def by_status(defaults: Defaults) -> None:
    """What was begun in the range, by the state it is in now."""
    view = toolbar.view(defaults)
    found = cached.by_status(Filters(start=view.start, end=view.end, samples=False)).frame
    total = int(found["count"].sum())
    with panels.panel(
        "By status",
        key="status",
        note=f"{formats.count(total)} begun",
        streams=("transactions",),
        link=Link("pages/transactions.py", "Payments", toolbar.params(view)),
    ):
        if not total:
            st.caption("None in this range.")
            return
        chart.draw(
            charts.status_rows(found),
            charts.strip(),
            key="chart_status",
            alt="Payments by status: "
            + ", ".join(f"{words.status(s).label} {n}" for s, n in found.iter_rows()),
        )
        st.markdown(charts.status_legend(found))


def feed(defaults: Defaults) -> None:
    """What happened last."""
    view = toolbar.view(defaults)
    currency = cached.settings().currency
    with panels.panel(
        "Live feed",
        key="feed",
        streams=BOOKS,
        link=Link("pages/transactions.py", "Transactions", toolbar.params(view)),
        skeleton=240,
    ):
        events = cached.feed(now=view.now, limit=_FEED_ROWS)
        if not events.height:
            panels.nothing_in(view, "in the last 24 hours")
            return
        st.dataframe(
            _feed_frame(events, view, currency),
            key="feed_table",
            hide_index=True,
            height=tables.height(_FEED_ROWS),
            row_height=tables.ROW_PX,
            column_config=_feed_columns(events, currency),
            alt="What happened to payments last",
        )


def _feed_frame(events: pl.DataFrame, view: Range, currency: str) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "time": tables.moments(events["happened_at"], view.zone, view.now),
            "event": [[words.event(*row).label] for row in events.select("what", "status").rows()],
            "email": events["email"],
            "what": [tables.what_happened(row) for row in events.iter_rows(named=True)],
            "amount": tables.amounts(events["amount"], events["currency"], currency),
        },
        schema_overrides={"event": pl.List(pl.String), "what": pl.String},
    )
    order = ["time", "event", "amount", "email"] if toolbar.phone() else frame.columns
    return frame.select(order)


def _feed_columns(events: pl.DataFrame, currency: str) -> dict[str, Any]:
    column = st.column_config
    found = [words.event(*row) for row in events.select("what", "status").rows()]
    return {
        "time": column.TextColumn("Time", width=90),
        "event": tables.chips("State", found),
        "email": column.TextColumn("Customer", width=230),
        "what": column.TextColumn("What happened"),
        "amount": column.TextColumn(currency, width=90, alignment="right"),
    }


def freshness(defaults: Defaults) -> None:
    """Each stream, and how long ago its source was last read; the way to reports."""
    with st.container(gap="xxsmall", key="panel_freshness"), panels.contained("freshness"):
        # Its head leads to the reports: a row of their own would reach below the screen.
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.header("Freshness", anchor=False, width="content")
            st.caption("last read", width="content")
            st.space("stretch")
            reports = exports.reports(toolbar.view(defaults))
            st.markdown(f":small[{reports}]", width="content")
        rows = []
        for name, state in cached.streams().items():
            note = (
                f"{formats.counted(state.rejected, 'row', 'rows')} kept aside"
                if state.rejected
                else ""
            )
            if state.reading_history:
                note = f"{formats.count(state.done)} of {formats.count(state.total)} rows read"
            rows.append((name, live.STALE_AFTER_S, note))
        live.freshness(rows, key="freshness")
