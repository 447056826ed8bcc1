from __future__ import annotations

import csv
import zipfile
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.paypal.download import NOW, Download, bring
from vcanalytics.errors import BudgetExceeded, StoreError, UsageError
from vcanalytics.paypal import imports, opening
from vcanalytics.paypal.cells import Order
from vcanalytics.paypal.database import PayPal
from vcanalytics.paypal.importing import Outcome, bring_in, preview, staged


def some(count: int = 3, **more: str) -> Download:
    """Payments on days that only one order of dates allows."""
    made = Download(**more)  # type: ignore[arg-type]
    for at in range(count):
        made.payment(f"8AB{at:014d}", at=f"2026-11-20 09:{at % 60:02d}:00", gross="1,049.00")
    return made


def counts(outcome: Outcome) -> dict[str, int]:
    names = ("new", "changed", "same", "older", "repeated", "items", "aside")
    return {name: getattr(outcome, name) for name in names if getattr(outcome, name)}


def refused(path: Path, dates: Order | None = None) -> str:
    with (
        pytest.raises(UsageError) as caught,
        staged(path, path.name, zone=ZoneInfo("UTC"), dates=dates),
    ):
        pass
    return str(caught.value)


def test_a_row_is_what_its_line_says(database: PayPal, tmp_path: Path) -> None:
    made = some(1)
    made.zone = "America/Los_Angeles"
    made.refund("9RF00000000000001", "8AB00000000000000", at="2026-11-21 03:00:00")
    outcome = bring(database, made.write(tmp_path / "a.csv"))
    assert counts(outcome) == {"new": 2}
    with database.read() as connection:
        first, second = imports.rows(connection).to_dicts()
    assert first == {
        "id": "8AB00000000000000",
        "happened_at": NOW.replace(day=20, hour=9),
        "kind": "payment",
        "state": "done",
        "type": "Express Checkout Payment",
        "status": "Completed",
        "currency": "USD",
        "gross": Decimal("1049.0000"),
        "fee": Decimal("-1.9200"),
        "net": Decimal("1047.0800"),
        "payer": "ann@example.com",
        "reference": None,
        "invoice": None,
        "custom": None,
    }
    assert (second["kind"], second["reference"]) == ("refund", "8AB00000000000000")
    assert (second["happened_at"], second["gross"]) == (NOW.replace(day=21, hour=3), Decimal(-49))
    # The name of the customer is kept nowhere.
    assert b"Ann Example" not in database.path.read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(
    database: PayPal, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    made = some(2)
    for line in made.lines:
        line["Name"] = 'Ünal\nGérard, "Zoë"'
    path = made.write(tmp_path / "a.csv", encoding, delimiter)
    assert counts(bring(database, path)) == {"new": 2}


GERMAN = {
    "Date": "Datum",
    "Time": "Uhrzeit",
    "TimeZone": "Zeitzone",
    "Type": "Typ",
    "Status": "Status",
    "Currency": "Währung",
    "Gross": "Brutto",
    "Fee": "Entgelt",
    "Net": "Netto",
    "From Email Address": "Absender E-Mail-Adresse",
    "To Email Address": "Empfänger E-Mail-Adresse",
    "Transaction ID": "Transaktionscode",
    "Reference Txn ID": "Zugehöriger Transaktionscode",
    "Balance Impact": "Auswirkung auf Guthaben",
}
FRENCH = {
    "Date": "Date",
    "Time": "Heure",
    "TimeZone": "Fuseau horaire",
    "Type": "Type",
    "Status": "État",
    "Currency": "Devise",
    "Gross": "Avant commission",
    "Fee": "Commission",
    "Net": "Net",
    "From Email Address": "De l'adresse email",
    "To Email Address": "À l'adresse email",
    "Transaction ID": "Numéro de transaction",
    "Reference Txn ID": "Numéro de la transaction de référence",
    "Balance Impact": "Impact sur le solde",
}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (GERMAN, ("PayPal Express-Zahlung", "Abgeschlossen", "Rückzahlung", "Haben", "Soll")),
        (FRENCH, ("Paiement Express Checkout", "Terminé", "Remboursement de paiement", "", "")),
    ],
)
def test_other_languages(
    database: PayPal, tmp_path: Path, names: dict[str, str], words: tuple[str, ...]
) -> None:
    made = some(1)
    made.refund("9RF00000000000001", "8AB00000000000000", at="2026-11-21 03:00:00")
    paid, done, refund, credit, debit = words
    for line, kind in zip(made.lines, (paid, refund), strict=True):
        day, month = line["Date"][3:5], line["Date"][:2]
        sign = debit if line["Gross"].startswith("-") else credit
        line |= {
            "Date": f"{day}/{month}/2026",
            "Type": kind,
            "Status": done,
            "Balance Impact": sign,
        }
        for amount in ("Gross", "Fee", "Net"):
            line[amount] = line[amount].translate(str.maketrans(",.", "\u202f,"))
    translated = replace(
        made,
        columns=tuple(names.values()),
        lines=[{to: line[of] for of, to in names.items() if of in line} for line in made.lines],
    )
    assert counts(bring(database, translated.write(tmp_path / "a.csv"))) == {"new": 2}
    with database.read() as connection:
        rows = imports.rows(connection)
    assert rows["kind"].to_list() == ["payment", "refund"]
    assert rows["gross"].to_list() == [Decimal(1049), Decimal(-49)]
    assert rows["happened_at"][0] == NOW.replace(day=20, hour=9)


