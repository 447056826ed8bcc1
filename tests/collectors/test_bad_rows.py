"""Rows that are not as they should be: each says so, costs no other row, and heals by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.collectors.rig import NOW, Console
from tests.shop import Shop, make_shop, metadata

BAD_BYTES = b"caf\xe9"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as shop:
        shop.transaction("VC_before")
        yield shop


@pytest.fixture
def console(shop: Shop, tmp_path: Path) -> Console:
    return Console(tmp_path / "data", shop.url)


def read_with_neighbours(shop: Shop, console: Console) -> None:
    """Read the shop, with a good row before and behind what the test wrote: both must arrive."""
    shop.transaction("VC_behind")
    shop.dispute("DISP_behind", "VC_behind")
    shop.mail()
    shop.metric()
    console.once()
    assert {"VC_before", "VC_behind"} <= set(console.current())
    assert "DISP_behind" in console.current("disputes")
    assert len(console.current("mails")) >= 1
    assert console.catalogue.states()["requests"].rows >= 1
    console.assert_sound()


@pytest.mark.parametrize(
    ("amount", "read", "note"),
    [
        (None, None, None),
        ("49,00", None, "amount '49,00' is not readable"),
        ("12.50", Decimal("12.5"), None),
        (-49, Decimal(-49), None),
        (b"\x00\x01", None, r"amount b'\x00\x01' is not readable"),
        (1e300, None, "amount 1e+300 is not readable"),
        (float("inf"), None, "amount inf is not readable"),
        ("x" * 500, None, f"amount '{'x' * 76}... is not readable"),
    ],
)
def test_an_odd_amount_counts_adds_what_is_readable_and_is_noted(
    shop: Shop, console: Console, amount: object, read: Decimal | None, note: str | None
) -> None:
    shop.transaction("VC_odd", amount=amount, status="completed")
    read_with_neighbours(shop, console)
    row = console.current()["VC_odd"]
    assert (row["amount_column"], row["captured_amount"]) == (read, read)
    assert row["notes"] == note
    assert row["captured"] is True


@pytest.mark.parametrize("status", ["held_by_paypal", "", None, "COMPLETED", "naïve ☂"])
def test_a_status_nobody_has_heard_of_is_kept_as_it_is(
    shop: Shop, console: Console, status: str | None
) -> None:
    shop.transaction("VC_odd", status=status)
    read_with_neighbours(shop, console)
    row = console.current()["VC_odd"]
    assert (row["status"], row["captured"]) == (status or "", False)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("{broken", "metadata is not JSON"),
        ("[" * 100_000, "metadata is not JSON"),
        ("9" * 5_000, "metadata is not JSON"),
        ("[1, 2]", "metadata is not a JSON object"),
        (b"\xff\xfe", "metadata holds bytes that are not UTF-8; metadata is not JSON"),
        ('{"amount": "forty-nine"}', None),
        ('{"amount": {"value": 49}, "currency": 5, "payer_email": ["x"]}', None),
        ('{"amount": NaN, "currency": "US DOLLAR"}', None),
        ('{"amount": 1e999999999}', None),
        ('{"amount": true, "payer_email": "\\ud800@half"}', None),
    ],
)
def test_broken_metadata_leaves_the_columns_to_speak(
    shop: Shop, console: Console, text: object, note: str | None
) -> None:
    shop.transaction("VC_odd", amount=49, status="completed", metadata=text)
    read_with_neighbours(shop, console)
    row = console.current()["VC_odd"]
    assert (row["captured_amount"], row["currency"]) == (Decimal(49), "USD")
    notes = (row["notes"] or "").removesuffix(
        "; metadata of 100,000 characters: only its fields are kept"
    )
    assert notes == (note or "")


def test_a_vanishing_amount_in_the_metadata_is_no_crash(shop: Shop, console: Console) -> None:
    shop.transaction("VC_odd", status="completed", metadata='{"amount": 1e-999999999}')
    shop.transaction("VC_long", status="completed", metadata=f'{{"amount": 0.{"3" * 5_000}}}')
    read_with_neighbours(shop, console)
    rows = console.current()
    assert rows["VC_odd"]["captured_amount"] == 0
    assert rows["VC_long"]["captured_amount"] == Decimal("0.33")


@pytest.mark.parametrize(
    "created_at",
    ["", None, "yesterday", 1763640000, "2026-13-01 00:00:00", "0001-01-01", "1969-12-31 23:59:59",
     "20261120", b"2026", "2026-11-20 25:00:00"],
)  # fmt: skip
def test_an_unreadable_created_at_sets_the_row_aside_whole(
    shop: Shop, console: Console, created_at: object
) -> None:
    row_id = shop.transaction("VC_odd", email="odd@example.com", created_at=created_at)
    read_with_neighbours(shop, console)
    assert "VC_odd" not in console.current()
    assert list(console.rejected()) == [str(row_id)]
    assert console.rejected()[str(row_id)].endswith("is not a time")
    aside = json.loads(console.catalogue.rejected("transactions")[0]["row"])
    assert (aside["transaction_id"], aside["email"]) == ("VC_odd", "odd@example.com")
    # A row set aside is looked at with every read, and set aside once.
    assert console.tally().rejected == 1
    shop.update("VC_odd", created_at="2026-11-20 12:00:00")
    assert console.tally().rejected == 0
    assert "VC_odd" in console.current()
    assert console.rejected() == {}
    console.assert_sound()


def test_a_version_set_aside_leaves_the_last_good_one_standing(
    shop: Shop, console: Console
) -> None:
    row_id = shop.transaction("VC_odd", status="pending")
    console.once()
    shop.update("VC_odd", status="completed", created_at="never")
    read_with_neighbours(shop, console)
    assert console.current()["VC_odd"]["status"] == "pending"
    assert list(console.rejected()) == [str(row_id)]


def test_a_row_that_goes_back_to_what_it_was_is_no_longer_aside(
    shop: Shop, console: Console
) -> None:
    shop.transaction("VC_odd")
    console.once()
    shop.update("VC_odd", created_at="never")
    console.once()
    assert len(console.rejected()) == 1
    shop.update("VC_odd", created_at="2026-11-20 12:00:00")
    console.once()
    assert console.rejected() == {}
    assert console.states("VC_odd") == ["pending"]


def test_a_row_set_aside_that_is_deleted_is_forgotten(shop: Shop, console: Console) -> None:
    shop.transaction("VC_odd", created_at="never")
    console.once()
    shop.delete("VC_odd")
    console.once()
    assert console.rejected() == {}


@pytest.mark.parametrize(
    ("completed_at", "read", "note"),
    [
        ("soon", None, "completed_at 'soon' is not a time"),
        ("2026-11-20T12:30:00", datetime(2026, 11, 20, 12, 30, tzinfo=UTC), None),
        ("2026-11-20 12:30:00+05:30", datetime(2026, 11, 20, 7, 0, tzinfo=UTC), None),
        ("2026-11-20 12:30", datetime(2026, 11, 20, 12, 30, tzinfo=UTC), None),
        ("9999-12-31 23:59:59", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), None),
        ("9999-12-31T23:59:59-10", None, "completed_at '9999-12-31T23:59:59-10' is not a time"),
    ],
)  # fmt: skip
def test_an_unreadable_completed_at_is_empty_and_noted(
    shop: Shop, console: Console, completed_at: str, read: datetime | None, note: str | None
) -> None:
    shop.transaction("VC_odd", status="completed", completed_at=completed_at)
    read_with_neighbours(shop, console)
    row = console.current()["VC_odd"]
    assert (row["completed_at"], row["notes"]) == (read, note)
    assert row["captured_at"] == (read or datetime(2026, 11, 20, 12, tzinfo=UTC))


def test_times_in_the_future_count_as_given_and_are_flagged(shop: Shop, console: Console) -> None:
    shop.transaction("VC_soon", created_at=NOW + timedelta(minutes=4))
    shop.transaction("VC_later", created_at=NOW + timedelta(days=30))
    shop.transaction("VC_last", created_at="9999-12-31 23:59:59", status="awaiting_payment")
    shop.mail(created_at="9999-12-31 23:59:59", status="pending")
    read_with_neighbours(shop, console)
    rows = console.current()
    assert rows["VC_soon"]["notes"] is None
    assert rows["VC_later"]["created_at"] == NOW + timedelta(days=30)
    assert rows["VC_later"]["notes"] == "created_at lies in the future"
    assert rows["VC_last"]["notes"] == "created_at lies in the future"
    # The daemon watches open payments for a day from their beginning: also from the last day.
    with console.daemon() as daemon:
        daemon.settle(20)
    assert console.fact("source") is None


def test_bytes_that_are_no_text_are_replaced_and_noted(shop: Shop, console: Console) -> None:
    shop.transaction("VC_odd")
    shop.execute(
        "UPDATE transactions SET username = CAST(? AS TEXT), error_message = CAST(? AS TEXT)"
        " WHERE transaction_id = 'VC_odd'",
        (BAD_BYTES, BAD_BYTES),
    )
    read_with_neighbours(shop, console)
    row = console.current()["VC_odd"]
    assert row["username"] == "caf\N{REPLACEMENT CHARACTER}"
    assert "username holds bytes that are not UTF-8" in row["notes"]
    assert console.tally().kept == 0


@pytest.mark.parametrize("table", ["transactions", "dispute_cases"])
def test_a_key_of_bytes_that_are_no_text_sets_the_row_aside(
    shop: Shop, console: Console, table: str
) -> None:
    if table == "transactions":
        row_id = shop.transaction("VC_odd")
    else:
        row_id = shop.dispute("DISP_odd", "VC_before")
    key = "transaction_id" if table == "transactions" else "case_id"
    shop.execute(
        f"UPDATE {table} SET {key} = CAST(? AS TEXT) WHERE id = ?",  # names are constants
        (BAD_BYTES, row_id),
    )
    read_with_neighbours(shop, console)
    reason = console.rejected()[str(row_id)]
    assert reason.startswith(key)
    reason.encode("utf-8")
    assert console.tally("transactions" if table == "transactions" else "disputes").rejected == 1


@pytest.mark.parametrize("key", ["", None, b"VC_bytes"])
def test_a_row_without_a_usable_key_is_set_aside(tmp_path: Path, key: object) -> None:
    with shop_without_constraints(tmp_path) as shop:
        console = Console(tmp_path / "data", shop.url)
        row_id = shop.insert("transactions", transaction_id=key, created_at="2026-11-20 12:00:00")
        shop.transaction("VC_1")
        console.once()
        assert set(console.current()) == {"VC_1"}
        assert console.rejected()[str(row_id)].endswith("is no key")


def test_metadata_of_10_mb_is_read_for_its_fields_and_not_kept(
    shop: Shop, console: Console
) -> None:
    huge = metadata(amount="12.34", currency="EUR", payer_email="p@q.r", padding="x" * 10_000_000)
    shop.transaction("VC_huge", status="completed", metadata=huge)
    read_with_neighbours(shop, console)
    row = console.current()["VC_huge"]
    assert (row["captured_amount"], row["currency"]) == (Decimal("12.34"), "EUR")
    assert row["payer_email"] == "p@q.r"
    assert f"metadata of {len(huge):,} characters: only its fields are kept" in row["notes"]
    assert console.catalogue.path.stat().st_size < 1_000_000
    assert console.tally().kept == 0
    shop.update("VC_huge", metadata="{}")
    assert console.tally().kept == 1


def shop_without_constraints(tmp_path: Path) -> Shop:
    """A shop whose payments table somebody made anew, without UNIQUE and NOT NULL."""
    shop = make_shop(tmp_path / "loose.db", without=("transactions",))
    shop.execute(
        "CREATE TABLE transactions (id INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id, email,"
        " username, amount, currency, paypal_order_id, paypal_payment_id, status, error_message,"
        " user_created, email_sent, created_at, completed_at, metadata)"
    )
    return shop


def test_a_transaction_id_that_occurs_twice_sets_the_younger_row_aside(tmp_path: Path) -> None:
    with shop_without_constraints(tmp_path) as shop:
        console = Console(tmp_path / "data", shop.url)
        elder = shop.transaction("VC_1", amount=10)
        shop.transaction("VC_2", amount=20)
        younger = shop.transaction("VC_1", amount=30)
        tally = console.tally()
        assert (tally.read, tally.kept, tally.rejected) == (3, 2, 1)
        assert console.current()["VC_1"]["amount_column"] == 10
        reason = f"transaction_id stands in row {elder} already"
        assert console.rejected() == {str(younger): reason}
        # One read says what is aside now, not what was aside in between: the elder goes.
        shop.execute("DELETE FROM transactions WHERE id = ?", (elder,))
        tally = console.tally()
        assert (tally.rejected, tally.deleted) == (0, 1)
        assert console.rejected() == {}
        assert console.current()["VC_1"]["amount_column"] == 30
        assert console.states("VC_1") == ["pending", "gone", "pending"]
        console.assert_sound()


def test_a_payment_deleted_and_inserted_anew_is_the_same_payment(
    shop: Shop, console: Console
) -> None:
    shop.transaction("VC_1")
    shop.complete("VC_1", amount=30, currency="EUR")
    console.once()
    shop.delete("VC_1")
    shop.transaction("VC_1", status="refunded", metadata='{"refund_case_id": "DISP_1"}')
    tally = console.tally()
    assert (tally.rejected, tally.deleted) == (0, 1)
    row = console.current()["VC_1"]
    assert (row["captured_amount"], row["currency"]) == (Decimal(30), "EUR")
    console.assert_sound()


def test_two_rows_that_change_keys_with_each_other_both_stand(tmp_path: Path) -> None:
    with shop_without_constraints(tmp_path) as shop:
        console = Console(tmp_path / "data", shop.url)
        rows = [shop.transaction(f"VC_{i}", amount=i) for i in range(1_200)]
        console.once()
        # In one short read, and in two.
        for a, b in ((3, 4), (5, 1_100)):
            shop.update_row("transactions", "id", rows[a], transaction_id=f"VC_{b}")
            shop.update_row("transactions", "id", rows[b], transaction_id=f"VC_{a}")
            console.once()
            assert console.rejected() == {}
            assert console.current()[f"VC_{a}"]["amount_column"] == b
            assert console.current()[f"VC_{b}"]["amount_column"] == a
            assert len(console.current()) == 1_200
        console.assert_sound()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"value": "slow"}, "value 'slow' is not a number"),
        ({"value": float("inf")}, "value inf is no duration"),
        ({"value": -1.0}, "value -1.0 is no duration"),
        ({"timestamp": "later"}, "timestamp 'later' is not a time"),
        ({"endpoint": ""}, "endpoint is empty"),
    ],
)
def test_a_response_time_that_is_none_is_set_aside(
    shop: Shop, console: Console, values: dict[str, object], reason: str
) -> None:
    shop.metric(**values)
    read_with_neighbours(shop, console)
    assert list(console.rejected("requests").values()) == [reason]
    assert console.catalogue.states()["requests"].rows == 1


def test_the_clock_set_back_loses_nothing(shop: Shop, console: Console) -> None:
    shop.transaction("VC_1")
    shop.complete("VC_1")
    console.once()
    console.clock.now -= timedelta(days=400)
    shop.refund("VC_1", with_case=False)
    shop.transaction("VC_2")
    console.once()
    assert console.states("VC_1") == ["completed", "refunded"]
    assert console.current()["VC_1"]["refund_seen_at"] == console.clock.now
    with console.daemon() as daemon:
        daemon.settle()
        console.clock.now -= timedelta(days=4)
        shop.transaction("VC_3")
        daemon.until(lambda: "VC_3" in console.current(), within_s=5)
        console.clock.now += timedelta(days=4_000)
        shop.update("VC_3", status="failed")
        daemon.until(lambda: console.states("VC_3") == ["pending", "failed"], within_s=20)
    console.assert_sound()
