"""What the commands about users and tokens share: the accounts, who asks, roles, passwords."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import closing
from typing import Final

import click

from vcanalytics.accounts import Accounts, Role, open_accounts
from vcanalytics.errors import UsageError
from vcanalytics.instants import Clock, utc_now
from vcanalytics.settings import load_settings

ROLES: Final = click.Choice([str(role) for role in Role])
#: Longer than any password may be: the rest of an endless input is not read.
_LINE_CHARS_MAX: Final = 10_000


def opened(*, create: bool) -> closing[Accounts]:
    """The accounts, to be used in a ``with``. Raises SettingError, StoreError."""
    clock: Clock = click.get_current_context().obj or utc_now
    return closing(open_accounts(load_settings(), clock=clock, create=create))


def caller() -> str:
    """How the audit log names who called the command."""
    try:
        return f"command:{getpass.getuser()}"
    except (OSError, KeyError):
        # A container's user may have a number and no name.
        return f"command:{os.getuid()}"


def read_password(*, from_stdin: bool) -> str:
    """The password: the first line of stdin, or typed twice and not shown.

    Raises UsageError where none is given.
    """
    if from_stdin:
        line = sys.stdin.readline(_LINE_CHARS_MAX)
        if not line:
            raise UsageError("stdin holds no password", where="--password-stdin")
        return line.removesuffix("\n").removesuffix("\r")
    try:
        typed: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt="Once more", err=True
        )
    except click.Abort:
        raise UsageError(
            "no password was given", hint="Type it twice, or use --password-stdin"
        ) from None
    return typed


from_stdin = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read the password from stdin, a line."
)
