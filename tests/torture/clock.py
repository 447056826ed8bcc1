"""The real daemons on a clock that jumps: ``python -m tests.torture.clock``.

A file, named by an environment variable that nothing of the product reads, says by how many hours
their clock is off. It is looked at whenever a daemon is told the time, so that it jumps while they
run. Without the file this is ``python -m collectors``.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from collectors.__main__ import main
from collectors.daemon import Runner

VARIABLE: Final = "TORTURE_CLOCK"


def set_off(path: Path, hours: float) -> None:
    """Set the clock off from now on."""
    aside = path.with_suffix(".new")
    aside.write_text(str(hours))
    aside.replace(path)


def now() -> datetime:
    path = Path(os.environ[VARIABLE])
    hours = float(path.read_text()) if path.exists() else 0.0
    return datetime.now(UTC) + timedelta(hours=hours)


if __name__ == "__main__":
    # Where a runner is given no clock it takes this one; daemons are told the time by it alone.
    defaults = Runner.__init__.__kwdefaults__
    assert defaults is not None
    assert "clock" in defaults
    defaults["clock"] = now
    main()
