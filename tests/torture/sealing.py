"""The sealer: clears away, then moves what is hot into files, with all that is derived of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from collectors.instance import Instance
from tests.torture import trouble
from tests.torture.task import Task
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.manifest import clean
from vcanalytics.store.sealer import seal

if TYPE_CHECKING:
    from tests.torture.storehouse import Storehouse

STEPS: Final = ("read", "written", "derived", "folded", "committing", "committed")
CALLS: Final = trouble.FILES


def act(task: Task) -> None:
    with Instance(task.data_dir):
        catalogue = Catalogue.open(task.data_dir, create=False)
        # As upkeep does when it starts.
        clean(catalogue, Segments(task.data_dir), task.now, timedelta(0))
        for stream in STREAMS.values():
            seal(catalogue, Segments(task.data_dir), stream, task.now, task.step)
        catalogue.close()


def play(store: Storehouse) -> list[str]:
    return store.beside_writers("sealer")
