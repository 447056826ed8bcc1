"""Charts as files: the picture that a link asks for, with what stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from vcanalytics.cached import notes
from vcanalytics.display.noted import upon
from vcanalytics.display.picture import Picture, caption
from vcanalytics.display.ranges import Range
from vcanalytics.errors import StoreError, UsageError
from vcanalytics.model.notes import Note
from vcanalytics.pictures.asking import Sheet, draw
from vcanalytics.pictures.theme import THEMES, Theme
from vcanalytics.web.asked import Asked
from vcanalytics.web.drawings import PICTURES


@dataclass(frozen=True, slots=True)
class Framed:
    """A chart with what its file says besides."""

    picture: Picture
    view: Range
    as_of: datetime
    theme: Theme

    @property
    def start(self) -> datetime:
        return self.view.start

    @property
    def end(self) -> datetime:
        return self.view.end

    @property
    def zone(self) -> ZoneInfo:
        return self.view.zone

    def drawn(self, form: str) -> bytes:
        """The file itself. Raises as ``pictures.draw`` does."""
        sheet = Sheet(self.picture, caption(self.view, self.as_of))
        return draw(sheet, "svg" if form == "svg" else "png", self.theme)


def picture(name: str, params: Mapping[str, str]) -> Framed:
    """The chart a link asks for.

    Raises UsageError for a name or a parameter that is none, and where there is nothing to draw.
    """
    if name not in PICTURES:
        raise UsageError(f"there is no picture {name!r}")
    asked = Asked.read(params)
    theme = params.get("theme", "light")
    if theme not in THEMES:
        raise UsageError(f"the theme is {' or '.join(THEMES)}")
    drawn = PICTURES[name](asked)
    if drawn.picture is None:
        raise UsageError("there is nothing to draw in this range")
    view = drawn.view or asked.view
    noted = upon(drawn.picture, _notes(view), view)
    return Framed(noted, view, drawn.as_of, "dark" if theme == "dark" else "light")


def _notes(view: Range) -> tuple[Note, ...]:
    try:
        return notes.within(view.start, view.end)
    except StoreError:
        # As on pages: Health says that the journal cannot be read.
        return ()
