"""``make bench``: measures, prints tables of ratios, keeps them as JSON in bench-results/.

Each benchmark's module says in its docstring what it measures, how long that takes and how much
disk; ``python -m benchmarks NAME --help`` prints it.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from benchmarks.results import Options, Result, keep, show
from benchmarks.stores import kept_folder

#: Name, the module that holds ``run(options)``, and what it measures.
BENCHMARKS: Final = {
    "history": ("history", "what questions cost as history grows, 1 to 100 times"),
    "incumbent": ("incumbent", "the same questions against SQLite and plain DuckDB"),
    "ingest": ("ingest", "durable events/s of writers beside sealer and readers, against SQLite"),
    "disk": ("disk", "bytes on disk for each kind of row, against the source"),
    "append": ("append", "events/s appended durably, against bare SQLite executemany"),
    "first-load": ("first_load", "first load of Overview, against a page of one line chart"),
    "painted": ("painted", "from the source's commit to painted text on Overview"),
    "viewers": ("refresh", "cost of a refresh for 1, 20 and 50 viewers over real sockets"),
    "live": ("live", "from a commit to a push, 200 sockets and deaf ones; events/s over HTTP"),
    "caching": ("caching", "questions to DuckDB for 20 viewers, with answers kept and without"),
    "api": ("api", "an answer of the JSON API, warm and cold; answers/s against a bare route"),
    "soak": ("soak", "half an hour of 20 viewers: memory, open files and refreshes stay the same"),
    "noticed": ("noticed", "from a fault to the message at a receiver, each default rule"),
    "paypal": ("paypal", "a million rows of PayPal's: imported, imported again, matched"),
    "memory": ("memory", "memory of a reader of a long history, of console and collectors"),
    "kept-waiting": ("kept_waiting", "the app's own writes, with and without collectors"),
    "first-read": ("first_read", "the first read of a big shop (--rows)"),
}
RESULTS: Final = Path("bench-results")
FIRST_READ_ROWS: Final = 1_000_000
_QUICK_ROWS: Final = 50_000


class _Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between them."""

    name = "N,N,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            found = tuple(int(float(part)) for part in str(value).split(","))
        except (ValueError, OverflowError):
            found = ()
        if not found or min(found) < 1_000:
            self.fail(f"{value} are not whole numbers from 1,000 on, such as 1e6,1e7", param, ctx)
        return found


@click.command(add_help_option=False)
@click.argument("names", nargs=-1)
@click.option("--list", "list_", is_flag=True, help="Say which benchmarks there are.")
@click.option("-h", "--help", "help_", is_flag=True, help="This; of NAMES: what, how long, disk.")
@click.option("--quick", is_flag=True, help="Fewer repetitions: for a look, not for a record.")
@click.option("--full", is_flag=True, help="The sizes of the record: hours, and 20 GB of disk.")
@click.option(
    "--rows",
    type=click.IntRange(1_000),
    help=f"Payments of the shop that first-read reads [default: {FIRST_READ_ROWS:,}]",
)
@click.option(
    "--requests", type=_Numbers(), default=(), help="Request samples of each store: 1e6,1e7"
)
@click.option("--payments", type=_Numbers(), default=(), help="Payments of each store: 1e5,1e6")
@click.option("--seed", type=click.IntRange(0), default=0, help="What made rows hang on.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where made stores are kept for other runs; without it they are removed.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    show_default=True,
    help="Where the results are kept as JSON.",
)
@click.pass_context
def main(
    context: click.Context,
    *,
    names: tuple[str, ...],
    list_: bool,
    help_: bool,
    quick: bool,
    full: bool,
    rows: int | None,
    requests: tuple[int, ...],
    payments: tuple[int, ...],
    seed: int,
    cache: Path | None,
    out: Path,
) -> None:
    """Run the benchmarks called NAMES, all of them without any.

    A ratio compares two things measured in turn in the same run, so that a busy machine slows
    both. Leave the machine alone meanwhile all the same.
    """
    if list_:
        for name, (_, what) in BENCHMARKS.items():
            click.echo(f"{name:14}{what}")
        return
    if unknown := sorted(set(names) - BENCHMARKS.keys()):
        raise click.UsageError(f"no benchmark is called {', '.join(unknown)}; --list names them")
    if help_:
        for name in names:
            module = importlib.import_module(f"benchmarks.{BENCHMARKS[name][0]}")
            click.echo(f"{name}\n\n{inspect.cleandoc(module.__doc__ or '')}\n")
        click.echo(context.get_help())
        return
    if requests and payments and len(requests) != len(payments):
        raise click.UsageError("--requests and --payments name as many stores as each other")
    screen = Console()
    options = Options(
        quick,
        rows or (_QUICK_ROWS if quick else FIRST_READ_ROWS),
        screen,
        full=full,
        requests=requests,
        payments=payments,
        cache=cache,
        seed=seed,
    )
    # Benchmarks share what stores they make.
    with kept_folder(options) as folder:
        _measure(names or tuple(BENCHMARKS), replace(options, cache=folder), out)


def _measure(names: tuple[str, ...], options: Options, out: Path) -> None:
    """Run, show and keep; exits with 1 where one failed."""
    screen = options.screen
    began_at = datetime.now(UTC)
    results: dict[str, list[Result]] = {}
    failed = []
    for name in names:
        module, what = BENCHMARKS[name]
        screen.print(f"{name}: {what}", style="bold", highlight=False)
        run: Callable[[Options], list[Result]]
        try:
            run = importlib.import_module(f"benchmarks.{module}").run
            results[name] = run(options)
        except Exception as error:  # noqa: BLE001 one that fails costs no other its figures
            screen.print(f"{name} failed: {error!r}", style="bold red", highlight=False)
            failed.append(name)
            continue
        for result in results[name]:
            show(result, screen)
    if results:
        screen.print(f"Kept in {keep(results, out, began_at)}", highlight=False)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
