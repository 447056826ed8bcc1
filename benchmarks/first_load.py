"""First load of Overview against a Streamlit page with one line chart, in the same browser."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from benchmarks.browser import chromium, opened, sign_in
from benchmarks.results import Options, Result, median
from benchmarks.served import console, serving
from benchmarks.shops import past_shop

_PAYMENTS: Final = 20_000
_BARE: Final = Path(__file__).parent / "bare_page.py"


def run(options: Options) -> list[Result]:
    times = 3 if options.quick else 9
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        shop = past_shop(Path(folder) / "shop.db", _PAYMENTS)
        with (
            console(Path(folder) / "data", shop) as overview,
            serving(_BARE, {}, "/_stcore/health") as bare,
            chromium() as browser,
        ):
            overview.read_through()
            addresses = {"Overview": overview.base, "one line chart": bare.base}
            first: dict[str, list[float]] = {name: [] for name in addresses}
            again: dict[str, list[float]] = {name: [] for name in addresses}
            # One round unmeasured: what a server does once, it does for its first viewer.
            for number in range(times + 1):
                for name, address in addresses.items():
                    with browser.new_context() as context:
                        sign_in(context, overview)
                        page = context.new_page()
                        cold, warm = opened(page, address), opened(page, address)
                    if number:
                        first[name].append(cold)
                        again[name].append(warm)
                options.say(f"round {number} of {times}")
    rows = []
    for what, found in (("empty browser cache", first), ("reload", again)):
        mine, other = median(found["Overview"]), median(found["one line chart"])
        rows.append((what, mine * 1000, other * 1000, f"{mine / other:.2f}"))
    return [
        Result(
            f"First load: from navigation to finished script, medians of {times}",
            ("load", "Overview, ms", "one line chart, ms", "ratio"),
            rows,
            (f"Overview over {_PAYMENTS:,} payments; each load in turn with the other.",),
        )
    ]
