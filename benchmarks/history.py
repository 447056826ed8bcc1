"""What a question costs as history grows: the same shop after days, months and five years.

Stores of three sizes are made of the same shop, at the same pace: 1, 10 and 100 million request
samples and 0.1, 1 and 10 million payments with `--full`, without it the first two of each. Each
question of Overview, Revenue, Performance and Transactions is asked of each store in turn, as its
page asks it but without a cache of answers. Cold is what the first takes after a start, when
nothing is kept yet of what files came to; then it is asked as viewers do, each time a minute later.
The ratio is that of those medians, largest store to smallest, and so are the aims.
What goes through all of history by its nature (a search, everything of Reconcile) is shown and has
no aim.

Ten seconds a million requests and half a minute a million payments to make the stores on an idle
machine, longer beside others; a minute or two to ask. Disk: 2 GB, with `--full` 20 GB while it is
made. `--cache FOLDER` keeps the stores for other runs; without it they are removed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from typing import Final

from benchmarks import made
from benchmarks.questions import BUDGET_S, QUESTIONS, Opened, Question
from benchmarks.results import Aim, Cell, Options, Result, median, percentile
from benchmarks.stores import Size, kept_folder, store
from vcanalytics.errors import BudgetExceeded

_REQUESTS: Final = (1_000_000, 10_000_000, 100_000_000)
_PAYMENTS: Final = (100_000, 1_000_000, 10_000_000)
_QUICK: Final = ((110_000, 11_000), (550_000, 55_000))
#: Times each question is asked of each store; fewer where it takes long.
_TIMES: Final = 31
_QUICK_TIMES: Final = 5
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
            cold = ask_first(question, opened, 1 if options.quick else _LEAST_TIMES)
            times = ask_in_turn(question, opened, _QUICK_TIMES if options.quick else _TIMES)
            told = ", ".join("none" if t is None else f"{median(t):.1f} ms" for t in times)
            options.say(f"{question}: {told}")
            taken.append((question, cold, times))
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


def ask_first(question: Question, opened: Sequence[Opened], times: int) -> list[list[float] | None]:
    """Milliseconds of first answers after a start, by store; None where one was not in time."""
    taken: list[list[float] | None] = []
    for one in opened:
        found: list[float] | None = []
        for _ in range(times):
            one.forget()
            found = _timed(one, question, made.NOW, found)
        taken.append(found)
    return taken


def ask_in_turn(
    question: Question, opened: Sequence[Opened], times: int
) -> list[list[float] | None]:
    """Milliseconds of each answer by store; None where one took longer than the budget."""
    taken: list[list[float] | None] = [[] for _ in opened]
    began = time.monotonic()
    for number in range(times):
        # As for who looks on: the range moves with the clock.
        now = made.NOW + number * timedelta(minutes=1)
        taken = [
            _timed(one, question, now, found) for one, found in zip(opened, taken, strict=True)
        ]
        if number >= _LEAST_TIMES and time.monotonic() - began > _SECONDS_EACH:
            break
    return taken


def _timed(
    one: Opened, question: Question, now: datetime, found: list[float] | None
) -> list[float] | None:
    """What was found and one time more; None once an answer took longer than the budget."""
    if found is None:
        return None
    started = time.perf_counter()
    try:
        one.ask(question, now)
    except BudgetExceeded:
        return None
    return [*found, (time.perf_counter() - started) * 1000]


def told_of(
    sizes: Sequence[Size],
    taken: Sequence[tuple[Question, list[list[float] | None], list[list[float] | None]]],
) -> Result:
    """The table: a row a question, its cold and later times for each size, and the ratio."""
    rows: list[tuple[Cell, ...]] = []
    ratios: dict[str, float] = {}
    slowest: dict[str, float] = {}
    for question, cold, times in taken:
        cells: list[Cell] = []
        for first, found in zip(cold, times, strict=True):
            cells.append(None if first is None else median(first))
            cells += [None, None] if found is None else [median(found), percentile(found, 0.95)]
        least, most = times[0], times[-1]
        ratio = None
        if least is not None and most is not None:
            ratio = median(most) / median(least)
        if question.aimed:
            ratios[str(question)] = float("inf") if ratio is None else ratio
            slowest[str(question)] = BUDGET_S * 1000 if most is None else median(most)
        shown = None if ratio is None else f"{ratio:.2f}"
        rows.append((question.page, question.name, *cells, shown))
    columns = [
        f"{size.name}, {what}" for size in sizes for what in ("cold, ms", "p50, ms", "p95, ms")
    ]
    grown = sorted(name for name, ratio in ratios.items() if ratio > _AIM_RATIO)
    slow = sorted(name for name, ms in slowest.items() if ms >= _AIM_MS)
    return Result(
        "Cost against history: the same shop, the same pace, more days",
        ("page", "question", *columns, "largest : smallest"),
        rows,
        (
            f"Sizes: {'; '.join(map(str, sizes))}.",
            f"No cached answers, a snapshot for each; in turn. No figure: over {BUDGET_S:.0f} s.",
            "Cold: the median of first answers after a start. Else each a minute later.",
            f"More than {_AIM_RATIO} times the smallest: {'; '.join(grown) or 'none'}.",
            f"{_AIM_MS:.0f} ms or more on the largest: {'; '.join(slow) or 'none'}.",
        ),
        (
            Aim("most grown question", max(ratios.values()), _AIM_RATIO, "times the smallest"),
            Aim("slowest question on the largest, p50", max(slowest.values()), _AIM_MS, "ms"),
        ),
    )
