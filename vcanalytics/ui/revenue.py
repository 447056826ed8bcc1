"""What Revenue arranges: six figures, bars by window, the running total, the table."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats
from vcanalytics.display import revenue as shown
from vcanalytics.display.ranges import Against, Range
from vcanalytics.ui import chart, exports, notes, panels, tables, tiles
from vcanalytics.ui.tiles import Change

_TABLE_ROWS: Final = 31
_STREAMS: Final = ("transactions", "disputes")
_WINDOW: Final = {"hour": "hour", "day": "day", "week": "week", "month": "month"}


def currency(view: Range) -> str:
    """The currency of the page: the URL's, else VC_CURRENCY; a choice where there are several."""
    chosen = cached.settings().currency
    with panels.contained("currency"):
        seen = cached.totals(view.start, view.end, zone=view.zone_name, now=view.now)
        codes = sorted(seen["currency"].unique().to_list())
        asked = st.query_params.get("currency", chosen)
        chosen = asked if asked in codes else (chosen if chosen in codes else codes[0])
        if len(codes) > 1:
            st.session_state["revenue_currency"] = chosen
            st.pills(
                "Currency",
                codes,
                key="revenue_currency",
                required=True,
                label_visibility="collapsed",
                on_change=lambda: st.query_params.update(
                    currency=st.session_state["revenue_currency"]
                ),
            )
    return chosen


def _windows(span: Range | Against, view: Range, code: str) -> pl.DataFrame:
    frame = cached.revenue(
        span.start,
        span.end,
        grain=view.grain,
        zone=view.zone_name,
        week_start=view.week_start,
        now=view.now,
    ).frame
    return frame.filter(pl.col("currency") == code)


def _past(view: Range, code: str) -> pl.DataFrame | None:
    against = view.against()
    return None if against is None else _windows(against, view, code)


def _figures(start: datetime, end: datetime, view: Range, code: str) -> dict[str, Any]:
    frame = cached.totals(start, end, zone=view.zone_name, now=view.now)
    found = frame.filter(pl.col("currency") == code)
    return found.row(0, named=True) if found.height else {}


def metrics(view: Range, code: str) -> None:
    """Net, gross, refunds, payments, average and success rate, like for like with before."""
    with panels.contained("metrics", skeleton=110):
        now = _figures(view.start, view.end, view, code)
        against = view.against()
        before = (
            _figures(against.start, against.until, view, code) if against and against.whole else {}
        )
        if not now:
            panels.nothing_in(view)
            return
        with st.grid(6, min_column_width=150, gap="xsmall"):
            sums: tuple[tuple[str, str, tiles.Better], ...] = (
                ("Net", "net", "more"),
                ("Gross", "gross", "more"),
                ("Refunds", "refunds", "less"),
            )
            for label, column, better in sums:
                change = tiles.money_change(now[column], before.get(column), code, better)
                _metric(label, formats.money(now[column], code), change)
            change = tiles.count_change(now["captured"], before.get("captured"), "more")
            _metric("Payments", formats.count(now["captured"]), change)
            _metric("Average", _money(now["average"], code), _average_change(now, before, code))
            rate = now["success_rate"]
            change = tiles.rate_change(rate, before.get("success_rate"), "more")
            _metric("Success rate", formats.rate(rate), change)


def _metric(label: str, value: str, change: Change) -> None:
    with st.container(border=True, height="stretch"):
        tiles.figure(label, value, change)


def _money(amount: Decimal | None, code: str) -> str:
    return formats.ABSENT if amount is None else formats.money(amount, code)


def _average_change(now: dict[str, Any], before: dict[str, Any], code: str) -> Change:
    if now["average"] is None or before.get("average") is None:
        return Change(None, "gray", "no earlier data")
    return tiles.money_difference(now["average"], before["average"], code)


def bars(view: Range, code: str) -> None:
    """How much per window, with refunds below and the period before as ticks."""
    grain = _WINDOW[view.grain.value]
    csv = exports.link("revenue", view, currency=code)
    panels.head(
        f"Gross and refunds by {grain}",
        note=code,
        key="bars",
        streams=_STREAMS,
        csv=csv,
        picture="revenue",
    )
    with panels.contained("bars", skeleton=shown.HEIGHT):
        windows = shown.begun(_windows(view, view, code), view)
        if shown.silent(windows):
            panels.nothing_in(view)
            return
        names = shown.labels(windows, view)
        picture = shown.bars(windows, _past(view, code), view, code)
        chart.show(picture, key="chart_bars", notes=notes.on(picture, view))
        st.markdown(chart.legend(picture.legend))
        st.markdown(_summary(windows, names, grain, code))


