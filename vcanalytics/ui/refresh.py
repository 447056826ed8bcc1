"""The refresh of pages that are redrawn as a whole."""

from __future__ import annotations

from typing import Final

from vcanalytics.ui import live

_EVERY_MS: Final = 30_000


def whole_page(key: str) -> None:
    """Rerun the page every half minute, unless paused. Call it last: it leaves a gap."""
    if live.paused_at():
        return
    # It registers with the running server: imported earlier its frame is never found.
    from streamlit_autorefresh import st_autorefresh  # noqa: PLC0415

    st_autorefresh(interval=_EVERY_MS, key=f"refresh_{key}")
