"""What System arranges: figures of the host, its lines over time, collectors, the store's files."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats
from vcanalytics.display import system as shown
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.model import measures, thresholds
from vcanalytics.ui import chart, exports, live, notes, panels, toolbar
from vcanalytics.ui.tiles import Change, boxed
from vcanalytics.ui.toggles import Choice

_STREAMS: Final = ("system",)
_VECTORCRAFTS: Final = "VectorCraft's samples"
_FORM: Final = Choice("CPU as", "cpu", {"lines": "All", "heat": "Per core"})
#: From here on the next large write fails.
_FULL_PERCENT: Final = 95.0
_NO_SAMPLES: Final = Change(None, "gray", "no samples")


def _hosts(view: Range) -> dict[str, str]:
    """Hosts that were sampled lately, by name; the console's own first."""
    found = cached.system.newest(now=view.now).frame["host"].unique().to_list()
    own = cached.own_host()
    sampled = sorted((h for h in found if h != measures.VECTORCRAFT), key=lambda h: (h != own, h))
    names = {h: f"This host, {h}" if h == own or len(sampled) == 1 else h for h in sampled}
    if measures.VECTORCRAFT in found or not names:
        names[measures.VECTORCRAFT] = _VECTORCRAFTS
    return names


def host(view: Range) -> str:
    """The host the page is about, by its URL."""
    return _host(view).value


def _host(view: Range) -> Choice:
    return Choice("Host", "host", _hosts(view))


def hosts(defaults: Defaults) -> None:
    """The choice between the console's own host and what VectorCraft samples."""
    with panels.contained("hosts"):
        choice = _host(toolbar.view(defaults))
        if len(choice.options) > 1:
            choice.draw(whole_page=True)


def _newest(view: Range, name: str, item: str = "") -> float | None:
    frame = cached.system.newest(now=view.now).frame
    found = frame.filter(
        (pl.col("host") == host(view)) & (pl.col("measure") == name) & (pl.col("item") == item)
    )
    return float(found["value"][0]) if found.height else None


def metrics(defaults: Defaults) -> None:
    """CPU, memory, disk and when it is full, network, load, the console's own processes."""
    view = toolbar.view(defaults)
    with panels.contained("system_metrics", skeleton=110), st.container(gap=None):
        live.listen(_STREAMS, key="system_metrics", every_s=1.0)
        mine = cached.system.newest(now=view.now).frame.filter(pl.col("host") == host(view))
        if not mine.height:
            panels.empty(
                "No samples in the last hour.",
                "The collectors sample this host each second while they run.",
            )
            return
        with st.grid(6, min_column_width=150, gap="xsmall"):
            _share("CPU", _newest(view, "cpu_percent"), thresholds.CPU_PERCENT)
            _share("Memory", _newest(view, "memory_percent"), thresholds.MEMORY_PERCENT)
            _disk(view)
            if host(view) != measures.VECTORCRAFT:
                _network(view)
                _load(view)
                # Programs sample other hosts: the console's processes are not there.
                if host(view) == (cached.own_host() or host(view)):
                    _own(mine)


def _share(label: str, value: float | None, limit: float) -> None:
    over = value is not None and value > limit
    chip = f"over {formats.percent(limit)}" if over else "within"
    words = "" if over else f"{formats.percent(limit)} is the limit"
    text = formats.percent(value)
    boxed(
        label, text, Change(chip if value is not None else None, "red" if over else "green", words)
    )


def _disk(view: Range) -> None:
    found = cached.system.disks(now=view.now).frame.filter(pl.col("host") == host(view))
    data = found.filter(pl.col("item") == measures.DATA_DISK)
    rows = data if data.height else found
    if not rows.height:
        boxed("Disk", formats.ABSENT, Change(None, "gray", "no samples"))
        return
    row = rows.sort("percent", descending=True).row(0, named=True)
    left = row["full_in_d"]
    if row["percent"] >= _FULL_PERCENT:
        change = Change("full", "red", "make room")
    elif left is None:
        change = Change("steady", "gray", "not filling up")
    else:
        soon = left < 14
        words = f"full in {formats.duration(left * 86_400, 1)}"
        change = Change(words, "red" if soon else "gray", "at this pace")
    boxed("Disk", formats.percent(row["percent"]), change)


