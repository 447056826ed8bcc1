"""The text payments are searched by: whole, made anew with each file, and added to older ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row
from tests.analytics.sealed_store import Store
from vcanalytics.analytics import customer_search
from vcanalytics.analytics.customer_search import customers
from vcanalytics.analytics.transactions import Filters, transactions
from vcanalytics.store import snapshot
from vcanalytics.store.forget import finish, forget
from vcanalytics.store.newest import current, searched
from vcanalytics.store.newest.folding import add_texts

_TEXT = st.text(max_size=12) | st.sampled_from(
    ["ΟΔΟΣ", "İstanbul", "straße", "a\nb", " Ann@X.com "]
)


def payment(number: int, **more: object) -> Row:
    return {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "transaction_id": f"VC_{number}",
        "created_at": NOON,
        "status": "completed",
        "email": f"Customer{number}@Example.com",
        "currency": "USD",
        "captured": True,
        **more,
    }


@given(values=st.lists(st.none() | _TEXT, min_size=7, max_size=7), data=st.data())
def test_any_part_of_any_column_is_in_the_text(
    values: list[str | None], data: st.DataObject
) -> None:
    row = dict(zip(searched.FIELDS, values, strict=True))
    table = pa.table({name: pa.array([value], pa.string()) for name, value in row.items()})
    text = searched.texts(table)[0].as_py()
    value = data.draw(st.sampled_from([value or "" for value in values]))
    start = data.draw(st.integers(0, len(value)))
    part = value[start : data.draw(st.integers(start, len(value)))]
    assert searched.wanted(part) in text
    assert text.count("\n") == len(searched.FIELDS) - 1


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def found(store: Store, text: str) -> list[str]:
    rows = transactions(store.engine, store.look(), Filters(search=text))
    return rows["transaction_id"].to_list()


def texts_of(store: Store) -> list[list[str]]:
    folder = store.segments.root / "transactions.current"
    files = sorted(folder.rglob("*.parquet"), key=lambda path: path.stat().st_mtime)
    return [pq.read_schema(path).names for path in files]


def test_files_without_the_text_are_searched_all_the_same_and_get_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        # As an earlier version of the console wrote them.
        shape = current.SHAPES["transactions.current"]
        before.setattr(current, "current_shape", lambda _stream: replace(shape, computed=()))
        store.keep("transactions", [payment(1), payment(2, payer_email="Payer@X.com")], [])
    assert [searched.NAME in names for names in texts_of(store)] == [False]
    assert found(store, "PAYER@x") == ["VC_2"]
    assert customers(store.engine, store.look(), "payer@x").customers["customer"].to_list() == [
        "customer2@example.com"
    ]

    added = add_texts(store.catalogue, store.segments, NOON)
    assert added is not None
    assert (added[0].rows, added[1]) == (2, 0)
    assert add_texts(store.catalogue, store.segments, NOON) is None
    assert found(store, "PAYER@x") == ["VC_2"]
    written = pq.read_table(store.segments.local(added[0].key), columns=[searched.NAME])
    _, named = written.column(0).to_pylist()
    assert named == "vc_2\ncustomer2@example.com\npayer@x.com\n\n\n\n"


def test_who_is_forgotten_is_in_no_text(store: Store) -> None:
    store.keep("transactions", [payment(1), payment(2)], [])
    assert found(store, "customer1@") == ["VC_1"]
    pseudonym, _ = forget(store.catalogue, "customer1@example.com", NOON)
    finish(store.catalogue, store.segments, NOON)
    assert found(store, "customer1@") == []
    assert found(store, pseudonym) == ["VC_1"]
    assert found(store, "customer2@") == ["VC_2"]


def test_a_changed_payment_is_found_by_what_it_is_now(store: Store) -> None:
    store.keep("transactions", [payment(1)], [payment(1, email="new@example.com")], [])
    assert found(store, "customer1@") == []
    assert found(store, "NEW@") == ["VC_1"]
    # And so while the change is in memory alone.
    store.keep("transactions", [payment(1, email="newer@example.com")])
    assert found(store, "new@") == []
    assert found(store, "newer@") == ["VC_1"]


def test_a_search_in_parts_finds_what_one_pass_finds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = [
        [payment(10 * month + n, created_at=NOON - timedelta(days=31 * month)) for n in range(3)]
        for month in (3, 2, 1)
    ]
    # One of the oldest is changed last, and stays in memory.
    store.keep("transactions", *months, [payment(30, email="late@example.com")])
    whole = customers(store.engine, store.look(), "example").customers
    monkeypatch.setattr(customer_search, "_ROWS_LEAST", 1)
    monkeypatch.setattr(snapshot, "_WIDER", 1)
    assert len(list(store.look().by_age("transactions", 1))) > 1
    assert customers(store.engine, store.look(), "example").customers.equals(whole)
    assert "late@example.com" in whole["customer"].to_list()
    assert "customer30@example.com" not in whole["customer"].to_list()
