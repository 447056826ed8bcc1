"""What Overview arranges: takings so far, needs a person, the tiles, the feed, freshness."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics.transactions import Filters
from vcanalytics.model.windows import Grain
from vcanalytics.ui import charts, exports, formats, live, panels, tables, tiles, toolbar, words
from vcanalytics.ui.panels import Link
from vcanalytics.ui.ranges import Against, Defaults, Range

BOOKS: Final = ("transactions", "disputes")
_FEED_ROWS: Final = 7
_SERIES: Final = {
    "t": pl.Float64,
    "value": pl.Float64,
    "series": pl.String,
    "label": pl.String,
    "text": pl.String,
}


def _running(
    view: Range, start_ms: float, against: Against | Range, series: str, name: str, currency: str
) -> tuple[list[tuple[Any, ...]], Decimal]:
    """Chart rows of one running total laid over ``view``'s days, and its sum so far."""
    frame = cached.takings(against.start, against.end, currency=currency)
    until = against.until
    so_far = frame.filter(pl.col("step_start") < until)["gross"].sum() if frame.height else 0
    if series == "subject":
        # The open step counts whole: what is taken is taken.
        so_far, frame_end = (frame["gross"].sum() if frame.height else 0), view.until
    else:
        frame_end = against.end
    first = charts.wall_ms(against.start, view.zone)
    rows: list[tuple[Any, ...]] = [(start_ms, 0.0, series, "", "")]
    total = Decimal(0)
    for at, gross in frame.select("step_start", "gross").iter_rows():
        total += gross
        t = start_ms + charts.wall_ms(at, view.zone) - first
        text = f"{name}, {formats.clock(at, view.zone, seconds=False)}: {formats.money(total, currency)}"
        rows.append((t, float(total), series, "", text))
    rows.append(
        (start_ms + charts.wall_ms(frame_end, view.zone) - first, float(total), series, "", "")
    )
    return rows, Decimal(so_far)


def _so_far(view: Range, currency: str) -> tuple[pl.DataFrame, Decimal, list[tuple[str, Decimal]]]:
    start_ms = charts.wall_ms(view.start, view.zone)
    rows, total = _running(view, start_ms, view, "subject", view.name, currency)
    before: list[tuple[str, Decimal]] = []
    kinds = [view.compare] if view.compare != "none" else []
    if view.compare == "previous" and view.preset in {"today", "yesterday"}:
        kinds.append("week")
    for kind, series in zip(kinds, ("comparison", "second"), strict=False):
        against = view.against(kind)
        if against is None:
            continue
        more, so_far = _running(view, start_ms, against, series, against.label, currency)
        rows += more
        before.append((against.label, so_far))
    if view.open:
        t = charts.wall_ms(view.until, view.zone)
        clock = formats.clock(view.until, view.zone, seconds=False)
        rows.append((t, float(total), "end", view.name, ""))
        rows.append((t, 0.0, "now", f"{clock} now", ""))
    return pl.DataFrame(rows, schema=_SERIES, orient="row"), total, before


def takings(defaults: Defaults) -> None:
    """How much so far, with both comparisons."""
    view = toolbar.view(defaults)
    currency = cached.settings().currency
    title = f"Takings {view.name.lower()}" if view.preset else "Takings"
    with panels.panel(
        title,
        key="takings",
        note=f"{currency}, gross",
        streams=("transactions",),
        csv=exports.link("takings", view, currency=currency),
        link=Link("pages/revenue.py", "Revenue", toolbar.params(view)),
        skeleton=230,
    ):
        data, total, before = _so_far(view, currency)
        clock = formats.clock(view.until, view.zone, seconds=False)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            with st.container(width="content"):
                change = tiles.money_change(
                    total, before[0][1] if before else None, currency, "more"
                )
                label = f"against {before[0][0]} to {clock}" if before else "no earlier data"
                tiles.figure(
                    title,
                    formats.money(total, currency),
                    tiles.Change(change.text, change.colour, label),
                    visible=False,
                )
            st.space("stretch")
            lines = [
                _comparison_line(mark, f"{name} to {clock}", total, so_far, currency)
                for mark, (name, so_far) in zip(
                    ("\u2014", "\u00b7\u00b7\u00b7"), before, strict=False
                )
            ]
            st.markdown("  \n".join(lines), width="content")
        charts.draw(
            data,
            charts.so_far(170, "%H:%M" if view.end - view.start <= timedelta(days=2) else "%-d %b"),
            key="chart_takings",
            alt=f"{title}: {formats.money(total, currency)} by {clock}",
        )


def _comparison_line(mark: str, label: str, total: Decimal, before: Decimal, currency: str) -> str:
    share = formats.share_of_change(total, before)
    delta = ""
    if share is not None:
        colour = "gray" if abs(share) < formats.QUIET_SHARE else ("green" if share > 0 else "red")
        arrow = "arrow_upward" if share > 0 else "arrow_downward"
        delta = f":{colour}[:material/{arrow}: {abs(share) * 100:,.1f}{formats.NBSP}%]"
    amount = formats.literal(formats.money(before, currency))
    gap = "\u2002\u2002"
    return f":small[:gray[{mark} {label}]{gap}{amount}{gap}{delta}]"


