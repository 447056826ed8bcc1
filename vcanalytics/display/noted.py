"""Which notes stand on a chart and where: on its axis of time, or on the windows of its bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

import polars as pl

from vcanalytics.display import formats, words
from vcanalytics.display.charts import wall_ms
from vcanalytics.display.charts.notes import Mark, with_notes
from vcanalytics.display.picture import Picture
from vcanalytics.display.ranges import Range
from vcanalytics.model.notes import Note

#: Rules on one chart, names above it and lines of these, and notes that its description names.
MARKS_MAX: Final = 100
NAMED_MAX: Final = 6
LINES_MAX: Final = 2
SPOKEN_MAX: Final = 5
#: What is left of a name at most, and where there is less room.
_NAMES_CHARS: Final = (28, 14)
#: What names take, as near as the server can know.
_CHAR_PX: Final = 6.4
_GAP_PX: Final = 10.0
_RULE_PX: Final = 2.0
#: A plot's width, and that of a small panel's or a phone's.
WIDTH_PX: Final = 560.0
NARROW_PX: Final = 300.0

Side: TypeAlias = Literal["left", "right"]
#: The name as it is shown, its line, and the side of its rule.
_Named: TypeAlias = tuple[str, int, Side]

#: (label, start, end) of a bar's window; labels are unique.
Window = tuple[str, datetime, datetime]


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of a chart's range, the newest first; ``windows`` where its ``x`` are labels.

    ``narrow``: the chart stands in a small panel.
    """

    notes: tuple[Note, ...]
    view: Range
    windows: tuple[Window, ...] | None = None
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Laid:
    """Marks for ``charts.with_notes``, and what the chart's description says of them."""

    marks: tuple[Mark, ...] = ()
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a note begins and ends on the axis: as Mark has it, and as a share of the axis."""

    at: float | str
    share: float
    until: float | str | None
    until_share: float
    far: float


def laid(over: Notes, data: pl.DataFrame, *, phone: bool = False) -> Laid:
    """Where the notes stand on the chart of ``data``, of which only ``t`` is looked at.

    Of a chart without windows, what is older than its first point or yet to come beyond its last is
    left out.
    """
    if not over.notes:
        return Laid()
    if over.windows is not None:
        placed = _on_windows(over.notes, over.windows)
    else:
        placed = _on_axis(over.notes, data, over.view)
    named = _named(placed, NARROW_PX if phone or over.narrow else WIDTH_PX)
    nameless: _Named = ("", 0, "right")
    marks = tuple(
        Mark(
            place.at,
            place.share,
            place.until,
            place.until_share,
            words.NOTES[note.kind.value].role,
            told(note, over.view),
            *named.get(note.number, nameless),
        )
        for note, place in placed
    )
    return Laid(marks, _spoken([note for note, _ in placed], over.view))


def upon(picture: Picture, notes: Sequence[Note], view: Range) -> Picture:
    """``picture`` with the notes of its range on it, for files; as it is where ``x`` is no time."""
    if not notes or not picture.timed:
        return picture
    found = laid(Notes(tuple(notes), view, picture.windows), picture.data)
    spec = with_notes(picture.spec, found.marks)
    return replace(picture, spec=spec, alt=picture.alt + found.spoken)


def shortened(text: str, chars_max: int = _NAMES_CHARS[0]) -> str:
    """A name that has room above a chart."""
    return text if len(text) <= chars_max else text[: chars_max - 1].rstrip() + "…"


def when(note: Note, view: Range) -> str:
    """``20 Nov, 12:07``, or from when to when."""
    first = formats.moment(note.starts_at, view.zone, view.now)
    if note.ends_at is None:
        return first
    return f"{first} to {formats.moment(note.ends_at, view.zone, view.now)}"


def told(note: Note, view: Range) -> str:
    """All there is to say of a note, for a tooltip."""
    said = f"{words.NOTES[note.kind.value].label}, {when(note, view)}: {note.text}"
    written = formats.moment(note.written_at, view.zone, view.now)
    by = f" ({note.by}, {written}"
    if note.edited_at is not None:
        by += f", changed by {note.edited_by}"
    return f"{said}{by})"


def _spoken(notes: Sequence[Note], view: Range) -> str:
    if not notes:
        return ""
    named = [
        f"{words.NOTES[note.kind.value].label} {shortened(note.text)}, {when(note, view)}"
        for note in notes[:SPOKEN_MAX]
    ]
    more = len(notes) - len(named)
    least = "at least " if len(notes) == MARKS_MAX else ""
    rest = f"; and {least}{formats.count(more)} more" if more else ""
    return f". Notes: {'; '.join(named)}{rest}"


def window_of(at: datetime, windows: Sequence[Window]) -> int | None:
    """The number of the window that ``at`` falls into; None where it falls into none."""
    return next((i for i, (_, start, end) in enumerate(windows) if start <= at < end), None)


def _on_windows(notes: Iterable[Note], windows: Sequence[Window]) -> list[tuple[Note, _Place]]:
    if not windows:
        return []
    first, last = windows[0][1], windows[-1][2]
    placed = []
    for note in notes:
        if not note.touches(first, last):
            continue
        at, share = _within(max(note.starts_at, first), windows)
        if at is None:
            continue
        until, until_share = None, 0.0
        if note.ends_at is not None:
            until, until_share = _within(min(note.ends_at, last), windows, ends=True)
        far = (at + share) / len(windows)
        place = _Place(
            windows[at][0],
            share,
            None if until is None else windows[until][0],
            until_share,
            far,
        )
        placed.append((note, place))
        if len(placed) == MARKS_MAX:
            break
    return placed


def _within(
    at: datetime, windows: Sequence[Window], *, ends: bool = False
) -> tuple[int | None, float]:
    """The window of a moment, and how far on in it that is; an end may be a window's own end."""
    if ends:
        found = next((i for i, (_, start, end) in enumerate(windows) if start < at <= end), None)
    else:
        found = window_of(at, windows)
    if found is None:
        return None, 0.0
    _, start, end = windows[found]
    # Coarse, so that a chart's marks stay what they are.
    return found, round((at - start) / (end - start), 3)


