"""A report, put together: each subject by itself, so that what cannot be asked costs no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeAlias

from vcanalytics.display import formats
from vcanalytics.display.noted import upon
from vcanalytics.display.picture import Picture
from vcanalytics.errors import ConsoleError, StoreError
from vcanalytics.journal import notes
from vcanalytics.model.notes import Note
from vcanalytics.pictures.asking import WIDTH_PX, Document, print_out
from vcanalytics.report import money, people, plant, work
from vcanalytics.report.blocks import Block, Charts, Figures, Heading, Said, Table
from vcanalytics.report.period import Kind, Period
from vcanalytics.report.sources import Sources

Subject: TypeAlias = Callable[[Sources, Period], Sequence[Block]]

_TEMPLATE: Final = Path(__file__).with_name("report.typ")
#: In the order they are read in; what failed to be asked is named by these.
_SUBJECTS: Final[tuple[tuple[str, Subject], ...]] = (
    ("Takings", money.takings),
    ("Needs a person", work.needs_a_person),
    ("Failed payments", work.failures),
    ("Response times", plant.performance),
    ("Outages", plant.down),
    ("Activity", people.activity),
    ("System", plant.host),
    ("What this rests on", plant.freshness),
)
#: Between charts that stand beside each other, in their pixels.
_GAP_PX: Final = 20
_TITLES: Final = {Kind.DAY: "Daily report", Kind.WEEK: "Weekly report"}


def blocks(ask: Sources, period: Period) -> list[Block]:
    """All there is to say of ``period``, from top to bottom."""
    found: list[Block] = []
    for title, subject in _SUBJECTS:
        try:
            found += subject(ask, period)
        except ConsoleError as error:
            found += [Heading(title), Said(f"This could not be asked: {error.what}.", "critical")]
    return found


def make(ask: Sources, period: Period) -> bytes:
    """The report as a PDF.

    Raises BudgetExceeded where it could not be set in time, ConsoleError where it could not be set.
    """
    known = _notes(ask, period)
    pictures: dict[str, tuple[Picture, int]] = {}
    body = [_told(block, pictures, known, period) for block in blocks(ask, period)]
    data = {
        "title": f"{_TITLES[period.kind]}: {period.name}",
        "kind": _TITLES[period.kind],
        "name": period.name,
        "so_far": period.so_far,
        "demo": not ask.settings.source_url,
        "zone": period.zone.key,
        "as_of": formats.full(ask.snapshot.taken_at, period.zone),
        "compared": _compared(period),
        "blocks": body,
    }
    return print_out(Document(_TEMPLATE.read_text("utf-8"), data, pictures))


def _compared(period: Period) -> str:
    names = [one.spoken for one in period.against]
    if not names:
        return "There is no earlier period to compare with."
    until = ", each up to the same time" if period.open else ""
    return f"Compared with {' and '.join(names)}{until}."


def _notes(ask: Sources, period: Period) -> list[Note]:
    try:
        with ask.journal() as connection:
            every = list(notes.every(connection))
    except StoreError:
        return []
    return [note for note in every if note.touches(period.start, period.end)]


def _told(
    block: Block, pictures: dict[str, tuple[Picture, int]], known: Sequence[Note], period: Period
) -> dict[str, Any]:
    """A block as the template reads it; the pictures in it are named, and drawn with the rest."""
    match block:
        case Charts():
            room = WIDTH_PX - _GAP_PX * (len(block.pictures) - 1)
            whole = sum(share for _, share in block.pictures)
            return {
                "kind": "charts",
                "charts": [
                    _chart(upon(one, known, period.view), int(room * share / whole), pictures)
                    for one, share in block.pictures
                ],
            }
        case Table():
            return {"kind": "table", **asdict(block)}
        case Figures():
            return {"kind": "figures", **asdict(block)}
        case Heading():
            return {"kind": "heading", **asdict(block)}
        case Said():
            return {"kind": "said", **asdict(block)}


def _chart(
    picture: Picture, width: int, pictures: dict[str, tuple[Picture, int]]
) -> dict[str, Any]:
    name = f"chart{len(pictures)}"
    pictures[name] = picture, width
    return {
        "name": name,
        "width": width,
        "title": picture.title,
        "note": picture.note,
        "alt": picture.alt,
        "legend": [asdict(key) for key in picture.legend],
    }
