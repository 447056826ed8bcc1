"""Notes on the time axis: on charts, and the dialog where they are read and written."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final

import streamlit as st

from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import notes as _notes
from vcanalytics.display import formats, noted, words
from vcanalytics.display.noted import Notes
from vcanalytics.display.picture import Picture
from vcanalytics.display.ranges import Range
from vcanalytics.errors import StoreError, UsageError
from vcanalytics.model.notes import TEXT_CHARS_MAX, Note, NoteDraft, NoteKind
from vcanalytics.model.times import resolve
from vcanalytics.ui import doing, live, panels, who

_PLACE: Final = "notes"
_ICON: Final = ":material/sticky_note_2:"
#: The number of the last change of any note as the page's charts show them.
_DRAWN: Final = "notes_drawn"
#: The note that is being changed, and the one whose deletion was asked for.
_CHANGED: Final = "notes_changed"
_LEAVING: Final = "notes_leaving"
_FIELDS: Final = ("note_kind", "note_text", "note_from", "note_to")
_ROWS: Final = 30


class _More(StrEnum):
    """What may be done with a note, in the words of its menu."""

    CHANGE = "Change"
    DELETE = "Delete"


def over(view: Range, *, narrow: bool = False) -> Notes:
    """The notes of the range, for a chart over time; ``narrow``: in a small panel."""
    return Notes(_within(view), view, narrow=narrow)


def on(picture: Picture, view: Range, *, narrow: bool = False) -> Notes:
    """The notes of the range as a picture shows them: none where its ``x`` is no time."""
    return Notes(_within(view) if picture.timed else (), view, picture.windows, narrow=narrow)


def _within(view: Range) -> tuple[Note, ...]:
    try:
        return _notes.within(view.start, view.end)
    except StoreError:
        # Health says that the journal cannot be read; figures are drawn all the same.
        return ()


def page_begins() -> None:
    """The whole page is being drawn: its charts show the notes as they are."""
    st.session_state[_DRAWN] = live.newest_note()


def follow() -> None:
    """Have the whole page drawn anew once a note was changed by anybody."""
    live.listen((live.NOTES,), key="notes")
    if st.session_state.get(_DRAWN) != live.newest_note():
        st.rerun()


def label(view: Range) -> str:
    """What leads to the notes of a range, with how many there are."""
    count = len(_within(view))
    return f"Notes {formats.count(count)}" if count else "Notes"


def button(view: Range) -> None:
    """The way to the notes of the range."""
    if st.button(
        label(view),
        key="notes_open",
        icon=_ICON,
        type="tertiary",
        on_click=open_dialog,
        args=(view,),
    ):
        # The frame opens the dialog; this fragment alone would not.
        st.rerun()


def open_dialog(view: Range) -> None:
    """Open the notes of a range, with a form for a new one."""
    for name in (_CHANGED, _LEAVING):
        st.session_state.pop(name, None)
    _fill(view, None)
    doing.open_dialog("Notes", partial(_dialog, view), icon=_ICON)


def _dialog(view: Range) -> None:
    doing.tell(_PLACE)
    try:
        found = _notes.within(view.start, view.end)
    except StoreError as error:
        st.warning(panels.sentence(error), icon=":material/error:")
        return
    may = who.may(Role.OPERATOR)
    changed = st.session_state.get(_CHANGED)
    if may:
        _form(next((note for note in found if note.number == changed), None), view)
    for note in found[:_ROWS]:
        if note.number != changed:
            _row(note, view, may=may)
    if len(found) > _ROWS:
        more = formats.count(len(found) - _ROWS)
        st.caption(f"And {more} older ones in this range: shorten it, or ask `note list`.")
    if not found:
        st.caption(formats.literal(f"No notes {view.spoken}."))
    if not may:
        st.caption("Operators write notes.")


def _row(note: Note, view: Range, *, may: bool) -> None:
    number = note.number
    word = words.NOTES[note.kind.value]
    chip = panels.chip(word.label, word.colour, word.icon)
    by = f"{note.by}, {formats.moment(note.written_at, view.zone, view.now)}"
    if note.edited_by is not None:
        by += f", changed by {note.edited_by}"
    when = formats.literal(noted.when(note, view))
    with st.container(border=True, gap="xxsmall", key=f"note_{number}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"{chip} :small[{when}]", width="content")
            st.space("stretch")
            if may:
                key = f"note_menu_{number}"
                st.menu_button("More", list(_More), key=key, on_click=_picked, args=(note, view))
        st.markdown(formats.literal(note.text))
        st.caption(formats.literal(by))
        if may and st.session_state.get(_LEAVING) == number:
            with st.container(horizontal=True, gap="xsmall"):
                st.button("Delete it", key=f"note_yes_{number}", on_click=_delete, args=(note,))
                st.button("Keep", key=f"note_no_{number}", on_click=_leave, args=(None,))


def _picked(note: Note, view: Range) -> None:
    match st.session_state.get(f"note_menu_{note.number}"):
        case _More.CHANGE:
            _fill(view, note)
        case _More.DELETE:
            _leave(note.number)


def _leave(number: int | None) -> None:
    st.session_state[_LEAVING] = number


def _fill(view: Range, note: Note | None) -> None:
    """Put a note into the form, or what a new one begins with: a moment, now."""
    st.session_state[_CHANGED] = None if note is None else note.number
    st.session_state[_LEAVING] = None
    kind = NoteKind.RELEASE if note is None else note.kind
    starts_at = view.now if note is None else note.starts_at
    ends_at = None if note is None else note.ends_at
    values: tuple[Any, ...] = (
        kind,
        "" if note is None else note.text,
        _typed(starts_at, view),
        None if ends_at is None else _typed(ends_at, view),
    )
    for field, value in zip(_FIELDS, values, strict=True):
        st.session_state[field] = value


def _typed(instant: datetime, view: Range) -> datetime:
    """On the zone's wall clock and to the minute, as inputs give it back."""
    return instant.astimezone(view.zone).replace(tzinfo=None, second=0, microsecond=0)


