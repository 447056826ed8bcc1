"""``paypal``: imports as a person calls them, and what other commands do about the rows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.asked import NOW, Store
from tests.paypal.download import Download
from tests.shop import Shop, metadata
from vcanalytics.accounts import Accounts
from vcanalytics.paypal import imports
from vcanalytics.paypal.database import FILE_NAME


@pytest.fixture
def store(store: Store, shop: Shop) -> Store:
    shop.transaction("VC_1", amount=49, email="ann@example.com")
    shop.complete("VC_1", completed_at="2026-11-20 12:01:00")
    store.keep(shop)
    return store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = Download()
    made.payment("8AB00000000000001", at="2026-11-20 12:01:00")
    made.payment("8AB00000000000002", at="2026-11-20 13:01:00", payer="bob@example.com")
    made.payment("8AB00000000000003", at="2026-11-20 13:02:00", Gross="=HYPERLINK(1)")
    return made.write(tmp_path / "Download.CSV")


def payers(store: Store) -> list[str]:
    database = imports.opened(store.data_dir)
    assert database is not None
    with closing(database), database.read() as connection:
        return sorted(imports.rows(connection)["payer"].to_list())


def test_import_says_what_it_comes_to(store: Store, file: Path) -> None:
    result = store.ask("paypal", "import", str(file), "--dry-run", "--format", "csv")
    assert result.exit_code == 0
    assert not (store.data_dir / FILE_NAME).exists()
    assert "a dry run, nothing was changed" in result.stderr
    row = result.stdout.splitlines()[1]
    assert row == (
        "Download.CSV,3,2,0,0,0,0,0,1,2026-11-20T12:01:00+00:00,2026-11-20T13:01:00+00:00,"
    )
    said = store.text("paypal", "import", str(file))
    assert "line 4: Gross: '=HYPERLINK(1)' is no amount" in said
    again = store.ask("paypal", "import", str(file), "--format", "json")
    assert '"earlier_at": "2026-11-22T12:00:00+00:00"' in again.stdout
    assert "nothing is new" in again.stderr
    (listed,) = store.csv("paypal", "imports")
    assert (listed["file"], listed["at"]) == ("Download.CSV", "2026-11-22T12:00:00+00:00")
    assert (listed["lines"], listed["kept"], listed["aside"]) == ("3", "2", "1")
    with closing(Accounts.open(store.data_dir, clock=lambda: NOW)) as book:
        noted = [(one.action, one.target, one.detail) for one in book.audit()]
    assert noted[-1] == ("paypal_imported", "Download.CSV", "3 lines, 2 new, 0 changed")


def test_the_report_and_totals(store: Store, file: Path) -> None:
    assert store.csv("paypal", "report") == []
    assert "Nothing of PayPal's was imported yet" in store.text("paypal", "totals")
    store.ask("paypal", "import", str(file))
    (found,) = store.csv("paypal", "report")
    assert found == {
        "finding": "unknown_here",
        "paypal_id": "8AB00000000000002",
        "transaction_id": "",
        "email": "bob@example.com",
        "paypal_amount": "49.00",
        "amount": "",
        "currency": "USD",
        "amount_currency": "",
        "fee": "-1.92",
        "happened_at": "2026-11-20T13:01:00+00:00",
        "detail": "Express Checkout Payment",
    }
    assert store.csv("paypal", "report", "--to", "2026-11-20T13:00") == []
    assert "unknown_here 1" in store.text("paypal", "report")
    (total,) = store.csv("paypal", "totals", "--grain", "month", "--zone", "Asia/Kolkata")
    assert total == {
        "window_start": "2026-11-01T00:00:00+05:30",
        "currency": "USD",
        "payments": "2",
        "paypal_gross": "98.00",
        "fees": "-3.84",
        "paypal_refunds": "0.00",
        "paypal_net": "94.16",
        "gross": "49.00",
        "refunds": "0.00",
        "difference": "49.00",
    }


def test_an_amount_in_another_currency_keeps_its_own_digits(
    store: Store, shop: Shop, tmp_path: Path
) -> None:
    shop.transaction("VC_2", created_at="2026-11-20 18:00:00")
    text = metadata(49.5, paypal_transaction_id="8AB00000000000007")
    shop.update("VC_2", status="completed", completed_at="2026-11-20 18:00:00", metadata=text)
    store.keep(shop)
    made = Download()
    made.payment("8AB00000000000007", at="2026-11-20 18:00:00", gross="7,500", Currency="JPY",
                 Fee="-300", Net="7,200")  # fmt: skip
    store.ask("paypal", "import", str(made.write(tmp_path / "jpy.csv")), "--dates", "mdy")
    (found,) = store.csv("paypal", "report", "--from", "2026-11-20T17:00")
    assert (found["paypal_amount"], found["currency"], found["fee"]) == ("7500", "JPY", "-300")
    assert (found["amount"], found["amount_currency"]) == ("49.50", "USD")
    assert "49.50" in store.text("paypal", "report")


def test_wrong_files_are_one_line_and_change_nothing(store: Store, tmp_path: Path) -> None:
    for content, said in (
        (b"a,b\n1,2\n", "columns are missing: Date, Time, Type, Currency, Gross, Transaction ID"),
        (b"", "it is empty"),
    ):
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        status, line = store.error("paypal", "import", str(path))
        assert (status, line.startswith(f"a.csv: {said}")) == (2, True)
    assert store.error("paypal", "import")[0] == 2
    assert store.error("paypal", "import", str(tmp_path / "none"))[0] == 2
    assert store.csv("paypal", "imports") == []
    assert not (store.data_dir / FILE_NAME).exists()


def test_forget_takes_a_customer_out_of_imports(store: Store, file: Path) -> None:
    store.ask("paypal", "import", str(file))
    assert "@forgotten.invalid" in store.text("forget", "ANN@example.com")
    before = payers(store)
    assert before[0] == "bob@example.com"
    assert before[1].endswith("@forgotten.invalid")
    # The same pseudonym as in the store, so that what was matched by address still is.
    (payment,) = store.csv("transactions")
    assert payment["payer_email"] == before[1]
    made = Download()
    made.payment("8AB00000000000009", at="2026-11-20 14:01:00", payer="Ann@Example.com")
    store.ask("paypal", "import", str(made.write(file.with_name("b.csv"))))
    assert payers(store) == ["bob@example.com", before[1], before[1]]


def test_imports_go_with_a_backup(store: Store, file: Path, tmp_path: Path) -> None:
    store.ask("paypal", "import", str(file))
    rows = store.csv("backup", str(tmp_path / "backup"))
    assert "paypal" in [row["what"] for row in rows]
    new = Store(tmp_path / "new", store.url)
    new.text("restore", str(tmp_path / "backup"))
    assert payers(new) == payers(store)
    assert (new.data_dir / FILE_NAME).stat().st_mode & 0o777 == 0o600
