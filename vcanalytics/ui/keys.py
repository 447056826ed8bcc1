"""Shortcuts of every page and the sheet that lists them; Streamlit's own take neither ? nor /."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
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

_CSS: Final = """
:host { font-family: var(--st-font); color: var(--st-text-color); }
dialog { width: min(560px, 92vw); max-height: 86vh; padding: 22px 24px; box-sizing: border-box;
  color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: 6px; font-size: 15px; }
dialog::backdrop { background: rgb(0 0 0 / 0.4); }
header { display: flex; align-items: center; justify-content: space-between; }
h2 { margin: 0; font-size: 15px; font-weight: 600; }
header button { padding: 4px 10px; font: inherit; font-size: 13px; cursor: pointer;
  color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); }
button:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
dl { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 24px; margin: 18px 0 0; }
dl div { display: flex; align-items: baseline; gap: 10px; }
dt { min-width: 62px; white-space: nowrap; }
dd { margin: 0; }
kbd { display: inline-block; min-width: 12px; margin-right: 4px; padding: 1px 6px;
  text-align: center; font-family: var(--st-code-font); font-size: 12px;
  color: var(--st-text-color); background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: 4px; }
@media (max-width: 560px) { dl { grid-template-columns: 1fr; } }
"""
_SHEET: Final = st.components.v2.component(
    "vectorcraft_keys",
    html="""<dialog aria-labelledby="keys-title">
<header><h2 id="keys-title">Keys</h2><form method="dialog"><button>Close</button></form></header>
<dl></dl>
</dialog>
""",
    css=_CSS,
    js=(Path(__file__).parent / "keys.js").read_text(encoding="utf-8"),
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
