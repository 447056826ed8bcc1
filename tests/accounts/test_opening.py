"""The file of accounts: made, found again, refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.accounts.house import GOOD, HERE, OTHER, SHELL, Clock, Counting
from vcanalytics.accounts import Accounts, Refused, Role, Throttled, open_accounts
from vcanalytics.errors import StoreError
from vcanalytics.settings import Settings


def test_settings_say_how_long_and_how_often(tmp_path: Path) -> None:
    clock = Clock()
    settings = Settings(
        data_dir=tmp_path, idle_minutes=30, session_days=2, invitation_hours=5, sign_in_tries=2
    )
    accounts = open_accounts(settings, clock=clock, hasher=Counting())
    accounts.add_user("ada", GOOD, Role.ADMIN, by=SHELL)
    signed_in = accounts.sign_in("ada", GOOD, address=HERE)
    (session,) = accounts.sessions()
    assert session.expires_at - session.created_at == timedelta(days=2)
    accounts.invite("bob", Role.VIEWER, by=SHELL)
    (invitation,) = accounts.invitations()
    assert invitation.expires_at - invitation.created_at == timedelta(hours=5)
    clock.move(minutes=30)
    assert accounts.principal(signed_in.secret) is None
    for error in (Refused, Refused, Throttled):
        with pytest.raises(error):
            accounts.sign_in("ada", OTHER, address=HERE)
    accounts.close()


def test_the_demo_and_a_real_shop_have_the_same_users(tmp_path: Path) -> None:
    demo = Settings(data_dir=tmp_path)
    real = Settings(data_dir=tmp_path, source_url="sqlite:////srv/shop.db")
    for settings in (demo, real):
        open_accounts(settings, hasher=Counting()).close()
    assert [path.name for path in tmp_path.iterdir()] == ["accounts.db"]


def test_missing_accounts_are_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no accounts yet"):
        Accounts.open(tmp_path / "new", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_none_of_ours_is_said(tmp_path: Path) -> None:
    (tmp_path / "accounts.db").write_text("no database" * 1_000)
    with pytest.raises(StoreError, match="cannot be opened: file is not a database"):
        Accounts.open(tmp_path)


def test_a_newer_file_is_left_alone(accounts: Accounts, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "accounts.db")) as connection, connection:
        connection.execute("INSERT INTO migration VALUES (99, 'from the future', 0)")
    with pytest.raises(StoreError, match="of version 99"):
        Accounts.open(tmp_path)


def test_a_locked_file_keeps_nobody_out_who_is_in(accounts: Accounts, clock: Clock) -> None:
    accounts.add_user("ada", GOOD, Role.ADMIN, by=SHELL)
    signed_in = accounts.sign_in("ada", GOOD, address=HERE)
    clock.move(minutes=5)
    with accounts._database.write():
        # When it was seen cannot be written now: that waits for no one.
        assert accounts.principal(signed_in.secret) == signed_in.principal
