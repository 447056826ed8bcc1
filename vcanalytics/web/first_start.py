"""The first start: while there is no user, a link that makes the first admin is printed last."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from typing import Final

from vcanalytics.accounts import Accounts
from vcanalytics.settings import is_loopback

_LOG: Final = logging.getLogger(__name__)
_LOOK_EVERY_S: Final = 0.1
_GIVE_UP_AFTER_S: Final = 120.0
#: Listening on all addresses, the server can be had under this one on its own machine.
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def base_url(public_url: str, address: str, port: int) -> str:
    """Where a browser finds the console."""
    if public_url:
        return public_url
    host = _EVERYWHERE.get(address, address)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def in_the_clear(public_url: str, address: str) -> bool:
    """Whether passwords would travel unencrypted beyond this machine."""
    return not is_loopback(address) and not public_url.startswith("https:")


async def _until_it_listens(address: str, port: int) -> None:
    host = _EVERYWHERE.get(address, address)
    async with asyncio.timeout(_GIVE_UP_AFTER_S):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(_LOOK_EVERY_S)
            else:
                writer.close()
                return


async def _announce(accounts: Accounts, public_url: str, address: str, port: int) -> None:
    try:
        # The server says where it is when it starts to listen; what is printed after that is last.
        await _until_it_listens(address, port)
        secret = await asyncio.to_thread(accounts.first_link)
    except Exception:  # noqa: BLE001 - the console serves who has an account all the same
        _LOG.exception("the link for the first admin could not be made; start again")
        return
    if secret is not None:
        link = f"{base_url(public_url, address, port)}/welcome/{secret}"
        sys.stdout.write(
            f"\n  Nobody can sign in yet. Make the first admin here, within 24 hours:\n\n{link}\n"
        )
        sys.stdout.flush()


@contextlib.asynccontextmanager
async def announcing(
    accounts: Accounts, public_url: str, address: str, port: int
) -> AsyncIterator[None]:
    """Print the link once the server listens, where there is no user."""
    if in_the_clear(public_url, address):
        _LOG.warning(
            "the console listens on %s without TLS: passwords would cross the network in the "
            "clear. Put a proxy with TLS in front, named in VC_PUBLIC_URL and VC_TRUSTED_PROXIES",
            address,
        )
    task = asyncio.create_task(_announce(accounts, public_url, address, port), name="first-start")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
