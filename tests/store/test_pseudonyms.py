"""Which texts name a forgotten address, and which only look like it."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.rows import NOON, requests
from vcanalytics.model.streams import ACTIVITY, LOGS, REQUESTS, TRANSACTIONS
from vcanalytics.store.batches import make_batch
from vcanalytics.store.pseudonyms import DOMAIN, Pseudonyms, digest, tag

SALT = b"s" * 32
BOB = "bob.smith+shop@example.com"
FORGOTTEN = Pseudonyms(SALT, frozenset({digest(SALT, BOB), digest(SALT, "zoë@exämple.com")}))
TAG = tag(digest(SALT, BOB))
PSEUDONYM = f"{TAG}@{DOMAIN}"
ZOE = f"{tag(digest(SALT, 'zoë@exämple.com'))}@{DOMAIN}"


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        (BOB, PSEUDONYM),
        ("  Bob.SMITH+shop@Example.COM\n", PSEUDONYM),
        (f"User with email {BOB} already exists", f"User with email {PSEUDONYM} already exists"),
        (f"<{BOB}>, sent to {BOB}.", f"<{PSEUDONYM}>, sent to {PSEUDONYM}."),
        (f"mailto:{BOB}?subject=x", f"mailto:{PSEUDONYM}?subject=x"),
        (json.dumps({"payer_email": BOB, "n": 1}), json.dumps({"payer_email": PSEUDONYM, "n": 1})),
        (f"/reset?email={quote(BOB)}&x=1", f"/reset?email={PSEUDONYM}&x=1"),
        (json.dumps({"to": "Zoë@exämple.com"}), json.dumps({"to": ZOE})),
        ("bob.smith+shop\\u0040example.com", PSEUDONYM),
        ("'zoë@exämple.com'", f"'{ZOE}'"),
    ],
)
def test_an_address_is_found_however_it_is_written(text: str, becomes: str) -> None:
    assert FORGOTTEN.text(text) == becomes
    assert FORGOTTEN.text(becomes) == becomes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bob.smith+shop",
        f"jim{BOB}",
        f"{BOB}.au",
        "bob.smith@example.com",
        "@",
        "a@b" * 10_000,
        "\udcff@\ud800",
        "%40" * 1_000,
    ],
)
def test_other_addresses_stay(text: str) -> None:
    assert FORGOTTEN.text(text) == text


@given(st.text())
def test_without_the_address_no_text_is_touched(text: str) -> None:
    assert FORGOTTEN.text(text) == text


@given(st.text("ab \t\"'<>(),;:[]{}|=&?/\\\n"), st.text(" \"'<>(),;:[]{}|=&?/\n"))
def test_between_any_marks_it_is_found(before: str, after: str) -> None:
    text = FORGOTTEN.text(f"{before} {BOB}{after}")
    assert BOB not in text
    assert PSEUDONYM in text


def test_where_nobody_is_forgotten_rows_are_not_looked_at() -> None:
    rows = requests(1, 2)
    assert Pseudonyms().rows(REQUESTS, rows)[0] is rows
    assert FORGOTTEN.rows(REQUESTS, rows) == (rows, 0)


def test_in_the_customers_own_row_names_and_raw_details_go_as_well() -> None:
    rows = make_batch(
        ACTIVITY,
        [
            {
                "source": "user_activities",
                "happened_at": NOON,
                "kind": "vectorisation",
                "user_id": 7,
                "username": name,
                "email": email,
                "description": f"{name} uploaded portrait.png, not {name}2",
                "file_name": "portrait.png",
                "size_bytes": 12,
                "details": '{"ip_address": "192.0.2.9"}',
            }
            for name, email in (("bobby", BOB.upper()), ("anna", "anna@example.com"))
        ],
    )
    changed, count = FORGOTTEN.rows(ACTIVITY, rows)
    assert count == 1
    assert changed.schema == rows.schema
    bob, anna = changed.to_pylist()
    assert anna == rows.to_pylist()[1]
    assert bob == rows.to_pylist()[0] | {
        "username": TAG,
        "email": PSEUDONYM,
        "description": f"{TAG} uploaded {TAG}, not bobby2",
        "file_name": TAG,
        "details": None,
    }


def test_a_mention_in_anothers_row_takes_the_address_alone() -> None:
    row = {
        "happened_at": NOON,
        "level": "INFO",
        "component": "mail",
        "message": f"sent to {BOB}",
        "details": json.dumps({"cc": BOB, "ip": "192.0.2.1"}),
        "user_email": "anna@example.com",
    }
    (changed,) = FORGOTTEN.rows(LOGS, make_batch(LOGS, [row]))[0].to_pylist()
    assert changed["message"] == f"sent to {PSEUDONYM}"
    assert json.loads(changed["details"]) == {"cc": PSEUDONYM, "ip": "192.0.2.1"}
    assert changed["user_email"] == "anna@example.com"


def test_a_part_of_the_columns_is_enough() -> None:
    columns = TRANSACTIONS.schema.empty_table().select(["email", "metadata"])
    assert FORGOTTEN.rows(TRANSACTIONS, columns) == (columns, 0)


def test_the_salt_is_in_no_repr() -> None:
    assert "s" * 32 not in repr(FORGOTTEN)
