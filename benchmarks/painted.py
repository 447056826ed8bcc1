"""From the source's commit to painted text on Overview, in a real Chromium."""

from __future__ import annotations

import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from benchmarks.browser import chromium, opened, sign_in
from benchmarks.results import Aim, Cell, Options, Result, percentile
from benchmarks.served import console
from benchmarks.shops import past_shop
from tests.shop import metadata, open_shop, utc_text
from vcanalytics.display import formats

_PAYMENTS: Final = 20_000
_AMOUNT: Final = Decimal("10.01")
_AIM_MS: Final = 500.0
#: Looked for at every frame the browser draws. Not wait_for_function: the console's policy forbids
#: what that one needs. The feed is drawn on a canvas; its cells stand beside it for screen readers.
_SHOWN: Final = """
([text, within]) => new Promise((found, late) => {
  const giveUpAt = Date.now() + 20000
  const look = () => {
    if (document.body[within].includes(text)) found()
    else if (Date.now() > giveUpAt) late(new Error(`${text} is not shown`))
    else requestAnimationFrame(look)
  }
  look()
})
"""


def run(options: Options) -> list[Result]:
    times = 5 if options.quick else 30
    pauses = random.Random(3)  # noqa: S311 not a secret
    totals: list[float] = []
    rows: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = past_shop(Path(folder) / "shop.db", _PAYMENTS)
        with console(Path(folder) / "data", path) as served, chromium() as browser:
            served.read_through()
            page = browser.new_page(viewport={"width": 1440, "height": 1800})
            sign_in(page.context, served)
            opened(page, served.base)
            for number in range(1, times + 1):
                # Any moment of the daemons' rhythm.
                page.wait_for_timeout(1_000 + pauses.random() * 1_500)
                total, row = _pay(page, path, number)
                totals.append(total)
                rows.append(row)
            options.say(f"{times} payments, {1000 * max(totals):.0f} ms at most")
    table: list[tuple[Cell, ...]] = [
        (what, *(percentile(found, share) * 1000 for share in (0.5, 0.95, 1)))
        for what, found in (
            ("today's takings", totals),
            ("row in the live feed, as read out", rows),
        )
    ]
    return [
        Result(
            f"From commit at the source to painted text on Overview, {times} payments",
            ("text", "p50, ms", "p95, ms", "max, ms"),
            table,
            (
                f"A shop of {_PAYMENTS:,} payments in delete journal mode, embedded collectors.",
                "The feed is a canvas: its row is timed by the cells for screen readers beside it,",
                "which the grid writes once 200 ms have passed without a redraw.",
            ),
            (Aim("p95 to painted takings", percentile(totals, 0.95) * 1000, _AIM_MS, "ms"),),
        )
    ]


def _pay(page: Page, path: Path, number: int) -> tuple[float, float]:
    """Seconds from the commit of one captured payment until its takings and its row show."""
    expected = formats.money(_AMOUNT * number, "USD")
    email = f"painted{number:03}@example.com"
    now = datetime.now(UTC)
    with open_shop(path) as shop:
        shop.transaction(
            f"VC_painted_{number}",
            email=email,
            amount=float(_AMOUNT),
            status="completed",
            user_created=1,
            email_sent=1,
            created_at=utc_text(now - timedelta(seconds=30)),
            completed_at=utc_text(now),
            metadata=metadata(amount=float(_AMOUNT)),
        )
        committed = time.perf_counter()
    page.evaluate(_SHOWN, [expected, "innerText"])
    total = time.perf_counter() - committed
    page.evaluate(_SHOWN, [email, "textContent"])
    return total, time.perf_counter() - committed
