"""A backup or restore that kills itself at a step.

``python -m tests.store.killed backup|restore DATA_DIR DIR STEP NTH``: SIGKILL the NTH time that
STEP is reached; 0 where it is not. ``tests.store.conftest`` forks it.
"""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import click

from vcanalytics.store import Catalogue
from vcanalytics.store.backups.backup import take
from vcanalytics.store.backups.restore import recorded, restore


@click.command()
@click.argument("what", type=click.Choice(["backup", "restore"]))
@click.argument("data_dir", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("step")
@click.argument("nth", type=int)
def main(*, what: str, data_dir: Path, folder: Path, step: str, nth: int) -> None:
    reached = 0

    def stop(name: str) -> None:
        nonlocal reached
        reached += name == step
        if reached == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    if what == "backup":
        catalogue = Catalogue.open(data_dir)
        clock = lambda: datetime.now(UTC)  # noqa: E731
        take(catalogue, data_dir, folder, (), clock=clock, step=stop)
    else:
        restore(folder, recorded(folder), data_dir, step=stop)


if __name__ == "__main__":
    main()
