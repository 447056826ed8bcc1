"""``check`` and the notes: what is not sound, and what is not the whole source, is said."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing

import pytest

from collectors.instance import Instance
from tests.commands.asked import NOW, Store
from tests.shop import Shop
from tests.store.backing_up import flip
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.sealer import seal


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


def flip_sealed(store: Store, stream: str) -> None:
    """Seal a stream's rows and turn a bit of the file."""
    with closing(Catalogue.open(store.data_dir)) as catalogue:
        sealed = seal(catalogue, Segments(store.data_dir), STREAMS[stream], NOW)
        assert sealed is not None
        flip(Segments(store.data_dir).local(sealed.segments[0].key), 900)


def test_repair_says_what_it_did_and_then_all_is_sound(store: Store, shop: Shop) -> None:
    shop.transaction("VC_2")
    shop.metric(value=12.5)
    store.keep(shop)
    flip_sealed(store, "requests")
    assert store.ask("check").exit_code == 1

    result = store.ask("check", "--repair", "--format", "csv")

    assert result.exit_code == 0
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert row["stream"] == "requests"
    assert "is put into quarantine, 1 rows: is damaged" in row["what"]
    assert "note: 1 rows of requests from 2026-" in result.stderr
    again = store.ask("check")
    assert (again.exit_code, again.stderr) == (0, "")
    first, last = again.stdout.splitlines()
    assert first.startswith("1 rows of requests from 2026-")
    assert "are missing (quarantine/requests-2026-" in first
    assert last == f"{store.data_dir} is sound"
    # The rest answers, and says what it lacks.
    assert store.text("revenue")
    latency = store.ask("latency", "--from", "2026-01-01")
    assert latency.exit_code == 0
    assert latency.stderr.startswith("vcanalytics: note: 1 rows of requests are missing")


def test_repair_beside_running_collectors_is_refused(store: Store) -> None:
    change(store, "DELETE FROM ledger WHERE stream = 'transactions'")
    with Instance(store.data_dir):
        status, line = store.error("check", "--repair")
        assert status == 1
        assert "collectors are running already" in line
        # Looking is allowed.
        assert store.ask("check").exit_code == 1
    assert store.ask("check", "--repair").exit_code == 0
    assert store.ask("check").exit_code == 0


def test_what_cannot_be_repaired_is_said(store: Store) -> None:
    change(store, "UPDATE ledger SET rows = 0 WHERE stream = 'transactions'")
    change(store, "UPDATE stream SET rows = 0 WHERE name = 'transactions'")
    result = store.ask("check", "--repair")
    assert result.exit_code == 1
    assert "batch 1: 1 rows are kept, the ledger says 0 rows" in result.stdout


def test_forget_names_what_lies_in_quarantine(store: Store) -> None:
    flip_sealed(store, "transactions")
    assert store.ask("check", "--repair").exit_code == 0

    result = store.ask("forget", "ann@example.com")

    assert result.exit_code == 1
    assert result.stderr.startswith("vcanalytics: note: quarantine/transactions-2026-")
    assert result.stderr.endswith("cannot be read and may still hold the address\n")
