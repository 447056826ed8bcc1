"""The console's own plant: its collectors at work, and what its store takes."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import exports, live, panels, tables, toolbar

#: What each collector does, in words.
_DAEMONS: Final[dict[str, str]] = {
    "source": "reads VectorCraft's database",
    "system": "samples this host",
    "upkeep": "seals history, merges, lets go",
    "simulator": "plays the demo shop",
    "watchman": "minds the process that watches",
    "health": "judges every component",
    "alerts": "holds figures to the rules",
    "notify": "tells people of alerts",
    "cases": "has the desk's cases follow the source",
}
#: The table shows so many; the CSV has them all.
_ASIDE_ROWS: Final = 200
_STATES: Final[dict[str, words.Word]] = {
    "running": words.Word("Running", "green", "check_circle", "good"),
    "waiting": words.Word("Restarting", "orange", "schedule", "warning"),
    "stopped": words.Word("Stopped", "red", "cancel", "critical"),
    "silent": words.Word("No sign", "red", "error", "critical"),
}


def collectors(defaults: Defaults) -> None:
    """Each collector: whether it works, since when, how often it was started again, and why."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Collectors", key="collectors", streams=("system",), skeleton=180, every_s=live.CALMLY_S
    ):
        found = cached.daemons(now=view.now)
        if not found.height:
            panels.empty(
                "No collectors have reported yet.",
                "Start them with `python -m collectors`, or set VC_COLLECTORS=embedded.",
            )
            return
        st.dataframe(
            _collector_rows(found, view),
            hide_index=True,
            key="collectors_table",
            row_height=tables.ROW_PX,
            height=tables.height(found.height),
            column_config=_collector_columns(),
            alt="The collectors, their state and their restarts",
        )
        _under_way(view)
        for row in found.iter_rows(named=True):
            if row["last_error"]:
                at = row["last_error_at"]
                when = f", {formats.moment(at, view.zone, view.now)}" if at else ""
                st.caption(
                    f":orange[:material/error:] **{formats.literal(row['name'] + when)}**: "
                    f"{formats.literal(row['last_error'])}"
                )


def _under_way(view: Range) -> None:
    job = cached.upkeep()
    if job.get("total"):
        since = job["since"]
        when = f", since {formats.moment(since, view.zone, view.now)}" if since else ""
        done = f"{formats.count(job['done'])} of {formats.count(job['total'])}"
        what = formats.literal(str(job["what"]).capitalize())
        st.progress(min(1.0, job["done"] / job["total"]), f"{what}: {done}{when}")


def _word(state: str) -> words.Word:
    return _STATES.get(state) or words.Word(state, "gray", "help", "muted")


def _collector_rows(found: pl.DataFrame, view: Range) -> pl.DataFrame:
    def since(at: Any) -> str:
        return formats.ABSENT if at is None else formats.moment(at, view.zone, view.now)

    frame = pl.DataFrame(
        {
            "name": found["name"],
            "state": [[_word(state).label] for state in found["state"]],
            "does": [_DAEMONS.get(name, "") for name in found["name"]],
            "since": [since(at) for at in found["since"]],
            "restarts": found["restarts"],
        },
        schema_overrides={"state": pl.List(pl.String)},
    )
    return frame.drop("does") if toolbar.phone() else frame


def _collector_columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "name": column.TextColumn("Collector", width=82),
        "state": tables.chips("State", list(_STATES.values()), 92),
        "does": column.TextColumn("What it does", width=180),
        "since": column.TextColumn("Since", width=78),
        "restarts": column.NumberColumn("Restarts", width=70),
    }


def store(defaults: Defaults) -> None:
    """What is kept of each stream, where it lies, and how much room it takes."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Store",
        key="store",
        note="rows kept, and the room they take",
        streams=("system",),
        skeleton=260,
        every_s=live.CALMLY_S,
    ):
        kept = cached.system.storage()
        states = cached.streams()
        rows = []
        for row in kept.frame.iter_rows(named=True):
            first = min(
                (at for at in (row["hot_first_at"], row["file_first_at"]) if at), default=None
            )
            rows.append(
                (
                    words.STREAM_LABELS.get(row["stream"], row["stream"]),
                    states[row["stream"]].rows,
                    row["hot_rows"],
                    row["files"],
                    formats.size(row["hot_bytes"] + row["file_bytes"]),
                    formats.ABSENT if first is None else formats.day(first, view.zone, year=True),
                    states[row["stream"]].rejected,
                )
            )
        names = ["stream", "rows", "hot", "files", "size", "first", "rejected"]
        frame = pl.DataFrame(rows, schema=names, orient="row")
        if toolbar.phone():
            frame = frame.select("stream", "rows", "size", "rejected")
        st.dataframe(
            frame,
            hide_index=True,
            key="store_table",
            row_height=tables.ROW_PX,
            height=tables.height(frame.height),
            column_config=_store_columns(),
            alt="What the store keeps of each stream",
        )
        sealed = int(kept.frame["file_bytes"].sum())
        text = f"Catalogue {formats.size(kept.catalogue_bytes)}, files {formats.size(sealed)}"
        if kept.retired_bytes:
            text += f", {formats.size(kept.retired_bytes)} about to be deleted"
        st.caption(f"{text}. {_room()}The command check verifies every row that is kept.")


def _room() -> str:
    room = cached.room()
    if not room.get("limit_bytes"):
        return ""
    of = "the budget" if room["budget"] else "what the disk has"
    text = (
        f"All data take {formats.size(room['bytes'])} of {formats.size(room['limit_bytes'])}, {of}"
    )
    if room["days_left"] is not None:
        text += f"; at this pace that does for {formats.count(int(room['days_left']))} days"
    return f"{text}. "


def aside(defaults: Defaults) -> None:
    """Source rows that could not be read: which, since when and why. Nothing where there are none.

    They are kept whole; the CSV has them.
    """
    view = toolbar.view(defaults)
    kept = sum(state.rejected for state in cached.streams().values())
    if not kept:
        return
    with (
        panels.box("aside"),
        panels.panel(
            "Kept aside",
            key="aside",
            note=f"{formats.count(kept)} rows of the source that cannot be read as they are",
            csv=exports.link("kept-aside", view, streams=()),
        ),
    ):
        aside_table(view)


def aside_table(view: Range, rows: int = _ASIDE_ROWS) -> None:
    """The longest known of the rows that were kept aside, at most ``rows``."""
    found = cached.kept_aside(rows)
    frame = pl.DataFrame(
        {
            "stream": [words.STREAM_LABELS.get(name, name) for name in found["stream"]],
            "row_key": found["row_key"],
            "since": tables.moments(found["first_seen_at"], view.zone, view.now),
            "reason": found["reason"],
        }
    )
    column = st.column_config
    st.dataframe(
        frame,
        hide_index=True,
        key="aside_table",
        row_height=tables.ROW_PX,
        height=tables.height(min(frame.height, 8)),
        column_config={
            "stream": column.TextColumn("Stream", width=90),
            "row_key": column.TextColumn("Row", width=130),
            "since": column.TextColumn("Since", width=110),
            "reason": column.TextColumn("Why"),
        },
        alt="Rows of the source that were kept aside, and why",
    )


def _store_columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "stream": column.TextColumn("Stream", width=90),
        "rows": column.NumberColumn("Rows", format="%,d"),
        "hot": column.NumberColumn("Not sealed yet", format="%,d"),
        "files": column.NumberColumn("Files", format="%,d"),
        "size": column.TextColumn("Size", alignment="right"),
        "first": column.TextColumn("Oldest"),
        "rejected": column.NumberColumn("Kept aside", format="%,d"),
    }
