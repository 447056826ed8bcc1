"""Users of the console under test, signed in as the server in front of the pages would have it."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher

from vcanalytics.accounts import Accounts, Argon2, Principal, Refused, Role
from vcanalytics.settings import load_settings

PASSWORD: Final = "seven lorries under the quiet bridge"
OTHER: Final = "nine grey herons on a tin roof"
AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"


class Quick(Argon2):
    """Argon2id that costs next to nothing."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def open_quick() -> Accounts:
    """The accounts of the console that this process is."""
    return Accounts.open(load_settings().data_dir, hasher=Quick())


def signed_in(name: str = "ada", role: Role = Role.ADMIN) -> Principal:
    """A new session of the user of that name, who is added where they are missing."""
    accounts = open_quick()
    try:
        if name not in {user.name for user in accounts.users()}:
            accounts.add_user(name, PASSWORD, role, by="test")
        return accounts.sign_in(name, PASSWORD, address="127.0.0.1", agent=AGENT).principal
    finally:
        accounts.close()


def can_sign_in(accounts: Accounts, name: str, password: str = PASSWORD) -> bool:
    try:
        accounts.sign_in(name, password, address="198.51.100.1")
    except Refused:
        return False
    return True
