"""``token``: API tokens, for programs that ask or feed the console."""

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
    "created_at": Kind.TIME,
    "created_by": Kind.TEXT,
    "last_used_at": Kind.TIME,
}
_SCHEMA: Final = {
    "name": pl.String(),
    "role": pl.String(),
    "created_at": pl.Datetime("us", "UTC"),
    "created_by": pl.String(),
    "last_used_at": pl.Datetime("us", "UTC"),
}


@click.group("token", no_args_is_help=False)
def command() -> None:
    """API tokens, for programs that ask or feed the console.

    A program sends one as `Authorization: Bearer TOKEN`.
    """


@command.command("create")
@click.argument("name", type=options.TEXT)
@click.option("--role", type=people.ROLES, default="viewer", show_default=True)
def _create(*, name: str, role: str) -> None:
    """Make a token and print it, this once: only a digest of it is kept."""
    with people.opened(create=True) as accounts:
        secret = accounts.create_token(name, Role(role), by=people.caller())
    click.echo(secret)


@command.command("list")
@options.output
def _list(*, zone: str | None, form: str) -> None:
    """Tokens in use, by name."""
    call = begin(zone, form)
    tokens = []
    # Looking makes no file: it might then belong to another user than the console's.
    if (call.settings.data_dir / FILE_NAME).exists():
        with people.opened(create=False) as accounts:
            tokens = accounts.tokens()
    rows = [(t.name, t.role.value, t.created_at, t.created_by, t.last_used_at) for t in tokens]
    call.write(Answer(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), COLUMNS))


@command.command("revoke")
@click.argument("name", type=options.TEXT)
def _revoke(*, name: str) -> None:
    """End a token, at once."""
    with people.opened(create=False) as accounts:
        accounts.revoke_token(name, by=people.caller())
    click.echo(f"{visible(name)} is revoked")
