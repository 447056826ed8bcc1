"""The sample shop in a store of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pages.console import console_on, read_into
from tests.pages.signed_in import PASSWORD, open_quick
from tests.pages.viewer import Viewer
from vcanalytics.accounts import Accounts, Role


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory, sample_db: Path) -> Path:
    """The sample shop in a store, as of its truth. Read only."""
    folder = tmp_path_factory.mktemp("sample-store")
    shop = folder / "vectorcraft.db"
    shutil.copyfile(sample_db, shop)
    read_into(folder / "data", shop, datetime(2026, 11, 22, 12, tzinfo=UTC))
    return folder / "data"


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
