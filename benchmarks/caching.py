"""How many questions DuckDB is asked for 20 viewers of Overview, with answers kept and without.

Every viewer reruns all live fragments after each new payment, all at once and spread over two
seconds. Without a cache each viewer asks the same again, so one is counted and taken 20 times.
Some two minutes; a shop of 5,000 payments.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import httpx2

from benchmarks.refresh import new_payment, refreshed
from benchmarks.results import Options, Result
from benchmarks.served import ServedConsole, console
from benchmarks.shops import past_shop
from benchmarks.viewers import Viewer
from tests.shop import Shop, open_shop
from vcanalytics.store import Catalogue

_PAYMENTS: Final = 5_000
_VIEWERS: Final = 20
_SPREAD_S: Final = 2.0
_AIM: Final = 0.95
_COUNT: Final = re.compile(
    r"^vectorcraft_console_question_seconds_count\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE
)


def run(options: Options) -> list[Result]:
    rounds = 3 if options.quick else 10
    asked = {}
    for kept_mb, viewers in ((128, _VIEWERS), (0, 1)):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            path = past_shop(Path(folder) / "shop.db", _PAYMENTS)
            data_dir = Path(folder) / "data"
            with (
                console(data_dir, path, cache_mb=str(kept_mb), watchman="off") as served,
                open_shop(path) as shop,
            ):
                served.read_through()
                asked[kept_mb] = asyncio.run(_count(served, shop, viewers, rounds))
                options.say(f"{kept_mb} MB, {viewers} viewers: {asked[kept_mb]} questions")
    rows = []
    for at, arriving in enumerate(("at once", "spread")):
        without = asked[0][at] * _VIEWERS
        cut = 1 - asked[128][at] / without
        met = "yes" if cut >= _AIM else "no"
        rows.append((arriving, asked[128][at], without, f"{cut * 100:.1f} %", met))
    return [
        Result(
            f"Questions to DuckDB of {_VIEWERS} viewers on Overview, {rounds} new payments each",
            ("arriving", "answers kept", "none kept", "fewer by", "95 % or more"),
            rows,
            (
                "none kept: counted for one viewer, times 20.",
                f"spread: one after the other within {_SPREAD_S:.0f} s.",
            ),
        )
    ]


async def _count(served: ServedConsole, shop: Shop, count: int, rounds: int) -> list[int]:
    """Questions of the viewers' refreshes: arriving at once, then spread."""
    catalogue = Catalogue.open(served.store_dir)
    found = []
    async with AsyncExitStack() as stack:
        viewers = [
            await stack.enter_async_context(Viewer(served.base, served.cookie))
            for _ in range(count)
        ]
        for viewer in viewers:
            await viewer.open()
        for spread_s in (0.0, _SPREAD_S):
            before = _asked(served)
            for _ in range(rounds):
                await new_payment(shop, catalogue)
                await refreshed(viewers, spread_s)
            found.append(_asked(served) - before)
    catalogue.close()
    return found


def _asked(served: ServedConsole) -> int:
    """What the console counted, by its own word."""
    answer = httpx2.get(
        f"{served.base}/metrics", headers={"Cookie": served.cookie}, timeout=60
    ).raise_for_status()
    return sum(int(float(number)) for number in _COUNT.findall(answer.text))
