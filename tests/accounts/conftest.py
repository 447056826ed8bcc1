from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.accounts.house import GOOD, HERE, SHELL, Clock, Counting
from vcanalytics.accounts import Accounts, Principal, Role


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hasher() -> Counting:
    return Counting()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock, hasher: Counting) -> Iterator[Accounts]:
    opened = Accounts.open(tmp_path, clock=clock, hasher=hasher)
    yield opened
    opened.close()


@pytest.fixture
def ada(accounts: Accounts) -> Principal:
    """An admin who is signed in."""
    accounts.add_user("ada", GOOD, Role.ADMIN, by=SHELL)
    return accounts.sign_in("ada", GOOD, address=HERE).principal


@pytest.fixture
def bob(accounts: Accounts, ada: Principal) -> Principal:
    """A viewer who is signed in."""
    accounts.add_user("bob", GOOD, Role.VIEWER, by=ada)
    return accounts.sign_in("bob", GOOD, address=HERE).principal
