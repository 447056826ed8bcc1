"""Accounts that could be a buyer's: every one that fits is named, and none is chosen."""

from __future__ import annotations

from tests.analytics.moments import ago, event, moment, only
from vcanalytics.analytics.accounts_of import LIMIT, accounts_of
from vcanalytics.analytics.engine import Engine


def sign_up(number: int, username: str, email: str, kind: str = "sign_up") -> dict[str, object]:
    made = ago(days=50 - number)
    return event(made, kind, email, source="users", user_id=number, username=username)


def matched(engine: Engine, *rows: dict[str, object], **asked: str) -> list[tuple[str, str]]:
    wanted = {"email": "", "payer_email": "", "username": ""} | asked
    found = accounts_of(engine, moment(activity=rows), **wanted)
    return [(str(name), str(by)) for name, by in only(found, "username", "matched")]


def test_all_that_fit_are_named_the_oldest_first_with_what_they_fit_by(engine: Engine) -> None:
    rows = (
        sign_up(3, "ann", "other@example.com"),
        sign_up(2, "ann.p", " Payer@Example.com"),
        sign_up(1, "ann.t", "TYPED@example.com"),
        sign_up(4, "bob", "bob@example.com"),
    )
    asked = {"email": "typed@example.com ", "payer_email": "PAYER@example.com", "username": "ann"}
    assert matched(engine, *rows, **asked) == [
        ("ann.t", "typed"),
        ("ann.p", "payer"),
        ("ann", "name"),
    ]


def test_nothing_to_go_by_fits_nobody(engine: Engine) -> None:
    rows = (sign_up(1, "", ""), sign_up(2, "ann", "ann@example.com", kind="sign_in"))
    assert matched(engine, *rows) == []
    # Signing in is no account's beginning.
    assert matched(engine, *rows, email="ann@example.com") == []


def test_an_account_without_an_address_fits_by_its_name_alone(engine: Engine) -> None:
    assert matched(engine, sign_up(1, "ann", ""), username="ann") == [("ann", "name")]


def test_what_is_named_is_bounded(engine: Engine) -> None:
    many = [sign_up(number, "ann", f"ann{number}@example.com") for number in range(LIMIT + 3)]
    assert len(matched(engine, *many, username="ann")) == LIMIT
