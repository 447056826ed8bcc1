"""The books: kept with every version, made anew beside what goes on, and verified."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from collectors.upkeep import PAUSE_S, Upkeep
from tests.store.histories import CHANGES, Step, follow, follow_all, histories
from tests.store.rows import NOON, stands
from vcanalytics.model.streams import DISPUTES, TRANSACTIONS
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot, schema
from vcanalytics.store.batches import make_batch
from vcanalytics.store.books.entries import QUARTER_US, SUMS
from vcanalytics.store.books.rebuilding import brought_up, rebuilt
from vcanalytics.store.books.verifying import verify
from vcanalytics.store.forget import forget
from vcanalytics.store.schema import MIGRATIONS
from vcanalytics.store.sealer import seal
from vcanalytics.store.state import to_micros

STORY = histories(CHANGES[0])
Row = dict[str, Any]


def paid(name: str, **more: object) -> Row:
    """A payment of 10.00 USD, captured at noon."""
    usual: Row = {
        "source_id": 1,
        "observed_at": NOON,
        "deleted": False,
        "transaction_id": name,
        "created_at": NOON,
        "status": "completed",
        "captured": True,
        "captured_at": NOON,
        "captured_amount": Decimal(10),
        "currency": "USD",
    }
    return usual | more


def resolved(case: str, payment: str, hours: int, **more: object) -> Row:
    """A case resolved so many hours after noon."""
    usual: Row = {
        "source_id": 1,
        "observed_at": NOON,
        "deleted": False,
        "case_id": case,
        "transaction_id": payment,
        "status": "resolved",
        "created_at": NOON,
        "resolved_at": NOON + timedelta(hours=hours),
    }
    return usual | more


class Shop:
    """Appends payments and cases to a catalogue, each call a batch."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.count = 0

    def pay(self, *rows: Row) -> None:
        self._append("transactions", list(rows))

    def settle(self, *rows: Row) -> None:
        self._append("disputes", list(rows))

    def _append(self, name: str, rows: list[Row]) -> None:
        self.count += 1
        batch = make_batch({"transactions": TRANSACTIONS, "disputes": DISPUTES}[name], rows)
        self.catalogue.append(name, "t", str(self.count), batch, stands(batch, name), NOON)

    def refunds(self) -> dict[int, int]:
        """Hour after noon: refunds counted in it, by the cells."""
        found: Counter[int] = Counter()
        for cell in cells(self.catalogue):
            hour = (cell["quarter"] * QUARTER_US - to_micros(NOON)) // 3_600_000_000
            found[hour] += cell["refunded"]
        return {hour: count for hour, count in found.items() if count}

    def total(self, *names: str) -> tuple[int, ...]:
        found = cells(self.catalogue)
        return tuple(sum(cell[name] for cell in found) for name in names)


def cells(catalogue: Catalogue) -> list[Row]:
    """Cells that hold anything; bounds left out."""
    with catalogue.read() as connection:
        rows = connection.execute(select(schema.book_cell)).mappings()
        found = [{n: row[n] for n in ("quarter", "currency", *SUMS)} for row in rows]
    return [row for row in found if any(row[name] for name in SUMS)]


def books(catalogue: Catalogue) -> dict[str, list[Any]]:
    """All of the books but their bounds and when which day moved."""
    found: dict[str, list[Any]] = {"cells": cells(catalogue)}
    with catalogue.read() as connection:
        for table in (schema.book_status, schema.book_row, schema.book_case):
            rows = [tuple(row) for row in connection.execute(select(table))]
            found[table.name] = [row for row in rows if table.name != "book_status" or row[-1]]
    return found


