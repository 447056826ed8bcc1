"""What Cache arranges: what is kept of answers, of what use it is, and clearing it."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import people, regions
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import doing, exports, live, panels, tables, toolbar, who
from vcanalytics.ui.tiles import Change, boxed

_PLACE: Final = "cache"
#: What the audit log calls it.
CLEARED: Final = "cache_cleared"
#: A region's name in words, and what is asked there.
_REGIONS: Final[dict[str, tuple[str, str]]] = {
    "live": ("Live", "lists, the feed, one payment, what needs a person"),
    "health": ("Health", "components, logs, hosts at this second"),
    "activity": ("Activity", "users, response times and hosts over time"),
    "revenue": ("Revenue", "money window by window"),
}


def metrics(defaults: Defaults) -> None:  # noqa: ARG001 - as every fragment is called
    """How much is kept, and how many questions that saved."""
    with panels.contained("cache_metrics", skeleton=110), st.container(gap=None):
        live.listen(("system",), key="cache_metrics", every_s=live.CALMLY_S)
        found = regions.regions()
        hits, misses = sum(one.hits for one in found), sum(one.misses for one in found)
        taken, room = sum(one.bytes for one in found), sum(one.bytes_max for one in found)
        share = hits / (hits + misses) if hits + misses else None
        with st.grid(4, min_column_width=150, gap="xsmall"):
            _said("From the cache", formats.rate(share), "of all since the start")
            _said("Look-ups", formats.count(hits + misses), f"{formats.count(misses)} missed")
            _said("Asked of DuckDB", formats.count(regions.questions()), "since the start")
            _said("Memory", formats.size(taken), f"of {formats.size(room)} at most")


def _said(label: str, value: str, note: str) -> None:
    boxed(label, value, Change(None, "gray", note))


def table(defaults: Defaults) -> None:
    """A row a region: entries, bytes, hits, age; below it what clears them, for admins."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Regions",
        key="cache",
        note="answers kept in this console's memory; what is newer is never hidden by them",
        csv=exports.link("cache", view, streams=()),
        skeleton=190,
    ):
        live.listen(("system",), key="cache", every_s=live.CALMLY_S)
        found = regions.regions()
        doing.tell(_PLACE)
        if not cached.settings().cache_mb:
            panels.empty(
                "Nothing is kept.", "Every question is asked anew: VC_CACHE_MB is 0.", icon="cached"
            )
            return
        frame = _rows(found)
        st.dataframe(
            frame.select("name", "entries", "size", "hit_ratio") if toolbar.phone() else frame,
            key="cache_table",
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(frame.height),
            column_config=_columns(),
            alt="Regions of the cache: entries, size, share of hits and ages",
        )
        if who.may(Role.ADMIN):
            _clearing(found)


def _rows(found: tuple[regions.Kept, ...]) -> pl.DataFrame:
    def age(seconds: float | None) -> str:
        return formats.ABSENT if seconds is None else formats.age(seconds)

    return pl.DataFrame(
        {
            "name": [_REGIONS[one.region][0] for one in found],
            "what": [_REGIONS[one.region][1] for one in found],
            "entries": [one.entries for one in found],
            "size": [formats.size(one.bytes) for one in found],
            "hit_ratio": [one.hit_ratio for one in found],
            "hits": [one.hits for one in found],
            "misses": [one.misses for one in found],
            "oldest": [age(one.oldest_s) for one in found],
            "newest": [age(one.newest_s) for one in found],
            "ttl": [formats.duration(one.ttl_s) for one in found],
        },
        schema_overrides={"hit_ratio": pl.Float64()},
    )


def _columns() -> dict[str, Any]:
    column, phone = st.column_config, toolbar.phone()
    return {
        "name": column.TextColumn("Region", width=70),
        "what": column.TextColumn("What is asked there", width=290),
        "entries": column.NumberColumn("Entries", format="%,d", width=66),
        "size": column.TextColumn("Size", alignment="right", width=80),
        "hit_ratio": column.ProgressColumn(
            "Hit ratio", format="percent", min_value=0.0, max_value=1.0, width=90 if phone else 190
        ),
        "hits": column.NumberColumn("Hits", format="%,d", width=70),
        "misses": column.NumberColumn("Misses", format="%,d", width=70),
        "oldest": column.TextColumn("Oldest", alignment="right", width=90),
        "newest": column.TextColumn("Newest", alignment="right", width=90),
        "ttl": column.TextColumn("Kept for", alignment="right", width=80),
    }


def _clearing(found: tuple[regions.Kept, ...]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for one in found:
            label = _REGIONS[one.region][0].lower()
            _button(f"Clear {label}", one.region, idle=not one.entries)
        _button("Clear all", regions.ALL, idle=not any(one.entries for one in found))
    st.caption("What is cleared is asked anew when somebody looks; no figure changes for it.")


def _button(label: str, what: str, *, idle: bool) -> None:
    st.button(
        label,
        key=f"cache_clear_{what}",
        icon=":material/mop:",
        disabled=idle,
        on_click=_clear,
        args=(what,),
    )


def _clear(what: str) -> None:
    def change(me: Principal) -> str:
        count = regions.clear(what)
        entries = formats.counted(count, "entry", "entries")
        people.accounts().note(
            CLEARED, actor=me.actor, target=what, address=who.address(), detail=entries
        )
        part = "the cache" if what == regions.ALL else f"the region {what}"
        return f"{entries} of {part} cleared."

    doing.act(_PLACE, "clear the cache", change, target=what)
