"""A console with people in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.console import console_on
from tests.pages.signed_in import PASSWORD, open_quick
from tests.pages.viewer import Viewer
from vcanalytics.accounts import Accounts, Role


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    """A console with an operator, a viewer, somebody invited, and a token."""
    with console_on(tmp_path / "data"):
        opened = open_quick()
        for name, role in (("asha", Role.OPERATOR), ("vic", Role.VIEWER)):
            opened.add_user(name, PASSWORD, role, by="test")
        opened.add_user("gone", PASSWORD, Role.VIEWER, by="test")
        opened.disable("gone", by="test")
        opened.invite("lena", Role.VIEWER, by="test")
        opened.create_token("grafana", Role.VIEWER, by="test")
        opened.sign_in("vic", PASSWORD, address="192.0.2.9", agent="")
        yield opened
        opened.close()


@pytest.fixture
def admin(accounts: Accounts) -> Viewer:
    return Viewer()