def test_the_same_file_twice_adds_nothing_whatever_its_name(
    database: PayPal, tmp_path: Path
) -> None:
    path = some().write(tmp_path / "a.csv")
    assert counts(bring(database, path)) == {"new": 3}
    copy = path.rename(tmp_path / "b.csv")
    again = bring(database, copy)
    assert (counts(again), again.earlier) == ({}, NOW)
    with database.read() as connection:
        assert imports.listed(connection)["file"].to_list() == ["a.csv"]


def test_a_row_that_changed_is_a_newer_state_and_never_goes_back(
    database: PayPal, tmp_path: Path
) -> None:
    made = some(3)
    made.lines[0]["Status"] = "Pending"
    assert counts(bring(database, made.write(tmp_path / "a.csv"))) == {"new": 3}
    made.lines[0]["Status"] = "Completed"
    assert counts(bring(database, made.write(tmp_path / "b.csv"))) == {"changed": 1, "same": 2}
    made.lines[0]["Status"] = "Pending"
    made.payment("8ABFFFFFFFFFFFFFF", at="2026-11-20 10:00:00")
    found = counts(bring(database, made.write(tmp_path / "c.csv")))
    assert found == {"new": 1, "same": 2, "older": 1}
    with database.read() as connection:
        assert imports.rows(connection)["state"].to_list() == ["done"] * 4


def test_a_dry_run_says_the_same_and_changes_nothing(database: PayPal, tmp_path: Path) -> None:
    made = some(3)
    first = made.write(tmp_path / "a.csv")
    with staged(first, "a.csv", zone=ZoneInfo("UTC")) as download:
        assert counts(preview(None, download)) == {"new": 3}
        assert counts(preview(database, download)) == {"new": 3}
    bring(database, first)
    made.lines[1]["Status"] = "Refunded"
    made.payment("8ABFFFFFFFFFFFFFF", at="2026-11-20 10:00:00")
    second = made.write(tmp_path / "b.csv")
    with staged(second, "b.csv", zone=ZoneInfo("UTC")) as download:
        before = preview(database, download)
    assert counts(before) == {"new": 1, "changed": 1, "same": 2}
    assert bring(database, second) == before


def test_two_rows_of_one_payment_are_counted_and_shown(database: PayPal, tmp_path: Path) -> None:
    made = some(3)
    made.lines.append(dict(made.lines[0]))
    made.lines.append(made.lines[1] | {"Status": "Pending"})
    made.lines.insert(0, made.lines[1] | {"Status": "Pending"})
    made.lines.append(made.lines[3] | {"Gross": "7.00"})
    made.lines.append(made.lines[3] | {"Type": "Shopping Cart Item", "Balance Impact": ""})
    outcome = bring(database, made.write(tmp_path / "a.csv"))
    assert counts(outcome) == {"new": 3, "repeated": 3, "items": 1, "aside": 1}
    ((_, aside),) = outcome.asides
    assert aside.line == 8
    assert "says something else than line 5" in aside.reason
    with database.read() as connection:
        rows = imports.rows(connection)
    assert set(rows["gross"]) == {Decimal(1049)}
    assert set(rows["state"]) == {"done"}


