"""A backup or restore that kills itself at a step.

``python -m tests.store.killed backup|restore DATA_DIR DIR STEP NTH``: SIGKILL the NTH time that
STEP is reached; 0 where it is not.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from vcanalytics.store import Catalogue
from vcanalytics.store.backups.backup import take
from vcanalytics.store.backups.restore import recorded, restore


def main(what: str, data_dir: str, folder: str, step: str, nth: str) -> None:
    reached = 0

    def stop(name: str) -> None:
        nonlocal reached
        reached += name == step
        if reached == int(nth):
            os.kill(os.getpid(), signal.SIGKILL)

    if what == "backup":
        catalogue = Catalogue.open(Path(data_dir))
        clock = lambda: datetime.now(UTC)  # noqa: E731
        take(catalogue, Path(data_dir), Path(folder), (), clock=clock, step=stop)
    else:
        restore(Path(folder), recorded(Path(folder)), Path(data_dir), step=stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
