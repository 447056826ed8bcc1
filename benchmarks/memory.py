"""Memory of console and collectors together, after a viewer has been on every page."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.browser import FINISHED, chromium, opened, sign_in
from benchmarks.results import Aim, Options, Result
from benchmarks.served import ROOT, ServedConsole, console

_AIM_MB: Final = 450.0


def run(options: Options) -> list[Result]:
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
                rows.append((f"{len(pages) - 1} pages seen, one viewer", *_parts(served)))
    finally:
        shutil.rmtree(folder)
    last = rows[-1]
    return [
        Result(
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
            (Aim("console and collectors, PSS", last[5], _AIM_MB, "MB"),),
        )
    ]


def _parts(served: ServedConsole) -> tuple[float, float, float, float, float]:
    found = served.memory_mb()
    console_part, collectors = found["console"], found.get("collectors", (0.0, 0.0))
    return (*console_part, *collectors, console_part[1] + collectors[1])
