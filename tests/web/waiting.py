"""Waiting inside an event loop, with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(done: Callable[[], object], within_s: float = 10.0) -> None:
    """Let the loop run until ``done``; fails where it is never."""
    clock = asyncio.get_running_loop().time
    give_up_at = clock() + within_s
    while not done():
        assert clock() < give_up_at, f"not within {within_s} s"
        await asyncio.sleep(0.005)
