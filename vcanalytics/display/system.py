"""What hosts take, as pictures: CPU, cores, memory and disk over time.

Frames are of ``analytics.system.over_time``, of one host.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.display import charts, formats, series
from vcanalytics.display.charts import Limit, Stroke
from vcanalytics.display.charts.lines import Unit
from vcanalytics.display.picture import Picture, columns_of
from vcanalytics.display.ranges import Range
from vcanalytics.model import measures, thresholds

HEIGHT: Final = 206
#: Room for the longest name of a series.
_ROOM_PX: Final = 68
_MEMORY: Final = (
    Stroke("swap", "comparison", 1.25, dash=(2, 2)),
    Stroke("disk", "muted", 1.5),
    Stroke("memory", "subject"),
)
#: Flows, and what a chart calls them.
FLOWS: Final[dict[str, str]] = {
    "network_received_bytes_per_s": "net in",
    "network_sent_bytes_per_s": "net out",
    "disk_read_bytes_per_s": "disk reads",
    "disk_written_bytes_per_s": "disk writes",
}
_FLOWS: Final = (
    Stroke("disk writes", "muted", 1.5),
    Stroke("disk reads", "muted", 1.25, dash=(2, 2)),
    Stroke("net out", "subject", 1.5, 0.7),
    Stroke("net in", "subject"),
)


def cpu(frame: pl.DataFrame, view: Range) -> Picture | None:
    """CPU of all cores together; None where nothing was sampled."""
    return _lines(
        "CPU",
        "%, mean",
        {"CPU": _begun(frame, view)},
        view,
        (Stroke("CPU", "subject"),),
        Limit(thresholds.CPU_PERCENT, "limit 80 %"),
    )


def memory(frame: pl.DataFrame, view: Range) -> Picture | None:
    """Memory, swap and the disk of the data; None where nothing was sampled."""
    frame = _begun(frame, view)
    disk = frame.filter(pl.col("measure") == "disk_percent")
    if disk["item"].n_unique() > 1:
        disk = disk.filter(pl.col("item") == measures.DATA_DISK)
    frames = {
        "memory": frame.filter(pl.col("measure") == "memory_percent"),
        "disk": disk,
        "swap": frame.filter(pl.col("measure") == "swap_percent"),
    }
    there = {name: found for name, found in frames.items() if found.height}
    limit = Limit(thresholds.MEMORY_PERCENT, "memory limit 85 %")
    alt = "Memory and disk in use"
    return _lines("Memory and disk", "% in use, mean", there, view, _MEMORY, limit, alt=alt)


def cores(frame: pl.DataFrame, view: Range) -> Picture | None:
    """CPU of each core as a heat map; None where single cores were not sampled."""
    frame = _begun(frame, view)
    if not frame.height:
        return None
    # As many columns as can be told apart.
    starts = frame["window_start"].unique().sort().to_list()
    step = max(1, len(starts) // 60)
    kept = starts[::step]
    x = {start: formats.moment(start, view.zone, view.now) for start in kept}
    cores = sorted(frame["item"].unique().to_list(), key=lambda core: (len(core), core))
    rows = [
        (
            x[row["window_start"]],
            f"core {row['item']}",
            row["mean"],
            f"{x[row['window_start']]}, core {row['item']}: {formats.percent(row['mean'], 1)}",
        )
        for row in frame.filter(pl.col("window_start").is_in(kept)).iter_rows(named=True)
        if row["mean"] is not None
    ]
    columns, names = tuple(x.values()), tuple(f"core {core}" for core in cores)
    return Picture(
        "CPU",
        "% of each core, mean",
        f"CPU per core, {view.spoken}",
        pl.DataFrame(rows, schema=["x", "y", "value", "text"], orient="row"),
        charts.cells(
            HEIGHT,
            columns,
            names,
            x_ticks=columns[:: max(1, len(columns) // 6)],
            y_ticks=names[:: max(1, len(names) // 8)],
            top=100.0,
        ),
        timed=True,
        windows=columns_of(x, view),
    )


def network(frame: pl.DataFrame, view: Range) -> Picture | None:
    """Bytes in and out, the network's and the disks'; None where nothing was sampled."""
    frame = _begun(frame, view)
    frames = {words: frame.filter(pl.col("measure") == name) for name, words in FLOWS.items()}
    there = {name: found for name, found in frames.items() if found.height}
    return _lines("Network and disks", "bytes a second, mean", there, view, _FLOWS, unit="bytes")


def _begun(frame: pl.DataFrame, view: Range) -> pl.DataFrame:
    return frame.filter(pl.col("window_start") <= view.now)


def _lines(
    title: str,
    note: str,
    frames: dict[str, pl.DataFrame],
    view: Range,
    strokes: tuple[Stroke, ...],
    limit: Limit | None = None,
    *,
    alt: str = "",
    unit: Unit = "percent",
) -> Picture | None:
    if not any(frame.height for frame in frames.values()):
        return None
    rows = [
        row
        for stroke in strokes
        if stroke.series in frames
        for row in series.points(
            frames[stroke.series].select("window_start", "window_end", "mean").iter_rows(),
            view,
            stroke.series,
        )
    ]
    top = 100.0 if unit == "percent" else None
    spec = charts.trend(
        HEIGHT,
        view.axis_format,
        strokes,
        unit,
        limit=limit,
        top=top,
        label_room=_ROOM_PX,
    )
    data = series.table(rows + _hovers(frames, view, unit), height=HEIGHT, top=top)
    return Picture(title, note, f"{alt or title}, {view.spoken}", data, spec, timed=True)


def _hovers(frames: dict[str, pl.DataFrame], view: Range, unit: Unit) -> list[series.Point]:
    """One tooltip a window that names every series in it."""
    told: dict[datetime, list[str]] = {}
    for name, frame in frames.items():
        for start, mean in frame.select("window_start", "mean").iter_rows():
            if mean is not None:
                text = formats.percent(mean, 1) if unit == "percent" else f"{formats.size(mean)}/s"
                told.setdefault(start, []).append(f"{name} {text}")
    texts = {
        start: f"{formats.moment(start, view.zone, view.now)}: {', '.join(parts)}"
        for start, parts in told.items()
    }
    return series.hovers(texts, view)
