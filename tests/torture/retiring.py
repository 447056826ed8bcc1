"""Letting go of old response times, file by file, as retention would."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from collectors.instance import Instance
from tests.torture.plan import BEGUN
from tests.torture.task import Task
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.upkeep.retention import due, let_go

if TYPE_CHECKING:
    from tests.torture.storehouse import Storehouse

STEPS: Final = ("written", "committing", "committed")
CALLS: Final = ("sync", "rename", "renamed", "begin", "commit")


def act(task: Task) -> None:
    """Of what is ``days`` older than the plan's beginning."""
    keep = task.now - BEGUN + timedelta(days=int(task.options["days"]))
    with Instance(task.data_dir):
        catalogue, segments = Catalogue.open(task.data_dir, create=False), Segments(task.data_dir)
        more = True
        while more:
            with catalogue.read() as connection:
                found = due(connection, {"requests": keep}, task.now)
            more = any(let_go(catalogue, segments, one, task.now, task.step) for one in found)
        catalogue.close()


def play(store: Storehouse) -> list[str]:
    store.well("sealer")
    return store.beside_writers("retention", days=str(store.older()))