def _summary(windows: pl.DataFrame, names: list[str], grain: str, code: str) -> str:
    """Total, mean of the complete windows, peak: in words below the chart."""
    total: Decimal = sum(windows["gross"], Decimal(0))
    whole = windows.filter(pl.col("complete"))
    peak = int(windows["gross"].arg_max() or 0)
    parts = [f"Total **{formats.money(total, code)}**"]
    if whole.height:
        mean = sum(whole["gross"], Decimal(0)) / whole.height
        parts.append(f"average **{formats.money(mean, code)}** per complete {grain}")
    parts.append(f"peak **{formats.money(windows['gross'][peak], code)}** on {names[peak]}")
    text = ", ".join(parts).replace("$", "\\$")
    return f":small[{text}]"


def cumulative(view: Range, code: str) -> None:
    """Net as it added up, against the period before."""
    csv = exports.link("revenue", view, currency=code)
    panels.head(
        "Cumulative net",
        note=code,
        key="cumulative",
        streams=_STREAMS,
        csv=csv,
        picture="cumulative",
    )
    with panels.contained("cumulative", skeleton=shown.HEIGHT):
        picture = shown.cumulative(_windows(view, view, code), _past(view, code), view, code)
        if picture is None:
            panels.nothing_in(view)
            return
        chart.show(picture, key="chart_cumulative", notes=notes.on(picture, view, narrow=True))


def table(view: Range, code: str) -> None:
    """The windows as rows, newest first."""
    grain = _WINDOW[view.grain.value]
    panels.head(f"{grain.capitalize()}s", note="total equals the figures above", key="table")
    with panels.contained("table", skeleton=300):
        windows = shown.begun(_windows(view, view, code), view)
        names = shown.labels(windows, view)
        frame = _rows(windows, names, view, code).reverse()
        pages = max(1, math.ceil(frame.height / _TABLE_ROWS))
        page = min(int(st.session_state.get("revenue_page", 1)), pages)
        rows = frame.slice((page - 1) * _TABLE_ROWS, _TABLE_ROWS)
        st.dataframe(
            rows,
            key="revenue_table",
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(min(max(rows.height, 1), 14)),
            column_config=_columns(grain, code),
            alt=f"Revenue by {grain}",
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            if pages > 1:
                st.pagination(pages, key="revenue_page")
            st.space("stretch")
            st.caption(f"{formats.count(frame.height)} {grain}s", width="content")
            csv = exports.link("revenue", view, currency=code)
            st.markdown(
                f":small[{exports.reports(view)}\u2003{exports.files(csv)}]", width="content"
            )


def _rows(windows: pl.DataFrame, names: list[str], view: Range, code: str) -> pl.DataFrame:
    def money(column: str) -> pl.Series:
        text = [_plain(value, code) for value in windows[column]]
        return pl.Series(column, text, dtype=pl.String)

    marks = [
        f"{name}, open" if shown.is_open(row, view) else name
        for name, row in zip(names, windows.iter_rows(named=True), strict=True)
    ]
    return pl.DataFrame(
        {
            "window": marks,
            "net": money("net"),
            "gross": money("gross"),
            "refunds": money("refunds"),
            "captured": windows["captured"],
            "average": money("average"),
            "attempts": windows["attempts"],
            "failed": windows["failed"],
            "success_rate": [formats.rate(rate) for rate in windows["success_rate"]],
        }
    )


def _plain(amount: Decimal | None, code: str) -> str:
    return formats.ABSENT if amount is None else formats.money_plain(amount, code)


def _columns(grain: str, code: str) -> dict[str, Any]:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {
        "window": text(grain.capitalize()),
        "net": text(f"Net, {code}", alignment="right"),
        "gross": text(f"Gross, {code}", alignment="right"),
        "refunds": text(f"Refunds, {code}", alignment="right"),
        "captured": number("Payments", format="localized"),
        "average": text(f"Average, {code}", alignment="right"),
        "attempts": number("Attempts", format="localized"),
        "failed": number("Failed", format="localized"),
        "success_rate": text("Success", alignment="right"),
    }
