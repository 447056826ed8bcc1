"""Push, not poll: a fragment that reruns when a stream it shows has moved, and the ages beside it.

A few lines of JavaScript listen on the console's own socket (see vcanalytics.web.live) and ask the
fragment they stand in to rerun. Where the socket cannot be had, fragments poll instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.cached import alerts, desk, notes
from vcanalytics.display import words
from vcanalytics.errors import StoreError
from vcanalytics.ui import first_chart

#: A rerun without news moves "so far" and "now" on; with no socket it is the only refresh.
_ROLL_ON_S: Final = 60.0
_POLL_S: Final = 5.0
#: At most four pushes a second and viewer, and one in a while for what moves with every sample.
AT_ONCE_S: Final = 0.25
CALMLY_S: Final = 5.0
#: Older than this, a stream that should be read all the time is called stale.
STALE_AFTER_S: Final = 60

#: No stream of the store: it moves with each event of an alert.
ALERTS: Final = "alerts"
#: The same of the desk's cases.
CASES: Final = "cases"
#: The same of notes on the time axis.
NOTES: Final = "notes"

# What they draw with stands in the page's own script (vcanalytics/web/page/live.js), loaded once: a
# component carries its script with every message, and each fragment has one.
_JS: Final = (
    "export default component => window.vectorcraft && window.vectorcraft.live(component)\n"
)
_LINE = st.components.v2.component(
    "vectorcraft_live", html='<div data-vc class="age"></div>\n', js=_JS
)
_LIST = st.components.v2.component("vectorcraft_freshness", html="<ul data-vc></ul>\n", js=_JS)


def paused_at() -> str | None:
    """The wall-clock time at which this viewer paused, if so."""
    value = st.session_state.get("paused_at")
    return str(value) if value else None


def polling() -> bool:
    """Whether this viewer's browser could not reach the socket."""
    status = st.session_state.get("connection")
    return status is not None and status.get("socket") == "down"


def _data(show: str, streams: Sequence[str], **more: Any) -> dict[str, Any]:
    states = cached.streams()
    # What a viewer who paused sees is as old as the pause.
    paused = st.session_state.get("paused_now")
    latest = paused.timestamp() * 1000 if paused else float("inf")
    return {
        "show": show,
        "streams": list(streams),
        "seqs": {name: states[name].seq for name in streams if name in states}
        | ({ALERTS: alerts.newest()} if ALERTS in streams else {})
        | ({CASES: desk.newest()} if CASES in streams else {})
        | ({NOTES: newest_note()} if NOTES in streams else {}),
        "read_at": {
            name: min(state.read_at.timestamp() * 1000, latest)
            for name, state in states.items()
            if state.read_at is not None
        },
        "stale_after_s": STALE_AFTER_S,
        "paused": paused_at(),
        "first_chart": first_chart.word(),
        **more,
    }


def newest_note() -> int:
    """The number of the last change of any note, 0 where that cannot be read."""
    try:
        return notes.newest()
    except StoreError:
        # Every page has its listener: none is to fail for that.
        return 0


def age(
    streams: Sequence[str],
    *,
    key: str,
    reruns: bool = True,
    narrow: bool = False,
    every_s: float = AT_ONCE_S,
) -> None:
    """The age of what stands beside it, ticking; by default also what reruns its fragment.

    ``every_s`` is how often at most: what costs more, or moves all the time, is redrawn less.
    """
    _LINE(
        key=f"live_{key}",
        data=_data("age", streams, reruns=reruns, narrow=narrow, every_ms=every_s * 1000),
        width="content",
        on_moved_change=_moved,
    )


def listen(streams: Sequence[str], *, key: str, every_s: float = AT_ONCE_S) -> None:
    """Rerun this fragment when a stream it shows has moved; nothing is seen of it."""
    _LINE(
        key=f"live_{key}",
        data=_data("nothing", streams, reruns=True, every_ms=every_s * 1000),
        width="content",
        on_moved_change=_moved,
    )


def listen_for_trouble(known: str) -> None:
    """Rerun this fragment when what is wrong with the source is no more what is ``known``."""
    _LINE(
        key="live_trouble",
        data=_data("nothing", (), reruns=True, trouble=known),
        width="content",
        on_moved_change=_moved,
    )


def _moved() -> None:
    """The rerun itself is the answer."""


def status(*, offset_s: int) -> None:
    """Live with the age of the last successful read, paused, or not connected."""
    _LINE(
        key="connection",
        data=_data(
            "status",
            ("transactions",),
            reruns=False,
            offset_s=offset_s,
            socket="down" if polling() else "up",
        ),
        width="content",
        default={"socket": "up"},
        on_socket_change=_moved,
    )


def freshness(rows: Sequence[tuple[str, int, str]], *, key: str) -> None:
    """One line a stream: whether it is read, how long ago. Rows are (stream, expected_s, note)."""
    _LIST(
        key=f"live_{key}",
        data=_data(
            "freshness",
            [stream for stream, _, _ in rows],
            reruns=False,
            rows=[
                {
                    "stream": stream,
                    "label": words.STREAM_LABELS.get(stream, stream),
                    "expected_s": expected_s,
                    "note": note,
                }
                for stream, expected_s, note in rows
            ],
        ),
    )


_WHOLE_PAGE: Final = "whole_page_due"


def rerun_page() -> None:
    """In a callback: what was picked concerns the whole page, not its fragment alone."""
    st.session_state[_WHOLE_PAGE] = True


def page_begins() -> None:
    """The whole page is being drawn: what was due is done."""
    st.session_state.pop(_WHOLE_PAGE, None)


def fragment(draw: Callable[..., None], *arguments: Any) -> None:
    """Run ``draw`` as a fragment of its own; a listener inside it (``age``) says when to rerun."""
    every = None if paused_at() else (_POLL_S if polling() else _ROLL_ON_S)
    st.fragment(_run, run_every=every)(draw, *arguments)


def _run(draw: Callable[..., None], *arguments: Any) -> None:
    if st.session_state.pop(_WHOLE_PAGE, False):
        # A callback can only leave word: it runs before its fragment does.
        st.rerun()
    draw(*arguments)
    first_chart.let_paint()
