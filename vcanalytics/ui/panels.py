"""Panels: a head with title, unit and age, and a body that fails on its own.

Loading, empty, stale and error look different. A panel that raises says so inside itself, with a
reference that stands in the log, and the rest of the page lives.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from vcanalytics import cached
from vcanalytics.cached import lately
from vcanalytics.cached.first_look import BeingCounted
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Range
from vcanalytics.errors import BudgetExceeded, ConsoleError, UsageError
from vcanalytics.ui import exports, live
from vcanalytics.ui.toggles import Choice

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Link:
    """A way to the rows: the page's file, its words, and the range and filters it opens with."""

    page: str
    label: str
    params: Mapping[str, str]


def head(
    title: str,
    *,
    note: str = "",
    key: str = "",
    streams: Sequence[str] = (),
    csv: str | None = None,
    picture: str = "",
    link: Link | None = None,
    choice: Choice | None = None,
    every_s: float = live.AT_ONCE_S,
) -> None:
    """Title and muted note; at the right a choice, age, files, the way to its page.

    ``picture`` is the name the chart is drawn under as a file: web.pictures knows them.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.header(title, anchor=False, width="content")
        if note:
            st.caption(note, width="content")
        st.space("stretch")
        if choice:
            choice.draw()
        if streams:
            live.age(streams, key=key, every_s=every_s)
        if csv:
            st.markdown(f":small[{exports.files(csv, picture)}]", width="content")
        if link:
            st.page_link(
                link.page,
                label=f"{link.label} :material/chevron_right:",
                icon="",
                query_params=dict(link.params),
            )


def box(key: str, *, stretch: bool = True) -> DeltaGenerator:
    """The border of a panel, as high as its row.

    A fragment goes inside it: around, it would keep the box from growing with its neighbours.
    """
    height: Literal["stretch", "content"] = "stretch" if stretch else "content"
    return st.container(border=True, key=f"box_{key}", height=height, gap="xxsmall")


@contextmanager
def panel(
    title: str,
    *,
    key: str,
    note: str = "",
    streams: Sequence[str] = (),
    csv: str | None = None,
    picture: str = "",
    below: bool = False,
    link: Link | None = None,
    choice: Choice | None = None,
    skeleton: int = 0,
    every_s: float = live.AT_ONCE_S,
) -> Iterator[None]:
    """What stands in a box: its head and body; what raises in the body is shown in its place.

    ``below``: the files stand under the body, where the head has no room for them.
    """
    with st.container(gap="xxsmall", key=f"panel_{key}"):
        with contained(f"{key}_head"):
            head(
                title,
                note=note,
                key=key,
                streams=streams,
                csv=None if below else csv,
                picture=picture,
                link=link,
                choice=choice,
                every_s=every_s,
            )
        with contained(key, skeleton=skeleton):
            yield
        if below and csv:
            with st.container(horizontal=True, horizontal_alignment="right"):
                st.markdown(f":small[{exports.files(csv, picture)}]", width="content")


@contextmanager
def contained(key: str, *, skeleton: int = 0) -> Iterator[None]:
    """Keep what raises inside: it is logged with a reference, and shown where it happened."""
    drawn = f"drawn_{key}"
    try:
        with lately.shown() as old:
            if skeleton and not st.session_state.get(drawn):
                # On first paint only: a refresh never blanks.
                with st.skeleton(skeleton):
                    yield
            else:
                if skeleton:
                    # Its place is kept: what moved up by one would be drawn anew, and twice
                    # meanwhile.
                    st.empty()
                yield
        st.session_state[drawn] = True
        if old:
            _stale(key, old)
    except BeingCounted as error:
        st.info(sentence(error), title="Being counted", icon=":material/hourglass_top:")
    except BudgetExceeded as error:
        _LOG.warning("panel %s: %s", key, error)
        st.warning(
            f"{sentence(error)} Ask by a longer grain, or shorten the range.",
            title="Too much for one look",
            icon=":material/hourglass_disabled:",
        )
    except UsageError as error:
        st.warning(sentence(error), title="This cannot be asked", icon=":material/rule:")
    except Exception as error:  # noqa: BLE001 - the one place where a page's panel may catch broadly
        reference = secrets.token_hex(2).upper()
        _LOG.exception("panel %s could not be drawn, reference %s", key, reference)
        reason = sentence(error) if isinstance(error, ConsoleError) else "Something failed inside."
        st.error(
            f"{reason} The other panels are not affected. Reference {reference}.",
            title="This panel could not be drawn",
            icon=":material/error:",
        )
        st.button("Try again", key=f"again_{key}", icon=":material/refresh:")


def _stale(key: str, old: Sequence[lately.Old]) -> None:
    """Say below figures that could not be asked anew how old they are, and why."""
    zone = ZoneInfo(cached.settings().timezone)
    oldest = min(old, key=lambda one: one.at)
    when = formats.moment(oldest.at, zone, datetime.now(UTC))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(
            f":orange[:material/history: Last good data from {when}.] {sentence(oldest.why)}",
            width="content",
        )
        st.button("Try again", key=f"again_{key}", icon=":material/refresh:", type="tertiary")


def sentence(error: ConsoleError) -> str:
    """What an error says to a viewer, literal in Markdown; where it happened stays in the log."""
    what = error.what[:1].upper() + error.what[1:]
    hint = f" {error.hint}." if error.hint else ""
    return formats.literal(f"{what}.{hint}")


def empty(title: str, note: str, *, link: Link | None = None, icon: str = "today") -> None:
    """Nothing to show, said in words, with one thing to do."""
    with st.container(horizontal_alignment="center", gap="xxsmall"):
        st.space("small")
        st.markdown(f"**{title}**", text_alignment="center")
        st.caption(note, text_alignment="center")
        if link:
            st.page_link(
                link.page,
                label=link.label,
                icon=f":material/{icon}:",
                query_params=dict(link.params),
            )
        st.space("small")


def chip(label: str, colour: str, icon: str = "") -> str:
    """A state as a chip in Markdown; ``label`` is taken literally."""
    mark = f":material/{icon}: " if icon else ""
    return f":{colour}-badge[{mark}{formats.literal(label)}]"


def nothing_in(view: Range, spoken: str = "") -> None:
    """No payments in the range: says when the newest was, and leads there."""
    newest = cached.streams()["transactions"].last_at
    if newest is None:
        empty(
            "No payments have been read yet.",
            "They appear here as soon as VectorCraft's database has been read.",
        )
        return
    when = formats.moment(newest, view.zone, view.now)
    empty(
        f"No payments {formats.literal(spoken or view.spoken)}.",
        f"The newest is from {formats.literal(when)}.",
        link=Link("pages/transactions.py", "Show the last 90 days", {"range": "90d"}),
    )


def nothing_of(stream: str, view: Range, never: str, spoken: str = "") -> None:
    """No rows of a stream in the range: says when the newest was, or what ``never`` says."""
    state = cached.streams()[stream]
    label = words.STREAM_LABELS.get(stream, stream).lower()
    if state.last_at is None:
        empty(f"No {label} have been recorded yet.", never)
        return
    when = formats.moment(state.last_at, view.zone, view.now)
    empty(
        f"No {label} {formats.literal(spoken or view.spoken)}.",
        f"The newest is from {formats.literal(when)}.",
    )
