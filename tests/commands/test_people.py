"""The commands about users and tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.commands.asked import NOW, Store
from vcanalytics.__main__ import main
from vcanalytics.accounts import Accounts, Role

GOOD = "correct horse battery staple"
OTHER = "seven purple umbrellas sing"


def call(store: Store, *args: str, typed: str = "") -> Result:
    env = {"VC_DATA_DIR": str(store.data_dir)}
    return CliRunner().invoke(main, args, env=env, obj=lambda: store.now, input=typed)


def add(store: Store, name: str, role: str = "viewer") -> None:
    result = call(store, "user", "add", name, "--role", role, "--password-stdin", typed=GOOD)
    assert (result.exit_code, result.stderr) == (0, "")


def accounts_of(store: Store) -> Accounts:
    return Accounts.open(store.data_dir, clock=lambda: NOW)


def test_a_user_is_added_listed_changed_and_disabled(store: Store) -> None:
    add(store, "ada", "admin")
    add(store, "Bob")
    assert call(store, "user", "role", "bob", "--role", "operator").exit_code == 0
    assert call(store, "user", "disable", "BOB").exit_code == 0
    common = {"created_at": NOW.isoformat(), "last_sign_in_at": "", "sessions": "0"}
    assert store.csv("user", "list") == [
        {"name": "ada", "role": "admin", "disabled": "false"} | common,
        {"name": "Bob", "role": "operator", "disabled": "true"} | common,
    ]
    assert store.json("user", "list")[1]["disabled"] is True
    assert call(store, "user", "enable", "bob").exit_code == 0
    assert store.csv("user", "list")[1]["disabled"] == "false"
    accounts = accounts_of(store)
    assert {entry.actor.split(":")[0] for entry in accounts.audit()} == {"command"}
    accounts.close()


def test_a_password_is_typed_twice_and_not_shown(store: Store) -> None:
    result = call(store, "user", "add", "ada", "--role", "admin", typed=f"{GOOD}\n{GOOD}\n")
    assert (result.exit_code, result.stdout) == (0, "ada may sign in as admin\n")
    assert GOOD not in result.output
    result = call(store, "user", "password", "ada", typed=f"{OTHER}\n{OTHER}\n")
    assert result.exit_code == 0
    accounts = accounts_of(store)
    accounts.sign_in("ada", OTHER, address="192.0.2.1")
    accounts.close()


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_is_read_from_stdin_without_its_line_end(store: Store, end: str) -> None:
    args = ("user", "add", "ada", "--role", "admin", "--password-stdin")
    assert call(store, *args, typed=f"  {GOOD} {end}").exit_code == 0
    accounts = accounts_of(store)
    accounts.sign_in("ada", f"  {GOOD} ", address="192.0.2.1")
    accounts.close()


@pytest.mark.parametrize(
    ("args", "typed", "status", "says"),
    [
        (("user", "add", "ada", "--password-stdin"), "short", 1, "shorter than 12 characters"),
        (("user", "add", "ada", "--password-stdin"), "", 2, "stdin holds no password"),
        (("user", "add", "ada"), "", 2, "no password was given"),
        (("user", "add", " ", "--password-stdin"), GOOD, 1, "the name is empty"),
        (("user", "add", "\udcff", "--password-stdin"), GOOD, 2, "is not UTF-8 text"),
        (("user", "add", "ada", "--role", "root"), "", 2, "Invalid value for '--role'"),
        (("user", "add"), "", 2, "Missing argument 'NAME'"),
        (("user", "role", "ada"), "", 2, "Missing option '--role'"),
        (("user", "disable", "ada"), "", 1, "there are no accounts yet"),
        (("token", "revoke", "ci"), "", 1, "there are no accounts yet"),
        (("user", "rename", "ada"), "", 2, "No such command 'rename'"),
        (("user",), "", 2, "Missing command"),
    ],
)
def test_what_cannot_be_is_one_line(
    store: Store, args: tuple[str, ...], typed: str, status: int, says: str
) -> None:
    result = call(store, *args, typed=typed)
    assert result.exit_code == status
    assert says in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_looking_makes_no_file(store: Store) -> None:
    assert store.csv("user", "list") == store.json("token", "list") == []
    assert not store.data_dir.exists()


def test_the_last_admin_stays_and_the_unknown_is_said(store: Store) -> None:
    add(store, "ada", "admin")
    for args, says in (
        (("user", "disable", "ada"), "last admin"),
        (("user", "role", "ada", "--role", "viewer"), "last admin"),
        (("user", "disable", "bob"), "no such user"),
        (("token", "revoke", "ci"), "no such token"),
    ):
        result = call(store, *args)
        assert result.exit_code == 1
        assert says in result.stderr


def test_a_token_is_printed_alone_and_once(store: Store) -> None:
    result = call(store, "token", "create", "ci", "--role", "operator")
    assert (result.exit_code, result.stderr) == (0, "")
    token = result.stdout.removesuffix("\n")
    assert token.startswith("vc_")
    accounts = accounts_of(store)
    principal = accounts.bearer(token)
    assert principal is not None
    assert (principal.token, principal.role) == ("ci", Role.OPERATOR)
    (row,) = store.csv("token", "list")
    assert (row["name"], row["role"]) == ("ci", "operator")
    assert row["created_by"].startswith("command:")
    assert token not in store.text("token", "list")
    assert call(store, "token", "revoke", "CI").exit_code == 0
    assert accounts.bearer(token) is None
    assert store.csv("token", "list") == []
    accounts.close()


def test_a_name_that_moves_the_cursor_is_not_printed_as_it_is(store: Store, tmp_path: Path) -> None:
    result = call(store, "user", "add", "a\x1b[2Jb", "--password-stdin", typed=GOOD)
    assert result.exit_code == 1
    assert "\x1b" not in result.output
