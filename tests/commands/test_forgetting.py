"""``forget`` also where people wrote, searched and were told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.accounts.house import GOOD, HERE, SHELL
from tests.commands.asked import NOW, Store
from tests.pages.signed_in import Quick
from tests.shop import Shop
from vcanalytics.accounts import Accounts, Role
from vcanalytics.journal import Journal, notes
from vcanalytics.model.notes import NoteDraft, NoteKind

BOB = "bob@shop.test"


def named(folder: Path) -> list[str]:
    """The files that hold the address, as it is or as a link has it."""
    forms = BOB.encode(), BOB.replace("@", "%40").encode()
    return sorted(
        path.name
        for path in folder.rglob("*.db*")
        if any(form in path.read_bytes() for form in forms)
    )


def test_notes_and_saved_views_name_nobody_who_is_forgotten(shop: Shop, store: Store) -> None:
    shop.transaction("VC_1", email=BOB)
    store.keep(shop)
    with closing(Journal.open(store.data_dir)) as journal, journal.write() as connection:
        draft = NoteDraft(NoteKind.OTHER, f"{BOB} called, paid twice", NOW)
        notes.add(connection, NOW, draft, by="ada")
        other = NoteDraft(NoteKind.OTHER, "bobby@shop.test called", NOW)
        notes.add(connection, NOW, other, by="ada")
    with closing(Accounts.open(store.data_dir, hasher=Quick())) as accounts:
        accounts.add_user("ada", GOOD, Role.ADMIN, by=SHELL)
        ada = accounts.sign_in("ada", GOOD, address=HERE).principal
        accounts.save_view("Theirs", "/transactions", (("q", BOB), ("range", "7d")), by=ada)
        assert {"accounts.db", "journal.db"} <= {
            name.split("-")[0] for name in named(store.data_dir)
        }

        said = store.text("forget", BOB)
        pseudonym = said.split(":")[0]
        assert named(store.data_dir) == []
        (view,) = accounts.saved_views(ada)
        assert view.params == (("q", pseudonym), ("range", "7d"))
    texts = sorted(row["text"] for row in store.csv("note", "list"))
    assert texts == ["bobby@shop.test called", f"{pseudonym} called, paid twice"]
    assert store.text("forget", BOB).endswith(": 0 rows changed\n")


def test_where_nobody_wrote_anything_no_file_is_made(shop: Shop, store: Store) -> None:
    shop.transaction("VC_1", email=BOB)
    store.keep(shop)
    store.text("forget", BOB)
    assert not (store.data_dir / "journal.db").exists()
