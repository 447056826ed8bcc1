"""A viewer of the console, as far as Streamlit's own test runner can be one.

    viewer = Viewer(now=...)
    shown = viewer.open("transactions", range="all", q="ann")
    assert "Nothing was found" in shown.text

The whole app runs, frame and navigation included. With ``now`` the viewer paused at that moment.
They are signed in, as an admin unless told otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import app_test

from tests.app_runner import AppTest
from tests.pages.signed_in import signed_in
from vcanalytics.accounts import Principal, Role

ROOT: Final = Path(__file__).parents[2]
#: Every page there is, by its file's name.
PAGES: Final = tuple(sorted(path.stem for path in (ROOT / "pages").glob("*.py")))

_TIMEOUT_S: Final = 60.0
#: What the frame registers for each role: the pages by the runner's names for them.
_REGISTERED: Final[dict[Role, Any]] = {}
_ESCAPED: Final = re.compile(r"\\([^A-Za-z0-9\s])")
_TEXTS: Final = ("label", "body", "title", "delta", "delta_description", "help")
#: Their value is what the viewer typed or picked, no text of the page's.
_INPUTS: Final = frozenset({"text_input", "selectbox", "multiselect", "datetime_input", "toggle"})


class _InFrame(PagesManager):
    """Home.py says that its pages are the frame's; the runner forgets that before each run.

    Without it a page would run bare, and nothing the frame does could be seen here.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        PagesManager.uses_pages_directory = False


app_test.PagesManager = _InFrame  # type: ignore[attr-defined]


class Shown:
    """A page as it was drawn."""

    def __init__(self, app: AppTest) -> None:
        self.app = app

    @property
    def marked(self) -> list[str]:
        """Everything that Streamlit reads as Markdown or HTML, as it was handed over."""
        return [text for text in _texts(self.app._tree) if text]

    @property
    def text(self) -> str:
        """What a viewer reads outside of tables, without the marks that keep text literal."""
        return _ESCAPED.sub(r"\1", "\n".join(self.marked)).replace("\u00a0", " ")

    @property
    def metrics(self) -> dict[str, str]:
        """Label to value of every figure; of two with one label, the first."""
        found: dict[str, str] = {}
        for metric in self.app.metric:
            found.setdefault(metric.label, _ESCAPED.sub(r"\1", metric.value))
        return found

    @property
    def cells(self) -> set[str]:
        """Every cell of every table, as text; a list's members one by one."""
        return {text for frame in self.app.dataframe for text in _cells(frame.value)}

    @property
    def links(self) -> list[str]:
        """Where the CSV links of the page lead, in the order they stand."""
        return re.findall(r"\]\((/admin/export/[^).]+\.csv[^)]*)\)", "\n".join(self.marked))

    @property
    def components(self) -> str:
        """What the page's own components were told."""
        return "\n".join(str(element.proto) for element in self.app.get("bidi_component"))

    def assert_well(self) -> None:
        """Nothing failed, neither the page nor one of its panels."""
        assert list(self.app.exception) == []
        assert [error.value for error in self.app.error] == []


class Viewer:
    """One browser tab: what it was told stays from page to page."""

    def __init__(self, now: datetime | None = None, *, me: Principal | None = None) -> None:
        self.me = me or signed_in()
        self.app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=_TIMEOUT_S)
        self.app.user = dict(claims(self.me))
        if now is not None:
            self.app.session_state["paused_at"] = f"{now:%H:%M:%S}"
            self.app.session_state["paused_now"] = now
        self._begun = False

    def open(self, page: str, /, **params: str) -> Shown:
        """Follow a link to a page; ``from_`` stands for ``from``."""
        if not self._begun:
            self._learn_paths()
            self._begun = True
        self.app.query_params = {key.rstrip("_"): value for key, value in params.items()}
        self.app.switch_page(f"pages/{page}.py").run()
        return Shown(self.app)

    def _learn_paths(self) -> None:
        """The runner learns the pages' paths by a run, of Overview: one for each role will do."""
        if self.me.role not in _REGISTERED:
            self.app.run()
            _REGISTERED[self.me.role] = self.app._registered_pages
        self.app._registered_pages = _REGISTERED[self.me.role]


def press(viewer: Viewer, label: str) -> Shown:
    """Press the first button of that name."""
    next(b for b in viewer.app.button if b.label == label).click().run()
    return Shown(viewer.app)


def finish(viewer: Viewer, button: str) -> Shown:
    if button != "dialog_yes":
        return press(viewer, button)
    viewer.app.button(key=button).click().run()
    return Shown(viewer.app)


def claims(me: Principal) -> dict[str, str]:
    """What the server in front tells the pages of who is signed in."""
    return {"session": str(me.session), "name": quote(me.name, safe=""), "role": me.role.value}


def _texts(node: Any) -> Iterator[str]:
    for child in getattr(node, "children", {}).values():
        holders = (child, getattr(child, "proto", None))
        for name in (*_TEXTS, *(() if child.type in _INPUTS else ("value",))):
            found = (getattr(holder, name, None) for holder in holders)
            yield next((text for text in found if isinstance(text, str)), "")
        if child.type == "button_group":
            yield from child.options
        yield from _texts(child)


def _cells(frame: Any) -> Iterable[str]:
    for row in frame.itertuples(index=False):
        for cell in row:
            if isinstance(cell, str):
                yield cell
            elif hasattr(cell, "tolist"):
                yield from (str(part) for part in cell.tolist()) if cell.ndim else [str(cell)]
            elif isinstance(cell, list):
                yield from (str(part) for part in cell)
            else:
                yield str(cell)
