"""What a refresh costs the console, for few viewers and many, over real sockets."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.results import Options, Result, percentile
from benchmarks.served import ServedConsole, console
from benchmarks.shops import past_shop
from benchmarks.viewers import Viewer
from tests.shop import Shop, open_shop, utc_text
from vcanalytics.store import Catalogue

_PAYMENTS: Final = 20_000
_VIEWERS: Final = (1, 20, 50)
_SPREAD_S: Final = 2.0


def run(options: Options) -> list[Result]:
    rounds = 2 if options.quick else 5
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = past_shop(Path(folder) / "shop.db", _PAYMENTS)
        with console(Path(folder) / "data", path) as served, open_shop(path) as shop:
            served.read_through()
            catalogue = Catalogue.open(served.store_dir)
            rows = asyncio.run(_all(served, shop, catalogue, rounds, options))
            catalogue.close()
    one = float(rows[0][2])
    told = [(*row[:4], f"{float(row[2]) / one:.2f}", *row[4:]) for row in rows]
    return [
        Result(
            f"Refresh of Overview's live fragments, {rounds} new payments each",
            (
                "viewers",
                "arriving",
                "console's CPU a refresh, ms",
                "kB a refresh",
                "against 1 viewer",
                "p50, ms",
                "p95, ms",
                "a core, at one refresh in 2 s, %",
            ),
            told,
            (
                "A refresh reruns every live fragment of one viewer's page after a new payment.",
                "at once: all viewers in the same instant, as a push reaches them.",
                f"spread: one after the other within {_SPREAD_S:.0f} s.",
            ),
        )
    ]


async def _all(
    served: ServedConsole, shop: Shop, catalogue: Catalogue, rounds: int, options: Options
) -> list[tuple[int, str, float, float, float, float, float]]:
    rows = []
    for count in _VIEWERS:
        async with AsyncExitStack() as stack:
            viewers = [
                await stack.enter_async_context(Viewer(served.base, served.cookie))
                for _ in range(count)
            ]
            for viewer in viewers:
                await viewer.open()
            if not viewers[0].fragments:
                raise RuntimeError("Overview has no live fragment")
            options.say(f"{count} viewers, {len(viewers[0].fragments)} fragments each")
            for arriving, spread_s in (("at once", 0.0), ("spread", _SPREAD_S)):
                before = sum(viewer.received for viewer in viewers)
                cost_s, times = await _refresh(served, shop, catalogue, viewers, spread_s, rounds)
                options.say(f"{arriving}: {len(times)} refreshes")
                cost_ms = cost_s * 1000 / len(times)
                p50, p95 = (percentile(times, share) * 1000 for share in (0.5, 0.95))
                share = count * cost_ms / 1000 / _SPREAD_S * 100
                sent = sum(viewer.received for viewer in viewers) - before
                sent_kb = sent / (count * (rounds + 1)) / 1000
                rows.append((count, arriving, cost_ms, sent_kb, p50, p95, share))
    return rows


async def _refresh(
    served: ServedConsole,
    shop: Shop,
    catalogue: Catalogue,
    viewers: Sequence[Viewer],
    spread_s: float,
    rounds: int,
) -> tuple[float, list[float]]:
    """CPU seconds of the console, and the seconds each refresh took."""
    cpu_s, times = 0.0, []
    # Once unmeasured: what the first refresh imports, no other pays for.
    for number in range(rounds + 1):
        await new_payment(shop, catalogue)
        before = served.cpu_s()
        found = await refreshed(viewers, spread_s)
        if number:
            cpu_s += served.cpu_s() - before
            times.extend(found)
    return cpu_s, times


async def refreshed(viewers: Sequence[Viewer], spread_s: float) -> list[float]:
    """Refresh every viewer, at once or spread over so many seconds; what each took."""
    return await asyncio.gather(
        *(_later(viewer, spread_s * i / len(viewers)) for i, viewer in enumerate(viewers))
    )


async def _later(viewer: Viewer, pause_s: float) -> float:
    await asyncio.sleep(pause_s)
    return await viewer.refresh()


async def new_payment(shop: Shop, catalogue: Catalogue) -> None:
    """A payment, and wait until the console's store has it."""
    seq = catalogue.seqs()["transactions"]
    shop.transaction(f"VC_refresh_{time.time_ns()}", created_at=utc_text(datetime.now(UTC)))
    give_up_at = time.monotonic() + 30
    while catalogue.seqs()["transactions"] == seq:
        if time.monotonic() > give_up_at:
            raise RuntimeError("the collectors did not see a new payment")
        await asyncio.sleep(0.02)
