"""Making the cells of days that were sealed before there were any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collectors.instance import Instance
from tests.torture.task import Task
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.cells.filling import fill
from vcanalytics.store.manifest import Change, enter, manifests

if TYPE_CHECKING:
    from tests.torture.storehouse import Storehouse

STEPS: Final = ("before", "read", "written", "committing", "committed")
CALLS: Final = ("sync", "rename", "renamed", "begin", "commit")


def act(task: Task) -> None:
    """Fill every day that waits; ``anew``: as in a store of before there were any cells."""
    with Instance(task.data_dir):
        catalogue, segments = Catalogue.open(task.data_dir, create=False), Segments(task.data_dir)
        if "anew" in task.options:
            with catalogue.transaction() as connection:
                standing = manifests(connection)
                cells = [s for name in standing if "requests." in name for s in standing[name]]
                enter(connection, Change([], cells), task.now)
                task.step("before")
        while fill(catalogue, segments, "requests", task.now, task.step):
            pass
        catalogue.close()


def play(store: Storehouse) -> list[str]:
    store.well("sealer")
    with store.writing([1, 2]):
        did = [store.hindered("filler", anew="yes") for _ in range(2)]
        store.well("filler")
    return did