def _fill_range(view: Range) -> None:
    """In the form: from where the range begins to where it ends."""
    st.session_state["note_from"] = _typed(view.start, view)
    st.session_state["note_to"] = _typed(view.until, view)


def _form(note: Note | None, view: Range) -> None:
    kind, text, first, last = _FIELDS
    bounds: dict[str, Any] = {
        "value": None,
        "min_value": datetime.fromisoformat("2000-01-01"),
        "max_value": datetime.fromisoformat("2100-01-01"),
        "format": "YYYY-MM-DD",
        "step": 60,
    }
    with st.form("note_form", border=False):
        st.markdown("**Add a note**" if note is None else "**Change the note**")
        st.segmented_control(
            "About",
            list(NoteKind),
            format_func=lambda one: words.NOTES[one.value].label,
            key=kind,
            required=True,
            label_visibility="collapsed",
        )
        st.text_input("What happened", key=text, max_chars=TEXT_CHARS_MAX)
        left, right = st.columns(2, gap="xsmall")
        left.datetime_input("When", key=first, **bounds)
        right.datetime_input("Until, if it lasted", key=last, **bounds)
        st.caption(f"In {formats.literal(view.zone_name)}. Do not name customers here.")
        with st.container(horizontal=True, gap="xsmall"):
            st.form_submit_button(
                "Add" if note is None else "Save", on_click=_save, args=(note, view)
            )
            st.form_submit_button("The range shown", on_click=_fill_range, args=(view,))
            if note is not None:
                st.form_submit_button("Cancel", on_click=_fill, args=(view, None))


def _draft(note: Note | None, view: Range) -> NoteDraft:
    """What stands in the form; a time that was left alone stays what it was, to the second."""
    kind, text, first, last = (st.session_state.get(field) for field in _FIELDS)
    if first is None:
        raise UsageError("say when it was", where="when")
    starts_at, ends_at = resolve(first, view.zone), None
    if last is not None:
        ends_at = resolve(last, view.zone)
    if note is not None:
        starts_at = note.starts_at if first == _typed(note.starts_at, view) else starts_at
        if note.ends_at is not None and last == _typed(note.ends_at, view):
            ends_at = note.ends_at
    return NoteDraft(NoteKind(kind or NoteKind.OTHER), str(text or ""), starts_at, ends_at)


def _save(note: Note | None, view: Range) -> None:
    def change(me: Principal) -> str:
        draft = _draft(note, view)
        if note is None:
            kept = _notes.add(draft, by=me.actor)
            doing.note(me, "note_written", f"note {kept.number}", kept.written_out)
            return f"Noted: {kept.text}"
        before, kept = _notes.change(note.number, draft, by=me.actor)
        doing.note(
            me,
            "note_changed",
            f"note {kept.number}",
            f"{kept.written_out}; before: {before.written_out}",
        )
        return f"Changed: {kept.text}"

    if doing.act(_PLACE, "write a note", change, role=Role.OPERATOR):
        _fill(view, None)


def _delete(note: Note) -> None:
    def change(me: Principal) -> str:
        gone = _notes.remove(note.number)
        doing.note(me, "note_deleted", f"note {gone.number}", gone.written_out)
        return f"Deleted: {gone.text}"

    doing.act(_PLACE, "delete a note", change, role=Role.OPERATOR, target=f"note {note.number}")
    _leave(None)
