"""Secrets stand nowhere but with whom they were given to."""

from __future__ import annotations

import logging
import stat
import traceback
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from tests.accounts.house import GOOD, HERE, OTHER, Clock
from vcanalytics.accounts import Accounts, Refused, Role, schema
from vcanalytics.errors import StoreError


def test_no_secret_is_in_the_files_the_reprs_or_the_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    accounts = Accounts.open(tmp_path)
    link = accounts.first_link()
    assert link is not None
    signed_in = accounts.redeem(link, "ada", GOOD, address=HERE)
    ada = signed_in.principal
    invitation = accounts.invite("bob", Role.VIEWER, by=ada)
    token = accounts.create_token("ci", Role.VIEWER, by=ada)
    accounts.change_password(GOOD, OTHER, by=ada)
    with pytest.raises(Refused):
        accounts.sign_in("ada", "a wrong pass phrase", address=HERE)
    with pytest.raises(Refused):
        accounts.sign_in("a phrase typed as name", OTHER, address=HERE)
    shown = "\n".join(
        map(
            repr,
            [
                signed_in,
                accounts.invitation(invitation),
                *accounts.invitations(),
                *accounts.tokens(),
                *accounts.users(),
                *accounts.sessions(),
                *accounts.audit(),
            ],
        )
    )
    texts = [
        shown.encode(),
        caplog.text.encode(),
        *(path.read_bytes() for path in tmp_path.iterdir()),
    ]
    secrets = [link, signed_in.secret, invitation, token, token.removeprefix("vc_"), GOOD, OTHER]
    secrets += ["a wrong pass phrase", "a phrase typed as name"]
    accounts.close()
    assert len(texts) == 5
    for secret in secrets:
        assert not any(secret.encode() in text for text in texts), secret
    assert b"$argon2id$v=19$m=65536,t=3,p=4$" in b"".join(texts)


def test_an_error_of_the_database_tells_nothing_of_what_was_asked(
    accounts: Accounts, tmp_path: Path
) -> None:
    with accounts._database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE user RENAME TO other")
    name = "anna" + "belle"
    with pytest.raises(StoreError) as caught:
        accounts.sign_in(name, GOOD, address=HERE)
    told = "".join(traceback.format_exception(caught.value))
    assert "no such table" in told
    for secret in (name, GOOD, GOOD[::-1]):
        assert secret not in told


def test_what_was_to_be_written_is_in_no_error_either(accounts: Accounts) -> None:
    accounts.add_user("ada", GOOD, Role.ADMIN, by="command:tests")
    again = insert(schema.user).values(
        name="ada", folded="ada", role="admin", password="s3cr3t", created_at=0
    )
    with pytest.raises(IntegrityError) as caught, accounts._database.write() as connection:
        connection.execute(again)
    assert "s3cr3t" not in str(caught.value)


def test_the_files_are_the_owners_alone(accounts: Accounts, tmp_path: Path, clock: Clock) -> None:
    accounts.note("a", actor="b")
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["accounts.db", "accounts.db-shm", "accounts.db-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    files[0].chmod(0o644)
    Accounts.open(tmp_path, clock=clock).close()
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
