"""Memory: of a reader of a long history, and of console and collectors with the demo shop.

A process of its own opens a store of 10 million request samples and a million payments (100 and 10
million with `--full`) and answers each of the pages' questions once. Then the console and its
collectors run with the demo shop until a viewer has been on every page.

A minute beside what the store takes to be made (see `history`, which shares it where both run).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.browser import FINISHED, chromium, opened, sign_in
from benchmarks.history import sizes_of
from benchmarks.results import Aim, Options, Result
from benchmarks.served import ROOT, ServedConsole, console
from benchmarks.stores import kept_folder, store

_AIM_MB: Final = 450.0
_AIM_READER_MB: Final = 600.0
_AIM_COLLECTOR_MB: Final = 150.0


def run(options: Options) -> list[Result]:
    return [reader(options), _demo(options)]


def reader(options: Options) -> Result:
    """What a process holds that answers every question about a long history."""
    size = sizes_of(options)[-1]
    with kept_folder(options) as folder:
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.reading", str(store(folder, size, options))],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.split()
    opened, most = map(float, told)
    return Result(
        f"Memory of a reader: {size}",
        ("when", "RSS, MB"),
        [("opened", opened), ("at most, until all was answered once", most)],
        aims=(Aim(f"reader, {size}, RSS", most, _AIM_READER_MB, "MB"),),
    )


def _demo(options: Options) -> Result:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with console(folder / "data", None) as served:
            served.read_through()
            rows = [("after the first read", *_parts(served))]
            pages = ["", *sorted(p.stem for p in (ROOT / "pages").glob("*.py"))]
            with chromium() as browser:
                page = browser.new_page()
                sign_in(page.context, served)
                for name in pages:
                    opened(page, f"{served.base}/{name if name != 'overview' else ''}")
                page.wait_for_selector(FINISHED)
                time.sleep(5 if options.quick else 30)
                largest = max(served.collectors_mb(), default=0.0)
                rows.append((f"{len(pages) - 1} pages seen, one viewer", *_parts(served)))
    finally:
        shutil.rmtree(folder)
    last = rows[-1]
    return Result(
        "Memory with the demo shop",
        (
            "when",
            "console RSS, MB",
            "console PSS, MB",
            "collectors RSS, MB",
            "collectors PSS, MB",
            "together PSS, MB",
        ),
        rows,
        ("PSS counts what processes share once; RSS counts it for each.",),
        (
            Aim("console and collectors, PSS", last[5], _AIM_MB, "MB"),
            Aim("largest process of the collectors, PSS", largest, _AIM_COLLECTOR_MB, "MB"),
        ),
    )


def _parts(served: ServedConsole) -> tuple[float, float, float, float, float]:
    found = served.memory_mb()
    console_part, collectors = found["console"], found.get("collectors", (0.0, 0.0))
    return (*console_part, *collectors, console_part[1] + collectors[1])
