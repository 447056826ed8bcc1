"""The six tiles of Overview: payments, who is here, how fast it answers, and the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats
from vcanalytics.display.ranges import Against, Defaults, Range
from vcanalytics.model import measures
from vcanalytics.model.windows import Grain
from vcanalytics.ui import activity, live, panels, tiles, toolbar
from vcanalytics.ui.panels import Link
from vcanalytics.ui.tiles import Change

_REQUESTS: Final = "request_time"
_BOOKS: Final = ("transactions",)


@dataclass(frozen=True, slots=True)
class _Day:
    """The range the tiles show, and what it is compared with where history reaches so far."""

    view: Range
    against: Against | None

    @property
    def grain(self) -> Grain:
        """Hours make a spark of a day, days one of a longer range."""
        short = self.view.end - self.view.start <= timedelta(days=3)
        return Grain.HOUR if short else Grain.DAY

    def figures(self, ask: Callable[[datetime, datetime], dict[str, Any]]) -> tuple[Any, Any]:
        """What ``ask`` says of the range so far, and of the same stretch before."""
        now = ask(self.view.start, self.view.until)
        whole = self.against is not None and self.against.whole
        if self.against is None or not whole:
            return now, {}
        return now, ask(self.against.start, self.against.until)

    def spark(self, ask: Callable[[datetime, datetime], pl.DataFrame], column: str) -> pl.DataFrame:
        """The course of ``column`` by window, with the comparison's behind it."""

        def values(frame: pl.DataFrame) -> list[float | None]:
            return [None if value is None else float(value) for value in frame[column]]

        mine = ask(self.view.start, self.view.end).filter(pl.col("window_start") <= self.view.now)
        past = ask(self.against.start, self.against.end) if self.against else mine.clear()
        return tiles.spark_data(values(mine), values(past), is_open=self.view.open)

    def link(self, page: str, label: str, **more: str) -> Link:
        return Link(f"pages/{page}.py", label, toolbar.params(self.view, **more))


def draw(defaults: Defaults) -> None:
    """All six, in one row at a desk."""
    view = toolbar.view(defaults)
    day = _Day(view, view.against())
    with panels.contained("tiles", skeleton=150), st.grid(6, min_column_width=150, gap="xsmall"):
        for name, tile in _TILES.items():
            # What fails in one tile leaves the others.
            with st.container(key=f"cell_{name}", height="stretch"), panels.contained(name):
                tile(day)


def _totals(view: Range) -> Callable[[datetime, datetime], dict[str, Any]]:
    def ask(start: datetime, end: datetime) -> dict[str, Any]:
        frame = cached.totals(start, cached.minute(end), zone=view.zone_name, now=view.now)
        row = frame.filter(pl.col("currency") == cached.settings().currency)
        return row.row(0, named=True) if row.height else {}

    return ask


def _hours(day: _Day) -> Callable[[datetime, datetime], pl.DataFrame]:
    def ask(start: datetime, end: datetime) -> pl.DataFrame:
        frame = cached.revenue(
            start,
            end,
            grain=day.grain,
            zone=day.view.zone_name,
            week_start=day.view.week_start,
            now=day.view.now,
        ).frame
        return frame.filter(pl.col("currency") == cached.settings().currency)

    return ask


def _payments(day: _Day) -> None:
    now, before = day.figures(_totals(day.view))
    tiles.tile(
        "Payments",
        formats.count(now.get("captured", 0)),
        tiles.count_change(now.get("captured", 0), before.get("captured"), "more"),
        key="captured",
        streams=_BOOKS,
        link=day.link("transactions", "Payments: open them"),
        spark=day.spark(_hours(day), "captured"),
        every_s=live.AT_ONCE_S,
    )


def _success_rate(day: _Day) -> None:
    now, before = day.figures(_totals(day.view))
    rate = now.get("success_rate")
    tiles.tile(
        "Success rate",
        formats.rate(rate),
        tiles.rate_change(rate, before.get("success_rate"), "more"),
        key="success_rate",
        streams=_BOOKS,
        link=day.link("revenue", "Success rate: open revenue"),
        spark=day.spark(_hours(day), "success_rate"),
    )


