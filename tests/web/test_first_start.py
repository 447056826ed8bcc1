"""The first start: the link is printed once the server listens, while nobody can sign in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.pages.signed_in import PASSWORD, Quick
from tests.web.waiting import until
from vcanalytics.accounts import Accounts, Role
from vcanalytics.web.first_start import announcing, base_url, in_the_clear


@pytest.mark.parametrize(
    ("public", "address", "expected"),
    [
        ("", "127.0.0.1", "http://127.0.0.1:8501"),
        ("", "0.0.0.0", "http://127.0.0.1:8501"),
        ("", "::1", "http://[::1]:8501"),
        ("", "::", "http://[::1]:8501"),
        ("", "192.0.2.7", "http://192.0.2.7:8501"),
        ("https://console.example", "127.0.0.1", "https://console.example"),
    ],
)
def test_where_the_link_leads(public: str, address: str, expected: str) -> None:
    assert base_url(public, address, 8501) == expected


@pytest.mark.parametrize(
    ("public", "address", "expected"),
    [
        ("", "127.0.0.1", False),
        ("", "0.0.0.0", True),
        ("http://console.example", "192.0.2.7", True),
        ("https://console.example", "192.0.2.7", False),
    ],
)
def test_when_passwords_would_be_read_on_the_way(public: str, address: str, expected: bool) -> None:
    assert in_the_clear(public, address) is expected


async def announced(accounts: Accounts, printed: list[str]) -> None:
    """Start, and let the server listen a little later."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(True)
        writer.close()

    asked: list[bool] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with announcing(accounts, "", "127.0.0.1", port):
        await asyncio.sleep(0)
        assert printed == []
        async with await asyncio.start_server(serve, "127.0.0.1", port):
            await until(lambda: asked)
            await until(lambda: printed or accounts.has_users())


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr("sys.stdout.write", found.append)
    return found


def test_the_last_line_is_a_link_that_works(tmp_path: Path, printed: list[str]) -> None:
    accounts = Accounts.open(tmp_path, hasher=Quick())
    asyncio.run(announced(accounts, printed))

    *_, last = "".join(printed).rstrip("\n").split("\n")
    assert last.startswith("http://127.0.0.1:")
    assert accounts.invitation(last.rsplit("/welcome/", 1)[1]) is not None
    accounts.close()


def test_where_there_is_a_user_nothing_is_printed(tmp_path: Path, printed: list[str]) -> None:
    accounts = Accounts.open(tmp_path, hasher=Quick())
    accounts.add_user("ada", PASSWORD, Role.ADMIN, by="test")
    asyncio.run(announced(accounts, printed))
    assert printed == []
    accounts.close()
