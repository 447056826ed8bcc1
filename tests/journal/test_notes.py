"""Notes on the time axis: kept as they were written, bounded, and seen to have moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from vcanalytics import migrations
from vcanalytics.errors import UsageError
from vcanalytics.journal import Journal, notes, schema
from vcanalytics.journal.record import migration
from vcanalytics.model.notes import NoteDraft, NoteKind

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
RELEASE = NoteDraft(NoteKind.RELEASE, "v2.3", NOW)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Connection]:
    with closing(Journal.open(tmp_path)) as opened, opened.write() as connection:
        yield connection


def test_a_note_is_written_changed_and_deleted_and_each_is_seen(journal: Connection) -> None:
    moved = [notes.newest(journal)]
    written = notes.add(journal, NOW + HOUR, RELEASE, by="asha")
    moved.append(notes.newest(journal))
    assert (written.text, written.by, written.written_at) == ("v2.3", "asha", NOW + HOUR)
    assert (written.ends_at, written.edited_at, written.edited_by) == (None, None, None)
    outage = NoteDraft(NoteKind.OUTAGE, " PayPal was down ", NOW - HOUR, NOW)
    before, after = notes.change(journal, NOW + 2 * HOUR, written.number, outage, by="ravi")
    moved.append(notes.newest(journal))
    assert before == written
    assert (after.text, after.kind, after.ends_at) == ("PayPal was down", NoteKind.OUTAGE, NOW)
    assert (after.by, after.edited_by, after.edited_at) == ("asha", "ravi", NOW + 2 * HOUR)
    assert notes.every(journal) == [after] == [notes.find(journal, written.number)]
    assert notes.remove(journal, written.number) == after
    moved.append(notes.newest(journal))
    assert notes.every(journal) == []
    assert moved == [0, 1, 2, 3]


def test_the_newest_come_first(journal: Connection) -> None:
    for text, at in (("first", NOW), ("third", NOW + HOUR), ("second", NOW)):
        notes.add(journal, NOW, NoteDraft(NoteKind.OTHER, text, at), by="asha")
    assert [note.text for note in notes.every(journal)] == ["third", "second", "first"]


@pytest.mark.parametrize("text", ["🚀 v2", "אבג", "<script>alert(1)</script>", "=HYPERLINK(1)"])
def test_odd_texts_are_kept_as_they_are(journal: Connection, text: str) -> None:
    draft = NoteDraft(NoteKind.OTHER, text, NOW)
    assert notes.add(journal, NOW, draft, by="asha").text == text


@pytest.mark.parametrize(
    "text", ["", "  ", "a\nb", "a\x00b", "a\u2028b", "\u202eabc", "a" * 201, "a" * 10_000_000]
)
def test_what_is_no_line_of_text_is_refused(journal: Connection, text: str) -> None:
    with pytest.raises(UsageError):
        notes.add(journal, NOW, NoteDraft(NoteKind.OTHER, text, NOW), by="asha")
    assert notes.newest(journal) == 0


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        (NOW, NOW),
        (NOW, NOW - HOUR),
        (datetime(1999, 12, 31, tzinfo=UTC), None),
        (NOW, datetime(2101, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_that_are_none_are_refused(
    journal: Connection, starts_at: datetime, ends_at: datetime | None
) -> None:
    with pytest.raises(UsageError):
        notes.add(journal, NOW, NoteDraft(NoteKind.OTHER, "x", starts_at, ends_at), by="asha")


@pytest.mark.parametrize("number", [0, -1, 7, 2**70])
def test_there_is_no_such_note(journal: Connection, number: int) -> None:
    assert notes.find(journal, number) is None
    with pytest.raises(UsageError, match="no such note"):
        notes.remove(journal, number)
    with pytest.raises(UsageError, match="no such note"):
        notes.change(journal, NOW, number, RELEASE, by="asha")


def test_only_so_many_stand(journal: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "STANDING_MAX", 1)
    notes.add(journal, NOW, RELEASE, by="asha")
    with pytest.raises(UsageError, match="stand already"):
        notes.add(journal, NOW, RELEASE, by="asha")


def test_an_older_journal_takes_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = schema.MIGRATIONS
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", whole[:4])
        Journal.open(tmp_path).close()
    with closing(Journal.open(tmp_path)) as opened, opened.write() as connection:
        assert migrations.applied(connection, migration) == whole[-1].number > 4
        assert notes.newest(connection) == 0
        notes.add(connection, NOW, RELEASE, by="asha")
