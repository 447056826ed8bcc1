"""The audit log: every change is in it, and nothing that is in it can be changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.accounts.house import GOOD, HERE, OTHER, SHELL, START, Clock
from vcanalytics.accounts import AccountError, Accounts, Principal, Refused, Role
from vcanalytics.accounts.audit import written_out


def test_every_change_is_noted_with_who_whom_and_from_where(
    accounts: Accounts, clock: Clock
) -> None:
    link = accounts.first_link()
    assert link is not None
    signed_in = accounts.redeem(link, "ada", GOOD, address=HERE)
    ada = signed_in.principal
    accounts.redeem(accounts.invite("bob", Role.VIEWER, by=ada), "", GOOD, address=HERE)
    accounts.set_role("bob", Role.OPERATOR, by=ada)
    accounts.set_password("bob", OTHER, by=ada)
    accounts.disable("bob", by=ada)
    accounts.enable("bob", by=SHELL)
    with pytest.raises(Refused):
        accounts.sign_in("BOB", GOOD, address="198.51.100.7")
    with pytest.raises(Refused):
        accounts.sign_in(GOOD, "ada", address="198.51.100.7")
    accounts.create_token("ci", Role.VIEWER, by=ada)
    accounts.revoke_token("ci", by=ada)
    accounts.note("export", actor="ada", target="transactions", detail="2026-11")
    accounts.sign_out(signed_in.secret)
    told = [(e.action, e.actor, e.target, e.address, e.detail) for e in reversed(accounts.audit())]
    assert told == [
        ("user_added", "ada", "ada", HERE, "admin, by link"),
        ("sign_in", "ada", "", HERE, "by link, session 1"),
        ("link_made", "ada", "bob", "", "viewer"),
        ("user_added", "ada", "bob", HERE, "viewer, by link"),
        ("sign_in", "bob", "", HERE, "by link, session 2"),
        ("role_changed", "ada", "bob", "", "viewer to operator"),
        ("password_changed", "ada", "bob", "", ""),
        ("user_disabled", "ada", "bob", "", ""),
        ("user_enabled", SHELL, "bob", "", ""),
        ("sign_in_failed", "bob", "", "198.51.100.7", "wrong password"),
        # What was typed for a name stands nowhere: it was a password.
        ("sign_in_failed", "", "", "198.51.100.7", "unknown name"),
        ("token_created", "ada", "ci", "", "viewer"),
        ("token_revoked", "ada", "ci", "", ""),
        ("export", "ada", "transactions", "", "2026-11"),
        ("sign_out", "ada", "", "", "session 1"),
    ]


def test_a_change_that_fails_is_not_noted_and_one_that_is_not_noted_fails(
    accounts: Accounts, ada: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = accounts.audit_count()
    with pytest.raises(AccountError):
        accounts.disable("ada", by=ada)
    assert accounts.audit_count() == before

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("vcanalytics.accounts.audit.note", full)
    with pytest.raises(OSError, match="disk full"):
        accounts.add_user("eve", GOOD, Role.VIEWER, by=ada)
    assert [user.name for user in accounts.users()] == ["ada"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE id = 1",
        "REPLACE INTO audit VALUES (1, 0, 'a', 'eve', '', '', '')",
        "INSERT OR REPLACE INTO audit VALUES (1, 0, 'a', 'eve', '', '', '')",
        "INSERT INTO audit VALUES (1, 0, 'a', 'e', '', '', '') ON CONFLICT DO UPDATE SET actor='e'",
    ],
)
def test_the_database_refuses_to_change_an_entry(
    accounts: Accounts, ada: Principal, tmp_path: Path, statement: str
) -> None:
    before = accounts.audit()
    with (
        closing(sqlite3.connect(tmp_path / "accounts.db")) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
        connection,
    ):
        connection.execute(statement)
    assert accounts.audit() == before


def test_entries_are_found_by_time_actor_and_action_and_paged(
    accounts: Accounts, clock: Clock
) -> None:
    for number in range(10):
        clock.move(minutes=1)
        accounts.note(
            "export" if number % 2 else "look", actor=f"u{number % 3}", detail=f"{number}"
        )

    def details(**wanted: object) -> list[str]:
        return [e.detail for e in accounts.audit(**wanted)]  # type: ignore[arg-type]

    assert details() == [str(number) for number in range(9, -1, -1)]
    assert details(limit=3, offset=2) == ["7", "6", "5"]
    start, end = START + timedelta(minutes=3), START + timedelta(minutes=6)
    assert details(start=start, end=end) == ["4", "3", "2"]
    assert details(actor="u0", action="export") == ["9", "3"]
    assert accounts.audit_count(start=start, end=end) == 3
    assert accounts.audit_count(actor="u0", action="export") == 2
    assert accounts.audit_actors() == ["u0", "u1", "u2"]
    assert accounts.audit_actions() == ["export", "look"]
    assert details(actor="' OR 1=1 --") == []


@given(st.text(), st.integers(1, 50))
def test_what_is_noted_prints_in_one_line_and_is_bounded(text: str, chars_max: int) -> None:
    shown = written_out(text, chars_max)
    assert len(shown) <= chars_max
    assert shown.isprintable()
    shown.encode("utf-8")
    if text.isprintable() and len(text) <= chars_max:
        assert shown == text


def test_nobody_forges_an_entry_within_an_entry(accounts: Accounts, ada: Principal) -> None:
    forged = "x\n2026-11-22 ada user_added\r\x1b[1A\u2028\u202e" + "y" * 10_240
    accounts.note(forged, actor=forged, target=forged, address=forged, detail=forged)
    entry = accounts.audit(limit=1)[0]
    for text in (entry.action, entry.actor, entry.target, entry.address, entry.detail):
        assert text.startswith("x\\n2026-11-22 ada user_added\\r\\x1b[1A\\u2028\\u202e")
        assert len(text) <= 1_000
