"""Upkeep that kills itself at a step: ``python -m tests.torture.upkeep DATA_DIR JOB STEP``.

JOB is ``merge`` or ``let_go``; where the step is not reached, it ends with exit code 0. The clock
stands at NOW, so that what is due is the same in every process.
"""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from collectors.instance import Instance
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.manifest import clean
from vcanalytics.store.upkeep.merging import merge_next
from vcanalytics.store.upkeep.retention import due, let_go

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEEP: Final = {"requests": timedelta(days=90)}
STEPS: Final = {
    "merge": ("reading", "written", "committing", "committed"),
    "let_go": ("written", "committing", "committed"),
}


@click.command()
@click.argument("data_dir", type=click.Path(path_type=Path, exists=True))
@click.argument("job", type=click.Choice(sorted(STEPS)))
@click.argument("step")
@click.option("--nth", type=int, default=1, help="Which time the step is reached.")
def main(*, data_dir: Path, job: str, step: str, nth: int) -> None:
    """Do all of JOB that is due, up to the NTH time that STEP is reached."""
    reached = 0

    def stop(name: str) -> None:
        nonlocal reached
        reached += name == step
        if reached == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    with Instance(data_dir):
        catalogue, segments = Catalogue.open(data_dir, create=False), Segments(data_dir)
        # As upkeep does when it starts.
        clean(catalogue, segments, NOW, timedelta(0))
        while job == "merge" and merge_next(catalogue, segments, NOW, kept_for_ever=(), step=stop):
            pass
        while job == "let_go":
            with catalogue.read() as connection:
                wanted = due(connection, KEEP, NOW, waiting={"requests": lambda _standing: []})
            if not wanted:
                break
            let_go(catalogue, segments, wanted[0], NOW, stop)


if __name__ == "__main__":
    main()