def test_lines_that_cannot_be_read_are_kept_aside_with_the_reason(
    database: PayPal, tmp_path: Path
) -> None:
    made = some(8)
    made.lines[0]["Gross"] = "twelve"
    made.lines[1]["Transaction ID"] = ""
    made.lines[2]["Date"] = "11/31/2026"
    made.lines[3]["TimeZone"] = "XXX"
    made.lines[4]["From Email Address"] = "a" * 10_000
    made.lines[5]["Currency"] = "US dollars"
    made.lines[6]["Gross"] = "1.049,00"
    path = made.write(tmp_path / "a.csv")
    outcome = bring(database, path)
    assert counts(outcome) == {"new": 1, "aside": 7}
    reasons = [f"{one.line}: {one.reason}" for _, one in outcome.asides]
    assert [reason.split()[0] for reason in reasons] == [f"{line}:" for line in range(2, 9)]
    for reason, word in zip(
        reasons,
        ("'twelve'", "no Transaction ID", "11/31", "time zone", "10,000", "currency", "1.049,00"),
        strict=True,
    ):
        assert word in reason
    with database.read() as connection:
        assert len(imports.asides(connection, 1)) == 7
        assert imports.listed(connection)["aside"].to_list() == [7]


def test_a_file_of_bad_lines_is_refused_whole(database: PayPal, tmp_path: Path) -> None:
    made = some(100)
    for line in made.lines[:11]:
        line["Gross"] = "?"
    said = refused(made.write(tmp_path / "a.csv"))
    assert "11 of 100 lines cannot be read (line 2: Gross: '?' is no amount; line 3:" in said
    with database.read() as connection:
        assert imports.listed(connection).is_empty()


def test_what_is_no_download_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Datum,Betrag,Währung\n1.1.2026,5,EUR\n")
    said = refused(path)
    assert "columns are missing: Time, Type, Gross, Transaction ID. Found: Datum, Betrag" in said
    for content, word in (
        (b"", "empty"),
        (b"\n\n", "no lines"),
        (b"%PDF-1.4\0\1\2\3" * 9, "no text"),
        (some(0).text().encode(), "no lines"),
        (b"PK\x03\x04 broken", "columns are missing"),
    ):
        path.write_bytes(content)
        assert word in refused(path)
    assert "cannot be read" in refused(tmp_path / "none.csv")
    assert "cannot be read" in refused(tmp_path)
    good = some(3).text()
    path.write_text(good + '"11/20/2026","unclosed' + "x" * 200_000)
    assert "a quote may not be closed" in refused(path)
    path.write_bytes(b"\xef\xbb\xbf" + good.encode() + b"\xff\xfe\xfa")
    assert "no text in utf-8" in refused(path)


def test_dates_of_two_readings_are_asked_about(database: PayPal, tmp_path: Path) -> None:
    made = Download()
    made.payment("8AB00000000000000", at="2026-11-04 09:00:00")
    path = made.write(tmp_path / "a.csv")
    assert "11/04/2026 may be a day of two months" in refused(path)
    with staged(path, "a", zone=ZoneInfo("UTC"), dates=Order.DMY) as download:
        assert (preview(database, download).first_at or NOW).month == 4
    first = made.lines[0]
    made.lines.append(first | {"Date": "20.11.2026", "Transaction ID": "8ABFFFFFFFFFFFFFF"})
    made.lines.append(first | {"Date": "11/20/2026", "Transaction ID": "8ABEEEEEEEEEEEEEE"})
    made.lines.reverse()
    # The first that is certain decides; what is written otherwise is kept aside.
    with staged(made.write(path), "a", zone=ZoneInfo("UTC")) as download:
        found = preview(database, download)
    assert found.aside == 1


