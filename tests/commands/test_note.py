"""``note``: what a deploy script writes, and what it must not."""

from __future__ import annotations

from tests.commands.asked import NOW, Store


def test_a_deploy_writes_a_note_and_it_is_listed_and_deleted(store: Store) -> None:
    assert store.csv("note", "list") == []
    # Looking made no file.
    assert not store.data_dir.exists()
    assert store.text("note", "add", "--kind", "release", "v2.3") == (
        "Note 1 is written at 2026-11-22 12:00:00+00:00\n"
    )
    span = ("--at", "2026-11-22T10:00", "--until", "2026-11-22T11:30", "--zone", "Asia/Kolkata")
    store.text("note", "add", "<script>alert(1)</script>", "--kind", "outage", *span)
    newest, older = store.json("note", "list")
    assert newest["starts_at"] == NOW.isoformat()
    assert (newest["note"], newest["kind"], newest["text"]) == (1, "release", "v2.3")
    assert newest["by"].startswith("command:")
    assert (older["starts_at"], older["ends_at"]) == (
        "2026-11-22T04:30:00+00:00",
        "2026-11-22T06:00:00+00:00",
    )
    assert [row["note"] for row in store.csv("note", "list", "--to", "2026-11-22T05:00")] == ["2"]
    # A span ends before its end.
    assert [row["note"] for row in store.csv("note", "list", "--from", "2026-11-22T06:00")] == ["1"]
    assert store.csv("note", "list", "--from", "2026-11-23") == []
    assert store.text("note", "remove", "2") == "Note 2 is deleted: <script>alert(1)</script>\n"
    assert [row["note"] for row in store.csv("note", "list")] == ["1"]


def test_what_is_written_wrongly_is_refused(store: Store) -> None:
    for args, said in (
        (("a\nb",), "text: a note is one line of plain text"),
        (("x" * 201,), "text: a note has at most 200 characters"),
        (("x", "--until", "2026-11-22T11:00"), "until: the note ends before it begins"),
        (("x", "--at", "1999-01-01"), "--at: '1999-01-01' is out of range"),
    ):
        status, line = store.error("note", "add", *args)
        assert (status, line.startswith(said)) == (2, True), line
    status, line = store.error("note", "remove", "7")
    assert (status, line.startswith("note 7: there is no such note")) == (2, True)
