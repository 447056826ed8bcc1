"""``user``: who may sign in to the console, and as what."""

from __future__ import annotations

from typing import Final

import click
import polars as pl

from vcanalytics.accounts import Role
from vcanalytics.accounts.database import FILE_NAME
from vcanalytics.commands import options, people
from vcanalytics.commands.asking import begin
from vcanalytics.commands.output import Answer, Kind, visible

COLUMNS: Final = {
    "name": Kind.TEXT,
    "role": Kind.TEXT,
    "disabled": Kind.FLAG,
    "created_at": Kind.TIME,
    "last_sign_in_at": Kind.TIME,
    "sessions": Kind.COUNT,
}
_SCHEMA: Final = {
    "name": pl.String(),
    "role": pl.String(),
    "disabled": pl.Boolean(),
    "created_at": pl.Datetime("us", "UTC"),
    "last_sign_in_at": pl.Datetime("us", "UTC"),
    "sessions": pl.Int64(),
}


@click.group("user", no_args_is_help=False)
def command() -> None:
    """Who may sign in to the console, and as what.

    Passwords have 12 to 256 characters of any kind. What is changed here counts at once, also in
    a console that runs.
    """


@command.command("add")
@click.argument("name", type=options.TEXT)
@click.option("--role", type=people.ROLES, default="viewer", show_default=True)
@people.from_stdin
def _add(*, name: str, role: str, from_stdin: bool) -> None:
    """Add a user; the password is asked for."""
    password = people.read_password(from_stdin=from_stdin)
    with people.opened(create=True) as accounts:
        accounts.add_user(name, password, Role(role), by=people.caller())
    click.echo(f"{visible(name)} may sign in as {role}")


@command.command("list")
@options.output
def _list(*, zone: str | None, form: str) -> None:
    """Every user, by name."""
    call = begin(zone, form)
    users = []
    # Looking makes no file: it might then belong to another user than the console's.
    if (call.settings.data_dir / FILE_NAME).exists():
        with people.opened(create=False) as accounts:
            users = accounts.users()
    rows = [
        (u.name, u.role.value, u.disabled, u.created_at, u.last_sign_in_at, u.sessions)
        for u in users
    ]
    call.write(Answer(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), COLUMNS))


@command.command("role")
@click.argument("name", type=options.TEXT)
@click.option("--role", type=people.ROLES, required=True)
def _role(*, name: str, role: str) -> None:
    """Give a user another role, at once in every session."""
    with people.opened(create=False) as accounts:
        accounts.set_role(name, Role(role), by=people.caller())
    click.echo(f"{visible(name)} is {role}")


@command.command("disable")
@click.argument("name", type=options.TEXT)
def _disable(*, name: str) -> None:
    """Keep a user out, at once in every session."""
    with people.opened(create=False) as accounts:
        accounts.disable(name, by=people.caller())
    click.echo(f"{visible(name)} is disabled")


@command.command("enable")
@click.argument("name", type=options.TEXT)
def _enable(*, name: str) -> None:
    """Let a disabled user in again."""
    with people.opened(create=False) as accounts:
        accounts.enable(name, by=people.caller())
    click.echo(f"{visible(name)} is enabled")


@command.command("password")
@click.argument("name", type=options.TEXT)
@people.from_stdin
def _password(*, name: str, from_stdin: bool) -> None:
    """Give a user a new password and end their sessions."""
    password = people.read_password(from_stdin=from_stdin)
    with people.opened(create=False) as accounts:
        accounts.set_password(name, password, by=people.caller())
    click.echo(f"{visible(name)} has a new password")