def drained(slices: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    return list(slices)


@pytest.fixture
def shop(catalogue: Catalogue) -> Shop:
    return Shop(catalogue)


@given(STORY)
def test_the_books_are_those_of_a_recount_and_of_a_rebuilding(story: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        catalogue = Catalogue.open(Path(folder))
        follow_all(catalogue, Path(folder), story)
        assert list(verify(catalogue)) == []
        kept = books(catalogue)
        for _ in range(2):
            drained(rebuilt(catalogue))
            assert books(catalogue) == kept
            assert list(verify(catalogue)) == []
        catalogue.close()


@settings(max_examples=24)
@given(STORY, st.integers(0, 8), st.integers(1, 3))
def test_what_comes_in_while_the_books_are_made_anew_is_in_them_once(
    story: list[Step], begun_after: int, slice_rows: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("vcanalytics.store.books.rebuilding.SLICE_ROWS", slice_rows)
        catalogue = Catalogue.open(Path(folder))
        follow_all(catalogue, Path(folder), story[:begun_after])
        slices = rebuilt(catalogue)
        for number, step in enumerate(story[begun_after:], begun_after):
            next(slices, None)
            follow(catalogue, Path(folder), step, number)
        drained(slices)
        assert list(verify(catalogue)) == []
        assert Reader(catalogue).snapshot().books is not None
        catalogue.close()


def test_a_capture_counts_once_and_leaves_what_the_payment_was(shop: Shop) -> None:
    shop.pay(paid("VC_1", status="pending", captured=False, captured_at=None))
    assert shop.total("attempts", "captured", "gross") == (1, 0, 0)
    shop.pay(paid("VC_1"))
    shop.pay(paid("VC_1", email_sent=True))
    assert shop.total("attempts", "attempts_captured", "captured", "gross") == (1, 1, 1, 100_000)
    shop.pay(paid("VC_1", created_at=NOON - timedelta(days=3)))
    assert shop.total("attempts", "captured", "gross") == (1, 1, 100_000)
    shop.pay(paid("VC_1", deleted=True))
    assert shop.total("attempts", "captured", "gross", "rows") == (0, 0, 0, 1)
    shop.pay(paid("VC_1", captured_amount=Decimal("-0.5"), currency="EUR"))
    assert [
        (c["currency"], c["gross_high"] * 10**9 + c["gross"]) for c in cells(shop.catalogue)
    ] == [("EUR", -5_000)]


def test_a_refund_moves_with_its_case(shop: Shop) -> None:
    refund = paid("VC_1", status="refunded", refund_seen_at=NOON + timedelta(hours=9))
    shop.pay(refund)
    assert shop.refunds() == {9: 1}
    # A case that comes after its payment; then an earlier one; then the one the metadata names.
    shop.settle(resolved("C2", "VC_1", 5))
    assert shop.refunds() == {5: 1}
    shop.settle(resolved("C3", "VC_1", 4), resolved("C1", "VC_other", 7))
    assert shop.refunds() == {4: 1}
    shop.pay(refund | {"refund_case_id": "C1"})
    assert shop.refunds() == {7: 1}
    shop.settle(resolved("C1", "VC_other", 8))
    assert shop.refunds() == {8: 1}
    shop.settle(resolved("C1", "VC_other", 8, deleted=True))
    assert shop.refunds() == {4: 1}
    # A case that turns out to be another payment's, and one that is open again.
    shop.settle(resolved("C3", "VC_9", 4))
    assert shop.refunds() == {5: 1}
    shop.settle(resolved("C2", "VC_1", 5, resolved_at=None, status="open"))
    assert shop.refunds() == {9: 1}
    # One whose case was known before it.
    shop.pay(paid("VC_9", status="refunded"))
    assert shop.refunds() == {9: 1, 4: 1}
    assert list(verify(shop.catalogue)) == []


def test_sums_beyond_64_bits_are_exact(shop: Shop) -> None:
    most = Decimal("9999999999999.9999")
    for number in range(3):
        shop.pay(*(paid(f"VC_{number}_{i}", captured_amount=most) for i in range(50)))
    (cell,) = cells(shop.catalogue)
    assert cell["gross_high"] * 10**9 + cell["gross"] == 150 * 99_999_999_999_999_999


def test_a_refused_duplicate_books_nothing(shop: Shop) -> None:
    shop.pay(paid("VC_1"))
    before = books(shop.catalogue)
    shop.count -= 1
    # The same batch key with other rows: what was acknowledged stands.
    shop.pay(paid("VC_1", captured_amount=Decimal(99)), paid("VC_2"))
    assert books(shop.catalogue) == before


_KILLED = """
import os, sys
from pathlib import Path
from tests.store.test_books import Shop, paid
from vcanalytics.store import Catalogue
from vcanalytics.store.books import keeping

shop = Shop(Catalogue.open(Path(sys.argv[1])))
shop.pay(paid("VC_1"))
put = keeping._many
def die(connection, statement, rows):
    put(connection, statement, rows)
    if sys.argv[2] in statement.split("(")[0]:
        os.kill(os.getpid(), 9)
keeping._many = die
shop.pay(paid("VC_1", deleted=True), paid("VC_2"))
"""


@pytest.mark.parametrize("after", ["book_row", "book_cell", "book_status", "book_day"])
def test_a_kill_in_between_leaves_versions_and_books_as_they_were(
    tmp_path: Path, after: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path), after],
        env={**os.environ, "PYTHONPATH": "."},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    shop = Shop(Catalogue.open(tmp_path))
    assert shop.total("attempts", "gross") == (1, 100_000)
    assert list(verify(shop.catalogue)) == []
    shop.count = 1
    shop.pay(paid("VC_1", deleted=True), paid("VC_2"))
    assert shop.total("attempts", "gross") == (1, 100_000)
    assert list(verify(shop.catalogue)) == []
    shop.catalogue.close()


def test_forgetting_a_customer_moves_no_sum(shop: Shop) -> None:
    shop.pay(
        paid("VC ann@example.com", status="refunded", refund_case_id="of ann@example.com"),
        paid("VC_2", email="ann@example.com"),
    )
    shop.settle(resolved("of ann@example.com", "VC ann@example.com", 2))
    sums = cells(shop.catalogue)
    forget(shop.catalogue, "ann@example.com", NOON)
    assert cells(shop.catalogue) == sums
    assert list(verify(shop.catalogue)) == []
    assert "ann@" not in repr(books(shop.catalogue))
    shop.pay(paid("VC ann@example.com", deleted=True))
    assert shop.total("attempts", "refunded") == (1, 0)
    assert list(verify(shop.catalogue)) == []


def test_a_store_that_is_older_gets_its_books_by_the_collectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", MIGRATIONS[:4])
        then.setattr("vcanalytics.store.books.keeping.told", lambda _: None)
        old = Shop(Catalogue.open(tmp_path))
        old.pay(paid("VC_1"), paid("DEMO_1"))
        old.settle(resolved("C1", "VC_1", 3))
        old.catalogue.close()
    shop = Shop(Catalogue.open(tmp_path))
    shop.count = 2
    # Not begun yet: nothing is booked, and readers recount.
    shop.pay(paid("VC_2"))
    assert cells(shop.catalogue) == []
    assert Reader(shop.catalogue).snapshot().books is None

    settle_upkeep(tmp_path, shop.catalogue, ("DEMO_",))

    shop.pay(paid("VC_1", status="refunded"))
    assert shop.total("attempts", "refunded") == (2, 1)
    assert shop.refunds() == {3: 1}
    assert list(verify(shop.catalogue)) == []
    shop.catalogue.close()


def settle_upkeep(folder: Path, catalogue: Catalogue, prefixes: tuple[str, ...]) -> None:
    """Let the daemon come to rest."""
    daemon = Upkeep(
        Settings(data_dir=folder, source_url="sqlite:///x.db", sample_prefixes=prefixes), catalogue
    )
    daemon.initialise()
    while daemon.loop(NOON) < PAUSE_S:
        pass


def taken(catalogue: Catalogue) -> Snapshot:
    return Reader(catalogue).snapshot()


def test_other_samples_make_other_books_and_the_same_ones_none(shop: Shop, tmp_path: Path) -> None:
    shop.pay(paid("VC_1"), paid("TEST_1"), paid("DEMO_1"))
    assert shop.total("attempts") == (2,)
    going_along = Reader(shop.catalogue)
    going_along.snapshot()

    settle_upkeep(tmp_path, shop.catalogue, ("DEMO_", "VC_"))

    assert shop.total("attempts") == (1,)
    assert list(verify(shop.catalogue)) == []
    for snapshot in (going_along.snapshot(), taken(shop.catalogue)):
        assert snapshot.books is not None
        assert snapshot.books.prefixes == ("DEMO_", "VC_")
        assert snapshot.books.refunds(0, 2**60) == []
    assert drained(brought_up(shop.catalogue, ("VC_", "DEMO_", ""))) == []


def test_a_rebuilding_that_was_left_off_is_gone_on_with(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vcanalytics.store.books.rebuilding.SLICE_ROWS", 2)
    shop.pay(*(paid(f"VC_{n}") for n in range(5)))
    slices = rebuilt(shop.catalogue)
    assert next(slices) == (2, 5)
    slices.close()  # type: ignore[attr-defined]
    assert taken(shop.catalogue).books is None
    assert list(verify(shop.catalogue)) == []

    assert drained(brought_up(shop.catalogue, ("TEST_", "TXN_"))) == [(2, 5), (4, 5), (5, 5)]

    assert shop.total("attempts") == (5,)
    assert taken(shop.catalogue).books is not None


def test_while_a_file_cannot_be_read_the_books_are_not_called_whole(shop: Shop) -> None:
    shop.pay(*(paid(f"VC_{n}") for n in range(5)))
    segments = Segments(shop.catalogue.path.parent)
    seal(shop.catalogue, segments, TRANSACTIONS, NOON)
    (key,) = (key for key in segments.files() if key.startswith("transactions.current/"))
    away = segments.local(key).with_suffix(".away")
    segments.local(key).rename(away)
    # As after a repair, or where other prefixes are set.
    drained(rebuilt(shop.catalogue))
    assert taken(shop.catalogue).books is None

    away.rename(segments.local(key))
    drained(brought_up(shop.catalogue, ("TEST_", "TXN_")))
    assert shop.total("attempts") == (5,)
    assert taken(shop.catalogue).books is not None


def test_a_reader_keeps_the_books_it_took(shop: Shop) -> None:
    shop.pay(paid("VC_1"))
    reader = Reader(shop.catalogue)
    one = reader.snapshot()
    shop.pay(paid("VC_2"), paid("VC_3", currency="EUR"))
    other = reader.snapshot()
    assert one.books is not None
    assert other.books is not None
    quarter = to_micros(NOON) // QUARTER_US
    assert [s.at(quarter)[1] for s in (one.books.cells["USD"], other.books.cells["USD"])] == [1, 2]  # type: ignore[index]
    assert (one.books.currencies, other.books.currencies) == (["USD"], ["EUR", "USD"])
    assert reader.snapshot().books is other.books
    assert reader.snapshot(["requests"]).books is None


def tampered(catalogue: Catalogue, statement: str) -> list[str]:
    with catalogue.transaction() as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1
    return list(verify(catalogue))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE book_cell SET gross = gross + 1 WHERE captured",
            "says gross 200,001 (in ten-thousandths, by parts of 10^9), the versions say 200,000",
        ),
        ("UPDATE book_cell SET attempts = 7 WHERE captured", "says attempts 7, the versions say 2"),
        ("DELETE FROM book_cell WHERE captured", "12:00+00:00 USD is missing"),
        ("UPDATE book_cell SET last_at = 0 WHERE captured", "says too little of when: last_at"),
        (
            "UPDATE book_row SET units = 1 WHERE transaction_id = 'VC_1'",
            "payment VC_1 stands in the books with another units",
        ),
        ("DELETE FROM book_row WHERE transaction_id = 'VC_2'", "payment VC_2 is not in the books"),
        ("DELETE FROM book_case", "another word of case C1 than its versions"),
        (
            "UPDATE book_status SET rows = 5 WHERE status = 'completed'",
            "the books count 5 payments 'completed', the versions 1",
        ),
    ],
)
def test_what_was_changed_is_found_and_made_good(shop: Shop, statement: str, words: str) -> None:
    shop.pay(paid("VC_1", status="refunded"), paid("VC_2"))
    shop.settle(resolved("C1", "VC_1", 2))
    assert list(verify(shop.catalogue)) == []
    assert any(words in line for line in tampered(shop.catalogue, statement))
    drained(rebuilt(shop.catalogue))
    assert list(verify(shop.catalogue)) == []
