"""Notes on charts: each on the window it falls into, in any zone, and never one over another."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.display import charts, noted, ranges
from vcanalytics.display.noted import Notes
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.model.notes import Note, NoteKind
from vcanalytics.model.windows import Grain, windows

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: Clocks go back on these days: by an hour, by half of one, at midnight.
BACK = {
    "Europe/Berlin": datetime(2026, 10, 25, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, tzinfo=UTC),
    "America/Havana": datetime(2026, 11, 1, tzinfo=UTC),
    "Asia/Kolkata": datetime(2026, 11, 1, tzinfo=UTC),
}


def view_of(start: datetime, end: datetime, zone: str = "UTC", now: datetime = NOW) -> Range:
    params = {"from": start.isoformat(), "to": end.isoformat(), "zone": zone}
    return ranges.read(params, Defaults(), now)


def note(at: datetime, until: datetime | None = None, text: str = "v2", number: int = 1) -> Note:
    return Note(number, NoteKind.RELEASE, text, at, until, "asha", NOW)


def on_bars(*notes: Note, view: Range, grain: Grain) -> tuple[noted.Laid, list[noted.Window]]:
    found = windows(view.start, view.end, grain, view.zone)
    bars = [(f"{one.label} {i}", one.start, one.end) for i, one in enumerate(found)]
    over = Notes(notes, view, tuple(bars))
    return noted.laid(over, pl.DataFrame({"label": [bar[0] for bar in bars]})), bars


def axis(*notes: Note, view: Range, last: datetime) -> noted.Laid:
    points = [charts.wall_ms(at, view.zone) for at in (view.start, last)]
    return noted.laid(Notes(notes, view), pl.DataFrame({"t": points}))


@given(
    zone=st.sampled_from(sorted(BACK)),
    grain=st.sampled_from([Grain.HOUR, Grain.DAY, Grain.WEEK]),
    minutes=st.integers(-3 * 1440, 3 * 1440),
    length=st.integers(0, 2 * 1440),
)
def test_a_note_stands_on_the_window_it_falls_into(
    zone: str, grain: Grain, minutes: int, length: int
) -> None:
    start, end = BACK[zone] - timedelta(days=2), BACK[zone] + timedelta(days=3)
    at = BACK[zone] + timedelta(minutes=minutes)
    until = at + timedelta(minutes=length) if length else None
    laid, bars = on_bars(note(at, until), view=view_of(start, end, zone), grain=grain)
    first, last = bars[0][1], bars[-1][2]
    if not note(at, until).touches(first, last):
        assert laid.marks == ()
        return
    by_label = {label: (begins, ends) for label, begins, ends in bars}
    (mark,) = laid.marks
    begins, ends = by_label[str(mark.at)]
    assert begins <= max(at, first) < ends
    assert abs(begins + (ends - begins) * mark.share - max(at, first)) <= (ends - begins) * 0.001
    if until is not None:
        begins, ends = by_label[str(mark.until)]
        assert begins < min(until, last) <= ends
        over = begins + (ends - begins) * mark.until_share - min(until, last)
        assert abs(over) <= (ends - begins) * 0.001


def test_both_of_two_repeated_hours_have_their_own_notes() -> None:
    night = BACK["Europe/Berlin"]
    view = view_of(night, night + 6 * HOUR, "Europe/Berlin")
    first, second = night + HOUR / 2, night + 1.5 * HOUR
    laid, _ = on_bars(note(first), note(second, number=2), view=view, grain=Grain.HOUR)
    assert [str(mark.at)[11:25] for mark in laid.marks] == ["02:00:00+02:00", "02:00:00+01:00"]


@given(zone=st.sampled_from(sorted(BACK)), minutes=st.integers(0, 5 * 1440 - 1))
def test_on_an_axis_a_note_stands_where_points_of_its_time_stand(zone: str, minutes: int) -> None:
    start, end = BACK[zone] - timedelta(days=2), BACK[zone] + timedelta(days=3)
    at = start + timedelta(minutes=minutes)
    laid = axis(note(at), view=view_of(start, end, zone, now=end), last=end)
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    assert [mark.at for mark in laid.marks] == [local.timestamp() * 1000]


def test_what_is_yet_to_come_beyond_the_last_point_is_left_out() -> None:
    view = view_of(NOW - 9 * HOUR, NOW + 9 * HOUR)
    shown = axis(
        note(NOW + 3 * HOUR, number=1),
        note(NOW - HOUR / 2, number=2),
        note(NOW - 30 * HOUR, NOW - 20 * HOUR, number=3),
        note(NOW - 30 * HOUR, NOW - 8 * HOUR, number=4),
        view=view,
        last=NOW - HOUR,
    )
    assert [mark.at for mark in shown.marks] == [
        charts.wall_ms(at, view.zone) for at in (NOW - HOUR / 2, NOW - 30 * HOUR)
    ]
    assert axis(note(NOW), view=view, last=view.start).marks != ()
    empty = pl.DataFrame({"t": []}, schema={"t": pl.Float64})
    assert noted.laid(Notes((note(NOW),), view), empty).marks == ()


@given(
    minutes=st.lists(st.integers(0, 599), min_size=1, max_size=12),
    length=st.integers(1, 60),
    phone=st.booleans(),
)
def test_no_name_lies_over_another_or_its_rule(
    minutes: list[int], length: int, phone: bool
) -> None:
    view = view_of(NOW - 10 * HOUR, NOW)
    notes = tuple(
        note(view.start + timedelta(minutes=at), text="x" * length, number=i)
        for i, at in enumerate(minutes)
    )
    points = [charts.wall_ms(at, view.zone) for at in (view.start, view.end)]
    laid = noted.laid(Notes(notes, view), pl.DataFrame({"t": points}), phone=phone)
    width = noted.NARROW_PX if phone else noted.WIDTH_PX
    named = [mark for mark in laid.marks if mark.name]
    assert len(laid.marks) == len(minutes)
    assert 1 <= len(named) <= noted.NAMED_MAX
    boxes = []
    for mark in named:
        x = (float(mark.at) - points[0]) / (points[1] - points[0]) * width
        long = len(mark.name) * 6.4
        boxes.append(
            (mark.line, x, *((x + 4, x + long) if mark.side == "right" else (x - long, x - 4)))
        )
    for i, (line, x, low, high) in enumerate(boxes):
        for other_line, other_x, other_low, other_high in boxes[:i]:
            assert line != other_line or high <= other_low or other_high <= low
            if other_line > line:
                assert not low < other_x < high
            if line > other_line:
                assert not other_low < x < other_high


def test_the_description_names_some_and_counts_the_rest() -> None:
    view = view_of(NOW - 10 * HOUR, NOW)
    many = [note(NOW - HOUR, text=f"v{i}", number=i) for i in range(8)]
    laid = axis(*many, view=view, last=NOW)
    assert laid.spoken.startswith(". Notes: Release v0, 09:00:00; ")
    assert laid.spoken.endswith("Release v4, 09:00:00; and 3 more")
    assert laid.marks[0].text == "Release, 09:00:00: v0 (asha, 10:00:00)"


def test_of_very_many_the_newest_are_drawn() -> None:
    view = view_of(NOW - 10 * HOUR, NOW)
    many = [note(NOW - i * HOUR / 1_000, text="v", number=i) for i in range(1, 2_000)]
    laid = axis(*many, view=view, last=NOW)
    assert len(laid.marks) == noted.MARKS_MAX
    assert laid.spoken.endswith("and at least 95 more")


SPECS: dict[str, tuple[charts.Spec, dict[str, Any]]] = {
    "axis": (charts.trend(206, "%H:%M", (), "ms"), {"t": [0.0, 1.0]}),
    "bars": (charts.bars(206, ()), {"label": ["a"]}),
    "heat": (charts.cells(206, ("a",), ("x",), x_ticks=(), y_ticks=()), {"label": ["a"]}),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_shared_specification_is_left_as_it_is(name: str) -> None:
    spec, rows = SPECS[name]
    before = copy.deepcopy(spec)
    view = view_of(NOW - HOUR, NOW + HOUR)
    bars = (("a", view.start, view.end),) if "label" in rows else None
    data = pl.DataFrame(rows)
    span = note(NOW - HOUR, NOW, "<script>alert(1)</script>")
    if bars is None:
        data = data.with_columns(
            t=pl.Series([charts.wall_ms(NOW + h * HOUR, UTC) for h in (-1, 1)])
        )
    laid = noted.laid(Notes((span,), view, bars), data)
    more: dict[str, Any] = charts.with_notes(spec, laid.marks)
    assert spec == before
    assert len(more["layer"]) == len(spec["layer"]) + 4
    # Drawn again, it is the same: nothing flickers.
    assert charts.with_notes(spec, noted.laid(Notes((span,), view, bars), data).marks) == more
    assert charts.with_notes(spec, ()) is spec
