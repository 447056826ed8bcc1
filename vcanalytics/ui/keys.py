"""Shortcuts of every page and the sheet that lists them; Streamlit's own take neither ? nor /."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from vcanalytics.ui import agents

#: After G: the page's path, by its letter, and its name.
_GO: Final = {
    "o": ("/", "Overview"),
    "t": ("/transactions", "Transactions"),
    "c": ("/customers", "Customers"),
    "r": ("/revenue", "Revenue"),
    "p": ("/performance", "Performance"),
    "a": ("/activity", "Activity"),
    "s": ("/system", "System"),
    "d": ("/reconcile", "Reconcile, the desk"),
    "f": ("/failures", "Failures"),
    "l": ("/alerts", "Alerts"),
    "h": ("/health", "Health"),
}
_STEP: Final = (["\u2190", "\u2192"], "Earlier, later")
_EVERYWHERE: Final = (
    (["?", "K"], "This sheet"),
    (["P"], "Pause, resume"),
    (["/"], "The page's search"),
)
_ON_THE_DESK: Final = (
    (["T"], "Take the open case"),
    (["D"], "Mark it done"),
    (["X"], "Dismiss it"),
)

_SHEET: Final = st.components.v2.component(
    "vectorcraft_keys",
    html="""<dialog aria-labelledby="keys-title">
<header><h2 id="keys-title">Keys</h2><form method="dialog"><button>Close</button></form></header>
<dl></dl>
</dialog>
""",
    # vcanalytics/web/page/keys.js: see ui/live.py.
    js="export default component => window.vectorcraft && window.vectorcraft.keys(component)\n",
)


def _rows(*, steps: bool) -> list[list[Any]]:
    rows = [*_EVERYWHERE, *([_STEP] if steps else [])]
    rows += [(["G", letter.upper()], name) for letter, (_, name) in _GO.items()]
    return [list(row) for row in (*rows, *_ON_THE_DESK)]


def draw(step: Callable[[int], None] | None) -> None:
    """Listen for keys; ``step`` is called with -1 or 1, where the page has a range to move."""
    if agents.phone():
        return

    def stepped() -> None:
        way = st.session_state["keys"].get("step")
        if step is not None and way in {-1, 1}:
            step(way)

    _SHEET(
        key="keys",
        data={
            "pages": {letter: path for letter, (path, _) in _GO.items()},
            "sheet": _rows(steps=step is not None),
            "steps": step is not None,
        },
        width="content",
        on_step_change=stepped,
    )
