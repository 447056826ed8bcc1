"""A reader of its own for ``benchmarks.memory``: asks every question of a store, tells its memory.

    python -m benchmarks.reading FOLDER

Two lines: megabytes resident after a snapshot, and at most until every question was answered.
"""

from __future__ import annotations

import resource
import sys
from contextlib import closing, suppress
from pathlib import Path

import psutil

from benchmarks.questions import QUESTIONS, Opened
from vcanalytics.errors import BudgetExceeded


def main() -> None:
    with closing(Opened(Path(sys.argv[1]))) as opened:
        sys.stdout.write(f"{psutil.Process().memory_info().rss / 1e6:.1f}\n")
        for question in QUESTIONS:
            with suppress(BudgetExceeded):
                opened.ask(question)
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.1f}\n")


if __name__ == "__main__":
    main()
