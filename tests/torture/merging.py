"""The merger: many small files into few, run by run until none is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collectors.instance import Instance
from tests.torture.task import Task
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.derived import SHAPES
from vcanalytics.store.upkeep.merging import merge_next

if TYPE_CHECKING:
    from tests.torture.storehouse import Storehouse

STEPS: Final = ("reading", "written", "committing", "committed")
CALLS: Final = ("sync", "rename", "renamed", "begin", "commit")


def act(task: Task) -> None:
    with Instance(task.data_dir):
        catalogue, segments = Catalogue.open(task.data_dir, create=False), Segments(task.data_dir)
        for_ever = frozenset(SHAPES.keys() - {"requests"})
        while merge_next(catalogue, segments, task.now, kept_for_ever=for_ever, step=task.step):
            pass
        catalogue.close()


def play(store: Storehouse) -> list[str]:
    # Files beside those that were merged before: what comes late for a month that is over.
    store.well("sealer")
    return store.beside_writers("merger")