def _active(day: _Day) -> None:
    view = day.view

    def ask(start: datetime, end: datetime) -> pl.DataFrame:
        return cached.activity.over_time(
            start,
            end,
            zone=view.zone_name,
            now=view.now,
            week_start=view.week_start,
            grain=day.grain,
        ).frame

    now = activity.active_people(view.now)
    whole = day.against is not None and day.against.whole
    then = activity.active_people(day.against.until) if day.against and whole else None
    tiles.tile(
        "Active, 30 min",
        formats.count(now),
        tiles.count_change(now, then, "more"),
        key="active",
        streams=("activity",),
        link=day.link("activity", "Active people: open activity"),
        spark=day.spark(ask, "people"),
    )


def _requests(start: datetime, end: datetime) -> dict[str, Any]:
    frame = cached.performance_summary(start, end).frame.filter(pl.col("kind") == _REQUESTS)
    return frame.row(0, named=True) if frame.height else {}


def _response_times(day: _Day) -> Callable[[datetime, datetime], pl.DataFrame]:
    def ask(start: datetime, end: datetime) -> pl.DataFrame:
        return cached.response_times(
            start,
            end,
            kind=_REQUESTS,
            zone=day.view.zone_name,
            week_start=day.view.week_start,
            now=day.view.now,
            grain=day.grain,
        ).frame

    return ask


def _p95(day: _Day) -> None:
    now, before = day.figures(_requests)
    tiles.tile(
        "p95 response",
        formats.milliseconds(now.get("p95_ms")),
        tiles.time_change(now.get("p95_ms"), before.get("p95_ms")),
        key="p95",
        streams=("requests",),
        link=day.link("performance", "p95 response: open performance"),
        spark=day.spark(_response_times(day), "p95_ms"),
    )


def _error_rate(day: _Day) -> None:
    now, before = day.figures(_requests)
    tiles.tile(
        "Error rate",
        formats.rate(now.get("error_rate")),
        tiles.rate_change(now.get("error_rate"), before.get("error_rate"), "less"),
        key="error_rate",
        streams=("requests",),
        link=day.link("performance", "Error rate: open performance", measure="errors"),
        spark=day.spark(_response_times(day), "error_rate"),
    )


def _cpu(day: _Day) -> None:
    view = day.view
    own = cached.own_host()
    mine = pl.col("host") == own if own else pl.col("host") != measures.VECTORCRAFT
    newest = cached.system.newest(now=view.now).frame.filter(
        mine & pl.col("item").is_in(["", measures.DATA_DISK])
    )
    values = dict(newest.select("measure", "value").iter_rows())
    memory, disk = values.get("memory_percent"), values.get("disk_percent")
    words = f"disk {formats.percent(disk)}"
    change = Change(f"memory {formats.percent(memory)}", "gray", words)
    until = cached.minute(view.now)
    hour = cached.system.over_time(
        until - timedelta(hours=1),
        until,
        measures=("cpu_percent",),
        hosts=tuple(newest["host"].unique()[:1]),
        zone=view.zone_name,
        now=view.now,
    ).frame
    tiles.tile(
        "CPU",
        formats.percent(values.get("cpu_percent")),
        change if values else Change(None, "gray", "no samples yet"),
        key="cpu",
        streams=("system",),
        link=Link("pages/system.py", "CPU: open system", {"range": "hour"}),
        spark=tiles.spark_data(hour["mean"].to_list(), [], is_open=False),
        every_s=live.CALMLY_S,
        arrow=False,
    )


_TILES: Final[dict[str, Callable[[_Day], None]]] = {
    "payments": _payments,
    "success": _success_rate,
    "active": _active,
    "p95": _p95,
    "errors": _error_rate,
    "cpu": _cpu,
}
