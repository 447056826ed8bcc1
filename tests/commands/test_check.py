"""``check`` and the notes: what is not sound, and what is not the whole source, is said."""

from __future__ import annotations

import json

import pytest

from tests.commands.asked import NOW, Store
from tests.shop import Shop
from vcanalytics.store import Catalogue


@pytest.fixture
def store(store: Store, shop: Shop) -> Store:
    shop.transaction("VC_1")
    store.keep(shop)
    return store


def change(store: Store, sql: str) -> None:
    catalogue = Catalogue.open(store.data_dir)
    with catalogue.transaction() as connection:
        connection.exec_driver_sql(sql)
    catalogue.close()


def test_a_sound_store_is_status_0(store: Store) -> None:
    assert store.text("check") == f"{store.data_dir} is sound\n"
    assert store.text("check", "--format", "csv") == "stream,what\n"
    assert store.text("check", "--format", "json") == "[]\n"


def test_what_is_wrong_is_listed_and_status_1(store: Store) -> None:
    change(store, "DELETE FROM ledger WHERE stream = 'transactions'")
    for form in ("table", "csv", "json"):
        result = store.ask("check", "--format", form)
        assert (result.exit_code, result.stderr) == (1, "")
        assert "batch 1 has no entry in the ledger" in result.stdout
    rows = json.loads(store.ask("check", "--format", "json").stdout)
    assert rows[0] == {"stream": "transactions", "what": "batch 1 has no entry in the ledger"}
    last = store.ask("check").stdout.splitlines()[-1]
    assert last == f"{store.data_dir} is not sound"


def test_figures_of_a_swapped_source_say_so_on_stderr(store: Store) -> None:
    catalogue = Catalogue.open(store.data_dir)
    with catalogue.write(NOW) as writer:
        fact = {"what": "60 of 100 rows are gone", "hint": "Confirm it", "stream": "transactions"}
        writer.set_fact("swapped", fact)
    catalogue.close()
    for command in ("revenue", "transactions", "reconcile", "streams"):
        result = store.ask(command, "--format", "csv")
        assert result.exit_code == 0
        assert result.stderr == "vcanalytics: note: 60 of 100 rows are gone; Confirm it\n"
    assert store.ask("latency").stderr == ""


def test_figures_of_a_history_half_read_say_so_on_stderr(store: Store) -> None:
    catalogue = Catalogue.open(store.data_dir)
    with catalogue.write(NOW) as writer:
        writer.note_read("transactions", NOW, done=1_000, total=50_000)
    catalogue.close()
    assert store.ask("revenue", "--format", "json").stderr == (
        "vcanalytics: note: the history of transactions is still being read: 1,000 of 50,000 rows\n"
    )
