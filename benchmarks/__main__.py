"""``make bench``: measures, prints tables of ratios, keeps them as JSON in bench-results/."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks.results import Options, Result, keep, show

#: Name, the module that holds ``run(options)``, and what it measures.
BENCHMARKS: Final = {
    "append": ("append", "events/s appended durably, against bare SQLite executemany"),
    "first-load": ("first_load", "first load of Overview, against a page of one line chart"),
    "painted": ("painted", "from the source's commit to painted text on Overview"),
    "viewers": ("refresh", "cost of a refresh for 1, 20 and 50 viewers over real sockets"),
    "memory": ("memory", "memory of console and collectors"),
    "kept-waiting": ("kept_waiting", "the app's own writes, with and without collectors"),
    "first-read": ("first_read", "the first read of a big shop (--rows)"),
}
RESULTS: Final = Path("bench-results")
FIRST_READ_ROWS: Final = 1_000_000
_QUICK_ROWS: Final = 50_000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1)
@click.option("--list", "list_", is_flag=True, help="Say which benchmarks there are.")
@click.option("--quick", is_flag=True, help="Fewer repetitions: for a look, not for a record.")
@click.option(
    "--rows",
    type=click.IntRange(1_000),
    help=f"Payments of the shop that first-read reads [default: {FIRST_READ_ROWS:,}]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    show_default=True,
    help="Where the results are kept as JSON.",
)
def main(*, names: tuple[str, ...], list_: bool, quick: bool, rows: int | None, out: Path) -> None:
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
    screen = Console()
    options = Options(quick, rows or (_QUICK_ROWS if quick else FIRST_READ_ROWS), screen)
    began_at = datetime.now(UTC)
    results: dict[str, list[Result]] = {}
    failed = []
    for name in names or BENCHMARKS:
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
