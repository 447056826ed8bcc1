"""Making the books of revenue anew out of the rows that stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collectors.instance import Instance
from tests.torture.task import Task
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.store import Catalogue
from vcanalytics.store.books import rebuilding
from vcanalytics.store.books.rebuilding import brought_up, rebuilt

if TYPE_CHECKING:
    from tests.torture.storehouse import Storehouse

STEPS: Final = ("anew", "slice", "made")
CALLS: Final = ("begin", "commit")
_SLICE_ROWS: Final = 200


def act(task: Task) -> None:
    """What was begun before is gone on with, as at a start; then all is made ``anew``, if told."""
    # Many slices of a store that is small.
    vars(rebuilding)["SLICE_ROWS"] = _SLICE_ROWS
    with Instance(task.data_dir):
        catalogue = Catalogue.open(task.data_dir, create=False)
        for _ in brought_up(catalogue, SAMPLE_PREFIXES):
            task.step("slice")
        if "anew" in task.options:
            task.step("anew")
            for _ in rebuilt(catalogue):
                task.step("slice")
        task.step("made")
        catalogue.close()


def play(store: Storehouse) -> list[str]:
    with store.writing([1, 2]):
        did = [store.hindered("bookkeeper", anew="yes") for _ in range(2)]
        store.well("bookkeeper")
    return did
