"""Putting a backup back into a place of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from collectors.instance import Instance
from tests.torture import trouble
from tests.torture.task import Task
from vcanalytics.store.backups.restore import recorded, restore

STEPS: Final = ("marked", "file", "verified")
CALLS: Final = trouble.FILES


def act(task: Task) -> None:
    """From ``folder`` into ``place``."""
    folder = Path(task.options["folder"])
    restore(folder, recorded(folder), Path(task.options["place"]), held=Instance, step=task.step)