def test_a_zip_of_several_parts_is_one_import(
    database: PayPal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    second = Download()
    second.payment("8ABFFFFFFFFFFFFFF", at="2026-11-21 10:00:00")
    second.payment("8ABEEEEEEEEEEEEEE", at="2026-11-21 10:00:00", Gross="?")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("x/part-1.CSV", some(3).text())
        folder.writestr("x/part-2.CSV", "\ufeff" + second.text(";"))
        folder.writestr("__MACOSX/part-2.CSV", b"\0\0")
        folder.writestr("readme.pdf", b"\0\0")
    outcome = bring(database, path)
    assert counts(outcome) == {"new": 4, "aside": 1}
    assert outcome.asides[0][0] == "x/part-2.CSV"
    size = sum(one.size_bytes for one in opening.parts_of(path, "a.zip"))
    with pytest.raises(UsageError, match="or 0 MB"):
        opening.parts_of(path, "a.zip", size - 1)
    monkeypatch.setattr(opening, "PARTS_MAX", 1)
    assert "more than 1 files" in refused(path)
    with zipfile.ZipFile(path, "w") as folder:
        folder.writestr("readme.pdf", b"\0\0")
    assert "holds no CSV" in refused(path)


def test_columns_may_be_in_any_order_and_others_missing(database: PayPal, tmp_path: Path) -> None:
    made = some(1)
    made.columns = ("Transaction ID", "Gross", "Net", "Currency", "Type", "Time", "Date")
    made.zone = ""
    made.lines[0]["TimeZone"] = ""
    text = made.text(quoting=csv.QUOTE_MINIMAL)
    path = tmp_path / "a.csv"
    path.write_text("\n" + text)
    assert counts(bring(database, path, zone="Asia/Kolkata")) == {"new": 1}
    with database.read() as connection:
        row = imports.rows(connection).row(0, named=True)
    # No zone said: it is that of who imports. The fee is what gross and net leave.
    assert row["happened_at"] == NOW.replace(day=20, hour=3, minute=30)
    assert (row["fee"], row["state"], row["payer"]) == (Decimal("-1.92"), "done", None)


@pytest.mark.parametrize(
    ("kind", "gross", "more", "found"),
    [
        ("Express Checkout Payment", "5.00", {}, "payment"),
        ("Express Checkout Payment", "-5.00", {}, "other"),
        ("General Withdrawal - Bank Account", "-5.00", {}, "transfer"),
        ("General Currency Conversion", "5.00", {}, "conversion"),
        ("Account Hold for Open Authorization", "-5.00", {}, "hold"),
        ("General Authorization", "5.00", {"Balance_Impact": "Memo"}, "authorisation"),
        ("Chargeback", "-5.00", {"Reference_Txn_ID": "X1"}, "refund"),
        ("Chargeback Fee", "-5.00", {}, "fee"),
        ("Zahlung neuer Art", "5.00", {}, "payment"),
        ("Zahlung neuer Art", "5.00", {"Balance_Impact": "Memo"}, "other"),
        ("Zahlung neuer Art", "-5.00", {"Reference_Txn_ID": "X1"}, "refund"),
        ("Zahlung neuer Art", "-5.00", {}, "other"),
        ("Zahlung neuer Art", "5.00", {"Reference_Txn_ID": "X1"}, "other"),
    ],
)
def test_kinds(
    database: PayPal, tmp_path: Path, kind: str, gross: str, more: dict[str, str], found: str
) -> None:
    made = Download()
    made.line("8AB00000000000000", kind, at="2026-11-20 09:00:00", gross=gross, **more)
    outcome = bring(database, made.write(tmp_path / "a.csv"))
    ((name, _),) = outcome.kinds
    assert name == found
    assert list(outcome.unknown_types) == [kind for kind in (kind,) if "neuer Art" in kind]


def test_event_codes_go_before_names(database: PayPal, tmp_path: Path) -> None:
    made = Download(columns=(*Download().columns, "Transaction Event Code"))
    for number, code in enumerate(("T0006", "T1107", "T0400", "T0200", "T1501", "T0106")):
        made.line(
            f"8AB{number:014d}", "?", at="2026-11-20 09:00:00", gross="5.00",
            Transaction_Event_Code=code,
        )  # fmt: skip
    outcome = bring(database, made.write(tmp_path / "a.csv"))
    kinds = {kind for kind, _ in outcome.kinds}
    assert kinds == {"payment", "refund", "transfer", "conversion", "hold", "fee"}
    assert outcome.unknown_types == {}


def test_what_was_forgotten_goes_and_does_not_come_back(database: PayPal, tmp_path: Path) -> None:
    made = some(2)
    made.lines[1]["From Email Address"] = "Ann@Example.com"
    made.payment("8ABFFFFFFFFFFFFFF", at="2026-11-20 09:00:00", payer="bob@example.com")
    made.payment("8ABEEEEEEEEEEEEEE", at="2026-11-20 09:00:00", Gross="ann@example.com")
    path = made.write(tmp_path / "ann@example.com.csv")
    bring(database, path)

    def hide(text: str) -> str:
        return text.casefold().replace("ann@example.com", "gone@forgotten.invalid")

    assert imports.forget(database, hide) == 2
    assert imports.forget(database, hide) == 0
    with database.read() as connection:
        payers = imports.rows(connection)["payer"].to_list()
    assert sorted(payers) == ["bob@example.com", *["gone@forgotten.invalid"] * 2]
    for file in database.path.parent.glob("paypal.db*"):
        assert b"ann@example" not in file.read_bytes().lower()
    made.payment("8ABDDDDDDDDDDDDDD", at="2026-11-20 11:00:00")
    with staged(made.write(path), "b.csv", zone=ZoneInfo("UTC")) as download:
        found = bring_in(database, download, now=NOW, by="asha", hiding=lambda: hide)
    # The others are as they were: their digest knows no address.
    assert counts(found) == {"new": 1, "same": 3, "aside": 1}
    with database.read() as connection:
        assert "ann@example.com" not in imports.rows(connection)["payer"].to_list()
        for number in (1, 2):
            (aside,) = imports.asides(connection, number)
            assert "gone@forgotten.invalid" in aside[2]


def test_nothing_is_half_imported(
    database: PayPal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = some(6_000).write(tmp_path / "a.csv")
    told = []

    def stop(what: str, done: int, _of: int) -> None:
        told.append(what)
        if what == "importing" and done > 5_000:
            raise KeyboardInterrupt

    with (
        staged(path, "a.csv", zone=ZoneInfo("UTC"), progress=stop) as download,
        pytest.raises(KeyboardInterrupt),
    ):
        bring_in(database, download, now=NOW, by="asha", progress=stop)
    with database.read() as connection:
        assert imports.listed(connection).is_empty()
        assert imports.rows(connection).height == 0
    assert {"reading", "importing"} <= set(told)


def test_covered_times_are_joined_where_they_touch(database: PayPal, tmp_path: Path) -> None:
    for number, days in enumerate(((1, 20), (15, 25), (16, 17), (27, 28))):
        made = Download()
        for at, day in enumerate(days):
            made.payment(f"8AB{number:07d}{at:07d}", at=f"2026-10-{day:02d} 09:00:00")
        bring(database, made.write(tmp_path / f"{number}.csv"))
    with database.read() as connection:
        found = imports.covered(connection)
    assert [(first.day, last.day) for first, last in found] == [(1, 25), (27, 28)]


def test_more_rows_than_fit_are_too_many(
    database: PayPal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(database, some(3).write(tmp_path / "a.csv"))
    monkeypatch.setattr(imports, "ROWS_MAX", 2)
    with database.read() as connection:
        assert imports.count(connection) == 3
        with pytest.raises(BudgetExceeded, match="3 rows of PayPal's are more than 2"):
            imports.rows(connection)
        assert imports.rows(connection, end=NOW.replace(day=20, hour=9, minute=2)).height == 2


def test_a_file_of_a_newer_console_is_left_alone(tmp_path: Path) -> None:
    with closing(PayPal.open(tmp_path)) as database, database.write() as connection:
        connection.exec_driver_sql("INSERT INTO migration VALUES (99, 'later', 0)")
    with pytest.raises(StoreError, match="version 99"):
        PayPal.open(tmp_path)
