"""``backup`` and ``restore``: the same answers before and after, and who may come in then."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from tests.commands.asked import NOW, Store
from tests.shop import Shop
from vcanalytics.accounts import Accounts, Role
from vcanalytics.accounts import schema as accounts_schema
from vcanalytics.journal import Journal
from vcanalytics.journal import schema as journal_schema
from vcanalytics.journal.component_tables import breaker
from vcanalytics.migrations import Migration
from vcanalytics.store import Catalogue, schema

PASSWORD = "a long and quiet river 42"


@pytest.fixture
def store(store: Store, shop: Shop) -> Store:
    shop.transaction("VC_1", amount="49.00")
    shop.transaction("VC_2", amount="12.50", status="pending")
    store.keep(shop)
    return store


def accounts(data_dir: Path) -> closing[Accounts]:
    return closing(Accounts.open(data_dir, clock=lambda: NOW))


def watched(store_dir: Path) -> None:
    """A journal with one breaker in it."""
    with closing(Journal.open(store_dir)) as journal, journal.write() as connection:
        connection.execute(insert(breaker).values(name="probe:shop", state="open", failures=3))


def breaker_names(store_dir: Path) -> list[str]:
    with closing(Journal.open(store_dir)) as journal, journal.read() as connection:
        return list(connection.execute(select(breaker.c.name)).scalars())


def elsewhere(store: Store, data_dir: Path) -> Store:
    return Store(data_dir, store.url)


def test_the_figures_are_the_same_after_a_restore(store: Store, tmp_path: Path) -> None:
    with accounts(store.data_dir) as book:
        book.add_user("ann", PASSWORD, Role.ADMIN, by="test")
    rows = store.csv("backup", str(tmp_path / "backup"))
    assert [(row["what"], row["rows"]) for row in rows] == [
        ("accounts", ""),
        ("catalogue", ""),
        ("transactions", "2"),
    ]
    new = elsewhere(store, tmp_path / "new")

    restored = new.csv("restore", str(tmp_path / "backup"))

    assert [row["what"] for row in restored] == ["accounts", "catalogue", "transactions"]
    for question in (("revenue",), ("transactions",), ("transaction", "VC_1"), ("streams",)):
        assert new.text(*question, "--format", "csv") == store.text(*question, "--format", "csv")
    assert new.text("check") == f"{new.data_dir} is sound\n"
    last = store.text("backup", str(tmp_path / "backup")).splitlines()[-1]
    assert last == f"{tmp_path / 'backup'} holds the store as of 2026-11-22 12:00:00+00:00"


def test_users_are_back_and_nobody_is_signed_in(store: Store, tmp_path: Path) -> None:
    with accounts(store.data_dir) as book:
        book.add_user("ann", PASSWORD, Role.ADMIN, by="test")
        inside = book.sign_in("ann", PASSWORD, address="127.0.0.1")
        invitation = book.invite("bob", Role.VIEWER, by="test")
        token = book.create_token("script", Role.VIEWER, by="test")
        assert book.principal(inside.secret) is not None
    store.text("backup", str(tmp_path / "backup"))
    new = elsewhere(store, tmp_path / "new")
    new.text("restore", str(tmp_path / "backup"))

    with accounts(new.data_dir) as book:
        assert book.principal(inside.secret) is None
        assert book.invitation(invitation) is None
        assert book.bearer(token) is not None
        assert book.sign_in("ann", PASSWORD, address="127.0.0.1") is not None
        entry = next(e for e in book.audit() if e.action == "store_restored")
        assert entry.detail == "1 sessions ended, 1 links withdrawn"
    assert (new.data_dir / "accounts.db").stat().st_mode & 0o777 == 0o600
    with accounts(store.data_dir) as book:
        # The backup is noted where it was taken, and ends nothing there.
        assert book.principal(inside.secret) is not None
        assert any(e.action == "backup_taken" for e in book.audit())


def test_the_demo_s_store_comes_back_with_its_shop(shop: Shop, tmp_path: Path) -> None:
    shop.transaction("VC_1", amount="49.00")
    demo = Store(tmp_path / "data" / "demo")
    demo.keep(shop)
    watched(demo.data_dir)
    (demo.data_dir / "vectorcraft.db").write_bytes(shop.path.read_bytes())
    store = Store(tmp_path / "data")
    store.text("backup", str(tmp_path / "backup"))
    new = Store(tmp_path / "new")
    new.text("restore", str(tmp_path / "backup"))

    assert new.text("revenue") == store.text("revenue")
    assert (new.data_dir / "demo" / "vectorcraft.db").exists()
    assert breaker_names(new.data_dir / "demo") == ["probe:shop"]
    assert not (new.data_dir / "catalogue.db").exists()


def test_the_journal_comes_back_for_its_owner_alone(store: Store, tmp_path: Path) -> None:
    watched(store.data_dir)
    rows = store.csv("backup", str(tmp_path / "backup"))
    assert "journal" in [row["what"] for row in rows]
    new = elsewhere(store, tmp_path / "new")
    new.text("restore", str(tmp_path / "backup"))

    assert breaker_names(new.data_dir) == ["probe:shop"]
    assert (new.data_dir / "journal.db").stat().st_mode & 0o777 == 0o600


def test_a_newer_journal_is_refused_before_anything_is_made(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = journal_schema.MIGRATIONS[-1].number + 1
    with monkeypatch.context() as then:
        newer = Migration(number, "from the future", lambda _connection: None)
        then.setattr(journal_schema, "MIGRATIONS", (*journal_schema.MIGRATIONS, newer))
        watched(store.data_dir)
        store.text("backup", str(tmp_path / "b"))
    new = elsewhere(store, tmp_path / "new")
    for asked, command in (
        (store, ("backup", str(tmp_path / "c"))),
        (new, ("restore", str(tmp_path / "b"))),
    ):
        status, line = asked.error(*command)
        assert status == 1
        assert f"of version {number}, this console knows {number - 1}" in line
    assert not new.data_dir.exists()
    assert not (tmp_path / "c").exists()


def test_what_is_refused_is_one_line(store: Store, tmp_path: Path) -> None:
    status, line = store.error("backup", str(store.data_dir / "b"))
    assert (status, "within the data directory" in line) == (2, True)
    status, line = store.error("backup", str(tmp_path))
    assert (status, "something else than a backup" in line) == (1, True)
    status, line = store.error("restore", str(tmp_path / "none"))
    assert (status, "there is no backup" in line) == (1, True)
    store.text("backup", str(tmp_path / "b"))
    status, line = store.error("restore", str(tmp_path / "b"))
    assert (status, "not empty: it holds catalogue.db" in line) == (1, True)
    assert store.error("backup")[0] == 2
    nowhere = elsewhere(store, tmp_path / "nowhere")
    assert nowhere.error("backup", str(tmp_path / "c"))[0] == 1
    assert not (tmp_path / "c").exists()


def test_a_newer_catalogue_is_refused_by_every_command(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = schema.MIGRATIONS[-1].number
    with monkeypatch.context() as then:
        newer = Migration(newest + 1, "from the future", lambda _connection: None)
        then.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, newer))
        Catalogue.open(store.data_dir).close()
        store.text("backup", str(tmp_path / "b"))
    new = elsewhere(store, tmp_path / "new")
    for asked, command in (
        (store, ("check",)),
        (store, ("check", "--repair")),
        (store, ("backup", str(tmp_path / "c"))),
        (new, ("restore", str(tmp_path / "b"))),
    ):
        status, line = asked.error(*command)
        assert status == 1
        assert f"of version {newest + 1}, this console knows {newest}" in line
    assert not new.data_dir.exists()
    assert not (tmp_path / "c").exists()


def test_newer_accounts_are_refused_before_anything_is_made(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = accounts_schema.MIGRATIONS[-1].number
    with monkeypatch.context() as then:
        newer = Migration(known + 1, "from the future", lambda _connection: None)
        then.setattr(accounts_schema, "MIGRATIONS", (*accounts_schema.MIGRATIONS, newer))
        with accounts(store.data_dir):
            pass
        store.text("backup", str(tmp_path / "b"))
    new = elsewhere(store, tmp_path / "new")
    for asked, command in (
        (store, ("backup", str(tmp_path / "c"))),
        (new, ("restore", str(tmp_path / "b"))),
    ):
        status, line = asked.error(*command)
        assert status == 1
        assert f"of version {known + 1}, this console knows {known}" in line
    assert not new.data_dir.exists()
