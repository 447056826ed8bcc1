"""First load of Overview against a Streamlit page with one line chart, in the same browser."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final

from benchmarks.browser import chromium, loaded, noting, sign_in
from benchmarks.results import Options, Result, median
from benchmarks.served import console, serving
from benchmarks.shops import past_shop

#: Between them a load that is not told of: a browser keeps compiled scripts from the second on.
_LOADS: Final = ("empty browser cache", "", "again")
_WHATS: Final = ("first chart", "live chart", "all")
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
            found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
            # One round unmeasured: what a server does once, it does for its first viewer.
            for number in range(times + 1):
                for name, address in addresses.items():
                    with browser.new_context() as context:
                        sign_in(context, overview)
                        page = noting(context)
                        for load in _LOADS:
                            times_found = loaded(page, address)
                            if not load:
                                continue
                            for what, seconds in zip(_WHATS, times_found, strict=True):
                                if number:
                                    found[load, what, name].append(seconds)
                options.say(f"round {number} of {times}")
    rows = []
    for load in filter(None, _LOADS):
        for what in _WHATS:
            mine, other = (median(found[load, what, name]) for name in addresses)
            rows.append((load, what, mine * 1000, other * 1000, f"{mine / other:.2f}"))
    return [
        Result(
            f"First load, from navigation on, medians of {times}",
            ("load", "until", "Overview, ms", "one line chart, ms", "ratio"),
            rows,
            (f"Overview over {_PAYMENTS:,} payments; each load in turn with the other.",),
        )
    ]
