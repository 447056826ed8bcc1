"""What a question costs as history grows: the same shop after days, months and five years.

Stores of three sizes are made of the same shop, at the same pace: 1, 10 and 100 million request
samples and 0.1, 1 and 10 million payments with `--full`, without it the first two of each. Each
question of Overview, Revenue, Performance and Transactions is asked of each store in turn, as its
page asks it but without a cache. The ratio is that of the medians, largest store to smallest. What
goes through all of history by its nature (everything of Reconcile) is shown and has no aim.

Ten seconds a million requests and half a minute a million payments to make the stores on an idle
machine, longer beside others; a minute or two to ask. Disk: 2 GB, with `--full` 20 GB while it is
made. `--cache FOLDER` keeps the stores for other runs; without it they are removed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Final

from benchmarks.questions import BUDGET_S, QUESTIONS, Opened, Question
from benchmarks.results import Aim, Cell, Options, Result, median, percentile
from benchmarks.stores import Size, kept_folder, store
from vcanalytics.errors import BudgetExceeded

_REQUESTS: Final = (1_000_000, 10_000_000, 100_000_000)
_PAYMENTS: Final = (100_000, 1_000_000, 10_000_000)
_QUICK: Final = ((110_000, 11_000), (550_000, 55_000))
#: Times each question is asked of each store; fewer where it takes long.
_TIMES: Final = 31
_QUICK_TIMES: Final = 7
_SECONDS_EACH: Final = 8.0
_LEAST_TIMES: Final = 3
#: Where the medians differ by less than that, so do two runs of the same.
_AIM_RATIO: Final = 1.5
_AIM_MS: Final = 50.0


def run(options: Options) -> list[Result]:
    sizes = sizes_of(options)
    with kept_folder(options) as folder, ExitStack() as stack:
        paths = [store(folder, size, options) for size in sizes]
        opened = [stack.enter_context(closing(Opened(path))) for path in paths]
        taken = []
        for question in QUESTIONS:
            times = ask_in_turn(question, opened, _QUICK_TIMES if options.quick else _TIMES)
            told = ", ".join("none" if t is None else f"{median(t):.1f} ms" for t in times)
            options.say(f"{question}: {told}")
            taken.append((question, times))
    return [told_of(sizes, taken)]


def sizes_of(options: Options) -> list[Size]:
    """The stores that were asked for, the smallest first."""
    if options.requests or options.payments:
        count = max(len(options.requests), len(options.payments))
        requests = options.requests or _REQUESTS[:count]
        payments = options.payments or _PAYMENTS[:count]
    elif options.quick:
        return [Size(*pair) for pair in _QUICK]
    else:
        count = 3 if options.full else 2
        requests, payments = _REQUESTS[:count], _PAYMENTS[:count]
    return [Size(*pair) for pair in zip(sorted(requests), sorted(payments), strict=True)]


def ask_in_turn(
    question: Question, opened: Sequence[Opened], times: int
) -> list[list[float] | None]:
    """Milliseconds of each answer by store; None where one took longer than the budget."""
    taken: list[list[float] | None] = [[] for _ in opened]
    began = time.monotonic()
    # Once unmeasured: what a first answer imports and decodes, no other pays for.
    for number in range(times + 1):
        for i, one in enumerate(opened):
            found = taken[i]
            if found is None:
                continue
            started = time.perf_counter()
            try:
                one.ask(question)
            except BudgetExceeded:
                taken[i] = None
                continue
            if number:
                found.append((time.perf_counter() - started) * 1000)
        if number >= _LEAST_TIMES and time.monotonic() - began > _SECONDS_EACH:
            break
    return taken


def told_of(
    sizes: Sequence[Size], taken: Sequence[tuple[Question, list[list[float] | None]]]
) -> Result:
    """The table: a row a question, median and p95 for each size, and the ratio."""
    rows: list[tuple[Cell, ...]] = []
    ratios: dict[str, float] = {}
    slowest: dict[str, float] = {}
    for question, times in taken:
        cells: list[Cell] = []
        for found in times:
            cells += [None, None] if found is None else [median(found), percentile(found, 0.95)]
        first, last = times[0], times[-1]
        ratio = None
        if first is not None and last is not None:
            ratio = median(last) / median(first)
        if question.aimed:
            ratios[str(question)] = float("inf") if ratio is None else ratio
            slowest[str(question)] = BUDGET_S * 1000 if last is None else median(last)
        shown = None if ratio is None else f"{ratio:.2f}"
        rows.append((question.page, question.name, *cells, shown))
    columns = [f"{size.name}, {what}" for size in sizes for what in ("p50, ms", "p95, ms")]
    grown = sorted(name for name, ratio in ratios.items() if ratio > _AIM_RATIO)
    slow = sorted(name for name, ms in slowest.items() if ms >= _AIM_MS)
    return Result(
        "Cost against history: the same shop, the same pace, more days",
        ("page", "question", *columns, "largest : smallest"),
        rows,
        (
            f"Sizes: {'; '.join(map(str, sizes))}.",
            f"Uncached, a snapshot for each; stores in turn. No figure: over {BUDGET_S:.0f} s.",
            f"More than {_AIM_RATIO} times the smallest: {'; '.join(grown) or 'none'}.",
            f"{_AIM_MS:.0f} ms or more on the largest: {'; '.join(slow) or 'none'}.",
        ),
        (
            Aim("most grown question", max(ratios.values()), _AIM_RATIO, "times the smallest"),
            Aim("slowest question on the largest, p50", max(slowest.values()), _AIM_MS, "ms"),
        ),
    )
