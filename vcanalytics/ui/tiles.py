"""Tiles: label, age, way to the rows; value; change and what from; the course as a spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import polars as pl
import streamlit as st

from vcanalytics.display import charts, formats
from vcanalytics.ui import chart, live
from vcanalytics.ui.panels import Link

Better = Literal["more", "less", "neither"]
_SPARK: Final = {"i": pl.Float64, "value": pl.Float64, "series": pl.String}


@dataclass(frozen=True, slots=True)
class Change:
    """A difference as a chip: text with its sign, its colour, and what it is compared with."""

    text: str | None
    colour: Literal["green", "red", "gray"]
    description: str


def _colour(rises: bool, better: Better, *, quiet: bool) -> Literal["green", "red", "gray"]:
    if quiet or better == "neither":
        return "gray"
    return "green" if rises == (better == "more") else "red"


def money_change(now: Decimal, before: Decimal | None, currency: str, better: Better) -> Change:
    """Change of an amount as a share of what was before."""
    if before is None:
        return Change(None, "gray", "no earlier data")
    share = formats.share_of_change(now, before)
    description = f"from {formats.money_short(before, currency)}"
    if share is None:
        return Change(None, "gray", description)
    colour = _colour(share > 0, better, quiet=abs(share) < formats.QUIET_SHARE)
    return Change(formats.signed_percent(share), colour, description)


def count_change(now: int, before: int | None, better: Better) -> Change:
    """Change of a count, in pieces."""
    if before is None:
        return Change(None, "gray", "no earlier data")
    share = formats.share_of_change(now, before)
    quiet = now == before or (share is not None and abs(share) < formats.QUIET_SHARE)
    colour = _colour(now > before, better, quiet=quiet)
    return Change(formats.signed_count(now - before), colour, f"from {formats.count(before)}")


def money_difference(now: Decimal, before: Decimal, currency: str) -> Change:
    """Change of an average, as an amount; neither good nor bad while it is small."""
    share = formats.share_of_change(now, before)
    quiet = share is None or abs(share) < formats.QUIET_SHARE
    difference = now - before
    text = f"{'+' if difference > 0 else '-'}{formats.money_plain(abs(difference), currency)}"
    colour = _colour(difference > 0, "more", quiet=quiet)
    description = f"from {formats.money_short(before, currency)}"
    return Change(text if difference else "0", colour, description)


def time_change(now_ms: float | None, before_ms: float | None) -> Change:
    """Change of a response time as a share of what was before; less is better."""
    if now_ms is None or before_ms is None:
        return Change(None, "gray", "no earlier data")
    share = formats.share_of_change(now_ms, before_ms)
    description = f"from {formats.milliseconds(before_ms)}"
    if share is None:
        return Change(None, "gray", description)
    colour = _colour(share > 0, "less", quiet=abs(share) < formats.QUIET_SHARE)
    return Change(formats.signed_percent(share), colour, description)


def rate_change(now: float | None, before: float | None, better: Better) -> Change:
    """Change of a rate, in percentage points."""
    if now is None or before is None:
        return Change(None, "gray", "no earlier data")
    colour = _colour(now > before, better, quiet=abs(now - before) < formats.QUIET_SHARE / 4)
    return Change(formats.signed_points(now - before), colour, f"from {formats.rate(before)}")


def figure(
    label: str, value: str, change: Change, *, visible: bool = True, arrow: bool = True
) -> None:
    """A value with its change; without ``arrow`` the chip is a word and points nowhere."""
    st.metric(
        label,
        value,
        change.text,
        delta_color=change.colour,
        delta_arrow="auto" if arrow else "off",
        delta_description=change.description,
        label_visibility="visible" if visible else "collapsed",
    )


def boxed(label: str, value: str, change: Change) -> None:
    """The same in a box of its own, where the change is a word."""
    with st.container(border=True, height="stretch"):
        figure(label, value, change, arrow=False)


def spark_data(
    subject: Sequence[float | None], comparison: Sequence[float | None], *, is_open: bool
) -> pl.DataFrame:
    """The rows of a spark: the last subject window is dashed with a hollow end while it is open."""
    rows: list[tuple[float, float, str]] = []
    solid = [(i, v) for i, v in enumerate(subject) if v is not None]
    tail = solid[-2:] if is_open and len(solid) > 1 else []
    rows += [(float(i), v, "comparison") for i, v in enumerate(comparison) if v is not None]
    rows += [(float(i), v, "subject") for i, v in (solid[:-1] if tail else solid)]
    rows += [(float(i), v, "open") for i, v in tail]
    if solid:
        rows.append((float(solid[-1][0]), solid[-1][1], "end" if is_open else "dot"))
    return pl.DataFrame(rows, schema=_SPARK, orient="row")


def tile(
    label: str,
    value: str,
    change: Change,
    *,
    key: str,
    streams: Sequence[str],
    link: Link,
    spark: pl.DataFrame | None = None,
    every_s: float | None = None,
    arrow: bool = True,
) -> None:
    """One tile.

    With ``every_s`` it reruns its fragment, at most so often, when one of its streams has moved:
    one tile for each pace is enough.
    """
    with st.container(border=True, key=f"tile_{key}", gap="xxsmall", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
            st.caption(label, width="content", wrap=False)
            st.space("stretch")
            live.age(
                streams,
                key=key,
                reruns=every_s is not None,
                narrow=True,
                every_s=every_s or live.AT_ONCE_S,
            )
            st.page_link(
                link.page,
                label=f"![{link.label}](app/static/open.svg)",
                icon="",
                query_params=dict(link.params),
            )
        figure(label, value, change, visible=False, arrow=arrow)
        if spark is not None:
            chart.draw(spark, charts.spark(), key=f"spark_{key}", alt=f"{label}, by hour: {value}")