def needs_a_person(defaults: Defaults) -> None:
    """What waits for somebody, most urgent first, over all time: a case does not end at midnight."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Needs a person", key="needs", note="most urgent first", streams=BOOKS, skeleton=230
    ):
        found = cached.findings(None, None, now=view.now)
        shown = [finding for finding in words.FINDINGS if finding.name in _URGENT]
        rows = [(f, found.filter(pl.col("finding") == f.name)) for f in shown]
        if not any(frame.height for _, frame in rows):
            panels.empty("Nobody waits.", "Every paid order was served.", icon="check_circle")
            return
        for finding, frame in rows:
            if frame.height:
                _need(finding, frame, view)


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
    oldest = frame["since"].min()
    sums = frame.group_by("currency", maintain_order=True).agg(pl.col("amount").sum())
    money = " + ".join(formats.money(row[1], row[0]) for row in sums.iter_rows() if row[1])
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        st.page_link(
            "pages/reconcile.py",
            label=f":{finding.colour}[:material/{finding.icon}:] "
            f"**{formats.count(frame.height)}** {finding.short}",
            icon="",
            query_params={"finding": finding.name},
        )
        st.space("stretch")
        age = formats.age((view.now - oldest).total_seconds()) if oldest is not None else ""
        st.markdown(f":small[{formats.literal(money)}\u2002\u2002:gray[{age}]]", width="content")


def _hours(view: Range | Against, base: Range) -> pl.DataFrame:
    grain = Grain.HOUR if base.end - base.start <= timedelta(days=3) else Grain.DAY
    frame = cached.revenue(
        view.start,
        view.end,
        grain=grain,
        zone=base.zone_name,
        week_start=base.week_start,
        now=base.now,
    )
    return frame.filter(pl.col("currency") == cached.settings().currency)


def _figures(start: Any, end: Any, view: Range) -> dict[str, Any]:
    frame = cached.totals(start, cached.minute(end), zone=view.zone_name, now=view.now)
    row = frame.filter(pl.col("currency") == cached.settings().currency)
    return row.row(0, named=True) if row.height else {}


def figures(defaults: Defaults) -> None:
    """The tiles, and payments by status."""
    view = toolbar.view(defaults)
    with panels.contained("tiles", skeleton=120):
        against = view.against()
        now = _figures(view.start, view.end, view)
        before = _figures(against.start, against.until, view) if against else {}
        hours = _hours(view, view)
        past = _hours(against, view) if against else hours.clear()
        current = hours.filter(pl.col("window_start") <= view.now)
        revenue = Link("pages/revenue.py", "Open revenue", toolbar.params(view))
        with st.grid(6, min_column_width=150, gap="xsmall") as grid:
            _count_tile(
                grid, "Payments", "captured", "more", now, before, current, past, view, True
            )
            _rate_tile(now, before, current, past, view)
            _count_tile(grid, "Failed", "failed", "less", now, before, current, past, view)
            _money_tile("Refunds", "refunds", "less", now, before, current, past, view, revenue)
            with grid.cell(column_span=2):
                _by_status(view)


def _spark(current: pl.DataFrame, past: pl.DataFrame, column: str, view: Range) -> pl.DataFrame:
    def values(frame: pl.DataFrame) -> list[float | None]:
        return [None if v is None else float(v) for v in frame[column]]

    return tiles.spark_data(values(current), values(past), is_open=view.open)


def _count_tile(grid, label, column, better, now, before, current, past, view, reruns=False):  # type: ignore[no-untyped-def]
    tiles.tile(
        label,
        formats.count(now[column]),
        tiles.count_change(now[column], before.get(column), better),
        key=column,
        streams=("transactions",),
        link=Link("pages/transactions.py", "Open payments", toolbar.params(view)),
        spark=_spark(current, past, column, view),
        reruns=reruns,
    )


def _rate_tile(now, before, current, past, view):  # type: ignore[no-untyped-def]
    tiles.tile(
        "Success rate",
        formats.rate(now["success_rate"]),
        tiles.rate_change(now["success_rate"], before.get("success_rate"), "more"),
        key="success_rate",
        streams=("transactions",),
        link=Link("pages/revenue.py", "Open revenue", toolbar.params(view)),
        spark=_spark(current, past, "success_rate", view),
    )


def _money_tile(label, column, better, now, before, current, past, view, link):  # type: ignore[no-untyped-def]
    currency = cached.settings().currency
    tiles.tile(
        label,
        formats.money(now[column], currency),
        tiles.money_change(now[column], before.get(column), currency, better),
        key=column,
        streams=("transactions",),
        link=link,
        spark=_spark(current, past, column, view),
    )


def _by_status(view: Range) -> None:
    with st.container(border=True, height="stretch", gap="xxsmall", key="tile_status"):
        found = cached.by_status(Filters(start=view.start, end=view.end, samples=False))
        total = found["count"].sum()
        panels.head(
            "By status",
            note=f"{formats.count(total)} begun",
            link=Link("pages/transactions.py", "Payments", toolbar.params(view)),
        )
        if not total:
            st.caption("None in this range.")
            return
        charts.draw(
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


def freshness() -> None:
    """Each stream, and how long ago its source was last read."""
    with panels.panel("Freshness", key="freshness", note="since the source was last read"):
        rows = []
        for name, state in cached.streams().items():
            note = f"{formats.count(state.rejected)} rows kept aside" if state.rejected else ""
            if state.reading_history:
                note = f"{formats.count(state.done)} of {formats.count(state.total)} rows read"
            rows.append((name, live.STALE_AFTER_S, note))
        live.freshness(rows, key="freshness")
