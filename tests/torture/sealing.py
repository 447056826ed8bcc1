"""A sealer that kills itself at a step: ``python -m tests.torture.sealing DATA_DIR STEP``.

Where the step is not reached (nothing was hot), it ends with exit code 0.
"""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from collectors.instance import Instance
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.manifest import clean
from vcanalytics.store.sealer import seal

STEPS: Final = ("read", "written", "committing", "committed")


@click.command()
@click.argument("data_dir", type=click.Path(path_type=Path, exists=True))
@click.argument("step", type=click.Choice(STEPS))
@click.option("--nth", type=int, default=1, help="Which time the step is reached.")
def main(*, data_dir: Path, step: str, nth: int) -> None:
    """Seal every stream of DATA_DIR, up to the NTH time that STEP is reached."""
    reached = 0

    def stop(name: str) -> None:
        nonlocal reached
        reached += name == step
        if reached == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    with Instance(data_dir):
        catalogue = Catalogue.open(data_dir, create=False)
        # As upkeep does when it starts.
        clean(catalogue, Segments(data_dir), datetime.now(UTC), timedelta(0))
        for stream in STREAMS.values():
            seal(catalogue, Segments(data_dir), stream, datetime.now(UTC), stop)


if __name__ == "__main__":
    main()
