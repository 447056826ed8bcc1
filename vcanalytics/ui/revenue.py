"""What Revenue arranges: six figures, bars by window, the running total, the table."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import charts, formats
from vcanalytics.display.ranges import Against, Range
from vcanalytics.model.windows import Grain
from vcanalytics.ui import chart, exports, notes, panels, tables, tiles
from vcanalytics.ui.tiles import Change

_HEIGHT: Final = 238
_TICKS: Final = 8
_TABLE_ROWS: Final = 31
_STREAMS: Final = ("transactions", "disputes")
_BARS: Final = {
    "label": pl.String,
    "value": pl.Float64,
    "series": pl.String,
    "text": pl.String,
    "to": pl.Float64,
}
_LINES: Final = {
    "t": pl.Float64,
    "value": pl.Float64,
    "series": pl.String,
    "label": pl.String,
    "text": pl.String,
}
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


def labels(windows: pl.DataFrame, view: Range) -> list[str]:
    """A short, unique name for each window: a repeated hour carries its offset."""
    zone, grain = view.zone, view.grain
    one_day = view.end - view.start <= timedelta(days=1, hours=2)
    texts = []
    for start in windows["window_start"]:
        if grain is Grain.HOUR:
            clock = formats.clock(start, zone, seconds=False)
            texts.append(clock if one_day else f"{formats.day(start, zone)} {clock}")
        elif grain is Grain.MONTH:
            texts.append(start.astimezone(zone).strftime("%b %Y"))
        else:
            long = view.end - view.start > timedelta(days=360)
            texts.append(formats.day(start, zone, year=long))
    twice = {text for text, number in Counter(texts).items() if number > 1}
    return [
        f"{text} {label[-6:]}" if text in twice else text
        for text, label in zip(texts, windows["window_label"], strict=True)
    ]


def _begun(windows: pl.DataFrame, view: Range) -> pl.DataFrame:
    return windows.filter(pl.col("window_start") <= view.now)


def _is_open(row: dict[str, Any], view: Range) -> bool:
    return bool(row["window_start"] <= view.now < row["window_end"])


def _bar_rows(view: Range, code: str) -> tuple[pl.DataFrame, list[str], pl.DataFrame]:
    windows = _begun(_windows(view, view, code), view)
    against = view.against()
    past = _windows(against, view, code) if against else windows.clear()
    names = labels(windows, view)
    rows: list[tuple[str, float, str, str, float | None]] = []
    top = float(max([*windows["gross"], *past["gross"]], default=0))
    for i, (name, row) in enumerate(zip(names, windows.iter_rows(named=True), strict=True)):
        before = past["gross"][i] if i < past.height else None
        text = _bar_text(name, row, before, code)
        series = "open" if _is_open(row, view) else "subject"
        rows.append((name, float(row["gross"]), series, text, None))
        if series == "open":
            hatching = charts.hatching(float(row["gross"]), top, len(names), _HEIGHT)
            rows += [(name, low, piece, "", high) for piece, low, high in hatching]
        if row["refunds"]:
            rows.append((name, -float(row["refunds"]), "refund", text, None))
        if before is not None:
            rows.append((name, float(before), "comparison", text, None))
    return pl.DataFrame(rows, schema=_BARS, orient="row"), names, windows


def _bar_text(name: str, row: dict[str, Any], before: Decimal | None, code: str) -> str:
    parts = [
        f"{name}: {formats.money(row['gross'], code)} gross",
        f"{formats.money(row['refunds'], code)} refunds",
        f"{formats.count(row['captured'])} payments",
        f"success {formats.rate(row['success_rate'])}",
    ]
    if before is not None:
        parts.append(f"before {formats.money(before, code)}")
    return ", ".join(parts)


def bars(view: Range, code: str) -> None:
    """How much per window, with refunds below and the period before as ticks."""
    grain = _WINDOW[view.grain.value]
    csv = exports.link("revenue", view, currency=code)
    panels.head(f"Gross and refunds by {grain}", note=code, key="bars", streams=_STREAMS, csv=csv)
    with panels.contained("bars", skeleton=_HEIGHT):
        data, names, windows = _bar_rows(view, code)
        if _silent(windows):
            panels.nothing_in(view)
            return
        every = max(1, math.ceil(len(names) / _TICKS))
        chart.draw(
            data,
            charts.bars(_HEIGHT, tuple(names[::every])),
            key="chart_bars",
            alt=f"Gross and refunds by {grain}, {view.extent}",
            notes=notes.on_windows(view, names, windows),
        )
        against = view.against()
        legend = [":blue[\u25a0] gross", ":violet[\u25a0] refunds"]
        if against:
            legend.append(f":gray[\u2014] {against.label}")
        if view.open:
            legend.append(f":blue[\u25a8] this {grain}, still open")
        st.markdown(":small[" + "\u2003".join(legend) + "]")
        st.markdown(_summary(windows, names, grain, code))


def _silent(windows: pl.DataFrame) -> bool:
    return windows.filter(
        (pl.col("attempts") > 0) | (pl.col("captured") > 0) | (pl.col("refunded") > 0)
    ).is_empty()


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
    panels.head("Cumulative net", note=code, key="cumulative", streams=_STREAMS, csv=csv)
    with panels.contained("cumulative", skeleton=_HEIGHT):
        rows = _running(_begun(_windows(view, view, code), view), view, 0.0, "subject", code)
        against = view.against()
        if against is not None:
            shift = charts.wall_ms(view.start, view.zone) - charts.wall_ms(against.start, view.zone)
            past = _windows(against, view, code)
            rows += _running(past, view, shift, "comparison", code)
        if len(rows) < 2:
            panels.nothing_in(view)
            return
        short = view.end - view.start <= timedelta(days=2)
        chart.draw(
            pl.DataFrame(rows, schema=_LINES, orient="row"),
            charts.against_before(_HEIGHT, "%H:%M" if short else "%-d %b"),
            key="chart_cumulative",
            alt=f"Cumulative net, {view.extent}",
            notes=notes.over(view, narrow=True),
        )


def _running(
    windows: pl.DataFrame, view: Range, shift: float, series: str, code: str
) -> list[tuple[float, float, str, str, str]]:
    total = Decimal(0)
    rows: list[tuple[float, float, str, str, str]] = []
    name = {"subject": "this period", "comparison": "before"}[series]
    for start, end, net in windows.select("window_start", "window_end", "net").iter_rows():
        if not rows:
            rows.append((charts.wall_ms(start, view.zone) + shift, 0.0, series, "", ""))
        total += net
        until = min(end, view.now) if series == "subject" else end
        when = formats.moment(until, view.zone, view.now)
        text = f"{name}, to {when}: {formats.money(total, code)}"
        t = charts.wall_ms(until, view.zone) + shift
        rows.append((t, float(total), series, "", text))
    if rows:
        ends = {"subject": "end", "comparison": "end_comparison"}[series]
        rows.append((rows[-1][0], rows[-1][1], ends, name, ""))
    return rows


def table(view: Range, code: str) -> None:
    """The windows as rows, newest first."""
    grain = _WINDOW[view.grain.value]
    panels.head(f"{grain.capitalize()}s", note="total equals the figures above", key="table")
    with panels.contained("table", skeleton=300):
        windows = _begun(_windows(view, view, code), view)
        names = labels(windows, view)
        frame = _shown(windows, names, view, code).reverse()
        pages = max(1, math.ceil(frame.height / _TABLE_ROWS))
        page = min(int(st.session_state.get("revenue_page", 1)), pages)
        shown = frame.slice((page - 1) * _TABLE_ROWS, _TABLE_ROWS)
        st.dataframe(
            shown,
            key="revenue_table",
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(min(max(shown.height, 1), 14)),
            column_config=_columns(grain, code),
            alt=f"Revenue by {grain}",
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            if pages > 1:
                st.pagination(pages, key="revenue_page")
            st.space("stretch")
            st.caption(f"{formats.count(frame.height)} {grain}s", width="content")
            csv = exports.link("revenue", view, currency=code)
            st.markdown(f":small[{exports.files(csv)}]", width="content")


def _shown(windows: pl.DataFrame, names: list[str], view: Range, code: str) -> pl.DataFrame:
    def money(column: str) -> pl.Series:
        text = [_plain(value, code) for value in windows[column]]
        return pl.Series(column, text, dtype=pl.String)

    marks = [
        f"{name}, open" if _is_open(row, view) else name
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