def _on_axis(notes: Iterable[Note], data: pl.DataFrame, view: Range) -> list[tuple[Note, _Place]]:
    first, last = data["t"].min(), data["t"].max()
    if not isinstance(first, float) or not isinstance(last, float):
        return []
    length = max(last - first, 1.0)
    placed = []
    for note in notes:
        at = wall_ms(note.starts_at, view.zone)
        until = None if note.ends_at is None else wall_ms(note.ends_at, view.zone)
        # The newest point may be as old as its window: what is over belongs to it.
        beyond = at > last and note.starts_at > view.now
        before = (at if until is None else until) < first
        if beyond or before:
            continue
        far = min(max((at - first) / length, 0.0), 1.0)
        placed.append((note, _Place(at, 0.0, until, 0.0, far)))
        if len(placed) == MARKS_MAX:
            break
    return placed


def _named(placed: Sequence[tuple[Note, _Place]], width_px: float) -> dict[int, _Named]:
    """Which notes have their name above the plot, in which line and at which side.

    The newest come first; what would lie over another's name or rule goes a line up, or to the
    other side, or is shortened, or has no name.
    """
    lines: list[list[tuple[float, float]]] = [[] for _ in range(LINES_MAX)]
    named: dict[int, _Named] = {}
    for note, place in placed:
        if len(named) == NAMED_MAX:
            break
        at = place.far * width_px
        for chars_max in _NAMES_CHARS:
            name = shortened(note.text, chars_max)
            found = _free(lines, at, len(name) * _CHAR_PX + _GAP_PX, width_px)
            if found is None:
                continue
            line, side, span = found
            lines[line].append(span)
            for below in lines[:line]:
                # Its rule goes up through these.
                below.append((at - _RULE_PX, at + _RULE_PX))
            named[note.number] = name, line, side
            break
    return named


def _free(
    lines: Sequence[Sequence[tuple[float, float]]], at: float, long: float, width_px: float
) -> tuple[int, Side, tuple[float, float]] | None:
    """The first free place for a name: its line, the side of the rule, from where to where."""
    sides: list[tuple[Side, tuple[float, float]]] = []
    if at + long <= width_px:
        sides.append(("right", (at + _RULE_PX, at + long)))
    if at - long >= 0:
        sides.append(("left", (at - long, at - _RULE_PX)))
    rule = (at - _RULE_PX, at + _RULE_PX)
    for side, span in sides:
        for line, taken in enumerate(lines):
            through = any(_meet(rule, other) for below in lines[:line] for other in below)
            if not through and not any(_meet(span, other) for other in taken):
                return line, side, span
    return None


def _meet(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
