"""What a benchmark comes to: a table, its aims, and where both are kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure and what it should stay below, in the same unit."""

    what: str
    measured: float
    below: float
    unit: str

    @property
    def met(self) -> bool:
        return self.measured < self.below

    def __str__(self) -> str:
        word = "met" if self.met else "MISSED"
        return (
            f"{word}: {self.what} {_shown(self.measured)} {self.unit},"
            f" aim below {_shown(self.below)} {self.unit}"
        )


@dataclass(frozen=True, slots=True)
class Result:
    """One table. Units stand in the names of the columns."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    notes: tuple[str, ...] = ()
    aims: tuple[Aim, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Options:
    """How a run was asked for.

    ``quick`` for a look, ``full`` for the sizes of the record, ``rows`` of the shop that is read
    first; ``requests`` and ``payments`` of each store in turn, where they are given; ``cache`` is
    the folder that made stores are kept in, ``seed`` what they are made of.
    """

    quick: bool
    rows: int
    screen: Console
    full: bool = False
    requests: tuple[int, ...] = ()
    payments: tuple[int, ...] = ()
    cache: Path | None = None
    seed: int = 0
    progress: Console = field(default_factory=lambda: Console(stderr=True))

    def say(self, line: str) -> None:
        """One line of progress, on stderr."""
        if self.screen.quiet:
            return
        self.progress.print(f"  {line}", style="dim", highlight=False)


def show(result: Result, screen: Console) -> None:
    """Print the table, its notes and whether its aims were met."""
    table = Table(title=result.title, title_justify="left", title_style="bold")
    for i, name in enumerate(result.columns):
        table.add_column(name, justify="left" if i == 0 else "right")
    for row in result.rows:
        table.add_row(*(_shown(cell) for cell in row))
    screen.print(table)
    for note in result.notes:
        screen.print(note, highlight=False)
    for aim in result.aims:
        screen.print(str(aim), style="green" if aim.met else "bold red", highlight=False)
    screen.print()


def keep(results: dict[str, list[Result]], folder: Path, began_at: datetime) -> Path:
    """Write a run's results as JSON; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{began_at:%Y%m%dT%H%M%SZ}.json"
    told = {
        "began_at": began_at.isoformat(),
        "ended_at": datetime.now(UTC).isoformat(),
        "machine": {
            "cpus": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "load_1_min": os.getloadavg()[0],
        },
        "results": {name: [asdict(result) for result in found] for name, found in results.items()},
    }
    path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return path


def percentile(values: Sequence[float], share: float) -> float:
    """Interpolated between neighbouring ranks; ``share`` from 0 to 1."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * share
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "\u2013"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell
