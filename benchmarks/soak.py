"""Whether the console stays as it is: twenty viewers on Overview for half an hour.

A new payment every ten seconds, at which each viewer refreshes all live fragments within two
seconds. Every five minutes: memory of the console and of all its children, theirs alone (USS:
what they share with others grows when those end), open files of the console, how long refreshes
took. The first five are for warming up. Half an hour and some seconds; three minutes with
`--quick`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Final

from benchmarks.refresh import new_payment, refreshed
from benchmarks.results import Aim, Options, Result, percentile
from benchmarks.served import ServedConsole, console
from benchmarks.shops import past_shop
from benchmarks.viewers import Viewer
from tests.shop import Shop, open_shop
from vcanalytics.store import Catalogue

_PAYMENTS: Final = 20_000
_VIEWERS: Final = 20
_EVERY_S: Final = 10.0
_SPREAD_S: Final = 2.0
_STRETCHES: Final = 6
_STRETCH_S: Final = 300.0
_QUICK_STRETCH_S: Final = 30.0
#: From the second stretch to the last; what is measured last and first differs by noise as well.
_AIM_GROWN: Final = 1.1

_Row = tuple[str, float, float, int, float, float, int]


def run(options: Options) -> list[Result]:
    stretch_s = _QUICK_STRETCH_S if options.quick else _STRETCH_S
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = past_shop(Path(folder) / "shop.db", _PAYMENTS)
        with (
            console(Path(folder) / "data", path) as served,
            open_shop(path) as shop,
            closing(Catalogue.open(served.store_dir)) as catalogue,
        ):
            served.read_through()
            rows = asyncio.run(_all(served, shop, catalogue, stretch_s, options))
    warm, last = rows[1], rows[-1]
    return [
        Result(
            f"{_VIEWERS} viewers on Overview, a new payment every {_EVERY_S:.0f} s",
            (
                "up to, min",
                "console, MB",
                "its children, MB",
                "console's open files",
                "refresh p50, ms",
                "refresh p95, ms",
                "refreshes",
            ),
            rows,
            ("MB are those of the processes alone (USS). The first stretch is for warming up.",),
            (
                Aim("console's memory, last : second", last[1] / warm[1], _AIM_GROWN, ""),
                Aim("open files, last : second", last[3] / warm[3], _AIM_GROWN, ""),
            ),
        )
    ]


async def _all(
    served: ServedConsole, shop: Shop, catalogue: Catalogue, stretch_s: float, options: Options
) -> list[_Row]:
    async with AsyncExitStack() as stack:
        viewers = [
            await stack.enter_async_context(Viewer(served.base, served.cookie))
            for _ in range(_VIEWERS)
        ]
        for viewer in viewers:
            await viewer.open()
        began, rows = time.monotonic(), []
        for number in range(1, _STRETCHES + 1):
            until = began + number * stretch_s
            rows.append(await _stretch(served, shop, catalogue, viewers, (began, until)))
            options.say(" ".join(map(str, rows[-1])))
    return rows


async def _stretch(
    served: ServedConsole,
    shop: Shop,
    catalogue: Catalogue,
    viewers: Sequence[Viewer],
    times: tuple[float, float],
) -> _Row:
    began, until = times
    took: list[float] = []
    while (now := time.monotonic()) < until:
        await new_payment(shop, catalogue)
        took += await refreshed(viewers, _SPREAD_S)
        await asyncio.sleep(max(0.0, now + _EVERY_S - time.monotonic()))
    alone = [one.memory_full_info().uss / 1e6 for one in served.family()]
    p50, p95 = (percentile(took, share) * 1_000 for share in (0.5, 0.95))
    return (
        f"{(until - began) / 60:g}",
        alone[0],
        sum(alone[1:]),
        served.process.num_fds(),
        p50,
        p95,
        len(took),
    )
