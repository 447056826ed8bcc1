"""Notes beside the range: read by all, written by operators, on the charts of the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.signed_in import open_quick, signed_in
from tests.pages.test_odd_shop import assert_literal
from tests.pages.viewer import Shown, Viewer
from vcanalytics.accounts import Role
from vcanalytics.cached import notes

#: When the sample was read.
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script> [x](http://x) =HYPERLINK("http://x") 🚀'


@pytest.fixture
def console(sample_dir: Path) -> Iterator[None]:
    with console_on(sample_dir, source_url=ELSEWHERE):
        yield
        for note in notes.within(START, END):
            notes.remove(note.number)


def opened(viewer: Viewer) -> Shown:
    viewer.open("revenue", range="30d")
    viewer.app.button(key="notes_open").click().run()
    return Shown(viewer.app)


def submit(viewer: Viewer, label: str) -> Shown:
    next(b for b in viewer.app.form_submit_button if b.label == label).click().run()
    return Shown(viewer.app)


def charts(viewer: Viewer) -> str:
    return "\n".join(str(json.dumps(str(one.proto))) for one in viewer.app.get("vega_lite_chart"))


def test_an_operator_writes_changes_and_deletes_a_note(console: None) -> None:
    viewer = Viewer(NOW, me=signed_in("olga", Role.OPERATOR))
    assert "No notes" in opened(viewer).text

    viewer.app.text_input(key="note_text").set_value(HOSTILE)
    shown = submit(viewer, "Add")
    shown.assert_well()
    assert_literal(shown)
    (note,) = notes.within(START, END)
    assert (note.text, note.by, note.starts_at) == (HOSTILE, "olga", NOW)
    assert "Notes: Release" in charts(viewer)

    menu = f"note_menu_{note.number}"
    viewer.app.menu_button(key=menu).click_index(0).run()
    viewer.app.text_input(key="note_text").set_value("v2.3")
    submit(viewer, "Save")
    (changed,) = notes.within(START, END)
    # A time that was left alone is the same to the microsecond.
    assert (changed.text, changed.starts_at) == ("v2.3", note.starts_at)

    viewer.app.menu_button(key=menu).click_index(1).run()
    assert notes.within(START, END) != ()
    viewer.app.button(key=f"note_yes_{note.number}").click().run()
    assert notes.within(START, END) == ()
    accounts = open_quick()
    noted = [(one.action, one.actor) for one in accounts.audit(limit=3)]
    accounts.close()
    assert noted == [(f"note_{what}", "olga") for what in ("deleted", "changed", "written")]


def test_a_viewer_reads_notes_and_writes_none(console: None) -> None:
    written = notes.add(notes.NoteDraft(notes.NoteKind.OUTAGE, "PayPal was down", NOW), by="olga")
    viewer = Viewer(NOW, me=signed_in("vera", Role.VIEWER))
    shown = opened(viewer)
    assert "PayPal was down" in shown.text
    assert "Operators write notes" in shown.text
    assert viewer.app.form_submit_button == []
    assert f"note_menu_{written.number}" not in {menu.key for menu in viewer.app.menu_button}