def _network(view: Range) -> None:
    into = _newest(view, "network_received_bytes_per_s")
    out = _newest(view, "network_sent_bytes_per_s")
    value = formats.ABSENT if into is None else f"{formats.size(into)}/s"
    change = _NO_SAMPLES if out is None else Change(f"{formats.size(out)}/s", "gray", "out")
    boxed("Network in", value, change)


def _load(view: Range) -> None:
    one, fifteen = _newest(view, "load_1m"), _newest(view, "load_15m")
    value = formats.ABSENT if one is None else formats.number(one, 2)
    change = (
        _NO_SAMPLES
        if fifteen is None
        else Change(formats.number(fifteen, 2), "gray", "over 15 min")
    )
    boxed("Load, 1 min", value, change)


def _own(mine: pl.DataFrame) -> None:
    memory = mine.filter(pl.col("measure") == "process_memory_bytes")
    cpu = mine.filter(pl.col("measure") == "process_cpu_percent")
    if not memory.height:
        boxed("Console's own", formats.ABSENT, _NO_SAMPLES)
        return
    change = Change(formats.percent(float(cpu["value"].sum())), "gray", "of one core")
    boxed("Console's own", formats.size(float(memory["value"].sum())), change)


def _windows(view: Range, names: tuple[str, ...]) -> pl.DataFrame:
    return cached.system.over_time(
        view.start,
        view.end,
        measures=names,
        hosts=(host(view),),
        zone=view.zone_name,
        week_start=view.week_start,
        now=view.now,
    ).frame


def _note(words: str, view: Range) -> str:
    """``words``, and that hours are whole where samples were let go of but for their cells."""
    return f"{words}, whole hours" if cached.hours_alone("system", view.start, view.end) else words


def cpu(defaults: Defaults) -> None:
    """CPU of all cores together over time, and of each core."""
    view = toolbar.view(defaults)
    with panels.panel(
        "CPU",
        key="cpu",
        note=_note("%, mean", view),
        streams=_STREAMS,
        csv=exports.link(
            "system",
            view,
            streams=_STREAMS,
            measure="cpu_percent,core_percent",
            host=host(view),
            form=_FORM.value,
        ),
        picture="cpu",
        below=True,
        choice=_FORM,
        skeleton=shown.HEIGHT,
        every_s=live.CALMLY_S,
    ):
        if _FORM.value == "heat":
            picture = shown.cores(_windows(view, ("core_percent",)), view)
            if picture is None:
                panels.empty(
                    "No samples of single cores in this range.", "Only this host has them."
                )
                return
        else:
            picture = shown.cpu(_windows(view, ("cpu_percent",)), view)
            if picture is None:
                panels.empty("No samples in this range.", "Choose a later one.")
                return
        key = {"lines": "chart_cpu", "heat": "chart_cores"}[_FORM.value]
        chart.show(picture, key=key, notes=notes.on(picture, view, narrow=True))


def memory(defaults: Defaults) -> None:
    """Memory and swap over time."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Memory and disk",
        key="memory",
        note=_note("% in use, mean", view),
        streams=_STREAMS,
        csv=exports.link(
            "system",
            view,
            streams=_STREAMS,
            measure="memory_percent,swap_percent,disk_percent",
            host=host(view),
        ),
        picture="memory",
        below=True,
        skeleton=shown.HEIGHT,
        every_s=live.CALMLY_S,
    ):
        frame = _windows(view, ("memory_percent", "swap_percent", "disk_percent"))
        picture = shown.memory(frame, view)
        if picture is None:
            panels.empty("No samples in this range.", "Choose a later one.")
            return
        chart.show(picture, key="chart_memory", notes=notes.on(picture, view, narrow=True))


def network(defaults: Defaults) -> None:
    """Bytes in and out over time: the network's, then the disks'."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Network and disks",
        key="network",
        note=_note("bytes a second, mean", view),
        streams=_STREAMS,
        csv=exports.link(
            "system", view, streams=_STREAMS, measure=",".join(shown.FLOWS), host=host(view)
        ),
        picture="network",
        below=True,
        skeleton=shown.HEIGHT,
        every_s=live.CALMLY_S,
    ):
        picture = shown.network(_windows(view, tuple(shown.FLOWS)), view)
        if picture is None:
            panels.empty("No samples in this range.", "Choose a later one.")
            return
        chart.show(picture, key="chart_network", notes=notes.on(picture, view, narrow=True))
